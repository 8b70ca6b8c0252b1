//! S14: a client was accepted and then dropped without a word in either direction.

use rustc_hash::FxHashSet;
use sockeye_model::{Event, Finding, Kind, Saying, SocketId, Value, Weight};

use super::{Spot, Words, receives, sends};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(IgnoredClient::default()),
};

const ABOUT: About = About {
    id: "S14",
    weight: Weight::Hint,
    title: words::TITLE,
};

#[derive(Default)]
struct IgnoredClient {
    /// Accepted connections on which nothing has been tried yet.
    untouched: FxHashSet<SocketId>,
}

impl Rule for IgnoredClient {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Accepted { .. } if event.by.is_some() => {
                self.untouched.insert(event.socket);
            }
            Kind::Closed { .. } => {
                let untouched = self.untouched.remove(&event.socket);
                // A program that ends, or is ended, drops what it holds.
                if !untouched || event.took.is_none() {
                    return;
                }
                let accepted_at = scene.socket(event.socket).and_then(|it| it.born_at.clone());
                let spot = Spot::of(event);
                let spot = Spot {
                    place: spot.place.clone().or(accepted_at),
                    ..spot
                };
                let words = Words {
                    short: Saying::of(words::SHORT),
                    happened: Saying::of(words::HAPPENED)
                        .with("socket", Value::Socket(event.socket)),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(words::FIX),
                };
                found.push(spot.finding(&ABOUT, Weight::Hint, words));
            }
            Kind::Waiting { call } | Kind::Called { call, .. } | Kind::Failed { call, .. }
                if sends(*call) || receives(*call) =>
            {
                self.untouched.remove(&event.socket);
            }
            Kind::Sent { .. } | Kind::Received { .. } | Kind::HalfClosed { .. } => {
                self.untouched.remove(&event.socket);
            }
            _ => {}
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a client was accepted and ignored" | "se aceptó a un cliente y se le ignoró";
        SHORT = "accepted and ignored" | "aceptado e ignorado";
        HAPPENED = "{socket} was accepted and closed without a send or a receive"
            | "{socket} se aceptó y se cerró sin enviar ni recibir";
        WHY = "the client sees a connection that ends at once, and can't tell why"
            | "el cliente ve una conexión que acaba enseguida, y no puede saber por qué";
        FIX = "if that is not meant, talk on the socket that accept() returned"
            | "si no es lo que querías, habla con el socket que devolvió accept()";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Call, Errno};

    use crate::story::Story;

    #[test]
    fn a_client_that_is_closed_untouched_is_told() {
        assert_eq!(Story::server().closed(2).marks(), ["i S14"]);
    }

    #[test]
    fn a_client_that_came_only_to_look_is_not() {
        assert_eq!(Story::server().peer_ends(2).closed(2).marks(), [""; 0]);
        let mut story = Story::server();
        story.called(2, Call::Read, Err(Errno::EAGAIN));
        assert_eq!(story.closed(2).marks(), [""; 0]);
    }

    #[test]
    fn a_server_that_is_interrupted_ignores_nobody() {
        assert_eq!(Story::server().left_open(2).exits(Err(2)).marks(), [""; 0]);
    }
}
