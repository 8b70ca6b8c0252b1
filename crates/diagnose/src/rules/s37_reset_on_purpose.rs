//! S37: SO_LINGER with a time of 0 turns close() into a reset.

use sockeye_model::{Event, Finding, Kind, Saying, Weight};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::{Scene, SocketState};

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(ResetOnPurpose),
};

const ABOUT: About = About {
    id: "S37",
    weight: Weight::Hint,
    title: words::TITLE,
};

struct ResetOnPurpose;

impl Rule for ResetOnPurpose {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let Kind::Closed { .. } = event.kind else {
            return;
        };
        let Some(state) = scene.socket(event.socket) else {
            return;
        };
        let inherited = state.parent.and_then(|parent| scene.socket(parent));
        let resets = lingers_not(state) || inherited.is_some_and(lingers_not);
        // Both directions ended in order: nothing is left to be reset.
        let over = state.we_ended && state.peer_ended.is_some();
        if !resets || !state.is_tcp() || !state.connected || over {
            return;
        }
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: Saying::of(words::HAPPENED),
            why: Saying::of(words::WHY),
            fix: Saying::of(words::FIX),
        };
        found.push(at_call(&ABOUT, Weight::Hint, event, words));
    }
}

/// `SO_LINGER` is on, with a time of 0.
fn lingers_not(state: &SocketState) -> bool {
    state.options.get("SO_LINGER").is_some_and(|value| {
        let mut parts = value.split([',', ' ']).filter(|part| !part.is_empty());
        matches!(parts.next(), Some("1" | "on")) && parts.next().is_some_and(|time| time == "0")
    })
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "closed by a reset, on purpose" | "cerrado con un reinicio, a propósito";
        SHORT = "SO_LINGER 0: closed by a reset" | "SO_LINGER 0: cerrado con un reinicio";
        HAPPENED = "SO_LINGER was on with 0 seconds: this close() sent a reset (RST) instead of the end (FIN)"
            | "SO_LINGER estaba activo con 0 segundos: este close() envió un reinicio (RST) en vez del final (FIN)";
        WHY = "what was sent and not yet acknowledged is thrown away, and the peer gets ECONNRESET (connection reset by peer) instead of the end"
            | "se descarta lo enviado y aún no confirmado, y el otro lado recibe ECONNRESET (conexión reiniciada por el otro extremo) en vez del final";
        FIX = "leave SO_LINGER alone unless a reset is what you want; against TIME_WAIT a server sets SO_REUSEADDR"
            | "no toques SO_LINGER salvo que quieras un reinicio; contra TIME_WAIT, un servidor activa SO_REUSEADDR";
    }
}

#[cfg(test)]
mod tests {
    use crate::story::Story;

    fn closes(value: &str, ended: bool) -> Vec<String> {
        let mut story = Story::of("./client");
        story.tcp(1).set(1, "SO_LINGER", value);
        story
            .connected(1, "127.0.0.1:40001", "127.0.0.1:5000")
            .sent(1, 5);
        if ended {
            story.shut_down(1).peer_ends(1);
        }
        story.closed(1);
        story.marks()
    }

    #[test]
    fn a_close_with_no_time_to_linger_is_told() {
        assert_eq!(closes("1,0", false), ["i S37"]);
        assert_eq!(closes("1, 0", false), ["i S37"]);
    }

    #[test]
    fn a_time_to_linger_none_at_all_and_an_orderly_end_are_not() {
        assert_eq!(closes("1,5", false), [""; 0]);
        assert_eq!(closes("0,0", false), [""; 0]);
        assert_eq!(closes("1,0", true), [""; 0]);
    }
}
