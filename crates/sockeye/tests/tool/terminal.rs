//! On a terminal: it is left as it was found on every way out, and what a peer sends cannot act on it.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::ran::command_with_signals;

/// A terminal with the tool on it.
struct Terminal {
    keys: File,
    /// Our own descriptor of the tool's side, to look at its settings.
    tool_side: OwnedFd,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    fn new() -> Self {
        let keyboard =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let tool_side =
            rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty()).unwrap();
        let mut screen = File::from(keyboard.try_clone().unwrap());
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
        Self {
            keys: keyboard.into(),
            tool_side,
            screen: shown,
            seen: String::new(),
        }
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let end = || Stdio::from(self.tool_side.try_clone().unwrap());
        command_with_signals(arguments)
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap()
    }

    fn settings(&self) -> (String, OFlags) {
        let settings = tcgetattr(&self.tool_side).unwrap();
        (
            format!("{settings:?}"),
            fcntl_getfl(&self.tool_side).unwrap(),
        )
    }

    /// Waits until the screen shows this line, and nothing else on it.
    fn wait_for_line(&mut self, line: &str) {
        while !self.seen.lines().any(|seen| seen.trim() == line) {
            let Ok(more) = self.screen.recv_timeout(Duration::from_secs(20)) else {
                panic!("no line {line:?} is on the screen: {:?}", self.seen)
            };
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
    }

    /// Waits until the screen shows `text`.
    fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let Ok(more) = self.screen.recv_timeout(Duration::from_secs(20)) else {
                panic!("{text:?} is not on the screen: {:?}", self.seen)
            };
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
    }
}

/// A server for one conversation that says hello, then does `talk`.
fn server(talk: impl FnOnce(TcpStream) + Send + 'static) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let thread = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.write_all(b"hello\n").unwrap();
        talk(client);
    });
    (address, thread)
}

#[test]
fn settings_are_the_same_while_it_runs_and_on_every_way_out() {
    for way_out in ["end of input", "SIGTERM", "SIGINT", "peer's end"] {
        let (hang_up, hung_up) = mpsc::channel::<()>();
        let (address, server) = server(move |client| {
            let _ = hung_up.recv();
            client.shutdown(Shutdown::Write).unwrap();
            let _ = (&client).read_to_end(&mut Vec::new());
        });
        let mut terminal = Terminal::new();
        let before = terminal.settings();
        let mut tool = terminal.start(&["connect", "--explain", &address]);
        terminal.wait_for("hello");
        assert_eq!(terminal.settings(), before, "while it runs");
        let pid = Pid::from_child(&tool);
        match way_out {
            "end of input" => {
                terminal.keys.write_all(b"bye\n\x04").unwrap();
                hang_up.send(()).unwrap();
            }
            "SIGTERM" => kill_process(pid, Signal::TERM).unwrap(),
            "SIGINT" => kill_process(pid, Signal::INT).unwrap(),
            _ => hang_up.send(()).unwrap(),
        }
        let status = tool.wait().unwrap();
        drop(hang_up);
        server.join().unwrap();
        assert_eq!(terminal.settings(), before, "{way_out}");
        let settings = tcgetattr(&terminal.tool_side).unwrap();
        assert!(
            settings
                .local_modes
                .contains(LocalModes::ICANON | LocalModes::ECHO)
        );
        let killed = way_out.starts_with("SIG");
        assert_eq!(status.code().is_none(), killed, "{way_out}: {status:?}");
    }
}

#[test]
fn the_peers_end_is_the_end_although_nobody_typed_one() {
    let (address, server) = server(drop);
    let mut terminal = Terminal::new();
    let mut tool = terminal.start(&["connect", &address]);
    assert!(tool.wait().unwrap().success());
    terminal.wait_for("hello");
    server.join().unwrap();
}

#[test]
fn what_a_peer_sends_cannot_act_on_the_terminal() {
    let (address, server) =
        server(|mut client| client.write_all(b"\x1b]0;owned\x07\x1b[2J.\n").unwrap());
    let mut terminal = Terminal::new();
    let mut tool = terminal.start(&["connect", &address]);
    assert!(tool.wait().unwrap().success());
    terminal.wait_for("[2J.");
    server.join().unwrap();
    assert!(
        !terminal.seen.contains('\x1b') && !terminal.seen.contains('\x07'),
        "{:?}",
        terminal.seen
    );
    assert!(
        terminal.seen.contains("\\x1b]0;owned\\x07"),
        "{:?}",
        terminal.seen
    );
}

#[test]
fn what_is_said_has_a_margin_so_that_it_is_never_taken_for_data() {
    for (view, said) in [
        ("--explain", "✓"),
        ("--hex", "68 65 6c 6c 6f"),
        ("--color=never", "connected to"),
    ] {
        let (address, server) = server(drop);
        let mut terminal = Terminal::new();
        let mut tool = terminal.start(&["connect", view, &address]);
        assert!(tool.wait().unwrap().success());
        terminal.wait_for(said);
        // The dump has the word, too.
        terminal.wait_for_line("hello");
        server.join().unwrap();
        let data: Vec<&str> = terminal
            .seen
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.contains('┊'))
            .collect();
        assert_eq!(data, ["hello"], "{view}: {}", terminal.seen);
    }
}
