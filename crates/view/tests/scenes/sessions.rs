//! Sessions as they happen: clients, servers, both ends, failures.

use super::*;

/// A client of an echo server: answers, two sends that come back as one, the end.
pub(crate) fn tcp_client() -> Scene {
    let mut scene = Scene::default();
    scene.at(
        100,
        0,
        Kind::Resolved {
            name: "localhost".into(),
            addresses: Cow::Owned(vec!["127.0.0.1".parse().unwrap()]),
            source: Source::HostsFile,
        },
    );
    scene.created(200, 1, Family::Inet, Type::Stream);
    scene.connecting(1_000, 1, "127.0.0.1:7000");
    scene.connected(1_050, 1, "127.0.0.1:51546", "127.0.0.1:7000", 50);
    scene.at(
        1_200,
        1,
        Kind::Noted(Note::PeerProcess(ProcessName {
            pid: 4121,
            name: "echo.py".into(),
        })),
    );
    scene.waiting(1_300, 1, Call::Recv);
    scene.sent(2_310_000, 1, b"hola\n");
    scene.received(2_310_110, 1, b"hola\n");
    scene.waiting(2_310_200, 1, Call::Recv);
    scene.sent(4_702_000, 1, b"uno\n");
    scene.sent(4_702_100, 1, b"dos\n");
    scene.received(4_703_000, 1, b"uno\ndos\n");
    scene.half_closed(7_000_000, 1, End::Ours);
    scene.half_closed(7_000_200, 1, End::Peer);
    scene.at(7_000_900, 1, sample());
    scene.closed(7_001_000, 1, 13, 13, Some(End::Ours));
    scene.tally((3, 13), (2, 13), 1, 0);
    scene
}

/// A server with two clients, one after the other, each served by a socket of its own.
pub(crate) fn tcp_server() -> Scene {
    let mut scene = Scene::default();
    scene.created(100, 1, Family::Inet, Type::Stream);
    scene.at(
        150,
        1,
        Kind::Configured {
            option: "SO_REUSEADDR".into(),
            value: "1".into(),
        },
    );
    scene.bound(200, 1, "0.0.0.0:5000");
    scene.listening(300, 1, "0.0.0.0:5000");
    scene.waiting(400, 1, Call::Accept);
    scene.accepted(890_400, 1, 2, "127.0.0.1:5000", "127.0.0.1:44888");
    scene.waiting(890_500, 1, Call::Accept);
    scene.received(890_900, 2, b"hola");
    scene.sent(891_000, 2, b"HOLA");
    scene.accepted(1_017_500, 1, 3, "127.0.0.1:5000", "127.0.0.1:44890");
    scene.received(1_018_000, 3, b"otra");
    scene.half_closed(1_018_100, 2, End::Peer);
    scene.closed(1_018_200, 2, 4, 4, Some(End::Peer));
    scene.closed(1_018_300, 3, 0, 4, Some(End::Ours));
    scene.closed(1_020_000, 1, 0, 0, None);
    scene.tally((1, 4), (2, 8), 2, 0);
    scene
}

/// Both ends in one session: the server, and a client that speaks first, sends twice and half-closes.
pub(crate) fn tcp_both() -> Scene {
    let mut scene = Scene::default();
    scene.created(100, 1, Family::Inet, Type::Stream);
    scene.bound(150, 1, "127.0.0.1:7007");
    scene.listening(200, 1, "127.0.0.1:7007");
    scene.waiting(260, 1, Call::Accept);
    scene.created(400, 2, Family::Inet, Type::Stream);
    scene.connecting(450, 2, "127.0.0.1:7007");
    scene.connected(500, 2, "127.0.0.1:51546", "127.0.0.1:7007", 50);
    scene.accepted(520, 1, 3, "127.0.0.1:7007", "127.0.0.1:51546");
    scene.waiting(560, 3, Call::Recv);
    scene.sent(700, 2, b"hola\n");
    // Two threads: the receive is told before the send that caused it.
    scene.received(820, 3, b"hola\n");
    scene.sent(860, 3, b"hola\n");
    scene.received(900, 2, b"hola\n");
    scene.sent(1_500, 2, b"uno\n");
    scene.sent(1_540, 2, b"dos\n");
    scene.received(1_600, 3, b"uno\ndos\n");
    scene.sent(1_660, 3, b"uno\ndos\n");
    scene.received(1_700, 2, b"uno\ndos\n");
    scene.half_closed(2_000, 2, End::Ours);
    scene.half_closed(2_050, 3, End::Peer);
    scene.sent(2_100, 3, b"adios\n");
    scene.received(2_140, 2, b"adios\n");
    scene.closed(2_200, 3, 19, 13, Some(End::Peer));
    scene.half_closed(2_230, 2, End::Peer);
    scene.closed(2_300, 2, 13, 19, Some(End::Ours));
    scene.closed(2_400, 1, 0, 0, None);
    scene.tally((6, 32), (5, 32), 1, 0);
    scene
}

/// One UDP socket that answers two peers; one has gone when the last answer is sent.
pub(crate) fn udp_server() -> Scene {
    let mut scene = Scene::default();
    scene.created(0, 1, Family::Inet, Type::Datagram);
    scene.bound(100, 1, "0.0.0.0:5005");
    scene.waiting(200, 1, Call::RecvFrom);
    scene.received_from(3_120_000, 1, b"hola A\n", "192.168.1.34:40211");
    scene.sent_to(3_120_100, 1, b"HOLA A\n", "192.168.1.34:40211");
    scene.received_from(3_455_000, 1, b"hola B\n", "192.168.1.77:53312");
    scene.sent_to(3_455_100, 1, b"HOLA B\n", "192.168.1.77:53312");
    scene.at(
        9_001_000,
        1,
        Kind::Received {
            call: Call::RecvFrom,
            payload: bytes(&[b'x'; 1024], Unit::Message),
            room: 1024,
            truncated_from: Some(1800),
            peer: Some(address("192.168.1.34:40211")),
        },
    );
    scene.received_from(9_500_000, 1, b"", "192.168.1.34:40211");
    scene.received_from(12_300_000, 1, b"adios\n", "192.168.1.77:53312");
    scene.sent_to(12_301_000, 1, b"ADIOS\n", "192.168.1.77:53312");
    scene.failed(
        12_302_000,
        1,
        Call::RecvFrom,
        Errno::ECONNREFUSED,
        Some("192.168.1.77:53312"),
    );
    scene.closed(13_000_000, 1, 20, 1044, None);
    scene.tally((3, 20), (5, 1044), 2, 0);
    scene
}

/// One UDP server and two clients, all of one session; the clients never bind.
pub(crate) fn udp_both() -> Scene {
    let mut scene = Scene::default();
    scene.created(0, 1, Family::Inet, Type::Datagram);
    scene.bound(50, 1, "127.0.0.1:5005");
    scene.waiting(100, 1, Call::RecvFrom);
    scene.created(200, 2, Family::Inet, Type::Datagram);
    scene.sent_to(260, 2, b"hola, soy A\n", "127.0.0.1:5005");
    scene.received_from(300, 1, b"hola, soy A\n", "127.0.0.1:40211");
    scene.sent_to(340, 1, b"HOLA, SOY A\n", "127.0.0.1:40211");
    scene.received_from(380, 2, b"HOLA, SOY A\n", "127.0.0.1:5005");
    scene.created(400, 3, Family::Inet, Type::Datagram);
    scene.sent_to(460, 3, b"y yo B\n", "127.0.0.1:5005");
    scene.received_from(500, 1, b"y yo B\n", "127.0.0.1:53312");
    scene.sent_to(540, 1, b"Y YO B\n", "127.0.0.1:53312");
    scene.received_from(580, 3, b"Y YO B\n", "127.0.0.1:5005");
    scene.closed(600, 2, 12, 12, None);
    scene.closed(610, 3, 7, 7, None);
    scene.closed(620, 1, 19, 19, None);
    scene.tally((4, 38), (4, 38), 2, 0);
    scene
}

/// Nobody listens, and something does nearby.
pub(crate) fn refused() -> Scene {
    let mut scene = Scene::default();
    scene.created(100, 1, Family::Inet, Type::Stream);
    scene.connecting(200, 1, "127.0.0.1:9");
    scene.failed(
        260,
        1,
        Call::Connect,
        Errno::ECONNREFUSED,
        Some("127.0.0.1:9"),
    );
    scene.at(
        300,
        1,
        Kind::Noted(Note::Nearby {
            protocol: "tcp".into(),
            address: address("127.0.0.1:7009"),
        }),
    );
    scene.closed(400, 1, 0, 0, None);
    scene.tally((0, 0), (0, 0), 0, 1);
    scene
}

/// The peer throws the connection away after seven bytes.
pub(crate) fn reset() -> Scene {
    let mut scene = Scene::default();
    scene.created(100, 1, Family::Inet, Type::Stream);
    scene.connecting(200, 1, "127.0.0.1:7000");
    scene.connected(250, 1, "127.0.0.1:51546", "127.0.0.1:7000", 50);
    scene.sent(300, 1, b"GET /\n");
    scene.received(400, 1, b"seven B");
    scene.failed(
        500,
        1,
        Call::Recv,
        Errno::ECONNRESET,
        Some("127.0.0.1:7000"),
    );
    scene.closed(600, 1, 6, 7, None);
    scene.tally((1, 6), (1, 7), 1, 1);
    scene
}

/// A reader that is slow: send waits, takes a part, waits again.
pub(crate) fn slow_reader() -> Scene {
    let mut scene = Scene::default();
    scene.created(100, 1, Family::Inet, Type::Stream);
    scene.connecting(200, 1, "127.0.0.1:7000");
    scene.connected(250, 1, "127.0.0.1:51546", "127.0.0.1:7000", 50);
    for piece in 0..8u64 {
        scene.at(
            1_000 + piece * 20,
            1,
            Kind::Sent {
                buffer: None,
                call: Call::Send,
                asked: 65_536,
                payload: Payload::Unseen {
                    len: 65_536,
                    unit: Unit::Bytes,
                },
                peer: None,
            },
        );
    }
    scene.waiting(2_000, 1, Call::Send);
    scene.at(
        3_402_000,
        1,
        Kind::Sent {
            buffer: None,
            call: Call::Send,
            asked: 20_000_000,
            payload: Payload::Unseen {
                len: 3_919_467,
                unit: Unit::Bytes,
            },
            peer: None,
        },
    );
    scene.waiting(3_403_000, 1, Call::Send);
    scene.at(
        4_000_000,
        1,
        Kind::Sent {
            buffer: None,
            call: Call::Send,
            asked: 1_000,
            payload: Payload::Unseen {
                len: 1_000,
                unit: Unit::Bytes,
            },
            peer: None,
        },
    );
    scene.closed(4_100_000, 1, 4_444_755, 0, None);
    scene.tally((10, 4_444_755), (0, 0), 1, 0);
    scene
}

/// A UNIX stream, both ends in one session.
pub(crate) fn unix_both() -> Scene {
    let mut scene = Scene::default();
    scene.created(0, 1, Family::Unix, Type::Stream);
    scene.bound(10, 1, "/run/app.sock");
    scene.listening(20, 1, "/run/app.sock");
    scene.created(30, 2, Family::Unix, Type::Stream);
    scene.connecting(40, 2, "/run/app.sock");
    scene.connected(50, 2, "(unnamed)", "/run/app.sock", 8);
    scene.accepted(60, 1, 3, "/run/app.sock", "(unnamed)");
    scene.sent(70, 2, b"hola");
    scene.received(80, 3, b"hola");
    scene.half_closed(90, 2, End::Ours);
    scene.half_closed(95, 3, End::Peer);
    scene.closed(100, 2, 4, 0, Some(End::Ours));
    scene.closed(110, 3, 0, 4, Some(End::Peer));
    scene.closed(120, 1, 0, 0, None);
    scene.tally((1, 4), (1, 4), 1, 0);
    scene
}

/// The client says that it has finished; the server answers a second later.
pub(crate) fn late_reply() -> Scene {
    let mut scene = Scene::default();
    scene.created(100, 1, Family::Inet6, Type::Stream);
    scene.connecting(200, 1, "[::1]:7000");
    scene.connected(250, 1, "[::1]:51546", "[::1]:7000", 50);
    scene.sent(300, 1, b"pregunta");
    scene.half_closed(400, 1, End::Ours);
    scene.waiting(500, 1, Call::Recv);
    scene.received(1_500_300, 1, b"respuesta");
    scene.half_closed(1_500_400, 1, End::Peer);
    scene.closed(1_500_500, 1, 8, 9, Some(End::Ours));
    scene.tally((1, 8), (1, 9), 1, 0);
    scene
}

/// A name with many addresses; the first refuses, the second answers.
pub(crate) fn several_addresses() -> Scene {
    let mut scene = Scene::default();
    scene
        .at(
            20_000,
            0,
            Kind::Resolved {
                name: "example.org".into(),
                addresses: Cow::Owned(
                    [
                        "2001:db8::1",
                        "192.0.2.1",
                        "192.0.2.2",
                        "192.0.2.3",
                        "192.0.2.4",
                        "192.0.2.5",
                    ]
                    .map(|text| text.parse().unwrap())
                    .to_vec(),
                ),
                source: Source::System,
            },
        )
        .took = Some(Duration::from_millis(20));
    scene.created(20_100, 1, Family::Inet6, Type::Stream);
    scene.connecting(20_200, 1, "[2001:db8::1]:80");
    scene.failed(
        20_300,
        1,
        Call::Connect,
        Errno::ENETUNREACH,
        Some("[2001:db8::1]:80"),
    );
    scene.created(20_400, 2, Family::Inet, Type::Stream);
    scene.connecting(20_500, 2, "192.0.2.1:80");
    scene.connected(420_500, 2, "192.0.2.9:40000", "192.0.2.1:80", 400_000);
    scene.tally((0, 0), (0, 0), 1, 0);
    scene
}

/// A UDP client that connects its socket, gets an answer, then asks a port that nobody has open.
pub(crate) fn udp_client() -> Scene {
    let mut scene = Scene::default();
    scene.created(100, 1, Family::Inet, Type::Datagram);
    scene.connecting(200, 1, "127.0.0.1:7007");
    scene.connected(210, 1, "127.0.0.1:40000", "127.0.0.1:7007", 10);
    let message = |data: &'static [u8], out: bool| {
        let payload = bytes(data, Unit::Message);
        let len = data.len() as u64;
        if out {
            Kind::Sent {
                buffer: None,
                call: Call::Send,
                payload,
                asked: len,
                peer: None,
            }
        } else {
            Kind::Received {
                call: Call::Recv,
                payload,
                room: 65_536,
                truncated_from: None,
                peer: None,
            }
        }
    };
    scene.at(300, 1, message(b"hola\n", true));
    scene.waiting(310, 1, Call::Recv);
    scene.at(420, 1, message(b"HOLA\n", false));
    scene.at(500, 1, message(b"", true));
    scene.waiting(510, 1, Call::Recv);
    scene.failed(
        2_000_000,
        1,
        Call::Recv,
        Errno::ECONNREFUSED,
        Some("127.0.0.1:7007"),
    );
    scene.half_closed(2_000_100, 1, End::Ours);
    scene.closed(2_000_200, 1, 5, 5, None);
    scene.tally((2, 5), (1, 5), 1, 1);
    scene
}

fn upgraded(
    scene: &mut Scene,
    at: u64,
    socket: u32,
    took: u64,
    protocol: &'static str,
    details: &[(&'static str, &'static str)],
) {
    let details = details
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    let protocol = protocol.into();
    scene
        .at(at, socket, Kind::Upgraded { protocol, details })
        .took = Some(Duration::from_micros(took));
}

/// A call that a layer made for itself.
pub(crate) fn beneath(scene: &mut Scene, at: u64, socket: u32, call: Call, bytes: i64) {
    let result = Ok(bytes);
    scene.at(at, socket, Kind::Called { call, result });
}

/// Both ends of a conversation over TLS, then WebSocket above it.
pub(crate) fn tls_both() -> Scene {
    let mut scene = Scene::default();
    scene.created(100, 1, Family::Inet, Type::Stream);
    scene.bound(200, 1, "127.0.0.1:7443");
    scene.listening(300, 1, "127.0.0.1:7443");
    scene.created(400, 2, Family::Inet, Type::Stream);
    scene.connecting(500, 2, "127.0.0.1:7443");
    scene.connected(560, 2, "127.0.0.1:51546", "127.0.0.1:7443", 60);
    scene.accepted(600, 1, 3, "127.0.0.1:7443", "127.0.0.1:51546");
    beneath(&mut scene, 700, 2, Call::Send, 1_532);
    beneath(&mut scene, 800, 3, Call::Recv, 1_532);
    beneath(&mut scene, 1_700, 3, Call::Send, 2_311);
    beneath(&mut scene, 1_800, 2, Call::Recv, 2_311);
    let agreed = [
        ("suite", "TLS13_AES_256_GCM_SHA384"),
        ("group", "X25519MLKEM768"),
        ("alpn", "http/1.1"),
        ("name", "localhost"),
        ("chain", "CN=localhost < CN=Own CA"),
        ("days left", "89"),
        ("resumed", "no"),
    ];
    upgraded(&mut scene, 2_400, 2, 1_840, "TLS 1.3", &agreed);
    upgraded(&mut scene, 2_500, 3, 1_900, "TLS 1.3", &agreed[..4]);
    let asked = [("path", "/chat"), ("extensions", "permessage-deflate")];
    upgraded(&mut scene, 3_000, 2, 600, "WebSocket", &asked);
    upgraded(&mut scene, 3_050, 3, 550, "WebSocket", &asked);
    beneath(&mut scene, 4_000, 2, Call::Send, 31);
    scene.sent(4_001, 2, b"hola");
    beneath(&mut scene, 4_100, 3, Call::Recv, 31);
    scene.received(4_101, 3, b"hola");
    scene.half_closed(5_000, 2, End::Ours);
    scene.half_closed(5_100, 3, End::Peer);
    scene.closed(6_000, 2, 4, 0, Some(End::Ours));
    scene.closed(6_100, 3, 0, 4, Some(End::Peer));
    scene.tally.conversations = 1;
    scene
}
