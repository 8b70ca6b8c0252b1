//! Base64 of [RFC 4648](https://www.rfc-editor.org/rfc/rfc4648#section-4), padded, both ways, at the speed of a relay.

/// Appends the base64 of `data`.
pub(crate) fn encode(out: &mut Vec<u8>, data: &[u8]) {
    let start = out.len();
    out.resize(start + data.len().div_ceil(3) * 4, b'=');
    let (groups, rest) = data.as_chunks::<6>();
    let mut text = out[start..].as_chunks_mut::<8>().0.iter_mut();
    for (group, text) in groups.iter().zip(&mut text) {
        let [a, b, c, d, e, f] = *group;
        let bits = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        // Twelve bits at a time: half the look-ups.
        for (index, pair) in text.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            *pair = PAIRS[(bits >> (36 - 12 * index)) as usize & 0xfff];
        }
    }
    let done = start + groups.len() * 8;
    for (group, text) in rest.chunks(3).zip(out[done..].chunks_mut(4)) {
        let mut padded = [0; 4];
        padded[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(padded);
        for (index, letter) in text.iter_mut().take(group.len() + 1).enumerate() {
            *letter = ALPHABET[(bits >> (18 - 6 * index)) as usize & 63];
        }
    }
}

/// The bytes behind `text`, or `None` if it is no base64 as [`encode`] writes it.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let (groups, []) = text.as_bytes().as_chunks::<4>() else {
        return None;
    };
    let mut data = Vec::with_capacity(groups.len() * 3);
    let Some((last, groups)) = groups.split_last() else {
        return Some(data);
    };
    for group in groups {
        let bits = value(*group)?;
        data.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    let kept = match last {
        [_, _, b'=', b'='] => 1,
        [_, _, _, b'='] => 2,
        _ => 3,
    };
    let mut filled = *last;
    filled[kept + 1..].fill(b'A');
    let bytes = value(filled)?.to_be_bytes();
    // Bits beyond the last byte have no meaning: only zero is written.
    if bytes[kept + 1..].iter().any(|&byte| byte != 0) {
        return None;
    }
    data.extend_from_slice(&bytes[1..=kept]);
    Some(data)
}

/// The 24 bits of four letters.
fn value(group: [u8; 4]) -> Option<u32> {
    let [a, b, c, d] = group.map(|letter| VALUES[usize::from(letter)]);
    if (a | b | c | d) & NO_LETTER != 0 {
        return None;
    }
    Some(u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The two letters of every twelve bits.
static PAIRS: [[u8; 2]; 4096] = {
    let mut table = [[0; 2]; 4096];
    let mut bits = 0;
    while bits < table.len() {
        table[bits] = [ALPHABET[bits >> 6], ALPHABET[bits & 63]];
        bits += 1;
    }
    table
};

const NO_LETTER: u8 = 0x80;

static VALUES: [u8; 256] = {
    let mut table = [NO_LETTER; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        table[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(data: &[u8]) -> String {
        let mut out = Vec::new();
        encode(&mut out, data);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_vectors_of_the_rfc_are_met() {
        // RFC 4648, section 10.
        for (data, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encoded(data.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(data.as_bytes()));
        }
    }

    #[test]
    fn every_length_and_every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).rev().collect();
        for length in 0..=all.len() {
            assert_eq!(
                decode(&encoded(&all[..length])).as_deref(),
                Some(&all[..length])
            );
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in [
            "Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Zg==Zg==", "Zm9*", "Z===", "é===",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
