//! UTF-8 that comes in pieces, refused at the first byte that can't be right.

use super::violation::Violation;

/// Checks text piece by piece. A character may be cut between two of them.
#[derive(Clone, Debug, Default)]
pub struct Utf8 {
    /// The beginning of a character.
    begun: [u8; 4],
    len: usize,
}

impl Utf8 {
    /// Takes the next piece.
    ///
    /// # Errors
    /// As soon as no further byte could make it right.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), Violation> {
        while self.len > 0 {
            let Some((&byte, rest)) = piece.split_first() else {
                return Ok(());
            };
            piece = rest;
            self.begun[self.len] = byte;
            self.len += 1;
            match str::from_utf8(&self.begun[..self.len]) {
                Ok(_) => self.len = 0,
                // The first byte says how many follow, so the fourth always decides.
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(Violation::NotUtf8),
            }
        }
        if let Err(error) = str::from_utf8(piece) {
            if error.error_len().is_some() {
                return Err(Violation::NotUtf8);
            }
            let tail = &piece[error.valid_up_to()..];
            self.begun[..tail.len()].copy_from_slice(tail);
            self.len = tail.len();
        }
        Ok(())
    }

    /// The text has ended, and the next begins.
    ///
    /// # Errors
    /// Where it ended inside a character.
    pub fn finish(&mut self) -> Result<(), Violation> {
        match std::mem::take(&mut self.len) {
            0 => Ok(()),
            _ => Err(Violation::NotUtf8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The first byte after which nothing can make `bytes` right, by trying each.
    fn first_wrong(bytes: &[u8]) -> Option<usize> {
        let mut utf8 = Utf8::default();
        (0..bytes.len()).find(|at| utf8.push(&bytes[*at..=*at]).is_err())
    }

    #[test]
    fn wrong_text_is_refused_at_the_byte_that_makes_it_wrong() {
        for (bytes, at) in [
            (&b"caf\xc3\xa9"[..], None),
            (b"ab\xff", Some(2)),
            (b"\xf4\x90\x80\x80", Some(1)),
            (b"\xf4\x8f\xbf\xbf", None),
            (b"\xed\xa0\x80", Some(1)),
            (b"\xc0\xaf", Some(0)),
            (b"\xe0\x80\x80", Some(1)),
            (b"\xf0\x80", Some(1)),
            (b"\xf8", Some(0)),
            (b"\xe2\x82a", Some(2)),
        ] {
            assert_eq!(first_wrong(bytes), at, "{bytes:02x?}");
        }
    }

    #[test]
    fn a_text_that_ends_inside_a_character_is_none() {
        let mut utf8 = Utf8::default();
        utf8.push(b"\xe2\x82").unwrap();
        assert_eq!(utf8.finish(), Err(Violation::NotUtf8));
    }

    proptest! {
        #[test]
        fn however_text_is_cut_the_answer_is_that_of_the_whole(
            bytes in prop_oneof![
                any::<Vec<u8>>(),
                ".*".prop_map(String::into_bytes),
                prop::collection::vec(prop::sample::select(
                    vec![b'a', 0x80, 0x8f, 0x90, 0xa0, 0xbf, 0xc3, 0xe0, 0xed, 0xef, 0xf0, 0xf4]), 0..8),
            ],
            cuts in prop::collection::vec(1..5_usize, 0..40),
        ) {
            let mut utf8 = Utf8::default();
            let mut rest = &bytes[..];
            let mut checked = Ok(());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                checked = checked.and_then(|()| utf8.push(piece));
                rest = after;
            }
            let checked = checked.and_then(|()| utf8.push(rest)).and_then(|()| utf8.finish());
            prop_assert_eq!(checked.is_ok(), str::from_utf8(&bytes).is_ok());
        }
    }
}
