//! Sessions: one socket, many peers, and nobody hears what another said.

use std::time::Duration;

use sockeye_model::event::Note;
use sockeye_model::{DropReason, Errno, Event, Kind, SocketAddress, SocketId};
use sockeye_net::messages::{MessageServer, Session, SessionLimits, TooLong, WhenFull};
use sockeye_net::{AsyncSocket, Family, Lent, Tap, Type};

use crate::support::{Kept, Path, closed_off, cpu_time, inet, next, run, udp_on, udp_to, unix_on};

fn server(address: &str, limits: SessionLimits, tap: &Tap) -> (MessageServer, SocketAddress) {
    let server = MessageServer::with_limits(vec![udp_on(address, tap)], limits).unwrap();
    let local = server.local_addresses().remove(0);
    (server, local)
}

async fn heard(session: &Session) -> Vec<u8> {
    match session.recv().await.unwrap() {
        Lent::Data(lease) => lease.to_vec(),
        Lent::End => panic!("the session ended"),
    }
}

async fn ended(session: &Session) -> bool {
    matches!(session.recv().await.unwrap(), Lent::End)
}

fn dropped(events: &[Event<'_>], id: SocketId, reason: DropReason) -> u64 {
    let of = |event: &Event<'_>| match event.kind {
        Kind::Noted(Note::Dropped { messages, why }) if event.socket == id && why == reason => {
            messages
        }
        _ => 0,
    };
    events.iter().map(of).sum()
}

#[test]
fn what_was_queued_before_anybody_looked_still_goes_to_its_own_session() {
    run(async {
        let (server, local) = server("127.0.0.1:0", SessionLimits::default(), &Tap::off());
        let (a, b) = (udp_to(&local).await, udp_to(&local).await);
        a.send(b"A1").await.unwrap();
        b.send(b"B1").await.unwrap();
        b.send(b"").await.unwrap();
        b.send(b"B2").await.unwrap();
        a.send(b"A2").await.unwrap();
        let (first, second) = (
            server.accept().await.unwrap(),
            server.accept().await.unwrap(),
        );
        assert_eq!(*first.peer(), a.local_address().unwrap());
        assert_eq!(*second.peer(), b.local_address().unwrap());
        assert_eq!([heard(&first).await, heard(&first).await], [b"A1", b"A2"]);
        let second_heard = [
            heard(&second).await,
            heard(&second).await,
            heard(&second).await,
        ];
        assert_eq!(second_heard, [&b"B1"[..], b"", b"B2"]);
        first.send(b"to A").await.unwrap();
        second.send(b"").await.unwrap();
        assert_eq!(next(&a).await, b"to A");
        assert_eq!(next(&b).await, b"");
        assert_eq!((first.queued(), second.queued()), (0, 0));
    });
}

#[test]
fn one_peer_that_asks_two_addresses_has_two_sessions_and_each_answers_from_its_own() {
    run(async {
        let (server, local) = server("0.0.0.0:0", SessionLimits::default(), &Tap::off());
        let port = local.port().unwrap();
        let client = udp_on("127.0.0.1:0", &Tap::off());
        for asked in ["127.0.0.1", "127.0.0.2"] {
            let asked = inet(&format!("{asked}:{port}"));
            client.send_to(b"?", &asked).await.unwrap();
            let session = server.accept().await.unwrap();
            assert_eq!(session.local_address(), asked);
            session.send(b"!").await.unwrap();
            let mut buffer = [0; 8];
            let (_, from) = client.recv_from(&mut buffer).await.unwrap();
            assert_eq!(from, asked);
        }
        assert_eq!(server.sessions(), 0);
    });
}

#[test]
fn a_slow_reader_loses_its_own_messages_only_and_each_loss_is_said() {
    let (kept, tap, viewer) = Kept::start();
    let slow = run(async {
        let limits = SessionLimits {
            queued_messages: 10,
            ..SessionLimits::default()
        };
        let (server, local) = server("127.0.0.1:0", limits, &tap);
        let (a, b) = (udp_to(&local).await, udp_to(&local).await);
        for number in 0..30_u8 {
            a.send(&[number]).await.unwrap();
        }
        let slow = server.accept().await.unwrap();
        // Its neighbour is served meanwhile.
        for number in 0..20_u8 {
            b.send(&[number]).await.unwrap();
            if number == 0 {
                tokio::spawn({
                    let lively = server.accept().await.unwrap();
                    async move {
                        while let Lent::Data(message) = lively.recv().await.unwrap() {
                            lively.send(&message).await.unwrap();
                        }
                    }
                });
            }
            assert_eq!(next(&b).await, [number]);
        }
        assert_eq!(server.dropped().queue_full, 20);
        for number in 0..10_u8 {
            assert_eq!(heard(&slow).await, [number]);
        }
        assert_eq!(slow.totals().receives, 30);
        slow.id()
    });
    let events = kept.finish(viewer);
    assert_eq!(dropped(&events, slow, DropReason::QueueFull), 20);
}

#[test]
fn a_quiet_session_ends_visibly_and_its_peer_may_come_again() {
    let (kept, tap, viewer) = Kept::start();
    let (id, peer) = run(async {
        let limits = SessionLimits {
            idle: Duration::from_millis(80),
            ..SessionLimits::default()
        };
        let (server, local) = server("127.0.0.1:0", limits, &tap);
        let client = udp_to(&local).await;
        client.send(b"one").await.unwrap();
        let first = server.accept().await.unwrap();
        assert_eq!(heard(&first).await, b"one");
        assert!(ended(&first).await);
        assert_eq!(server.sessions(), 0);
        client.send(b"two").await.unwrap();
        let second = server.accept().await.unwrap();
        assert_ne!(first.id(), second.id());
        assert_eq!(heard(&second).await, b"two");
        // The forgotten session still knows its peer, and dropping it doesn't end the new one.
        first.send(b"late").await.unwrap();
        assert_eq!(next(&client).await, b"late");
        let id = first.id();
        drop(first);
        client.send(b"three").await.unwrap();
        assert_eq!(heard(&second).await, b"three");
        (id, client.local_address().unwrap())
    });
    let expired = |event: &&Event<'_>| {
        event.socket == id
            && matches!(&event.kind, Kind::Noted(Note::SessionExpired { peer: who, idle }) if *who == peer && idle.as_millis() >= 80)
    };
    assert_eq!(kept.finish(viewer).iter().filter(expired).count(), 1);
}

#[test]
fn ten_thousand_source_ports_take_bounded_memory_and_no_descriptor() {
    let resident = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    run(async {
        let (server, local) = server("127.0.0.1:0", SessionLimits::default(), &Tap::off());
        let before = resident();
        let mut sessions = Vec::new();
        for number in 0..10_000_u32 {
            let client = udp_to(&local).await;
            client.send(&number.to_be_bytes()).await.unwrap();
            drop(client);
            if number % 16 == 15 {
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            }
            // Half of the owners keep what they were given, for as long as it lasts.
            if number % 64 == 0 {
                sessions.push(server.accept().await.unwrap());
            }
        }
        assert!(server.sessions() <= 1024);
        assert!(
            server.sessions() + usize::try_from(server.dropped().too_many_sessions).unwrap() > 1024
        );
        let grown = resident().saturating_sub(before);
        assert!(grown < 48 << 20, "{grown} B more");
        // The oldest went first, and whoever had it knows.
        assert_eq!(heard(&sessions[0]).await, 0_u32.to_be_bytes());
        assert!(ended(&sessions[0]).await);
    });
}

#[test]
fn one_conversation_at_a_time_refuses_the_second_peer_and_says_so() {
    run(async {
        let limits = SessionLimits {
            sessions: 1,
            when_full: WhenFull::RefuseNew,
            ..SessionLimits::default()
        };
        let (server, local) = server("127.0.0.1:0", limits, &Tap::off());
        let (a, b) = (udp_to(&local).await, udp_to(&local).await);
        a.send(b"first").await.unwrap();
        let only = server.accept().await.unwrap();
        b.send(b"me too").await.unwrap();
        a.send(b"second").await.unwrap();
        assert_eq!(
            [heard(&only).await, heard(&only).await],
            [&b"first"[..], b"second"]
        );
        assert_eq!(server.dropped().too_many_sessions, 1);
        // Once the place is free the next peer has it.
        drop(only);
        b.send(b"now?").await.unwrap();
        assert_eq!(heard(&server.accept().await.unwrap()).await, b"now?");
    });
}

#[test]
fn a_session_outlives_the_server_which_hears_no_new_peers() {
    run(async {
        let (server, local) = server("127.0.0.1:0", SessionLimits::default(), &Tap::off());
        let (a, b) = (udp_to(&local).await, udp_to(&local).await);
        a.send(b"one").await.unwrap();
        let session = server.accept().await.unwrap();
        drop(server);
        b.send(b"too late").await.unwrap();
        a.send(b"two").await.unwrap();
        assert_eq!(
            [heard(&session).await, heard(&session).await],
            [b"one", b"two"]
        );
        session.send(b"bye").await.unwrap();
        assert_eq!(next(&a).await, b"bye");
        drop(session);
        // With its last session the socket goes.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        a.send(b"anybody?").await.unwrap();
        let error = a.recv_lease().await.unwrap_err();
        assert_eq!(error.errno(), Errno::ECONNREFUSED);
    });
}

#[test]
fn an_icmp_error_is_noted_on_the_session_whose_peer_has_gone() {
    let (kept, tap, viewer) = Kept::start();
    let gone = run(async {
        let (server, local) = server("127.0.0.1:0", SessionLimits::default(), &tap);
        let (a, b) = (udp_to(&local).await, udp_to(&local).await);
        a.send(b"a").await.unwrap();
        let first = server.accept().await.unwrap();
        b.send(b"b").await.unwrap();
        let second = server.accept().await.unwrap();
        closed_off(&a).await;
        first.send(b"anybody there?").await.unwrap();
        first.send(b"hello?").await.unwrap();
        second.send(b"you?").await.unwrap();
        assert_eq!(next(&b).await, b"you?");
        b.send(b"yes").await.unwrap();
        assert_eq!(
            [heard(&second).await, heard(&second).await],
            [&b"b"[..], b"yes"]
        );
        assert_eq!((first.refused(), second.refused()), (2, 0));
        first.id()
    });
    let events = kept.finish(viewer);
    assert_eq!(dropped(&events, gone, DropReason::Refused), 2);
}

#[test]
fn a_message_that_no_packet_carries_is_refused_with_the_limit_and_the_next_goes() {
    run(async {
        for (address, max) in [("127.0.0.1:0", 65_507), ("[::1]:0", 65_527)] {
            let (server, local) = server(address, SessionLimits::default(), &Tap::off());
            let client = udp_to(&local).await;
            client.send(b"?").await.unwrap();
            let session = server.accept().await.unwrap();
            assert_eq!(session.max_len().unwrap(), max);
            let error = session.send(&vec![0; max + 1]).await.unwrap_err();
            assert_eq!(TooLong::of(&error), Some(TooLong { len: max + 1, max }));
            assert!(error.to_string().contains(&max.to_string()), "{error}");
            session.send(&vec![7; max]).await.unwrap();
            assert_eq!(next(&client).await.len(), max);
        }
    });
}

#[test]
fn a_unix_sender_waits_for_a_slow_reader_as_long_as_it_is_alone() {
    run(async {
        let (here, there) = (Path::new(), Path::new());
        let limits = SessionLimits {
            queued_messages: 3,
            ..SessionLimits::default()
        };
        let socket = unix_on(&here, Type::Datagram, &Tap::off());
        let server = MessageServer::with_limits(vec![socket], limits).unwrap();
        let client = unix_on(&there, Type::Datagram, &Tap::off());
        client.connect(&here.address()).await.unwrap();
        let sending = async {
            for number in 0..200_u8 {
                client.send(&[number]).await.unwrap();
            }
        };
        let reading = async {
            let session = server.accept().await.unwrap();
            for number in 0..200_u8 {
                assert_eq!(heard(&session).await, [number]);
                tokio::task::yield_now().await;
            }
            session.send(&vec![1; 150_000]).await.unwrap();
            assert_eq!(next(&client).await.len(), 150_000);
        };
        tokio::join!(sending, reading);
        assert_eq!(server.dropped().total(), 0);
    });
}

#[test]
fn a_session_whose_unix_peer_never_reads_waits_without_cpu_and_loses_nothing() {
    run(async {
        let (here, there) = (Path::new(), Path::new());
        let server = MessageServer::new(vec![unix_on(&here, Type::Datagram, &Tap::off())]).unwrap();
        let stuck = unix_on(&there, Type::Datagram, &Tap::off());
        stuck.send_to(b"?", &here.address()).await.unwrap();
        let session = server.accept().await.unwrap();
        let room = std::fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen").unwrap();
        let count = room.trim().parse::<u32>().unwrap() + 20;
        let sending = async {
            for number in 0..count {
                session.send(&number.to_be_bytes()).await.unwrap();
            }
        };
        let watching = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let before = cpu_time();
            tokio::time::sleep(Duration::from_millis(300)).await;
            let used = cpu_time() - before;
            assert!(
                used < Duration::from_millis(60),
                "{used:?} of CPU in 300 ms"
            );
            for number in 0..count {
                assert_eq!(next(&stuck).await, number.to_be_bytes());
            }
        };
        tokio::join!(sending, watching);
    });
}

#[test]
fn a_unix_peer_without_a_name_is_heard_and_cannot_be_answered() {
    run(async {
        let here = Path::new();
        let server = MessageServer::new(vec![unix_on(&here, Type::Datagram, &Tap::off())]).unwrap();
        let nameless = AsyncSocket::new(Family::Unix, Type::Datagram, &Tap::off()).unwrap();
        nameless.send_to(b"psst", &here.address()).await.unwrap();
        let session = server.accept().await.unwrap();
        assert_eq!(heard(&session).await, b"psst");
        let error = session.send(b"who?").await.unwrap_err();
        assert_eq!(error.errno(), Errno(89), "EDESTADDRREQ: {error}");
    });
}

#[test]
fn a_sessions_events_name_the_server_as_parent_and_its_end_has_the_totals() {
    let (kept, tap, viewer) = Kept::start();
    let (id, parent, peer) = run(async {
        let (server, local) = server("127.0.0.1:0", SessionLimits::default(), &tap);
        let client = udp_to(&local).await;
        client.send(b"hola").await.unwrap();
        let session = server.accept().await.unwrap();
        heard(&session).await;
        session.send(b"adios").await.unwrap();
        (
            session.id(),
            server.ids()[0],
            client.local_address().unwrap(),
        )
    });
    let events = kept.finish(viewer);
    let story: Vec<_> = events.iter().filter(|event| event.socket == id).collect();
    assert!(story.iter().all(|event| event.parent == Some(parent)));
    assert!(matches!(&story[0].kind, Kind::Accepted { peer: who, .. } if *who == peer));
    assert!(
        matches!(&story[1].kind, Kind::Received { payload, .. } if payload.data() == Some(b"hola"))
    );
    assert!(
        matches!(&story[2].kind, Kind::Sent { payload, .. } if payload.data() == Some(b"adios"))
    );
    let Kind::Closed { totals, .. } = &story[3].kind else {
        panic!("{story:?}")
    };
    assert_eq!((totals.bytes_received, totals.bytes_sent), (4, 5));
    assert_eq!(story.len(), 4);
    // What a session counted is not counted by the socket again.
    let own = |event: &&Event<'_>| {
        event.socket == parent
            && matches!(&event.kind, Kind::Closed { totals, .. } if totals.receives == 0)
    };
    assert_eq!(events.iter().filter(own).count(), 1);
}
