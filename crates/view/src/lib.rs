//! The views: folds of the stream of events that write to the `io::Write` they are given, and read no clock.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod catalogue;
mod correct;
mod diagram;
mod explain;
pub mod finding;
pub mod hex;
mod html;
mod layout;
mod mermaid;
pub mod pages;
pub mod record;
pub mod replay;
mod story;
mod sums;
mod table;
mod telling;

pub use correct::{CorrectOptions, Found, what_to_correct};
pub use diagram::{Columns, Diagram, DiagramOptions};
pub use explain::{Explain, ExplainOptions, Form, Reasons};
pub use hex::{Hex, HexOptions};
pub use html::{Html, HtmlOptions, PAGE_EVENTS};
pub use layout::wrap;
pub use mermaid::{Mermaid, MermaidOptions};
pub use record::{Header, Record};
pub use replay::{Replay, ReplayError};
pub use sockeye_model::{escape, texts};
pub use story::{ALL_BYTES as PAGE_BYTES, SHOWN_BYTES as PAGE_CALL_BYTES};
pub use sums::Sums;
pub use table::{Align, Table};
