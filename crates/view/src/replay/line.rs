//! One line of a recording, from JSON to an event; fields it does not know cost no memory.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;
use sockeye_model::{
    Call, Caller, Errno, Event, Kind, Note, Payload, Place, ProcessName, Protocol, Queues,
    SocketId, Syscall, Tally, TcpSample, Timestamp, Totals,
};

use super::Reason;
use super::address::Address;
use crate::record::words::Word;
use crate::record::{Header, KINDS, SCHEMA, base64};

/// What a line is if not an event.
pub(super) enum NotAnEvent {
    /// The end line.
    End(Tally),
    /// An event, or a word in one, of a newer version.
    Unknown,
    /// None of these.
    Damaged(Reason),
}

impl From<Reason> for NotAnEvent {
    fn from(reason: Reason) -> Self {
        Self::Damaged(reason)
    }
}

/// Reads the first line.
pub(super) fn header(line: &[u8]) -> Result<Header, Reason> {
    let signature: Signature<'_> =
        serde_json::from_slice(line).map_err(|_| Reason::NotARecording)?;
    if signature.sockeye.0 != "recording" || signature.schema == 0 {
        return Err(Reason::NotARecording);
    }
    // Before anything else is read: in a newer schema the other fields may be anything.
    if signature.schema > u64::from(SCHEMA) {
        return Err(Reason::NewerSchema {
            found: signature.schema,
        });
    }
    let header: HeaderLine = serde_json::from_slice(line).map_err(malformed)?;
    Ok(Header {
        started: header.started,
        version: header.version,
        command: header.command,
    })
}

#[derive(Deserialize)]
struct Signature<'a> {
    #[serde(borrow)]
    sockeye: Text<'a>,
    schema: u64,
}

#[derive(Deserialize)]
struct HeaderLine {
    version: String,
    started: u64,
    command: Vec<String>,
}

/// A text that borrows from the line where nothing in it was escaped.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct By {
    process: u32,
    thread: u32,
}

#[derive(Deserialize)]
struct FileLine {
    file: String,
    line: u32,
    function: Option<String>,
}

#[derive(Deserialize)]
struct ErrorNumber {
    number: i32,
}

#[derive(Deserialize)]
struct Process {
    pid: u32,
    name: String,
}

#[derive(Deserialize)]
struct Detail {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    base64: Option<Text<'a>>,
}

/// Only the kind of a line whose other fields could not be read.
#[derive(Deserialize)]
struct KindAlone<'a> {
    #[serde(borrow)]
    event: Text<'a>,
}

/// Every field of schema 1: a name has one type, whatever the kind of event it is in.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    event: Option<Text<'a>>,
    at: Option<u64>,
    at_most: Option<u64>,
    took: Option<u64>,
    socket: Option<u32>,
    parent: Option<u32>,
    by: Option<By>,
    place: Option<FileLine>,

    address: Option<Address>,
    addresses: Option<Vec<IpAddr>>,
    application: Option<String>,
    arguments: Option<Vec<String>>,
    asked: Option<u64>,
    backlog: Option<u32>,
    #[serde(borrow)]
    blind: Option<Text<'a>>,
    buffer: Option<u64>,
    bytes: Option<u64>,
    #[serde(borrow)]
    call: Option<Text<'a>>,
    #[serde(borrow)]
    came: Option<Text<'a>>,
    child: Option<u32>,
    code: Option<i32>,
    command: Option<String>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
    descriptor: Option<i32>,
    descriptors: Option<u32>,
    details: Option<Vec<Detail>>,
    #[serde(borrow)]
    end: Option<Text<'a>>,
    errno: Option<ErrorNumber>,
    events: Option<u64>,
    #[serde(borrow)]
    family: Option<Text<'a>>,
    #[serde(borrow)]
    first: Option<Text<'a>>,
    idle: Option<u64>,
    local: Option<Address>,
    messages: Option<u64>,
    name: Option<String>,
    #[serde(borrow)]
    note: Option<Text<'a>>,
    number: Option<u32>,
    #[serde(borrow)]
    of: Option<Text<'a>>,
    option: Option<String>,
    peer: Option<Address>,
    pid: Option<u32>,
    plan: Option<String>,
    #[serde(borrow)]
    poll: Option<Text<'a>>,
    process: Option<Process>,
    protocol: Option<i32>,
    resting: Option<u32>,
    returned: Option<i64>,
    room: Option<u64>,
    says: Option<String>,
    signal: Option<i32>,
    sockets: Option<u32>,
    #[serde(borrow)]
    source: Option<Text<'a>>,
    to: Option<String>,
    transport: Option<String>,
    truncated_from: Option<u64>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    unit: Option<Text<'a>>,
    value: Option<String>,
    #[serde(borrow)]
    why: Option<Text<'a>>,

    bytes_sent: Option<u64>,
    bytes_received: Option<u64>,
    sends: Option<u64>,
    receives: Option<u64>,

    acknowledged: Option<u64>,
    mss: Option<u32>,
    retransmitted: Option<u32>,
    rtt: Option<u64>,
    rtt_deviation: Option<u64>,
    segments_in: Option<u32>,
    segments_out: Option<u32>,
    unacknowledged: Option<u64>,
    unread: Option<u64>,
    unsent: Option<u64>,
    waiting: Option<u32>,
    with: Option<u32>,

    conversations: Option<u64>,
    failed: Option<u64>,
    lasted: Option<u64>,
    unshown: Option<u64>,
}

/// Reads any line but the first.
pub(super) fn event(line: &[u8]) -> Result<Event<'static>, NotAnEvent> {
    let line: Line<'_> = match serde_json::from_slice(line) {
        Ok(line) => line,
        // A newer kind may use a name we know for something else.
        Err(error) => {
            return Err(match serde_json::from_slice::<KindAlone<'_>>(line) {
                Ok(kind) if !KINDS.contains(&&*kind.event.0) => NotAnEvent::Unknown,
                _ => malformed(error).into(),
            });
        }
    };
    let event = need(&line.event, "event")?.0.clone();
    if event == "end" {
        return Err(NotAnEvent::End(line.tally()?));
    }
    if !KINDS.contains(&&*event) {
        return Err(NotAnEvent::Unknown);
    }
    Ok(Event {
        at: Timestamp::from_nanos(take(line.at, "at")?),
        took: line.took.map(Duration::from_nanos),
        socket: SocketId(line.socket.unwrap_or_default()),
        parent: line.parent.map(SocketId),
        by: line.by.as_ref().map(|by| Caller {
            process: by.process,
            thread: by.thread,
        }),
        place: line.place.as_ref().map(|place| Place {
            function: place.function.clone().map(Cow::Owned),
            file: Cow::Owned(place.file.clone()),
            line: place.line,
        }),
        kind: line.kind(&event)?,
    })
}

impl Line<'_> {
    fn kind(self, event: &str) -> Result<Kind<'static>, NotAnEvent> {
        Ok(match event {
            "created" => Kind::Created {
                family: word(&self.family, "family")?,
                kind: word(&self.kind, "type")?,
                protocol: Protocol(take(self.protocol, "protocol")?),
            },
            "configured" => Kind::Configured {
                option: text(self.option, "option")?,
                value: text(self.value, "value")?,
            },
            "resolved" => Kind::Resolved {
                source: word(&self.source, "source")?,
                name: text(self.name, "name")?,
                addresses: Cow::Owned(take(self.addresses, "addresses")?),
            },
            "bound" => Kind::Bound {
                local: take(self.local, "local")?.0,
            },
            "listening" => Kind::Listening {
                local: take(self.local, "local")?.0,
                backlog: take(self.backlog, "backlog")?,
            },
            "connecting" => Kind::Connecting {
                peer: take(self.peer, "peer")?.0,
            },
            "connected" => Kind::Connected {
                local: take(self.local, "local")?.0,
                peer: take(self.peer, "peer")?.0,
            },
            "accepted" => Kind::Accepted {
                local: take(self.local, "local")?.0,
                peer: take(self.peer, "peer")?.0,
            },
            "upgraded" => Kind::Upgraded {
                protocol: text(self.to, "to")?,
                details: take(self.details, "details")?
                    .into_iter()
                    .map(|detail| (detail.name.into(), detail.value.into()))
                    .collect(),
            },
            "waiting" => Kind::Waiting { call: self.call()? },
            "sent" => Kind::Sent {
                buffer: self.buffer,
                call: self.call()?,
                payload: self.payload()?,
                asked: take(self.asked, "asked")?,
                peer: self.peer.map(|peer| peer.0),
            },
            "received" => Kind::Received {
                call: self.call()?,
                payload: self.payload()?,
                room: take(self.room, "room")?,
                truncated_from: self.truncated_from,
                peer: self.peer.map(|peer| peer.0),
            },
            "called" => Kind::Called {
                call: self.call()?,
                result: self.result()?,
            },
            "half_closed" => Kind::HalfClosed {
                end: word(&self.end, "end")?,
            },
            "closed" => Kind::Closed {
                totals: self.totals()?,
                first: match self.first {
                    Some(_) => Some(word(&self.first, "first")?),
                    None => None,
                },
            },
            "failed" => Kind::Failed {
                call: self.call()?,
                errno: Errno(take(self.errno, "errno")?.number),
                address: self.address.map(|address| address.0),
            },
            "sampled" => Kind::Sampled {
                sample: self.sample()?,
            },
            "planned" => Kind::Planned {
                plan: text(self.plan, "plan")?,
            },
            "started" => Kind::Started {
                pid: take(self.pid, "pid")?,
                command: text(self.command, "command")?,
            },
            "exited" => Kind::Exited {
                pid: take(self.pid, "pid")?,
                status: match (self.code, self.signal) {
                    (Some(code), None) => Ok(code),
                    (None, Some(signal)) => Err(signal),
                    (None, None) => return Err(Reason::Missing("code").into()),
                    (Some(_), Some(_)) => return Err(Reason::Wrong("signal").into()),
                },
            },
            "forked" => Kind::Forked {
                parent: take(self.pid, "pid")?,
                child: take(self.child, "child")?,
            },
            "replaced" => Kind::Replaced {
                pid: take(self.pid, "pid")?,
                command: text(self.command, "command")?,
            },
            "queued" => Kind::Queued(self.queues()?),
            "noted" => Kind::Noted(self.note()?),
            "unshown" => Kind::Unshown {
                events: take(self.events, "events")?,
            },
            _ => return Err(NotAnEvent::Unknown),
        })
    }

    fn note(self) -> Result<Note<'static>, NotAnEvent> {
        Ok(match &*need(&self.note, "note")?.0 {
            "peer_process" => Note::PeerProcess(name(take(self.process, "process")?)),
            "holder" => Note::Holder {
                address: take(self.address, "address")?.0,
                process: self.process.map(name),
                resting: take(self.resting, "resting")?,
            },
            "leftover" => Note::Leftover {
                address: take(self.address, "address")?.0,
            },
            "nearby" => Note::Nearby {
                protocol: text(self.transport, "transport")?,
                address: take(self.address, "address")?.0,
            },
            "session_expired" => Note::SessionExpired {
                peer: take(self.peer, "peer")?.0,
                idle: Duration::from_nanos(take(self.idle, "idle")?),
            },
            "meaning" => Note::Meaning {
                protocol: text(self.application, "application")?,
                text: text(self.says, "says")?,
            },
            "descriptor" => Note::Descriptor {
                number: take(self.descriptor, "descriptor")?,
                came: word(&self.came, "came")?,
            },
            "paired" => Note::Paired {
                with: SocketId(take(self.with, "with")?),
            },
            "polling" => Note::Polling {
                call: self.call()?,
                poll: Call::from_name(&need(&self.poll, "poll")?.0).ok_or(NotAnEvent::Unknown)?,
                of: take(self.descriptors, "descriptors")?,
                at_most: self.at_most.map(Duration::from_nanos),
            },
            "port_chosen" => Note::PortChosen,
            "threads" => Note::Threads,
            "runtime" => Note::Runtime {
                of: word(&self.of, "of")?,
                sockets: take(self.sockets, "sockets")?,
            },
            "blind" => Note::Blind(word(&self.blind, "blind")?),
            "syscall" => Note::Syscall(Box::new(Syscall {
                result: self.result()?,
                name: Cow::Owned(take(self.name, "name")?),
                number: take(self.number, "number")?,
                arguments: take(self.arguments, "arguments")?,
            })),
            "dropped" => Note::Dropped {
                messages: take(self.messages, "messages")?,
                why: word(&self.why, "why")?,
            },
            _ => return Err(NotAnEvent::Unknown),
        })
    }

    fn result(&self) -> Result<Result<i64, Errno>, Reason> {
        match (self.returned, &self.errno) {
            (Some(returned), None) => Ok(Ok(returned)),
            (None, Some(errno)) => Ok(Err(Errno(errno.number))),
            (None, None) => Err(Reason::Missing("returned")),
            (Some(_), Some(_)) => Err(Reason::Wrong("errno")),
        }
    }

    fn queues(&self) -> Result<Queues, Reason> {
        Ok(match (self.unread, self.waiting) {
            (Some(unread), _) => Queues::Data {
                unread,
                unsent: take(self.unsent, "unsent")?,
            },
            (None, Some(waiting)) => Queues::Accept {
                waiting,
                backlog: take(self.backlog, "backlog")?,
            },
            (None, None) => Queues::Dropped {
                messages: take(self.messages, "messages")?,
                buffer: take(self.buffer, "buffer")?,
            },
        })
    }

    fn call(&self) -> Result<Call, NotAnEvent> {
        Call::from_name(&need(&self.call, "call")?.0).ok_or(NotAnEvent::Unknown)
    }

    fn payload(&self) -> Result<Payload<'static>, NotAnEvent> {
        let unit = word(&self.unit, "unit")?;
        let len = take(self.bytes, "bytes")?;
        let Some(data) = &self.data else {
            return Ok(Payload::Unseen { len, unit });
        };
        let data = match (&data.text, &data.base64) {
            (Some(text), None) => text.0.as_bytes().to_vec(),
            (None, Some(letters)) => base64::decode(&letters.0).ok_or(Reason::Wrong("base64"))?,
            _ => return Err(Reason::Wrong("data").into()),
        };
        if data.len() as u64 != len {
            return Err(Reason::Wrong("bytes").into());
        }
        Ok(Payload::Bytes {
            data: Cow::Owned(data),
            unit,
        })
    }

    fn totals(&self) -> Result<Totals, Reason> {
        Ok(Totals {
            bytes_sent: take(self.bytes_sent, "bytes_sent")?,
            bytes_received: take(self.bytes_received, "bytes_received")?,
            sends: take(self.sends, "sends")?,
            receives: take(self.receives, "receives")?,
        })
    }

    fn tally(&self) -> Result<Tally, Reason> {
        Ok(Tally {
            lasted: Duration::from_nanos(take(self.lasted, "lasted")?),
            totals: self.totals()?,
            conversations: take(self.conversations, "conversations")?,
            failed: take(self.failed, "failed")?,
            unshown: take(self.unshown, "unshown")?,
        })
    }

    fn sample(&self) -> Result<TcpSample, Reason> {
        Ok(TcpSample {
            rtt: Duration::from_nanos(take(self.rtt, "rtt")?),
            rtt_deviation: Duration::from_nanos(take(self.rtt_deviation, "rtt_deviation")?),
            retransmitted: take(self.retransmitted, "retransmitted")?,
            segments_out: take(self.segments_out, "segments_out")?,
            segments_in: take(self.segments_in, "segments_in")?,
            mss: take(self.mss, "mss")?,
            acknowledged: take(self.acknowledged, "acknowledged")?,
            unacknowledged: take(self.unacknowledged, "unacknowledged")?,
            unread: take(self.unread, "unread")?,
        })
    }
}

fn take<T>(field: Option<T>, name: &'static str) -> Result<T, Reason> {
    field.ok_or(Reason::Missing(name))
}

fn need<'f, T>(field: &'f Option<T>, name: &'static str) -> Result<&'f T, Reason> {
    field.as_ref().ok_or(Reason::Missing(name))
}

fn text(field: Option<String>, name: &'static str) -> Result<Cow<'static, str>, Reason> {
    take(field, name).map(Cow::Owned)
}

fn word<T: Word>(field: &Option<Text<'_>>, name: &'static str) -> Result<T, NotAnEvent> {
    T::from_word(&need(field, name)?.0).ok_or(NotAnEvent::Unknown)
}

fn name(process: Process) -> ProcessName<'static> {
    ProcessName {
        pid: process.pid,
        name: Cow::Owned(process.name),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is given to map_err by name"
)]
fn malformed(error: serde_json::Error) -> Reason {
    Reason::Malformed(error.to_string())
}
