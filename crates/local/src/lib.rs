//! What this machine says about itself: who holds a port or a path, who is at the other end, names, limits.
//!
//! Everything comes from the kernel (sock_diag(7)) and from files that an ordinary user may read (`/proc`, `/etc/hosts`,
//! `/etc/services`), at the moment of the question and not before; nothing is cached and nothing is sent to anybody.
//! Names from other programs (process names, command lines, paths) are returned as they are: escape them before they
//! reach a terminal.
//!
//! ```
//! use sockeye_local::{Protocol, holders, service_port};
//!
//! let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! let port = listener.local_addr()?.port();
//! let held = holders(Protocol::Tcp, port)?;
//! assert_eq!(held[0].process().map(|process| process.pid), Some(std::process::id()));
//! assert_eq!(service_port("http", Protocol::Tcp), Some(80));
//! # Ok::<(), std::io::Error>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod descriptors;
mod holder;
mod hosts;
mod interfaces;
mod limits;
mod links;
mod nearby;
mod netlink;
mod owner;
mod peer;
mod proc_net;
mod process;
mod registry;
mod services;
mod sock_diag;
mod survey;
mod table;
mod unix_path;
mod unix_table;
mod users;

pub use holder::{Holder, holders, listeners, listeners_on};
pub use hosts::{Hosts, host_addresses};
pub use interfaces::{
    Interface, interface_index, interface_name, interfaces, is_this_machine, machine_addresses,
};
pub use limits::{Limits, limits};
pub use links::{Assigned, Link, Scope, links};
pub use nearby::{Neighbour, nearby};
pub use owner::{Opener, Owner};
pub use peer::{Peer, peer};
pub use process::{Process, process};
pub use registry::{
    Class, Registered, Transport, Transports, registered, registered_between, registered_names,
    registered_ports,
};
pub use services::{Services, customary_names, service_name, service_port};
pub use survey::{Kinds, Question, Survey, UnixEntry, survey};
pub use table::{Protocol, Source, State, TcpFigures};
pub use unix_path::{
    Doubt, FileId, FileKind, PathState, UnixHolder, abstract_holders, path_holders, path_state,
};
pub use unix_table::{UnixAddress, UnixKind, UnixSocket};
pub use users::user_name;
