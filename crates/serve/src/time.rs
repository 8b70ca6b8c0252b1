//! Time, [RFC 868](https://www.rfc-editor.org/rfc/rfc868): the seconds since 1900 as a number of 4 bytes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::say_once;
use crate::visitor::Visitor;
use sockeye_net::server::Ended;

/// "S: Send the time as a 32 bit binary number. U: Receive the time. U: Close the connection. S: Close the connection."
pub(crate) async fn converse(visitor: Visitor) -> Ended {
    let seconds = seconds(SystemTime::now());
    say_once(visitor, &seconds).await
}

/// "The time is the number of seconds since 00:00 (midnight) 1 January 1900 GMT", the highest byte first.
///
/// "The base will serve until the year 2036": on 7 February, at 06:28:16, it begins at 0 again, as the RFC has it.
pub(crate) fn seconds(now: SystemTime) -> [u8; 4] {
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let since_1900 = since_1970.as_secs().wrapping_add(FROM_1900_TO_1970);
    // The low 32 bits.
    (since_1900 as u32).to_be_bytes()
}

/// "the time 2,208,988,800 corresponds to 00:00 1 Jan 1970 GMT"
const FROM_1900_TO_1970: u64 = 2_208_988_800;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_own_examples_come_out() {
        // RFC 868: "the time 1 is 12:00:01 am on 1 January 1900 GMT; such that … 2,629,584,000 corresponds to
        // 00:00 1 May 1983 GMT".
        let may_1983 = UNIX_EPOCH + Duration::from_secs(420_595_200);
        assert_eq!(seconds(UNIX_EPOCH), 2_208_988_800_u32.to_be_bytes());
        assert_eq!(seconds(may_1983), 2_629_584_000_u32.to_be_bytes());
    }

    #[test]
    fn the_number_begins_again_in_2036() {
        let last = UNIX_EPOCH + Duration::from_secs((1 << 32) - FROM_1900_TO_1970 - 1);
        assert_eq!(seconds(last), [255; 4]);
        assert_eq!(seconds(last + Duration::from_secs(1)), [0; 4]);
    }
}
