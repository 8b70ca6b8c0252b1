//! Figures as each language writes them: times with a decimal point or comma, counts in groups of three.

use std::time::Duration;

use sockeye_model::Timestamp;

use super::Language;

/// A span of time in the unit that suits it: `0.004 ms`, `0.11 ms`, `2.3 ms`, `890 ms`, `4.2 s`, `75 s`.
pub fn duration(span: Duration, language: Language) -> String {
    let milliseconds = span.as_secs_f64() * 1_000.0;
    let seconds = span.as_secs_f64();
    let text = if milliseconds < 0.0095 {
        format!("{milliseconds:.3} ms")
    } else if milliseconds < 0.995 {
        format!("{milliseconds:.2} ms")
    } else if milliseconds < 9.95 {
        format!("{milliseconds:.1} ms")
    } else if milliseconds < 999.5 {
        format!("{milliseconds:.0} ms")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        return format!("{} s", count(seconds.round() as u64, language));
    };
    with_decimals(text, language)
}

/// A moment as seconds with three decimals: `0.004`, `12,300`.
pub fn seconds(moment: Timestamp, language: Language) -> String {
    let milliseconds = moment.as_nanos() / 1_000_000;
    let text = format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000);
    with_decimals(text, language)
}

/// A count; from 10,000 on in groups of three.
pub fn count(number: u64, language: Language) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let separator = match language {
        Language::English => ',',
        Language::Spanish => '.',
    };
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of bytes, exact: `5 B`, `20,000,000 B`.
pub fn bytes(number: u64, language: Language) -> String {
    format!("{} B", count(number, language))
}

fn with_decimals(text: String, language: Language) -> String {
    match language {
        Language::English => text,
        Language::Spanish => text.replacen('.', ",", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{English, Spanish};

    #[test]
    fn a_time_has_the_unit_that_suits_it() {
        for (nanos, english, spanish) in [
            (0, "0.000 ms", "0,000 ms"),
            (4_000, "0.004 ms", "0,004 ms"),
            (110_000, "0.11 ms", "0,11 ms"),
            (2_345_000, "2.3 ms", "2,3 ms"),
            (890_400_000, "890 ms", "890 ms"),
            (999_900_000, "1.0 s", "1,0 s"),
            (59_990_000_000, "60 s", "60 s"),
            (12_345_000_000_000, "12,345 s", "12.345 s"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanos), English), english);
            assert_eq!(duration(Duration::from_nanos(nanos), Spanish), spanish);
        }
    }

    #[test]
    fn a_moment_is_seconds_with_three_decimals() {
        assert_eq!(
            seconds(Timestamp::from_nanos(12_300_999_999), Spanish),
            "12,300"
        );
        assert_eq!(seconds(Timestamp::START, English), "0.000");
    }

    #[test]
    fn a_large_count_is_grouped() {
        assert_eq!(count(9_999, English), "9999");
        assert_eq!(bytes(20_000_000, English), "20,000,000 B");
        assert_eq!(bytes(65_507, Spanish), "65.507 B");
        assert_eq!(count(u64::MAX, English), "18,446,744,073,709,551,615");
    }
}
