//! What a peer may not do, and the close code that each is answered with.

use super::close::CloseCode;

/// A rule of [RFC 6455](https://www.rfc-editor.org/rfc/rfc6455) or [RFC 7692](https://www.rfc-editor.org/rfc/rfc7692)
/// that the peer broke, or a limit of ours that it went over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A reserved bit is set that no extension gives a meaning.
    #[error("a frame with reserved bits set")]
    ReservedBits,
    /// The opcode has no meaning.
    #[error("a frame with the reserved opcode {0}")]
    ReservedOpcode(u8),
    /// A control frame that is not whole.
    #[error("a fragmented control frame")]
    FragmentedControl,
    /// A control frame of more than 125 bytes.
    #[error("a control frame longer than 125 bytes")]
    LongControl,
    /// A length that would have fitted into fewer bytes.
    #[error("a length that is not in its shortest form")]
    LongLength,
    /// A length of 2^63 or more.
    #[error("a length of 2^63 or more")]
    HugeLength,
    /// A client's frame without a mask.
    #[error("a frame of a client that is not masked")]
    NotMasked,
    /// A server's frame with a mask.
    #[error("a frame of a server that is masked")]
    Masked,
    /// A continuation of no message.
    #[error("a continuation where no message was begun")]
    NothingToContinue,
    /// A new message inside another.
    #[error("a new message inside an unfinished one")]
    InsideMessage,
    /// A close frame of one byte: half a code.
    #[error("a close frame with half a code")]
    HalfCode,
    /// A close code that may not be sent.
    #[error("the close code {0}, which may not be sent")]
    BadCode(u16),
    /// Text, or the reason of a close, that is not UTF-8.
    #[error("text that is not UTF-8")]
    NotUtf8,
    /// A message over the limit.
    #[error("a message longer than {0} bytes")]
    TooLong(u64),
    /// A compressed message that can't be decompressed.
    #[error("a compressed message that is broken")]
    BadDeflate,
}

impl Violation {
    /// The code that the connection is closed with: section 7.4.1.
    pub const fn code(self) -> CloseCode {
        match self {
            Self::NotUtf8 | Self::BadDeflate => CloseCode::INVALID_DATA,
            Self::TooLong(_) => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}
