//! Many at once, and the odd ones among them: descriptors run out, clients give up in the queue, a port is taken again.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, connect, recv, socket_with};
use rustix::process::Signal;

use crate::peers::{OWN_HOST, exactly, readable_within, reset_on_close, tcp};
use crate::ran::command;
use crate::tool::{Tool, until};

/// The tool with at most so many descriptors.
fn with_descriptors(most: u32, words: &[&str]) -> (Tool, String) {
    let inner = command(words);
    let mut limited = Command::new("prlimit");
    limited
        .arg(format!("--nofile={most}:{most}"))
        .arg(inner.get_program())
        .args(inner.get_args());
    limited.env("LC_ALL", "C");
    let (tool, mut said) = Tool::serve_as(&limited);
    (tool, said.remove(0))
}

#[track_caller]
fn echoes(mut client: &TcpStream) {
    client.write_all(b"hola").unwrap();
    assert_eq!(exactly(&mut client, 4), b"hola");
}

/// Begins to connect, and does not wait for anything.
fn begin(address: &str) -> std::os::fd::OwnedFd {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let client = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    reset_on_close(&client);
    let to: std::net::SocketAddr = address.parse().unwrap();
    let _in_progress = connect(&client, &to);
    client
}

#[test]
fn also_twenty_thousand_connections_against_few_descriptors_hurt_nobody() {
    for words in [
        &["serve", "echo=tcp://127.0.0.1:0"][..],
        &["relay", "127.0.0.1:0", "exec:cat"],
    ] {
        let (mut tool, address) = with_descriptors(128, words);
        let early = tcp(&address);
        echoes(&early);
        let waves = if words[0] == "serve" { 5 } else { 1 };
        for _ in 0..waves {
            let wave: Vec<_> = (0..if waves == 5 { 4_000 } else { 300 })
                .map(|_| begin(&address))
                .collect();
            // Full: whoever is served is, and nothing spins.
            echoes(&early);
            let before = tool.cpu();
            thread::sleep(Duration::from_millis(300));
            let used = tool.cpu() - before;
            if words[0] == "serve" {
                assert!(used < Duration::from_millis(150), "{used:?} of 300 ms");
            }
            assert!(tool.runs());
            drop(wave);
        }
        // The crowd has gone: there is room again. A relay may still be saying goodbye to it, and then it resets
        // whoever it has no descriptor for the other side of.
        until("served", || {
            let mut late = tcp(&address);
            let served = late
                .write_all(b"x")
                .and_then(|()| late.read_exact(&mut [0]));
            served.is_ok()
        });
        echoes(&early);
        drop(early);
        let ran = tool.stop();
        assert_eq!(
            ran.code,
            Some(0),
            "{}",
            ran.stderr.lines().take(5).collect::<String>()
        );
        assert!(!ran.stderr.contains("panicked"));
    }
}

#[test]
fn also_clients_that_gave_up_in_the_queue_end_nothing() {
    let (tool, address) = Tool::serve_one(&["serve", "echo=tcp://127.0.0.1:0"]);
    tool.signal(Signal::STOP);
    tool.wait_until_stopped();
    for _ in 0..50 {
        let client = tcp(&address);
        reset_on_close(&client);
    }
    let good = tcp(&address);
    tool.signal(Signal::CONT);
    echoes(&good);
}

#[test]
fn also_a_server_starts_again_at_once_where_old_connections_rest() {
    for words in [&["relay"][..], &["listen"], &["serve"]] {
        let at = |port: u16| match words[0] {
            "relay" => vec![
                "relay".to_owned(),
                format!("{OWN_HOST}:{port}"),
                "exec:true".to_owned(),
            ],
            "listen" => vec![
                "listen".to_owned(),
                format!("{OWN_HOST}:{port}"),
                "--exec".into(),
                "true".into(),
            ],
            _ => vec![
                "serve".to_owned(),
                format!("daytime=tcp://{OWN_HOST}:{port}"),
            ],
        };
        let start = |port| {
            let words = at(port);
            Tool::serve_one(&words.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let (mut tool, address) = start(0);
        // The server ends first, so its side rests in TIME_WAIT.
        let mut client = tcp(&address);
        client.read_to_end(&mut Vec::new()).unwrap();
        drop(client);
        if words[0] == "listen" {
            drop(tool.stdin.take());
            tool.wait();
        } else {
            assert_eq!(tool.stop().code, Some(0));
        }
        let port: u16 = address.rsplit_once(':').unwrap().1.parse().unwrap();
        let resting = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let mine = format!("01004D7F:{port:04X} ");
        assert!(
            resting
                .lines()
                .any(|line| line.contains(&mine) && line.split_whitespace().nth(3) == Some("06")),
            "nothing rests"
        );
        let (_tool, again) = start(port);
        assert_eq!(again, address);
        tcp(&again);
    }
}

#[test]
fn also_a_huge_backlog_is_no_error_and_one_beyond_all_numbers_is() {
    let (_tool, address) = Tool::serve_one(&["serve", "echo=tcp://127.0.0.1:0#backlog=2147483647"]);
    echoes(&tcp(&address));
    let ran = Tool::start(&["serve", "echo=tcp://127.0.0.1:0#backlog=2147483648"]).end();
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.last_line().contains("backlog"), "{ran:?}");
}

#[test]
fn also_a_client_that_connects_and_says_nothing_delays_nobody() {
    let (_tool, address) = Tool::serve_one(&["serve", "echo=tcp://127.0.0.1:0"]);
    let silent: Vec<TcpStream> = (0..50).map(|_| tcp(&address)).collect();
    let client = tcp(&address);
    echoes(&client);
    assert!(
        silent
            .iter()
            .all(|silent| !readable_within(silent, Duration::ZERO))
    );
}

#[test]
fn also_what_is_counted_does_not_wrap_at_4_gib() {
    const BYTES: usize = 4_500_000_000;
    let program = format!("exec:head -c {BYTES} /dev/zero");
    let (mut tool, address) = Tool::serve_one(&["relay", "-v", "--once", "127.0.0.1:0", &program]);
    let client = tcp(&address);
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut room = vec![0; 1 << 20];
    let mut got = 0;
    loop {
        // With MSG_TRUNC the kernel throws the bytes away by itself: https://man7.org/linux/man-pages/man7/tcp.7.html
        let (_, n) = retry_on_intr(|| recv(&client, &mut room[..], RecvFlags::TRUNC)).unwrap();
        if n == 0 {
            break;
        }
        got += n;
    }
    assert_eq!(got, BYTES);
    let ran = tool.ran();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.last_line().contains("4,500,000,000 B back"), "{ran:?}");
}
