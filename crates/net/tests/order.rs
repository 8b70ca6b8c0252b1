//! Both ends of a conversation in one session, on a thread each: the story is told in the order of causes.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;

use sockeye_model::{End, Event, Flow, Kind, Sink, SocketAddress, Tally, Wants};
use sockeye_net::{Family, Protocol, Shutdown, Socket, Tap, Type};
use sockeye_tap::Policy;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Event<'static>>>>);

impl Sink for Kept {
    fn wants(&self) -> Wants {
        Wants::EACH_IO
    }
    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        self.0.lock().unwrap().push(event.clone().into_owned());
        Ok(Flow::Continue)
    }
}

fn socket(tap: &Tap, kind: Type) -> Socket {
    Socket::with_protocol(Family::Inet, kind, Protocol::DEFAULT, tap).unwrap()
}

fn loopback() -> SocketAddress {
    "127.0.0.1:0".parse::<SocketAddr>().unwrap().into()
}

const ROUNDS: usize = 500;

#[test]
fn no_receive_stands_before_its_send_and_no_end_before_its_shutdown() {
    let kept = Kept::default();
    let (tap, viewer) =
        sockeye_tap::start(vec![Box::new(kept.clone())], Policy::Lossless, None).unwrap();
    let listener = socket(&tap, Type::Stream);
    let address = listener.bind(loopback()).unwrap();
    listener.listen(1).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (server, _) = listener.accept().unwrap();
            let mut buffer = [0; 16];
            while let len @ 1.. = server.recv(&mut buffer).unwrap() {
                server.send_all(&buffer[..len]).unwrap();
            }
            server.shutdown(Shutdown::Write).unwrap();
        });
        let client = socket(&tap, Type::Stream);
        client.connect(&address).unwrap();
        let mut buffer = [0; 16];
        for _ in 0..ROUNDS {
            client.send_all(b"ping").unwrap();
            client.recv(&mut buffer).unwrap();
        }
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.recv(&mut buffer).unwrap(), 0);
    });
    drop((listener, tap));
    viewer.finish(Tally::default(), None).unwrap();

    let events = kept.0.lock().unwrap();
    // With one message at a time under way, what both sent is never behind what both received.
    let (mut sent, mut received, mut ends, mut shutdowns) = (0, 0, 0, 0);
    for event in events.iter() {
        match &event.kind {
            Kind::Sent { payload, .. } => sent += payload.len(),
            Kind::Received { payload, .. } => received += payload.len(),
            Kind::HalfClosed { end: End::Ours } => shutdowns += 1,
            Kind::HalfClosed { end: End::Peer } => ends += 1,
            _ => {}
        }
        assert!(received <= sent, "a receive before its send: {event:?}");
        assert!(ends <= shutdowns, "an end before its shutdown: {event:?}");
    }
    assert_eq!((sent, ends), (8 * ROUNDS as u64, 2));
    assert!(events.is_sorted_by_key(|event| event.at));
}

#[test]
fn no_datagram_is_received_before_it_is_sent() {
    let kept = Kept::default();
    let (tap, viewer) =
        sockeye_tap::start(vec![Box::new(kept.clone())], Policy::Lossless, None).unwrap();
    let server = socket(&tap, Type::Datagram);
    let address = server.bind(loopback()).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut buffer = [0; 16];
            for _ in 0..ROUNDS {
                let (_, peer) = server.recv_from(&mut buffer).unwrap();
                server.send_to(b"pong", &peer).unwrap();
            }
        });
        let client = socket(&tap, Type::Datagram);
        let mut buffer = [0; 16];
        for _ in 0..ROUNDS {
            client.send_to(b"ping", &address).unwrap();
            client.recv_from(&mut buffer).unwrap();
        }
    });
    drop((server, tap));
    viewer.finish(Tally::default(), None).unwrap();

    let events = kept.0.lock().unwrap();
    let (mut sent, mut received) = (0, 0);
    for event in events.iter() {
        sent += usize::from(matches!(event.kind, Kind::Sent { .. }));
        received += usize::from(matches!(event.kind, Kind::Received { .. }));
        assert!(received <= sent, "a receive before its send: {event:?}");
    }
    assert_eq!(received, 2 * ROUNDS);
}
