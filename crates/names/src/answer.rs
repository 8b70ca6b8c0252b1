//! What a server's reply says to the question: records, no such name, no such record, or an error.

use std::borrow::Cow;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Record, RecordType};

use crate::{Chain, Question, Reply};

/// A reply, read with its question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// What came.
    pub reply: Reply,
    /// Its answer section: the aliases in order, then the records.
    pub chain: Chain,
    /// What it means.
    pub verdict: Verdict,
}

/// What a reply means for its question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There are records of the type that was asked for.
    Records,
    /// The name exists and has no record of this type (NODATA, RFC 2308 section 2.2).
    NoData,
    /// There is no such name: the one that was asked for, or the one that its aliases lead to (NXDOMAIN, RFC 2308
    /// section 2.1).
    NoName,
    /// The aliases lead to a name that this server says nothing of.
    Elsewhere,
    /// The server does not know, and names others that do (RFC 1034 section 4.3.1).
    Referral,
    /// The aliases lead back to themselves, or are more than are followed.
    Loop,
    /// The server could not or would not answer (RFC 1035 section 4.1.1).
    Error(ResponseCode),
}

impl Answer {
    /// Reads a reply to `question`. The server is believed whatever it says of any name: it was chosen to be asked.
    pub fn of(question: Question, reply: Reply) -> Self {
        let chain = Chain::read(&question, &reply.message.answers, |_| true);
        let verdict = verdict(&chain, &reply.message);
        Self {
            question,
            reply,
            chain,
            verdict,
        }
    }

    /// The records that answer: the aliases in their order, then those of the type that was asked for.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.chain.aliases.iter().chain(&self.chain.records)
    }

    /// What the server says of an error beyond its code (RFC 8914); it may say several things.
    pub fn extended_errors(&self) -> Vec<ExtendedError> {
        let Some(edns) = &self.reply.message.edns else {
            return Vec::new();
        };
        let options = edns.options().as_ref().iter();
        options
            .filter_map(|(code, option)| match (code, option) {
                (EdnsCode::Unknown(EXTENDED_ERROR), EdnsOption::Unknown(_, bytes)) => {
                    let (code, text) = bytes.split_first_chunk::<2>()?;
                    Some(ExtendedError {
                        code: u16::from_be_bytes(*code),
                        text: String::from_utf8_lossy(text)
                            .trim_end_matches('\0')
                            .to_owned(),
                    })
                }
                _ => None,
            })
            .collect()
    }
}

/// An extended DNS error (RFC 8914).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedError {
    /// Its number (<https://www.iana.org/assignments/dns-parameters>, "Extended DNS Error Codes").
    pub code: u16,
    /// What the server adds, often nothing. It is the server's text: escape it before it is shown.
    pub text: String,
}

/// The option that carries extended errors, RFC 8914 section 2.
const EXTENDED_ERROR: u16 = 15;

fn verdict(chain: &Chain, message: &Message) -> Verdict {
    let said_by = |kind| {
        let authorities = message.authorities.iter();
        authorities
            .filter(move |record| record.record_type() == kind)
            .count()
            > 0
    };
    match message.metadata.response_code {
        ResponseCode::NoError if !chain.records.is_empty() => Verdict::Records,
        ResponseCode::NoError if chain.loops => Verdict::Loop,
        ResponseCode::NoError if said_by(RecordType::SOA) => Verdict::NoData,
        // Whoever recurses follows the aliases to their end.
        ResponseCode::NoError if !chain.aliases.is_empty() => {
            if message.metadata.recursion_available {
                Verdict::NoData
            } else {
                Verdict::Elsewhere
            }
        }
        ResponseCode::NoError if !message.metadata.authoritative && said_by(RecordType::NS) => {
            Verdict::Referral
        }
        ResponseCode::NoError => Verdict::NoData,
        ResponseCode::NXDomain => Verdict::NoName,
        code => Verdict::Error(code),
    }
}

/// The name of a response code (<https://www.iana.org/assignments/dns-parameters>, "DNS RCODEs"): `NXDOMAIN`; one without
/// a name is `RCODE` and its number.
pub fn rcode_name(code: ResponseCode) -> Cow<'static, str> {
    let number = u16::from(code);
    let name = match number {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "YXDOMAIN",
        7 => "YXRRSET",
        8 => "NXRRSET",
        9 => "NOTAUTH",
        10 => "NOTZONE",
        11 => "DSOTYPENI",
        16 => "BADVERS",
        17 => "BADKEY",
        18 => "BADTIME",
        19 => "BADMODE",
        20 => "BADNAME",
        21 => "BADALG",
        22 => "BADTRUNC",
        23 => "BADCOOKIE",
        _ => return Cow::Owned(format!("RCODE{number}")),
    };
    Cow::Borrowed(name)
}
