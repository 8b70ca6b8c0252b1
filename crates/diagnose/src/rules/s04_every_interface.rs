//! S04: a server that is bound on every interface of this machine.

use rustc_hash::FxHashSet;
use sockeye_model::{Event, Finding, Saying, Value, Weight};

use super::serves::serves;
use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, owned};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(EveryInterface::default()),
};

const ABOUT: About = About {
    id: "S04",
    weight: Weight::Hint,
    title: words::TITLE,
};

/// The programs that were told: once is enough.
#[derive(Default)]
struct EveryInterface {
    told: FxHashSet<Option<u32>>,
}

impl Rule for EveryInterface {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let Some(local) = serves(event, scene).filter(|local| local.is_unspecified()) else {
            return;
        };
        let program = event.by.map(|by| scene.program_of(by.process));
        if !self.told.insert(program) {
            return;
        }
        let mut spot = Spot::of(event);
        let state = scene.socket(event.socket);
        spot.place = state
            .and_then(|state| state.bound_at.clone())
            .or_else(|| event.place.clone().map(owned));
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: Saying::of(words::HAPPENED).with("address", Value::Address(local.clone())),
            why: Saying::of(words::WHY),
            fix: Saying::of(words::FIX),
        };
        found.push(spot.finding(&ABOUT, Weight::Hint, words));
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a server on every interface" | "un servidor en todas las interfaces";
        SHORT = "bound on every interface of this machine" | "en todas las interfaces de esta máquina";
        HAPPENED = "{address} stands for every interface of this machine, not only loopback"
            | "{address} abarca todas las interfaces de esta máquina, no solo la de bucle local";
        WHY = "who gets through is decided by networks and firewalls, and can't be known from here"
            | "quién llega lo deciden las redes y los cortafuegos, y desde aquí no se puede saber";
        FIX = "if it is meant for this computer alone, bind 127.0.0.1" | "si es solo para este ordenador, haz bind a 127.0.0.1";
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;

    fn told(story: &Story) -> usize {
        let found = story.findings().iter();
        found.filter(|found| found.rule == "S04").count()
    }

    #[test]
    fn a_server_on_every_interface_is_told_once_a_program() {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "0.0.0.0:5000").listener(2, "[::]:5001");
        assert_eq!(told(&story), 1);
    }

    #[test]
    fn an_address_or_a_port_of_the_systems_choice_is_not_told() {
        let chosen = || sockeye_model::Kind::Noted(sockeye_model::Note::PortChosen);
        let mut story = Story::of("python3 server.py");
        story.listener(1, "192.0.2.1:5000");
        story.listener(2, "127.0.0.1:5000");
        story.udp(3).bound(3, "0.0.0.0:40000").event(3, chosen());
        story.received_from(3, 4, 512, "192.0.2.9:53");
        assert_eq!(told(&story), 0);
    }

    #[test]
    fn a_client_that_binds_and_asks_first_is_no_server() {
        let mut story = Story::of("python3 client.py");
        story.udp(1).bound(1, "0.0.0.0:68");
        story.sent_to(1, 4, "192.0.2.9:67");
        story.received_from(1, 4, 512, "192.0.2.9:67");
        assert_eq!(told(&story), 0);
    }
}
