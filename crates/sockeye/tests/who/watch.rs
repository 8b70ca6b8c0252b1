//! The live table: what it draws, and that the terminal is as it was on every way out.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::machine::alone;
use crate::ran::{command_with_signals, sockeye};

/// A terminal of 30 lines.
pub(crate) struct Terminal {
    keys: File,
    tool_side: OwnedFd,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let keyboard =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let tool_side = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
        let size = Winsize {
            ws_row: 30,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&tool_side, size).unwrap();
        let mut screen = File::from(keyboard.try_clone().unwrap());
        let (show, shown) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
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

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let end = || Stdio::from(self.tool_side.try_clone().unwrap());
        let mut command = command_with_signals(arguments);
        command.stdin(end()).stdout(end()).stderr(end());
        // A group of its own is not orphaned, so it can be stopped.
        command.process_group(0);
        command.spawn().unwrap()
    }

    fn settings(&self) -> String {
        format!("{:?}", tcgetattr(&self.tool_side).unwrap())
    }

    /// Waits until the screen shows `text`.
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let Ok(more) = self.screen.recv_timeout(Duration::from_secs(20)) else {
                panic!("{text:?} is not on the screen: {:?}", self.seen)
            };
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
    }
}

#[test]
fn it_is_renewed_and_the_terminal_is_put_back_on_every_way_out() {
    let _alone = alone();
    for way_out in ["q", "Ctrl-C", "SIGTERM", "SIGHUP", "SIGINT"] {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut terminal = Terminal::new();
        let before = terminal.settings();
        let ports = [first.local_addr().unwrap().port(); 1].map(|port| port.to_string());
        let mut tool = terminal.start(&["who", "--watch", &ports[0]]);
        terminal.wait_for("\x1b[?1049h");
        terminal.wait_for(&format!(
            "sockeye who --watch {}   every second; q ends",
            ports[0]
        ));
        terminal.wait_for("loopback only");
        let keys = tcgetattr(&terminal.tool_side).unwrap().local_modes;
        assert!(!keys.intersects(LocalModes::ICANON | LocalModes::ECHO));
        drop(first);
        terminal.wait_for(&format!("nobody holds port {} on this machine", ports[0]));
        match way_out {
            "q" => terminal.keys.write_all(b"q").unwrap(),
            "Ctrl-C" => terminal.keys.write_all(b"\x03").unwrap(),
            "SIGHUP" => kill_process(Pid::from_child(&tool), Signal::HUP).unwrap(),
            "SIGTERM" => kill_process(Pid::from_child(&tool), Signal::TERM).unwrap(),
            _ => kill_process(Pid::from_child(&tool), Signal::INT).unwrap(),
        }
        assert_eq!(tool.wait().unwrap().code(), Some(0), "{way_out}");
        terminal.wait_for("\x1b[?25h\x1b[?1049l");
        assert_eq!(terminal.settings(), before, "{way_out}");
    }
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_it_is_taken_again() {
    let _alone = alone();
    let mut terminal = Terminal::new();
    let before = terminal.settings();
    let mut tool = terminal.start(&["who", "--watch", "--tcp"]);
    terminal.wait_for("\x1b[J");
    terminal.keys.write_all(b"\x1a").unwrap();
    let pid = Pid::from_child(&tool);
    let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
    assert!(status.stopped(), "{status:?}");
    terminal.wait_for("\x1b[?1049l");
    assert_eq!(terminal.settings(), before);
    terminal.seen.clear();
    kill_process(pid, Signal::CONT).unwrap();
    terminal.wait_for("\x1b[?1049h");
    terminal.wait_for("\x1b[J");
    terminal.keys.write_all(b"q").unwrap();
    assert_eq!(tool.wait().unwrap().code(), Some(0));
    assert_eq!(terminal.settings(), before);
}

#[test]
fn no_line_is_wider_than_the_terminal_and_no_more_are_drawn_than_fit() {
    let _alone = alone();
    let listeners: Vec<TcpListener> =
        std::iter::repeat_with(|| TcpListener::bind("127.0.0.1:0").unwrap())
            .take(40)
            .collect();
    let mut terminal = Terminal::new();
    let mut tool = terminal.start(&["who", "--watch", "--tcp"]);
    terminal.wait_for("… +");
    terminal.wait_for("\x1b[J");
    terminal.keys.write_all(b"q").unwrap();
    tool.wait().unwrap();
    let frame = terminal.seen.split("\x1b[H").nth(1).unwrap();
    let frame = frame.split("\x1b[J").next().unwrap();
    let lines: Vec<String> = frame
        .split("\r\n")
        .map(|line| line.replace(['\r'], "").replace("\x1b[K", ""))
        .collect();
    assert_eq!(lines.len(), 30, "{frame}");
    assert!(
        lines.iter().all(|line| line.chars().count() <= 100),
        "{frame}"
    );
    drop(listeners);
}

#[test]
fn without_a_terminal_it_is_refused() {
    let _alone = alone();
    let ran = sockeye(&["who", "--watch"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("stdout or stdin is none"), "{ran:?}");
}
