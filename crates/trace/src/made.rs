//! A system call of a traced thread, as it was entered and as it returned.

use sockeye_model::{Caller, Timestamp};

/// A call that a thread is about to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Who makes it.
    pub(crate) by: Caller,
    /// Its number, of the machine's own architecture.
    pub(crate) number: i64,
    /// Its arguments.
    pub(crate) arguments: [u64; 6],
    /// When it was entered.
    pub(crate) at: Timestamp,
}

/// A call that has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// How it was entered.
    pub(crate) entry: Entry,
    /// What it returned: -1 to -4095 are error numbers.
    pub(crate) returned: i64,
    /// When.
    pub(crate) at: Timestamp,
}

/// What the tracer does with a call that was just entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attend {
    /// Nothing more: the thread goes on, and does not stop when the call returns.
    No,
    /// The thread stops again when the call returns.
    Return,
    /// The same, and `MSG_TRUNC` is added to the flags, argument `argument`: the kernel then returns how long the message was,
    /// even where it had to be cut. The tracer puts the argument back, and gives the program what it would have got.
    ReturnWithLength {
        /// Which argument has the flags.
        argument: usize,
        /// The room the program gave: the most it is told.
        room: u64,
    },
}
