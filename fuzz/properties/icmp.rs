//! What holds for any bytes that may be an ICMP message; the fuzz target and the ordinary tests both check it.

use sockeye_net::icmp::{Echo, Header, Message, Version, checksum, read, write_request};

/// Panics if what is made of `bytes` is not in them, or is not said in one printable line.
pub(crate) fn check(bytes: &[u8]) {
    for version in [Version::V4, Version::V6] {
        check_as(version, bytes);
        if version == Version::V4 && bytes.len() >= 4 {
            // With its checksum put right, so that more than one in 65,536 gets further.
            let mut right = bytes.to_vec();
            right[2..4].fill(0);
            let sum = checksum(&right).to_be_bytes();
            right[2..4].copy_from_slice(&sum);
            assert!(read(version, &right).is_ok() || right.len() < 8);
            check_as(version, &right);
        }
        if let Some(header) = Header::read(version, bytes) {
            assert!(header.len <= bytes.len() && header.len >= 20);
        }
    }
}

fn check_as(version: Version, bytes: &[u8]) {
    let message = match read(version, bytes) {
        Ok(message) => message,
        Err(why) => {
            assert!(bytes.len() < 8 || checksum(bytes) != 0, "{why}");
            return;
        }
    };
    let said = message.to_string();
    assert!(
        said.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
        "{said}"
    );
    match message {
        Message::EchoRequest(echo) => {
            assert_eq!(echo.data, &bytes[8..]);
            let written = write_request(version, &echo);
            assert_eq!(read(version, &written), Ok(message));
            assert_eq!(written[4..], bytes[4..]);
        }
        Message::EchoReply(Echo { data, .. }) => assert_eq!(data, &bytes[8..]),
        Message::Error { about, .. } => {
            if let Some(original) = about {
                assert_eq!(
                    original.header.len + original.payload.len(),
                    bytes.len() - 8
                );
                assert!(original.request().is_none() || original.payload.len() >= 8);
                assert!(original.ports().is_none() || original.request().is_none());
            }
        }
        Message::Other { kind, code } => assert_eq!([kind, code], bytes[..2]),
    }
}
