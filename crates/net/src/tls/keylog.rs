//! The secrets of each handshake in a file, for a program that reads captured traffic: the format of `SSLKEYLOGFILE`
//! ([RFC 9850](https://www.rfc-editor.org/rfc/rfc9850)).

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// An open key log. A file that it makes is its user's alone to read; one that is there is added to.
#[derive(Debug)]
pub struct KeyLog {
    path: PathBuf,
    file: Mutex<File>,
}

/// A key log of this process that could not be written.
#[derive(Debug)]
pub struct KeyLogFailed {
    /// The file.
    pub path: PathBuf,
    /// What `write(2)` gave.
    pub source: io::Error,
}

/// The first one, until it is taken. A handshake has nobody to tell: whoever asked for the log looks here at the end.
static FAILED: Mutex<Option<KeyLogFailed>> = Mutex::new(None);

impl KeyLogFailed {
    /// The first failure since it was last taken, of all key logs of this process.
    pub fn take() -> Option<Self> {
        FAILED.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl KeyLog {
    /// Opens the file.
    ///
    /// # Errors
    /// What `open(2)` gave.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut how = OpenOptions::new();
        let file = how.create(true).append(true).mode(0o600).open(path)?;
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
        })
    }
}

impl rustls::KeyLog for KeyLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = format!("{label} ");
        for byte in client_random {
            let _ = write!(line, "{byte:02x}");
        }
        line.push(' ');
        for byte in secret {
            let _ = write!(line, "{byte:02x}");
        }
        line.push('\n');
        // One write, so that lines of other processes stay whole. The conversation goes on without it: nothing
        // of the data is lost.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(source) = file.write_all(line.as_bytes()) {
            let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert_with(|| KeyLogFailed {
                path: self.path.clone(),
                source,
            });
        }
    }
}
