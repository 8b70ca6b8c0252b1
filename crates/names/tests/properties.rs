//! What holds for whatever a name server answers, and for hints files of any content.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, NS, NULL, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use proptest::collection::vec;
use proptest::prelude::*;

#[path = "../../../fuzz/properties/hints.rs"]
mod hints;
#[path = "../../../fuzz/properties/reply.rs"]
mod reply;

/// Few names, so that they meet: in one branch, beside it, and above it.
const NAMES: &[&str] = &[
    ".",
    "test.",
    "sub.test.",
    "www.sub.test.",
    "a.www.sub.test.",
    "ns.test.",
    "ns.sub.test.",
    "bank.",
    "www.bank.",
];

fn name() -> impl Strategy<Value = Name> {
    proptest::sample::select(NAMES).prop_map(|name| Name::from_ascii(name).unwrap())
}

fn dname(target: &Name) -> RData {
    let rdata = target
        .iter()
        .flat_map(|label| [&[label.len() as u8], label].concat())
        .chain([0])
        .collect();
    let code = RecordType::DNAME;
    let rdata = NULL::with(rdata);
    RData::Unknown { code, rdata }
}

fn record() -> impl Strategy<Value = Record> {
    (name(), name(), 0..5_u8).prop_map(|(owner, other, kind)| {
        let data = match kind {
            0 => RData::A(A::new(192, 0, 2, 1)),
            1 => RData::NS(NS(other)),
            2 => RData::CNAME(CNAME(other)),
            3 => dname(&other),
            _ => RData::SOA(SOA::new(other.clone(), other, 1, 2, 3, 4, 5)),
        };
        Record::from_rdata(owner, 60, data)
    })
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let kind = proptest::sample::select(vec![RecordType::A, RecordType::NS, RecordType::CNAME]);
    let records = || vec(record(), 0..6);
    let flags = (any::<bool>(), any::<bool>(), 0..7_u16);
    (name(), kind, flags, records(), records(), records()).prop_map(
        |(name, kind, (aa, ra, code), answers, authorities, additionals)| {
            let mut message = Message::new(7, MessageType::Response, OpCode::Query);
            message.metadata.authoritative = aa;
            message.metadata.recursion_available = ra;
            message.metadata.response_code = ResponseCode::from(0, code as u8);
            message.add_query(Query::query(name, kind));
            message.answers = answers;
            message.authorities = authorities;
            message.additionals = additionals;
            message.to_vec().unwrap()
        },
    )
}

proptest! {
    #[test]
    fn any_answer_is_believed_about_the_servers_own_zone_alone(bytes in message()) {
        reply::check(&bytes);
    }

    #[test]
    fn an_answer_with_bytes_changed_is_understood_or_is_none(
        mut bytes in message(),
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        end in any::<proptest::sample::Index>(),
    ) {
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        reply::check(&bytes);
        bytes.truncate(end.index(bytes.len()));
        reply::check(&bytes);
    }

    #[test]
    fn any_bytes_are_understood_or_are_none(bytes in vec(any::<u8>(), 0..200)) {
        reply::check(&bytes);
    }

    #[test]
    fn any_text_is_hints_or_is_refused(text in "(?s).{0,200}") {
        hints::check(&text);
    }

    #[test]
    fn any_lines_are_hints_or_are_refused(lines in vec(line(), 0..12)) {
        hints::check(&lines.join("\n"));
    }
}

/// A line as such files have them, or nearly.
fn line() -> impl Strategy<Value = String> {
    let owner =
        proptest::sample::select(vec![".", "a.root.", "B.ROOT.", "@", "", "$TTL", "$INCLUDE"]);
    let ttl = proptest::sample::select(vec!["", "60", "1w", "99999999999"]);
    let kind = proptest::sample::select(vec!["NS", "A", "AAAA", "IN NS", "in a", "TXT", "("]);
    let data = proptest::sample::select(vec![
        "a.root.",
        "B.root.",
        "127.0.0.2",
        "::1",
        "/dev/zero",
        "\"",
        ")",
        "; comment",
        "\\300",
    ]);
    (owner, ttl, kind, data)
        .prop_map(|(owner, ttl, kind, data)| format!("{owner} {ttl} {kind} {data}"))
}

#[test]
fn the_corpus_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut seen = 0;
    for of in ["reply", "hints"] {
        for entry in std::fs::read_dir(corpus.join(of)).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            match of {
                "reply" => reply::check(&bytes),
                _ => hints::check(&String::from_utf8_lossy(&bytes)),
            }
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn hints_lead_to_no_other_file() {
    for text in [
        "$INCLUDE /dev/zero\n",
        " $include /dev/zero",
        ". 60 NS a.\n$INCLUDE /dev/zero",
    ] {
        assert!(sockeye_names::walk::Hints::parse(text).is_err(), "{text}");
    }
    let text = "; no $INCLUDE here\n. 60 NS a.root.\na.root. 60 A 127.0.0.2\n";
    assert!(sockeye_names::walk::Hints::parse(text).is_ok());
}
