//! The body of a response: bytes, or a part of a file that never passes through this program.

use std::collections::VecDeque;
use std::fs::File;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use bytes::{Buf, Bytes};
use hyper::body::{Frame, SizeHint};

/// A stretch of a file. In the extensions of a response it stands for the whole body.
#[derive(Clone, Debug)]
pub struct FilePart {
    /// The file, open for reading.
    pub file: Arc<File>,
    /// Where the stretch begins.
    pub offset: u64,
    /// How long it is, bytes. If the file turns out to be shorter, the connection is cut.
    pub len: u64,
}

/// Several bodies after one another, in the extensions of a response: `multipart/byteranges`.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces(pub(super) VecDeque<Piece>);

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Bytes(Bytes),
    File(FilePart),
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(part) => part.len,
        }
    }
}

impl Pieces {
    pub(super) fn len(&self) -> u64 {
        self.0.iter().map(Piece::len).sum()
    }
}

/// The parts of files that the connection has been given and has not sent yet, in the order of the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts(Arc<Mutex<VecDeque<FilePart>>>);

impl Parts {
    fn push(&self, part: FilePart) {
        self.queue().push_back(part);
    }

    pub(super) fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<FilePart>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body as hyper is given it.
#[derive(Debug)]
pub(super) enum SiteBody {
    /// Whatever a route answers.
    Routed(Body),
    /// Bytes and parts of files.
    Pieces(Pieces, Parts),
}

impl HttpBody for SiteBody {
    type Data = Chunk;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Chunk>, axum::Error>>> {
        match self.get_mut() {
            Self::Routed(body) => {
                let frame = ready!(Pin::new(body).poll_frame(context));
                Poll::Ready(frame.map(|frame| Ok(frame?.map_data(Chunk::Bytes))))
            }
            Self::Pieces(pieces, parts) => Poll::Ready(loop {
                match pieces.0.pop_front() {
                    None => break None,
                    Some(piece) if piece.len() == 0 => {}
                    Some(Piece::Bytes(bytes)) => break Some(Ok(Frame::data(Chunk::Bytes(bytes)))),
                    Some(Piece::File(part)) => {
                        let chunk = Chunk::File { len: part.len };
                        parts.push(part);
                        break Some(Ok(Frame::data(chunk)));
                    }
                }
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Routed(body) => body.is_end_stream(),
            Self::Pieces(pieces, _) => pieces.len() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Routed(body) => body.size_hint(),
            Self::Pieces(pieces, _) => SizeHint::with_exact(pieces.len()),
        }
    }
}

/// What hyper queues between head and socket.
///
/// For a part of a file it holds a length alone. hyper asks for bytes to write, and is shown the
/// [stand-in](stand_in); the transport knows that by its place in memory, sends as much of the file instead, and says
/// how much. So hyper's own count of the body stays true, and no byte is copied.
#[derive(Debug)]
pub(super) enum Chunk {
    Bytes(Bytes),
    File { len: u64 },
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::File { len } => usize::try_from(*len).unwrap_or(usize::MAX),
        }
    }

    fn chunk(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::File { .. } => &stand_in()[..self.remaining().min(AT_ONCE)],
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Self::Bytes(bytes) => bytes.advance(count),
            Self::File { len } => *len -= count as u64,
        }
    }
}

/// Whether these bytes stand for a file's.
pub(super) fn stands_in(bytes: &IoSlice<'_>) -> bool {
    let stand_in = stand_in().as_ptr_range();
    stand_in.contains(&bytes.as_ptr())
}

/// Zeros that are never read: the kernel gives no memory for them.
fn stand_in() -> &'static [u8] {
    static STAND_IN: OnceLock<Vec<u8>> = OnceLock::new();
    STAND_IN.get_or_init(|| vec![0; AT_ONCE])
}

/// Most bytes of a file in one call.
const AT_ONCE: usize = 1 << 20;
