//! Reading a message, unless its names are made to cost more than they are worth.

use hickory_proto::op::Message;

/// Bytes that are no message of DNS, or none that is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It breaks the format (RFC 1035 section 4.1).
    #[error("{0}")]
    Malformed(String),
    /// A name in it may go over more pointers than names have use for (RFC 1035 section 4.1.4).
    #[error("a pointer to a pointer to a pointer, without end")]
    Pointers,
}

/// Reads a message (RFC 1035 section 4.1).
///
/// A pointer stands for a name that was there before, and that name may end in a pointer. Whoever compresses names has
/// no use for a pointer to a bare pointer; 65,535 bytes of them, with thousands of names that begin at the last, take
/// seconds to read. Such a message is not read.
///
/// # Errors
/// [`Unreadable`], when there is nothing to be read.
pub fn read_message(bytes: &[u8]) -> Result<Message, Unreadable> {
    if has_long_rows(bytes) {
        return Err(Unreadable::Pointers);
    }
    Message::from_vec(bytes).map_err(|error| Unreadable::Malformed(error.to_string()))
}

/// Whether there is a row of more than [`MOST_IN_A_ROW`] pointers, each to the one before it. What looks like a pointer
/// may be other data; that such data look like a row of them does not happen by chance.
fn has_long_rows(bytes: &[u8]) -> bool {
    // How long the row is that begins at each place a pointer can lead to: it has 14 bits.
    let reach = bytes.len().min(1 << 14);
    let mut rows = vec![0_u8; reach];
    for at in 0..bytes.len().saturating_sub(1) {
        let pair = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        if pair < 0xc000 {
            continue;
        }
        let target = usize::from(pair & 0x3fff);
        // A name can only point back.
        if target >= at.min(reach) {
            continue;
        }
        let row = rows[target] + 1;
        if row > MOST_IN_A_ROW {
            return true;
        }
        if at < reach {
            rows[at] = row;
        }
    }
    false
}

/// Pointers that may follow each other with no label between them. One is what name servers write; 65,535 random bytes
/// may seem to have rows of five or six.
const MOST_IN_A_ROW: u8 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    /// A response with one record whose owner is reached over `pointers` pointers.
    fn over(pointers: u8) -> Vec<u8> {
        let mut bytes = vec![0, 1, 0x80, 0, 0, 1, 0, 2, 0, 0, 0, 0];
        bytes.extend(b"\x03www\x04test\0\0\x01\0\x01");
        // TYPE65280, with pointers as its data: to the question, and each to the one before.
        bytes.extend([0, 0xff, 0, 0, 1, 0, 0, 0, 60, 0, 2 * (pointers - 1)]);
        let mut target = 12;
        for _ in 1..pointers {
            let here = bytes.len() as u8;
            bytes.extend([0xc0, target]);
            target = here;
        }
        bytes.extend([0xc0, target, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
        bytes
    }

    #[test]
    fn a_few_pointers_in_a_row_are_followed_and_more_are_not() {
        for pointers in [2, 12] {
            let message = read_message(&over(pointers)).unwrap();
            assert_eq!(message.answers[1].name, message.queries[0].name);
        }
        for pointers in [13, 100] {
            assert_eq!(read_message(&over(pointers)), Err(Unreadable::Pointers));
        }
    }

    #[test]
    fn what_only_looks_like_pointers_is_data() {
        // Signatures and addresses are any bytes.
        let mut state = 1_u32;
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(65_535)
        .collect();
        assert!(!has_long_rows(&bytes));
        assert!(!has_long_rows(&[0xff; 65_535]));
        assert!(!has_long_rows(&[]) && !has_long_rows(&[0xc0]));
    }
}
