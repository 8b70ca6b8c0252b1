//! The header field `Range`: which parts of a file are wanted. [RFC 9110, section 14](https://www.rfc-editor.org/rfc/rfc9110#section-14).

/// What a `Range` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The file as a whole: the field is of another unit, is malformed, or asks for more than it is worth.
    Whole,
    /// These stretches, each its first byte and its length, all within the file.
    Parts(Vec<(u64, u64)>),
    /// Nothing that the file has.
    Nothing,
}

/// Reads the field's value for a file of `len` bytes.
///
/// "A server MAY ignore the Range header field"; "many small ranges" and overlapping ones are a way to make a server
/// work (section 14.2), so a list is followed only while it asks for no more than the file.
pub(super) fn asked(value: &str, len: u64) -> Asked {
    let Some((unit, set)) = value.split_once('=') else {
        return Asked::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Asked::Whole;
    }
    let mut parts = Vec::new();
    let mut count = 0;
    for one in set.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        count += 1;
        match part(one, len) {
            None => return Asked::Whole,
            Some(Some(part)) => parts.push(part),
            Some(None) => {}
        }
    }
    let total = parts
        .iter()
        .fold(0_u64, |total, (_, len)| total.saturating_add(*len));
    match parts.len() {
        _ if count == 0 || count > MOST || total > len => Asked::Whole,
        0 => Asked::Nothing,
        _ => Asked::Parts(parts),
    }
}

/// One of them; `None` where it is malformed, `Some(None)` where the file has nothing of it.
fn part(text: &str, len: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // Whatever is too large for a number is beyond any file.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    if first.is_empty() {
        let suffix = number(last)?.min(len);
        return Some((suffix > 0).then(|| (len - suffix, suffix)));
    }
    let first: u64 = number(first)?;
    let last = if last.is_empty() {
        u64::MAX
    } else {
        number(last)?
    };
    if last < first {
        return None;
    }
    Some((first < len).then(|| (first, last.min(len - 1) - first + 1)))
}

/// More ranges than this in one request are not followed.
pub const MOST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_has_them() {
        let parts = |parts: &[(u64, u64)]| Asked::Parts(parts.to_vec());
        for (value, len, meant) in [
            ("bytes=0-0", 10, parts(&[(0, 1)])),
            ("bytes=2-", 10, parts(&[(2, 8)])),
            ("bytes=-3", 10, parts(&[(7, 3)])),
            ("bytes=-30", 10, parts(&[(0, 10)])),
            ("bytes=5-100", 10, parts(&[(5, 5)])),
            ("BYTES = 0-1 , 8-9", 10, parts(&[(0, 2), (8, 2)])),
            ("bytes=0-1,20-30", 10, parts(&[(0, 2)])),
            ("bytes=9-99999999999999999999999", 10, parts(&[(9, 1)])),
            ("bytes=10-", 10, Asked::Nothing),
            ("bytes=-0", 10, Asked::Nothing),
            ("bytes=0-", 0, Asked::Nothing),
            ("bytes=3-1", 10, Asked::Whole),
            ("bytes=a-b", 10, Asked::Whole),
            ("bytes=", 10, Asked::Whole),
            ("bytes=+1-2", 10, Asked::Whole),
            ("lines=0-1", 10, Asked::Whole),
            ("bytes", 10, Asked::Whole),
        ] {
            assert_eq!(asked(value, len), meant, "{value} of {len}");
        }
    }

    #[test]
    fn a_list_that_asks_for_more_than_the_file_gets_the_file() {
        assert_eq!(asked("bytes=0-9,0-9", 10), Asked::Whole);
        let many = vec!["0-0"; MOST + 1].join(",");
        assert_eq!(asked(&format!("bytes={many}"), 1000), Asked::Whole);
    }
}
