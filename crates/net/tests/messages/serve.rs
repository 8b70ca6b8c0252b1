//! Services: messages in, replies out, many a call.

use std::time::Duration;

use sockeye_model::{Call, Errno, Event, Kind, SocketAddress};
use sockeye_net::messages::{Message, MessageServer, Reply};
use sockeye_net::{AsyncSocket, Family, Tap, Type};

use crate::support::{
    Kept, Path, beside, closed_off, count, cpu_time, inet, next, run, udp_on, udp_to, unix_on,
};

fn echo(_: &Message<'_>, reply: &mut Reply<'_>) {
    reply.echo();
}

fn server_on(address: &str, tap: &Tap) -> (MessageServer, SocketAddress) {
    let server = MessageServer::new(vec![udp_on(address, tap)]).unwrap();
    let local = server.local_addresses().remove(0);
    (server, local)
}

#[test]
fn every_size_that_udp_carries_comes_back_whole() {
    run(async {
        for (address, sizes) in [
            ("127.0.0.1:0", &[0, 1, 1472, 8193, 16385, 65507][..]),
            ("[::1]:0", &[0, 1, 1472, 8193, 16385, 65507, 65527][..]),
        ] {
            let (server, local) = server_on(address, &Tap::off());
            beside(server.serve(echo), async {
                let client = udp_to(&local).await;
                for size in sizes {
                    let message: Vec<u8> = (0..*size).map(|at: usize| (at % 251) as u8).collect();
                    client.send(&message).await.unwrap();
                    assert!(
                        next(&client).await == message,
                        "{size} bytes over {address}"
                    );
                }
            })
            .await;
        }
    });
}

#[test]
fn each_of_many_interleaved_senders_gets_its_own_answers() {
    run(async {
        let (server, local) = server_on("127.0.0.1:0", &Tap::off());
        let clients = [udp_to(&local).await, udp_to(&local).await];
        // Queued before the server first looks, so that one batch holds both peers' messages.
        for round in 0..20_u8 {
            for (who, client) in clients.iter().enumerate() {
                client.send(&[who as u8, round]).await.unwrap();
            }
        }
        beside(server.serve(echo), async {
            for round in 0..20_u8 {
                for (who, client) in clients.iter().enumerate() {
                    assert_eq!(next(client).await, [who as u8, round]);
                }
            }
        })
        .await;
    });
}

#[test]
fn one_server_answers_on_both_families() {
    run(async {
        let sockets = vec![
            udp_on("127.0.0.1:0", &Tap::off()),
            udp_on("[::1]:0", &Tap::off()),
        ];
        let server = MessageServer::new(sockets).unwrap();
        beside(
            server.serve(|message, reply| reply.send(message.peer().to_string().as_bytes())),
            async {
                for local in server.local_addresses() {
                    let client = udp_to(&local).await;
                    client.send(b"who am I?").await.unwrap();
                    let me = client.local_address().unwrap().to_string();
                    assert_eq!(next(&client).await, me.as_bytes());
                }
            },
        )
        .await;
    });
}

#[test]
fn a_reply_leaves_from_the_address_that_was_asked() {
    run(async {
        for (address, asked) in [
            ("0.0.0.0:0", "127.0.0.2"),
            ("0.0.0.0:0", "127.0.0.1"),
            ("[::]:0", "[::1]"),
            ("[::]:0", "127.0.0.2"),
        ] {
            let (server, local) = server_on(address, &Tap::off());
            let asked = inet(&format!("{asked}:{}", local.port().unwrap()));
            let seen = std::sync::Mutex::new(None);
            beside(
                server.serve(|message, reply| {
                    *seen.lock().unwrap() = message.local_ip();
                    reply.echo();
                }),
                async {
                    // Connected: the kernel passes on what comes from that address, and nothing else.
                    let client = udp_to(&asked).await;
                    client.send(b"?").await.unwrap();
                    assert_eq!(next(&client).await, b"?");
                },
            )
            .await;
            assert_eq!(*seen.lock().unwrap(), asked.inet().map(|inet| inet.ip()));
        }
    });
}

#[test]
fn a_peer_that_has_gone_is_named_and_stops_nothing() {
    let (kept, tap, viewer) = Kept::start();
    let gone = run(async {
        let (server, local) = server_on("127.0.0.1:0", &tap);
        let client = udp_to(&local).await;
        client.send(b"bye").await.unwrap();
        client.send(b"bye").await.unwrap();
        let gone = client.local_address().unwrap();
        closed_off(&client).await;
        beside(server.serve(echo), async {
            let other = udp_to(&local).await;
            for _ in 0..3 {
                other.send(b"still there?").await.unwrap();
                assert_eq!(next(&other).await, b"still there?");
            }
        })
        .await;
        assert_eq!((server.dropped().refused, server.dropped().unsent), (2, 0));
        gone
    });
    let named = |event: &&Event<'_>| matches!(&event.kind, Kind::Failed { errno: Errno::ECONNREFUSED, address: Some(address), .. } if *address == gone);
    assert_eq!(kept.finish(viewer).iter().filter(named).count(), 2);
}

#[test]
fn a_sender_that_could_answer_back_for_ever_gets_no_answer() {
    run(async {
        let (server, local) = server_on("127.0.0.1:0", &Tap::off());
        // The same port at another address: as two echo services would be.
        let twin = udp_on(&format!("127.0.0.2:{}", local.port().unwrap()), &Tap::off());
        twin.send_to(b"ping", &local).await.unwrap();
        beside(server.serve(echo), async {
            let client = udp_to(&local).await;
            client.send(b"after").await.unwrap();
            assert_eq!(next(&client).await, b"after");
        })
        .await;
        assert_eq!(server.dropped().would_loop, 1);
        assert_eq!(twin.totals().receives, 0);
    });
}

#[test]
fn each_message_and_each_reply_is_an_event_with_its_peer_and_its_bytes() {
    let (kept, tap, viewer) = Kept::start();
    let me = run(async {
        let (server, local) = server_on("127.0.0.1:0", &tap);
        let client = udp_to(&local).await;
        client.send(b"").await.unwrap();
        client.send(b"x").await.unwrap();
        beside(server.serve(echo), async {
            assert_eq!(next(&client).await, b"");
            assert_eq!(next(&client).await, b"x");
        })
        .await;
        client.local_address().unwrap()
    });
    let events = kept.finish(viewer);
    let said: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::Received {
                call: Call::RecvMmsg,
                payload,
                peer,
                ..
            } => Some(("in", payload, peer)),
            Kind::Sent {
                call: Call::SendMmsg,
                payload,
                peer,
                ..
            } => Some(("out", payload, peer)),
            _ => None,
        })
        .map(|(way, payload, peer)| {
            assert_eq!(peer.as_ref(), Some(&me));
            (way, payload.data().unwrap())
        })
        .collect();
    assert_eq!(
        said,
        [("in", &b""[..]), ("in", b"x"), ("out", b""), ("out", b"x")]
    );
    let totals = |kind: &Kind<'_>| matches!(kind, Kind::Closed { totals, .. } if totals.receives == 2 && totals.sends == 2);
    assert_eq!(count(&events, totals), 1);
}

#[test]
fn a_unix_message_longer_than_any_udp_message_is_echoed_whole() {
    run(async {
        let (here, there) = (Path::new(), Path::new());
        let server = MessageServer::new(vec![unix_on(&here, Type::Datagram, &Tap::off())]).unwrap();
        let client = unix_on(&there, Type::Datagram, &Tap::off());
        client.connect(&here.address()).await.unwrap();
        beside(server.serve(echo), async {
            for size in [0, 1, 65_537, 200_000] {
                let message = vec![7; size];
                client.send(&message).await.unwrap();
                assert!(next(&client).await == message, "{size} bytes");
            }
        })
        .await;
    });
}

#[test]
fn a_unix_peer_that_never_reads_costs_no_cpu_and_delays_nobody() {
    run(async {
        let (here, stuck, lively) = (Path::new(), Path::new(), Path::new());
        let server = MessageServer::new(vec![unix_on(&here, Type::Datagram, &Tap::off())]).unwrap();
        let stuck = unix_on(&stuck, Type::Datagram, &Tap::off());
        let lively = unix_on(&lively, Type::Datagram, &Tap::off());
        lively.connect(&here.address()).await.unwrap();
        beside(server.serve(echo), async {
            // More than its queue holds (net.unix.max_dgram_qlen).
            let room = std::fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen").unwrap();
            let sent = room.trim().parse::<u32>().unwrap() + 30;
            for number in 0..sent {
                stuck
                    .send_to(&number.to_be_bytes(), &here.address())
                    .await
                    .unwrap();
            }
            for round in 0..20_u8 {
                lively.send(&[round]).await.unwrap();
                assert_eq!(next(&lively).await, [round]);
            }
            let before = cpu_time();
            tokio::time::sleep(Duration::from_millis(300)).await;
            let used = cpu_time() - before;
            assert!(
                used < Duration::from_millis(60),
                "{used:?} of CPU in 300 ms of waiting"
            );
            // Once it reads, nothing is missing and all is in order.
            for number in 0..sent {
                assert_eq!(next(&stuck).await, number.to_be_bytes());
            }
        })
        .await;
        assert_eq!(server.dropped().total(), 0);
    });
}

#[test]
fn a_unix_peer_without_a_name_cannot_be_answered_and_that_is_said() {
    let (kept, tap, viewer) = Kept::start();
    run(async {
        let (here, there) = (Path::new(), Path::new());
        let server = MessageServer::new(vec![unix_on(&here, Type::Datagram, &tap)]).unwrap();
        let nameless = AsyncSocket::new(Family::Unix, Type::Datagram, &Tap::off()).unwrap();
        nameless.send_to(b"who?", &here.address()).await.unwrap();
        let named = unix_on(&there, Type::Datagram, &Tap::off());
        named.send_to(b"me", &here.address()).await.unwrap();
        beside(server.serve(echo), async {
            assert_eq!(next(&named).await, b"me")
        })
        .await;
    });
    let said = |kind: &Kind<'_>| {
        matches!(
            kind,
            Kind::Failed {
                call: Call::SendTo,
                address: Some(SocketAddress::UnixUnnamed),
                ..
            }
        )
    };
    assert_eq!(count(&kept.finish(viewer), said), 1);
}
