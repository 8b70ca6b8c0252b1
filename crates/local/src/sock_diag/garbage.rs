//! What the parsers of answers do with bytes that no kernel sends: tests alone.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{inet, unix};
use crate::netlink::attributes;
use crate::table::Protocol;

proptest! {
    #[test]
    fn bytes_of_any_kind_are_a_row_or_none(mut bytes in vec(any::<u8>(), 0..300), family in any::<bool>()) {
        if let Some(first) = bytes.first_mut() {
            // AF_INET or AF_INET6, so that more than the first byte is looked at.
            *first = if family { 2 } else { 10 };
        }
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let row = inet::parse(protocol, &bytes);
            prop_assert!(row.is_none() || bytes.len() >= 72);
        }
        let row = unix::parse(&bytes);
        prop_assert!(row.is_none() || bytes.len() >= 16);
    }

    #[test]
    fn attributes_lie_within_the_bytes(bytes in vec(any::<u8>(), 0..100)) {
        let all: usize = attributes(&bytes).map(|(_, value)| value.len() + 4).sum();
        prop_assert!(all <= bytes.len());
    }
}
