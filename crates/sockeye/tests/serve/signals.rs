//! The end of a server: it stops accepting, lets conversations finish, and leaves nothing behind but what isn't its own.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::server::{PATIENCE, Server, echo_byte, scratch, tcp};

/// Until the server has stopped accepting.
fn wait_refused(at: std::net::SocketAddr) {
    let given_up = Instant::now() + PATIENCE;
    while TcpStream::connect(at).is_ok() {
        assert!(Instant::now() < given_up, "it still accepts");
        std::thread::yield_now();
    }
}

#[test]
fn each_signal_lets_a_conversation_finish_and_then_says_what_was_served() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start(&["echo=127.0.0.1:0"]);
        let at = server.ready();
        let mut stream = tcp(at);
        echo_byte(&mut stream);
        server.signal(signal);
        wait_refused(at);
        // It goes on as if nothing had happened.
        let text = vec![42; 300_000];
        let mut writer = stream.try_clone().unwrap();
        let sent = text.clone();
        let writing = std::thread::spawn(move || {
            writer.write_all(&sent).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut back = Vec::new();
        stream.read_to_end(&mut back).unwrap();
        writing.join().unwrap();
        assert!(back == text);
        let ended = server.end();
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(0), ""),
            "{ended:?}"
        );
        let last = ended.stderr.last().unwrap();
        // The probes of the listener that connected count as well.
        assert!(last.starts_with("echo: conversations "), "{ended:?}");
        assert!(
            last.ends_with("received 300,001 B, sent 300,001 B"),
            "{ended:?}"
        );
    }
}

#[test]
fn a_conversation_that_does_not_end_is_cut_after_the_drain_and_said() {
    let server = Server::start(&["echo=127.0.0.1:0", "--drain", "200ms"]);
    let mut stream = tcp(server.ready());
    echo_byte(&mut stream);
    let began = Instant::now();
    server.signal(Signal::TERM);
    let ended = server.end();
    assert_eq!(ended.code, Some(0));
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert_eq!(
        ended.stderr,
        ["echo: conversations 1 (cut after 200ms 1), received 1 B, sent 1 B"]
    );
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_second_signal_kills_as_usual() {
    for (first, second) in [(Signal::TERM, Signal::TERM), (Signal::INT, Signal::TERM)] {
        let server = Server::start(&["echo=127.0.0.1:0"]);
        let at = server.ready();
        let mut stream = tcp(at);
        echo_byte(&mut stream);
        server.signal(first);
        wait_refused(at);
        server.signal(second);
        let ended = server.end();
        assert_eq!((ended.code, ended.signal), (None, Some(second.as_raw())));
    }
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let mut command = std::process::Command::new("sh");
    let script = "trap '' INT; exec \"$0\" serve echo=127.0.0.1:0";
    command.args(["-c", script, env!("CARGO_BIN_EXE_sockeye")]);
    let server = Server::run(command);
    let at = server.ready();
    server.signal(Signal::INT);
    echo_byte(&mut tcp(at));
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn its_own_unix_path_goes_and_another_servers_on_the_same_path_stays() {
    let directory = scratch("paths");
    let path = directory.join("e.sock");
    let service = format!("echo=unix:{}", path.display());
    let server = Server::start(&[&service]);
    server.line();
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"x").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    assert_eq!(server.stop().code, Some(0));
    assert!(!path.exists());

    for scheme in ["unix", "unix-dgram", "unix-seqpacket"] {
        let server = Server::start(&[&format!("echo={scheme}:{}", path.display())]);
        server.line();
        std::fs::remove_file(&path).unwrap();
        let other = UnixListener::bind(&path).unwrap();
        assert_eq!(server.stop().code, Some(0));
        assert!(path.exists(), "{scheme}: another's path was removed");
        UnixStream::connect(&path).unwrap();
        drop(other);
        std::fs::remove_file(&path).unwrap();
    }
    std::fs::remove_dir_all(directory).unwrap();
}
