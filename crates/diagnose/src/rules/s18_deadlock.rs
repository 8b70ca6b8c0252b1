//! S18: both ends of a connection wait for the other to speak, and nothing else can wake them.

use rustc_hash::{FxHashMap, FxHashSet};
use sockeye_model::{Event, Finding, Kind, Queues, Saying, SocketId, Value, Weight};

use super::facing::{Facing, facing};
use super::{Spot, Words};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(Deadlock::default()),
};

const ABOUT: About = About {
    id: "S18",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// How often each socket has received since it last sent, and the connections that were told.
#[derive(Default)]
struct Deadlock {
    received: FxHashMap<SocketId, u64>,
    told: FxHashSet<SocketId>,
}

impl Rule for Deadlock {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Sent { .. } => {
                self.received.insert(event.socket, 0);
            }
            Kind::Received { .. } => *self.received.entry(event.socket).or_default() += 1,
            Kind::Queued(Queues::Data {
                unread: 0,
                unsent: 0,
            }) if !self.told.contains(&event.socket) => {
                let Some(facing) = facing(event, scene) else {
                    return;
                };
                let silent = |queues: Option<(u64, u64)>| queues == Some((0, 0));
                if !facing.near.receives() || !facing.far.receives() || !silent(facing.far.queues) {
                    return;
                }
                self.told.insert(facing.near.socket);
                self.told.insert(facing.far.socket);
                found.push(self.tell(&facing, scene));
            }
            Kind::Closed { .. } => {
                self.received.remove(&event.socket);
                self.told.remove(&event.socket);
            }
            _ => {}
        }
    }
}

impl Deadlock {
    fn tell(&self, facing: &Facing<'_>, scene: &Scene) -> Finding {
        let reads_on = |socket| self.received.get(&socket).is_some_and(|count| *count > 0);
        let (near, far) = (reads_on(facing.near.socket), reads_on(facing.far.socket));
        // One has read and reads on: it waits for the end, which the other has not told.
        let (reader, other) = match (near, far) {
            (true, false) => (facing.near, facing.far),
            (false, true) => (facing.far, facing.near),
            _ => {
                let words = Words {
                    short: Saying::of(words::SHORT),
                    happened: Saying::of(words::BOTH)
                        .with("a", Value::Socket(facing.near.socket))
                        .with("b", Value::Socket(facing.far.socket)),
                    why: Saying::of(words::WHY),
                    fix: Saying::of(words::FIX),
                };
                return Spot::of_wait(facing.near).finding(&ABOUT, Weight::Mistake, words);
            }
        };
        let fix = scene.in_tongue(
            Some(other.by),
            words::FIX_END_C,
            words::FIX_END_PYTHON,
            words::FIX_END_NODE,
        );
        let words = Words {
            short: Saying::of(words::SHORT),
            happened: Saying::of(words::READS_ON)
                .with("a", Value::Socket(reader.socket))
                .with("b", Value::Socket(other.socket)),
            why: Saying::of(words::WHY_END),
            fix: Saying::of(fix),
        };
        Spot::of_wait(other).finding(&ABOUT, Weight::Mistake, words)
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "both ends wait for each other" | "los dos extremos se esperan el uno al otro";
        SHORT = "deadlock: each waits for the other to speak" | "bloqueo mutuo: cada uno espera a que hable el otro";
        BOTH = "{a} and {b} are the two ends of one connection; both are blocked in a receive, and nothing is under way between them"
            | "{a} y {b} son los dos extremos de una conexión; ambos están bloqueados recibiendo, y no hay nada en camino entre ellos";
        WHY = "each has one thread, no time limit, and nobody else can send: they will wait for ever"
            | "cada uno tiene un solo hilo, sin límite de tiempo, y nadie más puede enviar: esperarán para siempre";
        FIX = "agree who speaks first and how a message ends (a newline, a length), and receive only when it is the other's turn"
            | "acordad quién habla primero y cómo acaba un mensaje (un salto de línea, una longitud), y recibe solo cuando le toca al otro";
        READS_ON = "{a} has received and goes on receiving, for it was not told that this was all; {b} has sent what it had and waits for the answer"
            | "{a} ha recibido y sigue recibiendo, porque no se le ha dicho que eso era todo; {b} ha enviado lo suyo y espera la respuesta";
        WHY_END = "a receive gives 0, the end, only once the other side has closed or ended its direction; each has one thread and no time limit, so they will wait for ever"
            | "una recepción da 0, el final, solo cuando el otro lado ha cerrado o terminado su sentido; cada uno tiene un solo hilo y ningún límite de tiempo, así que esperarán para siempre";
        FIX_END_C = "after the last send: shutdown(s, SHUT_WR); you can still receive. Or let the other read up to your message's end (a newline, a length)"
            | "tras el último send: shutdown(s, SHUT_WR); aún puedes recibir. O que el otro lea hasta el final de tu mensaje (un salto de línea, una longitud)";
        FIX_END_PYTHON = "after the last send: s.shutdown(socket.SHUT_WR); you can still receive. Or let the other read up to your message's end (a newline, a length)"
            | "tras el último send: s.shutdown(socket.SHUT_WR); aún puedes recibir. O que el otro lea hasta el final de tu mensaje (un salto de línea, una longitud)";
        FIX_END_NODE = "after the last write: socket.end(); you can still receive. Or let the other read up to your message's end (a newline, a length)"
            | "tras el último write: socket.end(); aún puedes recibir. O que el otro lea hasta el final de tu mensaje (un salto de línea, una longitud)";
    }
}

#[cfg(test)]
mod tests {
    use sockeye_model::{Call, Note};

    use super::*;
    use crate::story::Story;

    const CLIENT: u32 = 200;

    /// A client has connected to a server and sent; the server has received.
    fn asked() -> Story {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        story.starts(CLIENT, "python3 client.py").from(CLIENT);
        story
            .tcp(2)
            .connected(2, "127.0.0.1:40001", "127.0.0.1:5000");
        story.from(Story::PID);
        story.accepted(1, 3, "127.0.0.1:5000", "127.0.0.1:40001");
        story.from(CLIENT).sent(2, 5);
        story.from(Story::PID).received(3, 5, 1024);
        story
    }

    fn both_wait(story: &mut Story) {
        story.from(CLIENT).waits(2, Call::Recv);
        story.from(Story::PID).waits(3, Call::Recv);
        story.after(1000).from(CLIENT).queued(2, 0, 0);
        story.from(Story::PID).queued(3, 0, 0);
    }

    #[test]
    fn a_server_for_both_families_faces_its_ipv4_client() {
        let mut story = Story::of("python3 server.py");
        story.listener(1, "[::]:5000");
        story.starts(CLIENT, "python3 client.py").from(CLIENT);
        story
            .tcp(2)
            .connected(2, "127.0.0.1:40001", "127.0.0.1:5000");
        story.from(Story::PID).accepted(
            1,
            3,
            "[::ffff:127.0.0.1]:5000",
            "[::ffff:127.0.0.1]:40001",
        );
        both_wait(&mut story);
        assert_eq!(story.marks(), ["✗ S18"]);
    }

    #[test]
    fn a_server_that_reads_to_an_end_nobody_tells_is_a_deadlock() {
        let mut story = asked();
        both_wait(&mut story);
        story.after(2000).from(CLIENT).queued(2, 0, 0);
        let finding = story.findings().last().unwrap().clone();
        assert_eq!(finding.socket, SocketId(2));
        assert_eq!(finding.fix.text, words::FIX_END_PYTHON);
        assert_eq!(story.marks(), ["✗ S18"]);
    }

    #[test]
    fn two_that_both_wait_for_the_first_word_are_a_deadlock() {
        let mut story = asked();
        story.from(Story::PID).sent(3, 5);
        story.from(CLIENT).received(2, 5, 1024).sent(2, 1);
        story.from(Story::PID).received(3, 1, 1).sent(3, 1);
        story.from(CLIENT).received(2, 1, 1);
        story.sent(2, 0);
        both_wait(&mut story);
        let finding = story.findings().last().unwrap().clone();
        assert_eq!(finding.happened.text, words::BOTH);
        assert_eq!(story.marks(), ["✗ S18"]);
    }

    #[test]
    fn an_idle_chat_whose_other_thread_reads_the_keyboard_is_none() {
        let mut story = asked();
        story.from(CLIENT).event(0, Kind::Noted(Note::Threads));
        both_wait(&mut story);
        assert_eq!(story.marks(), [""; 0]);
    }

    #[test]
    fn a_time_limit_another_holder_or_bytes_under_way_end_the_wait() {
        let mut limit = asked();
        limit.from(CLIENT).set(2, "SO_RCVTIMEO", "2 s");
        both_wait(&mut limit);
        assert_eq!(limit.marks(), [""; 0]);

        let mut holder = asked();
        holder.from(CLIENT).event(
            0,
            Kind::Forked {
                parent: CLIENT,
                child: 201,
            },
        );
        both_wait(&mut holder);
        assert_eq!(holder.marks(), [""; 0]);

        let mut under_way = asked();
        under_way.from(CLIENT).waits(2, Call::Recv);
        under_way.from(Story::PID).waits(3, Call::Recv);
        under_way.after(1000).from(CLIENT).queued(2, 0, 7);
        under_way.from(Story::PID).queued(3, 0, 0);
        assert_eq!(under_way.marks(), [""; 0]);
    }
}
