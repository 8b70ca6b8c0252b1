//! Writes down what one peer sends: lines with its number, JSON, the bytes as they are, or a file of its own.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sockeye_model::SocketAddress;
use sockeye_view::escape::{escape_text, incomplete_tail};
use sockeye_view::record::json::Object;

use super::Came;
use super::hall::Peer;
use crate::commands::output::{Named, Output, Over, To};

/// The version of the lines of JSON, as `docs/listen-many.md` has them.
pub(super) const VERSION: u64 = 1;

/// How what peers send is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// For a person: each line with the number of the peer.
    Labelled {
        /// Only ASCII characters.
        ascii: bool,
    },
    /// For a program: an object a line.
    Json,
    /// The bytes of all, as they come.
    Raw,
    /// A file a peer in this directory.
    Files(PathBuf),
    /// Somebody else has them.
    Nowhere,
}

/// One peer's scribe.
pub(super) struct Scribe {
    peer: Arc<Peer>,
    style: Style,
    output: Output,
    file: Option<Arc<Named>>,
    /// The beginning of a line, or of a character, whose rest has not come yet.
    held: Vec<u8>,
    /// A piece of this line is on the screen already.
    mid_line: bool,
}

impl Scribe {
    /// Begins; the file of a peer is made now, even if nothing comes.
    ///
    /// # Errors
    /// The file that could not be made, and why.
    pub(super) fn new(
        peer: &Arc<Peer>,
        style: &Style,
        output: &Output,
    ) -> Result<Self, (PathBuf, io::Error)> {
        let file = match style {
            Style::Files(directory) => Some(Arc::new(create(directory, peer)?)),
            _ => None,
        };
        Ok(Self {
            peer: Arc::clone(peer),
            style: style.clone(),
            output: output.clone(),
            file,
            held: Vec::new(),
            mid_line: false,
        })
    }

    /// It has come.
    pub(super) async fn connected(&self, local: &SocketAddress) -> Result<(), Over> {
        self.json("connected", |object| {
            object.text("local", &local.to_string());
        })
        .await
    }

    /// Part of a stream.
    pub(super) async fn data(&mut self, data: Vec<u8>) -> Result<(), Over> {
        match &self.style {
            Style::Labelled { .. } => {
                self.held.extend_from_slice(&data);
                let whole = match self.held.iter().rposition(|byte| *byte == b'\n') {
                    Some(last) => last + 1,
                    None if self.held.len() > LONG_LINE => {
                        self.held.len() - incomplete_tail(&self.held)
                    }
                    None => return Ok(()),
                };
                self.show(whole).await
            }
            Style::Json => {
                self.held.extend_from_slice(&data);
                // A character that the network cut in two is not taken for bytes.
                let whole = self.held.len() - incomplete_tail(&self.held);
                let data: Vec<u8> = self.held.drain(..whole).collect();
                if data.is_empty() {
                    return Ok(());
                }
                self.json("data", |object| object.payload(&data)).await
            }
            _ => self.bytes(data).await,
        }
    }

    /// A whole message, perhaps empty. `marked` is the same as it stands in a stream, if it isn't as it is.
    pub(super) async fn message(
        &mut self,
        data: Vec<u8>,
        marked: Option<Vec<u8>>,
    ) -> Result<(), Over> {
        match &self.style {
            Style::Labelled { .. } => {
                self.held.extend_from_slice(&data);
                if data.last() != Some(&b'\n') {
                    self.held.push(b'\n');
                }
                self.show(self.held.len()).await
            }
            Style::Json => self.json("data", |object| object.payload(&data)).await,
            _ => self.bytes(marked.unwrap_or(data)).await,
        }
    }

    /// Whether part of a line waits to be shown: it should be, when no more comes for a moment.
    pub(super) fn holds_back(&self) -> bool {
        matches!(self.style, Style::Labelled { .. }) && !self.held.is_empty()
    }

    /// Shows what waits.
    pub(super) async fn show_held(&mut self) -> Result<(), Over> {
        if self.holds_back() {
            self.show(self.held.len()).await?;
        }
        Ok(())
    }

    /// It has gone.
    pub(super) async fn ended(&mut self, came: &Came) -> Result<(), Over> {
        self.show_held().await?;
        if self.style == Style::Json && !self.held.is_empty() {
            let data = std::mem::take(&mut self.held);
            self.json("data", |object| object.payload(&data)).await?;
        }
        write_end(&self.output, &self.style, &self.peer, came).await
    }

    async fn bytes(&self, data: Vec<u8>) -> Result<(), Over> {
        let to = match (&self.style, &self.file) {
            (_, Some(file)) => To::File(Arc::clone(file)),
            (Style::Raw, None) => To::Stdout,
            _ => return Ok(()),
        };
        self.output.write(to, data).await
    }

    async fn json(&self, event: &str, more: impl FnOnce(&mut Object<'_>)) -> Result<(), Over> {
        if self.style != Style::Json {
            return Ok(());
        }
        self.output
            .write(To::Stdout, json(&self.peer, event, more))
            .await
    }

    /// Shows the first bytes of what is held, line by line.
    async fn show(&mut self, bytes: usize) -> Result<(), Over> {
        let Style::Labelled { ascii } = self.style else {
            return Ok(());
        };
        let (begins, goes_on) = if ascii { ("<", "+") } else { ("‹", "…") };
        let number = self.peer.number;
        let mut shown = String::new();
        for line in self.held[..bytes].split_inclusive(|byte| *byte == b'\n') {
            let mark = if self.mid_line { goes_on } else { begins };
            shown.push_str(&format!("#{number} {mark} {}", escape_text(line)));
            self.mid_line = line.last() != Some(&b'\n');
            if self.mid_line {
                shown.push('\n');
            }
        }
        self.held.drain(..bytes);
        self.output.write(To::Stdout, shown.into_bytes()).await
    }
}

/// The first line of JSON: what follows, and where it listens.
pub(super) fn heading(addresses: &[SocketAddress]) -> Vec<u8> {
    let mut line = Vec::new();
    let mut object = Object::open(&mut line);
    object.plain("event", "listening");
    object.number("version", VERSION);
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    object.list("addresses", addresses.iter().map(String::as_str));
    object.close();
    line.push(b'\n');
    line
}

/// Writes the last line of JSON of a peer.
pub(super) async fn write_end(
    output: &Output,
    style: &Style,
    peer: &Peer,
    came: &Came,
) -> Result<(), Over> {
    if *style != Style::Json {
        return Ok(());
    }
    output.write(To::Stdout, end(peer, came)).await
}

fn end(peer: &Peer, came: &Came) -> Vec<u8> {
    let name = if came.is_clean() { "ended" } else { "failed" };
    json(peer, name, |object| {
        if let Some(why) = came.why() {
            object.text("why", &why);
        }
        object.number("received", peer.received());
        object.number("sent", peer.sent());
        if peer.queue.unsent() > 0 {
            object.number("unsent", peer.queue.unsent());
        }
    })
}

fn json(peer: &Peer, event: &str, more: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    let mut line = Vec::new();
    let mut object = Object::open(&mut line);
    object.number("peer", peer.number);
    object.text("address", &peer.address.to_string());
    object.plain("event", event);
    more(&mut object);
    object.close();
    line.push(b'\n');
    line
}

/// A new file for a peer: never one that is there already.
fn create(directory: &Path, peer: &Peer) -> Result<Named, (PathBuf, io::Error)> {
    let name = file_name(peer.number, &peer.address);
    for again in 1.. {
        let path = directory.join(match again {
            1 => name.clone(),
            again => format!("{name}.{again}"),
        });
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok(Named { file, path }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && again < SAME_NAME => {}
            Err(error) => return Err((path, error)),
        }
    }
    Err((directory.to_owned(), io::ErrorKind::AlreadyExists.into()))
}

/// `0002-127.0.0.1-51234`: in the order they came, and harmless to every tool.
fn file_name(number: u64, address: &SocketAddress) -> String {
    let who = match address.inet() {
        Some(inet) => format!("{}-{}", inet.ip(), inet.port()),
        None => match address {
            SocketAddress::UnixUnnamed => "unnamed".to_owned(),
            named => named.to_string(),
        },
    };
    let harmless = |c: char| {
        if c.is_ascii_alphanumeric() || ".-_".contains(c) {
            c
        } else {
            '_'
        }
    };
    let who: String = who.chars().map(harmless).take(NAME).collect();
    format!("{number:04}-{who}")
}

/// Makes the directory if need be, and sees whether a file can be made in it.
pub(super) fn prepare(directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let probe = directory.join(format!(".sockeye-{}", std::process::id()));
    File::create_new(&probe)?;
    std::fs::remove_file(probe)
}

/// A line longer than this is shown in pieces, bytes.
const LONG_LINE: usize = 4096;
/// The longest part of a file's name that a peer can choose, characters.
const NAME: usize = 100;
/// Files of one name.
const SAME_NAME: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: u64, address: &str) -> String {
        file_name(number, &address.parse().unwrap())
    }

    #[test]
    fn the_names_of_files_sort_and_lead_nowhere() {
        assert_eq!(name(2, "127.0.0.1:51234"), "0002-127.0.0.1-51234");
        assert_eq!(name(12, "[::1]:7"), "0012-__1-7");
        assert_eq!(name(3, "/run/../etc/passwd"), "0003-_run_.._etc_passwd");
        assert_eq!(file_name(4, &SocketAddress::UnixUnnamed), "0004-unnamed");
        assert!(name(9, "127.0.0.1:1") < name(10, "127.0.0.1:1"));
    }

    #[test]
    fn the_lines_are_those_of_the_documentation() {
        let page = include_str!("../../../../../docs/listen-many.md");
        let address = |text: &str| text.parse::<SocketAddress>().unwrap();
        let hall = super::super::hall::Hall::new(true);
        let first = hall.enter(address("127.0.0.1:55828"));
        let second = hall.enter(address("127.0.0.1:55830"));
        first.has_sent_us(6);
        second.was_sent(7);
        let reset = Came::Broke(io::Error::from_raw_os_error(104));
        let lines = [
            heading(&[address("127.0.0.1:7000"), address("[::1]:7000")]),
            json(&first, "connected", |object| {
                object.text("local", "127.0.0.1:7000");
            }),
            json(&first, "data", |object| object.payload(b"hola\n")),
            json(&first, "data", |object| object.payload(b"\xff")),
            end(&first, &Came::Ended),
            end(&second, &reset),
        ];
        for line in lines {
            let line = String::from_utf8(line).unwrap();
            assert!(page.contains(&line), "{line}");
        }
    }

    #[test]
    fn a_file_that_is_there_is_left_alone() {
        let directory = std::env::temp_dir().join(format!("sockeye-scribe-{}", std::process::id()));
        prepare(&directory).unwrap();
        let hall = super::super::hall::Hall::new(true);
        let peer = hall.enter("127.0.0.1:5".parse().unwrap());
        let names: Vec<String> = (0..3)
            .map(|_| {
                let made = create(&directory, &peer).unwrap().path;
                made.file_name().unwrap().to_string_lossy().into_owned()
            })
            .collect();
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(
            names,
            [
                "0001-127.0.0.1-5",
                "0001-127.0.0.1-5.2",
                "0001-127.0.0.1-5.3"
            ]
        );
    }
}
