//! An address, opened: a stream of bytes or a conversation of messages, with whatever must live as long as it does.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sockeye_model::plan::Shape;
use sockeye_model::{Address, Call, Errno, Options, Scheme, SocketAddress, Target};

use tokio::sync::watch;

use crate::error::{Error, IntoIo, Result};
use crate::exec::{self, Child, Environment};
use crate::framing::{Framing, MAX_FRAME};
use crate::layers::{Link, connect};
use crate::messages::{self, FramedJoined, FramedJoining, Messages, Over, join_framed};
use crate::open::{BoundPath, Dialing, OpenError};
use crate::relay::{self, Broken, Stream, Witness};
use crate::websocket::{Marking, MessageType};

/// Which end of a relay an address is: a file is read at the one and written at the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// FROM, the left.
    From,
    /// TO, the right.
    To,
}

/// What the plan needs to know of an address before it is opened.
pub fn shape(address: &Address) -> Shape {
    Shape {
        carries: address.scheme.carries(),
        batches: address.scheme == Scheme::Udp,
        registrable: matches!(address.scheme, Scheme::Exec) || address.scheme.is_socket(),
        layered: address.scheme.is_layered(),
    }
}

/// Opens `stdio`, `file:`, `exec:` or `fd:`.
///
/// A file at the left is read; at the right it is made if need be, emptied unless `append`, and written.
///
/// # Errors
/// What opening gave, with the call; a scheme that opens a socket is an `EINVAL`.
fn open_plain(
    address: &Address,
    place: Place,
    environment: Option<&Environment>,
    how: &Dialing,
) -> Result<Opened> {
    let stream = match &address.target {
        Target::Stdio => Stream::stdio().map_err(|error| Error::new(Call::Open, error))?,
        Target::File(path) => file(path, place, &address.options)?,
        Target::Fd(number) => descriptor(*number).map_err(|error| Error::new(Call::Open, error))?,
        Target::Exec(words) => {
            let (stream, child) = exec::start(words, environment, &how.tap)?;
            return Ok(Opened {
                child: Some(child),
                ..Channel::Stream(stream).into()
            });
        }
        Target::Inet { .. } | Target::Unix(_) | Target::Host(_) => {
            return Err(Error::new(
                Call::Open,
                io::Error::from(io::ErrorKind::InvalidInput),
            ));
        }
    };
    Ok(Channel::Stream(stream).into())
}

fn file(path: &Path, place: Place, options: &Options) -> Result<Stream> {
    let mut how = OpenOptions::new();
    match place {
        Place::From => how.read(true),
        Place::To => how
            .write(true)
            .create(!options.excl())
            .create_new(options.excl())
            .append(options.append())
            .truncate(!options.append())
            .mode(options.mode().unwrap_or(0o666)),
    };
    let opened = how.open(path).map_err(|source| {
        // The path is the address that this call was about.
        Error::at(Call::Open, SocketAddress::UnixPath(Arc::from(path)), source)
    })?;
    Ok(match place {
        Place::From => Stream::files(Some(opened), None),
        Place::To => Stream::files(None, Some(opened)),
    })
}

/// A descriptor that this process was started with; ours is a copy, so that closing one leaves the other.
fn descriptor(number: i32) -> io::Result<Stream> {
    Stream::descriptor(inherited(number)?)
}

/// A copy of descriptor `number`, which this process was started with.
///
/// # Errors
/// `EBADF` when no such descriptor is open.
pub fn inherited(number: i32) -> io::Result<OwnedFd> {
    crate::sys::duplicate(number)
}

/// Takes descriptor `number`, which this process was started with: dropping it closes it for good, so that whoever
/// reads its other side sees the end.
///
/// # Errors
/// `EBADF` when no such descriptor is open, or it is one of the standard three.
pub fn take_inherited(number: i32) -> io::Result<OwnedFd> {
    crate::sys::take(number)
}

/// An address, opened.
#[derive(Debug)]
pub enum Channel {
    /// Bytes in order, without boundaries.
    Stream(Stream),
    /// Messages, each whole.
    Messages(Messages),
}

impl Channel {
    /// What a WebSocket sends messages as; and whether they are lines, whose newline is not sent.
    fn of_messages(mut self, text: bool, lines: bool) -> Self {
        if let Self::Messages(Messages::WebSocket(websocket)) = &mut self {
            websocket.set_outgoing(match text {
                true => MessageType::Text,
                false => MessageType::Binary,
            });
            if lines {
                websocket.set_marking(Marking::Line);
            }
        }
        self
    }
}

impl From<Link> for Channel {
    fn from(link: Link) -> Self {
        match link {
            Link::Stream(wire) => Self::Stream(Stream::wire(wire)),
            Link::Messages(messages) => Self::Messages(*messages),
        }
    }
}

impl Channel {
    /// Closing it will be a reset, where there is a connection that can be reset.
    pub fn reset_on_close(&self) {
        if let Self::Stream(stream) = self {
            stream.writer.reset_on_close();
        }
    }
}

/// An open channel and what must live as long as it does.
#[derive(Debug)]
pub struct Opened {
    /// Its bytes or messages.
    pub channel: Channel,
    /// The program, for `exec:`.
    pub child: Option<Child>,
    /// The file of a UNIX socket that was bound to a path.
    pub path: Option<BoundPath>,
}

impl From<Channel> for Opened {
    fn from(channel: Channel) -> Self {
        Self {
            channel,
            child: None,
            path: None,
        }
    }
}

/// Opens `address`: a connected socket, stdio, a file, a program or a passed descriptor.
///
/// # Errors
/// Why it could not be opened.
pub async fn open(
    address: &Address,
    place: Place,
    environment: Option<&Environment>,
    how: &Dialing,
) -> std::result::Result<Opened, OpenError> {
    if !address.scheme.is_socket() {
        return open_plain(address, place, environment, how).map_err(OpenError::Call);
    }
    let connected = connect(address, how).await?;
    Ok(Opened {
        channel: connected.link.into(),
        child: None,
        path: connected.path,
    })
}

/// What went one way.
#[derive(Debug, Default)]
pub struct Way {
    /// Bytes that reached the other side.
    pub bytes: u64,
    /// Messages that did; 0 between streams.
    pub messages: u64,
    /// Messages that could not be passed on, and were said; the first reason.
    pub dropped: (u64, Option<Error>),
    /// Bytes that the other side, closed for writing, did not take.
    pub not_taken: u64,
    /// Why it ended early.
    pub broken: Option<Broken>,
}

/// How a conversation between two channels came out.
#[derive(Debug, Default)]
pub struct Outcome {
    /// From left to right.
    pub there: Way,
    /// From right to left.
    pub back: Way,
    /// The idle limit ended it.
    pub idle: bool,
}

/// How two channels are joined.
#[derive(Default)]
pub struct JoinChannels {
    /// How messages are marked in a stream; needed between a stream and messages, and only there.
    pub framing: Option<Framing>,
    /// The longest message that is taken from a stream, bytes; else [`MAX_FRAME`].
    pub max_frame: Option<usize>,
    /// Over after nothing has moved either way for this long.
    pub idle: Option<Duration>,
    /// Counts the bytes there and back, for whoever shows progress.
    pub moved: [Arc<AtomicU64>; 2],
    /// See the bytes that reached the other side, there and back: of messages their own bytes, without the marks of a
    /// framing.
    pub witnesses: [Option<Box<dyn Witness>>; 2],
    /// Messages that come with no type of their own go to a WebSocket as text, and not as binary.
    pub text: bool,
    /// Turns true when a conversation of messages, which may have no end of its own, is to be over.
    pub stop: Option<watch::Receiver<bool>>,
}

/// Joins two channels until their conversation is over, as [`sockeye_model::plan`] says. Both are closed then.
///
/// # Errors
/// A stream and messages without framing: `EPROTOTYPE`. What splitting a stream gave (`EMFILE`, no thread).
///
/// Dropping the future closes both.
pub async fn join_channels(
    left: Channel,
    right: Channel,
    how: JoinChannels,
) -> io::Result<Outcome> {
    let JoinChannels {
        framing,
        max_frame,
        idle,
        moved,
        witnesses,
        text,
        stop,
    } = how;
    let lines = framing == Some(Framing::Line);
    let [left, right] = [left, right].map(|channel| channel.of_messages(text, lines));
    let [there_seen, back_seen] = witnesses;
    let framing = framing.map(|framing| (framing, max_frame.unwrap_or(MAX_FRAME)));
    match (left, right) {
        (Channel::Stream(left), Channel::Stream(right)) => {
            let [there, back] = moved;
            let how = relay::Joining {
                left_to_right: relay::Passing {
                    moved: there,
                    witness: there_seen,
                    ..relay::Passing::default()
                },
                right_to_left: relay::Passing {
                    moved: back,
                    witness: back_seen,
                    ..relay::Passing::default()
                },
                idle,
                ..relay::Joining::default()
            };
            Ok(relay::join(left, right, how).await.into())
        }
        (Channel::Messages(left), Channel::Messages(right)) => {
            let how = messages::Joining {
                idle,
                ..messages::Joining::default()
            };
            let joined =
                messages::relay_seen(&left, &right, how, [there_seen, back_seen], told(stop)).await;
            Ok(counted(joined.into(), &moved))
        }
        (Channel::Stream(stream), Channel::Messages(messages)) => {
            let [there, back] = moved;
            let passing = [passing(there, there_seen), passing(back, back_seen)];
            let joined = framed(stream, &messages, framing, idle, passing, stop).await?;
            Ok(framed_outcome(joined))
        }
        (Channel::Messages(messages), Channel::Stream(stream)) => {
            let [there, back] = moved;
            let passing = [passing(back, back_seen), passing(there, there_seen)];
            let joined = framed(stream, &messages, framing, idle, passing, stop).await?;
            let Outcome { there, back, idle } = framed_outcome(joined);
            Ok(Outcome {
                there: back,
                back: there,
                idle,
            })
        }
    }
}

fn passing(moved: Arc<AtomicU64>, witness: Option<Box<dyn Witness>>) -> relay::Passing {
    relay::Passing {
        moved,
        witness,
        ..relay::Passing::default()
    }
}

async fn framed(
    stream: Stream,
    messages: &Messages,
    framing: Option<(Framing, usize)>,
    idle: Option<Duration>,
    [left_to_right, right_to_left]: [relay::Passing; 2],
    stop: Option<watch::Receiver<bool>>,
) -> io::Result<FramedJoined> {
    let (framing, max_frame) = framing.ok_or_else(|| Errno::EPROTOTYPE.into_io())?;
    let how = FramedJoining {
        left_to_right,
        right_to_left,
        idle,
        max_frame,
        ..FramedJoining::new(framing)
    };
    Ok(join_framed(stream, messages, how, told(stop)).await)
}

/// Seen with the stream at the left.
fn framed_outcome(joined: FramedJoined) -> Outcome {
    let idle = joined.over == Over::Idle;
    Outcome {
        there: joined.to_messages.into(),
        back: joined.to_stream.into(),
        idle,
    }
}

/// Ready once it is told to stop; without anybody to tell it, never.
async fn told(stop: Option<watch::Receiver<bool>>) {
    if let Some(mut stop) = stop
        && stop.wait_for(|stop| *stop).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

fn counted(outcome: Outcome, moved: &[Arc<AtomicU64>; 2]) -> Outcome {
    moved[0].fetch_add(outcome.there.bytes, Ordering::Relaxed);
    moved[1].fetch_add(outcome.back.bytes, Ordering::Relaxed);
    outcome
}

impl From<relay::Joined> for Outcome {
    fn from(joined: relay::Joined) -> Self {
        let way =
            |(bytes, result): (u64, Option<std::result::Result<(), Broken>>), not_taken| Way {
                bytes,
                not_taken,
                broken: result.and_then(std::result::Result::err),
                ..Way::default()
            };
        let [from_left, from_right] = joined.not_taken;
        Self {
            there: way(joined.left_to_right, from_left),
            back: way(joined.right_to_left, from_right),
            idle: joined.idle,
        }
    }
}

impl From<messages::Joined> for Outcome {
    fn from(joined: messages::Joined) -> Self {
        Self {
            there: joined.left_to_right.into(),
            back: joined.right_to_left.into(),
            idle: joined.idle,
        }
    }
}

impl From<messages::Passed> for Way {
    fn from(passed: messages::Passed) -> Self {
        let sends = |call| {
            matches!(
                call,
                Call::Send | Call::SendTo | Call::SendMsg | Call::SendMmsg | Call::Write
            )
        };
        Self {
            bytes: passed.bytes,
            messages: passed.messages,
            dropped: (passed.too_long + passed.unsent, passed.first_failure),
            not_taken: 0,
            broken: passed.broken.map(|error| Broken {
                writing: passed.broken_writing || sends(error.call),
                error: error.source,
            }),
        }
    }
}
