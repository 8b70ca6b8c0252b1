//! System calls without a safe wrapper, each in a safe function: the only `unsafe` of this crate.
#![expect(
    unsafe_code,
    reason = "ptrace, wait with its flags, fork with a filter and pidfd_getfd have no safe wrapper that takes every signal"
)]

pub(crate) mod descriptor;
pub(crate) mod fork;
pub(crate) mod memory;
pub(crate) mod ptrace;
pub(crate) mod registers;
pub(crate) mod signals;
pub(crate) mod wait;
