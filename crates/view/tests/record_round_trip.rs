//! Whatever event is recorded, the same event is read back.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod record_samples;

use std::borrow::Cow;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;
use record_samples::{KINDS, kind_number};
use sockeye_model::{
    Blind, Call, Caller, Came, DropReason, End, Errno, Event, Family, Kind, Note, Payload, Place,
    ProcessName, Protocol, Queues, Runtime, Sink, SocketAddress, SocketId, Source, Syscall, Tally,
    TcpSample, Timestamp, Totals, Type, Unit,
};
use sockeye_view::{Header, Record, Replay};

fn nanos() -> impl Strategy<Value = Duration> {
    any::<u64>().prop_map(Duration::from_nanos)
}

fn text() -> impl Strategy<Value = Cow<'static, str>> {
    prop_oneof![any::<String>(), "[\\x00-\\x7f]{0,80}", ".{0,80}"].prop_map(Cow::Owned)
}

fn address() -> impl Strategy<Value = SocketAddress> {
    let path =
        |bytes: Vec<u8>| SocketAddress::UnixPath(PathBuf::from(OsString::from_vec(bytes)).into());
    prop_oneof![
        any::<SocketAddr>().prop_map(SocketAddress::Inet),
        any::<SocketAddrV6>().prop_map(|inet| SocketAddress::Inet(inet.into())),
        prop::collection::vec(1u8.., 0..108).prop_map(path),
        prop::sample::select(vec![
            "@x",
            "127.0.0.1:7",
            "(unnamed)",
            "",
            "a:b",
            "[::1]:7",
            "/a%b"
        ])
        .prop_map(move |name| path(name.into())),
        prop::collection::vec(any::<u8>(), 0..107)
            .prop_map(|name| SocketAddress::UnixAbstract(name.into())),
        Just(SocketAddress::UnixUnnamed),
    ]
}

fn payload() -> impl Strategy<Value = Payload<'static>> {
    let unit = prop::sample::select(vec![Unit::Bytes, Unit::Message]);
    let data = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        text().prop_map(|text| text.into_owned().into_bytes()),
        prop::collection::vec(prop::sample::select(b"\x00\n\"\\a\x1b".to_vec()), 0..200),
    ];
    prop_oneof![
        (data, unit.clone()).prop_map(|(data, unit)| Payload::Bytes {
            data: Cow::Owned(data),
            unit
        }),
        (any::<u64>(), unit).prop_map(|(len, unit)| Payload::Unseen { len, unit }),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    prop::sample::select(Call::ALL)
}

fn errno() -> impl Strategy<Value = Errno> {
    prop_oneof![1..134, any::<i32>()].prop_map(Errno)
}

fn end() -> impl Strategy<Value = End> {
    prop::sample::select(vec![End::Ours, End::Peer])
}

fn totals() -> impl Strategy<Value = Totals> {
    any::<[u64; 4]>().prop_map(|[bytes_sent, bytes_received, sends, receives]| Totals {
        bytes_sent,
        bytes_received,
        sends,
        receives,
    })
}

fn process() -> impl Strategy<Value = ProcessName<'static>> {
    (any::<u32>(), text()).prop_map(|(pid, name)| ProcessName { pid, name })
}

fn sample() -> impl Strategy<Value = TcpSample> {
    (nanos(), nanos(), any::<[u32; 4]>(), any::<[u64; 3]>()).prop_map(
        |(
            rtt,
            rtt_deviation,
            [retransmitted, segments_out, segments_in, mss],
            [acknowledged, unacknowledged, unread],
        )| TcpSample {
            rtt,
            rtt_deviation,
            retransmitted,
            segments_out,
            segments_in,
            mss,
            acknowledged,
            unacknowledged,
            unread,
        },
    )
}

fn queues() -> impl Strategy<Value = Queues> {
    prop_oneof![
        any::<[u64; 2]>().prop_map(|[unread, unsent]| Queues::Data { unread, unsent }),
        any::<[u32; 2]>().prop_map(|[waiting, backlog]| Queues::Accept { waiting, backlog }),
        any::<[u64; 2]>().prop_map(|[messages, buffer]| Queues::Dropped { messages, buffer }),
    ]
}

fn traced_note() -> impl Strategy<Value = Note<'static>> {
    let came = vec![Came::Made, Came::Inherited, Came::Found, Came::Passed];
    let of = vec![
        Runtime::Resolver,
        Runtime::NameCache,
        Runtime::Interfaces,
        Runtime::WakeUp,
    ];
    let blind = vec![
        Blind::IoUring,
        Blind::ForeignCalls,
        Blind::Privileged,
        Blind::Tracer,
    ];
    prop_oneof![
        (any::<i32>(), prop::sample::select(came))
            .prop_map(|(number, came)| Note::Descriptor { number, came }),
        (
            call(),
            call(),
            any::<u32>(),
            prop::option::of(0..1_u64 << 60)
        )
            .prop_map(|(poll, call, of, at_most)| Note::Polling {
                poll,
                call,
                of,
                at_most: at_most.map(Duration::from_nanos),
            }),
        any::<u32>().prop_map(|with| Note::Paired {
            with: SocketId(with)
        }),
        (prop::sample::select(of), any::<u32>())
            .prop_map(|(of, sockets)| Note::Runtime { of, sockets }),
        prop::sample::select(blind).prop_map(Note::Blind),
        syscall().prop_map(|syscall| Note::Syscall(Box::new(syscall))),
        prop::sample::select(vec![Note::PortChosen, Note::Threads]),
    ]
}

fn syscall() -> impl Strategy<Value = Syscall> {
    let arguments = prop::collection::vec(".*", 0..6);
    let result = prop_oneof![
        any::<i64>().prop_map(Ok),
        any::<i32>().prop_map(|it| Err(Errno(it)))
    ];
    (".*", any::<u32>(), arguments, result).prop_map(|(name, number, arguments, result)| Syscall {
        name: name.into(),
        number,
        arguments,
        result,
    })
}

fn note() -> impl Strategy<Value = Note<'static>> {
    let why = vec![
        DropReason::TooLong,
        DropReason::WouldLoop,
        DropReason::QueueFull,
        DropReason::Refused,
        DropReason::TooManySessions,
    ];
    prop_oneof![
        process().prop_map(Note::PeerProcess),
        (address(), prop::option::of(process()), any::<u32>()).prop_map(
            |(address, process, resting)| Note::Holder {
                address,
                process,
                resting
            }
        ),
        address().prop_map(|address| Note::Leftover { address }),
        (text(), address()).prop_map(|(protocol, address)| Note::Nearby { protocol, address }),
        (address(), nanos()).prop_map(|(peer, idle)| Note::SessionExpired { peer, idle }),
        (text(), text()).prop_map(|(protocol, text)| Note::Meaning { protocol, text }),
        traced_note(),
        (any::<u64>(), prop::sample::select(why))
            .prop_map(|(messages, why)| Note::Dropped { messages, why }),
    ]
}

/// The strategies in the order of `kind_number`, which does not compile without a number for a new kind.
fn kinds() -> Vec<BoxedStrategy<Kind<'static>>> {
    let family = prop::sample::select(vec![Family::Inet, Family::Inet6, Family::Unix]);
    let kind = prop::sample::select(vec![
        Type::Stream,
        Type::Datagram,
        Type::SeqPacket,
        Type::Raw,
    ]);
    let source = prop::sample::select(vec![Source::Literal, Source::HostsFile, Source::System]);
    vec![
        (family, kind, any::<i32>())
            .prop_map(|(family, kind, protocol)| Kind::Created {
                family,
                kind,
                protocol: Protocol(protocol),
            })
            .boxed(),
        (text(), text())
            .prop_map(|(option, value)| Kind::Configured { option, value })
            .boxed(),
        (text(), any::<Vec<IpAddr>>(), source)
            .prop_map(|(name, addresses, source)| Kind::Resolved {
                name,
                addresses: Cow::Owned(addresses),
                source,
            })
            .boxed(),
        address().prop_map(|local| Kind::Bound { local }).boxed(),
        (address(), any::<u32>())
            .prop_map(|(local, backlog)| Kind::Listening { local, backlog })
            .boxed(),
        address().prop_map(|peer| Kind::Connecting { peer }).boxed(),
        (address(), address())
            .prop_map(|(local, peer)| Kind::Connected { local, peer })
            .boxed(),
        (address(), address())
            .prop_map(|(local, peer)| Kind::Accepted { local, peer })
            .boxed(),
        call().prop_map(|call| Kind::Waiting { call }).boxed(),
        (
            call(),
            payload(),
            any::<u64>(),
            any::<Option<u64>>(),
            prop::option::of(address()),
        )
            .prop_map(|(call, payload, asked, buffer, peer)| Kind::Sent {
                call,
                payload,
                asked,
                buffer,
                peer,
            })
            .boxed(),
        (
            call(),
            payload(),
            any::<u64>(),
            any::<Option<u64>>(),
            prop::option::of(address()),
        )
            .prop_map(
                |(call, payload, room, truncated_from, peer)| Kind::Received {
                    call,
                    payload,
                    room,
                    truncated_from,
                    peer,
                },
            )
            .boxed(),
        (
            call(),
            prop_oneof![any::<i64>().prop_map(Ok), errno().prop_map(Err)],
        )
            .prop_map(|(call, result)| Kind::Called { call, result })
            .boxed(),
        end().prop_map(|end| Kind::HalfClosed { end }).boxed(),
        (totals(), prop::option::of(end()))
            .prop_map(|(totals, first)| Kind::Closed { totals, first })
            .boxed(),
        (call(), errno(), prop::option::of(address()))
            .prop_map(|(call, errno, address)| Kind::Failed {
                call,
                errno,
                address,
            })
            .boxed(),
        sample().prop_map(|sample| Kind::Sampled { sample }).boxed(),
        text().prop_map(|plan| Kind::Planned { plan }).boxed(),
        (any::<u32>(), text())
            .prop_map(|(pid, command)| Kind::Started { pid, command })
            .boxed(),
        (
            any::<u32>(),
            prop_oneof![any::<i32>().prop_map(Ok), any::<i32>().prop_map(Err)],
        )
            .prop_map(|(pid, status)| Kind::Exited { pid, status })
            .boxed(),
        note().prop_map(Kind::Noted).boxed(),
        any::<u64>()
            .prop_map(|events| Kind::Unshown { events })
            .boxed(),
        (text(), prop::collection::vec((text(), text()), 0..5))
            .prop_map(|(protocol, details)| Kind::Upgraded {
                protocol,
                details: Cow::Owned(details),
            })
            .boxed(),
        queues().prop_map(Kind::Queued).boxed(),
        any::<[u32; 2]>()
            .prop_map(|[parent, child]| Kind::Forked { parent, child })
            .boxed(),
        (any::<u32>(), text())
            .prop_map(|(pid, command)| Kind::Replaced { pid, command })
            .boxed(),
    ]
}

fn event() -> impl Strategy<Value = Event<'static>> {
    let by = any::<[u32; 2]>().prop_map(|[process, thread]| Caller { process, thread });
    let place =
        (text(), any::<u32>(), prop::option::of(text())).prop_map(|(file, line, function)| Place {
            file,
            line,
            function,
        });
    (
        any::<u64>(),
        prop::option::of(nanos()),
        any::<u32>(),
        any::<Option<u32>>(),
        prop::option::of(by),
        prop::option::of(place),
        prop::strategy::Union::new(kinds()),
    )
        .prop_map(|(at, took, socket, parent, by, place, kind)| Event {
            at: Timestamp::from_nanos(at),
            took,
            socket: SocketId(socket),
            parent: parent.map(SocketId),
            by,
            place,
            kind,
        })
}

fn header() -> impl Strategy<Value = Header> {
    (any::<u64>(), any::<String>(), any::<Vec<String>>()).prop_map(|(started, version, command)| {
        Header {
            started,
            version,
            command,
        }
    })
}

fn tally() -> impl Strategy<Value = Tally> {
    (nanos(), totals(), any::<[u64; 3]>()).prop_map(
        |(lasted, totals, [conversations, failed, unshown])| Tally {
            lasted,
            totals,
            conversations,
            failed,
            unshown,
        },
    )
}

fn recorded(header: &Header, events: &[Event<'_>], tally: &Tally) -> Vec<u8> {
    let mut out = Vec::new();
    let mut record = Record::new(&mut out, header);
    for event in events {
        record.event(event).unwrap();
    }
    record.finish(tally).unwrap();
    out
}

#[test]
fn the_strategies_are_those_of_every_kind() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let numbers: Vec<_> = kinds()
        .iter()
        .map(|kind| kind_number(&kind.new_tree(&mut runner).unwrap().current()))
        .collect();
    assert_eq!(numbers, (0..KINDS).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_recorded_is_read_back(
        header in header(),
        events in prop::collection::vec(event(), 0..20),
        tally in tally(),
    ) {
        let recording = recorded(&header, &events, &tally);
        let mut replay = Replay::new(&recording[..]).unwrap();
        prop_assert_eq!(replay.header(), &header);
        let read: Vec<_> = replay.by_ref().map(Result::unwrap).collect();
        prop_assert_eq!(&read, &events);
        prop_assert!(replay.is_whole());
        prop_assert_eq!(replay.tally(), tally);
        prop_assert_eq!(replay.unknown(), 0);
        prop_assert_eq!(recorded(&header, &read, &tally), recording);
    }

    #[test]
    fn a_recording_cut_anywhere_gives_every_whole_line(
        events in prop::collection::vec(event(), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut recording = recorded(&record_samples::header(), &events, &Tally::default());
        recording.truncate(cut.index(recording.len()));
        let lines = recording.iter().filter(|&&byte| byte == b'\n').count();
        // A line that lacks only its line feed is whole too.
        let whole = lines + usize::from(recording.last() == Some(&b'}') && {
            let last = recording.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
            serde_json::from_slice::<serde_json::Value>(last).is_ok()
        });
        match Replay::new(&recording[..]) {
            Err(error) => {
                prop_assert_eq!(whole, 0);
                prop_assert_eq!(error.line, 1);
            }
            Ok(mut replay) => {
                let read: Vec<_> = replay.by_ref().collect();
                let good: Vec<_> = read.iter().filter_map(|event| event.as_ref().ok()).collect();
                let expected = events.len().min(whole - 1);
                prop_assert_eq!(good, events[..expected].iter().collect::<Vec<_>>());
                prop_assert_eq!(replay.is_whole(), whole == events.len() + 2);
                let torn = whole == lines && recording.last() != Some(&b'\n');
                prop_assert_eq!(read.len() - expected, usize::from(torn));
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        head in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        line in event(),
        at in any::<prop::sample::Index>(),
    ) {
        let mut input = recorded(&record_samples::header(), &[line], &Tally::default());
        let at = at.index(input.len());
        if head {
            input.splice(at..(at + 3).min(input.len()), bytes.into_iter().take(5));
        } else {
            input = bytes;
        }
        if let Ok(mut replay) = Replay::new(&input[..]) {
            let _: Vec<_> = replay.by_ref().collect();
            let _ = replay.tally();
        }
    }
}
