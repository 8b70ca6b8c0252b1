//! S12: sending to a peer that has gone, or after one's own shutdown().

use rustc_hash::{FxHashMap, FxHashSet};
use sockeye_model::{Errno, Event, Finding, Kind, Saying, SocketId, Value, Weight};

use super::{Spot, Words, sends};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, SocketState};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(PeerGone::default()),
};

const ABOUT: About = About {
    id: "S12",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// The number of the signal that a send to a closed connection raises.
const SIGPIPE: i32 = 13;

/// A browser that leaves is daily life; it becomes a mistake where the program had read the end and went on sending, or died
/// of it. One last send after the end may be a layer's goodbye, such as the close_notify of TLS.
#[derive(Default)]
struct PeerGone {
    /// Sockets that sent after their peer's end.
    went_on: FxHashSet<SocketId>,
    /// The last failed send of each process, while nothing else has followed it.
    last: FxHashMap<u32, Failure>,
}

struct Failure {
    spot: Spot,
    happened: Saying,
    fix: Saying,
}

impl Rule for PeerGone {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Failed {
                call,
                errno: errno @ (Errno::EPIPE | Errno::ECONNRESET),
                ..
            } if sends(*call) => {
                let Some(state) = scene.socket(event.socket) else {
                    return;
                };
                // Without a connection it is S32's.
                if !state.is_stream() || !(state.connected || state.foreign) {
                    return;
                }
                let (weight, happened, why, fix) = match state.peer_ended {
                    _ if state.we_ended && *errno == Errno::EPIPE => {
                        let happened = Saying::of(words::WE_ENDED);
                        (
                            Weight::Mistake,
                            happened,
                            words::WHY_WE_ENDED,
                            words::FIX_WE_ENDED,
                        )
                    }
                    Some(at) if self.went_on.contains(&event.socket) => {
                        let happened = Saying::of(words::HAD_ENDED)
                            .with("when", Value::Time(at.since_start()));
                        (Weight::Mistake, happened, words::WHY, words::FIX)
                    }
                    _ => (
                        Weight::Hint,
                        Saying::of(words::LEFT),
                        words::WHY,
                        words::FIX_HINT,
                    ),
                };
                let happened = happened
                    .with("call", Value::Call(*call))
                    .with("errno", Value::Errno(*errno));
                let spot = Spot::of(event);
                let words = Words {
                    short: Saying::of(match state.we_ended {
                        true => words::SHORT_WE_ENDED,
                        false => words::SHORT,
                    }),
                    happened: happened.clone(),
                    why: Saying::of(why),
                    fix: Saying::of(fix),
                };
                if let Some(process) = spot.process() {
                    let failure = Failure {
                        spot: spot.clone(),
                        happened: Saying::of(words::DIED)
                            .with("call", Value::Call(*call))
                            .with("errno", Value::Errno(*errno)),
                        fix: Saying::of(scene.in_tongue(
                            event.by,
                            words::FIX_DIED_C,
                            words::FIX_DIED_PYTHON,
                            words::FIX_DIED_C,
                        )),
                    };
                    self.last.insert(process, failure);
                }
                found.push(spot.finding(&ABOUT, weight, words));
            }
            Kind::Exited { pid, status } => {
                let last = self.last.remove(pid);
                if let (Some(failure), Err(SIGPIPE)) = (last, *status) {
                    let words = Words {
                        short: Saying::of(words::SHORT_DIED),
                        happened: failure.happened,
                        why: Saying::of(words::WHY_DIED),
                        fix: failure.fix,
                    };
                    let mut finding = failure.spot.finding(&ABOUT, Weight::Mistake, words);
                    // It was counted when it failed.
                    finding.times = 0;
                    found.push(finding);
                }
            }
            Kind::Sent { .. } => {
                let ended = |state: &SocketState| state.peer_ended.is_some();
                if scene.socket(event.socket).is_some_and(ended) {
                    self.went_on.insert(event.socket);
                }
                self.something_else(event);
            }
            Kind::Closed { .. } => {
                self.went_on.remove(&event.socket);
                // What the kernel does as the process ends is none of its calls.
                if event.took.is_some() {
                    self.something_else(event);
                }
            }
            Kind::Queued(_) | Kind::Noted(_) => {}
            _ => self.something_else(event),
        }
    }
}

impl PeerGone {
    /// The process lives on after a failed send.
    fn something_else(&mut self, event: &Event<'_>) {
        if let Some(by) = event.by {
            self.last.remove(&by.process);
        }
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "sending to a peer that has gone" | "enviar a quien ya se ha ido";
        SHORT = "the peer has gone" | "el otro lado ya se ha ido";
        SHORT_WE_ENDED = "you had said that you send no more" | "habías dicho que ya no enviarías más";
        SHORT_DIED = "the program died of it" | "el programa murió por esto";
        HAD_ENDED = "{call}() gave {errno}, after the peer's end had been read, at {when}"
            | "{call}() dio {errno}, después de haber leído el final del otro, a los {when}";
        LEFT = "{call}() gave {errno}: the peer had gone by then"
            | "{call}() dio {errno}: el otro ya se había ido";
        WE_ENDED = "{call}() gave {errno}, after this program's own shutdown()"
            | "{call}() dio {errno}, después del shutdown() de este mismo programa";
        DIED = "{call}() gave {errno} and the signal SIGPIPE, which ended the program"
            | "{call}() dio {errno} y la señal SIGPIPE, que terminó el programa";
        WHY = "once the other end is gone every send fails; over TCP the first one may still go out, and is answered with RST"
            | "cuando el otro ya no está, todo send falla; en TCP el primero puede salir aún, y se contesta con RST";
        WHY_WE_ENDED = "shutdown(SHUT_WR) sends FIN; nothing can be sent after it, though receiving goes on"
            | "shutdown(SHUT_WR) envía FIN; después no se puede enviar nada, aunque sí recibir";
        WHY_DIED = "unless a program says otherwise, the kernel ends it when it sends to a connection that is closed"
            | "si un programa no dice otra cosa, el núcleo lo termina cuando envía por una conexión cerrada";
        FIX = "when a receive gives 0 B and the conversation is over, close and send no more"
            | "cuando una recepción dé 0 B y la conversación haya acabado, cierra y no envíes más";
        FIX_HINT = "expect it wherever you send: peers leave; close the connection and go on with the others"
            | "cuenta con ello al enviar: los demás se van; cierra la conexión y sigue con las otras";
        FIX_WE_ENDED = "send everything before shutdown(SHUT_WR)" | "envíalo todo antes de shutdown(SHUT_WR)";
        FIX_DIED_C = "send(c, data, n, MSG_NOSIGNAL), or signal(SIGPIPE, SIG_IGN) once; then look for EPIPE"
            | "send(c, data, n, MSG_NOSIGNAL), o una vez signal(SIGPIPE, SIG_IGN); y mira si da EPIPE";
        FIX_DIED_PYTHON = "leave SIGPIPE ignored, as Python starts, and catch BrokenPipeError"
            | "deja SIGPIPE ignorada, como arranca Python, y captura BrokenPipeError";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::Call;

    use super::*;
    use crate::story::Story;

    fn server() -> Story {
        let mut story = Story::of("./server");
        story.listener(1, "127.0.0.1:5000");
        story.accepted(1, 2, "127.0.0.1:5000", "127.0.0.1:40000");
        story.received(2, 100, 1024);
        story
    }

    #[test]
    fn a_browser_that_leaves_is_a_hint() {
        let mut story = server();
        story.sent(2, 1000).fails(2, Call::Write, Errno::EPIPE);
        assert_eq!(story.closed(2).marks(), ["i S12"]);
    }

    #[test]
    fn sending_after_having_read_the_end_is_a_mistake() {
        let mut story = server();
        story
            .peer_ends(2)
            .sent(2, 5)
            .fails(2, Call::Send, Errno::EPIPE);
        assert_eq!(story.closed(2).marks(), ["✗ S12"]);
    }

    #[test]
    fn the_goodbye_of_a_layer_after_the_end_is_no_mistake() {
        let mut story = server();
        story.peer_ends(2).fails(2, Call::Write, Errno::EPIPE);
        assert_eq!(story.closed(2).marks(), ["i S12"]);
    }

    #[test]
    fn dying_of_it_is_a_mistake() {
        let mut story = server();
        story.sent(2, 5).fails(2, Call::Send, Errno::EPIPE);
        story.left_open(2).left_open(1);
        assert_eq!(story.exits(Err(13)).marks(), ["i S12", "✗ S12"]);
        assert_eq!(
            story
                .findings()
                .iter()
                .filter(|it| it.rule == "S12")
                .count(),
            1
        );
        assert_eq!(story.found("S12").times, 1);
    }

    #[test]
    fn dying_of_another_pipe_later_is_not_the_sockets() {
        let mut story = server();
        story
            .sent(2, 5)
            .fails(2, Call::Send, Errno::EPIPE)
            .closed(2);
        assert_eq!(story.exits(Err(13)).marks(), ["i S12"]);
    }

    #[test]
    fn sending_after_ones_own_shutdown_is_a_mistake() {
        let mut story = server();
        story.shut_down(2).fails(2, Call::Send, Errno::EPIPE);
        assert_eq!(story.closed(2).marks(), ["✗ S12"]);
    }
}
