//! The simple services as their clients meet them, over every kind of socket.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "a skip says why")]

mod scene;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use scene::{PATIENCE, Running, scratch};
use sockeye_net::{Family, Received, Socket, SocketAddress, Type};
use sockeye_serve::Service;

fn tcp(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn udp(at: SocketAddr) -> UdpSocket {
    let any: SocketAddr = if at.is_ipv4() {
        "127.0.0.1:0".parse().unwrap()
    } else {
        "[::1]:0".parse().unwrap()
    };
    let socket = UdpSocket::bind(any).unwrap();
    socket.connect(at).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Sends a datagram and gives the answer.
fn asked(socket: &UdpSocket, message: &[u8]) -> Vec<u8> {
    socket.send(message).unwrap();
    let mut answer = vec![0; 70_000];
    let len = socket.recv(&mut answer).unwrap();
    answer.truncate(len);
    answer
}

fn all_of(mut stream: impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}

#[test]
fn echo_returns_everything_after_a_half_close_over_both_families() {
    let server = Running::start(Service::Echo, "tcp://:0");
    assert_eq!(server.at.len(), 2);
    for at in server.inet() {
        let mut stream = tcp(at);
        stream.write_all(b"first\n").unwrap();
        stream.write_all(&[0, 255, 13, 10]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(all_of(stream), b"first\n\x00\xff\r\n", "{at}");
    }
    let served = server.stop();
    assert_eq!(served.conversations.conversations, 2);
    assert_eq!(
        (served.totals.bytes_received, served.totals.bytes_sent),
        (20, 20)
    );
    assert_eq!(served.conversations.failed, 0);
}

#[test]
fn a_hundred_megabytes_come_back_exact_through_small_buffers() {
    const LEN: u64 = 100 << 20;
    let server = Running::start(Service::Echo, "tcp://127.0.0.1:0#sndbuf=16384,rcvbuf=16384");
    let mut out = tcp(server.inet()[0]);
    let mut back = out.try_clone().unwrap();
    let byte = |at: u64| (at ^ at >> 8 ^ at >> 16) as u8;
    let writer = std::thread::spawn(move || {
        let mut chunk = vec![0; 64 << 10];
        let mut at = 0;
        while at < LEN {
            for slot in &mut chunk {
                *slot = byte(at);
                at += 1;
            }
            out.write_all(&chunk).unwrap();
        }
        out.shutdown(Shutdown::Write).unwrap();
    });
    let mut chunk = vec![0; 64 << 10];
    let mut at = 0;
    loop {
        let len = back.read(&mut chunk).unwrap();
        if len == 0 {
            break;
        }
        for got in &chunk[..len] {
            assert_eq!(*got, byte(at), "at {at}");
            at += 1;
        }
    }
    writer.join().unwrap();
    assert_eq!(at, LEN);
    assert_eq!(server.stop().totals.bytes_sent, LEN);
}

#[test]
fn a_client_that_never_reads_delays_nobody_and_holds_no_more_than_the_kernel_takes() {
    let server = Running::start(Service::Echo, "tcp://127.0.0.1:0");
    let at = server.inet()[0];
    let mut stuck = tcp(at);
    stuck.set_nonblocking(true).unwrap();
    let chunk = [7; 64 << 10];
    let mut written: u64 = 0;
    // Until its echo has filled every buffer on the way and nothing moves any more.
    let mut quiet = 0;
    while quiet < 20 {
        match stuck.write(&chunk) {
            Ok(len) => (written, quiet) = (written + len as u64, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                quiet += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => panic!("{error}"),
        }
    }
    for _ in 0..100 {
        let mut other = tcp(at);
        other.write_all(b"x").unwrap();
        other.read_exact(&mut [0]).unwrap();
    }
    // It reads at last, and has everything.
    stuck.set_nonblocking(false).unwrap();
    stuck.shutdown(Shutdown::Write).unwrap();
    assert_eq!(all_of(stuck).len() as u64, written);
    server.stop();
}

#[test]
fn a_client_that_resets_is_one_failed_conversation_and_no_more() {
    let server = Running::start(Service::Echo, "tcp://127.0.0.1:0");
    let at = server.inet()[0];
    let mut stream = tcp(at);
    stream.write_all(b"unread").unwrap();
    stream.peek(&mut [0]).unwrap();
    // What came back is unread, so this close resets.
    drop(stream);
    let mut other = tcp(at);
    other.write_all(b"x").unwrap();
    other.read_exact(&mut [0]).unwrap();
    drop(other);
    let served = server.stop();
    assert_eq!(
        (
            served.conversations.conversations,
            served.conversations.failed
        ),
        (2, 1)
    );
}

#[test]
fn discard_answers_nothing_and_ends_when_its_client_does() {
    let server = Running::start(Service::Discard, "tcp://:0");
    for at in server.inet() {
        let mut stream = tcp(at);
        stream.write_all(&vec![1; 1 << 20]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(all_of(stream), b"");
    }
    let served = server.stop();
    assert_eq!(
        (served.totals.bytes_received, served.totals.bytes_sent),
        (2 << 20, 0)
    );
}

#[test]
fn daytime_says_one_line_and_ends_even_if_the_client_has_sent_something() {
    let server = Running::start(Service::Daytime, "tcp://:0");
    for at in server.inet() {
        let mut stream = tcp(at);
        stream.write_all(&[1; 10_000]).unwrap();
        // Closing with bytes unread would reset, and the line could be lost.
        let mut line = String::new();
        stream.read_to_string(&mut line).unwrap();
        assert_daytime(&line);
    }
    server.stop();
}

fn assert_daytime(line: &str) {
    let words: Vec<&str> = line.strip_suffix(" UTC\r\n").unwrap().split(' ').collect();
    let [weekday, month, day, year, clock] = words[..] else {
        panic!("{line}")
    };
    assert!(weekday.ends_with("day,") && month.is_ascii(), "{line}");
    assert!(
        (1..=31).contains(&day.strip_suffix(',').unwrap().parse::<u8>().unwrap()),
        "{line}"
    );
    assert!(year.parse::<u16>().unwrap() >= 2026, "{line}");
    // The same clock as `date -u` has, to within a minute that may have passed.
    let minute = |text: &str| {
        let parts: Vec<i64> = text.split(':').map(|part| part.parse().unwrap()).collect();
        parts[0] * 60 + parts[1]
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64
        / 60
        % 1440;
    let apart = (now - minute(clock)).rem_euclid(1440);
    assert!(apart <= 1 || apart >= 1439, "{line}");
}

/// Seconds since 1970 of the 4 bytes of RFC 868.
fn unix_seconds(bytes: &[u8]) -> i64 {
    i64::from(u32::from_be_bytes(bytes.try_into().unwrap())) - 2_208_988_800
}

fn assert_now(bytes: &[u8]) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64;
    assert!((now - unix_seconds(bytes)).abs() <= 2, "{bytes:?}");
}

#[test]
fn time_is_now_over_both_families() {
    let server = Running::start(Service::Time, "tcp://:0");
    for at in server.inet() {
        assert_now(&all_of(tcp(at)));
    }
    server.stop();
}

#[test]
fn chargen_is_the_pattern_of_the_rfc_without_end_also_after_a_half_close() {
    let server = Running::start(Service::Chargen, "tcp://127.0.0.1:0");
    let stream = tcp(server.inet()[0]);
    stream.shutdown(Shutdown::Write).unwrap();
    let mut text = vec![0; 2_000_000];
    (&stream).read_exact(&mut text).unwrap();
    let ring: Vec<u8> = (32..127).collect();
    for (number, line) in text.chunks_exact(74).enumerate() {
        let expected: Vec<u8> = (0..72).map(|at| ring[(number + at) % 95]).collect();
        assert_eq!(&line[..72], expected, "line {number}");
        assert_eq!(&line[72..], b"\r\n");
    }
    drop(stream);
    let served = server.stop();
    assert!(served.totals.bytes_sent >= 2_000_000);
    assert_eq!(
        (served.conversations.failed, served.conversations.cut),
        (0, 0)
    );
}

#[test]
fn chargen_throws_away_what_it_gets_and_stops_when_the_server_does() {
    let server = Running::start(Service::Chargen, "tcp://127.0.0.1:0");
    let stream = tcp(server.inet()[0]);
    let reader = stream.try_clone().unwrap();
    let reading = std::thread::spawn(move || all_of(reader).len());
    // More than every buffer on the way holds.
    (&stream).write_all(&vec![3; 32 << 20]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let served = server.stop();
    assert_eq!(reading.join().unwrap() as u64, served.totals.bytes_sent);
    assert_eq!(served.totals.bytes_received, 32 << 20);
    assert_eq!(served.conversations.cut, 0);
}

#[test]
fn every_service_answers_a_datagram_over_both_families() {
    for service in Service::ALL {
        let server = Running::start(service, "udp://:0");
        assert_eq!(server.at.len(), 2);
        for at in server.inet() {
            let socket = udp(at);
            match service {
                Service::Echo => {
                    for message in [&b"hola"[..], b"", &[9; 65_507]] {
                        assert_eq!(asked(&socket, message), message);
                    }
                }
                Service::Discard => {
                    socket.send(b"x").unwrap();
                    // The next datagram that this thread could get is its own: nothing was before it.
                    let probe = udp(at);
                    probe.send(b"y").unwrap();
                    socket.set_nonblocking(true).unwrap();
                    let error = socket.recv(&mut [0]).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                }
                Service::Daytime => {
                    assert_daytime(std::str::from_utf8(&asked(&socket, b"")).unwrap());
                    assert_daytime(std::str::from_utf8(&asked(&socket, b"ignored")).unwrap());
                }
                Service::Chargen => {
                    let lengths: Vec<usize> = (0..200).map(|_| asked(&socket, b"").len()).collect();
                    assert!(lengths.iter().all(|len| *len <= 512));
                    assert!(lengths.iter().any(|len| *len != lengths[0]), "{lengths:?}");
                }
                Service::Time => assert_now(&asked(&socket, b"")),
            }
        }
        let served = server.stop();
        assert!(served.totals.receives >= 2, "{service:?}");
        assert_eq!(served.dropped.total(), 0, "{service:?}");
    }
}

#[test]
fn a_wildcard_udp_service_answers_from_the_address_that_was_asked() {
    let server = Running::start(Service::Echo, "udp://any:0");
    let port = server.inet()[0].port();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let asked = SocketAddr::from(([127, 0, 0, 2], port));
    socket.send_to(b"x", asked).unwrap();
    assert_eq!(socket.recv_from(&mut [0]).unwrap().1, asked);
    server.stop();
}

#[test]
fn a_client_that_left_before_its_answer_stops_nothing() {
    let server = Running::start(Service::Echo, "udp://127.0.0.1:0");
    let at = server.inet()[0];
    for _ in 0..50 {
        // Closed at once: the answer meets "port unreachable", which comes back to the server.
        udp(at).send(b"x").unwrap();
        assert_eq!(asked(&udp(at), b"y"), b"y");
    }
    let served = server.stop();
    assert_eq!(served.totals.receives, 100);
    assert!(served.dropped.refused > 0, "{:?}", served.dropped);
    assert!(served.failed.is_none());
}

#[test]
fn a_datagram_from_a_port_that_answers_by_itself_is_never_answered_and_counted() {
    let server = Running::start(Service::Echo, "udp://127.0.0.1:0");
    let at = server.inet()[0];
    // Ports below 1024 need a right; the tool's own need none. Addresses that nobody else here uses.
    let mut ports = vec![7007, 7009, 7013, 7019, 7037, at.port()];
    for well_known in [7, 9, 13, 19, 37] {
        match UdpSocket::bind((Ipv4Addr::new(127, 77, 7, 7), well_known)) {
            Ok(_) => ports.push(well_known),
            Err(error) => scene::skipped(&format!("bind to port {well_known}: {error}")),
        }
    }
    for port in &ports {
        let socket = UdpSocket::bind((Ipv4Addr::new(127, 77, 7, 7), *port)).unwrap();
        socket.send_to(b"x", at).unwrap();
        // A second one, from a port that is answered, says that the first was seen.
        let other = UdpSocket::bind("127.77.7.7:0").unwrap();
        other.set_read_timeout(Some(PATIENCE)).unwrap();
        other.send_to(b"y", at).unwrap();
        other.recv(&mut [0]).unwrap();
        socket.set_nonblocking(true).unwrap();
        let error = socket.recv(&mut [0]).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::WouldBlock,
            "port {port} was answered"
        );
    }
    let served = server.stop();
    assert_eq!(served.dropped.would_loop, ports.len() as u64);
    assert_eq!(served.totals.sends, ports.len() as u64);
}

#[test]
fn services_speak_over_unix_sockets_too() {
    let directory = scratch("unix");
    let path = directory.join("stream");
    let server = Running::start(Service::Echo, &format!("unix:{}", path.display()));
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"hola").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(all_of(stream), b"hola");
    server.stop();
    assert!(!path.exists(), "it removes its own path");

    let path = directory.join("datagrams");
    let server = Running::start(Service::Echo, &format!("unix-dgram:{}", path.display()));
    let socket = UnixDatagram::bind(directory.join("client")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(&path).unwrap();
    for message in [&b""[..], b"x", &vec![5; 100_000]] {
        socket.send(message).unwrap();
        let mut answer = vec![0; 200_000];
        let len = socket.recv(&mut answer).unwrap();
        assert_eq!(&answer[..len], message);
    }
    let served = server.stop();
    assert_eq!((served.totals.receives, served.totals.sends), (3, 3));
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_packet_goes_back_whole_and_an_empty_one_is_no_end() {
    let directory = scratch("seqpacket");
    let path = directory.join("s");
    let server = Running::start(Service::Echo, &format!("unix-seqpacket:{}", path.display()));
    let socket = Socket::new(Family::Unix, Type::SeqPacket).unwrap();
    socket.set_timeout(Some(PATIENCE));
    socket
        .connect(SocketAddress::UnixPath(path.as_path().into()))
        .unwrap();
    let mut buffer = vec![0; 200_000];
    for message in [&b""[..], b"one", b"", &vec![8; 150_000], b"two"] {
        socket.send(message).unwrap();
        let received = socket.receive(&mut buffer).unwrap();
        let expected = Received::Data {
            len: message.len(),
            truncated_from: None,
        };
        assert_eq!(received, expected);
        assert_eq!(&buffer[..message.len()], message);
    }
    drop(socket);
    assert_eq!(server.stop().conversations.failed, 0);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn one_timer_ends_those_that_are_idle_and_not_those_that_talk() {
    let limit = Duration::from_secs(1);
    for service in [Service::Echo, Service::Discard] {
        let server = Running::start_with(service, "tcp://127.0.0.1:0", 100, Some(limit));
        let at = server.inet()[0];
        let mut idle = tcp(at);
        idle.write_all(b"x").unwrap();
        let mut busy = tcp(at);
        let talking = std::thread::spawn(move || {
            // Well beyond the limit in all, well within it each time.
            for _ in 0..30 {
                busy.write_all(b"x")?;
                std::thread::sleep(Duration::from_millis(50));
            }
            busy.write_all(b"x")
        });
        let began = std::time::Instant::now();
        let mut said = Vec::new();
        idle.read_to_end(&mut said).unwrap();
        let lasted = began.elapsed();
        assert!(lasted >= limit - Duration::from_millis(50), "{lasted:?}");
        talking.join().unwrap().unwrap();
        assert_eq!(server.stop().idle, 1);
    }
}

#[test]
fn one_at_a_time_makes_the_second_wait_for_the_first() {
    let server = Running::start_with(Service::Echo, "tcp://127.0.0.1:0", 1, None);
    let at = server.inet()[0];
    let mut first = tcp(at);
    first.write_all(b"x").unwrap();
    first.read_exact(&mut [0]).unwrap();
    let mut second = tcp(at);
    second.write_all(b"y").unwrap();
    second
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    assert_eq!(
        second.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    drop(first);
    second.set_read_timeout(Some(PATIENCE)).unwrap();
    second.read_exact(&mut [0]).unwrap();
    drop(second);
    server.stop();
}

#[test]
fn every_call_of_a_service_is_an_event() {
    let (served, events) = scene::recorded(Service::Echo, |at| {
        let mut stream = tcp(at);
        stream.write_all(b"hola").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(all_of(stream), b"hola");
    });
    assert_eq!(served.conversations.conversations, 1);
    let of_conversation: Vec<&str> = events
        .iter()
        .filter(|(socket, _)| *socket == 2)
        .map(|(_, event)| event.as_str())
        .collect();
    let without_waits: Vec<&str> = of_conversation
        .into_iter()
        .filter(|event| *event != "waiting")
        .collect();
    assert_eq!(
        without_waits,
        [
            "accepted",
            "received 4",
            "sent 4",
            "half-closed",
            "sampled",
            "closed"
        ]
    );
    assert!(events.contains(&(1, "waiting".to_owned())), "{events:?}");
}
