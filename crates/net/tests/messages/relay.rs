//! Conversations of messages, joined two by two: what goes in as a message comes out as the same message.

use std::time::Duration;

use sockeye_model::event::Note;
use sockeye_model::{DropReason, Kind};
use sockeye_net::messages::{Joined, Joining, MessageServer, Messages, relay};
use sockeye_net::{AsyncSocket, Lent, Shutdown, Tap, Type};

use crate::support::{Kept, Path, closed_off, count, cpu_time, next, run, udp_on, unix_on};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    Udp4,
    Udp6,
    /// A server's session instead of a connected socket.
    Session,
    Datagram,
    Packets,
}

const ALL: [Carrier; 5] = [
    Carrier::Udp4,
    Carrier::Udp6,
    Carrier::Session,
    Carrier::Datagram,
    Carrier::Packets,
];

/// The outer end, which the test has, and the inner one for the relay; what must stay alive beside them.
async fn pair(carrier: Carrier, tap: &Tap) -> (AsyncSocket, Messages, (Path, Path)) {
    let paths = (Path::new(), Path::new());
    let off = Tap::off();
    let (outer, inner) = match carrier {
        Carrier::Udp4 | Carrier::Udp6 => {
            let any = if carrier == Carrier::Udp4 {
                "127.0.0.1:0"
            } else {
                "[::1]:0"
            };
            let (outer, inner) = (udp_on(any, &off), udp_on(any, tap));
            outer
                .connect(&inner.local_address().unwrap())
                .await
                .unwrap();
            inner
                .connect(&outer.local_address().unwrap())
                .await
                .unwrap();
            (outer, Messages::Connected(inner))
        }
        Carrier::Session => {
            let server = MessageServer::new(vec![udp_on("127.0.0.1:0", tap)]).unwrap();
            let outer = udp_on("127.0.0.1:0", &off);
            outer.connect(&server.local_addresses()[0]).await.unwrap();
            outer.send(b"first").await.unwrap();
            let session = server.accept().await.unwrap();
            assert!(matches!(session.recv().await.unwrap(), Lent::Data(_)));
            (outer, Messages::Session(session))
        }
        Carrier::Datagram => {
            let outer = unix_on(&paths.0, Type::Datagram, &off);
            let inner = unix_on(&paths.1, Type::Datagram, tap);
            outer.connect(&paths.1.address()).await.unwrap();
            inner.connect(&paths.0.address()).await.unwrap();
            (outer, Messages::Connected(inner))
        }
        Carrier::Packets => {
            let listener =
                sockeye_net::Socket::new(sockeye_net::Family::Unix, Type::SeqPacket).unwrap();
            listener.bind(paths.0.address()).unwrap();
            listener.listen(1).unwrap();
            let listener = listener.into_async().unwrap();
            let inner = AsyncSocket::new(sockeye_net::Family::Unix, Type::SeqPacket, tap).unwrap();
            inner.connect(&paths.0.address()).await.unwrap();
            (
                listener.accept().await.unwrap().0,
                Messages::Connected(inner),
            )
        }
    };
    (outer, inner, paths)
}

/// Runs a relay beside a test, which says when it has seen enough.
async fn beside(
    left: &Messages,
    right: &Messages,
    how: Joining,
    test: impl Future<Output = ()>,
) -> Joined {
    relay(left, right, how, test).await
}

/// Messages of many sizes with many contents, the same at each run.
fn messages(seed: u64, longest: usize) -> Vec<Vec<u8>> {
    let mut state = seed;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let mut sizes = vec![0, 1, 1472, 8193, 16385, longest, 0];
    sizes.extend((0..10).map(|_| random() % 3000));
    sizes
        .into_iter()
        .map(|size| (0..size).map(|_| (random() % 256) as u8).collect())
        .collect()
}

async fn every_pair_keeps_messages(tap: &Tap) {
    for left_carrier in ALL {
        for right_carrier in ALL {
            let (left_outer, left, _paths) = pair(left_carrier, tap).await;
            let (right_outer, right, _more) = pair(right_carrier, tap).await;
            let both = format!("{left_carrier:?} to {right_carrier:?}");
            let test = async {
                let mut previous = None;
                for message in messages(7, 65_507) {
                    // Two in flight, so that a joined or reordered pair would show.
                    left_outer.send(&message).await.unwrap();
                    if let Some(previous) = previous.replace(message) {
                        assert!(next(&right_outer).await == previous, "{both}");
                    }
                }
                assert!(next(&right_outer).await == previous.unwrap(), "{both}");
                for message in messages(11, 65_507) {
                    right_outer.send(&message).await.unwrap();
                    assert!(next(&left_outer).await == message, "{both}, back");
                }
            };
            let joined = beside(&left, &right, Joining::default(), test).await;
            assert!(joined.stopped && joined.is_clean(), "{both}: {joined:?}");
            assert_eq!(
                (joined.left_to_right.messages, joined.right_to_left.messages),
                (17, 17),
                "{both}"
            );
        }
    }
}

#[test]
fn a_message_in_is_the_same_message_out_over_every_pair_of_sockets() {
    run(every_pair_keeps_messages(&Tap::off()));
}

#[test]
fn the_same_holds_when_somebody_wants_every_byte_and_each_message_is_told_both_ways() {
    let (kept, tap, viewer) = Kept::start();
    run(every_pair_keeps_messages(&tap));
    let events = kept.finish(viewer);
    let with_bytes = |kind: &Kind<'_>| match kind {
        Kind::Received { payload, .. } | Kind::Sent { payload, .. } => payload.data().is_some(),
        _ => false,
    };
    // 25 pairs, 34 messages in and out again; each session's first message; the accepted ends are watched too.
    assert!(count(&events, with_bytes) >= 25 * 34 * 2);
}

#[test]
fn batches_carry_ten_thousand_messages_in_order() {
    run(async {
        let (left_outer, left, _paths) = pair(Carrier::Session, &Tap::off()).await;
        let (right_outer, right, _more) = pair(Carrier::Udp4, &Tap::off()).await;
        let test = async {
            let mut heard = 0_u32;
            for round in 0..200_u32 {
                for number in round * 50..(round + 1) * 50 {
                    left_outer.send(&number.to_be_bytes()).await.unwrap();
                }
                while heard < (round + 1) * 50 {
                    assert_eq!(next(&right_outer).await, heard.to_be_bytes());
                    heard += 1;
                }
            }
        };
        let joined = beside(&left, &right, Joining::default(), test).await;
        assert_eq!(joined.left_to_right.messages, 10_000);
        assert!(joined.is_clean());
    });
}

#[test]
fn a_message_too_long_for_the_other_side_is_dropped_loudly_and_the_rest_goes_on() {
    for carrier in [Carrier::Udp4, Carrier::Session] {
        let (kept, tap, viewer) = Kept::start();
        let joined = run(async {
            let (left_outer, left, _paths) = pair(Carrier::Packets, &tap).await;
            let (right_outer, right, _more) = pair(carrier, &tap).await;
            let test = async {
                left_outer.send(&vec![1; 65_508]).await.unwrap();
                left_outer.send(b"short").await.unwrap();
                assert_eq!(next(&right_outer).await, b"short");
            };
            beside(&left, &right, Joining::default(), test).await
        });
        assert!(!joined.is_clean());
        assert_eq!(
            (joined.left_to_right.too_long, joined.left_to_right.messages),
            (1, 1)
        );
        let why = joined.left_to_right.first_failure.unwrap().to_string();
        assert!(why.contains("65508 B is too long: 65507 B"), "{why}");
        let said = |kind: &Kind<'_>| {
            matches!(
                kind,
                Kind::Noted(Note::Dropped {
                    messages: 1,
                    why: DropReason::TooLong
                })
            )
        };
        assert_eq!(count(&kept.finish(viewer), said), 1);
    }
}

#[test]
fn a_long_ipv6_message_does_not_fit_into_ipv4_and_that_is_said_from_a_batch_too() {
    run(async {
        for carrier in [Carrier::Udp4, Carrier::Session] {
            let (left_outer, left, _paths) = pair(Carrier::Udp6, &Tap::off()).await;
            let (right_outer, right, _more) = pair(carrier, &Tap::off()).await;
            left_outer.send(b"before").await.unwrap();
            left_outer.send(&vec![1; 65_527]).await.unwrap();
            left_outer.send(b"after").await.unwrap();
            let test = async {
                assert_eq!(next(&right_outer).await, b"before");
                assert_eq!(next(&right_outer).await, b"after");
            };
            let joined = beside(&left, &right, Joining::default(), test).await;
            assert_eq!(
                (joined.left_to_right.too_long, joined.left_to_right.messages),
                (1, 2)
            );
        }
    });
}

#[test]
fn a_reply_after_the_end_still_comes_and_then_both_have_ended() {
    run(async {
        let (left_outer, left, _paths) = pair(Carrier::Packets, &Tap::off()).await;
        let (right_outer, right, _more) = pair(Carrier::Packets, &Tap::off()).await;
        let test = async {
            left_outer.send(b"question").await.unwrap();
            left_outer.shutdown(Shutdown::Write).unwrap();
            assert_eq!(next(&right_outer).await, b"question");
            assert!(matches!(right_outer.recv_lease().await.unwrap(), Lent::End));
            right_outer.send(b"answer").await.unwrap();
            assert_eq!(next(&left_outer).await, b"answer");
            right_outer.shutdown(Shutdown::Write).unwrap();
            std::future::pending().await
        };
        let joined = beside(&left, &right, Joining::default(), test).await;
        assert!(joined.left_to_right.ended && joined.right_to_left.ended && joined.is_clean());
        assert!(matches!(left_outer.recv_lease().await.unwrap(), Lent::End));
    });
}

#[test]
fn an_end_on_one_side_leaves_the_endless_side_a_while_to_answer() {
    run(async {
        let (left_outer, left, _paths) = pair(Carrier::Packets, &Tap::off()).await;
        let (right_outer, right, _more) = pair(Carrier::Udp4, &Tap::off()).await;
        let how = Joining {
            quiet: Duration::from_millis(200),
            ..Joining::default()
        };
        let test = async {
            left_outer.send(b"question").await.unwrap();
            left_outer.shutdown(Shutdown::Write).unwrap();
            assert_eq!(next(&right_outer).await, b"question");
            right_outer.send(b"answer").await.unwrap();
            assert_eq!(next(&left_outer).await, b"answer");
            std::future::pending().await
        };
        let joined = beside(&left, &right, how, test).await;
        assert!(joined.left_to_right.ended && !joined.right_to_left.ended);
        assert!(joined.is_clean() && !joined.idle && !joined.stopped);
    });
}

#[test]
fn nothing_heard_for_the_idle_limit_ends_it_and_that_is_known() {
    run(async {
        let (left_outer, left, _paths) = pair(Carrier::Udp4, &Tap::off()).await;
        let (right_outer, right, _more) = pair(Carrier::Datagram, &Tap::off()).await;
        let how = Joining {
            idle: Some(Duration::from_millis(100)),
            ..Joining::default()
        };
        let test = async {
            left_outer.send(b"x").await.unwrap();
            assert_eq!(next(&right_outer).await, b"x");
            std::future::pending().await
        };
        let joined = beside(&left, &right, how, test).await;
        assert!(joined.idle && joined.is_clean());
    });
}

#[test]
fn a_udp_peer_that_is_gone_for_a_while_is_counted_and_the_relay_goes_on() {
    for wants in [false, true] {
        let (_kept, on, _viewer) = Kept::start();
        let tap = if wants { on } else { Tap::off() };
        run(async {
            let (left_outer, left, _paths) = pair(Carrier::Session, &tap).await;
            let (right_outer, right, _more) = pair(Carrier::Udp4, &tap).await;
            let relay = closed_off(&right_outer).await;
            let test = async {
                left_outer.send(b"lost 1").await.unwrap();
                left_outer.send(b"lost 2").await.unwrap();
                // The reply way still works: the relay lives.
                tokio::task::yield_now().await;
                right_outer.connect(&relay).await.unwrap();
                loop {
                    left_outer.send(b"back?").await.unwrap();
                    let heard = tokio::time::timeout(Duration::from_millis(50), next(&right_outer));
                    if heard.await.is_ok() {
                        break;
                    }
                }
            };
            let joined = beside(&left, &right, Joining::default(), test).await;
            assert!(joined.is_clean(), "{joined:?}");
        });
    }
}

#[test]
fn a_unix_peer_that_never_reads_costs_the_relay_no_cpu() {
    run(async {
        let (left_outer, left, _paths) = pair(Carrier::Udp4, &Tap::off()).await;
        let (right_outer, right, _more) = pair(Carrier::Datagram, &Tap::off()).await;
        let test = async {
            for number in 0..60_u8 {
                left_outer.send(&[number]).await.unwrap();
            }
            let before = cpu_time();
            tokio::time::sleep(Duration::from_millis(300)).await;
            let used = cpu_time() - before;
            assert!(
                used < Duration::from_millis(60),
                "{used:?} of CPU in 300 ms"
            );
            for number in 0..60_u8 {
                assert_eq!(next(&right_outer).await, [number]);
            }
        };
        let joined = beside(&left, &right, Joining::default(), test).await;
        assert!(joined.is_clean());
    });
}

#[test]
fn a_unix_message_of_200_kb_passes_whole() {
    run(async {
        for (from, to) in [
            (Carrier::Datagram, Carrier::Packets),
            (Carrier::Packets, Carrier::Datagram),
        ] {
            let (left_outer, left, _paths) = pair(from, &Tap::off()).await;
            let (right_outer, right, _more) = pair(to, &Tap::off()).await;
            let test = async {
                left_outer.send(&vec![9; 200_000]).await.unwrap();
                assert!(next(&right_outer).await == vec![9; 200_000]);
            };
            assert!(
                beside(&left, &right, Joining::default(), test)
                    .await
                    .is_clean()
            );
        }
    });
}
