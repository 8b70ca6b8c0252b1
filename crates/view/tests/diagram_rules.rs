//! Two traced programs, told in any order in which they may come: the picture is a rule, and not a matter of luck.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(dead_code, reason = "the scenes have more than these tests need")]

mod scenes;

use std::time::Duration;

use scenes::Scene;
use sockeye_model::{
    Call, Caller, End, Errno, Event, Family, Finding, Kind, Queues, Saying, Sink, SocketId, Tally,
    Timestamp, Type, Weight, text::Text,
};
use sockeye_view::{Columns, Diagram, DiagramOptions, Reasons};

const SERVER: u32 = 3139;
const CLIENT: u32 = 3150;
const HERE: &str = "127.0.0.1:5000";
const THERE: &str = "127.0.0.1:44888";

fn drawn(events: &[Event<'static>], reasons: Reasons) -> String {
    let options = DiagramOptions {
        columns: Columns::Two,
        reasons,
        ..DiagramOptions::default()
    };
    let mut out = Vec::new();
    let mut diagram = Diagram::new(&mut out, options);
    for event in events {
        diagram.event(event).unwrap();
    }
    diagram.finish(&Tally::default()).unwrap();
    String::from_utf8(out).unwrap()
}

fn by(mut events: Vec<Event<'static>>, process: u32) -> Vec<Event<'static>> {
    for event in &mut events {
        let thread = process;
        event.by = Some(Caller { process, thread });
    }
    events
}

/// Both programs have started, and one listens.
fn begun() -> Vec<Event<'static>> {
    let mut server = Scene::default();
    let command = "python3 server.py".into();
    server.at(
        0,
        0,
        Kind::Started {
            pid: SERVER,
            command,
        },
    );
    server.created(1_000, 1, Family::Inet, Type::Stream);
    server.bound(2_000, 1, HERE);
    server.listening(3_000, 1, HERE);
    let mut client = Scene::default();
    let command = "python3 client.py".into();
    client.at(
        10_000,
        0,
        Kind::Started {
            pid: CLIENT,
            command,
        },
    );
    let mut begun = by(server.events, SERVER);
    begun.extend(by(client.events, CLIENT));
    begun
}

fn in_progress() -> Kind<'static> {
    Kind::Called {
        call: Call::Connect,
        result: Err(Errno::EINPROGRESS),
    }
}

/// A server that answers and closes, and a client that does not wait in connect.
fn answered() -> (Vec<Event<'static>>, Vec<Event<'static>>) {
    let mut server = Scene::default();
    server.accepted(100_350, 1, 3, HERE, THERE);
    server.received(101_000, 3, b"hola");
    server.sent(101_200, 3, b"HOLA");
    server.closed(101_300, 3, 4, 4, Some(End::Ours));
    server.closed(101_400, 1, 0, 0, None);
    let mut client = Scene::default();
    client.created(100_000, 2, Family::Inet, Type::Stream);
    client.connecting(100_200, 2, HERE);
    client.at(100_300, 2, in_progress());
    client.connected(100_500, 2, THERE, HERE, 5);
    client.sent(100_900, 2, b"hola");
    client.received(101_250, 2, b"HOLA");
    client.half_closed(101_500, 2, End::Peer);
    client.closed(101_600, 2, 4, 4, Some(End::Peer));
    (by(server.events, SERVER), by(client.events, CLIENT))
}

/// Every order in which the two may be told, where `may` says whether the next of the server (true) or of the client may come
/// after so many of each.
fn orders(
    server: usize,
    client: usize,
    may: &dyn Fn(bool, usize, usize) -> bool,
) -> Vec<Vec<bool>> {
    let mut all = Vec::new();
    let mut begun = vec![(Vec::new(), 0, 0)];
    while let Some((order, of_server, of_client)) = begun.pop() {
        if (of_server, of_client) == (server, client) {
            all.push(order);
            continue;
        }
        for is_server in [true, false] {
            let left = if is_server {
                of_server < server
            } else {
                of_client < client
            };
            if left && may(is_server, of_server, of_client) {
                let mut order: Vec<bool> = order.clone();
                order.push(is_server);
                let (more, other) = (usize::from(is_server), usize::from(!is_server));
                begun.push((order, of_server + more, of_client + other));
            }
        }
    }
    all
}

fn merged(
    order: &[bool],
    server: &[Event<'static>],
    client: &[Event<'static>],
) -> Vec<Event<'static>> {
    let (mut server, mut client) = (server.iter(), client.iter());
    let events = order.iter().map(|is_server| match is_server {
        true => server.next().unwrap().clone(),
        false => client.next().unwrap().clone(),
    });
    events.collect()
}

/// The times of the rows never go back, and each program's calls are in its order.
fn assert_is_valid(text: &str) {
    let times: Vec<f64> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.get(..6)?.trim().parse().ok())
        .collect();
    assert!(times.len() > 5 && times.is_sorted(), "{text}");
    let calls = |column: usize, all: &[&str]| {
        let rows: Vec<&str> = text
            .lines()
            .map(|line| line.split('│').nth(column).unwrap_or_default())
            .collect();
        let mut from = 0;
        for call in all {
            let at = rows[from..].iter().position(|row| row.contains(call));
            from += at.unwrap_or_else(|| panic!("{call} is missing or too early\n{text}")) + 1;
        }
    };
    let of_server = [
        "#1 listen",
        "born",
        "#3 recv",
        "#3 send",
        "#3 close",
        "#1 close",
    ];
    calls(0, &of_server);
    let of_client = [
        "EINPROGRESS",
        "#2 connect",
        "#2 send",
        "#2 recv",
        "#2 recv",
        "#2 close",
    ];
    calls(2, &of_client);
}

#[test]
fn in_whatever_order_two_programs_are_told_the_rows_are_the_same() {
    let (server, client) = answered();
    let all = orders(server.len(), client.len(), &|_, _, _| true);
    assert_eq!(all.len(), 1_287);
    let mut first = None;
    for order in &all {
        let mut events = begun();
        events.extend(merged(order, &server, &client));
        // The same again, long after: what was held is drawn meanwhile.
        let late = |mut event: Event<'static>| {
            event.at = Timestamp::from_nanos(900_000_000);
            event
        };
        let mut last = Scene::default();
        last.created(0, 9, Family::Inet, Type::Stream);
        events.extend(by(last.events, CLIENT).into_iter().map(late));
        let text = drawn(&events, Reasons::Once);
        assert_is_valid(&text);
        assert_eq!(&text, first.get_or_insert_with(|| text.clone()));
    }
}

#[test]
fn a_connect_that_does_not_wait_is_drawn_the_same_however_long_each_end_takes() {
    let (server, client) = answered();
    // What the kernel allows: an accept after its connect began, a receive after its send began, an end after its close.
    let may = |is_server: bool, of_server: usize, of_client: usize| match (
        is_server, of_server, of_client,
    ) {
        (true, 0, told) => told >= 2,
        (true, 1, told) => told >= 4,
        (false, told, 5) => told >= 2,
        (false, told, 6) => told >= 3,
        _ => true,
    };
    let rows = |text: &str| -> Vec<String> {
        let mut rows: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| line.contains("│")) {
            let (time, row) = line.split_at(6);
            match time.trim().is_empty() {
                true => rows.last_mut().unwrap().push_str(row),
                false => rows.push(row.to_owned()),
            }
        }
        rows.retain(|row| row.contains("connect") || row.contains("accept"));
        rows
    };
    let mut first = None;
    let all = orders(server.len(), client.len(), &may);
    assert!(all.len() > 50, "{}", all.len());
    for order in all {
        let mut events = begun();
        let told = merged(&order, &server, &client).into_iter().enumerate();
        events.extend(told.map(|(index, mut event)| {
            event.at = Timestamp::from_nanos(100_000_000 + 700_000 * index as u64);
            event
        }));
        let text = drawn(&events, Reasons::None);
        assert_is_valid(&text);
        let rows = rows(&text);
        assert_eq!(rows.len(), 2, "{text}");
        assert!(rows[0].contains("EINPROGRESS"), "{text}");
        assert!(
            rows[1].contains("#1 accept #3 is born") && rows[1].contains("#2 connect"),
            "{text}"
        );
        assert_eq!(&rows, first.get_or_insert_with(|| rows.clone()), "{text}");
    }
}

#[test]
fn a_wait_that_is_told_late_stands_where_it_began() {
    let mut events = begun();
    let mut server = Scene::default();
    server.waiting(20_000, 1, Call::Accept);
    let mut client = Scene::default();
    client.created(30_000, 2, Family::Inet, Type::Stream);
    events.extend(by(client.events, CLIENT));
    events.extend(by(server.events, SERVER));
    let text = drawn(&events, Reasons::None);
    let line = |what: &str| text.lines().position(|line| line.contains(what)).unwrap();
    assert!(line("waiting for a client") < line("#2 socket"), "{text}");
    assert!(text.contains(" 0.020 #1 accept"), "{text}");
}

fn found(at: u64, weight: Weight, short: Text) -> Event<'static> {
    let finding = Finding {
        rule: "S09",
        weight,
        socket: SocketId(3),
        by: None,
        place: None,
        times: 1,
        again: false,
        short: Saying::of(short),
        happened: Saying::of(short),
        why: Saying::of(short),
        fix: Saying::of(short),
    };
    let mut scene = Scene::default();
    scene.at(at, 3, Kind::Diagnosed(Box::new(finding)));
    scene.events.remove(0)
}

/// The server throws the connection away, by bytes it never read or by SO_LINGER; the client is not told before it closes.
fn thrown_away(linger: bool) -> Vec<Event<'static>> {
    let mut events = begun();
    let mut server = Scene::default();
    let mut client = Scene::default();
    client.created(99_000, 2, Family::Inet, Type::Stream);
    client.connecting(99_100, 2, HERE);
    client.connected(99_200, 2, THERE, HERE, 5);
    server.accepted(99_300, 1, 3, HERE, THERE);
    client.sent(99_400, 2, b"hola");
    server.received(99_500, 3, b"ho");
    if linger {
        let option = "SO_LINGER".into();
        let value = "1,0".into();
        server.at(99_550, 3, Kind::Configured { option, value });
    } else {
        let unread = Queues::Data {
            unread: 2,
            unsent: 0,
        };
        server.at(99_600, 3, Kind::Queued(unread));
    }
    server.closed(99_600, 3, 0, 2, Some(End::Ours));
    client.closed(300_000, 2, 4, 0, Some(End::Peer));
    events.extend(by(client.events, CLIENT));
    events.extend(by(server.events, SERVER));
    events.sort_by_key(|event| event.at);
    for event in &mut events {
        if matches!(event.kind, Kind::Closed { .. }) {
            event.took = Some(Duration::from_micros(20));
        }
    }
    events
}

#[test]
fn after_a_reset_neither_side_sends_fin_or_rests_in_time_wait() {
    for linger in [true, false] {
        let text = drawn(&thrown_away(linger), Reasons::Once);
        assert_eq!(text.matches("RST (reset) ═").count(), 1, "{text}");
        assert!(!text.contains("─ FIN ─"), "{text}");
        assert!(!text.contains("rests ~60"), "{text}");
        assert!(!text.contains("closed first"), "{text}");
        assert!(text.contains("was gone"), "{text}");
    }
}

#[test]
fn an_end_in_order_has_its_fin_and_its_time_wait() {
    let mut events = thrown_away(true);
    events.retain(|event| !matches!(event.kind, Kind::Configured { .. }));
    let text = drawn(&events, Reasons::Once);
    assert_eq!(text.matches("─ FIN ─").count(), 2, "{text}");
    assert!(text.contains("needs SO_REUSEADDR"), "{text}");
    let option = "SO_REUSEADDR".into();
    let value = "1".into();
    let mut option = Scene::default()
        .at(1_500, 1, Kind::Configured { option, value })
        .clone();
    option.by = events[0].by;
    events.insert(2, option);
    let text = drawn(&events, Reasons::Once);
    assert!(!text.contains("needs SO_REUSEADDR"), "{text}");
    assert!(text.contains("a restart can bind"), "{text}");
}

#[test]
fn what_is_found_later_names_the_call_and_its_time() {
    const LATE: Text = Text::new("nobody listens", "nadie escucha");
    let mut events = thrown_away(false);
    let mut late = found(900_000, Weight::Mistake, LATE);
    late.by = events[0].by;
    events.push(late);
    let text = drawn(&events, Reasons::None);
    let row = text.lines().rfind(|line| line.contains("S09")).unwrap();
    assert!(row.starts_with(" 0.900 ✗ S09 #3 recv(65536) at"), "{text}");
}

#[test]
fn what_is_found_at_a_close_stands_below_it_once_and_not_at_the_end() {
    const LIGHT: Text = Text::new("left unread", "sin leer");
    const HEAVY: Text = Text::new("the peer was reset", "el otro recibió RST");
    let mut events = thrown_away(false);
    let close = events
        .iter()
        .position(|event| event.socket == SocketId(3) && matches!(event.kind, Kind::Closed { .. }))
        .unwrap();
    events.insert(close + 1, found(99_600, Weight::Hint, LIGHT));
    events.insert(close + 2, found(99_700, Weight::Mistake, HEAVY));
    let events = [by(events[close + 1..close + 3].to_vec(), SERVER), events];
    let mut told = events[1].clone();
    told[close + 1..close + 3].clone_from_slice(&events[0]);
    let text = drawn(&told, Reasons::None);
    let rows: Vec<&str> = text.lines().collect();
    let close = rows
        .iter()
        .position(|row| row.contains("#3 close"))
        .unwrap();
    let below = rows[close + 1..]
        .iter()
        .find(|row| row.contains("S09"))
        .unwrap();
    assert!(below.contains("✗ S09 the peer was reset"), "{text}");
    assert!(!text.contains("left unread"), "{text}");
    let client = rows
        .iter()
        .position(|row| row.contains("#2 close"))
        .unwrap();
    let found = rows.iter().position(|row| row.contains("S09")).unwrap();
    assert!(close < found && found < client, "{text}");
}
