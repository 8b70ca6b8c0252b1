//! How a conversation over WebSocket fails beside what the kernel says; found again inside of an [`io::Error`].

use std::io;
use std::time::Duration;

use sockeye_model::Call;

use super::close::Close;
use super::violation::Violation;
use crate::error::Error;

/// A failure of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The other side broke a rule, or a limit of ours; it was told with a close.
    #[error("the other side sent {0}")]
    Violation(Violation),
    /// The other side closed with a code that says that something is wrong.
    #[error("the other side closed with {0}")]
    Closed(Close),
    /// The connection ended without a close.
    #[error("the connection ended without a close frame")]
    EndedEarly,
    /// No pong came, nor anything else.
    #[error("no pong within {0:?}")]
    NoPong(Duration),
    /// A message was to be sent as text and is none; nothing of it was sent.
    #[error("a message that is not UTF-8 can't be sent as text")]
    NotText,
    /// A line that was to be sent says no type.
    #[error("a line here is `text …` or `binary HEX`")]
    NotTyped,
    /// A message was to be sent after a close was.
    #[error("no message can be sent after the close")]
    AfterClose,
    /// An earlier message was given up half sent.
    #[error("an earlier message was left unfinished")]
    Unfinished,
}

impl Fault {
    /// What is inside of this error, if it is one of these.
    pub fn of(error: &Error) -> Option<&Self> {
        Self::in_io(&error.source)
    }

    /// The same for an error without its call.
    pub fn in_io(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Whether the message that was to be sent is at fault, and not the conversation.
    pub fn is_of_message(&self) -> bool {
        matches!(self, Self::NotText | Self::NotTyped)
    }

    pub(super) fn on(self, call: Call) -> Error {
        Error::new(call, io::Error::from(self))
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        let kind = match &fault {
            Fault::Violation(_) => io::ErrorKind::InvalidData,
            Fault::Closed(_) => io::ErrorKind::ConnectionAborted,
            Fault::EndedEarly => io::ErrorKind::UnexpectedEof,
            Fault::NoPong(_) => io::ErrorKind::TimedOut,
            Fault::NotText | Fault::NotTyped => io::ErrorKind::InvalidInput,
            Fault::AfterClose | Fault::Unfinished => io::ErrorKind::BrokenPipe,
        };
        Self::new(kind, fault)
    }
}
