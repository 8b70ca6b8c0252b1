//! Our own output is checked: a full disk is told, a reader that leaves ends it, a broken pipe is no panic.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::thread::{self, JoinHandle};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Signal;

use crate::peers::{Scratch, accept, all, exactly, reset_on_close, tcp, tcp_server};
use crate::ran::command;
use crate::ran::shell;
use crate::tool::{Tool, pattern, until};

/// A peer that sends until nobody takes it, and must find that out.
fn floods(mut peer: TcpStream) -> JoinHandle<()> {
    thread::spawn(move || {
        let block = [b'x'; 1 << 16];
        // Far beyond what all buffers on the way hold.
        for _ in 0..1 << 14 {
            if peer.write_all(&block).is_err() {
                return;
            }
        }
        panic!("a gigabyte was taken");
    })
}

fn full_disk() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

#[test]
fn trap_04_a_full_disk_stops_connect_with_code_24() {
    for (words, end) in [
        (&["connect"][..], &[][..]),
        (&["connect", "--record", "/dev/full"], &[]),
        (&["relay", "--dial-both"], &["-"]),
        (&["relay", "--dial-both"], &["file:/dev/full"]),
    ] {
        let (listener, address) = tcp_server();
        let words = [words, &[&address], end].concat();
        let recorded = words.contains(&"--record");
        let mut command = command(&words);
        command.stdin(Stdio::piped());
        if recorded {
            command.stdout(Stdio::piped());
        } else {
            command.stdout(full_disk());
        }
        let mut tool = Tool::spawn(&mut command);
        let mut peer = accept(&listener);
        let ran = if recorded {
            // The data goes on without the recording.
            peer.write_all(b"data").unwrap();
            drop(peer);
            tool.stdout.wait_for("data");
            tool.end()
        } else {
            let peer = floods(peer);
            let ran = tool.ran();
            peer.join().unwrap();
            ran
        };
        assert_eq!(ran.code, Some(24), "{words:?}: {ran:?}");
        let said = match end {
            ["file:/dev/full"] => "write to file:/dev/full: ENOSPC",
            _ => "ENOSPC",
        };
        assert!(ran.last_line().contains(said), "{words:?}: {ran:?}");
    }
}

#[test]
fn trap_04_a_full_disk_stops_listen_with_code_24() {
    let scratch = Scratch::new();
    let address = format!("unix:{}", scratch.text("s"));
    let mut tool = Tool::spawn(
        command(&["listen", &address])
            .stdin(Stdio::piped())
            .stdout(full_disk()),
    );
    until("listening", || scratch.path("s").exists());
    let mut client = connected(&scratch);
    let _broken = client.write_all(&pattern(1 << 20));
    let ran = tool.ran();
    assert_eq!(ran.code, Some(24), "{ran:?}");
    assert!(ran.last_line().contains("ENOSPC"), "{ran:?}");
}

/// The path is there a moment before the socket listens.
fn connected(scratch: &Scratch) -> std::os::unix::net::UnixStream {
    let mut client = None;
    until("listening", || {
        client = std::os::unix::net::UnixStream::connect(scratch.path("s")).ok();
        client.is_some()
    });
    client.unwrap()
}

#[test]
fn trap_04_a_reader_that_leaves_ends_it_at_once_and_quietly_and_stops_the_peer() {
    for (words, end) in [
        (&["connect"][..], &[][..]),
        (&["connect", "--no-stdin"], &[]),
        (&["relay", "--dial-both"], &["-"]),
    ] {
        let (listener, address) = tcp_server();
        let words = [words, &[&address], end].concat();
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let mut command = command(&words);
        command.stdin(Stdio::piped()).stdout(writer);
        let mut tool = Tool::spawn(&mut command);
        // The command keeps a copy of the pipe.
        drop(command);
        let peer = floods(accept(&listener));
        assert_eq!(exactly(&mut File::from(reader), 10), b"xxxxxxxxxx");
        let ran = tool.ran();
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{words:?}");
        peer.join().unwrap();
    }
}

#[test]
fn trap_04_a_reader_that_leaves_ends_listen_too() {
    let scratch = Scratch::new();
    let address = format!("unix:{}", scratch.text("s"));
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let mut command = command(&["listen", &address]);
    command.stdin(Stdio::piped()).stdout(writer);
    let mut tool = Tool::spawn(&mut command);
    drop(command);
    until("listening", || scratch.path("s").exists());
    let mut client = connected(&scratch);
    client.write_all(b"0123456789").unwrap();
    assert_eq!(exactly(&mut File::from(reader), 10), b"0123456789");
    while client.write_all(b"more").is_ok() {}
    let ran = tool.ran();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn trap_05_no_command_panics_into_a_closed_pipe() {
    for words in [
        "",
        "--help",
        "schemes",
        "--show-limits",
        "generate man",
        "relay --dry-run :1 :2",
    ] {
        let ran = shell(&format!("{{ \"$sockeye\" {words}; echo $? >&2; }} | true"));
        assert_eq!(ran.stderr, "0\n", "{words}");
    }
}

#[test]
fn trap_05_narration_into_a_closed_pipe_stops_no_data() {
    let (listener, address) = tcp_server();
    let server = thread::spawn(move || {
        let mut client = accept(&listener);
        let question = all(&mut client);
        client.write_all(&question).unwrap();
    });
    for_each_view(&address, server);
}

fn for_each_view(address: &str, server: JoinHandle<()>) {
    let ran = shell(&format!(
        "exec 3>&1; {{ echo hola | \"$sockeye\" connect --explain --hex {address} >&3; echo $? >&3; }} 2>&1 | true"
    ));
    server.join().unwrap();
    assert_eq!(ran.stdout, "hola\n0\n");
}

#[test]
fn trap_05_a_peer_that_takes_no_more_is_told_and_is_code_20() {
    for listens in [false, true] {
        let (listener, address) = tcp_server();
        let (tool, mut peer) = if listens {
            let (tool, address) = Tool::serve_one(&["listen", "127.0.0.1:0"]);
            (tool, tcp(&address))
        } else {
            let tool = Tool::start(&["connect", &address]);
            (tool, accept(&listener))
        };
        let mut tool = tool;
        let mut stdin = tool.stdin.take().unwrap();
        let feeding = thread::spawn(move || while stdin.write_all(&[b'x'; 1 << 16]).is_ok() {});
        exactly(&mut peer, 100);
        reset_on_close(&peer);
        drop(peer);
        let ran = tool.ran();
        feeding.join().unwrap();
        assert_eq!(ran.code, Some(20), "{listens}: {ran:?}");
        assert!(ran.last_line().starts_with("sockeye: "), "{ran:?}");
    }
}

#[test]
fn trap_05_a_program_dies_of_its_broken_pipe() {
    let (listener, address) = tcp_server();
    let mut tool = Tool::start(&["connect", &address, "--exec", "yes", "--exec-status"]);
    let mut peer = accept(&listener);
    exactly(&mut peer, 10);
    reset_on_close(&peer);
    drop(peer);
    let ran = tool.ran();
    // 128 + SIGPIPE; a program that ignores it says that its output could not be written.
    assert_eq!(ran.code, Some(141), "{ran:?}");
    assert!(!ran.stderr.contains("yes:"), "{ran:?}");
}

#[test]
fn trap_05_a_program_gets_the_default_of_every_signal() {
    let (listener, address) = tcp_server();
    let exec = "grep SigIgn /proc/self/status";
    let _tool = Tool::start(&["connect", &address, "--exec", exec]);
    let mut peer = accept(&listener);
    let mut line = String::new();
    peer.read_to_string(&mut line).unwrap();
    let ignored =
        |line: &str| u64::from_str_radix(line.trim().trim_start_matches("SigIgn:\t"), 16).unwrap();
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let own = own.lines().find(|line| line.starts_with("SigIgn"));
    // What these tests were started with ignored stays so, as nohup(1) wants it; SIGPIPE they ignore by themselves.
    let pipe = 1 << (Signal::PIPE.as_raw() - 1);
    let inherited = ignored(own.unwrap()) & !pipe;
    // The first 31 bits: the C library keeps two of the real-time signals for itself.
    assert_eq!(ignored(&line) & !inherited & 0x7fff_ffff, 0, "{line}");

    let (_tool, address) = Tool::serve_one(&["relay", "127.0.0.1:0", &format!("exec:{exec}")]);
    assert_eq!(
        String::from_utf8(all(&mut tcp(&address))).unwrap(),
        format!("{line}")
    );
}

#[test]
fn trap_05_a_program_of_a_relay_dies_with_its_conversation() {
    let (tool, address) = Tool::serve_one(&["relay", "127.0.0.1:0", "exec:yes"]);
    let mut client = tcp(&address);
    exactly(&mut client, 10);
    let children =
        || std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", tool.pid())).unwrap();
    assert_ne!(children(), "");
    reset_on_close(&client);
    drop(client);
    until("without a child", || children().is_empty());
}
