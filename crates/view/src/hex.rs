//! What was sent and received, byte for byte: rows as `hexdump -C` prints them, under a line a call.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::io::{self, Write};

use sockeye_model::{
    Call, End, Event, Flow, Kind, Note, Payload, Sink, SocketAddress, SocketId, Tally, Timestamp,
    Unit, Wants,
};

pub(crate) mod rows;

use crate::catalogue::{self, Language, Text, narration};
use crate::escape::escape_name;
use crate::telling::Teller;
use rows::Rows;

/// How a dump looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexOptions {
    /// Bytes in a row: 1 to 64; 16 is what `hexdump -C` prints.
    pub width: usize,
    /// Whether the line above the rows is coloured.
    pub colour: bool,
    /// What stands before every line: `┊ ` on a terminal, so that a dump is never taken for data.
    pub margin: &'static str,
    /// The language of the few words.
    pub language: Language,
}

impl Default for HexOptions {
    /// Rows of 16, no colour, no margin, English.
    fn default() -> Self {
        Self {
            width: 16,
            colour: false,
            margin: "",
            language: Language::English,
        }
    }
}

/// The view behind `--hex`.
///
/// Each send and receive is a line with direction, time, socket, call, size and peer, and the bytes below it; births,
/// ends and failures are one line each. Offsets of a stream run on from call to call, in each direction on its own;
/// those of a message begin at 0.
///
/// ```
/// use sockeye_model::{Call, Event, Kind, Payload, Sink, SocketId, Timestamp, Unit};
/// use sockeye_view::{Hex, HexOptions};
///
/// let mut dump = Vec::new();
/// let mut hex = Hex::new(&mut dump, HexOptions::default());
/// let payload = Payload::Bytes { data: b"hi\n"[..].into(), unit: Unit::Bytes };
/// hex.event(&Event {
///     at: Timestamp::from_nanos(4_000),
///     took: None,
///     socket: SocketId(1),
///     parent: None,
///     by: None,
///     place: None,
///     kind: Kind::Sent { call: Call::Send, payload, asked: 3, buffer: None, peer: None },
/// })?;
/// hex.flush()?;
/// assert_eq!(
///     String::from_utf8(dump).unwrap(),
///     "→ 0.000004 #1 send 3 B\n\
///      00000000  68 69 0a                                          |hi.|\n"
/// );
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Hex<W> {
    out: W,
    options: HexOptions,
    rows: Rows,
    pending: Vec<u8>,
    heading: String,
    streams: HashMap<SocketId, Stream>,
}

/// What is remembered of a socket until it is closed.
#[derive(Debug, Default)]
struct Stream {
    /// It waits for clients.
    listens: bool,
    sent: u64,
    received: u64,
    peer: Option<String>,
}

/// What a line above is about, which chooses its mark and colour.
#[derive(Clone, Copy)]
enum Mark {
    Sent,
    Received,
    Lifecycle,
    Failure,
}

impl<W: Write> Hex<W> {
    /// A dump on `out`; a width beyond 1 to 64 becomes the nearest of these.
    pub fn new(out: W, options: HexOptions) -> Self {
        Self {
            out,
            options,
            rows: Rows::new(options.width, options.margin),
            pending: Vec::with_capacity(STRETCH),
            heading: String::new(),
            streams: HashMap::new(),
        }
    }

    fn write_pending(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.pending);
        self.pending.clear();
        written
    }

    /// Starts a line: mark, time, socket.
    fn open(&mut self, mark: Mark, at: Timestamp, socket: SocketId) {
        let (sign, colour) = match mark {
            Mark::Sent => ("→", "\x1b[36m"),
            Mark::Received => ("←", "\x1b[32m"),
            Mark::Lifecycle => ("--", "\x1b[2m"),
            Mark::Failure => ("--", "\x1b[31m"),
        };
        self.heading.clear();
        self.heading.push_str(self.options.margin);
        if self.options.colour {
            self.heading.push_str(colour);
        }
        let time = at.to_string();
        let time = match self.options.language {
            Language::English => Cow::Borrowed(&time),
            Language::Spanish => Cow::Owned(time.replacen('.', ",", 1)),
        };
        self.push(format_args!("{sign} {time}"));
        if socket != SocketId::NONE {
            self.push(format_args!(" {socket}"));
        }
    }

    fn push(&mut self, words: fmt::Arguments<'_>) {
        // Writing to a String never fails.
        let _ = self.heading.write_fmt(words);
    }

    /// Ends the line.
    fn close(&mut self) {
        if self.options.colour {
            self.heading.push_str("\x1b[m");
        }
        self.heading.push('\n');
        self.pending.extend_from_slice(self.heading.as_bytes());
    }

    fn line(&mut self, mark: Mark, event: &Event<'_>, words: fmt::Arguments<'_>) {
        self.open(mark, event.at, event.socket);
        self.push(format_args!(" {words}"));
        self.close();
    }

    fn bytes(&self, number: u64) -> String {
        catalogue::bytes(number, self.options.language)
    }

    fn fill(&self, text: Text, places: &[(&str, &dyn fmt::Display)]) -> String {
        text.fill(self.options.language, places)
    }

    /// One send or receive: the line above, and the rows.
    fn moved(
        &mut self,
        mark: Mark,
        event: &Event<'_>,
        call: Call,
        payload: &Payload<'_>,
        peer: Option<&SocketAddress>,
        wanted: Option<u64>,
    ) -> io::Result<()> {
        let sent = matches!(mark, Mark::Sent);
        let len = payload.len();
        let stream = self.streams.entry(event.socket).or_default();
        let peer = match peer {
            Some(peer) => Some(text(peer)),
            None => stream.peer.clone(),
        };
        let offset = match payload.unit() {
            Unit::Message => 0,
            Unit::Bytes => {
                let run = if sent {
                    &mut stream.sent
                } else {
                    &mut stream.received
                };
                let offset = *run;
                *run = offset.wrapping_add(len);
                offset
            }
        };
        let size = match (payload.unit(), wanted) {
            (Unit::Message, _) if len == 0 => narration::EMPTY.say(self.options.language).into(),
            (_, Some(asked)) if sent && asked > len => self.fill(
                narration::OF_ASKED,
                &[("sent", &self.bytes(len)), ("asked", &self.bytes(asked))],
            ),
            (_, Some(whole)) if !sent && whole > len => self.fill(
                narration::CUT,
                &[
                    ("got", &self.bytes(len)),
                    ("whole", &self.bytes(whole)),
                    ("lost", &self.bytes(whole - len)),
                ],
            ),
            _ => self.bytes(len),
        };
        self.open(mark, event.at, event.socket);
        self.push(format_args!(" {call}"));
        if let Some(peer) = peer {
            let words = if sent { narration::TO } else { narration::FROM };
            let words = self.fill(words, &[("peer", &peer)]);
            self.push(format_args!(" {words}:"));
        }
        self.push(format_args!(" {size}"));
        if payload.data().is_none() {
            let unseen = UNSEEN.say(self.options.language);
            self.push(format_args!(" ({unseen})"));
        }
        self.close();
        self.dump(offset, payload.data().unwrap_or_default())
    }

    fn dump(&mut self, mut offset: u64, data: &[u8]) -> io::Result<()> {
        // A stretch at a time: the rows of a large message would take five times its memory.
        let stretch = self.rows.width() * ROWS_AT_ONCE;
        for data in data.chunks(stretch) {
            self.rows.append(&mut self.pending, offset, data);
            offset = offset.wrapping_add(data.len() as u64);
            if self.pending.len() >= STRETCH {
                self.write_pending()?;
            }
        }
        Ok(())
    }

    fn closed(&mut self, event: &Event<'_>, sent: u64, received: u64) {
        let stream = self.streams.remove(&event.socket);
        if stream.is_some_and(|stream| stream.listens) {
            // Its clients have sockets of their own, and it moves nothing.
            self.line(Mark::Lifecycle, event, format_args!("close"));
            return;
        }
        let moved = if sent == 0 && received == 0 {
            narration::NOTHING_MOVED.say(self.options.language).into()
        } else {
            self.fill(
                narration::MOVED,
                &[
                    ("sent", &self.bytes(sent)),
                    ("received", &self.bytes(received)),
                ],
            )
        };
        self.line(Mark::Lifecycle, event, format_args!("close {moved}"));
    }

    fn noted(&mut self, event: &Event<'_>, note: &Note<'_>) {
        let words = match note {
            Note::SessionExpired { peer, idle } => {
                let time = catalogue::duration(*idle, self.options.language);
                self.fill(
                    narration::EXPIRED,
                    &[("peer", &text(peer)), ("time", &time)],
                )
            }
            Note::Dropped { messages: 1, .. } => {
                narration::DROPPED_ONE.say(self.options.language).into()
            }
            Note::Dropped { messages, .. } => {
                let count = catalogue::count(*messages, self.options.language);
                self.fill(narration::DROPPED, &[("count", &count)])
            }
            // Who is where is for the narration: it moves no bytes.
            Note::PeerProcess(_)
            | Note::Holder { .. }
            | Note::Leftover { .. }
            | Note::Nearby { .. }
            | Note::Meaning { .. }
            | Note::Descriptor { .. }
            | Note::Paired { .. }
            | Note::Polling { .. }
            | Note::PortChosen
            | Note::Threads
            | Note::Runtime { .. }
            | Note::Blind(_)
            | Note::Syscall(_) => return,
        };
        self.line(Mark::Lifecycle, event, format_args!("{words}"));
    }
}

impl<W: Write + Send> Sink for Hex<W> {
    fn wants(&self) -> Wants {
        Wants::BYTES
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        let language = self.options.language;
        match &event.kind {
            Kind::Sent {
                call,
                payload,
                asked,
                peer,
                ..
            } => self.moved(
                Mark::Sent,
                event,
                *call,
                payload,
                peer.as_ref(),
                Some(*asked),
            )?,
            Kind::Received {
                call,
                payload,
                room: _,
                truncated_from,
                peer,
            } => self.moved(
                Mark::Received,
                event,
                *call,
                payload,
                peer.as_ref(),
                *truncated_from,
            )?,
            Kind::Listening { local, .. } => {
                self.streams.entry(event.socket).or_default().listens = true;
                self.line(
                    Mark::Lifecycle,
                    event,
                    format_args!("listen {}", text(local)),
                );
            }
            Kind::Connected { local, peer } => {
                self.streams.entry(event.socket).or_default().peer = Some(text(peer));
                self.line(
                    Mark::Lifecycle,
                    event,
                    format_args!("connect {} → {}", text(local), text(peer)),
                );
            }
            Kind::Accepted { local, peer } => {
                self.streams.entry(event.socket).or_default().peer = Some(text(peer));
                self.line(
                    Mark::Lifecycle,
                    event,
                    format_args!("accept {} ← {}", text(local), text(peer)),
                );
            }
            Kind::Upgraded { protocol, details } => {
                let agreed = Teller::new(language, false, 0).agreed(details);
                let agreed = Teller::agreed_in_line(&agreed);
                let name = narration::LAYER.say(language);
                let protocol = escape_name(protocol);
                self.line(
                    Mark::Lifecycle,
                    event,
                    format_args!("{name} {protocol}: {agreed}"),
                );
            }
            Kind::HalfClosed { end: End::Ours } => {
                let words = narration::SEND_NO_MORE.say(language);
                self.line(Mark::Lifecycle, event, format_args!("shutdown {words}"));
            }
            Kind::HalfClosed { end: End::Peer } => {
                let words = narration::THE_END.say(language);
                self.line(Mark::Lifecycle, event, format_args!("recv {words}"));
            }
            Kind::Closed { totals, .. } => {
                self.closed(event, totals.bytes_sent, totals.bytes_received);
            }
            Kind::Failed {
                call,
                errno,
                address,
            } => {
                let why = catalogue::errno_text(*errno, language);
                match address {
                    Some(address) => self.line(
                        Mark::Failure,
                        event,
                        format_args!("{call} {}: {why}", text(address)),
                    ),
                    None => self.line(Mark::Failure, event, format_args!("{call}: {why}")),
                }
            }
            Kind::Noted(note) => self.noted(event, note),
            Kind::Unshown { events } => {
                let count = catalogue::count(*events, language);
                let words = self.fill(narration::UNSHOWN, &[("count", &count)]);
                self.line(Mark::Lifecycle, event, format_args!("{words}"));
            }
            // A dump shows bytes, where they come from and where they end; the rest is the narration's.
            Kind::Created { .. }
            | Kind::Configured { .. }
            | Kind::Resolved { .. }
            | Kind::Bound { .. }
            | Kind::Connecting { .. }
            | Kind::Waiting { .. }
            | Kind::Called { .. }
            | Kind::Sampled { .. }
            | Kind::Planned { .. }
            | Kind::Started { .. }
            | Kind::Forked { .. }
            | Kind::Replaced { .. }
            | Kind::Queued(_)
            | Kind::Diagnosed(_)
            | Kind::Exited { .. } => {}
        }
        if self.pending.len() >= STRETCH {
            self.write_pending()?;
        }
        Ok(Flow::Continue)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_pending()?;
        self.out.flush()
    }

    fn finish(&mut self, _tally: &Tally) -> io::Result<()> {
        self.flush()
    }
}

/// An address in a line: a UNIX name may hold anything.
fn text(address: &SocketAddress) -> String {
    escape_name(&address.to_string()).into_owned()
}

const UNSEEN: Text = Text::new("the bytes were not kept", "los bytes no se guardaron");

/// What is gathered is written out from this many bytes on.
const STRETCH: usize = 128 << 10;

/// Rows that are made before looking whether that is enough.
const ROWS_AT_ONCE: usize = 512;
