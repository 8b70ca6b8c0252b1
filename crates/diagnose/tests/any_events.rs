//! Whatever events come, in whatever order: no rule panics, and every finding can be said in both languages.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use sockeye_diagnose::{Doctor, RULES};
use sockeye_model::text::Language;
use sockeye_model::{
    Call, Caller, Came, End, Errno, Event, Family, Finding, Kind, Note, Payload, Place,
    ProcessName, Protocol, Queues, Runtime, Saying, SocketAddress, SocketId, Timestamp, Totals,
    Type, Unit,
};

/// Errors that rules look at, and one that none does.
const ERRORS: &[Errno] = &[
    Errno::EAGAIN,
    Errno::EINPROGRESS,
    Errno::EPIPE,
    Errno::ECONNRESET,
    Errno::ECONNREFUSED,
    Errno::EADDRINUSE,
    Errno::EADDRNOTAVAIL,
    Errno::EACCES,
    Errno::EINVAL,
    Errno::ENOTCONN,
    Errno::EMSGSIZE,
    Errno::ETIMEDOUT,
    Errno::EHOSTUNREACH,
    Errno::ENOBUFS,
];

const OPTIONS: &[&str] = &[
    "SO_REUSEADDR",
    "SO_REUSEPORT",
    "SO_LINGER",
    "SO_RCVBUF",
    "SO_RCVTIMEO",
    "TCP_NODELAY",
    "O_NONBLOCK",
    "SO_BROADCAST",
];

const ADDRESSES: &[&str] = &[
    "127.0.0.1:5000",
    "127.0.0.1:40000",
    "127.0.0.1:0",
    "0.0.0.0:5000",
    "0.0.0.0:80",
    "[::1]:5000",
    "[::]:5000",
    "192.0.2.1:5000",
    "255.255.255.255:5000",
    "/run/a.sock",
    "@name",
    "(unnamed)",
];

fn address() -> impl Strategy<Value = SocketAddress> {
    prop::sample::select(ADDRESSES).prop_map(|address| address.parse().unwrap())
}

fn call() -> impl Strategy<Value = Call> {
    let often = vec![
        Call::Recv,
        Call::RecvFrom,
        Call::Send,
        Call::SendTo,
        Call::Bind,
        Call::Connect,
        Call::Accept,
    ];
    prop_oneof![3 => prop::sample::select(often), 1 => prop::sample::select(Call::ALL)]
}

fn errno() -> impl Strategy<Value = Errno> {
    prop::sample::select(ERRORS)
}

/// Small mostly, and sometimes anything.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..40_u64, 1 => any::<u64>()]
}

fn payload() -> impl Strategy<Value = Payload<'static>> {
    prop_oneof![
        (size(), any::<bool>()).prop_map(|(len, message)| Payload::Unseen {
            len,
            unit: if message { Unit::Message } else { Unit::Bytes },
        }),
        prop::collection::vec(any::<u8>(), 0..8).prop_map(|data| Payload::Bytes {
            data: data.into(),
            unit: Unit::Bytes,
        }),
    ]
}

fn queues() -> impl Strategy<Value = Queues> {
    prop_oneof![
        (size(), size()).prop_map(|(unread, unsent)| Queues::Data { unread, unsent }),
        (0..9_u32, 0..9_u32).prop_map(|(waiting, backlog)| Queues::Accept { waiting, backlog }),
        (size(), size()).prop_map(|(messages, buffer)| Queues::Dropped { messages, buffer }),
    ]
}

fn note() -> impl Strategy<Value = Note<'static>> {
    let process = || {
        (1..9_u32).prop_map(|pid| ProcessName {
            pid,
            name: "python3".into(),
        })
    };
    let came = prop::sample::select(vec![Came::Made, Came::Inherited, Came::Found, Came::Passed]);
    prop_oneof![
        process().prop_map(Note::PeerProcess),
        (address(), prop::option::of(process()), 0..3_u32).prop_map(
            |(address, process, resting)| Note::Holder {
                address,
                process,
                resting
            }
        ),
        address().prop_map(|address| Note::Leftover { address }),
        (prop::sample::select(vec!["tcp", "udp"]), address()).prop_map(|(protocol, address)| {
            Note::Nearby {
                protocol: protocol.into(),
                address,
            }
        }),
        (0..9_i32, came).prop_map(|(number, came)| Note::Descriptor { number, came }),
        (call(), call(), 0..3_u32).prop_map(|(poll, call, of)| Note::Polling {
            poll,
            call,
            of,
            at_most: None
        }),
        (0..5_u32).prop_map(|with| Note::Paired {
            with: SocketId(with)
        }),
        (0..9_u32).prop_map(|sockets| Note::Runtime {
            of: Runtime::WakeUp,
            sockets
        }),
        Just(Note::PortChosen),
    ]
}

fn kind() -> impl Strategy<Value = Kind<'static>> {
    let family = prop::sample::select(vec![Family::Inet, Family::Inet6, Family::Unix]);
    let types = vec![Type::Stream, Type::Datagram, Type::SeqPacket, Type::Raw];
    let end = prop::sample::select(vec![End::Ours, End::Peer]);
    let made = prop_oneof![
        (family, prop::sample::select(types)).prop_map(|(family, kind)| Kind::Created {
            family,
            kind,
            protocol: Protocol::DEFAULT,
        }),
        (prop::sample::select(OPTIONS), 0..2_u8).prop_map(|(option, value)| Kind::Configured {
            option: option.into(),
            value: value.to_string().into(),
        }),
        address().prop_map(|local| Kind::Bound { local }),
        (address(), 0..3_u32).prop_map(|(local, backlog)| Kind::Listening { local, backlog }),
        address().prop_map(|peer| Kind::Connecting { peer }),
        (address(), address()).prop_map(|(local, peer)| Kind::Connected { local, peer }),
        (address(), address()).prop_map(|(local, peer)| Kind::Accepted { local, peer }),
    ];
    let moved = prop_oneof![
        call().prop_map(|call| Kind::Waiting { call }),
        (
            call(),
            payload(),
            size(),
            prop::option::of(any::<u64>()),
            prop::option::of(address()),
        )
            .prop_map(|(call, payload, asked, buffer, peer)| Kind::Sent {
                call,
                payload,
                asked,
                buffer,
                peer,
            }),
        (
            call(),
            payload(),
            size(),
            prop::option::of(size()),
            prop::option::of(address()),
        )
            .prop_map(
                |(call, payload, room, truncated_from, peer)| Kind::Received {
                    call,
                    payload,
                    room,
                    truncated_from,
                    peer,
                }
            ),
        end.prop_map(|end| Kind::HalfClosed { end }),
    ];
    let answered = prop_oneof![
        (call(), errno()).prop_map(|(call, errno)| Kind::Called {
            call,
            result: Err(errno)
        }),
        (call(), any::<i64>()).prop_map(|(call, n)| Kind::Called {
            call,
            result: Ok(n)
        }),
        (call(), errno(), prop::option::of(address())).prop_map(|(call, errno, address)| {
            Kind::Failed {
                call,
                errno,
                address,
            }
        }),
        // What rules look at, and a call and an error that are drawn alone seldom meet.
        Just(Kind::Called {
            call: Call::Recv,
            result: Err(Errno::EAGAIN)
        }),
        Just(Kind::Called {
            call: Call::Connect,
            result: Err(Errno::EINPROGRESS)
        }),
    ];
    let around = prop_oneof![
        Just(Kind::Closed {
            totals: Totals::default(),
            first: None
        }),
        queues().prop_map(Kind::Queued),
        note().prop_map(Kind::Noted),
        (
            1..5_u32,
            prop::sample::select(vec!["python3 a.py", "node a.js", "./a"])
        )
            .prop_map(|(pid, command)| Kind::Started {
                pid,
                command: command.into()
            }),
        (1..5_u32, 1..5_u32).prop_map(|(parent, child)| Kind::Forked { parent, child }),
        (1..5_u32).prop_map(|pid| Kind::Replaced {
            pid,
            command: "./b".into()
        }),
        (
            1..5_u32,
            prop::sample::select(vec![Ok(0), Ok(1), Err(2), Err(13)])
        )
            .prop_map(|(pid, status)| Kind::Exited { pid, status }),
    ];
    prop_oneof![2 => made, 3 => moved, 3 => answered, 2 => around]
}

fn event() -> impl Strategy<Value = Event<'static>> {
    (
        prop_oneof![3 => 0..50_u64, 1 => 0..4_000_u64],
        prop::option::of(0..3_000_u64),
        0..5_u32,
        prop::option::of(1..5_u32),
        prop::option::of(prop_oneof![4 => Just((1, 1)), 1 => (1..5_u32, 1..7_u32)]),
        prop::option::of(1..4_u32),
        kind(),
    )
        .prop_map(|(after, took, socket, parent, by, line, kind)| Event {
            // The time since the one before, until the whole is put together.
            at: Timestamp::from_nanos(after * 1_000_000),
            took: took.map(Duration::from_millis),
            socket: SocketId(socket),
            parent: parent.map(SocketId),
            by: by.map(|(process, thread)| Caller { process, thread }),
            place: line.map(|line| Place {
                file: "a.py".into(),
                line,
                function: None,
            }),
            kind,
        })
}

/// A listener, a client of it, a connection of its own and a UDP socket: what follows falls on fertile ground.
fn beginning() -> Vec<Event<'static>> {
    let at = |address: &str| -> SocketAddress { address.parse().unwrap() };
    let created = |kind| Kind::Created {
        family: Family::Inet,
        kind,
        protocol: Protocol::DEFAULT,
    };
    let (server, client) = ("127.0.0.1:5000", "127.0.0.1:40000");
    let kinds = [
        (
            0,
            Kind::Started {
                pid: 1,
                command: "python3 a.py".into(),
            },
        ),
        (1, created(Type::Stream)),
        (1, Kind::Bound { local: at(server) }),
        (
            1,
            Kind::Listening {
                local: at(server),
                backlog: 1,
            },
        ),
        (3, created(Type::Stream)),
        (
            3,
            Kind::Connected {
                local: at(client),
                peer: at(server),
            },
        ),
        (
            2,
            Kind::Accepted {
                local: at(server),
                peer: at(client),
            },
        ),
        (4, created(Type::Datagram)),
    ];
    let by = Some(Caller {
        process: 1,
        thread: 1,
    });
    let event = |(socket, kind)| Event {
        at: Timestamp::START,
        took: Some(Duration::ZERO),
        socket: SocketId(socket),
        parent: (socket == 2).then_some(SocketId(1)),
        by,
        place: None,
        kind,
    };
    kinds.into_iter().map(event).collect()
}

fn in_order(events: Vec<Event<'static>>) -> Vec<Event<'static>> {
    let mut events: Vec<_> = beginning().into_iter().chain(events).collect();
    let mut now = Timestamp::START;
    for event in &mut events {
        now = now + event.at.since_start();
        event.at = now;
    }
    events
}

/// All that stands in braces is filled.
fn can_be_said(saying: &Saying) {
    let names: BTreeSet<&str> = saying.places.iter().map(|(name, _)| *name).collect();
    for language in Language::ALL {
        for place in saying.text.places(*language) {
            assert!(names.contains(place), "{place} of {:?}", saying.text);
        }
    }
}

fn is_sound(finding: &Finding) {
    let row = RULES.iter().find(|row| row.about.id == finding.rule);
    let row = row.unwrap_or_else(|| panic!("{} is in no table", finding.rule));
    assert!(finding.weight <= row.about.weight, "{}", finding.rule);
    assert!(finding.times > 0, "{}", finding.rule);
    for saying in [
        &finding.short,
        &finding.happened,
        &finding.why,
        &finding.fix,
    ] {
        can_be_said(saying);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_events_are_borne(events in prop::collection::vec(event(), 0..160)) {
        let mut doctor = Doctor::new();
        let mut told = 0;
        for event in in_order(events) {
            told += doctor.event(&event).len();
        }
        told += doctor.finish(Timestamp::START).len();
        for finding in doctor.findings() {
            is_sound(finding);
        }
        prop_assert!(told >= doctor.findings().len());
    }
}
