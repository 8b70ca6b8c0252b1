//! Daytime, [RFC 867](https://www.rfc-editor.org/rfc/rfc867): the date and time in words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::say_once;
use crate::visitor::Visitor;
use sockeye_net::server::Ended;

/// "Once a connection is established the current date and time is sent out the connection as an ASCII character string
/// (and any data received is thrown away). The service closes the connection after sending the quote."
pub(crate) async fn converse(visitor: Visitor) -> Ended {
    let text = text(SystemTime::now());
    say_once(visitor, text.as_bytes()).await
}

/// `Sunday, November 22, 2026 10:26:01 UTC` and CR LF: the first of the two forms that the RFC suggests, always in
/// English and UTC.
///
/// "There is no specific syntax for the daytime. It is recommended that it be limited to the ASCII printing
/// characters, space, carriage return, and line feed. The daytime should be just one line."
pub(crate) fn text(now: SystemTime) -> String {
    let seconds = now
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    let (days, second) = (seconds / DAY, seconds % DAY);
    let (year, month, day) = date(days);
    // 1 January 1970 was a Thursday.
    let weekday = WEEKDAYS[usize::try_from((days + 4) % 7).unwrap_or(0)];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let month = MONTHS[month].0;
    format!("{weekday}, {month} {day}, {year} {hour:02}:{minute:02}:{second:02} UTC\r\n")
}

/// Year, month from 0 and day from 1 of a number of days since 1 January 1970.
pub(crate) fn date(mut days: u64) -> (u64, usize, u64) {
    let mut year = 1970;
    // Every 400 years the calendar repeats.
    year += days / DAYS_IN_400_YEARS * 400;
    days %= DAYS_IN_400_YEARS;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    for (month, (_, length)) in MONTHS.iter().enumerate() {
        let length = length + u64::from(month == 1 && is_leap(year));
        if days < length {
            return (year, month, days + 1);
        }
        days -= length;
    }
    (year, 11, 31)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

const DAY: u64 = 86_400;
const DAYS_IN_400_YEARS: u64 = 400 * 365 + 97;
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
/// The months and their days in a common year.
const MONTHS: [(&str, u64); 12] = [
    ("January", 31),
    ("February", 28),
    ("March", 31),
    ("April", 30),
    ("May", 31),
    ("June", 30),
    ("July", 31),
    ("August", 31),
    ("September", 30),
    ("October", 31),
    ("November", 30),
    ("December", 31),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_across_leap_years_and_centuries() {
        for (seconds, words) in [
            (0, "Thursday, January 1, 1970 00:00:00 UTC\r\n"),
            (951_782_400, "Tuesday, February 29, 2000 00:00:00 UTC\r\n"),
            (951_868_799, "Tuesday, February 29, 2000 23:59:59 UTC\r\n"),
            (
                1_772_323_199,
                "Saturday, February 28, 2026 23:59:59 UTC\r\n",
            ),
            (1_772_323_200, "Sunday, March 1, 2026 00:00:00 UTC\r\n"),
            (1_795_343_161, "Sunday, November 22, 2026 10:26:01 UTC\r\n"),
            (4_107_542_399, "Sunday, February 28, 2100 23:59:59 UTC\r\n"),
            (4_107_542_400, "Monday, March 1, 2100 00:00:00 UTC\r\n"),
            (
                13_574_563_200,
                "Tuesday, February 29, 2400 00:00:00 UTC\r\n",
            ),
        ] {
            assert_eq!(
                text(UNIX_EPOCH + Duration::from_secs(seconds)),
                words,
                "{seconds}"
            );
        }
    }
}
