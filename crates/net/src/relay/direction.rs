//! One direction of a conversation, as a machine: it reads once, writes all of that, reads again.
//!
//! Its state lives here and not in a future, so that whoever drives it may stop at any point and nothing is lost.

mod spliced;

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use rustix::event::{PollFd, PollFlags, Timespec};
use sockeye_model::{Call, Timestamp};

use super::end::{End, What};
use super::filter::Filter;
use super::pipes::Pipe;
use super::witness::Witness;
use crate::async_socket::Lent;
use crate::buffer::Buffer;
use crate::handle::{Handle, Received};

/// How far a direction has come.
#[derive(Debug)]
pub(crate) enum State {
    Running,
    /// The source has ended; what is on the way is being written.
    Draining,
    /// Over: all of it was written and the sink told, or it broke.
    Done(Result<(), Broken>),
}

/// Why a direction ended early.
#[derive(Debug)]
pub struct Broken {
    /// Whether reading or writing failed.
    pub writing: bool,
    /// What the kernel said.
    pub error: io::Error,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Go on.
    More,
    /// The source has nothing now.
    Readable,
    /// The sink has no room now.
    Writable,
    /// The direction is over.
    Done,
}

pub(crate) struct Direction {
    pub(crate) source: End,
    pub(crate) sink: End,
    pub(crate) state: State,
    /// Bytes written to the sink, seen by whoever shows progress.
    pub(crate) moved: Arc<AtomicU64>,
    /// Bytes that were read and that the sink, closed by then, did not want.
    pub(crate) discarded: u64,
    /// Sees what is written.
    pub(super) witness: Option<Box<dyn Witness>>,
    filter: Option<Box<dyn Filter>>,
    pending: Pending,
    /// The kernel refused to splice between these two: copy.
    no_splice: bool,
    /// The last splice found nothing to take.
    spliced_nothing: bool,
    /// Inherited pipes have been made to hold more.
    widened: bool,
    bulk: bool,
    began: Timestamp,
    parked: bool,
}

/// What has been read and not yet written.
enum Pending {
    Nothing,
    Buffer {
        buffer: Buffer,
        start: usize,
        end: usize,
    },
    Bytes {
        bytes: Vec<u8>,
        start: usize,
    },
    Pipe(Pipe),
}

impl Direction {
    pub(crate) fn new(
        source: End,
        sink: End,
        prefix: Vec<u8>,
        filter: Option<Box<dyn Filter>>,
        moved: Arc<AtomicU64>,
    ) -> Self {
        let pending = if prefix.is_empty() {
            Pending::Nothing
        } else {
            Pending::Bytes {
                bytes: prefix,
                start: 0,
            }
        };
        Self {
            source,
            sink,
            state: State::Running,
            moved,
            discarded: 0,
            witness: None,
            filter,
            pending,
            no_splice: false,
            spliced_nothing: false,
            widened: false,
            bulk: false,
            began: Timestamp::START,
            parked: false,
        }
    }

    /// One that is over: it stands where another has been taken from.
    pub(crate) fn nothing() -> Self {
        let mut nothing = Self::new(End::Closed, End::Closed, Vec::new(), None, Arc::default());
        nothing.state = State::Done(Ok(()));
        nothing
    }

    /// Notices that whoever reads our output has left, also while there is nothing to write.
    pub(crate) fn poll_sink_gone(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let End::LoopShared(pipe) = &self.sink else {
            return Poll::Pending;
        };
        loop {
            match pipe.poll_write_ready(context) {
                Poll::Ready(Ok(mut guard)) => {
                    if ready_now(&self.sink, PollFlags::empty()).unwrap_or(true) {
                        self.sink_went_away();
                        return Poll::Ready(());
                    }
                    guard.clear_ready();
                }
                Poll::Ready(Err(_)) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Nobody reads what the sink is given any more.
    pub(crate) fn sink_went_away(&mut self) {
        let error = io::Error::from(rustix::io::Errno::PIPE);
        self.state = State::Done(Err(Broken {
            writing: true,
            error,
        }));
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    pub(crate) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    pub(crate) fn has_pending(&self) -> bool {
        !matches!(self.pending, Pending::Nothing)
    }

    /// Whether any view is told of its sockets.
    pub(crate) fn is_watched(&self) -> bool {
        let watched = |end: &End| end.handle().is_some_and(|handle| handle.tap.is_on());
        watched(&self.source) || watched(&self.sink)
    }

    /// Its bytes pass through this program in any case, so that threads would not serve it better.
    pub(crate) fn is_layered(&self) -> bool {
        self.source.is_layered() || self.sink.is_layered()
    }

    /// Long reads and splicing from now on, or short copies again.
    pub(crate) fn set_bulk(&mut self, bulk: bool) {
        self.bulk = bulk;
    }

    /// One read, or one write; never blocks on a socket or a pipe of ours.
    pub(crate) fn step(&mut self) -> Next {
        let next = match (&self.state, self.has_pending()) {
            (State::Done(_), _) => return Next::Done,
            (_, true) => self.drain(),
            (State::Draining, false) => self.end(),
            (State::Running, false) => self.fill(),
        };
        let next = match next {
            Ok(next) => next,
            Err(broken) => {
                self.state = State::Done(Err(broken));
                self.pending = Pending::Nothing;
                Next::Done
            }
        };
        if matches!(&self.state, State::Done(Err(broken)) if broken.writing) {
            self.leave_source();
        }
        next
    }

    /// Nobody takes what comes any more: a program that writes to us is told so, and does not wait for room for ever.
    /// A socket is left as it is, for its other direction.
    fn leave_source(&mut self) {
        if self.source.handle().is_none() {
            self.source = End::Closed;
        }
    }

    /// Whether a wait that begins now would be told.
    pub(crate) fn may_say_that_it_waits(&self) -> bool {
        !self.parked && self.is_watched()
    }

    /// Says once that this direction waits, and for what.
    pub(crate) fn park(&mut self, next: Next) {
        if !std::mem::replace(&mut self.parked, true) {
            match next {
                Next::Readable => self.source.emit_waiting(Call::Recv),
                Next::Writable => self.sink.emit_waiting(Call::Send),
                Next::More | Next::Done => {}
            }
        }
    }

    fn fill(&mut self) -> Result<Next, Broken> {
        if !self.parked {
            self.began = self.now();
        }
        let next = self.read();
        if matches!(next, Ok(Next::More)) {
            self.parked = false;
        }
        match next {
            Ok(next) => Ok(next),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => Ok(Next::Readable),
                io::ErrorKind::Interrupted => Ok(Next::More),
                _ => Err(Broken {
                    writing: false,
                    error,
                }),
            },
        }
    }

    fn read(&mut self) -> io::Result<Next> {
        if self.source.is_closed() {
            self.state = State::Draining;
            return Ok(Next::More);
        }
        if matches!(self.source, End::LoopShared(_)) && !ready_now(&self.source, PollFlags::IN)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if self.may_splice() {
            match (self.source.what(), self.sink.what()) {
                (What::File, What::Socket) => return self.move_directly(Call::SendFile),
                (What::Pipe, _) | (_, What::Pipe)
                    if !self.sink.is_closed() && !self.would_hold_a_pipe() =>
                {
                    return self.move_directly(Call::Splice);
                }
                (What::Socket, _) => {
                    if let Some(pipe) = Pipe::lend() {
                        return self.fill_pipe(pipe);
                    }
                }
                _ => {}
            }
        }
        self.fill_buffer()
    }

    /// splice(2) keeps a pipe locked while it waits for room in a sink that blocks, a socket or terminal that was passed
    /// to us. Whoever has the pipe's other side could then neither write nor close it, not even without waiting; and if
    /// they are who makes that room, nobody goes on.
    fn would_hold_a_pipe(&self) -> bool {
        self.source.what() == What::Pipe
            && matches!(self.sink, End::Shared(_, What::Socket | What::Device))
    }

    fn fill_buffer(&mut self) -> io::Result<Next> {
        if let End::Tls(tls) = &self.source {
            return Ok(match tls.try_recv(self.began)? {
                Lent::Data(lease) => {
                    let (buffer, part) = lease.into_buffer();
                    self.filled(buffer, part)
                }
                Lent::End => self.source_ended(),
            });
        }
        let mut buffer = if self.bulk {
            Buffer::lend_large()
        } else {
            Buffer::lend()
        };
        let len = match &self.source {
            source if source.handle().is_some() => {
                let Some(handle) = source.handle() else {
                    return Ok(Next::Done);
                };
                match handle.recv(self.began, &mut buffer)? {
                    Received::Data { len, .. } => len,
                    Received::End => 0,
                }
            }
            source => match source.fd() {
                Some(fd) => rustix::io::read(fd, &mut *buffer)?,
                None => 0,
            },
        };
        if len == 0 {
            self.broke_before()?;
            return Ok(self.source_ended());
        }
        Ok(self.filled(buffer, 0..len))
    }

    /// This part of a buffer has been read.
    fn filled(&mut self, buffer: Buffer, part: Range<usize>) -> Next {
        self.pending = match &mut self.filter {
            None => Pending::Buffer {
                buffer,
                start: part.start,
                end: part.end,
            },
            Some(filter) => {
                let mut bytes = Vec::with_capacity(part.len() + part.len() / 8);
                filter.pass(&buffer[part], &mut bytes);
                if bytes.is_empty() {
                    Pending::Nothing
                } else {
                    Pending::Bytes { bytes, start: 0 }
                }
            }
        };
        Next::More
    }

    /// The other direction may have been told that this source's connection broke: then its end is none.
    fn broke_before(&self) -> io::Result<()> {
        match self.source.handle() {
            Some(handle) if handle.has_broken() => Err(rustix::io::Errno::CONNRESET.into()),
            _ => Ok(()),
        }
    }

    fn source_ended(&mut self) -> Next {
        self.state = State::Draining;
        if let Some(filter) = &mut self.filter {
            let mut bytes = Vec::new();
            filter.finish(&mut bytes);
            if !bytes.is_empty() {
                self.pending = Pending::Bytes { bytes, start: 0 };
            }
        }
        Next::More
    }

    fn drain(&mut self) -> Result<Next, Broken> {
        match self.write() {
            Ok(next) => {
                if next == Next::More {
                    self.parked = false;
                }
                Ok(next)
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => Ok(Next::Writable),
                io::ErrorKind::Interrupted => Ok(Next::More),
                _ if self.child_reads_no_more(&error) => Ok(Next::More),
                _ => Err(Broken {
                    writing: true,
                    error,
                }),
            },
        }
    }

    /// A child that reads no more may still have much to say: its peer is read on, and not kept.
    fn child_reads_no_more(&mut self, error: &io::Error) -> bool {
        let over = error.kind() == io::ErrorKind::BrokenPipe && self.sink.is_childs();
        if over {
            self.sink = End::Closed;
        }
        over
    }

    fn write(&mut self) -> io::Result<Next> {
        if self.sink.is_closed() {
            self.discarded += self.pending.len() as u64;
            if let Pending::Pipe(pipe) = std::mem::replace(&mut self.pending, Pending::Nothing) {
                pipe.give_back();
            }
            return Ok(Next::More);
        }
        if !self.parked {
            self.began = self.now();
        }
        let written = match &self.pending {
            Pending::Nothing => return Ok(Next::More),
            Pending::Buffer { buffer, start, end } => self.write_bytes(&buffer[*start..*end])?,
            Pending::Bytes { bytes, start } => self.write_bytes(&bytes[*start..])?,
            Pending::Pipe(pipe) => match self.write_pipe(pipe) {
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    self.unsplice()?;
                    return Ok(Next::More);
                }
                result => result?,
            },
        };
        self.moved.fetch_add(written as u64, Ordering::Relaxed);
        if let Some(witness) = &mut self.witness {
            match &self.pending {
                Pending::Buffer { buffer, start, .. } => {
                    witness.saw(&buffer[*start..*start + written]);
                }
                Pending::Bytes { bytes, start } => witness.saw(&bytes[*start..*start + written]),
                // Nothing is spliced where there is a witness.
                Pending::Nothing | Pending::Pipe(_) => {}
            }
        }
        self.pending.advance(written);
        Ok(Next::More)
    }

    fn write_bytes(&self, bytes: &[u8]) -> io::Result<usize> {
        if let End::Tls(tls) = &self.sink {
            return tls.try_send(self.began, bytes);
        }
        if let Some(handle) = self.sink.handle() {
            return handle.send(self.began, bytes);
        }
        let Some(fd) = self.sink.fd() else {
            return Ok(bytes.len());
        };
        if matches!(self.sink, End::LoopShared(_)) && !ready_now(&self.sink, PollFlags::OUT)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        // A descriptor that blocks is written in pieces that are sure to fit once poll(2) has said so.
        let most = match &self.sink {
            End::LoopShared(_) | End::Shared(_, What::Pipe | What::Device | What::Socket) => {
                bytes.len().min(PIPE_BUF)
            }
            _ => bytes.len(),
        };
        Ok(rustix::io::write(fd, &bytes[..most])?)
    }

    /// All is written: the sink is told that no more comes.
    fn end(&mut self) -> Result<Next, Broken> {
        // Once more: on another thread the news may have come in between.
        self.broke_before().map_err(|error| Broken {
            writing: false,
            error,
        })?;
        let told = match self.sink.finish() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Next::Writable),
            told => told,
        };
        self.state = State::Done(told.map_err(|error| Broken {
            writing: true,
            error,
        }));
        Ok(Next::Done)
    }

    /// The socket whose view it waits for: its source, or if that is none, its sink.
    pub(crate) fn watched(&self) -> Option<&Handle> {
        self.source.handle().or(self.sink.handle())
    }

    fn now(&self) -> Timestamp {
        self.watched()
            .map_or(Timestamp::START, |handle| handle.tap.now())
    }
}

impl Drop for Direction {
    fn drop(&mut self) {
        if let Pending::Pipe(pipe) = std::mem::replace(&mut self.pending, Pending::Nothing) {
            pipe.give_back();
        }
    }
}

impl Pending {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Buffer { start, end, .. } => end - start,
            Self::Bytes { bytes, start } => bytes.len() - start,
            Self::Pipe(pipe) => pipe.holds,
        }
    }

    fn advance(&mut self, written: usize) {
        match self {
            Self::Nothing => {}
            Self::Buffer { start, .. } | Self::Bytes { start, .. } => *start += written,
            Self::Pipe(pipe) => pipe.holds -= written,
        }
        if self.len() == 0
            && let Self::Pipe(pipe) = std::mem::replace(self, Self::Nothing)
        {
            pipe.give_back();
        }
    }
}

fn ready_now(end: &End, flags: PollFlags) -> io::Result<bool> {
    let Some(fd) = end.fd() else { return Ok(true) };
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    Ok(rustix::event::poll(&mut [PollFd::from_borrowed_fd(fd, flags)], Some(&now))? > 0)
}

/// A pipe that poll(2) calls writable has room for this many bytes: [pipe(7)](https://man7.org/linux/man-pages/man7/pipe.7.html).
const PIPE_BUF: usize = 4096;
