//! As an ordinary user: the pipes of one user are rationed by the kernel, and a relay must leave some to the others.

use std::net::TcpStream;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::flow::clog;
use crate::peers::{Scratch, accept, exactly, tcp, tcp_server};
use crate::tool::{Tool, assert_same, copy_program, pattern, skipped, until};

/// Runs its arguments as the user nobody.
const AS_NOBODY: [&str; 4] = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
];

fn as_nobody(words: &[&str]) -> Command {
    let mut command = Command::new(AS_NOBODY[0]);
    command
        .args(&AS_NOBODY[1..])
        .args(words)
        .env("LC_ALL", "C")
        .current_dir("/");
    command
}

/// A conversation through the relay that has moved enough to be worth pipes.
fn busy(front: &str, backend: &std::net::TcpListener, data: &[u8]) -> (TcpStream, TcpStream) {
    let client = tcp(front);
    let server = accept(backend);
    // Buffers that do not grow: a hundred of these are clogged at once.
    for end in [&client, &server] {
        rustix::net::sockopt::set_socket_recv_buffer_size(end.as_fd(), 1 << 17).unwrap();
        rustix::net::sockopt::set_socket_send_buffer_size(end.as_fd(), 1 << 17).unwrap();
    }
    move_through(&client, &server, data);
    (client, server)
}

/// How long `data` takes from the server to the client.
fn move_through(mut client: &TcpStream, mut server: &TcpStream, data: &[u8]) -> Duration {
    use std::io::Write;
    let began = Instant::now();
    let got = thread::scope(|scope| {
        scope.spawn(move || server.write_all(data).unwrap());
        exactly(&mut client, data.len())
    });
    let took = began.elapsed();
    assert_same(&got, data);
    took
}

/// How much a pipe between two programs of nobody's shell holds, and whether it works.
fn pipe_of_a_shell() -> usize {
    let mut shell = as_nobody(&["sh", "-c", "cat | cat"]);
    let mut shell = Tool::spawn(shell.stdin(Stdio::piped()).stdout(Stdio::piped()));
    let children = format!("/proc/{0}/task/{0}/children", shell.pid());
    let mut size = 0;
    until("two programs in a pipe", || {
        let children = std::fs::read_to_string(&children).unwrap();
        let Some(first) = children.split_whitespace().next() else {
            return false;
        };
        // Opening what /proc shows of a pipe is opening the pipe.
        let Ok(pipe) = std::fs::File::open(format!("/proc/{first}/fd/1")) else {
            return false;
        };
        size = rustix::pipe::fcntl_getpipe_size(pipe).unwrap_or(0);
        children.split_whitespace().count() == 2 && size > 0
    });
    shell.type_in(b"through both");
    let ran = shell.end();
    assert_eq!(ran.stdout, "through both", "{ran:?}");
    size
}

#[test]
fn trap_37_a_hundred_conversations_leave_an_ordinary_user_its_pipes_and_none_is_starved() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can become another user");
        return;
    }
    let scratch = Scratch::new();
    // Where nobody can run it, too.
    let program = scratch.text("sockeye");
    std::fs::set_permissions(scratch.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    copy_program(&program);
    let usual = pipe_of_a_shell();

    let (backend, address) = tcp_server();
    let small = "#sndbuf=131072,rcvbuf=131072";
    let (from, to) = (format!("127.0.0.1:0{small}"), format!("{address}{small}"));
    let (tool, said) = Tool::serve_as(&as_nobody(&[&program, "relay", &from, &to]));
    // More than what makes a conversation busy.
    let data = pattern(6 << 20);
    let alone = busy(&said[0], &backend, &data);
    let first = (0..5)
        .map(|_| move_through(&alone.0, &alone.1, &data))
        .min()
        .unwrap();

    let crowd: Vec<(TcpStream, TcpStream)> =
        (0..100).map(|_| busy(&said[0], &backend, &data)).collect();
    // Everyone has something on the way that nobody takes.
    thread::scope(|scope| {
        for (_, server) in &crowd {
            let data = &data;
            scope.spawn(move || clog(server, data));
        }
    });
    assert_eq!(
        pipe_of_a_shell(),
        usual,
        "the user's other programs get small pipes"
    );
    let late = busy(&said[0], &backend, &data);
    let enough = first * 6 + Duration::from_millis(20);
    let mut last = Duration::MAX;
    // What else the machine does may come and go.
    for _ in 0..40 {
        last = last.min(move_through(&late.0, &late.1, &data));
        if last < enough {
            break;
        }
    }
    assert!(last < enough, "first {first:?}, last {last:?}");
    assert_eq!(pipe_of_a_shell(), usual);
    drop(tool);
}
