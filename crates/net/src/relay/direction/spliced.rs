//! Bytes that never pass through this program: splice(2) through a pipe, or directly where one end is a pipe, and
//! sendfile(2) from a file.

use std::io;
use std::sync::atomic::Ordering;

use rustix::event::PollFlags;
use rustix::pipe::{SpliceFlags, splice};
use sockeye_model::Call;

use super::{Broken, Direction, Next, Pending, State, ready_now};
use crate::relay::BUSY;
use crate::relay::end::{End, What};
use crate::relay::pipes::Pipe;

impl Direction {
    pub(super) fn may_splice(&self) -> bool {
        let seen = |end: &End| end.handle().is_some_and(|handle| handle.tap.wants_bytes());
        self.bulk
            && !self.is_layered()
            && !self.no_splice
            && self.filter.is_none()
            && self.witness.is_none()
            && !seen(&self.source)
            && !seen(&self.sink)
    }

    pub(super) fn fill_pipe(&mut self, mut pipe: Pipe) -> io::Result<Next> {
        let Some(source) = self.source.fd() else {
            return Ok(Next::Done);
        };
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        match splice(source, None, &pipe.write, None, Pipe::SIZE, flags) {
            // Also before urgent data: splice(2) stops there, and only recv(2) goes past it.
            Ok(0) => {
                pipe.give_back();
                self.fill_buffer()
            }
            Ok(len) => {
                self.spliced_nothing = false;
                pipe.holds = len;
                self.tell_received(Call::Splice, len, Pipe::SIZE);
                self.pending = Pending::Pipe(pipe);
                Ok(Next::More)
            }
            // Twice in a row, although it was waited for in between: something is there that can't be spliced.
            Err(rustix::io::Errno::AGAIN) if std::mem::replace(&mut self.spliced_nothing, true) => {
                pipe.give_back();
                self.fill_buffer()
            }
            Err(errno) => {
                pipe.give_back();
                self.splice_failed(Call::Splice, errno)
            }
        }
    }

    /// A pipe that others made has 64 KiB; much goes through it at half the cost when it holds more. Whoever shares it
    /// sees no difference but that it blocks later.
    fn widen_pipes(&mut self) {
        if self.widened || self.moved() < BUSY {
            return;
        }
        self.widened = true;
        for end in [&self.source, &self.sink] {
            if let End::Shared(pipe, What::Pipe) | End::PlainPipe(pipe) = end {
                // Where the user's pipes already hold all they may, it stays as it is.
                let _ = rustix::pipe::fcntl_setpipe_size(pipe, Pipe::SIZE);
            }
        }
    }

    /// From or to a pipe nothing needs to lie between; from a file to a socket sendfile(2) does.
    pub(super) fn move_directly(&mut self, call: Call) -> io::Result<Next> {
        self.widen_pipes();
        let (Some(source), Some(sink)) = (self.source.fd(), self.sink.fd()) else {
            return Ok(Next::Done);
        };
        let begun = self.sink.handle().map(|handle| handle.tap.begin());
        let result = if call == Call::SendFile {
            rustix::fs::sendfile(sink, source, None, DIRECT)
        } else {
            splice(
                source,
                None,
                sink,
                None,
                DIRECT,
                SpliceFlags::MOVE | SpliceFlags::NONBLOCK,
            )
        };
        if let Ok(len @ 1..) = result {
            self.tell_received(call, len, DIRECT);
            self.tell_sent(call, len);
        }
        drop(begun);
        match result {
            Ok(0) if self.source.handle().is_some() => self.fill_buffer(),
            Ok(0) => Ok(self.source_ended()),
            Ok(_) => Ok(Next::More),
            Err(rustix::io::Errno::AGAIN) => {
                // Either side may have said it.
                if !ready_now(&self.source, PollFlags::IN)? {
                    Ok(Next::Readable)
                } else if !ready_now(&self.sink, PollFlags::OUT)? {
                    Ok(Next::Writable)
                } else {
                    // Neither, then: urgent data, say, can't be spliced.
                    self.fill_buffer()
                }
            }
            Err(errno @ (rustix::io::Errno::PIPE | rustix::io::Errno::CONNRESET)) => {
                // Which side broke decides what it means; reading never gives EPIPE.
                let reading =
                    errno == rustix::io::Errno::CONNRESET && self.source.what() == What::Socket;
                self.refused(call, errno, !reading)
            }
            Err(errno) => self.splice_failed(call, errno),
        }
    }

    fn splice_failed(&mut self, call: Call, errno: rustix::io::Errno) -> io::Result<Next> {
        match errno {
            // Appending to a file, a device that can't: the kernel says so before it takes a byte.
            rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP => {
                self.no_splice = true;
                Ok(Next::More)
            }
            errno => self.refused(call, errno, false),
        }
    }

    fn refused(&mut self, call: Call, errno: rustix::io::Errno, writing: bool) -> io::Result<Next> {
        let error = io::Error::from(errno);
        if error.kind() == io::ErrorKind::WouldBlock {
            return Err(error);
        }
        if writing && self.child_reads_no_more(&error) {
            return Ok(Next::More);
        }
        let end = if writing { &self.sink } else { &self.source };
        if let Some(handle) = end.handle() {
            handle.failed(self.began, call, &error);
        }
        if writing {
            if let Some(handle) = self.sink.handle() {
                handle.note_break::<()>(&Err(errno.into()));
            }
            self.state = State::Done(Err(Broken { writing, error }));
            return Ok(Next::Done);
        }
        Err(error)
    }

    fn tell_received(&self, call: Call, len: usize, room: usize) {
        if let Some(handle) = self.source.handle() {
            handle.received_unseen(self.began, call, len, room);
        }
    }

    fn tell_sent(&self, call: Call, len: usize) {
        self.moved.fetch_add(len as u64, Ordering::Relaxed);
        if let Some(handle) = self.sink.handle() {
            handle.sent_unseen(self.began, call, len);
        }
    }

    pub(super) fn write_pipe(&self, pipe: &Pipe) -> io::Result<usize> {
        let Some(sink) = self.sink.fd() else {
            return Ok(pipe.holds);
        };
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        let _begun = self.sink.handle().map(|handle| handle.tap.begin());
        let result =
            splice(&pipe.read, None, sink, None, pipe.holds, flags).map_err(io::Error::from);
        if let Some(handle) = self.sink.handle() {
            match &result {
                Ok(len) => handle.sent_unseen(self.began, Call::Splice, *len),
                // "Can't be spliced" says nothing of the connection.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    handle.failed(self.began, Call::Splice, error);
                }
                Err(error) => {
                    handle.note_break(&result);
                    handle.failed(self.began, Call::Splice, error);
                }
            }
        }
        result
    }

    /// The sink can't be spliced to: what is in the pipe is taken out and written.
    pub(super) fn unsplice(&mut self) -> io::Result<()> {
        self.no_splice = true;
        if let Pending::Pipe(mut pipe) = std::mem::replace(&mut self.pending, Pending::Nothing) {
            let mut bytes = vec![0; pipe.holds];
            let mut filled = 0;
            while filled < bytes.len() {
                filled += rustix::io::read(&pipe.read, &mut bytes[filled..])?;
            }
            pipe.holds = 0;
            pipe.give_back();
            self.pending = Pending::Bytes { bytes, start: 0 };
        }
        Ok(())
    }
}

/// At most this much in one call from or to a pipe: the other side of it may have as much room.
const DIRECT: usize = 1 << 20;
