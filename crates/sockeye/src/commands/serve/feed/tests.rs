//! What a page is told, as it is told.

use super::*;
use crate::limits::PAGE_ROWS as ROWS;
use serde_json::Value;
use sockeye_model::{Call, End, Family, Protocol, SocketId, Totals, Type, Unit};

/// A server's sockets as they come and go: #1 echoes, #2 carries the page.
struct Scene {
    feed: Feed,
    now: u64,
}

impl Scene {
    fn new() -> Self {
        let mut scene = Self {
            feed: Feed::new(),
            now: 0,
        };
        for (socket, at) in [(1, ECHO), (2, PAGE)] {
            let (family, kind, protocol) = (Family::Inet, Type::Stream, Protocol::DEFAULT);
            scene.happens(
                socket,
                None,
                Kind::Created {
                    family,
                    kind,
                    protocol,
                },
            );
            let (local, backlog) = (address(at), 5);
            scene.happens(socket, None, Kind::Listening { local, backlog });
        }
        scene.feed.serve(&address(ECHO), "echo", false);
        scene.feed.serve(&address(PAGE), "http", true);
        scene.rests();
        scene
    }

    fn happens(&mut self, socket: u32, parent: Option<u32>, kind: Kind<'static>) {
        self.now += 1_000_000;
        let event = Event {
            at: Timestamp::from_nanos(self.now),
            took: None,
            socket: SocketId(socket),
            parent: parent.map(SocketId),
            by: None,
            place: None,
            kind,
        };
        self.feed.event(&event).unwrap();
    }

    fn accepted(&mut self, socket: u32, parent: u32) {
        let local = address(if parent == 1 { ECHO } else { PAGE });
        let peer = address("127.0.0.1:50000");
        self.happens(socket, Some(parent), Kind::Accepted { local, peer });
    }

    fn sent(&mut self, socket: u32, data: &'static [u8]) {
        let kind = Kind::Sent {
            buffer: None,
            call: Call::Send,
            payload: Payload::Bytes {
                data: data.into(),
                unit: Unit::Bytes,
            },
            asked: data.len() as u64,
            peer: None,
        };
        self.happens(socket, None, kind);
    }

    fn closed(&mut self, socket: u32) {
        let totals = Totals {
            bytes_sent: 7,
            ..Totals::default()
        };
        self.happens(
            socket,
            None,
            Kind::Closed {
                totals,
                first: Some(End::Peer),
            },
        );
    }

    /// A moment without events: what has come together is sent.
    fn rests(&mut self) {
        self.now += 100_000_000;
        self.feed.tick(Timestamp::from_nanos(self.now)).unwrap();
    }
}

const ECHO: &str = "127.0.0.1:7007";
const PAGE: &str = "127.0.0.1:7080";

fn address(text: &str) -> SocketAddress {
    text.parse().unwrap()
}

type Frames = mpsc::Receiver<Frame>;

/// The frames that wait: each with its name and its JSON.
fn heard(frames: &mut Frames) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    while let Ok(frame) = frames.try_recv() {
        let text = std::str::from_utf8(&frame).unwrap();
        let body = text.strip_prefix("event: ").unwrap();
        let (name, data) = body.split_once("\ndata: ").unwrap();
        let data = data.strip_suffix("\n\n").unwrap();
        assert!(!data.contains('\n'), "{data}");
        all.push((name.to_owned(), serde_json::from_str(data).unwrap()));
    }
    all
}

/// All of one list of what was told.
fn all<'v>(heard: &'v [(String, Value)], list: &str) -> Vec<&'v Value> {
    let lists = heard.iter().filter_map(|(_, told)| told[list].as_array());
    lists.flatten().collect()
}

#[test]
fn a_page_is_told_first_what_sockets_there_are_and_then_how_they_come_and_go() {
    let mut scene = Scene::new();
    let mut page = scene.feed.subscribe().unwrap();
    let first = heard(&mut page);
    assert_eq!(first[0].0, "hello");
    assert_eq!(first[1].0, "past");
    let rows = all(&first, "rows");
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["service"], &rows[0]["state"]),
        (&"echo".into(), &"listening".into())
    );
    assert_eq!(
        (&rows[1]["service"], &rows[1]["page"]),
        (&"http".into(), &"own".into())
    );

    scene.accepted(3, 1);
    scene.sent(3, b"hola\n");
    scene.rests();
    let news = heard(&mut page);
    let rows = all(&news, "rows");
    assert_eq!(rows.len(), 1, "{news:?}");
    let row = rows[0];
    assert_eq!(row["peer"], "127.0.0.1:50000");
    assert_eq!(row["service"], "echo");
    assert_eq!((&row["state"], &row["sent"]), (&"open".into(), &5.into()));

    scene.closed(3);
    scene.rests();
    let news = heard(&mut page);
    let rows = all(&news, "rows");
    assert_eq!(
        (&rows[0]["state"], &rows[0]["sent"]),
        (&"closed".into(), &7.into())
    );
    // Nothing is kept of it.
    let mut late = scene.feed.subscribe().unwrap();
    assert_eq!(all(&heard(&mut late)[..1], "rows").len(), 2);
}

#[test]
fn the_bytes_are_asked_for_only_while_a_page_is_open() {
    let scene = Scene::new();
    assert_eq!(scene.feed.wants(), Wants::EACH_IO);
    let page = scene.feed.subscribe().unwrap();
    assert_eq!(scene.feed.wants(), Wants::BYTES);
    drop(page);
    let mut scene = scene;
    scene.now += SILENCE.as_nanos() as u64;
    scene.rests();
    assert_eq!(scene.feed.wants(), Wants::EACH_IO);
}

#[test]
fn narration_comes_in_both_languages_and_events_as_a_recording_has_them() {
    let mut scene = Scene::new();
    let mut page = scene.feed.subscribe().unwrap();
    heard(&mut page);
    scene.accepted(3, 1);
    scene.sent(3, b"hola <b>\x1b[2J\n");
    scene.rests();
    let news = heard(&mut page);
    let lines = all(&news, "lines");
    assert_eq!(lines[0][0]["fact"], "#3 is born: 127.0.0.1:50000");
    assert_eq!(lines[0][1]["fact"], "nace #3: 127.0.0.1:50000");
    assert_eq!(lines[0][0]["why"][0]["name"], lines[0][1]["why"][0]["name"]);
    let events = all(&news, "events");
    assert_eq!(events[0]["told"]["event"], "accepted");
    assert_eq!(events[1]["told"]["bytes"], 13);
    assert_eq!(events[1]["told"]["data"], Value::Null);
    assert_eq!(events[1]["preview"], "hola <b>\\x1b[2J\\n");
}

#[test]
fn what_carries_the_page_is_not_told_until_it_is_a_websocket() {
    let mut scene = Scene::new();
    let mut page = scene.feed.subscribe().unwrap();
    heard(&mut page);
    scene.accepted(3, 2);
    scene.rests();
    assert_eq!(all(&heard(&mut page), "rows")[0]["page"], "own");
    // Were this told, it would be sent to the page, and be the next thing to tell.
    scene.sent(3, b"event: news");
    scene.rests();
    assert!(heard(&mut page).is_empty());

    let (protocol, details) = ("WebSocket".into(), Vec::new().into());
    scene.happens(3, None, Kind::Upgraded { protocol, details });
    scene.sent(3, b"hola");
    scene.rests();
    let news = heard(&mut page);
    assert_eq!(all(&news, "rows")[0]["page"], "left");
    let kinds: Vec<&Value> = all(&news, "events")
        .iter()
        .map(|event| &event["told"]["event"])
        .collect();
    assert_eq!(kinds, ["accepted", "upgraded", "sent"]);
}

#[test]
fn a_slow_page_is_told_how_much_it_missed_and_what_there_is_now() {
    let mut scene = Scene::new();
    let mut slow = scene.feed.subscribe().unwrap();
    let mut quick = scene.feed.subscribe().unwrap();
    scene.accepted(3, 1);
    let rounds = 100;
    let mut told = 0;
    for _ in 0..rounds {
        scene.sent(3, b"x");
        scene.rests();
        told += all(&heard(&mut quick), "events").len();
    }
    assert_eq!(told, rounds + 1 + 4, "the other page has missed nothing");
    let waiting = heard(&mut slow);
    assert_eq!(waiting.len(), PAGE_FRAMES);
    scene.sent(3, b"x");
    scene.rests();
    let after = heard(&mut slow);
    let names: Vec<&str> = after.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["missed", "hello", "news"]);
    // What waited, but for hello and past, and what was missed is all there was.
    let missed = after[0].1["updates"].as_u64().unwrap() as usize;
    assert_eq!(PAGE_FRAMES - 2 + missed, rounds);
    let rows = after[1].1["rows"].as_array().unwrap();
    assert_eq!(rows.last().unwrap()["sent"], rounds as u64 + 1);
}

#[test]
fn what_goes_by_too_fast_is_counted() {
    let mut scene = Scene::new();
    let mut page = scene.feed.subscribe().unwrap();
    heard(&mut page);
    scene.accepted(3, 1);
    for _ in 0..2 * NEWS {
        // Each is a line and an event.
        scene.sent(3, b"x");
        scene.now += 60_000_000;
    }
    scene.rests();
    let news = heard(&mut page);
    let told = all(&news, "lines").len() + all(&news, "events").len();
    assert_eq!(told, NEWS);
    assert!(news[0].1["left_out"].as_u64().unwrap() > NEWS as u64);
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let mut scene = Scene::new();
    for socket in 3..3 + 2 * ROWS as u32 {
        scene.accepted(socket, 1);
    }
    let mut page = scene.feed.subscribe().unwrap();
    let first = heard(&mut page);
    assert_eq!(all(&first, "rows").len(), ROWS);
    assert_eq!(first[0].1["more"], ROWS as u64 + 2);
    let past = all(&first, "lines").len() + all(&first, "events").len();
    assert!(past <= PAST);
    for socket in 3..3 + 2 * ROWS as u32 {
        scene.closed(socket);
    }
    scene.rests();
    let mut late = scene.feed.subscribe().unwrap();
    let first = heard(&mut late);
    assert_eq!(all(&first[..1], "rows").len(), 2);
    assert_eq!(first[0].1["more"], 0);
}

#[test]
fn there_are_so_many_pages_at_once_and_none_after_the_end() {
    let scene = Scene::new();
    let pages: Vec<Frames> = (0..PAGES)
        .map(|_| scene.feed.subscribe().unwrap())
        .collect();
    assert!(scene.feed.subscribe().is_none());
    drop(pages);
    let mut page = scene.feed.subscribe().unwrap();
    scene.feed.end();
    assert!(scene.feed.subscribe().is_none());
    heard(&mut page);
    assert!(matches!(
        page.try_recv(),
        Err(mpsc::error::TryRecvError::Disconnected)
    ));
}
