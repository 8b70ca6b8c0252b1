//! What real programs do with sockets is told as it happened, and the programs notice nothing: each checks its own results.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that can't be set up fails where it stands"
)]

mod traced;

use sockeye_model::{
    Call, Came, End, Errno, Event, Kind, Note, Payload, Queues, Runtime, SocketId,
};
use sockeye_trace::Ended;
use traced::traced;

/// The events of a Python program, which must end well; `None` where it can't be run or traced.
fn python(script: &str) -> Option<Vec<Event<'static>>> {
    let there = std::process::Command::new("python3")
        .args([
            "-c",
            "import socket, sys; sys.exit(sys.version_info < (3, 9))",
        ])
        .status();
    if !there.is_ok_and(|status| status.success()) {
        skip("there is no Python 3.9 or later");
        return None;
    }
    let script = format!("import array, os, socket, struct\n{script}");
    let run = traced(&["python3", "-c", &script])?;
    assert_eq!(run.ended, Ended::Code(0), "{:#?}", run.events);
    Some(run.events)
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

fn count(events: &[Event<'_>], which: impl Fn(&Kind<'_>) -> bool) -> usize {
    events.iter().filter(|event| which(&event.kind)).count()
}

/// What a call sent or received, of all of that name, in order.
fn data(events: &[Event<'_>], name: Call) -> Vec<String> {
    let of = |payload: &Payload<'_>| {
        let data = payload.data().map(String::from_utf8_lossy);
        data.map_or_else(|| format!("{} B", payload.len()), |text| text.into_owned())
    };
    let moved = events.iter().filter_map(|event| match &event.kind {
        Kind::Sent { call, payload, .. } | Kind::Received { call, payload, .. } => {
            (*call == name).then(|| of(payload))
        }
        _ => None,
    });
    moved.collect()
}

fn closes_of(events: &[Event<'_>], socket: SocketId) -> Vec<bool> {
    let of = events.iter().filter(|event| event.socket == socket);
    of.filter_map(|event| match event.kind {
        Kind::Called {
            call: Call::Close, ..
        } => Some(false),
        Kind::Closed { .. } => Some(true),
        _ => None,
    })
    .collect()
}

fn accepted(events: &[Event<'_>]) -> SocketId {
    let accepted = events
        .iter()
        .find(|event| matches!(event.kind, Kind::Accepted { .. }));
    accepted.unwrap().socket
}

#[test]
fn each_call_that_moves_data_is_told_by_its_name() {
    let Some(events) = python(
        r#"
a, b = socket.socketpair()
a.send(b"send"); assert b.recv(9) == b"send"
a.sendall(b"read"); assert os.read(b.fileno(), 9) == b"read"
os.write(a.fileno(), b"write"); assert b.recvfrom(9)[0] == b"write"
os.writev(a.fileno(), [b"wri", b"tev"]); room = [bytearray(3), bytearray(9)]
assert os.readv(b.fileno(), room) == 6 and room[1][:3] == b"tev"
a.sendmsg([b"send", b"msg"]); assert b.recvmsg(9)[0] == b"sendmsg"
file = os.memfd_create("file"); os.write(file, b"sendfile")
assert os.sendfile(a.fileno(), file, 0, 8) == 8 and b.recv(9, socket.MSG_PEEK) == b"sendfile"
assert b.recv(9) == b"sendfile"
a.shutdown(socket.SHUT_WR); assert b.recv(9) == b""
"#,
    ) else {
        return;
    };
    assert_eq!(data(&events, Call::Send), ["send", "read"]);
    assert_eq!(data(&events, Call::Read), ["read"]);
    assert_eq!(data(&events, Call::Write), ["write"]);
    assert_eq!(data(&events, Call::RecvFrom), ["write"]);
    assert_eq!(data(&events, Call::WriteV), ["writev"]);
    assert_eq!(data(&events, Call::ReadV), ["writev"]);
    assert_eq!(data(&events, Call::SendMsg), ["sendmsg"]);
    assert_eq!(data(&events, Call::RecvMsg), ["sendmsg"]);
    assert_eq!(data(&events, Call::SendFile), ["8 B"]);
    assert_eq!(data(&events, Call::Recv), ["send", "sendfile"]);
    let ends = |kind: &Kind<'_>| matches!(kind, Kind::HalfClosed { end: End::Peer });
    assert_eq!(count(&events, ends), 1);
}

#[test]
fn a_datagram_that_is_cut_is_told_whole_and_the_program_gets_what_it_would() {
    let Some(events) = python(
        r#"
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); a.bind(("127.0.0.1", 0))
b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); b.connect(a.getsockname())
b.send(b"x" * 1800); assert len(a.recvfrom(1024)[0]) == 1024
b.send(b"y" * 30); got, _, flags, _ = a.recvmsg(20); assert len(got) == 20 and flags & socket.MSG_TRUNC
b.send(b""); assert a.recv(5) == b""
b.send(b"fits"); assert a.recv(4) == b"fits"
"#,
    ) else {
        return;
    };
    let cuts: Vec<Option<u64>> = events
        .iter()
        .filter_map(|event| match event.kind {
            Kind::Received { truncated_from, .. } => Some(truncated_from),
            _ => None,
        })
        .collect();
    assert_eq!(cuts, [Some(1800), Some(30), None, None]);
}

#[test]
fn what_is_left_unread_is_told_before_the_close_and_before_the_end() {
    let Some(events) = python(
        r#"
s = socket.create_server(("127.0.0.1", 0))
def pair():
    c = socket.create_connection(s.getsockname()); k, _ = s.accept()
    c.sendall(b"0123456789"); assert k.recv(4) == b"0123"
    return c, k
c, k = pair(); k.close()
try: c.recv(1); raise SystemExit(1)
except ConnectionResetError: pass
c, k = pair(); os._exit(0)
"#,
    ) else {
        return;
    };
    let six = |kind: &Kind<'_>| {
        let queued = Queues::Data {
            unread: 6,
            unsent: 0,
        };
        *kind == Kind::Queued(queued)
    };
    assert_eq!(count(&events, six), 2);
    for (index, event) in events.iter().enumerate() {
        if six(&event.kind) {
            let mut after = events[index..].iter();
            let closed = after.find(|after| {
                after.socket == event.socket && matches!(after.kind, Kind::Closed { .. })
            });
            assert!(closed.is_some_and(|closed| closed.at >= event.at));
        }
    }
    let reset = |kind: &Kind<'_>| {
        matches!(
            kind,
            Kind::Failed {
                call: Call::Recv,
                errno: Errno::ECONNRESET,
                ..
            }
        )
    };
    assert_eq!(count(&events, reset), 1);
}

#[test]
fn a_connection_that_a_child_holds_too_is_closed_when_both_have() {
    let Some(events) = python(
        r#"
s = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(s.getsockname()); k, _ = s.accept()
pid = os.fork()
if pid == 0:
    k.close(); os._exit(0)
os.waitpid(pid, 0); k.close(); assert c.recv(1) == b""
"#,
    ) else {
        return;
    };
    assert_eq!(closes_of(&events, accepted(&events)), [false, true]);
}

#[test]
fn a_passed_descriptor_is_the_same_socket_in_the_other_process() {
    let Some(events) = python(
        r#"
s = socket.create_server(("127.0.0.1", 0)); a, b = socket.socketpair()
pid = os.fork()
if pid == 0:
    _, (fd,), _, _ = socket.recv_fds(b, 9, 1)
    assert b.recv(1) == b"!"; os.write(fd, b"from the child"); os._exit(0)
c = socket.create_connection(s.getsockname()); k, _ = s.accept()
socket.send_fds(a, [b"x"], [k.fileno()]); k.close(); a.send(b"!")
assert c.recv(99) == b"from the child" and c.recv(1) == b""; os.waitpid(pid, 0)
"#,
    ) else {
        return;
    };
    let socket = accepted(&events);
    assert_eq!(closes_of(&events, socket), [false, true], "{events:#?}");
    let passed = events.iter().find(|event| {
        let came = Came::Passed;
        matches!(event.kind, Kind::Noted(Note::Descriptor { came: of, .. }) if of == came)
    });
    assert_eq!(passed.unwrap().socket, socket);
    assert_eq!(data(&events, Call::Write), ["from the child"]);
}

#[test]
fn what_exec_keeps_is_the_same_socket_and_what_it_closes_is_closed() {
    let Some(events) = python(
        r#"
s = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(s.getsockname()); k, _ = s.accept()
d = socket.create_connection(s.getsockname()); os.dup2(k.fileno(), 9, inheritable=True)
pid = os.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", "echo from the shell >&9"])
k.close(); os.close(9); os.waitpid(pid, 0)
assert c.recv(99) == b"from the shell\n" and c.recv(1) == b""
"#,
    ) else {
        return;
    };
    assert_eq!(data(&events, Call::Write), ["from the shell\n"]);
    let closes = closes_of(&events, accepted(&events));
    assert_eq!(closes.iter().filter(|last| **last).count(), 1, "{closes:?}");
    assert_eq!(closes.last(), Some(&true));
}

#[test]
fn a_server_that_polls_and_a_client_that_waits_are_told_what_waits() {
    let Some(events) = python(
        r#"
import threading, time
s = socket.create_server(("127.0.0.1", 0)); first = socket.create_connection(s.getsockname())
k, _ = s.accept(); second = socket.create_connection(s.getsockname())
timer = threading.Timer(1.3, lambda: first.sendall(b"late")); timer.start()
assert k.recv(9) == b"late"
"#,
    ) else {
        return;
    };
    let waiting = |kind: &Kind<'_>| matches!(kind, Kind::Waiting { call: Call::Recv });
    assert_eq!(count(&events, waiting), 1);
    let one = |kind: &Kind<'_>| matches!(kind, Kind::Queued(Queues::Accept { waiting: 1, .. }));
    assert!(count(&events, one) >= 2, "{events:#?}");
    let empty = |kind: &Kind<'_>| {
        let queued = Queues::Data {
            unread: 0,
            unsent: 0,
        };
        *kind == Kind::Queued(queued)
    };
    assert_eq!(count(&events, empty), 1, "after a second");
}

#[test]
fn the_sockets_of_an_event_loop_and_of_the_resolver_are_one_line_each() {
    let Some(events) = python(
        r#"
import asyncio
async def main():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    r, w = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
    assert await r.read() == b""
    w.close(); server.close()
asyncio.run(main())
"#,
    ) else {
        return;
    };
    let pairs = |kind: &Kind<'_>| {
        let of = Runtime::WakeUp;
        *kind == Kind::Noted(Note::Runtime { of, sockets: 2 })
    };
    assert_eq!(count(&events, pairs), 1);
    let unix = |kind: &Kind<'_>| {
        matches!(
            kind,
            Kind::Created {
                family: sockeye_model::Family::Unix,
                ..
            }
        )
    };
    assert_eq!(count(&events, unix), 0);
    let born = events
        .iter()
        .filter(|event| matches!(event.kind, Kind::Created { .. } | Kind::Accepted { .. }));
    let numbers: Vec<u32> = born.map(|event| event.socket.0).collect();
    assert_eq!(numbers, (1..=3).collect::<Vec<_>>(), "no number is missing");
}

#[test]
fn a_refused_connect_and_a_busy_port_are_told_with_what_the_machine_knows() {
    let Some(events) = python(
        r#"
s = socket.create_server(("127.0.0.1", 0)); port = s.getsockname()[1]
try: socket.create_server(("127.0.0.1", port)); raise SystemExit(1)
except OSError: pass
c = socket.socket()
try: c.connect(("127.0.0.2", port)); raise SystemExit(1)
except ConnectionRefusedError: pass
"#,
    ) else {
        return;
    };
    let holder = |kind: &Kind<'_>| {
        matches!(
            kind,
            Kind::Noted(Note::Holder {
                process: Some(_),
                ..
            })
        )
    };
    assert_eq!(count(&events, holder), 1);
    let nearby = |kind: &Kind<'_>| matches!(kind, Kind::Noted(Note::Nearby { .. }));
    assert_eq!(count(&events, nearby), 1);
}
