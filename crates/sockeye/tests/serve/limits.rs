//! More clients than a server has room for, idle ones, and slow ones.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use crate::server::{PATIENCE, Server, echo_byte, tcp};

fn with_open_files(limit: u32, arguments: &str) -> Server {
    let mut command = Command::new("sh");
    let script = format!("ulimit -n {limit} && exec \"$0\" serve {arguments}");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_sockeye")])
        .env("LC_ALL", "C");
    Server::run(command)
}

/// CPU time so far, in ticks of 10 ms.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn twenty_thousand_connections_are_all_served_with_a_hundred_descriptors() {
    let server = with_open_files(100, "echo=127.0.0.1:0");
    let at = server.ready();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                for _ in 0..50 {
                    let mut streams: Vec<TcpStream> = (0..100).map(|_| tcp(at)).collect();
                    for stream in &mut streams {
                        stream.write_all(b"x").unwrap();
                    }
                    for mut stream in streams {
                        stream.read_exact(&mut [0]).unwrap();
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let ended = server.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        ended.stderr,
        ["echo: conversations 20,000, received 20,000 B, sent 20,000 B"]
    );
}

#[test]
fn waiting_clients_cost_no_time_and_are_served_when_others_leave() {
    let server = with_open_files(100, "-v echo=127.0.0.1:0");
    let at = server.ready();
    let allowed: usize = loop {
        let line = server.line();
        if let Some((most, _)) = line.split_once(" conversations at once, not 16384:") {
            break most.parse().unwrap();
        }
    };
    assert!((20..100).contains(&allowed), "{allowed}");
    let mut served: Vec<TcpStream> = (0..allowed).map(|_| tcp(at)).collect();
    served.iter_mut().for_each(echo_byte);
    let mut waiting: Vec<TcpStream> = (0..50).map(|_| tcp(at)).collect();
    for stream in &mut waiting {
        stream.write_all(b"x").unwrap();
    }
    let before = ticks(server.pid());
    waiting[0]
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let error = waiting[0].read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let used = ticks(server.pid()) - before;
    assert!(used <= 5, "{used} ticks in a second of waiting");
    // It said that whoever comes now waits.
    let line = server.line();
    assert!(
        line.contains(&format!("all {allowed} conversations")),
        "{line}"
    );
    drop(served);
    waiting[0].set_read_timeout(Some(PATIENCE)).unwrap();
    for mut stream in waiting {
        stream.read_exact(&mut [0]).unwrap();
    }
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn ten_thousand_udp_clients_leave_nothing_behind() {
    let server = Server::start(&["echo=udp://127.0.0.1:0"]);
    let at = server.ready();
    let open = || {
        std::fs::read_dir(format!("/proc/{}/fd", server.pid()))
            .unwrap()
            .count()
    };
    let memory = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        let kib = line.split_whitespace().nth(1).unwrap();
        kib.parse::<usize>().unwrap()
    };
    let ask = |count: usize| {
        for _ in 0..count {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket.send_to(b"x", at).unwrap();
            socket.recv_from(&mut [0]).unwrap();
        }
    };
    ask(100);
    let before = (open(), memory());
    ask(10_000);
    assert_eq!(open(), before.0);
    assert!(
        memory() < before.1 + 1024,
        "{} KiB, then {}",
        before.1,
        memory()
    );
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_limit_of_conversations_and_of_idleness_is_kept_and_said() {
    let server = Server::start(&[
        "echo=127.0.0.1:0",
        "--max-conversations",
        "1",
        "--idle",
        "2s",
    ]);
    let at = server.ready();
    let mut first = tcp(at);
    echo_byte(&mut first);
    // Served once the idle limit has ended the first.
    let mut second = tcp(at);
    echo_byte(&mut second);
    assert_eq!(first.read(&mut [0]).unwrap(), 0);
    drop(second);
    let ended = server.stop();
    assert_eq!(
        ended.stderr,
        ["echo: conversations 2 (ended by --idle 1), received 2 B, sent 2 B"]
    );
}

#[test]
fn one_slow_client_delays_nobody_and_with_one_at_a_time_everybody() {
    for (flags, delayed) in [(&[][..], false), (&["--one-at-a-time"], true)] {
        let server = Server::start(&[&["echo=127.0.0.1:0"], flags].concat());
        let at = server.ready();
        let mut slow = tcp(at);
        echo_byte(&mut slow);
        let mut other = tcp(at);
        other.write_all(b"y").unwrap();
        if delayed {
            other
                .set_read_timeout(Some(Duration::from_millis(300)))
                .unwrap();
            assert_eq!(
                other.read(&mut [0]).unwrap_err().kind(),
                ErrorKind::WouldBlock
            );
            other.set_read_timeout(Some(PATIENCE)).unwrap();
            drop(slow);
            other.read_exact(&mut [0]).unwrap();
        } else {
            other.read_exact(&mut [0]).unwrap();
            drop(slow);
        }
        drop(other);
        assert_eq!(server.stop().code, Some(0));
    }
}
