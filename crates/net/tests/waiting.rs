//! A receive that waits: it wakes for all that comes, and costs nothing while nothing does.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::io::{IoSlice, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, send, sendmsg};
use rustix::time::{ClockId, clock_gettime};
use sockeye_model::{Event, Flow, Sink, Tally, Wants};
use sockeye_net::{AsyncSocket, Dialing, Family, Shutdown, Socket, SocketAddress, Tap, Type, dial};
use sockeye_tap::Policy;

fn in_loop<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), test)
            .await
            .unwrap();
    });
}

fn in_the_loop(fd: OwnedFd) -> AsyncSocket {
    let socket = Socket::from_fd(fd, &Tap::off()).unwrap();
    socket.into_async().unwrap()
}

/// CPU time of this thread while `socket` waits for something to receive.
async fn cost_of_waiting(socket: &AsyncSocket) -> Duration {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let before = now();
    let waited = tokio::time::timeout(Duration::from_millis(300), socket.recv(&mut [0; 8])).await;
    assert!(waited.is_err(), "{waited:?}");
    now() - before
}

/// Far below the 300 ms that it waits.
const LITTLE: Duration = Duration::from_millis(100);

/// Receives until six bytes have come.
async fn six_bytes(socket: &AsyncSocket) -> Vec<u8> {
    let mut got = Vec::new();
    while got.len() < 6 {
        let mut buffer = [0; 64];
        let len = socket.recv(&mut buffer).await.unwrap();
        assert_ne!(len, 0, "ended after {got:?}");
        got.extend_from_slice(&buffer[..len]);
    }
    got
}

#[test]
fn what_lies_behind_urgent_data_is_received_too() {
    in_loop(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = in_the_loop(listener.accept().unwrap().0.into());
        client.write_all(b"abc").unwrap();
        send(&client, b"!", SendFlags::OOB).unwrap();
        client.write_all(b"def").unwrap();
        assert_eq!(six_bytes(&server).await, b"abcdef");
    });
}

#[test]
fn what_lies_behind_a_passed_descriptor_is_received_too() {
    in_loop(async {
        let (mut client, server) = UnixStream::pair().unwrap();
        let passed = client.try_clone().unwrap();
        let descriptors = [passed.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
        let data = [IoSlice::new(b"abc")];
        sendmsg(&client, &data, &mut control, SendFlags::empty()).unwrap();
        client.write_all(b"def").unwrap();
        let server = in_the_loop(server.into());
        assert_eq!(six_bytes(&server).await, b"abcdef");
    });
}

#[test]
fn a_unix_stream_whose_listener_had_no_room_at_first_waits_for_free() {
    in_loop(async {
        let name = format!("sockeye-waits-{}", std::process::id());
        let address = SocketAddress::UnixAbstract(name.as_bytes().into());
        let listener = Socket::new(Family::Unix, Type::Stream).unwrap();
        listener.bind(address.clone()).unwrap();
        listener.listen(0).unwrap();
        let first = Socket::new(Family::Unix, Type::Stream).unwrap();
        first.connect(address.clone()).unwrap();
        let how = Dialing::new(Tap::off());
        let address = format!("unix:@{name}").parse().unwrap();
        let (dialed, _) = tokio::join!(dial(&address, &how), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            listener.accept().unwrap()
        });
        let _conversation = listener.accept().unwrap();
        let cost = cost_of_waiting(&dialed.unwrap().socket).await;
        assert!(cost < LITTLE, "{cost:?}");
    });
}

#[test]
fn a_stream_that_was_in_the_loop_before_it_was_connected_waits_for_little() {
    in_loop(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = AsyncSocket::new(Family::Inet, Type::Stream, &Tap::off()).unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let address = listener.local_addr().unwrap().into();
        socket.connect(&address).await.unwrap();
        let _conversation = listener.accept().unwrap();
        let cost = cost_of_waiting(&socket).await;
        assert!(cost < LITTLE, "{cost:?}");
    });
}

#[test]
fn a_udp_socket_that_was_shut_for_reading_does_not_hold_the_loop() {
    in_loop(async {
        let socket = AsyncSocket::new(Family::Inet, Type::Datagram, &Tap::off()).unwrap();
        let peer: SocketAddr = "127.0.0.1:9".parse().unwrap();
        socket.connect(&peer.into()).await.unwrap();
        socket.shutdown(Shutdown::Read).unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let cost = cost_of_waiting(&socket).await;
        assert!(cost < LITTLE, "{cost:?}");
    });
}

/// A view that shows nothing until it is let go.
struct Stuck(std::sync::mpsc::Receiver<()>);

impl Sink for Stuck {
    fn wants(&self) -> Wants {
        Wants::EACH_IO | Wants::BYTES
    }
    fn event(&mut self, _event: &Event<'_>) -> std::io::Result<Flow> {
        let _ = self.0.recv();
        Ok(Flow::Continue)
    }
}

#[test]
fn one_who_only_sends_does_not_fill_the_memory_of_a_recording_that_is_stuck() {
    let (let_go, stuck) = std::sync::mpsc::channel();
    let (tap, viewer) =
        sockeye_tap::start(vec![Box::new(Stuck(stuck))], Policy::Lossless, None).unwrap();
    in_loop(async {
        let hole = Socket::new(Family::Inet, Type::Datagram).unwrap();
        let hole = hole.bind(("127.0.0.1", 0)).unwrap();
        let sender = AsyncSocket::new(Family::Inet, Type::Datagram, &tap).unwrap();
        let mut sent = 0;
        let flood = async {
            while sent < 1000 {
                sender.send_to(&[7; 60_000], &hole).await.unwrap();
                sent += 1;
            }
        };
        let flooded = tokio::time::timeout(Duration::from_millis(500), flood).await;
        assert!(flooded.is_err(), "60 MB were kept for a view");
        assert!(sent < 200, "{sent}");
    });
    drop(let_go);
    viewer.finish(Tally::default(), None).unwrap();
}
