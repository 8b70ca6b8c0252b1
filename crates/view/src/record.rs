//! Every event as one line of JSON: a recording that [`crate::replay`] reads back without loss.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use sockeye_model::{
    Call, Errno, Event, Flow, Kind, Note, Payload, ProcessName, Queues, Sink, SocketAddress,
    SocketId, Tally, TcpSample, Totals, Wants,
};

pub(crate) mod base64;
pub mod json;
pub(crate) mod words;

use json::Object;
use words::Word;

/// The version of the schema that is written here and documented in `docs/events.md`.
///
/// Fields, kinds and words may be added without a new version; it rises when one goes away or changes its meaning.
pub const SCHEMA: u32 = 1;

/// The longest payload that is kept, in bytes; of a longer one only the length is recorded.
///
/// It keeps every line below [`crate::replay::LINE_LIMIT`], so that what was recorded can be read.
pub const PAYLOAD_LIMIT: usize = 30 << 20;

// No payload takes more than twice its length, and what else is in a line is short.
const _: () = assert!(2 * PAYLOAD_LIMIT + (1 << 20) < crate::replay::LINE_LIMIT);

/// What a recording says of itself in its first line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Wall-clock time at the session's start, nanoseconds since 1970-01-01 00:00 UTC; events count from here.
    pub started: u64,
    /// The version of sockeye that recorded.
    pub version: String,
    /// The words of the command line.
    pub command: Vec<String>,
}

/// The view that writes a recording: a header line, a line an event, an end line.
///
/// Lines are gathered and written a stretch at a time: when enough have come, on [`Sink::flush`] and on
/// [`Sink::finish`]. A recording without its end line was cut off.
///
/// ```
/// use sockeye_model::{Sink, Tally};
/// use sockeye_view::{Header, Record};
///
/// let mut lines = Vec::new();
/// let header = Header { started: 5, version: "0.1.0".into(), command: vec!["sockeye".into()] };
/// Record::new(&mut lines, &header).finish(&Tally::default())?;
/// assert!(lines.starts_with(br#"{"sockeye":"recording","schema":1,"version":"0.1.0","started":5,"#));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Record<W> {
    out: W,
    pending: Vec<u8>,
    scratch: String,
}

impl<W: Write> Record<W> {
    /// A recording on `out`; its header is written with the first stretch of lines.
    pub fn new(out: W, header: &Header) -> Self {
        let mut record = Self {
            out,
            pending: Vec::with_capacity(STRETCH),
            scratch: String::new(),
        };
        record.header(header);
        record
    }

    /// The writer that was given; it has what was flushed.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// The writer that was given; what is still gathered is lost, so flush first.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn header(&mut self, header: &Header) {
        let mut line = Object::open(&mut self.pending);
        line.text("sockeye", "recording");
        line.number("schema", SCHEMA.into());
        line.text("version", &header.version);
        line.number("started", header.started);
        line.list("command", header.command.iter().map(String::as_str));
        line.close();
        self.pending.push(b'\n');
    }

    fn write_pending(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.pending);
        self.pending.clear();
        self.pending.shrink_to(KEPT);
        written
    }
}

impl<W: Write + Send> Sink for Record<W> {
    fn wants(&self) -> Wants {
        Wants::BYTES
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        // What was concluded is concluded again by whoever reads the recording, perhaps better.
        if matches!(event.kind, Kind::Diagnosed(_)) {
            return Ok(Flow::Continue);
        }
        let mut line = Line {
            object: Object::open(&mut self.pending),
            scratch: &mut self.scratch,
        };
        line.event(event);
        line.object.close();
        self.pending.push(b'\n');
        if self.pending.len() >= STRETCH {
            self.write_pending()?;
        }
        Ok(Flow::Continue)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_pending()?;
        self.out.flush()
    }

    fn finish(&mut self, tally: &Tally) -> io::Result<()> {
        let mut line = Object::open(&mut self.pending);
        line.text("event", "end");
        line.number("lasted", nanos(tally.lasted));
        totals(&mut line, &tally.totals);
        line.number("conversations", tally.conversations);
        line.number("failed", tally.failed);
        line.number("unshown", tally.unshown);
        line.close();
        self.pending.push(b'\n');
        self.flush()
    }
}

/// One event on its way into the buffer.
struct Line<'a> {
    object: Object<'a>,
    scratch: &'a mut String,
}

impl Line<'_> {
    fn event(&mut self, event: &Event<'_>) {
        self.object.number("at", event.at.as_nanos());
        if let Some(took) = event.took {
            self.object.number("took", nanos(took));
        }
        if event.socket != SocketId::NONE {
            self.object.number("socket", event.socket.0.into());
        }
        if let Some(parent) = event.parent {
            self.object.number("parent", parent.0.into());
        }
        if let Some(by) = event.by {
            let mut inner = self.object.object("by");
            inner.number("process", by.process.into());
            inner.number("thread", by.thread.into());
            inner.close();
        }
        if let Some(place) = &event.place {
            let mut inner = self.object.object("place");
            inner.text("file", &place.file);
            inner.number("line", place.line.into());
            if let Some(function) = &place.function {
                inner.text("function", function);
            }
            inner.close();
        }
        self.object.plain("event", name(&event.kind));
        self.kind(&event.kind);
    }

    fn kind(&mut self, kind: &Kind<'_>) {
        match kind {
            Kind::Created {
                family,
                kind,
                protocol,
            } => {
                self.object.plain("family", family.word());
                self.object.plain("type", kind.word());
                self.object.signed("protocol", protocol.0.into());
            }
            Kind::Configured { option, value } => {
                self.object.text("option", option);
                self.object.text("value", value);
            }
            Kind::Resolved {
                name,
                addresses,
                source,
            } => {
                self.object.text("name", name);
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                self.object
                    .list("addresses", addresses.iter().map(String::as_str));
                self.object.plain("source", source.word());
            }
            Kind::Bound { local } => self.address("local", local),
            Kind::Listening { local, backlog } => {
                self.address("local", local);
                self.object.number("backlog", (*backlog).into());
            }
            Kind::Connecting { peer } => self.address("peer", peer),
            Kind::Connected { local, peer } | Kind::Accepted { local, peer } => {
                self.address("local", local);
                self.address("peer", peer);
            }
            Kind::Upgraded { protocol, details } => {
                self.object.text("to", protocol);
                let details = details.iter().map(|(name, value)| (&**name, &**value));
                self.object.pairs("details", details);
            }
            Kind::Waiting { call } => self.call(*call),
            Kind::Sent {
                call,
                payload,
                asked,
                buffer,
                peer,
            } => {
                self.call(*call);
                self.object.number("asked", *asked);
                if let Some(buffer) = buffer {
                    self.object.number("buffer", *buffer);
                }
                self.optional_address("peer", peer.as_ref());
                self.payload(payload);
            }
            Kind::Received {
                call,
                payload,
                room,
                truncated_from,
                peer,
            } => {
                self.call(*call);
                self.object.number("room", *room);
                if let Some(whole) = truncated_from {
                    self.object.number("truncated_from", *whole);
                }
                self.optional_address("peer", peer.as_ref());
                self.payload(payload);
            }
            Kind::Called { call, result } => {
                self.call(*call);
                self.result(*result);
            }
            Kind::HalfClosed { end } => self.object.plain("end", end.word()),
            Kind::Closed {
                totals: moved,
                first,
            } => {
                totals(&mut self.object, moved);
                if let Some(first) = first {
                    self.object.plain("first", first.word());
                }
            }
            Kind::Failed {
                call,
                errno,
                address,
            } => {
                self.call(*call);
                self.errno(*errno);
                self.optional_address("address", address.as_ref());
            }
            Kind::Sampled { sample } => self.sample(sample),
            Kind::Queued(Queues::Data { unread, unsent }) => {
                self.object.number("unread", *unread);
                self.object.number("unsent", *unsent);
            }
            Kind::Queued(Queues::Accept { waiting, backlog }) => {
                self.object.number("waiting", (*waiting).into());
                self.object.number("backlog", (*backlog).into());
            }
            Kind::Queued(Queues::Dropped { messages, buffer }) => {
                self.object.number("messages", *messages);
                self.object.number("buffer", *buffer);
            }
            Kind::Planned { plan } => self.object.text("plan", plan),
            Kind::Forked { parent, child } => {
                self.object.number("pid", (*parent).into());
                self.object.number("child", (*child).into());
            }
            Kind::Started { pid, command } | Kind::Replaced { pid, command } => {
                self.object.number("pid", (*pid).into());
                self.object.text("command", command);
            }
            Kind::Exited { pid, status } => {
                self.object.number("pid", (*pid).into());
                match status {
                    Ok(code) => self.object.signed("code", (*code).into()),
                    Err(signal) => self.object.signed("signal", (*signal).into()),
                }
            }
            Kind::Noted(note) => self.note(note),
            // Not written: see `Sink::event`.
            Kind::Diagnosed(_) => {}
            Kind::Unshown { events } => self.object.number("events", *events),
        }
    }

    fn call(&mut self, call: Call) {
        self.object.plain("call", call.name());
    }

    fn result(&mut self, result: Result<i64, Errno>) {
        match result {
            Ok(returned) => self.object.signed("returned", returned),
            Err(errno) => self.errno(errno),
        }
    }

    fn errno(&mut self, errno: Errno) {
        let mut inner = self.object.object("errno");
        inner.signed("number", errno.0.into());
        if let Some(name) = errno.name() {
            inner.plain("name", name);
        }
        inner.close();
    }

    fn payload(&mut self, payload: &Payload<'_>) {
        self.object.plain("unit", payload.unit().word());
        self.object.number("bytes", payload.len());
        if let Some(data) = payload.data()
            && data.len() <= PAYLOAD_LIMIT
        {
            self.object.data("data", data);
        }
    }

    fn sample(&mut self, sample: &TcpSample) {
        self.object.number("rtt", nanos(sample.rtt));
        self.object
            .number("rtt_deviation", nanos(sample.rtt_deviation));
        self.object
            .number("retransmitted", sample.retransmitted.into());
        self.object
            .number("segments_out", sample.segments_out.into());
        self.object.number("segments_in", sample.segments_in.into());
        self.object.number("mss", sample.mss.into());
        self.object.number("acknowledged", sample.acknowledged);
        self.object.number("unacknowledged", sample.unacknowledged);
        self.object.number("unread", sample.unread);
    }

    fn note(&mut self, note: &Note<'_>) {
        self.object.plain("note", note_name(note));
        match note {
            Note::PeerProcess(process) => self.process(process),
            Note::Holder {
                address,
                process,
                resting,
            } => {
                self.address("address", address);
                if let Some(process) = process {
                    self.process(process);
                }
                self.object.number("resting", (*resting).into());
            }
            Note::Leftover { address } => self.address("address", address),
            Note::Nearby { protocol, address } => {
                self.object.text("transport", protocol);
                self.address("address", address);
            }
            Note::SessionExpired { peer, idle } => {
                self.address("peer", peer);
                self.object.number("idle", nanos(*idle));
            }
            Note::Meaning { protocol, text } => {
                self.object.text("application", protocol);
                self.object.text("says", text);
            }
            Note::Descriptor { number, came } => {
                self.object.signed("descriptor", (*number).into());
                self.object.plain("came", came.word());
            }
            Note::Paired { with } => self.object.number("with", with.0.into()),
            Note::Polling {
                poll,
                call,
                of,
                at_most,
            } => {
                self.call(*call);
                self.object.plain("poll", poll.name());
                self.object.number("descriptors", (*of).into());
                if let Some(at_most) = at_most {
                    self.object.number("at_most", nanos(*at_most));
                }
            }
            Note::PortChosen | Note::Threads => {}
            Note::Runtime { of, sockets } => {
                self.object.plain("of", of.word());
                self.object.number("sockets", (*sockets).into());
            }
            Note::Blind(blind) => self.object.plain("blind", blind.word()),
            Note::Syscall(syscall) => {
                self.object.text("name", &syscall.name);
                self.object.number("number", syscall.number.into());
                self.object
                    .list("arguments", syscall.arguments.iter().map(String::as_str));
                self.result(syscall.result);
            }
            Note::Dropped { messages, why } => {
                self.object.number("messages", *messages);
                self.object.plain("why", why.word());
            }
        }
    }

    fn process(&mut self, process: &ProcessName<'_>) {
        let mut inner = self.object.object("process");
        inner.number("pid", process.pid.into());
        inner.text("name", &process.name);
        inner.close();
    }

    fn optional_address(&mut self, key: &str, address: Option<&SocketAddress>) {
        if let Some(address) = address {
            self.address(key, address);
        }
    }

    /// The canonical text, or an object where that text alone would be read back as another address.
    fn address(&mut self, key: &str, address: &SocketAddress) {
        if let SocketAddress::Inet(std::net::SocketAddr::V4(inet)) = address {
            return self.object.ipv4(key, *inet);
        }
        self.scratch.clear();
        // Writing to a String never fails.
        let _ = write!(self.scratch, "{address}");
        match address {
            SocketAddress::Inet(std::net::SocketAddr::V6(inet)) if inet.flowinfo() != 0 => {
                let mut inner = self.object.object(key);
                inner.plain("inet", self.scratch);
                inner.number("flowinfo", inet.flowinfo().into());
                inner.close();
            }
            // A path named `@x`, `127.0.0.1:7` or `(unnamed)`, relative to wherever it was bound.
            SocketAddress::UnixPath(_) if !self.scratch.starts_with('/') => {
                let mut inner = self.object.object(key);
                inner.text("path", self.scratch);
                inner.close();
            }
            SocketAddress::Inet(_) => self.object.plain(key, self.scratch),
            SocketAddress::UnixPath(_)
            | SocketAddress::UnixAbstract(_)
            | SocketAddress::UnixUnnamed => self.object.text(key, self.scratch),
        }
    }
}

fn totals(line: &mut Object<'_>, totals: &Totals) {
    line.number("bytes_sent", totals.bytes_sent);
    line.number("bytes_received", totals.bytes_received);
    line.number("sends", totals.sends);
    line.number("receives", totals.receives);
}

/// Nanoseconds; what is longer than 584 years is written as 584 years.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

macro_rules! kinds {
    ($($kind:pat => $name:literal),+ $(,)?) => {
        /// The name of a kind in a recording.
        const fn name(kind: &Kind<'_>) -> &'static str {
            match kind { $($kind => $name),+ }
        }

        /// The name of every kind.
        pub(crate) const KINDS: &[&str] = &[$($name),+];
    };
}

kinds! {
    Kind::Created { .. } => "created",
    Kind::Configured { .. } => "configured",
    Kind::Resolved { .. } => "resolved",
    Kind::Bound { .. } => "bound",
    Kind::Listening { .. } => "listening",
    Kind::Connecting { .. } => "connecting",
    Kind::Connected { .. } => "connected",
    Kind::Accepted { .. } => "accepted",
    Kind::Upgraded { .. } => "upgraded",
    Kind::Waiting { .. } => "waiting",
    Kind::Sent { .. } => "sent",
    Kind::Received { .. } => "received",
    Kind::Called { .. } => "called",
    Kind::HalfClosed { .. } => "half_closed",
    Kind::Closed { .. } => "closed",
    Kind::Failed { .. } => "failed",
    Kind::Sampled { .. } => "sampled",
    Kind::Planned { .. } => "planned",
    Kind::Started { .. } => "started",
    Kind::Exited { .. } => "exited",
    Kind::Forked { .. } => "forked",
    Kind::Replaced { .. } => "replaced",
    Kind::Queued(_) => "queued",
    Kind::Diagnosed(_) => "diagnosed",
    Kind::Noted(_) => "noted",
    Kind::Unshown { .. } => "unshown",
}

const fn note_name(note: &Note<'_>) -> &'static str {
    match note {
        Note::PeerProcess(_) => "peer_process",
        Note::Holder { .. } => "holder",
        Note::Leftover { .. } => "leftover",
        Note::Nearby { .. } => "nearby",
        Note::SessionExpired { .. } => "session_expired",
        Note::Meaning { .. } => "meaning",
        Note::Dropped { .. } => "dropped",
        Note::Descriptor { .. } => "descriptor",
        Note::Paired { .. } => "paired",
        Note::Polling { .. } => "polling",
        Note::PortChosen => "port_chosen",
        Note::Threads => "threads",
        Note::Runtime { .. } => "runtime",
        Note::Blind(_) => "blind",
        Note::Syscall(_) => "syscall",
    }
}

/// Gathered lines are written out from this many bytes on: large enough that the write calls cost nothing.
const STRETCH: usize = 128 << 10;

/// What stays allocated after a large stretch.
const KEPT: usize = 512 << 10;
