//! S41: bind() was refused because of a file that an earlier run has left.

use sockeye_model::{
    Call, Errno, Event, Finding, Kind, Note, Saying, SocketId, Timestamp, Value, Weight,
};

use super::second_try::SecondTry;
use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(StalePath::default()),
};

const ABOUT: About = About {
    id: "S41",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// Waits, after a refused bind, for the note that the file is left over.
#[derive(Default)]
struct StalePath {
    refused: Option<(SocketId, Spot)>,
    held: SecondTry,
}

impl Rule for StalePath {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        self.held.event(event, scene, found);
        match &event.kind {
            Kind::Failed {
                call: Call::Bind,
                errno: Errno::EADDRINUSE,
                ..
            } => self.refused = Some((event.socket, Spot::of(event))),
            Kind::Noted(Note::Leftover { address }) => {
                let Some((socket, spot)) = self.refused.take() else {
                    return;
                };
                if socket != event.socket {
                    return;
                }
                let fix =
                    scene.in_tongue(spot.by, words::FIX_C, words::FIX_PYTHON, words::FIX_NODE);
                let words = Words {
                    short: Saying::of(words::SHORT),
                    happened: Saying::of(words::HAPPENED)
                        .with("address", Value::Address(address.clone())),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(fix),
                };
                let finding = spot.finding(&ABOUT, Weight::Mistake, words);
                self.held.hold(finding, event.at, scene, found);
            }
            _ => {}
        }
    }

    fn passes(&mut self, at: Timestamp, _scene: &Scene, found: &mut Vec<Finding>) {
        self.held.passes(at, found);
    }

    fn finish(&mut self, _at: Timestamp, _scene: &Scene, found: &mut Vec<Finding>) {
        self.held.finish(found);
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a stale file is in the way of a UNIX socket" | "un fichero antiguo estorba a un socket UNIX";
        SHORT = "a stale file is in the way" | "estorba un fichero antiguo";
        HAPPENED = "{address} exists, and no socket of this machine holds it: an earlier run left the file"
            | "{address} existe y ningún socket de esta máquina lo tiene: una ejecución anterior dejó el fichero";
        WHY = "bind() makes the file of a UNIX socket, and close() does not remove it"
            | "bind() crea el fichero de un socket UNIX, y close() no lo borra";
        FIX_C = "before bind(): unlink(path); ENOENT is fine there" | "antes de bind(): unlink(path); ENOENT ahí es normal";
        FIX_PYTHON = "before bind(): pathlib.Path(path).unlink(missing_ok=True)"
            | "antes de bind(): pathlib.Path(path).unlink(missing_ok=True)";
        FIX_NODE = "before listen(path): if (fs.existsSync(path)) fs.unlinkSync(path)"
            | "antes de listen(path): if (fs.existsSync(path)) fs.unlinkSync(path)";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Family, ProcessName, Type};

    use super::*;
    use crate::story::{Story, at};

    fn refused() -> Story {
        let mut story = Story::of("python3 server.py");
        story.created(1, Family::Unix, Type::Stream).failed(
            1,
            Call::Bind,
            Errno::EADDRINUSE,
            at("/run/a.sock"),
        );
        story
    }

    #[test]
    fn a_file_that_was_left_behind_is_the_only_finding() {
        let mut story = refused();
        let address = at("/run/a.sock");
        story.event(1, Kind::Noted(Note::Leftover { address }));
        assert_eq!(story.closed(1).marks(), ["✗ S41"]);
    }

    #[test]
    fn a_program_that_unlinks_it_and_binds_again_is_right() {
        let mut story = refused();
        let address = at("/run/a.sock");
        story.event(1, Kind::Noted(Note::Leftover { address }));
        story.bound(1, "/run/a.sock");
        assert_eq!(story.marks(), ["i S41"]);
    }

    #[test]
    fn a_path_that_a_socket_holds_is_an_address_in_use() {
        let mut story = refused();
        story.event(
            1,
            Kind::Noted(Note::Holder {
                address: at("/run/a.sock"),
                process: Some(ProcessName {
                    pid: 812,
                    name: "python3".into(),
                }),
                resting: 0,
            }),
        );
        assert_eq!(story.marks(), ["✗ S02"]);
    }
}
