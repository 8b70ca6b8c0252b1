//! The queue between the data and the views: order, loss that is said, failures that stay where they happen.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::borrow::Cow;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockeye_model::{Call, Event, Flow, Kind, Payload, Sink, SocketId, Tally, Unit, Wants};
use sockeye_tap::{Policy, Tap, start};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Event<'static>>>>);

impl Sink for Kept {
    fn wants(&self) -> Wants {
        Wants::BYTES
    }
    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        self.0.lock().unwrap().push(event.clone().into_owned());
        Ok(Flow::Continue)
    }
}

struct Broken;
impl Sink for Broken {
    fn event(&mut self, _event: &Event<'_>) -> io::Result<Flow> {
        Err(io::Error::from_raw_os_error(28))
    }
}

/// Takes each event only when the test lets it.
struct Gated {
    asked: Sender<()>,
    open: Receiver<()>,
    seen: Kept,
}
impl Sink for Gated {
    fn wants(&self) -> Wants {
        Wants::BYTES
    }
    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        let _ = self.asked.send(());
        let _ = self.open.recv();
        self.seen.event(event)
    }
}

fn sent(data: &[u8]) -> Kind<'_> {
    let payload = Payload::Bytes {
        data: Cow::Borrowed(data),
        unit: Unit::Bytes,
    };
    Kind::Sent {
        buffer: None,
        call: Call::Send,
        payload,
        asked: data.len() as u64,
        peer: None,
    }
}

#[test]
fn with_no_view_nothing_is_counted_and_no_clock_is_read() {
    let (tap, viewer) = start(Vec::new(), Policy::Lossy, None).unwrap();
    tap.emit(SocketId(1), None, None, sent(b"x"));
    assert!(!tap.is_on());
    assert_eq!(tap.next_socket(), SocketId::NONE);
    assert_eq!(tap.now(), Tap::off().now());
    assert_eq!(viewer.finish(Tally::default(), None).unwrap(), 0);
}

/// Wants bytes while it is watched, and each event anyway.
#[derive(Clone, Default)]
struct Watched {
    watched: Arc<std::sync::atomic::AtomicBool>,
    kept: Kept,
}
impl Sink for Watched {
    fn wants(&self) -> Wants {
        if self.watched.load(std::sync::atomic::Ordering::Relaxed) {
            Wants::BYTES
        } else {
            Wants::EACH_IO
        }
    }
    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        self.kept.event(event)
    }
}

#[test]
fn a_sink_may_want_more_or_less_while_it_goes_on() {
    let watched = Watched::default();
    let sinks: Vec<Box<dyn Sink>> = vec![Box::new(watched.clone())];
    let (tap, viewer) = start(sinks, Policy::Lossy, Some(Duration::from_millis(1))).unwrap();
    assert!(tap.wants_each() && !tap.wants_bytes());
    for on in [true, false] {
        watched
            .watched
            .store(on, std::sync::atomic::Ordering::Relaxed);
        let began = std::time::Instant::now();
        while tap.wants_bytes() != on {
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "it is not asked again"
            );
            std::thread::yield_now();
        }
    }
    viewer.finish(Tally::default(), None).unwrap();
}

#[test]
fn every_event_arrives_with_its_own_bytes_in_the_order_of_time() {
    let kept = Kept::default();
    let (tap, viewer) = start(vec![Box::new(kept.clone())], Policy::Lossless, None).unwrap();
    std::thread::scope(|scope| {
        for thread in 1..=4_u32 {
            let tap = tap.clone();
            scope.spawn(move || {
                for number in 0..500_u32 {
                    tap.emit(
                        SocketId(thread),
                        None,
                        Some(tap.now()),
                        sent(&number.to_be_bytes()),
                    );
                }
            });
        }
    });
    viewer.finish(Tally::default(), None).unwrap();
    let events = kept.0.lock().unwrap();
    assert_eq!(events.len(), 2000);
    assert!(events.is_sorted_by_key(|event| event.at));
    for thread in 1..=4 {
        let of_thread: Vec<_> = events
            .iter()
            .filter(|event| event.socket == SocketId(thread))
            .collect();
        for (number, event) in of_thread.iter().enumerate() {
            let Kind::Sent { payload, .. } = &event.kind else {
                panic!("{event:?}")
            };
            assert_eq!(
                payload.data(),
                Some(&u32::try_from(number).unwrap().to_be_bytes()[..])
            );
        }
    }
}

#[test]
fn a_broken_view_is_said_once_and_the_others_go_on() {
    let kept = Kept::default();
    let (tap, viewer) = start(
        vec![Box::new(Broken), Box::new(kept.clone())],
        Policy::Lossy,
        None,
    )
    .unwrap();
    tap.emit(SocketId(1), None, None, sent(b"a"));
    tap.emit(SocketId(1), None, None, sent(b"b"));
    let failed = viewer.finish(Tally::default(), None).unwrap_err();
    assert_eq!(failed.sink, 0);
    assert_eq!(failed.source.raw_os_error(), Some(28));
    assert_eq!(kept.0.lock().unwrap().len(), 2);
}

#[test]
fn when_every_view_is_broken_the_tap_is_off() {
    let (tap, viewer) = start(vec![Box::new(Broken)], Policy::Lossless, None).unwrap();
    tap.emit(SocketId(1), None, None, sent(b"a"));
    while tap.is_on() {
        std::thread::yield_now();
    }
    tap.wait_room();
    assert!(viewer.finish(Tally::default(), None).is_err());
}

#[test]
fn a_blocked_narration_never_stops_the_data_and_says_what_it_missed() {
    let (asked_tx, asked) = channel();
    let (open, open_rx) = channel();
    let seen = Kept::default();
    let gated = Gated {
        asked: asked_tx,
        open: open_rx,
        seen: seen.clone(),
    };
    let (tap, viewer) = start(vec![Box::new(gated)], Policy::Lossy, None).unwrap();
    tap.emit(SocketId(1), None, None, sent(b"first"));
    asked.recv().unwrap(); // the view thread is stuck in the first event
    for _ in 0..20_000 {
        tap.emit(SocketId(1), None, None, sent(b"more"));
        tap.wait_room(); // a lossy view never makes a reader wait
    }
    drop(open);
    let unshown = viewer.finish(Tally::default(), None).unwrap();
    let events = seen.0.lock().unwrap();
    let shown = events
        .iter()
        .filter(|event| matches!(event.kind, Kind::Sent { .. }))
        .count() as u64;
    assert!(unshown > 0);
    assert_eq!(shown + unshown, 20_001);
    let said: u64 = events
        .iter()
        .map(|event| {
            if let Kind::Unshown { events } = event.kind {
                events
            } else {
                0
            }
        })
        .sum();
    assert_eq!(said, unshown);
}

#[test]
fn a_lossless_view_makes_the_reader_wait_for_room() {
    let (asked_tx, asked) = channel();
    let (open, open_rx) = channel();
    let seen = Kept::default();
    let gated = Gated {
        asked: asked_tx,
        open: open_rx,
        seen: seen.clone(),
    };
    let (tap, viewer) = start(vec![Box::new(gated)], Policy::Lossless, None).unwrap();
    tap.emit(SocketId(1), None, None, sent(b"first"));
    asked.recv().unwrap();
    let block = vec![7; 1 << 20];
    for _ in 0..4 {
        tap.emit(SocketId(1), None, None, sent(&block));
    }
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(tap.poll_room(&mut context).is_pending());
    drop(open);
    tap.wait_room();
    assert!(tap.poll_room(&mut context).is_ready());
    assert_eq!(viewer.finish(Tally::default(), None).unwrap(), 0);
    assert_eq!(seen.0.lock().unwrap().len(), 5);
}

#[test]
fn a_stopped_terminal_is_left_behind_after_the_patience_given() {
    let (asked_tx, asked) = channel();
    let (_open, open_rx) = channel();
    let gated = Gated {
        asked: asked_tx,
        open: open_rx,
        seen: Kept::default(),
    };
    let (tap, viewer) = start(vec![Box::new(gated)], Policy::Lossy, None).unwrap();
    tap.emit(SocketId(1), None, None, sent(b"first"));
    asked.recv().unwrap();
    tap.emit(SocketId(1), None, None, sent(b"second"));
    assert_eq!(
        viewer
            .finish(Tally::default(), Some(Duration::from_millis(20)))
            .unwrap(),
        2,
        "the one that it is stuck in and the one that waits"
    );
}

#[test]
fn a_view_that_panics_holds_up_nobody() {
    struct Panics;
    impl Sink for Panics {
        fn wants(&self) -> Wants {
            Wants::EACH_IO | Wants::BYTES
        }
        fn event(&mut self, _event: &Event<'_>) -> io::Result<Flow> {
            panic!("a fault in a view")
        }
    }
    let (tap, viewer) = start(vec![Box::new(Panics)], Policy::Lossless, None).unwrap();
    let (done, is_done) = channel();
    std::thread::spawn(move || {
        let block = vec![7; 1 << 20];
        for _ in 0..16 {
            tap.emit(SocketId(1), None, None, sent(&block));
            tap.wait_room();
        }
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(10)).unwrap();
    let finished = std::panic::AssertUnwindSafe(|| viewer.finish(Tally::default(), None));
    assert!(std::panic::catch_unwind(finished).is_err());
}

#[test]
fn an_idle_view_is_ticked() {
    struct Ticked(Sender<()>);
    impl Sink for Ticked {
        fn event(&mut self, _event: &Event<'_>) -> io::Result<Flow> {
            Ok(Flow::Continue)
        }
        fn tick(&mut self, _now: sockeye_model::Timestamp) -> io::Result<()> {
            let _ = self.0.send(());
            Ok(())
        }
    }
    let (ticks, ticked) = channel();
    let (_tap, viewer) = start(
        vec![Box::new(Ticked(ticks))],
        Policy::Lossy,
        Some(Duration::from_millis(1)),
    )
    .unwrap();
    ticked.recv().unwrap();
    viewer.finish(Tally::default(), None).unwrap();
}
