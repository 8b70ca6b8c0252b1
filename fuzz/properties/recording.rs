//! What holds for any bytes that may be a recording; the fuzz target and the ordinary tests both check it.

use sockeye_model::Sink;
use sockeye_view::{Record, Replay};

/// Panics if `bytes` break a promise of the reader: what it reads is written and read again as the same.
pub(crate) fn check(bytes: &[u8]) {
    let mut replay = match Replay::new(bytes) {
        Ok(replay) => replay,
        Err(error) => {
            assert_eq!(error.line, 1);
            return check_message(&error.to_string());
        }
    };
    let mut events = Vec::new();
    let mut line = 1;
    let mut over = false;
    for event in replay.by_ref() {
        assert!(!over, "something came after a final error");
        match event {
            Ok(event) => events.push(event),
            Err(error) => {
                assert!(error.line > line, "errors come in the order of lines");
                line = error.line;
                over = error.reason.is_final();
                check_message(&error.to_string());
            }
        }
    }
    let mut again = Vec::new();
    let mut record = Record::new(&mut again, replay.header());
    for event in &events {
        record.event(event).expect("a vector takes all");
    }
    record.finish(&replay.tally()).expect("a vector takes all");
    let mut second = Replay::new(&again[..]).expect("what was written is a recording");
    assert_eq!(second.header(), replay.header());
    let read: Vec<_> = second
        .by_ref()
        .map(|event| event.expect("what was written is read"))
        .collect();
    assert_eq!(read, events);
    assert!(second.is_whole());
    assert_eq!(second.tally(), replay.tally());
}

/// Panics unless the message is one line that does no harm to a terminal.
fn check_message(message: &str) {
    assert!(
        !message.is_empty() && !message.contains(char::is_control),
        "{message:?}"
    );
}
