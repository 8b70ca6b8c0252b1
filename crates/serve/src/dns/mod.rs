//! DNS: zone files, served by the rules of RFC 1034 and its successors.
//!
//! Names, records and messages are hickory's ([`hickory_proto`]). Master files and the answering are here: its own
//! reader has no line numbers, and its in-memory zones let a wildcard cover names that exist.

mod answer;
mod cache;
mod data;
mod error;
mod internet;
mod master;
mod name;
mod reply;
mod serve;
mod text;
mod zone;

pub use error::{Reason, ZoneError};
pub use internet::{PRACTICE_INTERNET, PracticeServer};
pub use reply::{Responder, Transport};
pub use serve::IDLE;
pub use sockeye_names::UDP_PAYLOAD;
pub use zone::{Zone, Zones};

pub(crate) use serve::{answer_all, converse};
