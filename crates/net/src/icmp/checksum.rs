//! The Internet checksum: [RFC 1071](https://www.rfc-editor.org/rfc/rfc1071).

/// The ones' complement of the ones' complement sum of all 16-bit words; an odd last byte is the high one of its word.
///
/// Over bytes that hold their own right checksum it is 0.
///
/// ```
/// use sockeye_net::icmp::checksum;
/// // An echo request with id 1, sequence 1 and no data.
/// assert_eq!(checksum(&[8, 0, 0, 0, 0, 1, 0, 1]), 0xf7fd);
/// assert_eq!(checksum(&[8, 0, 0xf7, 0xfd, 0, 1, 0, 1]), 0);
/// ```
pub fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u64 = 0;
    for word in bytes.chunks(2) {
        let low = word.get(1).copied().unwrap_or(0);
        sum += u64::from(u16::from_be_bytes([word[0], low]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
