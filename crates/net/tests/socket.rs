//! Both forms of the socket against each other: the calls, their events, and what the kernel does.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockeye_model::{Call, End, Errno, Event, Flow, Kind, Sink, SocketAddress, Tally, Wants};
use sockeye_net::{AsyncSocket, Family, Lent, Protocol, Received, Shutdown, Socket, Tap, Type};
use sockeye_tap::{Policy, Viewer};

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

impl Kept {
    fn start() -> (Self, Tap, Viewer) {
        let kept = Self::default();
        let (tap, viewer) =
            sockeye_tap::start(vec![Box::new(kept.clone())], Policy::Lossless, None).unwrap();
        (kept, tap, viewer)
    }

    /// One word an event, in order, of the socket with that number.
    fn story(&self, socket: u32) -> String {
        let events = self.0.lock().unwrap();
        let words: Vec<_> = events
            .iter()
            .filter(|event| event.socket.0 == socket)
            .map(|event| word(&event.kind))
            .collect();
        words.join(" ")
    }
}

fn word(kind: &Kind<'_>) -> String {
    match kind {
        Kind::Created { .. } => "socket".into(),
        Kind::Bound { .. } => "bind".into(),
        Kind::Listening { .. } => "listen".into(),
        Kind::Connecting { .. } => "connecting".into(),
        Kind::Connected { .. } => "connected".into(),
        Kind::Accepted { .. } => "accepted".into(),
        Kind::Waiting { call } => format!("waiting({call})"),
        Kind::Sent { payload, .. } => {
            format!("sent({})", String::from_utf8_lossy(payload.data().unwrap()))
        }
        Kind::Received { payload, .. } => {
            format!(
                "received({})",
                String::from_utf8_lossy(payload.data().unwrap())
            )
        }
        Kind::HalfClosed { end: End::Ours } => "shutdown".into(),
        Kind::HalfClosed { end: End::Peer } => "end".into(),
        Kind::Sampled { .. } => "sampled".into(),
        Kind::Closed { totals, .. } => {
            format!("closed({},{})", totals.bytes_sent, totals.bytes_received)
        }
        Kind::Failed { call, errno, .. } => format!("failed({call},{errno})"),
        other => format!("{other:?}"),
    }
}

fn loopback() -> SocketAddress {
    "127.0.0.1:0".parse::<SocketAddr>().unwrap().into()
}

fn tcp(tap: &Tap) -> Socket {
    Socket::with_protocol(Family::Inet, Type::Stream, Protocol::DEFAULT, tap).unwrap()
}

#[test]
fn each_call_is_one_event_in_the_order_of_the_manual() {
    let (kept, tap, viewer) = Kept::start();
    let server = tcp(&tap);
    server.bind(loopback()).unwrap();
    server.listen(1).unwrap();
    let client = tcp(&tap);
    client.connect(server.local_address().unwrap()).unwrap();
    let (conversation, peer) = server.accept().unwrap();
    assert_eq!(peer, client.local_address().unwrap());
    assert_eq!(
        conversation.local_address().unwrap(),
        server.local_address().unwrap()
    );
    client.send_all(b"hola").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut buffer = [0; 64];
    let n = conversation.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..n], b"hola");
    assert_eq!(conversation.recv(&mut buffer).unwrap(), 0);
    conversation.send_all(b"late reply").unwrap();
    conversation.close();
    assert_eq!(
        client.receive(&mut buffer).unwrap(),
        Received::Data {
            len: 10,
            truncated_from: None
        }
    );
    assert_eq!(client.receive(&mut buffer).unwrap(), Received::End);
    client.close();
    server.close();
    viewer.finish(Tally::default(), None).unwrap();
    assert_eq!(kept.story(1), "socket bind listen closed(0,0)");
    let client = "socket connecting connected sent(hola) shutdown received(late reply) end sampled closed(4,10)";
    assert_eq!(kept.story(2), client);
    assert_eq!(
        kept.story(3),
        "accepted received(hola) end sent(late reply) sampled closed(10,4)"
    );
}

#[test]
fn a_call_that_parks_says_so_once() {
    let (kept, tap, viewer) = Kept::start();
    let server = tcp(&tap);
    server.bind(loopback()).unwrap();
    server.listen(1).unwrap();
    server.set_timeout(Some(Duration::from_millis(20)));
    let error = server.accept().unwrap_err();
    assert_eq!(error.errno(), Errno::ETIMEDOUT);
    drop(server);
    viewer.finish(Tally::default(), None).unwrap();
    assert_eq!(
        kept.story(1),
        "socket bind listen waiting(accept) failed(accept,ETIMEDOUT) closed(0,0)"
    );
}

#[test]
fn a_refused_connect_names_the_call_and_the_address() {
    let free = tcp(&Tap::off());
    let address = free.bind(loopback()).unwrap();
    let error = tcp(&Tap::off()).connect(address.clone()).unwrap_err();
    assert_eq!(
        (error.call, error.errno()),
        (Call::Connect, Errno::ECONNREFUSED)
    );
    assert_eq!(
        error.to_string(),
        format!("connect to {address}: Connection refused (os error 111)")
    );
}

#[test]
fn an_empty_packet_is_no_end_and_an_end_is_no_packet() {
    let directory = std::env::temp_dir().join(format!("sockeye-packets-{}", std::process::id()));
    let address = SocketAddress::UnixPath(directory.as_path().into());
    let server = Socket::new(Family::Unix, Type::SeqPacket).unwrap();
    server.bind(address.clone()).unwrap();
    std::fs::exists(&directory).unwrap();
    server.listen(1).unwrap();
    let client = Socket::new(Family::Unix, Type::SeqPacket).unwrap();
    client.connect(address).unwrap();
    std::fs::remove_file(&directory).unwrap();
    let (conversation, _) = server.accept().unwrap();
    client.send(b"").unwrap();
    client.send(b"x").unwrap();
    client.send(b"").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut buffer = [0; 8];
    let lengths: Vec<_> = (0..4)
        .map(|_| conversation.receive(&mut buffer).unwrap())
        .collect();
    let data = |len| Received::Data {
        len,
        truncated_from: None,
    };
    assert_eq!(lengths, [data(0), data(1), data(0), Received::End]);
}

#[test]
fn a_message_that_was_cut_says_how_long_it_was() {
    let server = Socket::new(Family::Inet, Type::Datagram).unwrap();
    let address = server.bind(loopback()).unwrap();
    let client = Socket::new(Family::Inet, Type::Datagram).unwrap();
    client.connect(address).unwrap();
    client.send(&[7; 1800]).unwrap();
    let mut small = [0; 1024];
    assert_eq!(
        server.receive(&mut small).unwrap(),
        Received::Data {
            len: 1024,
            truncated_from: Some(1800)
        }
    );
}

#[test]
fn a_unix_path_longer_than_the_kernel_takes_is_bound_and_found_all_the_same() {
    let directory = std::env::temp_dir().join(format!(
        "sockeye-{}-{}",
        std::process::id(),
        "x".repeat(120)
    ));
    std::fs::create_dir_all(&directory).unwrap();
    let address = SocketAddress::UnixPath(directory.join("s").into());
    let server = Socket::new(Family::Unix, Type::Stream).unwrap();
    assert_eq!(server.bind(address.clone()).unwrap(), address);
    server.listen(1).unwrap();
    Socket::new(Family::Unix, Type::Stream)
        .unwrap()
        .connect(address)
        .unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
}

fn in_loop<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), test)
            .await
            .unwrap()
    });
}

#[test]
fn the_asynchronous_form_tells_the_same_story() {
    let (kept, tap, viewer) = Kept::start();
    in_loop(async {
        let server = tcp(&tap);
        server.bind(loopback()).unwrap();
        server.listen(1).unwrap();
        let server = server.into_async().unwrap();
        let client = AsyncSocket::new(Family::Inet, Type::Stream, &tap).unwrap();
        client
            .connect(&server.local_address().unwrap())
            .await
            .unwrap();
        let (conversation, _) = server.accept().await.unwrap();
        client.send_all(b"hola").await.unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let Lent::Data(lease) = conversation.recv_lease().await.unwrap() else {
            panic!("no data")
        };
        assert_eq!(&*lease, b"hola");
        assert!(matches!(
            conversation.recv_lease().await.unwrap(),
            Lent::End
        ));
        conversation.send_all(b"late reply").await.unwrap();
        drop(conversation);
        let mut buffer = [0; 64];
        assert_eq!(client.recv(&mut buffer).await.unwrap(), 10);
        assert_eq!(client.recv(&mut buffer).await.unwrap(), 0);
    });
    viewer.finish(Tally::default(), None).unwrap();
    let client = "socket connecting connected sent(hola) shutdown received(late reply) end sampled closed(4,10)";
    assert_eq!(kept.story(2), client);
    assert_eq!(
        kept.story(3),
        "accepted received(hola) end sent(late reply) sampled closed(10,4)"
    );
}

#[test]
fn a_slow_reader_is_told_as_a_send_that_waits() {
    let (kept, tap, viewer) = Kept::start();
    in_loop(async {
        let server = tcp(&Tap::off());
        server.bind(loopback()).unwrap();
        server.listen(1).unwrap();
        let client = AsyncSocket::new(Family::Inet, Type::Stream, &tap).unwrap();
        client
            .connect(&server.local_address().unwrap())
            .await
            .unwrap();
        let (conversation, _) = server.accept().unwrap();
        let conversation = conversation.into_async().unwrap();
        let data = vec![1; 32 << 20];
        let reader = async {
            while !kept.story(1).contains("waiting(send)") {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let mut total = 0;
            while let Lent::Data(lease) = conversation.recv_lease().await.unwrap() {
                total += lease.len();
            }
            assert_eq!(total, 32 << 20);
        };
        let writer = async {
            client.send_all(&data).await.unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        };
        tokio::join!(reader, writer);
    });
    viewer.finish(Tally::default(), None).unwrap();
}

#[test]
fn a_udp_client_hears_at_once_that_nobody_has_the_port() {
    in_loop(async {
        // Connected to itself: its port is closed to all others, and nobody else can get it.
        let taken = Socket::new(Family::Inet, Type::Datagram).unwrap();
        let closed = taken.bind(loopback()).unwrap();
        taken.connect(closed.clone()).unwrap();
        let client = AsyncSocket::new(Family::Inet, Type::Datagram, &Tap::off()).unwrap();
        client.connect(&closed).await.unwrap();
        client.send(b"anyone?").await.unwrap();
        let error = client.recv(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.errno(), Errno::ECONNREFUSED);
    });
}

#[test]
fn a_unix_connect_with_a_full_queue_waits_until_there_is_room() {
    in_loop(async {
        let name: Arc<[u8]> = format!("sockeye-full-{}", std::process::id())
            .into_bytes()
            .into();
        let address = SocketAddress::UnixAbstract(name);
        let server = Socket::new(Family::Unix, Type::Stream).unwrap();
        server.bind(address.clone()).unwrap();
        server.listen(0).unwrap();
        let server = server.into_async().unwrap();
        let connect = || async {
            let client = AsyncSocket::new(Family::Unix, Type::Stream, &Tap::off()).unwrap();
            client.connect(&address).await.map(|()| client)
        };
        let _first = connect().await.unwrap();
        let second = tokio::time::timeout(Duration::from_millis(50), connect()).await;
        assert!(
            second.is_err(),
            "the queue was full, and yet a connect succeeded"
        );
        let (accepted, third) = tokio::join!(server.accept(), connect());
        accepted.unwrap();
        third.unwrap();
    });
}

#[test]
fn text_that_is_no_address_is_an_error_of_the_call_and_says_why() {
    let (kept, tap, viewer) = Kept::start();
    let socket = tcp(&tap);
    let error = socket.connect(("localhost", 7)).unwrap_err();
    assert_eq!(error.source.kind(), io::ErrorKind::InvalidInput);
    let text = format!("{error:?}");
    assert!(
        text.starts_with("connect: \"localhost:7\" is no socket address"),
        "{text}"
    );
    assert!(text.ends_with("a name has to be looked up first"), "{text}");
    let bound = socket.bind(("127.0.0.1", 0)).unwrap();
    assert_ne!(bound.port(), Some(0));
    drop(socket);
    viewer.finish(Tally::default(), None).unwrap();
    assert_eq!(
        kept.story(1),
        "socket bind closed(0,0)",
        "nobody asked the kernel"
    );
}
