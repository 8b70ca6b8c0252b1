//! Lines of real programs, each stopped at its call. The programs say themselves which line they are at, in what they send.

mod halted;
mod native;
mod python;
mod spoilt;
