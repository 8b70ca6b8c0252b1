//! System calls without a safe wrapper, each in a safe function: the only `unsafe` of this crate.
