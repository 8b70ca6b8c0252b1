//! Any octets as a question, any text as a zone file: nothing panics, nothing is longer than it may be.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use sockeye_serve::dns::{Responder, Zones};

use crate::message::question;
use crate::server::{file, zones};

#[path = "../../../../fuzz/properties/zone.rs"]
mod zone;

fn corners() -> Arc<Zones> {
    static CORNERS: LazyLock<Arc<Zones>> =
        LazyLock::new(|| zones(&[file("corners.zone"), file("child.zone")]));
    Arc::clone(&CORNERS)
}

/// A question with octets changed, cut or added.
fn nearly_a_question() -> impl Strategy<Value = Vec<u8>> {
    let names = prop::sample::select(vec![
        "mail.corners.test.",
        "x.wild.corners.test.",
        "www.old.corners.test.",
        "www.sub.corners.test.",
        "loop1.corners.test.",
        ".",
    ]);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (
        names,
        any::<u16>(),
        prop::option::of(any::<u16>()),
        changes,
        prop::option::of(0..80_usize),
        prop::collection::vec(any::<u8>(), 0..20),
    )
        .prop_map(|(name, kind, size, changes, cut, more)| {
            let mut query = question(1, name, kind.into(), size);
            for (at, octet) in changes {
                *at.get_mut(&mut query[..]) = octet;
            }
            if let Some(cut) = cut {
                query.truncate(cut);
            }
            query.extend(more);
            query
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_octets_get_a_reply_that_is_a_message_or_none(query in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut responder = Responder::new(corners());
        zone::check_question(&mut responder, &query);
    }

    #[test]
    fn what_is_nearly_a_question_gets_a_reply_that_is_a_message_or_none(queries in prop::collection::vec(nearly_a_question(), 1..5)) {
        let mut responder = Responder::new(corners());
        for query in queries {
            zone::check_question(&mut responder, &query);
        }
    }
}

/// Lines of master files, most of them nearly right.
fn text() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "@ SOA ns h 1 2 3 4 5",
        "@ NS ns",
        "$TTL 1h",
        "$ORIGIN example.",
        "$ORIGIN sub",
        "a A 192.0.2.1",
        " AAAA ::1",
        "* MX 1 a",
        "b CNAME a",
        "b TXT \"x",
        "c ( A",
        "192.0.2.1 )",
        "d DNAME e",
        "e TYPE99 \\# 2 0a0b",
        "f\\.g TXT \\000",
        "sub NS ns.sub",
        "x.d A 192.0.2.1",
        "h HTTPS 1 . alpn=\"h2\"",
        ";",
        "",
        "w 99999999999 A 1",
        "$INCLUDE /dev/null",
        "loop CNAME loop",
        "*.b NS *",
        "y.y.y.y SRV 1 2 3 y",
    ]);
    let lines = prop::collection::vec(
        prop_oneof![9 => line.prop_map(str::to_owned), 1 => any::<String>()],
        0..24,
    );
    lines.prop_map(|lines| {
        format!(
            "$ORIGIN example.\n$TTL 5\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n{}",
            lines.join("\n")
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_is_a_zone_that_answers_or_an_error_in_one_line(text in prop_oneof![text(), any::<String>()]) {
        zone::check(text.as_bytes());
    }

    #[test]
    fn so_are_any_octets(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        zone::check(&octets);
    }
}

#[test]
fn the_corpus_of_the_fuzzer_holds() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/zone");
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        zone::check(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 5, "{count}");
}
