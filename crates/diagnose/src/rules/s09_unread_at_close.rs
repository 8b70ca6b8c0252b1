//! S09: close() while bytes wait to be read, which resets the connection instead of ending it.

use sockeye_model::{Event, Finding, Saying, Timestamp, Value, Weight};

use super::Words;
use super::unread_at_close::{Left, UnreadAtClose};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(Unread::default()),
};

const ABOUT: About = About {
    id: "S09",
    weight: Weight::Mistake,
    title: words::TITLE,
};

#[derive(Default)]
struct Unread {
    closes: UnreadAtClose,
}

impl Rule for Unread {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        self.closes
            .event(event, scene, &mut |left| found.push(finding(&left)));
    }

    fn finish(&mut self, _at: Timestamp, _scene: &Scene, found: &mut Vec<Finding>) {
        self.closes.finish(&mut |left| found.push(finding(&left)));
    }
}

fn finding(left: &Left) -> Finding {
    let unread = || Value::Bytes(left.unread);
    let weight = match left.hurts {
        true => Weight::Mistake,
        false => Weight::Hint,
    };
    let happened = match (left.with_process, left.sent) {
        (true, _) => Saying::of(words::ENDED),
        (false, 0) => Saying::of(words::CLOSED),
        (false, sent) => Saying::of(words::ANSWERED).with("sent", Value::Bytes(sent)),
    };
    let words = Words {
        short: Saying::of(if left.unix {
            words::SHORT_UNIX
        } else {
            words::SHORT
        })
        .with("unread", unread()),
        happened: happened.with("unread", unread()),
        why: Saying::of(if left.unix {
            words::WHY_UNIX
        } else {
            words::WHY
        }),
        fix: Saying::of(words::FIX),
    };
    let mut finding = left.spot.finding(&ABOUT, weight, words);
    finding.times = u64::from(!left.again);
    finding
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "closed with bytes unread" | "cerrado con bytes sin leer";
        SHORT = "{unread} {unread:was|were} not read: RST" | "{unread} sin leer: RST";
        SHORT_UNIX = "{unread} {unread:was|were} not read: ECONNRESET" | "{unread} sin leer: ECONNRESET";
        CLOSED = "close() while {unread} {unread:was|were} waiting to be read" | "close() con {unread} esperando a ser {unread:leído|leídos}";
        ANSWERED = "close() while {unread} {unread:was|were} waiting to be read, after sending {sent}"
            | "close() con {unread} esperando a ser {unread:leído|leídos}, tras enviar {sent}";
        ENDED = "the program ended while {unread} {unread:was|were} waiting to be read"
            | "el programa terminó con {unread} esperando a ser {unread:leído|leídos}";
        WHY = "the kernel then sends RST, not FIN: the peer gets ECONNRESET (connection reset by peer), and may lose what was sent last"
            | "el núcleo envía entonces RST, no FIN: el otro recibe ECONNRESET (conexión reiniciada) y puede perder lo último enviado";
        WHY_UNIX = "on a UNIX socket the peer's recv() then gives ECONNRESET (connection reset by peer)"
            | "en un socket UNIX, el recv() del otro da entonces ECONNRESET (conexión reiniciada)";
        FIX = "before close(), read to the end of the message (its length, its newline) or until recv() gives 0 B"
            | "antes de close(), lee hasta el final del mensaje (su longitud, su salto de línea) o hasta que recv() dé 0 B";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Call, Errno, Kind, Note};

    use super::*;
    use crate::story::Story;

    #[test]
    fn a_server_that_answers_and_closes_with_bytes_unread_resets_its_client() {
        let mut story = Story::server();
        story.received(2, 10, 1024).sent(2, 10).queued(2, 18, 0);
        assert_eq!(story.closed(2).marks(), ["✗ S09"]);
    }

    #[test]
    fn only_tcp_is_said_to_send_a_reset() {
        let mut story = Story::server();
        story.received(2, 10, 1024).sent(2, 10).queued(2, 18, 0);
        story.closed(2);
        assert_eq!(story.found("S09").short.text, words::SHORT);
        let mut story = Story::of("python3 server.py");
        story.created(1, sockeye_model::Family::Unix, sockeye_model::Type::Stream);
        story.connected(1, "/tmp/a", "/tmp/b");
        story.sent(1, 10).queued(1, 18, 0).closed(1);
        assert_eq!(story.found("S09").short.text, words::SHORT_UNIX);
    }

    #[test]
    fn the_same_with_the_end_of_the_program() {
        let mut story = Story::server();
        story.received(2, 10, 1024).sent(2, 10).queued(2, 18, 0);
        assert_eq!(story.left_open(2).exits(Ok(0)).marks(), ["✗ S09"]);
    }

    #[test]
    fn a_server_that_was_interrupted_made_no_mistake() {
        let mut story = Story::server();
        story.received(2, 10, 1024).sent(2, 10).queued(2, 18, 0);
        assert_eq!(story.left_open(2).exits(Err(2)).marks(), ["i S09"]);
    }

    #[test]
    fn bytes_that_were_read_after_all_are_not_unread() {
        let mut story = Story::server();
        story.received(2, 10, 10).sent(2, 10).queued(2, 18, 0);
        story.received(2, 18, 1024).closed(2);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn a_client_that_has_had_enough_is_told_as_a_hint() {
        let mut story = Story::of("./client");
        story
            .tcp(1)
            .connected(1, "127.0.0.1:40000", "127.0.0.1:5000")
            .sent(1, 100)
            .queued(1, 500, 0)
            .closed(1);
        assert_eq!(story.marks(), ["i S09"]);
    }

    #[test]
    fn a_client_whose_server_is_seen_to_suffer_made_a_mistake() {
        let mut story = Story::server();
        story.starts(200, "python3 client.py");
        story.from(200).tcp(3);
        story.connected(3, "127.0.0.1:40000", "127.0.0.1:5000");
        story.sent(3, 5).received(3, 10, 1024).queued(3, 500, 0);
        story.closed(3);
        story
            .from(Story::PID)
            .fails(2, Call::Recv, Errno::ECONNRESET);
        assert_eq!(story.marks(), ["i S09", "✗ S09"]);
        assert_eq!(story.found("S09").weight, Weight::Mistake);
        assert_eq!(story.found("S09").times, 1);
    }

    #[test]
    fn session_tickets_that_a_tls_server_never_reads_are_no_mistake() {
        let mut story = Story::server();
        let hello = sockeye_model::Payload::Bytes {
            data: (&[0x16, 3, 1, 0, 5][..]).into(),
            unit: sockeye_model::Unit::Bytes,
        };
        story.event(
            2,
            Kind::Received {
                call: Call::Read,
                payload: hello,
                room: 1024,
                truncated_from: None,
                peer: None,
            },
        );
        story.sent(2, 100).queued(2, 24, 0);
        assert_eq!(story.closed(2).marks(), ["i S09"]);
    }

    #[test]
    fn a_tls_client_that_only_writes_is_no_mistake_even_if_its_server_is_reset() {
        let mut story = Story::server();
        story.starts(200, "python3 client.py");
        story.from(200).tcp(3);
        story.connected(3, "127.0.0.1:40000", "127.0.0.1:5000");
        let (protocol, text) = ("tls".into(), "handshake".into());
        story.sent(3, 517);
        story.event(3, Kind::Noted(Note::Meaning { protocol, text }));
        story.queued(3, 255, 0).closed(3);
        story
            .from(Story::PID)
            .fails(2, Call::Recv, Errno::ECONNRESET);
        assert_eq!(story.marks(), ["i S09"]);
    }

    #[test]
    fn that_it_is_tls_may_also_be_noted() {
        let mut story = Story::server();
        let (protocol, text) = ("tls".into(), "handshake".into());
        story.received(2, 5, 5);
        story.event(2, Kind::Noted(Note::Meaning { protocol, text }));
        story.sent(2, 100).queued(2, 24, 0);
        assert_eq!(story.closed(2).marks(), ["i S09"]);
    }

    #[test]
    fn a_peer_that_has_gone_is_not_hurt() {
        let mut story = Story::server();
        story.starts(200, "python3 client.py");
        story.from(200).tcp(3);
        story.connected(3, "127.0.0.1:40000", "127.0.0.1:5000");
        story.sent(3, 28).closed(3);
        story.from(Story::PID).received(2, 10, 1024).sent(2, 10);
        story.queued(2, 18, 0).closed(2);
        assert_eq!(story.marks(), ["i S09"]);
    }
}
