//! S38: an option is set after the call that it has to come before.

use sockeye_model::{Event, Finding, Kind, Saying, Value, Weight};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(TooLate),
};

const ABOUT: About = About {
    id: "S38",
    weight: Weight::Risk,
    title: words::TITLE,
};

struct TooLate;

impl Rule for TooLate {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let Kind::Configured { option, value } = &event.kind else {
            return;
        };
        let Some(state) = scene.socket(event.socket) else {
            return;
        };
        let ip = state.is_tcp() || state.is_udp();
        if value == "0" || !ip || state.options.contains_key(&**option) {
            return;
        }
        let too_late = match &**option {
            // A port of the system's choice is free, whatever is set.
            "SO_REUSEADDR" => state.bound.is_some() && !state.port_chosen,
            "SO_REUSEPORT" => state.bound.is_some() && !state.port_chosen,
            _ => false,
        };
        if !too_late {
            return;
        }
        let option = || Value::Name(option.clone().into_owned());
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: Saying::of(words::HAPPENED).with("option", option()),
            why: Saying::of(words::WHY).with("option", option()),
            fix: Saying::of(words::FIX),
        };
        found.push(at_call(&ABOUT, Weight::Risk, event, words));
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "an option that comes too late" | "una opción que llega tarde";
        SHORT = "too late: bind() came first" | "demasiado tarde: bind() fue antes";
        HAPPENED = "{option} was set after bind()" | "{option} se activó después de bind()";
        WHY = "{option} is asked for at one moment, in bind(): set later it changes nothing about this address"
            | "{option} se mira en un solo momento, en bind(): activada después no cambia nada de esta dirección";
        FIX = "move this call up, between socket() and bind()" | "sube esta llamada, entre socket() y bind()";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::Note;

    use super::*;
    use crate::story::{Story, at};

    #[test]
    fn an_address_that_is_to_be_reused_is_told_too_late_after_bind() {
        let mut story = Story::of("python3 server.py");
        story
            .tcp(1)
            .bound(1, "127.0.0.1:5000")
            .set(1, "SO_REUSEADDR", "1");
        let local = at("127.0.0.1:5000");
        story.event(1, Kind::Listening { local, backlog: 5 });
        assert_eq!(story.marks(), ["! S38"]);
    }

    #[test]
    fn before_bind_again_off_or_on_a_port_of_the_systems_choice_it_is_right() {
        let mut story = Story::of("python3 server.py");
        story
            .listener(1, "127.0.0.1:5000")
            .set(1, "SO_REUSEADDR", "1");
        story
            .udp(2)
            .bound(2, "127.0.0.1:5005")
            .set(2, "SO_REUSEADDR", "0");
        story.udp(3).bound(3, "127.0.0.1:40000");
        story
            .event(3, Kind::Noted(Note::PortChosen))
            .set(3, "SO_REUSEADDR", "1");
        story
            .udp(4)
            .bound(4, "127.0.0.1:5006")
            .set(4, "SO_RCVBUF", "65536");
        assert_eq!(story.marks(), [""; 0]);
    }
}
