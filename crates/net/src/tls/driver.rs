//! One TLS conversation without a socket: ciphertext in, plain text out, and the other way.
//!
//! rustls' unbuffered interface lets both sides live in buffers of the pool, which a conversation that waits gives back.

use rustls::client::UnbufferedClientConnection;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use rustls::{CommonState, Error};

use crate::buffer::{Buffer, Lease};

/// Client or server.
pub(super) enum Machine {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

/// The state of a conversation.
pub(super) struct Driver {
    machine: Machine,
    /// Ciphertext that came and is not understood yet, because a record is not whole.
    pub(super) incoming: Incoming,
    /// Ciphertext to be sent.
    pub(super) outgoing: Outgoing,
    /// What was understood and not taken yet.
    plain: Option<(Buffer, usize)>,
    /// The peer has said that it will send no more (close_notify).
    pub(super) peer_finished: bool,
}

/// What is wanted once everything that came is understood.
#[derive(Clone, Copy)]
enum Then<'a> {
    Nothing,
    Encrypt(&'a [u8]),
    Close,
}

impl Machine {
    fn common(&self) -> &CommonState {
        match self {
            Self::Client(machine) => machine,
            Self::Server(machine) => machine,
        }
    }
}

impl Driver {
    pub(super) fn new(machine: Machine) -> Self {
        Self {
            machine,
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
            plain: None,
            peer_finished: false,
        }
    }

    pub(super) fn facts(&self) -> &CommonState {
        self.machine.common()
    }

    /// Understands what came: plain text, the handshake's next step, alerts. What is to be answered is then outgoing,
    /// also when it failed.
    pub(super) fn understand(&mut self) -> Result<(), Error> {
        self.run(Then::Nothing).map(|_| ())
    }

    /// Encrypts the beginning of `data`; how much of it.
    pub(super) fn encrypt(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.run(Then::Encrypt(&data[..data.len().min(CHUNK)]))
    }

    /// Says that no more will be sent.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        self.run(Then::Close).map(|_| ())
    }

    /// The plain text that was understood.
    pub(super) fn take_plain(&mut self) -> Option<Lease> {
        let (buffer, len) = self.plain.take()?;
        Some(Lease::new(buffer, len))
    }

    pub(super) fn has_plain(&self) -> bool {
        self.plain.is_some()
    }

    fn run(&mut self, then: Then<'_>) -> Result<usize, Error> {
        let mut failed = None;
        loop {
            let came = self.incoming.bytes();
            let (used, step) = match &mut self.machine {
                Machine::Client(machine) => take(
                    machine.process_tls_records(came),
                    &mut self.outgoing,
                    &mut self.plain,
                    then,
                ),
                Machine::Server(machine) => take(
                    machine.process_tls_records(came),
                    &mut self.outgoing,
                    &mut self.plain,
                    then,
                ),
            };
            self.incoming.used(used);
            match step {
                Ok(Step::More) => {}
                Ok(Step::PeerFinished) => self.peer_finished = true,
                Ok(Step::Done(len)) => return failed.map_or(Ok(len), Err),
                Err(error) => failed = failed.or(Some(error)),
            }
            // What failed must not be looked at again, but rustls may have an alert to send about it.
            if failed.is_some() && !self.facts().wants_write() {
                return failed.map_or(Ok(0), Err);
            }
        }
    }
}

enum Step {
    More,
    PeerFinished,
    Done(usize),
}

fn take<Data>(
    status: UnbufferedStatus<'_, '_, Data>,
    outgoing: &mut Outgoing,
    plain: &mut Option<(Buffer, usize)>,
    then: Then<'_>,
) -> (usize, Result<Step, Error>) {
    let UnbufferedStatus { discard, state } = status;
    let mut used = discard;
    let step = match state {
        Err(error) => Err(error),
        Ok(ConnectionState::ReadTraffic(mut traffic)) => {
            let mut result = Ok(Step::More);
            while let Some(record) = traffic.next_record() {
                match record {
                    Ok(record) => {
                        used += record.discard;
                        append(plain, record.payload);
                    }
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                }
            }
            result
        }
        Ok(ConnectionState::EncodeTlsData(mut message)) => {
            let needed = match message.encode(&mut []) {
                Err(EncodeError::InsufficientSize(size)) => size.required_size,
                _ => 0,
            };
            match message.encode(outgoing.room(needed)) {
                Ok(len) => outgoing.filled(len),
                Err(error) => return (used, Err(Error::General(error.to_string()))),
            }
            Ok(Step::More)
        }
        // It is in `outgoing`, ahead of everything later.
        Ok(ConnectionState::TransmitTlsData(message)) => {
            message.done();
            Ok(Step::More)
        }
        Ok(ConnectionState::PeerClosed) => Ok(Step::PeerFinished),
        Ok(ConnectionState::WriteTraffic(mut traffic)) => match then {
            Then::Nothing => Ok(Step::Done(0)),
            Then::Encrypt(data) => {
                let room = data.len() + (data.len() / RECORD + 1) * OVERHEAD;
                match traffic.encrypt(data, outgoing.room(room)) {
                    Ok(len) => {
                        outgoing.filled(len);
                        Ok(Step::Done(data.len()))
                    }
                    Err(EncryptError::EncryptExhausted) => Err(Error::EncryptError),
                    Err(error) => Err(Error::General(error.to_string())),
                }
            }
            Then::Close => match traffic.queue_close_notify(outgoing.room(OVERHEAD)) {
                Ok(len) => {
                    outgoing.filled(len);
                    Ok(Step::Done(0))
                }
                Err(error) => Err(Error::General(error.to_string())),
            },
        },
        // BlockedHandshake, and Closed: nothing more without more that comes.
        Ok(_) => Ok(Step::Done(0)),
    };
    (used, step)
}

fn append(plain: &mut Option<(Buffer, usize)>, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let (buffer, len) = plain.get_or_insert_with(|| (Buffer::lend(), 0));
    let end = *len + bytes.len();
    if end > buffer.len() {
        let mut larger = Buffer::with_size(end.max(2 * buffer.len()));
        larger[..*len].copy_from_slice(&buffer[..*len]);
        *buffer = larger;
    }
    buffer[*len..end].copy_from_slice(bytes);
    *len = end;
}

/// Ciphertext that has come.
#[derive(Default)]
pub(super) struct Incoming {
    buffer: Option<Buffer>,
    start: usize,
    end: usize,
    /// The beginning of a record, kept in as much memory as it needs while its rest is waited for.
    parked: Vec<u8>,
}

impl Incoming {
    /// Room to receive into; `None` when what came is longer than any part of a handshake may be.
    pub(super) fn room(&mut self) -> Option<&mut [u8]> {
        if self.buffer.is_none() {
            let mut buffer = if self.parked.len() < Buffer::SIZE {
                Buffer::lend()
            } else {
                Buffer::with_size(2 * self.parked.len())
            };
            let len = self.parked.len();
            buffer[..len].copy_from_slice(&self.parked);
            self.parked = Vec::new();
            (self.start, self.end) = (0, len);
            self.buffer = Some(buffer);
        }
        let buffer = self.buffer.as_mut()?;
        if self.start > 0 {
            buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == buffer.len() {
            if buffer.len() >= MOST_INCOMING {
                return None;
            }
            let mut larger = Buffer::with_size(2 * buffer.len());
            larger[..self.end].copy_from_slice(buffer);
            *buffer = larger;
        }
        Some(&mut buffer[self.end..])
    }

    pub(super) fn filled(&mut self, len: usize) {
        self.end += len;
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        match &mut self.buffer {
            Some(buffer) => &mut buffer[self.start..self.end],
            None => &mut self.parked,
        }
    }

    fn used(&mut self, len: usize) {
        if self.buffer.is_none() {
            self.parked.drain(..len);
            return;
        }
        self.start += len;
        if self.start == self.end {
            self.buffer = None;
            (self.start, self.end) = (0, 0);
        }
    }

    /// Nothing comes now: whoever waits keeps no buffer.
    pub(super) fn park(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.parked = buffer[self.start..self.end].to_vec();
            (self.start, self.end) = (0, 0);
        }
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.buffer.as_ref().map_or(0, |buffer| buffer.len()) + self.parked.capacity()
    }
}

/// Ciphertext that is to be sent, in order.
#[derive(Default)]
pub(super) struct Outgoing {
    buffer: Option<Buffer>,
    start: usize,
    end: usize,
}

impl Outgoing {
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.buffer {
            Some(buffer) => &buffer[self.start..self.end],
            None => &[],
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_none()
    }

    /// This much has been sent.
    pub(super) fn sent(&mut self, len: usize) {
        self.start += len;
        if self.start == self.end {
            self.clear();
        }
    }

    /// Nobody takes it any more.
    pub(super) fn clear(&mut self) {
        self.buffer = None;
        (self.start, self.end) = (0, 0);
    }

    fn room(&mut self, needed: usize) -> &mut [u8] {
        let free = self.buffer.as_ref().map_or(0, |buffer| buffer.len()) - self.end;
        if self.buffer.is_none() || free < needed {
            let kept = self.end - self.start;
            let size = kept + needed;
            let mut larger = if size <= Buffer::SIZE {
                Buffer::lend()
            } else if size <= Buffer::LARGE {
                Buffer::lend_large()
            } else {
                Buffer::with_size(size)
            };
            larger[..kept].copy_from_slice(self.bytes());
            (self.start, self.end) = (0, kept);
            self.buffer = Some(larger);
        }
        match &mut self.buffer {
            Some(buffer) => &mut buffer[self.end..],
            None => &mut [],
        }
    }

    fn filled(&mut self, len: usize) {
        self.end += len;
        if self.start == self.end {
            self.clear();
        }
    }
}

/// Plain text of a record, at most (RFC 8446 section 5.1).
const RECORD: usize = 16 << 10;
/// Header, explicit nonce, type and tag of a record, at most.
const OVERHEAD: usize = 64;
/// Plain text that is encrypted at once: with what its records add it fits a large buffer.
const CHUNK: usize = Buffer::LARGE - RECORD;
/// Ciphertext of one part of a handshake, at most: rustls takes 64 KiB, and its records add to that.
const MOST_INCOMING: usize = 256 << 10;

#[cfg(test)]
mod tests;
