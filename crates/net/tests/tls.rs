//! TLS between two of our own ends: bytes and ends are exact, sessions are resumed, and each event is told.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

mod tls_scene;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use sockeye_model::{Event, Flow, Kind, Sink, Tally, TlsVersion, Wants};
use sockeye_net::tls::{self, Client, Server, Settings};
use sockeye_net::{Lent, Shutdown};
use sockeye_tap::Policy;
use tls_scene::{World, all_of, between, bytes, in_loop, shake};

#[test]
fn bytes_are_exact_both_ways_at_once_and_each_direction_ends_by_itself() {
    let world = World::new();
    for version in [TlsVersion::V12, TlsVersion::V13] {
        in_loop(async {
            let settings = Settings {
                version: Some(version),
                ..world.client()
            };
            let (client, server) = between(&settings, &world.server()).await;
            let (client, server) = (client.unwrap(), server.unwrap());
            let (there, back) = (bytes(5 << 20, 1), bytes((3 << 20) + 7, 2));
            let sending = async {
                client.send_all(&there).await.unwrap();
                client.finish().await.unwrap();
            };
            let answering = async {
                let (came, end) = all_of(&server).await;
                end.unwrap();
                // Only after the other direction has ended.
                server.send_all(&back).await.unwrap();
                server.finish().await.unwrap();
                came
            };
            let (came, (answer, end), ()) = tokio::join!(answering, all_of(&client), sending);
            assert!(
                came == there,
                "{version:?}: {} B of {}",
                came.len(),
                there.len()
            );
            assert!(
                answer == back,
                "{version:?}: {} B of {}",
                answer.len(),
                back.len()
            );
            end.unwrap();
            assert!(matches!(client.recv_lease().await.unwrap(), Lent::End));
        });
    }
}

#[test]
fn both_ends_may_write_much_before_either_reads() {
    let world = World::new();
    in_loop(async {
        let (client, server) = between(&world.client(), &world.server()).await;
        let (client, server) = (client.unwrap(), server.unwrap());
        let data = bytes(2 << 20, 3);
        let (.., came, went) = tokio::join!(
            async {
                client.send_all(&data).await.unwrap();
                client.finish().await.unwrap();
            },
            async {
                server.send_all(&data).await.unwrap();
                server.finish().await.unwrap();
            },
            all_of(&server),
            all_of(&client),
        );
        assert!(came.0 == data && went.0 == data);
    });
}

#[test]
fn an_end_without_a_close_notify_is_an_error_and_what_came_is_kept() {
    let world = World::new();
    in_loop(async {
        let (client, server) = between(&world.client(), &world.server()).await;
        let (client, server) = (client.unwrap(), server.unwrap());
        server.send_all(b"half of i").await.unwrap();
        server.socket().shutdown(Shutdown::Write).unwrap();
        let (came, end) = all_of(&client).await;
        assert_eq!(came, b"half of i");
        let error = end.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(tls::ended_early(&error), "{error}");
        // Our own direction goes on.
        client.send_all(b"still").await.unwrap();
        client.finish().await.unwrap();
        assert_eq!(all_of(&server).await.0, b"still");
    });
}

#[test]
fn who_closes_after_the_peers_end_says_goodbye_and_who_closes_before_does_not() {
    let world = World::new();
    in_loop(async {
        let (client, server) = between(&world.client(), &world.server()).await;
        let (client, server) = (client.unwrap(), server.unwrap());
        client.finish().await.unwrap();
        all_of(&server).await.1.unwrap();
        drop(server);
        all_of(&client).await.1.unwrap();

        let (client, server) = between(&world.client(), &world.server()).await;
        drop(server.unwrap());
        let error = all_of(&client.unwrap()).await.1.unwrap_err();
        assert!(tls::ended_early(&error), "{error}");
    });
}

#[test]
fn a_second_conversation_of_the_same_client_resumes_the_first_ones_session() {
    let world = World::new();
    for version in [TlsVersion::V12, TlsVersion::V13] {
        in_loop(async {
            let settings = Settings {
                version: Some(version),
                ..world.client()
            };
            let client = Client::new(&settings, "localhost").unwrap();
            let server = Server::new(&world.server(), &[]).unwrap();
            for resumed in [false, true] {
                let (one, two) = shake(&client, &server).await;
                let (one, two) = (one.unwrap(), two.unwrap());
                assert_eq!(
                    (one.agreed().resumed, two.agreed().resumed),
                    (resumed, resumed)
                );
                two.send_all(b"x").await.unwrap();
                two.finish().await.unwrap();
                assert_eq!(all_of(&one).await.0, b"x");
            }
        });
    }
}

#[test]
fn the_key_log_is_in_the_usual_format_and_its_users_alone() {
    let world = World::new();
    let path = world.folder.path("keys");
    let settings = Settings {
        keylog: Some(path.clone()),
        ..world.client()
    };
    in_loop(between(&settings, &world.server())).0.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let labels: Vec<&str> = text
        .lines()
        .map(|line| {
            let parts: Vec<&str> = line.split(' ').collect();
            assert_eq!((parts.len(), parts[1].len()), (3, 64), "{line}");
            let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(
                hex(parts[1]) && hex(parts[2]) && parts[2].len() >= 64,
                "{line}"
            );
            parts[0]
        })
        .collect();
    for label in [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET",
    ] {
        assert!(labels.contains(&label), "{labels:?}");
    }
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

/// What each event of a conversation is about, without what differs from run to run.
fn said(event: &Event<'_>) -> Option<String> {
    Some(match &event.kind {
        Kind::Upgraded { protocol, details } => {
            let names: Vec<&str> = details.iter().map(|(name, _)| &**name).collect();
            format!("upgraded {protocol}: {}", names.join(", "))
        }
        Kind::Sent { payload, .. } => format!("sent {payload:?}"),
        Kind::Received { payload, .. } => format!("received {payload:?}"),
        Kind::Called { call, .. } => format!("called {call}"),
        Kind::HalfClosed { end } => format!("half-closed {end:?}"),
        Kind::Closed { totals, .. } => {
            format!("closed {} {}", totals.bytes_sent, totals.bytes_received)
        }
        _ => return None,
    })
}

#[test]
fn the_events_of_a_conversation_are_those_of_its_plain_text_and_the_calls_beneath_are_told_apart() {
    let world = World::new();
    let kept = Kept::default();
    let (tap, viewer) =
        sockeye_tap::start(vec![Box::new(kept.clone())], Policy::Lossless, None).unwrap();
    in_loop(async {
        let client = Client::new(&world.client(), "localhost").unwrap();
        let server = Server::new(&world.server(), &[]).unwrap();
        let (dialed, called) = tls_scene::watched(&tap).await;
        let (one, two) = tokio::join!(tls::connect(dialed, &client), tls::accept(called, &server));
        let (one, two) = (one.unwrap(), two.unwrap());
        one.send_all(b"hola").await.unwrap();
        one.finish().await.unwrap();
        assert_eq!(all_of(&two).await.0, b"hola");
        drop(two);
        assert_eq!(all_of(&one).await.0, b"");
    });
    drop(tap);
    viewer.finish(Tally::default(), None).unwrap();
    let events = kept.0.lock().unwrap();
    let all_said: Vec<String> = events.iter().filter_map(said).collect();
    let layer: Vec<&String> = all_said
        .iter()
        .filter(|line| !line.starts_with("called"))
        .collect();
    let bytes = "Bytes { data: [104, 111, 108, 97], unit: Bytes }";
    let mut expected = vec![
        "upgraded TLS 1.3: suite, group, name, chain, days left, resumed".to_owned(),
        "upgraded TLS 1.3: suite, group, name, resumed".to_owned(),
        format!("sent {bytes}"),
        "half-closed Ours".to_owned(),
        format!("received {bytes}"),
        "half-closed Peer".to_owned(),
        "half-closed Peer".to_owned(),
        "closed 0 0".to_owned(),
        "closed 0 4".to_owned(),
        "closed 4 0".to_owned(),
    ];
    let mut layer: Vec<String> = layer.into_iter().cloned().collect();
    // Two ends: each has its own order, and which comes first between them is chance.
    expected.sort();
    layer.sort();
    assert_eq!(layer, expected);
    assert!(
        all_said
            .iter()
            .filter(|line| *line == "called send")
            .count()
            >= 4,
        "{all_said:?}"
    );
    assert!(
        all_said.iter().any(|line| line == "called recv"),
        "{all_said:?}"
    );
}

/// Keeps every event.
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
