//! The offline Internet: what a learner meets on it is there, and each server knows its own zones alone.

use std::sync::Arc;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use sockeye_serve::dns::{PRACTICE_INTERNET, Responder, Transport};

use crate::message::question;

/// Asks the server whose address ends in that number.
fn asked(last: u8, name: &str, kind: RecordType) -> Message {
    let server = PRACTICE_INTERNET
        .iter()
        .find(|server| server.address.to_string() == format!("127.0.0.{last}"))
        .unwrap();
    let mut responder = Responder::new(Arc::new(server.zones().unwrap()));
    let query = question(7, name, kind, Some(1232));
    Message::from_vec(responder.reply(&query, Transport::Udp).unwrap()).unwrap()
}

fn records(records: &[hickory_proto::rr::Record]) -> Vec<String> {
    let mut all: Vec<String> = records
        .iter()
        .map(|record| format!("{} {} {}", record.name, record.record_type(), record.data))
        .collect();
    all.sort();
    all
}

#[test]
fn a_walk_from_the_root_finds_each_kind_of_delegation() {
    let root = asked(2, "shop.river.example.", RecordType::A);
    assert_eq!(root.metadata.response_code, ResponseCode::NoError);
    assert!(!root.metadata.authoritative && root.answers.is_empty());
    assert_eq!(records(&root.authorities), ["example. NS ns.example."]);
    assert_eq!(records(&root.additionals), ["ns.example. A 127.0.0.3"]);

    // Two servers with glue, one of them lame.
    let example = asked(3, "shop.river.example.", RecordType::A);
    assert_eq!(
        records(&example.additionals),
        [
            "lame.river.example. A 127.0.0.6",
            "ns1.river.example. A 127.0.0.4"
        ]
    );
    // A server in another zone, whose address has to be asked for.
    let lake = asked(3, "lake.example.", RecordType::A);
    assert_eq!(
        records(&lake.authorities),
        ["lake.example. NS harbor.sea.example."]
    );
    assert!(lake.additionals.is_empty());
    let harbor = asked(5, "harbor.sea.example.", RecordType::A);
    assert_eq!(
        records(&harbor.answers),
        ["harbor.sea.example. A 127.0.0.5"]
    );
    assert_eq!(
        asked(5, "www.lake.example.", RecordType::A).answers.len(),
        2
    );

    // A zone one level deeper, and a name that looks like one and is none.
    let delta = asked(4, "island.delta.river.example.", RecordType::TXT);
    assert_eq!(
        records(&delta.authorities),
        [
            "delta.river.example. NS lame.river.example.",
            "delta.river.example. NS ns.delta.river.example."
        ]
    );
    assert!(!delta.metadata.authoritative);
    assert_eq!(
        asked(5, "island.delta.river.example.", RecordType::TXT)
            .answers
            .len(),
        1
    );
    let blog = asked(4, "draft.blog.river.example.", RecordType::TXT);
    assert!(blog.metadata.authoritative && blog.answers.len() == 1);
}

#[test]
fn an_alias_into_another_zone_ends_at_the_zones_edge() {
    let shop = asked(4, "shop.river.example.", RecordType::A);
    assert!(shop.metadata.authoritative);
    assert_eq!(
        records(&shop.answers),
        ["shop.river.example. CNAME www.sea.example."]
    );
    assert_eq!(asked(5, "www.sea.example.", RecordType::A).answers.len(), 1);
}

#[test]
fn what_is_not_there_is_told_apart() {
    let six = asked(4, "six.river.example.", RecordType::A);
    assert_eq!(six.metadata.response_code, ResponseCode::NoError);
    assert!(six.answers.is_empty() && six.authorities[0].record_type() == RecordType::SOA);
    assert_eq!(
        asked(4, "six.river.example.", RecordType::AAAA)
            .answers
            .len(),
        1
    );
    let none = asked(5, "boat1.sea.example.", RecordType::A);
    assert_eq!(none.metadata.response_code, ResponseCode::NXDomain);
    let wildcard = asked(4, "boat1.river.example.", RecordType::A);
    assert_eq!(
        records(&wildcard.answers),
        ["boat1.river.example. A 192.0.2.99"]
    );
}

#[test]
fn the_lame_server_and_servers_of_other_zones_refuse() {
    for (last, name) in [
        (6, "river.example."),
        (6, "desert.example."),
        (6, "."),
        (4, "sea.example."),
        (4, "example."),
        (5, "river.example."),
        (3, "com."),
    ] {
        let reply = asked(last, name, RecordType::NS);
        assert_eq!(
            reply.metadata.response_code,
            ResponseCode::Refused,
            "{last} {name}"
        );
        assert!(reply.answers.is_empty() && reply.authorities.is_empty());
    }
}

#[test]
fn what_does_not_fit_a_datagram_is_cut_and_whole_in_a_stream() {
    let cut = asked(5, "big.sea.example.", RecordType::TXT);
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    let zones = Arc::new(PRACTICE_INTERNET[3].zones().unwrap());
    let query = question(7, "big.sea.example.", RecordType::TXT, None);
    let mut responder = Responder::new(zones);
    let whole = responder.reply(&query, Transport::Stream).unwrap();
    assert!(whole.len() > 1232);
    let whole = Message::from_vec(whole).unwrap();
    assert!(!whole.metadata.truncation && whole.answers.len() == 18);
}
