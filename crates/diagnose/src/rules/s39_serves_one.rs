//! S39: a server ends after its first client while others wait, or come later.

use std::collections::HashMap;

use rustc_hash::FxHashMap;
use sockeye_model::{
    Call, Errno, Event, Finding, Kind, Queues, Saying, SocketAddress, SocketId, Value, Weight,
};

use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(ServesOne::default()),
};

const ABOUT: About = About {
    id: "S39",
    weight: Weight::Hint,
    title: words::TITLE,
};

/// Listeners, and those that have gone after one client.
#[derive(Default)]
struct ServesOne {
    listeners: FxHashMap<SocketId, Door>,
    gone: HashMap<SocketAddress, Spot>,
}

#[derive(Default)]
struct Door {
    accepted: u64,
    /// Where accept() was called.
    spot: Option<Spot>,
    waiting: u32,
}

/// Addresses that are remembered.
const MOST_GONE: usize = 256;

impl Rule for ServesOne {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Accepted { .. } => {
                let Some(listener) = event.parent else {
                    return;
                };
                let door = self.listeners.entry(listener).or_default();
                door.accepted += 1;
                // It was one of those that waited, as far as they were counted before.
                door.waiting = door.waiting.saturating_sub(1);
                let mut spot = Spot::of(event);
                spot.socket = listener;
                door.spot.get_or_insert(spot);
            }
            Kind::Queued(Queues::Accept { waiting, .. }) => {
                self.listeners.entry(event.socket).or_default().waiting = *waiting;
            }
            Kind::Listening { local, .. } => {
                self.gone.remove(local);
            }
            Kind::Closed { .. } => {
                let Some(door) = self.listeners.remove(&event.socket) else {
                    return;
                };
                let Some(spot) = door.spot.filter(|_| door.accepted == 1) else {
                    return;
                };
                if door.waiting > 0 {
                    let happened = Saying::of(match door.waiting {
                        1 => words::ONE_WAITS,
                        _ => words::SOME_WAIT,
                    });
                    let count = Value::Count(door.waiting.into());
                    found.push(tell(&spot, happened.with("count", count)));
                } else if self.gone.len() < MOST_GONE {
                    let state = scene.socket(event.socket);
                    if let Some(local) = state.and_then(|state| state.local.clone()) {
                        self.gone.insert(local, spot);
                    }
                }
            }
            Kind::Failed {
                call: Call::Connect,
                errno: Errno::ECONNREFUSED,
                address: Some(address),
            } => {
                if let Some(spot) = self.gone.remove(address) {
                    let happened = Saying::of(words::LATER);
                    found.push(tell(
                        &spot,
                        happened.with("address", Value::Address(address.clone())),
                    ));
                }
            }
            _ => {}
        }
    }
}

fn tell(spot: &Spot, happened: Saying) -> Finding {
    let words = Words {
        short: Saying::of(words::SHORT),
        happened,
        why: Saying::of(words::WHY),
        fix: Saying::of(words::FIX),
    };
    spot.finding(&ABOUT, Weight::Hint, words)
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a server for one client" | "un servidor para un solo cliente";
        SHORT = "this server serves one client and ends" | "este servidor atiende a un cliente y termina";
        ONE_WAITS = "the listener was closed after its first client, while another waited to be accepted: it is reset"
            | "el socket que escucha se cerró tras su primer cliente, mientras otro esperaba a ser aceptado: su conexión se reinicia";
        SOME_WAIT = "the listener was closed after its first client, while {count} others waited to be accepted: they are reset"
            | "el socket que escucha se cerró tras su primer cliente, mientras {count} más esperaban a ser aceptados: sus conexiones se reinician";
        LATER = "the listener on {address} was closed after its first client, and a later one was refused"
            | "el socket que escucha en {address} se cerró tras su primer cliente, y uno posterior fue rechazado";
        WHY = "each accept() gives one connection; for the next one it has to be called again" | "cada accept() da una conexión; para la siguiente hay que volver a llamar";
        FIX = "if more than one client is meant: put accept() in a loop, and close the listener after it" | "si debe atender a más de un cliente: pon accept() en un bucle, y cierra después el socket que escucha";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, at};

    fn served(clients: u32) -> Story {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        for client in 0..clients {
            story.accepted(1, 2 + client, "127.0.0.1:5000", "127.0.0.1:40001");
        }
        story
    }

    fn queue(story: &mut Story, waiting: u32) {
        let backlog = 5;
        story.told(
            1,
            None,
            None,
            Kind::Queued(Queues::Accept { waiting, backlog }),
        );
    }

    #[test]
    fn a_listener_that_is_closed_while_a_second_client_waits_is_told() {
        let mut story = served(1);
        queue(&mut story, 1);
        story.closed(1);
        assert_eq!(story.marks(), ["i S39"]);
    }

    #[test]
    fn a_later_client_that_is_refused_shows_it_too() {
        let mut story = served(1);
        story.closed(1).starts(200, "python3 client.py").from(200);
        story
            .tcp(9)
            .failed(9, Call::Connect, Errno::ECONNREFUSED, at("127.0.0.1:5000"));
        assert!(story.marks().contains(&"i S39".to_owned()));
    }

    #[test]
    fn one_client_alone_or_a_server_of_many_is_right() {
        let mut one = served(1);
        queue(&mut one, 1);
        queue(&mut one, 0);
        one.closed(1);
        assert_eq!(one.marks(), [""; 0]);
        let mut counted_before = Story::of("python3 server.py");
        counted_before.listener(1, "127.0.0.1:5000");
        queue(&mut counted_before, 1);
        counted_before
            .accepted(1, 2, "127.0.0.1:5000", "127.0.0.1:40001")
            .closed(1);
        assert_eq!(counted_before.marks(), [""; 0]);
        let mut many = served(2);
        queue(&mut many, 1);
        many.closed(1);
        assert_eq!(many.marks(), [""; 0]);
    }
}
