//! A recording read back: the same events that were recorded, one a line, whatever state the file is in.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, Read};

use sockeye_model::{Errno, Event, Kind, SocketId, Tally, Totals};

use crate::catalogue::{Language, Text, errno_text, recordings};
use crate::record::{Header, SCHEMA};

mod address;
mod line;

use line::NotAnEvent;

/// The longest line that is read, in bytes; its end is not counted.
pub const LINE_LIMIT: usize = 64 << 20;

/// The longest header that is read, in bytes: more than any command line.
pub const HEADER_LIMIT: usize = 16 << 20;

/// The events of a recording, in the order in which they were recorded.
///
/// A line that is damaged is an error and the next is tried; after an error that [`Reason::is_final`] there is
/// nothing more. Lines of a kind this version does not know are left out and counted: [`Replay::unknown`].
///
/// ```
/// use sockeye_model::Kind;
/// use sockeye_view::Replay;
///
/// let recording = br#"{"sockeye":"recording","schema":1,"version":"0.1.0","started":0,"command":["sockeye"]}
/// {"at":1500,"socket":1,"event":"half_closed","end":"peer"}
/// "#;
/// let mut replay = Replay::new(&recording[..])?;
/// let event = replay.next().expect("one event")?;
/// assert_eq!(event.at.as_nanos(), 1500);
/// assert!(matches!(event.kind, Kind::HalfClosed { .. }));
/// assert!(replay.next().is_none());
/// assert!(!replay.is_whole(), "no end line: it was cut off");
/// # Ok::<(), sockeye_view::ReplayError>(())
/// ```
#[derive(Debug)]
pub struct Replay<R> {
    input: R,
    buffer: Vec<u8>,
    line: u64,
    header: Header,
    state: State,
    unknown: u64,
    tally: Tally,
    sockets: HashMap<SocketId, Seen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// The end line was read; nothing may follow.
    Ended,
    /// Nothing more will come.
    Over,
}

/// What was seen of a socket that is not closed yet.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    totals: Totals,
    conversation: bool,
    failed: bool,
}

impl<R: BufRead> Replay<R> {
    /// Reads the header of a recording.
    ///
    /// # Errors
    /// [`ReplayError`] for line 1 if it is no header, or of a schema newer than this version knows.
    pub fn new(input: R) -> Result<Self, ReplayError> {
        let mut replay = Self {
            input,
            buffer: Vec::new(),
            line: 0,
            header: Header::default(),
            state: State::Reading,
            unknown: 0,
            tally: Tally::default(),
            sockets: HashMap::new(),
        };
        let fail = |line: u64, reason| Err(ReplayError { line, reason });
        match replay.read_line(HEADER_LIMIT) {
            Ok(Some(whole)) => {
                replay.header = match line::header(&replay.buffer) {
                    Ok(header) => header,
                    Err(_) if !whole => return fail(1, Reason::CutOff),
                    Err(reason) => return fail(1, reason),
                };
                Ok(replay)
            }
            Ok(None) => fail(1, Reason::Empty),
            Err(reason) => fail(1, reason),
        }
    }

    /// What the recording says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many lines were left out so far, because a newer version wrote what this one does not know.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Whether the end line was read: the session was recorded to its end.
    pub fn is_whole(&self) -> bool {
        self.state == State::Ended
    }

    /// The figures of the session: those of the end line or, while none was read, what the events came to.
    ///
    /// Reconstructed figures count each socket that connected or was accepted as a conversation, and as failed
    /// if one of its calls failed.
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally;
        if !self.is_whole() {
            for seen in self.sockets.values() {
                settle(&mut tally, seen, seen.totals);
            }
        }
        tally
    }

    /// Reads a line into the buffer, without its end; whether it had one, `None` after the last.
    fn read_line(&mut self, limit: usize) -> Result<Option<bool>, Reason> {
        self.buffer.clear();
        self.buffer.shrink_to(1 << 20);
        let most = limit as u64 + 1;
        let read = (&mut self.input)
            .take(most)
            .read_until(b'\n', &mut self.buffer)
            .map_err(Reason::Io)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        let whole = self.buffer.last() == Some(&b'\n');
        if whole {
            self.buffer.pop();
        } else if read as u64 == most {
            return Err(Reason::TooLong { limit });
        }
        Ok(Some(whole))
    }

    /// The next event; what ends the iteration is said by the state.
    fn advance(&mut self) -> Result<Option<Event<'static>>, Reason> {
        loop {
            let Some(whole) = self.read_line(LINE_LIMIT)? else {
                if self.state == State::Reading {
                    self.state = State::Over;
                }
                return Ok(None);
            };
            if self.buffer.trim_ascii().is_empty() {
                continue;
            }
            if self.state == State::Ended {
                return Err(Reason::AfterTheEnd);
            }
            match line::event(&self.buffer) {
                Ok(event) => {
                    self.count(&event);
                    return Ok(Some(event));
                }
                Err(NotAnEvent::End(tally)) => {
                    self.tally = tally;
                    self.state = State::Ended;
                    self.sockets = HashMap::new();
                }
                Err(NotAnEvent::Unknown) => self.unknown += 1,
                Err(NotAnEvent::Damaged(_)) if !whole => return Err(Reason::CutOff),
                Err(NotAnEvent::Damaged(reason)) => return Err(reason),
            }
        }
    }

    fn count(&mut self, event: &Event<'_>) {
        self.tally.lasted = self.tally.lasted.max(event.at.since_start());
        let seen = |sockets: &mut HashMap<SocketId, Seen>, change: &dyn Fn(&mut Seen)| {
            change(sockets.entry(event.socket).or_default());
        };
        match &event.kind {
            Kind::Connected { .. } | Kind::Accepted { .. } => {
                seen(&mut self.sockets, &|socket| socket.conversation = true);
            }
            Kind::Failed { .. } => seen(&mut self.sockets, &|socket| socket.failed = true),
            Kind::Sent { payload, .. } => seen(&mut self.sockets, &|socket| {
                add(&mut socket.totals.bytes_sent, payload.len());
                add(&mut socket.totals.sends, 1);
            }),
            Kind::Received { payload, .. } => seen(&mut self.sockets, &|socket| {
                add(&mut socket.totals.bytes_received, payload.len());
                add(&mut socket.totals.receives, 1);
            }),
            Kind::Closed { totals, .. } => {
                let seen = self.sockets.remove(&event.socket).unwrap_or_default();
                settle(&mut self.tally, &seen, *totals);
            }
            Kind::Unshown { events } => add(&mut self.tally.unshown, *events),
            Kind::Created { .. }
            | Kind::Configured { .. }
            | Kind::Resolved { .. }
            | Kind::Bound { .. }
            | Kind::Listening { .. }
            | Kind::Connecting { .. }
            | Kind::Upgraded { .. }
            | Kind::Waiting { .. }
            | Kind::Called { .. }
            | Kind::HalfClosed { .. }
            | Kind::Sampled { .. }
            | Kind::Queued(_)
            | Kind::Forked { .. }
            | Kind::Replaced { .. }
            | Kind::Diagnosed(_)
            | Kind::Planned { .. }
            | Kind::Started { .. }
            | Kind::Exited { .. }
            | Kind::Noted(_) => {}
        }
    }
}

impl<R: BufRead> Iterator for Replay<R> {
    type Item = Result<Event<'static>, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Over {
            return None;
        }
        match self.advance() {
            Ok(event) => event.map(Ok),
            Err(reason) => {
                if reason.is_final() {
                    self.state = State::Over;
                }
                Some(Err(ReplayError {
                    line: self.line,
                    reason,
                }))
            }
        }
    }
}

/// Adds one socket to the figures; a recording may claim any numbers, so no sum overflows.
fn settle(tally: &mut Tally, seen: &Seen, totals: Totals) {
    add(&mut tally.totals.bytes_sent, totals.bytes_sent);
    add(&mut tally.totals.bytes_received, totals.bytes_received);
    add(&mut tally.totals.sends, totals.sends);
    add(&mut tally.totals.receives, totals.receives);
    add(&mut tally.conversations, seen.conversation.into());
    add(&mut tally.failed, seen.failed.into());
}

fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

/// A line of a recording that gave no event.
#[derive(Debug)]
pub struct ReplayError {
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: Reason,
}

impl ReplayError {
    /// What is wrong with which line, in one language.
    ///
    /// ```
    /// use sockeye_view::{Replay, catalogue::Language};
    /// let error = Replay::new(&b"hola\n"[..]).unwrap_err();
    /// assert!(error.say(Language::Spanish).starts_with("línea 1: esto no es una grabación"));
    /// ```
    pub fn say(&self, language: Language) -> String {
        let reason = self.reason.say(language);
        recordings::LINE.fill(language, &[("line", &self.line), ("reason", &reason)])
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.say(Language::English))
    }
}

impl std::error::Error for ReplayError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a line gave no event.
#[derive(Debug)]
pub enum Reason {
    /// The file is empty.
    Empty,
    /// Its first line is not the header of a recording.
    NotARecording,
    /// It was written by a newer version, in a way that this one can't read.
    NewerSchema {
        /// Its schema.
        found: u64,
    },
    /// Reading failed.
    Io(io::Error),
    /// The line is longer than is read.
    TooLong {
        /// Bytes.
        limit: usize,
    },
    /// The recording was cut off within this line.
    CutOff,
    /// More lines follow the end line.
    AfterTheEnd,
    /// The line is no JSON, or a field has a value of the wrong sort.
    Malformed(String),
    /// A field that this kind of event needs is not there.
    Missing(&'static str),
    /// A field contradicts another, or can't be what it says.
    Wrong(&'static str),
}

impl Reason {
    /// Whether no more events can come after it.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Malformed(_) | Self::Missing(_) | Self::Wrong(_))
    }
}

impl Reason {
    /// What is wrong, in one language.
    pub fn say(&self, language: Language) -> String {
        use recordings::{
            AFTER_THE_END, CUT_OFF, EMPTY, MALFORMED, MISSING, NEWER_SCHEMA, NOT_A_RECORDING,
            TOO_LONG, WRONG,
        };
        let fill = |text: Text, places: &[(&str, &dyn fmt::Display)]| text.fill(language, places);
        match self {
            Self::Empty => fill(EMPTY, &[]),
            Self::NotARecording => fill(NOT_A_RECORDING, &[("header", &HEADER_BEGINS)]),
            Self::NewerSchema { found } => {
                fill(NEWER_SCHEMA, &[("found", found), ("known", &SCHEMA)])
            }
            Self::Io(error) => match error.raw_os_error() {
                Some(number) => errno_text(Errno(number), language),
                None => error.to_string(),
            },
            Self::TooLong { limit } => fill(TOO_LONG, &[("limit", &(limit >> 20))]),
            Self::CutOff => fill(CUT_OFF, &[]),
            Self::AfterTheEnd => fill(AFTER_THE_END, &[]),
            Self::Malformed(why) => fill(MALFORMED, &[("why", why)]),
            Self::Missing(field) => fill(MISSING, &[("field", field)]),
            Self::Wrong(field) => fill(WRONG, &[("field", field)]),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.say(Language::English))
    }
}

/// How the header of every recording begins.
const HEADER_BEGINS: &str = "{\"sockeye\":\"recording\",\"schema\":1";
