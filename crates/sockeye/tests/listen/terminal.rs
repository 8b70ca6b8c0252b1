//! A person at a terminal with many peers: who said what, and to whom an answer goes.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::peers::{all, datagram, exactly, readable_within, tcp, udp_to};
use crate::ran::command_with_signals;
use crate::tool::PATIENCE;

/// A terminal with the tool on it.
struct Terminal {
    keys: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
    tool: Child,
}

impl Terminal {
    /// The tool on a new terminal, and the address it says it has.
    fn with(arguments: &[&str]) -> (Self, String) {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let tool_side: OwnedFd = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
        let mut screen = File::from(keys.try_clone().unwrap());
        let (show, shown) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Reading fails with EIO once nobody has the other side open.
            while let Ok(n @ 1..) = screen.read(&mut buffer) {
                if show.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let end = || Stdio::from(tool_side.try_clone().unwrap());
        let tool = command_with_signals(arguments)
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let mut terminal = Self {
            keys: keys.into(),
            screen: shown,
            seen: String::new(),
            tool,
        };
        terminal.wait_for("this machine only");
        terminal.wait_for("@@ is a plain @");
        let (_, rest) = terminal.seen.split_once(" on ").unwrap();
        let address = rest.split_once(": ").unwrap().0.to_owned();
        (terminal, address)
    }

    fn type_in(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the screen shows `text`.
    fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let Ok(more) = self.screen.recv_timeout(PATIENCE) else {
                panic!("{text:?} is not on the screen: {:?}", self.seen)
            };
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
    }

    /// Ctrl-C: code 0.
    fn stop(mut self) {
        kill_process(Pid::from_child(&self.tool), Signal::INT).unwrap();
        assert_eq!(self.tool.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tool.kill();
        let _ = self.tool.wait();
    }
}

#[test]
fn lines_have_the_number_of_their_peer_and_cannot_act_on_the_terminal() {
    let (mut terminal, address) = Terminal::with(&["listen", "-k", "127.0.0.1:0"]);
    let mut first = tcp(&address);
    terminal.wait_for(&format!("┊ #1 {} has come", first.local_addr().unwrap()));
    let mut second = tcp(&address);
    terminal.wait_for("┊ #2 ");
    first.write_all(b"hola\n\x1b[2Jx\n").unwrap();
    terminal.wait_for("#1 ‹ hola\r\n#1 ‹ \\x1b[2Jx\r\n");
    second.write_all(b"a prompt: ").unwrap();
    terminal.wait_for("#2 ‹ a prompt: \r\n");
    second.write_all(b"and its rest\nnext\n").unwrap();
    terminal.wait_for("#2 … and its rest\r\n#2 ‹ next\r\n");
    drop(first);
    terminal.wait_for("has gone: 11 B received, 0 B sent");
    assert!(!terminal.seen.contains('\x1b'), "{:?}", terminal.seen);
    drop(second);
    terminal.stop();
}

#[test]
fn an_at_names_who_is_answered_and_plain_text_goes_to_all() {
    let (mut terminal, address) = Terminal::with(&["listen", "-k", "127.0.0.1:0"]);
    terminal.type_in("too early\n");
    terminal.wait_for("nobody is here: not sent");
    let mut first = tcp(&address);
    terminal.wait_for("┊ #1 ");
    let mut second = tcp(&address);
    terminal.wait_for("┊ #2 ");
    terminal.type_in("@2 for two\n");
    assert_eq!(exactly(&mut second, 8), b"for two\n");
    assert!(!readable_within(&first, std::time::Duration::ZERO));
    terminal.type_in("plain\n@all named\n@@ at\n");
    for peer in [&mut first, &mut second] {
        assert_eq!(exactly(peer, 17), b"plain\nnamed\n@ at\n");
    }
    terminal.type_in("@3 x\n");
    terminal.wait_for("@3 is nobody here: not sent; there are #1 ");
    terminal.type_in("@ana x\n");
    terminal.wait_for("@ana is nobody here");
    terminal.type_in("@\n");
    terminal.wait_for("┊ here: #1 ");
    // The end of input is told to everybody, and the server goes on.
    terminal.type_in("\x04");
    assert_eq!(all(&mut first), b"");
    assert_eq!(all(&mut second), b"");
    let mut third = tcp(&address);
    third.write_all(b"still there?\n").unwrap();
    terminal.wait_for("#3 ‹ still there?");
    drop((first, second, third));
    terminal.stop();
}

#[test]
fn udp_peers_are_answered_one_by_one_too() {
    let (mut terminal, address) = Terminal::with(&["listen", "-k", "udp://127.0.0.1:0"]);
    let (first, second) = (udp_to(&address), udp_to(&address));
    first.send(b"one").unwrap();
    terminal.wait_for("#1 ‹ one\r\n");
    second.send(b"two\n").unwrap();
    terminal.wait_for("#2 ‹ two\r\n");
    first.send(b"").unwrap();
    terminal.wait_for("┊ #1 sent an empty message");
    terminal.type_in("@2 hola\n@1 adios\n");
    assert_eq!(datagram(&second), b"hola\n");
    assert_eq!(datagram(&first), b"adios\n");
    terminal.stop();
}
