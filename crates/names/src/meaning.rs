//! A message of DNS in one line: what it asks or answers, for narrations and recordings.

use std::fmt::Write as _;

use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::{Record, RecordType};
use sockeye_model::{Kind, Note, SocketId};
use sockeye_net::Tap;

use crate::{data_text, name_text, rcode_name, read_message, type_name};

/// Tells what a message says that was just sent or received on `socket`, where a view wants to know.
///
/// Bytes that are no message are not told of.
pub fn tell_meaning(tap: &Tap, socket: SocketId, bytes: &[u8]) {
    if let Some(note) = Some(bytes).filter(|_| tap.is_on()).and_then(meaning_note) {
        tap.emit(socket, None, None, Kind::Noted(note));
    }
}

/// What a message says, as [`tell_meaning`] tells it; `None` for bytes that are no message.
pub fn meaning_note(bytes: &[u8]) -> Option<Note<'static>> {
    let message = read_message(bytes).ok()?;
    Some(Note::Meaning {
        protocol: "dns".into(),
        text: meaning(&message).into(),
    })
}

/// A message in one line, in the words of master files and RFCs:
///
/// - a question is `www.example.org. A? rd`;
/// - an answer is its code, its flags and its records: `NOERROR aa: www.example.org. A 192.0.2.1 (300 s)`;
/// - a referral is `NOERROR: example.org. NS ns.example.org., ns.example.net.`, behind an arrow.
///
/// Names and data are printable ASCII, whatever a server has sent.
pub fn meaning(message: &Message) -> String {
    let meta = &message.metadata;
    let question: Vec<String> = message
        .queries
        .iter()
        .map(|query| {
            format!(
                "{} {}?",
                name_text(&query.name),
                type_name(query.query_type)
            )
        })
        .collect();
    if meta.message_type == MessageType::Query {
        let recursion = if meta.recursion_desired { " rd" } else { "" };
        return format!("{}{recursion}", question.join(", "));
    }
    let mut text = rcode_name(meta.response_code).into_owned();
    for (flag, set) in [
        ("aa", meta.authoritative),
        ("tc", meta.truncation),
        ("ra", meta.recursion_available),
    ] {
        if set {
            text.push(' ');
            text.push_str(flag);
        }
    }
    let referred = message
        .authorities
        .iter()
        .any(|record| record.record_type() == RecordType::NS);
    let (mark, section) = if !message.answers.is_empty() {
        (": ", &message.answers)
    } else if referred {
        (": → ", &message.authorities)
    } else {
        (": ", &message.authorities)
    };
    put_records(&mut text, mark, section);
    text
}

fn put_records(text: &mut String, mark: &str, section: &[Record]) {
    if section.is_empty() {
        return;
    }
    text.push_str(mark);
    for (index, record) in section.iter().take(MOST).enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        let kind = record.record_type();
        // Writing to a String does not fail.
        let _ = write!(text, "{} {}", name_text(&record.name), type_name(kind));
        // Of an SOA only its zone is of interest here.
        if kind != RecordType::SOA {
            let _ = write!(text, " {}", data_text(&record.data));
        }
    }
    if section.len() > MOST {
        let _ = write!(text, " (+{})", section.len() - MOST);
    }
}

/// Records that are written out.
const MOST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::op::{OpCode, Query, ResponseCode};
    use hickory_proto::rr::rdata::{A, NS};
    use hickory_proto::rr::{Name, RData};

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    #[test]
    fn a_question_is_its_name_and_type() {
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(name("www.test."), RecordType::AAAA));
        assert_eq!(meaning(&message), "www.test. AAAA? rd");
    }

    #[test]
    fn an_answer_is_its_code_its_flags_and_its_first_records() {
        let mut message = Message::response(1, OpCode::Query);
        message.metadata.authoritative = true;
        for last in 1..=6 {
            let data = RData::A(A::new(192, 0, 2, last));
            message.add_answer(Record::from_rdata(name("www.test."), 60, data));
        }
        assert_eq!(
            meaning(&message),
            "NOERROR aa: www.test. A 192.0.2.1, www.test. A 192.0.2.2, www.test. A 192.0.2.3, \
             www.test. A 192.0.2.4 (+2)"
        );
    }

    #[test]
    fn a_referral_has_an_arrow_and_an_error_its_code_alone() {
        let mut message = Message::response(1, OpCode::Query);
        let data = RData::NS(NS(name("ns.test.")));
        message.add_authority(Record::from_rdata(name("test."), 60, data));
        assert_eq!(meaning(&message), "NOERROR: → test. NS ns.test.");
        let mut message = Message::response(1, OpCode::Query);
        message.metadata.response_code = ResponseCode::Refused;
        assert_eq!(meaning(&message), "REFUSED");
    }
}
