//! S08: one recv() that filled its room was taken for the whole message, and the rest was thrown away.

use sockeye_model::{Event, Finding, Saying, Timestamp, Value, Weight};

use super::Words;
use super::unread_at_close::{Left, UnreadAtClose};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(OneRecv::default()),
};

const ABOUT: About = About {
    id: "S08",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// Told only beside S09's mistake: reading a fixed length, as of RFC 868's four bytes or of a length prefix, is right.
#[derive(Default)]
struct OneRecv {
    closes: UnreadAtClose,
}

impl Rule for OneRecv {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        self.closes
            .event(event, scene, &mut |left| found.extend(finding(left, scene)));
    }

    fn finish(&mut self, _at: Timestamp, scene: &Scene, found: &mut Vec<Finding>) {
        self.closes
            .finish(&mut |left| found.extend(finding(left, scene)));
    }
}

fn finding(left: Left, scene: &Scene) -> Option<Finding> {
    let room = left.stretch.filled?;
    if !left.hurts || left.stretch.receives != 1 {
        return None;
    }
    let spot = left.stretch.spot?;
    let fix = scene.in_tongue(spot.by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
    let words = Words {
        short: Saying::of(words::SHORT).with("room", Value::Bytes(room)),
        happened: Saying::of(words::HAPPENED)
            .with("room", Value::Bytes(room))
            .with("unread", Value::Bytes(left.unread)),
        why: Saying::of(words::WHY),
        fix: Saying::of(fix),
    };
    Some(spot.finding(&ABOUT, Weight::Mistake, words))
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "one recv() taken for the whole message" | "un recv() tomado por el mensaje entero";
        SHORT = "it filled your {room}: there was more" | "llenó tus {room}: había más";
        HAPPENED = "one receive with room for {room} was taken for the whole message; {unread} more {unread:was|were} waiting"
            | "se tomó por el mensaje entero una recepción con sitio para {room}; {unread:esperaba|esperaban} {unread} más";
        WHY = "TCP carries bytes, not messages: a receive gives what is there, up to the room, and the rest waits for the next"
            | "TCP lleva bytes, no mensajes: una recepción da lo que haya, hasta lo que quepa, y el resto espera a la siguiente";
        FIX_C = "receive in a loop until your message ends (its length, its newline) or recv() returns 0"
            | "recibe en un bucle hasta que acabe tu mensaje (su longitud, su salto de línea) o recv() devuelva 0";
        FIX_PYTHON = "read until your message ends: line = conn.makefile('rb').readline(); or loop until recv() gives b''"
            | "lee hasta que acabe tu mensaje: line = conn.makefile('rb').readline(); o en bucle hasta que recv() dé b''";
        FIX_NODE = "collect what each 'data' event brings until your message ends"
            | "junta lo que trae cada evento 'data' hasta que acabe tu mensaje";
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;

    #[test]
    fn a_receive_that_was_too_small_is_named_beside_what_it_led_to() {
        let mut story = Story::server();
        story
            .line(7)
            .received(2, 10, 10)
            .sent(2, 10)
            .queued(2, 18, 0);
        assert_eq!(story.line(9).closed(2).marks(), ["✗ S08", "✗ S09"]);
        let place = story.found("S08").place.clone().unwrap();
        assert_eq!(place.line, 7);
    }

    #[test]
    fn a_length_and_then_the_message_is_right() {
        let mut story = Story::server();
        story.received(2, 4, 4).received(2, 100, 100).sent(2, 2);
        assert_eq!(story.closed(2).marks(), [""; 0]);
    }

    #[test]
    fn reading_on_and_still_leaving_bytes_is_only_the_close() {
        let mut story = Story::server();
        story.received(2, 4, 4).received(2, 100, 100).sent(2, 2);
        story.queued(2, 7, 0);
        assert_eq!(story.closed(2).marks(), ["✗ S09"]);
    }

    #[test]
    fn four_bytes_of_a_time_server_are_the_whole_message() {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .connected(1, "127.0.0.1:40000", "127.0.0.1:37")
            .received(1, 4, 4)
            .closed(1);
        assert_eq!(story.marks(), [""; 0]);
    }
}
