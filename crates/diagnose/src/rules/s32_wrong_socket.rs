//! S32: a call on a socket that is not made for it: data on the listener, accept() without listen(), data before connect().

use rustc_hash::FxHashSet;
use sockeye_model::{Call, Errno, Event, Finding, Kind, Saying, SocketId, Value, Weight};

use super::{Words, at_call, receives, sends};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(WrongSocket::default()),
};

const ABOUT: About = About {
    id: "S32",
    weight: Weight::Mistake,
    title: words::TITLE,
};

#[derive(Default)]
struct WrongSocket {
    /// Sockets whose program has asked whether they are connected and was told no: a `recv` after that asks again, as Python's
    /// ssl does to be sure that nobody spoke before the handshake.
    asked: FxHashSet<SocketId>,
}

impl Rule for WrongSocket {
    fn event(&mut self, event: &Event<'_>, scene: &Scene, found: &mut Vec<Finding>) {
        let (call, errno) = match &event.kind {
            Kind::Failed { call, errno, .. }
            | Kind::Called {
                call,
                result: Err(errno),
            } => (*call, *errno),
            Kind::Closed { .. } | Kind::Connected { .. } => {
                self.asked.remove(&event.socket);
                return;
            }
            _ => return,
        };
        if call == Call::GetPeerName && errno == Errno::ENOTCONN {
            self.asked.insert(event.socket);
            return;
        }
        let Some(state) = scene.socket(event.socket) else {
            return;
        };
        // What a socket was before it was handed over is not known.
        if state.foreign || !state.is_stream() {
            return;
        }
        let data = (receives(call) && errno == Errno::ENOTCONN)
            || (sends(call) && matches!(errno, Errno::ENOTCONN | Errno::EPIPE));
        let (short, happened, why, fix) = if state.backlog.is_some() && data {
            let fix = scene.in_tongue(
                event.by,
                words::FIX_LISTENER_C,
                words::FIX_LISTENER_PYTHON,
                words::FIX_LISTENER_NODE,
            );
            (
                words::SHORT_LISTENER,
                words::LISTENER,
                words::WHY_LISTENER,
                fix,
            )
        } else if call == Call::Accept && errno == Errno::EINVAL && state.backlog.is_none() {
            let fix = words::FIX_LISTEN;
            (
                words::SHORT_LISTEN,
                words::NO_LISTEN,
                words::WHY_LISTEN,
                fix,
            )
        } else if data && !state.connected && state.asked_to_connect {
            let fix = words::FIX_FAILED;
            (words::SHORT_CONNECT, words::FAILED, words::WHY_CONNECT, fix)
        } else if data && !state.connected && !self.asked.contains(&event.socket) {
            let fix = words::FIX_CONNECT;
            (
                words::SHORT_CONNECT,
                words::NO_CONNECT,
                words::WHY_CONNECT,
                fix,
            )
        } else {
            return;
        };
        let words = Words {
            short: Saying::of(short),
            happened: Saying::of(happened)
                .with("call", Value::Call(call))
                .with("socket", Value::Socket(event.socket))
                .with("errno", Value::Errno(errno)),
            why: Saying::of(why),
            fix: Saying::of(fix),
        };
        found.push(at_call(&ABOUT, Weight::Mistake, event, words));
    }
}

pub(super) mod words {
    sockeye_model::texts! {
        TITLE = "a call on a socket that is not made for it" | "una llamada en un socket que no es para eso";
        SHORT_LISTENER = "this is the listening socket" | "este es el socket que escucha";
        SHORT_LISTEN = "listen() is missing" | "falta listen()";
        SHORT_CONNECT = "there is no connection" | "no hay conexión";
        LISTENER = "{call}() on {socket}, the listening socket: {errno}"
            | "{call}() en {socket}, el socket que escucha: {errno}";
        NO_LISTEN = "{call}() on {socket}, which never called listen(): {errno}"
            | "{call}() en {socket}, que nunca llamó a listen(): {errno}";
        NO_CONNECT = "{call}() on {socket} before connect(): {errno}"
            | "{call}() en {socket} antes de connect(): {errno}";
        FAILED = "{call}() on {socket} although its connect() failed: {errno}"
            | "{call}() en {socket} aunque su connect() falló: {errno}";
        WHY_LISTENER = "a listening socket carries no data; each client gets a socket of its own, and accept() returns it"
            | "un socket que escucha no lleva datos; cada cliente tiene su propio socket, y lo devuelve accept()";
        WHY_LISTEN = "only after listen() does the kernel answer handshakes and queue clients for accept()"
            | "solo tras listen() el núcleo atiende los saludos y pone a los clientes en cola para accept()";
        WHY_CONNECT = "a stream socket has no other end before a connection is made"
            | "un socket de flujo no tiene otro extremo mientras no haya conexión";
        FIX_LISTENER_C = "talk to each client on its own socket: int c = accept(s, NULL, NULL); then send and receive on c"
            | "habla con cada cliente por su propio socket: int c = accept(s, NULL, NULL); y después envía y recibe con c";
        FIX_LISTENER_PYTHON = "talk to each client on its own socket: conn, addr = s.accept(), then conn.recv(…) and conn.sendall(…)"
            | "habla con cada cliente por su propio socket: conn, addr = s.accept(), y después conn.recv(…) y conn.sendall(…)";
        FIX_LISTENER_NODE = "talk to each client on its own socket: server.on('connection', socket => …)"
            | "habla con cada cliente por su propio socket: server.on('connection', socket => …)";
        FIX_LISTEN = "call listen() between bind() and accept()" | "llama a listen() entre bind() y accept()";
        FIX_CONNECT = "call connect() first" | "llama antes a connect()";
        FIX_FAILED = "look at what connect() returned, and go on only when it succeeded"
            | "mira qué devolvió connect() y sigue solo si tuvo éxito";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, at};

    fn happened(story: &Story) -> &'static str {
        story.found("S32").happened.text.english
    }

    #[test]
    fn talking_on_the_listener_is_told() {
        for (call, errno) in [
            (Call::Recv, Errno::ENOTCONN),
            (Call::Read, Errno::ENOTCONN),
            (Call::Send, Errno::EPIPE),
        ] {
            let mut story = Story::of("python3 server.py");
            story.listener(1, "127.0.0.1:5000").fails(1, call, errno);
            assert_eq!(story.marks(), ["✗ S32"]);
            assert_eq!(happened(&story), words::LISTENER.english);
        }
    }

    #[test]
    fn accept_without_listen_is_told() {
        let mut story = Story::of("./server");
        story
            .tcp(1)
            .set(1, "SO_REUSEADDR", "1")
            .bound(1, "127.0.0.1:5000")
            .fails(1, Call::Accept, Errno::EINVAL);
        assert_eq!(story.marks(), ["✗ S32"]);
        assert_eq!(happened(&story), words::NO_LISTEN.english);
    }

    #[test]
    fn data_before_connect_is_told() {
        let mut story = Story::of("python3 client.py");
        story.tcp(1).fails(1, Call::Recv, Errno::ENOTCONN);
        assert_eq!(story.marks(), ["✗ S32"]);
        assert_eq!(happened(&story), words::NO_CONNECT.english);
    }

    #[test]
    fn data_after_a_connect_that_failed_is_told() {
        let mut story = Story::of("./client");
        story
            .tcp(1)
            .event(
                1,
                Kind::Connecting {
                    peer: at("192.0.2.1:5000"),
                },
            )
            .failed(1, Call::Connect, Errno::ECONNREFUSED, at("192.0.2.1:5000"))
            .fails(1, Call::Send, Errno::EPIPE);
        assert_eq!(story.marks(), ["✗ S32"]);
        assert_eq!(happened(&story), words::FAILED.english);
    }

    #[test]
    fn a_connection_that_broke_is_another_matter() {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .connected(1, "127.0.0.1:40000", "127.0.0.1:5000")
            .fails(1, Call::Send, Errno::EPIPE)
            .fails(1, Call::Shutdown, Errno::ENOTCONN);
        assert!(!story.marks().contains(&"✗ S32".to_owned()));
    }

    #[test]
    fn ssl_that_looks_whether_anybody_spoke_too_early_is_right() {
        let mut story = Story::of("python3 client.py");
        story
            .tcp(1)
            .fails(1, Call::GetPeerName, Errno::ENOTCONN)
            .fails(1, Call::Recv, Errno::ENOTCONN);
        assert_eq!(story.marks(), [""; 0]);
    }
}
