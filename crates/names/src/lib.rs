//! DNS: what a name leads to, who says so, and how the answer is found.
//!
//! Messages are read and written by hickory; the sockets they travel over are sockeye's own, so every question is
//! told to the views call by call. [`Exchange`] puts one question to one server, over UDP and, where the answer does
//! not fit, over TCP.
//!
//! ```no_run
//! use sockeye_names::{Exchange, Question, Server};
//! # async fn asked() -> Result<(), Box<dyn std::error::Error>> {
//! let server: Server = "127.0.0.1:7053".parse()?;
//! let question = Question::new("example.org.".parse()?, "A".parse()?);
//! let reply = Exchange::default().ask(server, &question).await?;
//! for record in &reply.message.answers {
//!     println!("{}", sockeye_names::record_text(record));
//! }
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answer;
mod chain;
mod compare;
mod exchange;
mod meaning;
mod message;
mod name;
mod presentation;
mod question;
mod record_type;
mod server;
mod stub;
mod together;
pub mod walk;

pub use answer::{Answer, ExtendedError, Verdict, rcode_name};
pub use chain::{Chain, dname_target};
pub use compare::Said;
pub use exchange::{Exchange, NoReply, Reply, Transport, Trust, UDP_PAYLOAD};
pub use hickory_proto::op::{Message, ResponseCode};
pub use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
pub use meaning::{meaning, meaning_note, tell_meaning};
pub use message::{Unreadable, read_message};
pub use name::{NotAName, in_its_script, read_name};
pub use presentation::{data_bytes, data_text, name_text, record_text};
pub use question::Question;
pub use record_type::{TYPES, USUAL, type_name, type_named};
pub use server::{NotAServer, Server};
pub use stub::{
    Asked, Files, Found, Order, ResolvConf, Service, Step, Stub, Told, Wanted, candidates,
};
