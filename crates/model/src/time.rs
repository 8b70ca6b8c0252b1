//! A moment on the one clock of a session: monotonic nanoseconds since it began.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment, in nanoseconds since the session began.
///
/// The clock behind it is monotonic (`CLOCK_MONOTONIC`,
/// [clock_gettime(2)](https://man7.org/linux/man-pages/man2/clock_gettime.2.html)), so a change of the
/// system's date never moves an event. The wall-clock time of the session's start is kept apart, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment the session began.
    pub const START: Self = Self(0);

    /// The moment `nanoseconds` after the start; 584 years fit.
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time since the session began.
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The time from `earlier` to this moment, zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, later: Duration) -> Self {
        let nanos = u64::try_from(later.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, earlier: Duration) -> Self {
        let nanos = u64::try_from(earlier.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(nanos))
    }
}

impl fmt::Display for Timestamp {
    /// Seconds with six decimals: `1.000042`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:06}",
            self.0 / 1_000_000_000,
            self.0 % 1_000_000_000 / 1_000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_as_seconds_and_microseconds() {
        assert_eq!(Timestamp::from_nanos(1_000_042_999).to_string(), "1.000042");
    }

    #[test]
    fn an_earlier_moment_is_never_a_negative_distance_away() {
        assert_eq!(
            Timestamp::START.since(Timestamp::from_nanos(5)),
            Duration::ZERO
        );
    }
}
