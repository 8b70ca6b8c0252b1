//! What holds for any octets that may be a zone file, and for any that may be a question to it; the fuzz target and the
//! ordinary tests both check it.

use std::path::Path;
use std::sync::Arc;

use sockeye_serve::dns::{Responder, Transport, UDP_PAYLOAD, Zone, Zones};

/// Panics if `text` breaks a promise of zone files: it is a zone that answers, or an error in one line.
pub(crate) fn check(text: &[u8]) {
    let zone = match Zone::parse(text, Path::new("zone"), Some("example")) {
        Ok(zone) => zone,
        Err(error) => {
            let message = error.to_string();
            assert!(message.starts_with("zone"), "{message:?}");
            assert!(!message.contains(char::is_control), "{message:?}");
            let lines = text.iter().filter(|octet| **octet == b'\n').count() + 1;
            assert!(
                error.line.is_none_or(|line| 0 < line && line <= lines),
                "{message:?}"
            );
            return;
        }
    };
    assert!(zone.records() >= 2, "a SOA and an NS record");
    let mut responder = Responder::new(Arc::new(Zones::new([zone]).expect("one zone")));
    // Whatever the file says, questions about its own words are answered.
    let words = text.split(|octet| !octet.is_ascii_alphanumeric() && *octet != b'*');
    for word in words.filter(|word| (1..=63).contains(&word.len())).take(40) {
        for kind in [1_u8, 2, 5, 6, 15, 16, 28, 33, 39, 65, 255] {
            let mut query = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, word.len() as u8];
            query.extend(word);
            query.extend(b"\x07example\0\0");
            query.extend([kind, 0, 1]);
            check_question(&mut responder, &query);
        }
    }
}

/// Panics unless the reply to `query` is one: a message for it, no longer than it may be, or none.
pub(crate) fn check_question(responder: &mut Responder, query: &[u8]) {
    let is_query = query.len() >= 12 && query[2] & 0x80 == 0;
    // The second time it comes from where replies are kept.
    let first = responder.reply(query, Transport::Udp).map(<[u8]>::to_vec);
    let second = responder.reply(query, Transport::Udp).map(<[u8]>::to_vec);
    assert_eq!(first, second);
    let whole = responder
        .reply(query, Transport::Stream)
        .map(<[u8]>::to_vec);
    assert_eq!(first.is_some(), is_query);
    assert_eq!(whole.is_some(), is_query);
    let (Some(reply), Some(whole)) = (first, whole) else {
        return;
    };
    assert!(reply.len() <= usize::from(UDP_PAYLOAD));
    // Without a record behind the question there is no EDNS, and the limit is RFC 1035's.
    assert!(
        query[10..12] != [0, 0] || reply.len() <= 512,
        "{}",
        reply.len()
    );
    for reply in [&reply, &whole] {
        assert_eq!(reply[..2], query[..2], "the id is the asker's");
        assert_eq!(reply[2] & 0x80, 0x80, "it is a response");
        assert_eq!(
            reply[2] & 0x79,
            query[2] & 0x79,
            "opcode and RD are the asker's"
        );
        assert_eq!(reply[3] & 0xf0, 0, "RA, Z, AD and CD are clear");
        let count = |at: usize| u16::from_be_bytes([reply[at], reply[at + 1]]);
        let nothing = (4..12).step_by(2).all(|at| count(at) == 0);
        assert_eq!(reply.len() == 12, nothing, "a header alone counts nothing");
    }
    assert_eq!(whole[2] & 0x02, 0, "a stream cuts nothing");
    let cut = reply[2] & 0x02 != 0;
    assert!(cut || reply.len() <= whole.len());
}
