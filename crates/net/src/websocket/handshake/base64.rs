//! Base 64, [RFC 4648, section 4](https://www.rfc-editor.org/rfc/rfc4648#section-4): what keys and passwords are sent in.

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(group);
        for index in 0..4 {
            if index <= chunk.len() {
                let six = bits >> (18 - 6 * index) & 0x3F;
                text.push(char::from(ALPHABET[six as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// Whether this is a key: 16 bytes, so 22 characters and `==`.
pub(super) fn is_key(text: &str) -> bool {
    let Some((bytes, b"==")) = text
        .as_bytes()
        .split_last_chunk::<2>()
        .map(|(a, b)| (a, &b[..]))
    else {
        return false;
    };
    // The last character has four bits over, which are 0.
    bytes.len() == 22
        && bytes.iter().all(|byte| ALPHABET.contains(byte))
        && matches!(bytes[21], b'A' | b'Q' | b'g' | b'w')
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
        assert_eq!(encode(&[0xFB, 0xFF]), "+/8=");
    }

    #[test]
    fn only_sixteen_bytes_are_a_key() {
        assert!(is_key(&encode(&[7; 16])));
        for text in [
            "",
            "==",
            &encode(&[7; 15]),
            &encode(&[7; 17]),
            &encode(&[7; 18]),
        ] {
            assert!(!is_key(text), "{text}");
        }
        assert!(!is_key("dGhlIHNhbXBsZSBub25jZR=="));
        assert!(!is_key("dGhlIHNhbXBsZSBub25j Q=="));
    }
}
