//! What holds whatever bytes a member of the chat sends; the fuzz target and the ordinary tests both check it.

use std::task::Waker;
use std::time::{Duration, UNIX_EPOCH};

use sockeye_model::Timestamp;
use sockeye_model::escape::is_unsafe;
use sockeye_model::text::Language;
use sockeye_serve::chat::{
    Ask, ChatLimits, Entrance, Found, Hall, InProcess, Lines, Moment, Tongue,
};

/// Panics if `bytes`, sent by a member in lines and by one in JSON, make the chat break a promise: nobody is shown anything
/// that acts on a terminal, a line is one line, an object is JSON, and the length of a message is bounded.
pub(crate) fn check(bytes: &[u8]) {
    let limits = ChatLimits::USUAL;
    let now = Moment {
        at: Timestamp::START,
        date: UNIX_EPOCH + Duration::from_secs(1),
    };
    let mut hall = Hall::new(
        Language::English,
        limits.clone(),
        Box::new(InProcess::default()),
    );
    let enter = |hall: &mut Hall, tongue| hall.enter(&Entrance::new(tongue), now).ok();
    let members = [Tongue::Lines, Tongue::Json, Tongue::Lines, Tongue::Json];
    let places: Vec<usize> = members
        .iter()
        .filter_map(|tongue| enter(&mut hall, *tongue))
        .collect();
    let mut lines = Lines::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (taken, _) = lines.next(rest, limits.text, |found| match found {
            Found::Line(line) => {
                assert!(line.len() <= limits.text);
                check_ask(Ask::of_line(line, limits.text), &limits);
                hall.hear(places[0], line, now);
                check_ask(Ask::of_json(line, limits.text), &limits);
                hall.hear(places[1], line, now);
            }
            Found::TooLong => hall.too_long(places[0], now),
        });
        assert!(taken > 0);
        rest = &rest[taken..];
        hall.deliver(now);
        for (place, tongue) in places.iter().zip(members) {
            while let Ok(frame) = hall.take(*place, Waker::noop()) {
                check_frame(&frame, tongue, &limits);
            }
        }
    }
    hall.close(now);
    for place in places {
        hall.forget(place, now);
    }
    assert_eq!(hall.here(), 0);
}

fn check_ask<P>(ask: Result<Ask<'_>, P>, limits: &ChatLimits) {
    if let Ok(Ask::Say(text) | Ask::Private(_, text)) = ask {
        assert!(
            text.chars()
                .all(|character| character == '\t' || !is_unsafe(character))
        );
        // An escape is at most nine characters for a byte or a character.
        assert!(text.len() <= limits.text * 9);
    }
}

fn check_frame(frame: &[u8], tongue: Tongue, limits: &ChatLimits) {
    let Ok(text) = std::str::from_utf8(frame) else {
        panic!("a frame is no text");
    };
    let unsafe_ones = |text: &str| text.chars().any(|c| c != '\t' && is_unsafe(c));
    match tongue {
        Tongue::Lines => {
            let Some(lines) = text.strip_suffix('\n') else {
                panic!("{text:?} has no end");
            };
            for line in lines.split('\n') {
                assert!(!unsafe_ones(line), "{line:?}");
                let is_told = line.starts_with("* ") || line.starts_with('[');
                let is_said = line.split_once(": ").is_some_and(|(from, _)| {
                    let name = from.rsplit(' ').next().unwrap_or_default();
                    sockeye_serve::chat::check_name(name).is_ok()
                });
                assert!(is_told || is_said, "{line:?}");
            }
        }
        Tongue::Json => {
            assert!(!unsafe_ones(text), "{text:?}");
            assert!(
                text.starts_with("{\"type\":\"") && text.ends_with('}'),
                "{text:?}"
            );
        }
    }
    assert!(frame.len() <= limits.history_bytes * 10);
}
