//! Correct programs that come close to a mistake: all rules together find nothing in them.

use sockeye_model::{Call, Errno, Kind, Note, Payload, Queues, Unit};

use crate::story::Story;

const NOTHING: [&str; 0] = [];
const SERVER: &str = "127.0.0.1:5000";

/// A connection of a client, #1.
fn client(command: &str) -> Story {
    let mut story = Story::of(command);
    story.tcp(1).connected(1, "127.0.0.1:40000", SERVER);
    story
}

#[test]
fn an_idle_chat_waits_on_both_sides_and_is_no_deadlock() {
    let mut story = Story::of("python3 server.py");
    story.listener(1, SERVER);
    story.accepted(1, 2, SERVER, "127.0.0.1:40000");
    story.starts(200, "python3 client.py");
    story
        .from(200)
        .tcp(3)
        .connected(3, "127.0.0.1:40000", SERVER);
    // A second thread of each reads the keyboard.
    story.event(0, Kind::Noted(Note::Threads));
    story.from(Story::PID).event(0, Kind::Noted(Note::Threads));
    for _ in 0..3 {
        story.from(200).sent(3, 6);
        story.from(Story::PID).received(2, 6, 1024);
        story.waits(2, Call::Recv).queued(2, 0, 0);
        story.from(200).waits(3, Call::Recv).queued(3, 0, 0);
        story.after(2_500);
    }
    let marks = story.marks();
    assert!(marks.iter().all(|mark| mark.starts_with('i')), "{marks:?}");
}

#[test]
fn a_udp_server_answers_whoever_asks() {
    let mut story = Story::of("python3 server.py");
    story
        .udp(1)
        .bound(1, "127.0.0.1:5005")
        .waits(1, Call::RecvFrom)
        .after(4_000);
    for peer in ["127.0.0.1:40001", "127.0.0.1:40002", "127.0.0.1:40001"] {
        story.received_from(1, 7, 1024, peer).sent_to(1, 7, peer);
        story.waits(1, Call::RecvFrom).after(3_000);
    }
    assert_eq!(story.left_open(1).exits(Err(2)).marks(), NOTHING);
}

#[test]
fn the_client_of_a_time_server_reads_four_bytes() {
    let mut story = client("python3 client.py");
    story.received(1, 4, 4).closed(1);
    assert_eq!(story.exits(Ok(0)).marks(), NOTHING);
}

#[test]
fn a_reader_of_lengths_reads_twice_for_each_message() {
    let mut story = Story::of("python3 server.py");
    story.listener(1, SERVER);
    story.accepted(1, 2, SERVER, "127.0.0.1:40000");
    for len in [5, 300, 17] {
        story.received(2, 4, 4).received(2, len, len).sent(2, 9);
    }
    story.peer_ends(2).closed(2).closed(1);
    assert_eq!(story.exits(Ok(0)).marks(), NOTHING);
}

#[test]
fn a_browser_that_leaves_is_at_most_good_to_know() {
    let mut story = Story::of("python3 -m http.server");
    story.listener(1, SERVER);
    story.accepted(1, 2, SERVER, "127.0.0.1:40000");
    story.received(2, 400, 8192).sent(2, 65_536);
    story.fails(2, Call::Send, Errno::EPIPE).closed(2);
    story.accepted(1, 3, SERVER, "127.0.0.1:40001");
    story.fails(3, Call::Recv, Errno::ECONNRESET).closed(3);
    let marks = story.left_open(1).exits(Err(2)).marks();
    assert!(marks.iter().all(|mark| mark == "i S12"), "{marks:?}");
}

#[test]
fn a_tls_client_that_only_writes_leaves_session_tickets() {
    let mut story = client("./client");
    let hello = Payload::Bytes {
        data: (&[0x16, 3, 1, 2, 0][..]).into(),
        unit: Unit::Bytes,
    };
    story.event(
        1,
        Kind::Sent {
            call: Call::Write,
            payload: hello,
            asked: 5,
            buffer: Some(0x1000),
            peer: None,
        },
    );
    story.received(1, 1200, 16_384).sent(1, 4_000);
    // Two session tickets.
    story.queued(1, 510, 0).closed(1);
    let marks = story.exits(Ok(0)).marks();
    assert_eq!(marks, ["i S09"]);
}

#[test]
fn twenty_five_clients_of_a_chat_are_no_leak() {
    let mut story = Story::of("node chat.js");
    story.listener(1, SERVER);
    for id in 2..27_u32 {
        story.called(0, Call::EpollWait, Ok(0));
        story.accepted(1, id, SERVER, &format!("127.0.0.1:{}", 40_000 + id));
    }
    for round in 0..4 {
        for from in 2..27_u32 {
            story
                .called(0, Call::EpollWait, Ok(0))
                .received(from, 10 + round, 65_536);
            for to in 2..27_u32 {
                story.event(
                    to,
                    Kind::Sent {
                        call: Call::Write,
                        payload: Payload::Unseen {
                            len: 12,
                            unit: Unit::Bytes,
                        },
                        asked: 12,
                        buffer: Some(u64::from(from) * 64),
                        peer: None,
                    },
                );
            }
            story.after(70);
        }
    }
    for id in 2..27_u32 {
        story
            .called(0, Call::EpollWait, Ok(0))
            .peer_ends(id)
            .closed(id)
            .after(400);
    }
    story.event(
        1,
        Kind::Queued(Queues::Accept {
            waiting: 0,
            backlog: 128,
        }),
    );
    assert_eq!(story.left_open(1).exits(Err(2)).marks(), NOTHING);
}
