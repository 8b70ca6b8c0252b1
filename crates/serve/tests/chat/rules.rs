//! The rules that need time and real sockets: slow readers, fast speakers, the end of the server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use sockeye_serve::chat::ChatLimits;

use crate::scene::{Member, PATIENCE, Running};

#[test]
fn a_reader_that_never_reads_is_dropped_and_the_others_hear_everything() {
    let limits = ChatLimits {
        queued_messages: 20,
        behind: Duration::from_millis(400),
        burst: 1_000_000,
        ..ChatLimits::USUAL
    };
    let server = Running::with(&["tcp://127.0.0.1:0"], limits, PATIENCE);
    let mut stuck = TcpStream::connect(server.inet(0)).unwrap();
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let mut ben = Member::tcp(server.inet(0)).named("ben");
    ana.hear_until("is now ben");
    let text = "x".repeat(4000);
    let mut said = 0;
    // Each is heard before the next is said, so that nobody else is ever behind.
    let dropped = loop {
        ana.say(&format!("{said} {text}"));
        said += 1;
        let line = ben.hear();
        if line.contains("fell too far behind") {
            break line;
        }
        assert!(line.starts_with("ana: "), "{line}");
        assert!(said < 100_000);
    };
    assert_eq!(dropped, "* guest-1 was dropped: fell too far behind");
    ben.hear_until(&format!("ana: {} ", said - 1));
    let mut all = Vec::new();
    stuck.set_read_timeout(Some(PATIENCE)).unwrap();
    // What it did not take is lost to it, and it hears so.
    assert!(stuck.read_to_end(&mut all).is_err());
    let (_, counts) = server.stop();
    assert_eq!(counts.dropped, 1);
    assert!(counts.left_out > 0);
    // Ben heard all; the one that was dropped, what was queued for it.
    assert!(counts.delivered >= said && counts.delivered < 2 * said);
}

#[test]
fn a_reader_that_comes_back_in_time_is_told_what_it_missed() {
    let limits = ChatLimits {
        queued_messages: 20,
        burst: 1_000_000,
        ..ChatLimits::USUAL
    };
    let server = Running::with(&["tcp://127.0.0.1:0"], limits, PATIENCE);
    let mut slow = Member::tcp(server.inet(0)).named("slow");
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let text = "x".repeat(4000);
    let mut said = 0u64;
    while server.chat.counts().left_out == 0 {
        for _ in 0..10 {
            ana.say(&format!("{said} {text}"));
            said += 1;
        }
        // The server has heard them when it has answered.
        ana.say("/msg ana here");
        ana.hear_until("[ana → you]");
        assert!(said < 100_000);
    }
    let (mut heard, mut missed) = (0, 0);
    while heard + missed < said {
        let line = slow.hear();
        if let Some(rest) = line.strip_prefix("* you fell behind: ") {
            missed += rest.split(' ').next().unwrap().parse::<u64>().unwrap();
        } else if line.starts_with("ana: ") {
            heard += 1;
        }
    }
    assert_eq!(heard + missed, said);
    assert_eq!(missed, server.chat.counts().left_out);
    assert_eq!(server.chat.counts().dropped, 0);
    server.stop();
}

#[test]
fn a_flood_waits_and_the_others_are_heard_meanwhile() {
    let limits = ChatLimits {
        burst: 10,
        pace: Duration::from_millis(5),
        ..ChatLimits::USUAL
    };
    let server = Running::with(&["tcp://127.0.0.1:0"], limits, PATIENCE);
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let began = Instant::now();
    let mut flood = TcpStream::connect(server.inet(0)).unwrap();
    let lines: String = (0..110).map(|number| format!("{number}\n")).collect();
    flood.write_all(lines.as_bytes()).unwrap();
    ana.hear_until("guest-2: 0");
    ana.say("/who");
    // The answer comes between the flood's lines, not behind them.
    ana.hear_until("* in lobby: ana, guest-2");
    assert_eq!(
        ana.hear_until("guest-2: 109"),
        "guest-2: 109",
        "nothing is lost"
    );
    assert!(began.elapsed() >= Duration::from_millis(5 * 99));
    server.stop();
}

#[test]
fn a_flood_in_one_datagram_waits_as_well() {
    let limits = ChatLimits {
        burst: 10,
        pace: Duration::from_millis(5),
        ..ChatLimits::USUAL
    };
    let server = Running::with(
        &["tcp://127.0.0.1:0", "udp://127.0.0.1:0"],
        limits,
        PATIENCE,
    );
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let mut flood = Member::udp(server.inet(1));
    ana.hear_until("guest-2 joined");
    let began = Instant::now();
    let lines: Vec<String> = (0..110).map(|number| number.to_string()).collect();
    flood.say(&lines.join("\n"));
    for line in &lines {
        assert_eq!(ana.hear(), format!("guest-2: {line}"));
    }
    assert!(began.elapsed() >= Duration::from_millis(5 * 98));
    server.stop();
}

#[test]
fn who_asks_and_never_reads_the_answers_is_dropped_too() {
    let limits = ChatLimits {
        queued_messages: 5,
        behind: Duration::from_millis(100),
        burst: 1_000_000,
        ..ChatLimits::USUAL
    };
    let server = Running::with(&["tcp://127.0.0.1:0"], limits, PATIENCE);
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let stuck = TcpStream::connect(server.inet(0)).unwrap();
    ana.hear_until("guest-2 joined");
    let mut writing = stuck.try_clone().unwrap();
    // Nobody says anything to the room: what it does not read is for itself alone.
    let ask = format!("/msg guest-2 {}\n", "x".repeat(4000));
    let asking = std::thread::spawn(move || while writing.write_all(ask.as_bytes()).is_ok() {});
    assert_eq!(ana.hear(), "* guest-2 was dropped: fell too far behind");
    asking.join().unwrap();
    server.stop();
}

#[test]
fn a_server_that_ends_says_goodbye_and_does_not_wait_for_who_never_reads() {
    let server = Running::with(
        &["tcp://127.0.0.1:0"],
        ChatLimits::USUAL,
        Duration::from_millis(300),
    );
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let began = Instant::now();
    let (served, _) = server.stop();
    assert!(began.elapsed() < PATIENCE / 2);
    assert_eq!(ana.hear(), "* the server ends; goodbye");
    assert_eq!(ana.hear(), "");
    // She had not closed her side, and was given no longer than the drain.
    assert_eq!(served[0].conversations.cut, 1);
}
