//! WebSocket, [RFC 6455](https://www.rfc-editor.org/rfc/rfc6455), with permessage-deflate ([RFC 7692](https://www.rfc-editor.org/rfc/rfc7692)): messages over a stream.
//!
//! The protocol is code without IO and without a clock: [`Inbound`] takes frames apart, [`frames`] makes them, the
//! handshake is read and answered as values.

mod assembly;
mod close;
mod compression;
mod extension;
mod fault;
mod frame;
pub mod handshake;
mod inbound;
mod marking;
mod mask;
mod open;
mod outbound;
mod reader;
pub(crate) mod setup;
mod socket;
mod utf8;
mod violation;
mod writer;

pub use close::{Close, CloseCode};
pub use extension::Deflate;
pub use fault::Fault;
pub use frame::{Header, Opcode};
pub use inbound::{Inbound, Step};
pub use marking::Marking;
pub use open::{NotOpened, answer, ask, tell_upgraded};
pub use outbound::{FRAGMENT, frames};
pub use setup::BadFile;
pub use socket::{Event, Keeping, MAX_MESSAGE, WebSocket};
pub use utf8::Utf8;
pub use violation::Violation;

/// What a message is: text, which is UTF-8, or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

/// Which side of a conversation this one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It asked for the conversation, and masks what it sends.
    Client,
    /// It was asked.
    Server,
}

/// Unpredictable bytes, from the generator of the TLS library.
fn random(bytes: &mut [u8]) {
    if aws_lc_rs::rand::fill(bytes).is_err() {
        // It never fails where the kernel has getrandom(2); a mask that can be guessed would be a lie.
        unreachable!("the generator of random bytes has failed");
    }
}
