//! hyper's way to our sockets: each read and write is a call of ours, and so an event.

use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use sockeye_model::Totals;
use sockeye_net::tls::ended_early;
use sockeye_net::{Lease, Lent, UnderWay, Wire};
use tokio::time::{Instant, Sleep};

use super::body::{Parts, stands_in};
use crate::visitor::Ledger;

/// A connection as hyper sees it.
pub(super) struct Transport {
    pub(super) wire: Wire,
    moved: Moved,
    parts: Parts,
    /// How long a client may take nothing while there is something for it.
    patience: Duration,
    /// The client will send no more.
    pub(super) ended: bool,
    /// Received, and not yet taken by hyper.
    begun: Option<(Lease, usize)>,
    receiving: Option<UnderWay>,
    sending: Option<UnderWay>,
    /// Runs while the client takes nothing; most never need one.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Bytes sent since this task last let others run.
    at_a_stretch: usize,
}

/// What went over the connection as HTTP; entered when that is over, however it ends.
struct Moved {
    totals: Totals,
    ledger: Arc<Ledger>,
}

impl Drop for Moved {
    fn drop(&mut self) {
        self.ledger.enter(self.totals);
    }
}

impl Transport {
    pub(super) fn new(wire: Wire, ledger: &Arc<Ledger>, parts: Parts, patience: Duration) -> Self {
        let moved = Moved {
            totals: Totals::default(),
            ledger: Arc::clone(ledger),
        };
        Self {
            wire,
            moved,
            parts,
            patience,
            ended: false,
            begun: None,
            receiving: None,
            sending: None,
            stalled: None,
            at_a_stretch: 0,
        }
    }

    /// What was received and hyper has not taken.
    pub(super) fn untaken(&self) -> &[u8] {
        match &self.begun {
            Some((lease, taken)) => &lease[*taken..],
            None => &[],
        }
    }

    fn poll_send_first(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut slices = slices.iter().filter(|slice| !slice.is_empty());
        let Some(first) = slices.next() else {
            return Poll::Ready(Ok(0));
        };
        if stands_in(first) {
            return self.poll_send_file(context, first.len());
        }
        let mut gathered = Vec::new();
        if first.len() < SHORT {
            // A head and a short body leave together; a copy of this much costs less than a call.
            for slice in slices.take_while(|slice| !stands_in(slice)) {
                if gathered.is_empty() {
                    gathered.extend_from_slice(first);
                }
                gathered.extend_from_slice(&slice[..slice.len().min(SHORT)]);
                if slice.len() > SHORT || gathered.len() > SHORT {
                    break;
                }
            }
        }
        let data = if gathered.is_empty() {
            first
        } else {
            &gathered[..]
        };
        let sent = self.wire.poll_send(context, &mut self.sending, data);
        sent.map_err(|error| error.source)
    }

    fn poll_send_file(&mut self, context: &mut Context<'_>, len: usize) -> Poll<io::Result<usize>> {
        let mut parts = self.parts.queue();
        let Some(part) = parts.front_mut() else {
            return Poll::Ready(Err(io::Error::other(
                "no file for this stretch of the body",
            )));
        };
        let len = len.min(usize::try_from(part.len).unwrap_or(usize::MAX));
        let sent = self.wire.poll_send_file(
            context,
            &mut self.sending,
            part.file.as_fd(),
            part.offset,
            len,
        );
        let sent = ready!(sent).map_err(|error| error.source)?;
        if sent == 0 {
            // The client was promised more than there is: a reset tells it so.
            self.wire.reset_on_close();
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file has become shorter",
            )));
        }
        part.offset += sent as u64;
        part.len -= sent as u64;
        if part.len == 0 {
            parts.pop_front();
        }
        Poll::Ready(Ok(sent))
    }

    /// A client that takes nothing is waited for, and then no more.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let deadline = Instant::now() + self.patience;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        ready!(stalled.as_mut().poll(context));
        self.wire.reset_on_close();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Read for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut room: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.begun.is_none() {
            let lent = this.wire.poll_recv_lease(context, &mut this.receiving);
            let lent = match ready!(lent) {
                // Without a close_notify; a request says by itself where it ends: RFC 9112, section 9.8.
                Err(error) if ended_early(&error.source) => Lent::End,
                lent => lent.map_err(|error| error.source)?,
            };
            match lent {
                Lent::Data(lease) => {
                    this.moved.totals.bytes_received += lease.len() as u64;
                    this.moved.totals.receives += 1;
                    this.begun = Some((lease, 0));
                }
                Lent::End => {
                    this.ended = true;
                    return Poll::Ready(Ok(()));
                }
            }
        }
        if let Some((lease, taken)) = &mut this.begun {
            let rest = &lease[*taken..];
            let len = rest.len().min(room.remaining());
            room.put_slice(&rest[..len]);
            *taken += len;
            if *taken == lease.len() {
                this.begun = None;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Write for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(data)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.at_a_stretch >= STRETCH {
            // A client as fast as this machine would never make the socket full, and nobody else would be served.
            this.at_a_stretch = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match this.poll_send_first(context, slices) {
            Poll::Ready(sent) => {
                this.stalled = None;
                if let Ok(sent) = &sent {
                    this.at_a_stretch += sent;
                    this.moved.totals.bytes_sent += *sent as u64;
                    this.moved.totals.sends += 1;
                }
                Poll::Ready(sent)
            }
            Poll::Pending => {
                this.at_a_stretch = 0;
                this.poll_patience(context)
            }
        }
    }

    /// hyper then queues what there is to write, and copies nothing together.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Never asked for: the connection may go on as another protocol, so its end is not hyper's affair.
        Poll::Ready(Ok(()))
    }
}

/// Bytes up to which slices are sent together.
const SHORT: usize = 16 << 10;
/// Bytes after which others get their turn.
const STRETCH: usize = 4 << 20;
