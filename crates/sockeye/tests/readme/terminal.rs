//! A terminal of 100 columns with a program in it, and somebody who looks and types.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use crate::page::Key;

/// Nothing in the pages keeps somebody waiting for longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nothing more comes when nothing has come for this long; only for writing the pages anew.
const QUIET: Duration = Duration::from_millis(1500);

/// A command of a shell in a terminal of its own.
pub(crate) struct Program {
    child: Child,
    keys: File,
    screen: Receiver<Vec<u8>>,
    /// What has been shown and not been taken for right yet.
    bytes: Vec<u8>,
    ended: bool,
}

/// What has been shown and not been taken for right yet.
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) ended: bool,
}

impl Program {
    /// Starts `command` as a shell would that has just seen a command end with `code`.
    pub(crate) fn start(command: &str, code: i32, locale: &str, folder: &Path) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let size = Winsize {
            ws_row: 50,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&keys, size).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
        // The page shows what is typed in its own way.
        let mut settings = tcgetattr(&terminal).unwrap();
        settings.local_modes -= LocalModes::ECHO;
        tcsetattr(&terminal, OptionalActions::Now, &settings).unwrap();

        let tool = Path::new(env!("CARGO_BIN_EXE_sockeye")).parent().unwrap();
        // The system's python3 before any that a person has put in front of it by a script.
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:/usr/bin:{path}", tool.display());
        let end = || Stdio::from(terminal.try_clone().unwrap());
        // The terminal is the shell's own, and no signal is ignored, so that the keys mean what they mean.
        let child = Command::new("env")
            .args(["--default-signal", "setsid", "--ctty", "sh", "-c"])
            .arg(format!("(exit {code}); {command}"))
            .current_dir(folder)
            .env("PATH", path)
            .env("LC_ALL", locale)
            .env("NO_COLOR", "1")
            .env_remove("COLUMNS")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        drop(terminal);
        Self {
            child,
            screen: look_at(keys.try_clone().unwrap()),
            keys: keys.into(),
            bytes: Vec::new(),
            ended: false,
        }
    }

    pub(crate) fn press(&mut self, key: &Key) {
        let typed = match key {
            Key::Line(text) => format!("{text}\n"),
            Key::EndOfInput => "\x04".into(),
            Key::Interrupt => "\x03".into(),
            Key::Command(_) => return, // Its program has been started with it.
        };
        self.keys.write_all(typed.as_bytes()).unwrap();
    }

    /// Whether it still runs, or there is something that has not been looked at.
    pub(crate) fn has_more(&mut self) -> bool {
        !self.so_far().text.is_empty() || !self.has_ended()
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// The exit code, once the terminal is free again.
    pub(crate) fn code(&mut self) -> Option<i32> {
        if !self.ended {
            return None;
        }
        self.child.wait().unwrap().code()
    }

    /// Waits until what is shown is right, and until the program has ended if it `ends`; from then on something else
    /// has to be shown.
    pub(crate) fn until(
        &mut self,
        ends: bool,
        right: impl Fn(&Shown) -> bool,
    ) -> Result<(), Shown> {
        let begun = Instant::now();
        loop {
            let shown = self.shown();
            if right(&shown) && (shown.ended || !ends) {
                self.bytes.clear();
                return Ok(());
            }
            if !self.look(PATIENCE.saturating_sub(begun.elapsed())) {
                return Err(shown);
            }
        }
    }

    /// Waits until nothing more comes, and says what came.
    pub(crate) fn settled(&mut self, ends: bool) -> Vec<String> {
        while self.look(if ends { PATIENCE } else { QUIET }) {}
        let lines = self.shown().text.lines().map(str::to_owned).collect();
        self.bytes.clear();
        lines
    }

    /// What has come until now.
    pub(crate) fn so_far(&mut self) -> Shown {
        while self.look(Duration::ZERO) {}
        self.shown()
    }

    /// Takes in what comes next; false if nothing does.
    fn look(&mut self, patience: Duration) -> bool {
        if self.ended {
            return false;
        }
        match self.screen.recv_timeout(patience) {
            Ok(more) if more.is_empty() => self.ended = true,
            Ok(more) => self.bytes.extend(more),
            Err(_) => return false,
        }
        true
    }

    fn shown(&self) -> Shown {
        Shown {
            text: String::from_utf8_lossy(&self.bytes).replace('\r', ""),
            ended: self.ended,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.has_ended() {
            let _gone = self.keys.write_all(b"\x03");
        }
        let begun = Instant::now();
        while self.look(PATIENCE.saturating_sub(begun.elapsed())) {}
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Reads what is shown; an empty piece is the end, when nobody has the terminal any more.
fn look_at(screen: OwnedFd) -> Receiver<Vec<u8>> {
    let (to, from) = channel();
    std::thread::spawn(move || {
        let mut screen = File::from(screen);
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = screen.read(&mut buffer) {
            if to.send(buffer[..n].to_vec()).is_err() {
                return;
            }
        }
        let _nobody_looks = to.send(Vec::new());
    });
    from
}
