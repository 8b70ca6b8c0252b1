//! From an address to open sockets: [`dial`] for a client, [`listen`] for a server.

mod dial;
mod error;
mod inet;
mod listen;
mod listener;
mod options;
mod race;
mod setup;
mod unix_path;

pub use dial::{Dialed, Dialing, dial};
pub use error::{NameError, OpenError, Unusable};
pub use listen::{Listening, listen};
pub use listener::{Listener, Reach};
pub use unix_path::BoundPath;
