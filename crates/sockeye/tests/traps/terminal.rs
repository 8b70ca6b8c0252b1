//! A terminal is left as it was found on every way out, and while it is used others can use it too.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::thread;

use rustix::fs::{Mode, OFlags, fcntl_getfl};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::peers::{accept, again, exactly, reset_on_close, tcp_server};
use crate::ran::{command, command_with_signals};
use crate::tool::{Tool, until};

/// The two sides of a terminal.
struct Terminal {
    keys: File,
    tool_side: OwnedFd,
}

impl Terminal {
    fn new() -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let tool_side = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
        let mut screen = File::from(keys.try_clone().unwrap());
        // Somebody looks at the screen, so that it never fills up; it ends with the terminal.
        thread::spawn(move || while let Ok(1..) = screen.read(&mut [0; 4096]) {});
        Self {
            keys: keys.into(),
            tool_side,
        }
    }

    fn end(&self) -> Stdio {
        self.tool_side.try_clone().unwrap().into()
    }

    /// What stty(1) knows of it, and the flags of the description that everybody here shares.
    fn settings(&self) -> (String, OFlags) {
        let stty = Command::new("stty")
            .arg("-g")
            .stdin(self.end())
            .output()
            .unwrap();
        assert!(stty.status.success());
        (
            String::from_utf8(stty.stdout).unwrap(),
            fcntl_getfl(&self.tool_side).unwrap(),
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum WayOut {
    EndOfInput,
    PeersEnd,
    Reset,
    Killed(Signal),
}

const WAYS_OUT: &[WayOut] = &[
    WayOut::EndOfInput,
    WayOut::PeersEnd,
    WayOut::Reset,
    WayOut::Killed(Signal::TERM),
    WayOut::Killed(Signal::INT),
    WayOut::Killed(Signal::HUP),
    WayOut::Killed(Signal::QUIT),
];

fn leave(way: WayOut, terminal: &mut Terminal, tool: &mut Tool, mut peer: TcpStream) {
    match way {
        WayOut::EndOfInput => {
            terminal.keys.write_all(b"\x04").unwrap();
            assert_eq!(again(|| peer.read(&mut [0; 8])).unwrap(), 0);
        }
        WayOut::PeersEnd => {}
        WayOut::Reset => reset_on_close(&peer),
        WayOut::Killed(signal) => tool.signal(signal),
    }
    if let WayOut::Killed(_) = way {
        tool.wait();
    }
    drop(peer);
    tool.wait();
}

#[test]
fn trap_31_a_terminal_is_left_as_it_was_found_on_every_way_out() {
    for words in [
        &["connect"][..],
        &["connect", "--explain"],
        &["connect", "--hex", "--half-open"],
        &["relay", "--dial-both", "-"],
    ] {
        for way in WAYS_OUT {
            if *way == WayOut::PeersEnd && words != ["connect"] && words != ["connect", "--explain"]
            {
                continue;
            }
            let (listener, address) = tcp_server();
            let mut terminal = Terminal::new();
            let before = terminal.settings();
            let mut start = command_with_signals(&[words, &[&address]].concat());
            let mut tool = Tool::spawn(start.stdin(terminal.end()).stdout(terminal.end()));
            let mut peer = accept(&listener);
            terminal.keys.write_all(b"typed\n").unwrap();
            assert_eq!(exactly(&mut peer, 6), b"typed\n");
            assert_eq!(terminal.settings(), before, "{words:?} while it runs");
            // Stopped as by Ctrl-Z, another program has the terminal; then it goes on.
            tool.signal(Signal::TSTP);
            assert_eq!(terminal.settings(), before, "{words:?} stopped");
            tool.signal(Signal::CONT);
            peer.write_all(b"seen\n").unwrap();
            terminal.keys.write_all(b"again\n").unwrap();
            assert_eq!(exactly(&mut peer, 6), b"again\n");
            leave(*way, &mut terminal, &mut tool, peer);
            assert_eq!(terminal.settings(), before, "{words:?} {way:?}");
        }
    }
}

#[test]
fn trap_31_a_terminal_is_left_as_it_was_found_by_listen() {
    for way in WAYS_OUT {
        let mut terminal = Terminal::new();
        let before = terminal.settings();
        let mut start = command_with_signals(&["listen", "127.0.0.1:0"]);
        // Its stderr is no terminal, and says the port.
        let mut tool = Tool::spawn(start.stdin(terminal.end()).stdout(terminal.end()));
        let said = String::from_utf8(tool.stderr.wait_until(|said| said.contains(&b'\n'))).unwrap();
        let address = said
            .split([' ', '\n'])
            .find(|word| word.starts_with("127.0.0.1:"))
            .unwrap();
        let mut peer = crate::peers::tcp(address.trim_end_matches(':'));
        terminal.keys.write_all(b"typed\n").unwrap();
        assert_eq!(exactly(&mut peer, 6), b"typed\n");
        assert_eq!(terminal.settings(), before, "while it runs");
        leave(*way, &mut terminal, &mut tool, peer);
        assert_eq!(terminal.settings(), before, "{way:?}");
    }
}

#[test]
fn trap_31_another_program_on_the_same_terminal_never_sees_eagain() {
    let (listener, address) = tcp_server();
    let mut terminal = Terminal::new();
    let mut start = command(&["connect", "--no-stdin", &address]);
    let tool = Tool::spawn(start.stdin(terminal.end()).stdout(terminal.end()));
    let mut peer = accept(&listener);
    peer.write_all(b"x\n").unwrap();
    // `read` of the shell fails on a description that is non-blocking.
    let mut other = Command::new("sh");
    other
        .args(["-c", "read line && echo \"$line\" >&2"])
        .stdin(terminal.end())
        .stdout(Stdio::null());
    let mut other = Tool::spawn(&mut other);
    until("waiting for a line", || {
        std::fs::read_to_string(format!("/proc/{}/wchan", other.pid()))
            .is_ok_and(|place| place != "0")
            || !other.runs()
    });
    terminal.keys.write_all(b"mine\n").unwrap();
    let ran = other.ran();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), "mine\n"));
    drop((peer, tool));
}
