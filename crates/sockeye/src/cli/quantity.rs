//! Durations and sizes as people write them: `500ms`, `2s`, `1m`; `64k`, `1MiB`.

use std::time::Duration;

use crate::cli::words;
use crate::limits::DURATION_MAX;
use crate::wording::Wording;

const TIMES: &[(&str, u32)] = &[
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];
const SIZES: &[(&str, usize)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kib", 1 << 10),
    ("m", 1 << 20),
    ("mib", 1 << 20),
    ("g", 1 << 30),
];

/// Reads a duration; a number without a unit is seconds, and decimals are allowed.
pub(crate) fn duration(text: &str) -> Result<Duration, Wording> {
    let wrong = || Wording::from(words::WANTS_TIME);
    let (number, unit) = split(text);
    let unit = if unit.is_empty() { "s" } else { unit };
    let (_, milliseconds) = TIMES
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(wrong)?;
    if number.is_empty() || number.starts_with('.') || number.ends_with('.') {
        return Err(wrong());
    }
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = number * f64::from(*milliseconds) / 1_000.0;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= DURATION_MAX => Ok(duration),
        _ => Err(Wording::of(
            words::MORE_THAN,
            &[("most", &duration_text(DURATION_MAX))],
        )),
    }
}

/// Reads a duration that is not zero.
pub(crate) fn some_time(text: &str) -> Result<Duration, Wording> {
    match duration(text)? {
        Duration::ZERO => Err(words::MORE_THAN_NOTHING.into()),
        time => Ok(time),
    }
}

/// Reads a size in bytes; `k` and `KiB` are 1024, `m` and `MiB` 1024².
pub(crate) fn size(text: &str) -> Result<usize, Wording> {
    let wrong = || Wording::from(words::WANTS_SIZE);
    let (number, unit) = split(text);
    let unit = unit.to_ascii_lowercase();
    let (_, factor) = SIZES
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(wrong)?;
    let number: usize = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(*factor)
        .ok_or_else(|| words::UNCOUNTABLE.into())
}

fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    text.split_at(end)
}

/// A duration in the largest unit that says it exactly: `500ms`, `10s`, `365d`.
pub(crate) fn duration_text(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    for (name, factor) in TIMES.iter().rev() {
        let factor = u128::from(*factor);
        if milliseconds >= factor && milliseconds.is_multiple_of(factor) {
            return format!("{}{name}", milliseconds / factor);
        }
    }
    format!("{milliseconds}ms")
}

/// A size in the largest unit that says it exactly.
pub(crate) fn size_text(bytes: usize) -> String {
    for (unit, factor) in [("GiB", 1_usize << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes >= factor && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_unit() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("2s", 2_000),
            ("1m", 60_000),
            ("3", 3_000),
            ("1.5", 1_500),
        ] {
            assert_eq!(
                duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3_600)));
        assert_eq!(duration("365d"), Ok(DURATION_MAX));
    }

    #[test]
    fn what_is_no_time_is_refused_with_examples() {
        for text in [
            "", "s", "1x", "-1", "1e9", "nan", "inf", ".", "1.", ".5", "1 s", "１",
        ] {
            let error = duration(text).unwrap_err().english;
            assert!(error.contains("500ms"), "{text}: {error}");
        }
        assert_eq!(duration("366d").unwrap_err().english, "is more than 365d");
        assert_eq!(
            duration(&"9".repeat(400)).unwrap_err().spanish,
            "es más de 365d"
        );
        assert_eq!(some_time("0"), Err(words::MORE_THAN_NOTHING.into()));
    }

    #[test]
    fn sizes_are_powers_of_two() {
        for (text, bytes) in [
            ("4096", 4_096),
            ("64k", 65_536),
            ("64K", 65_536),
            ("1MiB", 1_048_576),
            ("2g", 2 << 30),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "k", "1.5k", "-1", "1kb2", "99999999999999999999"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert!(size("18446744073709551615k").is_err());
    }

    #[test]
    fn what_is_printed_is_read_back() {
        for milliseconds in [
            1, 500, 1_000, 1_500, 10_000, 60_000, 90_000, 120_000, 7_200_000, 86_400_000,
        ] {
            let time = Duration::from_millis(milliseconds);
            assert_eq!(duration(&duration_text(time)), Ok(time));
        }
        for bytes in [1, 1_023, 1_024, 1 << 20, (1 << 20) + 1] {
            assert_eq!(size(&size_text(bytes)), Ok(bytes));
        }
        assert_eq!(duration_text(Duration::from_secs(60)), "1m");
        assert_eq!(duration_text(Duration::from_secs(90)), "90s");
    }
}
