//! S19: both ends of a connection are blocked in a send, for neither receives.

use rustc_hash::FxHashSet;
use sockeye_model::{Event, Finding, Kind, Queues, Saying, SocketId, Value, Weight};

use super::facing::facing;
use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(BothSend::default()),
};

const ABOUT: About = About {
    id: "S19",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// The connections that were told.
#[derive(Default)]
struct BothSend {
    told: FxHashSet<SocketId>,
}

impl Rule for BothSend {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let unread = match &event.kind {
            Kind::Queued(Queues::Data { unread, .. }) => *unread,
            Kind::Closed { .. } => {
                self.told.remove(&event.socket);
                return;
            }
            _ => return,
        };
        if unread == 0 || self.told.contains(&event.socket) {
            return;
        }
        let Some(facing) = facing(event, scene) else {
            return;
        };
        let unread_there = facing.far.queues.map_or(0, |(unread, _)| unread);
        if !facing.near.sends() || !facing.far.sends() || unread_there == 0 {
            return;
        }
        self.told.insert(facing.near.socket);
        self.told.insert(facing.far.socket);
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: Saying::of(words::HAPPENED)
                .with("a", Value::Socket(facing.near.socket))
                .with("b", Value::Socket(facing.far.socket))
                .with("here", Value::Bytes(unread))
                .with("there", Value::Bytes(unread_there)),
            why: Saying::of(words::WHY),
            fix: Saying::of(words::FIX),
        };
        found.push(Spot::of_wait(facing.near).finding(&ABOUT, Weight::Mistake, words));
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "both ends send and nobody receives" | "los dos extremos envían y nadie recibe";
        SHORT = "deadlock: both are sending, nobody reads" | "bloqueo mutuo: ambos envían y nadie lee";
        HAPPENED = "{a} and {b} are the two ends of one connection; both are blocked in a send, with {here} and {there} that have arrived and nobody receives"
            | "{a} y {b} son los dos extremos de una conexión; ambos están bloqueados enviando, con {here} y {there} que han llegado y nadie recibe";
        WHY = "a send waits once both buffers between the programs are full, until the other side receives; here each waits for the other, for ever"
            | "un send espera cuando los dos búferes entre los programas están llenos, hasta que el otro lado recibe; aquí cada uno espera al otro, para siempre";
        FIX = "receive while you send: in another thread, or with poll() and non-blocking sends; or let only one side send at a time"
            | "recibe mientras envías: en otro hilo, o con poll() y envíos no bloqueantes; o que envíe un solo lado cada vez";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Call, Note};

    use super::*;
    use crate::story::Story;

    const CLIENT: u32 = 200;

    /// With so much unread at the client and at the server, looked at in this order.
    fn both_send(threads: bool, client: u64, server: u64) -> Vec<String> {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        story.starts(CLIENT, "python3 client.py").from(CLIENT);
        if threads {
            story.event(0, Kind::Noted(Note::Threads));
        }
        story
            .tcp(2)
            .connected(2, "127.0.0.1:40001", "127.0.0.1:5000");
        story.from(Story::PID);
        story.accepted(1, 3, "127.0.0.1:5000", "127.0.0.1:40001");
        story.waits(3, Call::Send).from(CLIENT).waits(2, Call::Send);
        story.after(1000).queued(2, client, 2_000_000);
        story.from(Story::PID).queued(3, server, 2_000_000);
        story.marks()
    }

    #[test]
    fn two_that_send_and_do_not_receive_are_a_deadlock() {
        assert_eq!(both_send(false, 3_000_000, 3_000_000), ["✗ S19"]);
    }

    #[test]
    fn a_second_thread_may_receive_and_an_empty_queue_shows_a_reader() {
        assert_eq!(both_send(true, 3_000_000, 3_000_000), [""; 0]);
        assert_eq!(both_send(false, 0, 3_000_000), [""; 0]);
        assert_eq!(both_send(false, 3_000_000, 0), [""; 0]);
    }
}
