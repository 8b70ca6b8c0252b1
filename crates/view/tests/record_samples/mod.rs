//! One event of every kind, and more than one where a kind has forms: what the views of this crate are shown.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use sockeye_model::{
    Blind, Call, Caller, Came, DropReason, End, Errno, Event, Family, Kind, Note, Payload, Place,
    ProcessName, Protocol, Queues, Runtime, SocketAddress, SocketId, Source, Syscall, Tally,
    TcpSample, Timestamp, Totals, Type, Unit,
};
use sockeye_view::Header;

pub(crate) fn header() -> Header {
    Header {
        started: 1_700_000_000_000_000_000,
        version: "0.1.0".into(),
        command: ["sockeye", "connect", "localhost:7007"]
            .map(String::from)
            .into(),
    }
}

pub(crate) fn tally() -> Tally {
    Tally {
        lasted: Duration::from_millis(41),
        totals: Totals {
            bytes_sent: 12,
            bytes_received: 9,
            sends: 2,
            receives: 2,
        },
        conversations: 1,
        failed: 0,
        unshown: 0,
    }
}

/// Every kind at least once, a millisecond apart.
pub(crate) fn events() -> Vec<Event<'static>> {
    let mut events = Vec::new();
    let mut at = 0;
    let mut say = |socket: u32, kind: Kind<'static>| {
        at += 1_000_000;
        events.push(Event {
            at: Timestamp::from_nanos(at),
            took: None,
            socket: SocketId(socket),
            parent: None,
            by: None,
            place: None,
            kind,
        });
    };
    say(
        0,
        Kind::Resolved {
            name: "localhost".into(),
            addresses: Cow::Owned(vec!["::1".parse().unwrap(), "127.0.0.1".parse().unwrap()]),
            source: Source::HostsFile,
        },
    );
    say(
        0,
        Kind::Planned {
            plan: "copy: stdio <-> tcp://localhost:7007".into(),
        },
    );
    say(
        1,
        Kind::Created {
            family: Family::Inet,
            kind: Type::Stream,
            protocol: Protocol::DEFAULT,
        },
    );
    say(
        1,
        Kind::Configured {
            option: "TCP_NODELAY".into(),
            value: "1".into(),
        },
    );
    say(
        1,
        Kind::Connecting {
            peer: address("127.0.0.1:7007"),
        },
    );
    say(
        1,
        Kind::Waiting {
            call: Call::Connect,
        },
    );
    say(
        1,
        Kind::Connected {
            local: address("127.0.0.1:40000"),
            peer: address("127.0.0.1:7007"),
        },
    );
    say(
        1,
        Kind::Noted(Note::PeerProcess(ProcessName {
            pid: 4711,
            name: "sockeye".into(),
        })),
    );
    say(
        1,
        Kind::Sent {
            buffer: None,
            call: Call::Send,
            payload: bytes(b"hello\n", Unit::Bytes),
            asked: 6,
            peer: None,
        },
    );
    say(
        1,
        Kind::Received {
            call: Call::Recv,
            payload: bytes(b"\x89PNG\r\n\x1a\n\xff", Unit::Bytes),
            room: 65536,
            truncated_from: None,
            peer: None,
        },
    );
    say(
        1,
        Kind::Sent {
            buffer: None,
            call: Call::Splice,
            payload: Payload::Unseen {
                len: 65536,
                unit: Unit::Bytes,
            },
            asked: 1 << 20,
            peer: None,
        },
    );
    say(
        1,
        Kind::Sampled {
            sample: TcpSample {
                rtt: Duration::from_micros(42),
                rtt_deviation: Duration::from_micros(7),
                retransmitted: 0,
                segments_out: 5,
                segments_in: 4,
                mss: 32741,
                acknowledged: 65543,
                unacknowledged: 0,
                unread: 0,
            },
        },
    );
    say(
        1,
        Kind::Called {
            call: Call::Recv,
            result: Err(Errno::EAGAIN),
        },
    );
    say(
        1,
        Kind::Called {
            call: Call::Poll,
            result: Ok(1),
        },
    );
    say(1, Kind::HalfClosed { end: End::Ours });
    say(1, Kind::HalfClosed { end: End::Peer });
    say(
        1,
        Kind::Closed {
            totals: Totals {
                bytes_sent: 65542,
                bytes_received: 9,
                sends: 2,
                receives: 1,
            },
            first: Some(End::Ours),
        },
    );
    say(
        2,
        Kind::Bound {
            local: address("[::1]:7007"),
        },
    );
    say(
        2,
        Kind::Listening {
            local: address("[::1]:7007"),
            backlog: 4096,
        },
    );
    say(
        3,
        Kind::Accepted {
            local: address("[::1]:7007"),
            peer: address("[::1]:40001"),
        },
    );
    say(
        4,
        Kind::Failed {
            call: Call::Bind,
            errno: Errno::EADDRINUSE,
            address: Some(address("127.0.0.1:7007")),
        },
    );
    say(
        4,
        Kind::Noted(Note::Holder {
            address: address("127.0.0.1:7007"),
            process: Some(ProcessName {
                pid: 4711,
                name: "sockeye".into(),
            }),
            resting: 0,
        }),
    );
    say(
        5,
        Kind::Failed {
            call: Call::Connect,
            errno: Errno::ECONNREFUSED,
            address: Some(address("127.0.0.1:7")),
        },
    );
    say(
        5,
        Kind::Noted(Note::Nearby {
            protocol: "tcp".into(),
            address: address("127.0.0.1:7007"),
        }),
    );
    say(
        6,
        Kind::Received {
            call: Call::RecvFrom,
            payload: bytes("año\n".as_bytes(), Unit::Message),
            room: 5,
            truncated_from: Some(12),
            peer: Some(address("192.0.2.7:5000")),
        },
    );
    say(
        6,
        Kind::Sent {
            buffer: None,
            call: Call::SendTo,
            payload: bytes(b"", Unit::Message),
            asked: 0,
            peer: Some(SocketAddress::UnixPath(
                std::path::Path::new("app.sock").into(),
            )),
        },
    );
    say(
        6,
        Kind::Noted(Note::Dropped {
            messages: 2,
            why: DropReason::TooLong,
        }),
    );
    say(
        6,
        Kind::Noted(Note::SessionExpired {
            peer: address("192.0.2.7:5000"),
            idle: Duration::from_secs(60),
        }),
    );
    say(
        3,
        Kind::Started {
            pid: 4712,
            command: "cat -n".into(),
        },
    );
    say(
        3,
        Kind::Exited {
            pid: 4712,
            status: Ok(0),
        },
    );
    say(
        3,
        Kind::Exited {
            pid: 4713,
            status: Err(9),
        },
    );
    say(0, Kind::Unshown { events: 17 });
    say(
        6,
        Kind::Noted(Note::Meaning {
            protocol: "dns".into(),
            text: "www.example.org. A?".into(),
        }),
    );
    say(
        3,
        Kind::Upgraded {
            protocol: "TLS 1.3".into(),
            details: Cow::Owned(vec![
                ("suite".into(), "TLS13_AES_256_GCM_SHA384".into()),
                ("group".into(), "X25519MLKEM768".into()),
                ("name".into(), "localhost".into()),
                ("resumed".into(), "no".into()),
            ]),
        },
    );
    say(
        0,
        Kind::Forked {
            parent: 4712,
            child: 4713,
        },
    );
    say(
        0,
        Kind::Replaced {
            pid: 4713,
            command: "python3 server.py".into(),
        },
    );
    for queues in [
        Queues::Data {
            unread: 18,
            unsent: 0,
        },
        Queues::Accept {
            waiting: 2,
            backlog: 1,
        },
        Queues::Dropped {
            messages: 197,
            buffer: 4096,
        },
    ] {
        say(3, Kind::Queued(queues));
    }
    for note in [
        Note::Descriptor {
            number: 3,
            came: Came::Inherited,
        },
        Note::Paired { with: SocketId(4) },
        Note::Runtime {
            of: Runtime::Resolver,
            sockets: 3,
        },
        Note::Blind(Blind::IoUring),
        Note::PortChosen,
        Note::Threads,
        Note::Syscall(Box::new(Syscall {
            name: "sendto".into(),
            number: 44,
            arguments: ["4", "\"hola\\n\"", "5", "MSG_NOSIGNAL", "NULL", "0"]
                .map(String::from)
                .into(),
            result: Ok(5),
        })),
        Note::Syscall(Box::new(Syscall {
            name: "accept4".into(),
            number: 288,
            arguments: ["3", "NULL", "NULL", "SOCK_CLOEXEC|SOCK_NONBLOCK"]
                .map(String::from)
                .into(),
            result: Err(Errno::EAGAIN),
        })),
        Note::Polling {
            poll: Call::Poll,
            call: Call::Accept,
            of: 1,
            at_most: Some(Duration::from_millis(500)),
        },
    ] {
        say(3, Kind::Noted(note));
    }
    for event in &mut events {
        match event.kind {
            Kind::Accepted { .. } => event.parent = Some(SocketId(2)),
            Kind::Sent { .. } | Kind::Connected { .. } | Kind::Upgraded { .. } => {
                event.took = Some(Duration::from_micros(12));
            }
            Kind::Called {
                call: Call::Poll, ..
            } => {
                event.by = Some(Caller {
                    process: 4711,
                    thread: 4712,
                });
                event.place = Some(Place {
                    function: Some("main".into()),
                    file: "server.py".into(),
                    line: 12,
                });
            }
            _ => {}
        }
    }
    events
}

/// A number a kind, without gaps; a new kind does not compile until it has one, and an event above.
pub(crate) fn kind_number(kind: &Kind<'_>) -> usize {
    match kind {
        Kind::Created { .. } => 0,
        Kind::Configured { .. } => 1,
        Kind::Resolved { .. } => 2,
        Kind::Bound { .. } => 3,
        Kind::Listening { .. } => 4,
        Kind::Connecting { .. } => 5,
        Kind::Connected { .. } => 6,
        Kind::Accepted { .. } => 7,
        Kind::Waiting { .. } => 8,
        Kind::Sent { .. } => 9,
        Kind::Received { .. } => 10,
        Kind::Called { .. } => 11,
        Kind::HalfClosed { .. } => 12,
        Kind::Closed { .. } => 13,
        Kind::Failed { .. } => 14,
        Kind::Sampled { .. } => 15,
        Kind::Planned { .. } => 16,
        Kind::Started { .. } => 17,
        Kind::Exited { .. } => 18,
        Kind::Noted(_) => 19,
        Kind::Unshown { .. } => 20,
        Kind::Upgraded { .. } => 21,
        Kind::Queued(_) => 22,
        Kind::Forked { .. } => 23,
        Kind::Replaced { .. } => 24,
        Kind::Diagnosed(_) => unreachable!("it is never recorded"),
    }
}

/// How many kinds have a number.
pub(crate) const KINDS: usize = 25;

pub(crate) fn address(text: &str) -> SocketAddress {
    SocketAddress::Inet(text.parse::<SocketAddr>().unwrap())
}

pub(crate) fn bytes(data: &[u8], unit: Unit) -> Payload<'static> {
    Payload::Bytes {
        data: Cow::Owned(data.to_vec()),
        unit,
    }
}
