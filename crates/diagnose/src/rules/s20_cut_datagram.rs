//! S20: a datagram was longer than the room given to recv(), and its end is gone.

use sockeye_model::{Event, Finding, Kind, Saying, Type, Value, Weight};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(CutDatagram),
};

const ABOUT: About = About {
    id: "S20",
    weight: Weight::Mistake,
    title: words::TITLE,
};

struct CutDatagram;

impl Rule for CutDatagram {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let Kind::Received {
            call,
            room,
            truncated_from: Some(whole),
            ..
        } = &event.kind
        else {
            return;
        };
        // Of a raw socket a program often wants no more than the headers.
        let messages = scene.socket(event.socket).is_some_and(|state| {
            matches!(
                state.created,
                Some((_, Type::Datagram | Type::SeqPacket, _))
            )
        });
        if !messages || whole <= room {
            return;
        }
        let fix = scene.in_tongue(event.by, words::FIX_C, words::FIX_PYTHON, words::FIX_C);
        let words = Words {
            short: Saying::of(words::SHORT)
                .with("room", Value::Bytes(*room))
                .with("lost", Value::Bytes(whole - room)),
            happened: Saying::of(words::HAPPENED)
                .with("whole", Value::Bytes(*whole))
                .with("call", Value::Call(*call))
                .with("room", Value::Bytes(*room))
                .with("lost", Value::Bytes(whole - room)),
            why: Saying::of(words::WHY),
            fix: Saying::of(fix).with("call", Value::Call(*call)),
        };
        found.push(at_call(&ABOUT, Weight::Mistake, event, words));
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a datagram was cut" | "un datagrama quedó cortado";
        SHORT = "room for {room} only: {lost} {lost:is|are} gone for good" | "solo {room:cabía|cabían} {room}: {lost} {lost:perdido|perdidos} sin remedio";
        HAPPENED = "a datagram of {whole} came, and {call}() had room for {room}: {lost} {lost:is|are} gone"
            | "llegó un datagrama de {whole} y {call}() tenía sitio para {room}: {lost} {lost:perdido|perdidos}";
        WHY = "each call takes one whole datagram off the queue; what does not fit is thrown away and never comes again"
            | "cada llamada saca de la cola un datagrama entero; lo que no cabe se tira y no vuelve";
        FIX_C = "give a buffer for the longest message you agree on: char buffer[65536] takes any"
            | "da un búfer para el mensaje más largo que acordéis: en char buffer[65536] cabe cualquiera";
        FIX_PYTHON = "give room for the longest message you agree on: {call}(65536) takes any"
            | "deja sitio para el mensaje más largo que acordéis: en {call}(65536) cabe cualquiera";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Story;

    #[test]
    fn the_lost_bytes_are_counted() {
        let mut story = Story::of("python3 server.py");
        story.udp(1).bound(1, "127.0.0.1:5005");
        story.received_from(1, 1800, 1024, "127.0.0.1:40000");
        assert_eq!(story.marks(), ["✗ S20"]);
        let lost = ("lost", Value::Bytes(776));
        assert!(story.found("S20").happened.places.contains(&lost));
    }

    #[test]
    fn a_datagram_that_just_fits_is_whole() {
        let mut story = Story::of("python3 server.py");
        story.udp(1).bound(1, "127.0.0.1:5005");
        story.received_from(1, 1024, 1024, "127.0.0.1:40000");
        assert_eq!(story.marks(), [""; 0]);
    }
}
