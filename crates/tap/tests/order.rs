//! Causes are told before their effects, whichever thread was the first to say what it did.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::borrow::Cow;
use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sockeye_model::{Call, End, Event, Flow, Kind, Payload, Sink, SocketId, Tally, Unit, Wants};
use sockeye_tap::{Policy, start};

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

fn payload(data: &[u8]) -> Payload<'_> {
    Payload::Bytes {
        data: Cow::Borrowed(data),
        unit: Unit::Bytes,
    }
}

fn sent(data: &[u8]) -> Kind<'_> {
    Kind::Sent {
        buffer: None,
        call: Call::Send,
        payload: payload(data),
        asked: data.len() as u64,
        peer: None,
    }
}

fn received(data: &[u8]) -> Kind<'_> {
    Kind::Received {
        call: Call::Recv,
        payload: payload(data),
        room: data.len() as u64,
        truncated_from: None,
        peer: None,
    }
}

const US: SocketId = SocketId(1);
const PEER: SocketId = SocketId(2);

#[test]
fn what_was_received_while_its_send_returned_is_told_after_it_and_time_never_goes_back() {
    let kept = Kept::default();
    let (tap, viewer) = start(vec![Box::new(kept.clone())], Policy::Lossless, None).unwrap();
    let began = tap.now();
    let begun = tap.begin();
    tap.emit(PEER, None, None, received(b"question"));
    tap.emit(US, None, Some(began), sent(b"question"));
    drop(begun);
    let begun = tap.begin();
    tap.emit(PEER, None, None, Kind::HalfClosed { end: End::Peer });
    tap.emit(US, None, None, Kind::HalfClosed { end: End::Ours });
    drop(begun);
    viewer.finish(Tally::default(), None).unwrap();

    let events = kept.0.lock().unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.clone()).collect();
    assert_eq!(
        kinds,
        [
            sent(b"question"),
            received(b"question"),
            Kind::HalfClosed { end: End::Ours },
            Kind::HalfClosed { end: End::Peer },
        ]
    );
    assert!(events.is_sorted_by_key(|event| event.at));
    let started = events[0].at - events[0].took.unwrap();
    assert_eq!(started, began, "when the send began is still known");
}

#[test]
fn among_threads_that_never_wait_every_send_stands_before_its_receive() {
    const EACH: u32 = 4000;
    let kept = Kept::default();
    let (tap, viewer) = start(vec![Box::new(kept.clone())], Policy::Lossless, None).unwrap();
    thread::scope(|scope| {
        for pair in 0..3_u32 {
            let (wire, end) = channel::<[u8; 4]>();
            let (sender, receiver) = (SocketId(pair * 2), SocketId(pair * 2 + 1));
            let tap = tap.clone();
            let other = tap.clone();
            scope.spawn(move || {
                for number in 0..EACH {
                    let began = tap.now();
                    let begun = tap.begin();
                    wire.send(number.to_be_bytes()).unwrap();
                    tap.emit(sender, None, Some(began), sent(&number.to_be_bytes()));
                    drop(begun);
                }
            });
            scope.spawn(move || {
                for data in end {
                    other.emit(receiver, None, None, received(&data));
                }
            });
        }
    });
    viewer.finish(Tally::default(), None).unwrap();

    let events = kept.0.lock().unwrap();
    assert_eq!(events.len(), 6 * EACH as usize);
    assert!(events.is_sorted_by_key(|event| event.at));
    let mut moved = [0_u32; 6];
    for event in events.iter() {
        let socket = event.socket.0 as usize;
        let (Kind::Sent { payload, .. } | Kind::Received { payload, .. }) = &event.kind else {
            panic!("{event:?}");
        };
        assert_eq!(payload.data(), Some(&moved[socket].to_be_bytes()[..]));
        moved[socket] += 1;
        let sent = moved[socket & !1];
        assert!(moved[socket] <= sent, "{event:?} before it was sent");
    }
}

#[test]
fn a_call_that_does_not_return_keeps_nobody_waiting_for_long() {
    struct Tells(Sender<Kind<'static>>);
    impl Sink for Tells {
        fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
            let _ = self.0.send(event.kind.clone().into_owned());
            Ok(Flow::Continue)
        }
    }
    let (tells, told) = channel();
    let (tap, viewer) = start(vec![Box::new(Tells(tells))], Policy::Lossy, None).unwrap();
    let begun = tap.begin();
    tap.emit(PEER, None, None, Kind::HalfClosed { end: End::Peer });
    let kind = told.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(kind, Kind::HalfClosed { end: End::Peer });
    drop(begun);
    viewer.finish(Tally::default(), None).unwrap();
}

#[test]
fn a_call_that_came_to_nothing_lets_what_it_held_up_be_told() {
    let kept = Kept::default();
    let (tap, viewer) = start(vec![Box::new(kept.clone())], Policy::Lossy, None).unwrap();
    for _ in 0..100 {
        let begun = tap.begin();
        tap.emit(PEER, None, None, received(b"x"));
        drop(begun);
    }
    viewer.finish(Tally::default(), None).unwrap();
    assert_eq!(kept.0.lock().unwrap().len(), 100);
}
