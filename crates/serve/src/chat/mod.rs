//! Chat: members in rooms, who write lines from a terminal or JSON from a program, over any kind of socket.
//!
//! [`Hall`] is the chat as a machine without IO; [`Chat`] is one that runs, with a [`Seat`] for each member; the rooms stand
//! behind a [`Bus`]. Both forms of what is sent are described in `docs/chat.md`.

mod ask;
mod bus;
mod hall;
mod limits;
mod lines;
mod member;
mod messages;
mod name;
mod problem;
mod room;
mod seat;
mod serve;
mod stream;
mod told;
mod words;

pub use ask::Ask;
pub use bus::{Bus, InProcess, Post, What, Why};
pub use hall::{Counts, Entrance, Hall, LOBBY, Moment};
pub use limits::{ChatLimits, NAME_CHARACTERS};
pub use lines::{Found, Lines};
pub use member::Taken;
pub use name::{BadName, check_name};
pub use problem::Problem;
pub use seat::{Chat, Seat};
pub use serve::converse_link;
pub(crate) use serve::{answer_all, converse, session_limits};
pub use told::{Frame, Tongue};

/// The port of `serve chat`.
pub const PORT: u16 = 7094;

/// The WebSocket subprotocol of those who speak in JSON objects; without it they speak in lines.
pub const JSON_SUBPROTOCOL: &str = "sockeye-chat-json";
