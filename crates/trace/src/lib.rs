//! Another program's sockets (Linux): runs it under ptrace(2) behind seccomp(2) filters and gives the events our own sockets give.
//!
//! One thread traces, the one that calls [`Tracer::run`]: ptrace binds a tracee to the thread that started it. Nothing here
//! needs an event loop or a runtime. What a call means is decided by `world`, which asks the kernel nothing itself.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod made;
mod place;
mod sys;
mod tracee;
mod tracer;
mod world;

pub use place::Lacking;
pub use tracer::{Ended, Heard, Next, Options, StartError, Tracer};
