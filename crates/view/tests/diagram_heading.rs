//! The heading over the columns has the name of the program that has the sockets, and not of the script that started it.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(dead_code, reason = "the scenes have more than these tests need")]

mod scenes;

use scenes::Scene;
use sockeye_model::{
    Caller, Event, Family, Kind, Note, Runtime, Sink, SocketId, Tally, Timestamp, Type,
};
use sockeye_view::{Columns, Diagram, DiagramOptions};

const SCRIPT: u32 = 3139;
const CHILD: u32 = 3140;

/// A start script asks for names, in itself and in a child, and gives way to the server `after` so many milliseconds.
fn started_by_a_script(after: u64) -> Vec<Event<'static>> {
    let mut scene = Scene::default();
    let command = "bash start".into();
    scene.at(
        0,
        0,
        Kind::Started {
            pid: SCRIPT,
            command,
        },
    );
    scene.at(
        1_000,
        0,
        Kind::Forked {
            parent: SCRIPT,
            child: CHILD,
        },
    );
    for sockets in [1, 8] {
        let of = Runtime::NameCache;
        scene.at(5_000, 0, Kind::Noted(Note::Runtime { of, sockets }));
    }
    let command = "python3 server.py".into();
    let replaced = Kind::Replaced {
        pid: SCRIPT,
        command,
    };
    scene.at(after * 1_000, 0, replaced);
    scene.created(after * 1_000 + 500, 1, Family::Inet, Type::Stream);
    let by = Caller {
        process: SCRIPT,
        thread: SCRIPT,
    };
    for event in &mut scene.events {
        event.by = Some(by);
    }
    scene.events
}

/// What is drawn, and what of it was there before the server.
fn drawn(events: &[Event<'static>], ticks: bool) -> (String, String) {
    let options = DiagramOptions {
        columns: Columns::Two,
        ..DiagramOptions::default()
    };
    let (mut all, mut before) = (Vec::new(), 0);
    for of in [events.len() - 2, events.len()] {
        all.clear();
        let mut diagram = Diagram::new(&mut all, options.clone());
        let mut last = Timestamp::START;
        for event in &events[..of] {
            while ticks && last < event.at {
                last = Timestamp::from_nanos(last.as_nanos() + 500_000_000).min(event.at);
                diagram.tick(last).unwrap();
            }
            diagram.event(event).unwrap();
        }
        if of == events.len() {
            diagram.finish(&Tally::default()).unwrap();
        } else {
            if ticks {
                diagram.tick(Timestamp::from_nanos(1_900_000_000)).unwrap();
            }
            drop(diagram);
            before = all.len();
        }
    }
    let all = String::from_utf8(all).unwrap();
    (all[..before].to_owned(), all)
}

fn headings(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.trim_start().strip_prefix("time ") {
            names.extend(rest.split(',').next());
        }
    }
    names
}

#[test]
fn sockets_of_the_runtime_do_not_make_the_heading_the_scripts() {
    let (before, all) = drawn(&started_by_a_script(200), false);
    assert_eq!(before, "", "nobody knows yet what the program is");
    assert_eq!(headings(&all), ["server.py"], "{all}");
    assert!(all.contains("cache of names (nscd): 8"), "{all}");
    assert!(
        all.find("cache of names") < all.find("#1 socket"),
        "rows stay in their order: {all}"
    );
}

#[test]
fn a_script_that_takes_long_is_drawn_meanwhile_and_the_heading_again() {
    let (before, all) = drawn(&started_by_a_script(2_500), true);
    assert_eq!(headings(&before), ["start"], "{before}");
    assert_eq!(headings(&all), ["start", "server.py"], "{all}");
    assert!(
        all.find("server.py,") < all.find("#1 socket"),
        "the name stands above the first socket: {all}"
    );
}

#[test]
fn a_program_that_stays_the_same_has_one_heading_however_long_it_takes() {
    let mut events = started_by_a_script(2_500);
    events.retain(|event| !matches!(event.kind, Kind::Replaced { .. }));
    let (_, all) = drawn(&events, true);
    assert_eq!(headings(&all), ["start"], "{all}");
    assert!(events.iter().any(|event| event.socket == SocketId(1)));
}
