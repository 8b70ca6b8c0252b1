//! The terminal while a live table is on it: a screen of its own, keys without Enter; put back whatever happens.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};

/// The alternate screen. Dropping it, also when a panic unwinds, shows what was there before.
pub(super) struct Screen {
    before: Termios,
}

impl Screen {
    /// Takes the terminal; `None` if stdin or stdout is none.
    ///
    /// # Errors
    /// The terminal cannot be set or written to.
    pub(super) fn open() -> io::Result<Option<Self>> {
        let stdin = io::stdin();
        if !stdin.is_terminal() || !io::stdout().is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(&stdin)?;
        let screen = Self { before };
        screen.take()?;
        Ok(Some(screen))
    }

    fn take(&self) -> io::Result<()> {
        let mut keys = self.before.clone();
        // Ctrl-C and Ctrl-Z come as keys as well: the terminal is put back before they have their effect.
        keys.local_modes &= !(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        // A read returns at once with what there is.
        keys.special_codes[SpecialCodeIndex::VMIN] = 0;
        keys.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &keys)?;
        let mut stdout = io::stdout().lock();
        stdout.write_all(ENTER)?;
        stdout.flush()
    }

    fn give_back(&self) {
        // If the terminal is gone there is nothing to put back.
        let mut stdout = io::stdout().lock();
        let _gone = stdout.write_all(LEAVE).and_then(|()| stdout.flush());
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }

    /// Stops the process as Ctrl-Z does, with the terminal as it was; returns once it goes on.
    ///
    /// # Errors
    /// The terminal cannot be taken again.
    pub(super) fn pause(&self) -> io::Result<()> {
        self.give_back();
        // Where nobody could make it go on the kernel lets it go on: signal(7), orphaned process groups.
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP)?;
        self.take()
    }

    /// Columns and rows, as they are now.
    pub(super) fn size(&self) -> (usize, usize) {
        match tcgetwinsize(io::stdout()) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
                (size.ws_col.into(), size.ws_row.into())
            }
            _ => (80, 24),
        }
    }

    /// Draws the lines from the top; what was below them goes.
    ///
    /// # Errors
    /// Those of stdout.
    pub(super) fn draw(&self, text: &str) -> io::Result<()> {
        let mut frame = Vec::with_capacity(text.len() + 1_024);
        frame.extend_from_slice(HOME);
        for (index, line) in text.lines().enumerate() {
            if index > 0 {
                frame.extend_from_slice(b"\r\n");
            }
            frame.extend_from_slice(line.as_bytes());
            frame.extend_from_slice(REST_OF_LINE);
        }
        frame.extend_from_slice(BELOW);
        let mut stdout = io::stdout().lock();
        stdout.write_all(&frame)?;
        stdout.flush()
    }

    /// The keys that were pressed and not read yet.
    pub(super) fn keys(&self) -> Vec<u8> {
        let mut keys = [0; 64];
        match rustix::io::read(io::stdin().as_fd(), &mut keys) {
            Ok(length) => keys[..length].to_vec(),
            Err(_) => Vec::new(),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Of xterm(1) and all that follow it: alternate screen, cursor off, no wrapping of long lines; and back.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &[u8] = b"\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME: &[u8] = b"\x1b[H";
const REST_OF_LINE: &[u8] = b"\x1b[K";
const BELOW: &[u8] = b"\x1b[J";
