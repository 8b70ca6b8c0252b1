//! Masking: each byte of a client's payload is XORed with four, in turn; eight at a time, and the compiler makes more.

/// The mask of one frame, and how far its payload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mask {
    /// As it applies to the next byte.
    key: [u8; 4],
}

impl Mask {
    pub(crate) const fn new(key: [u8; 4]) -> Self {
        Self { key }
    }

    /// Masks or unmasks `bytes`, and goes on behind them.
    pub(crate) fn apply(&mut self, bytes: &mut [u8]) {
        let word = self.word();
        let (words, tail) = bytes.as_chunks_mut::<8>();
        for chunk in words {
            *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
        }
        for (byte, key) in tail.iter_mut().zip(self.key.iter().cycle()) {
            *byte ^= key;
        }
        self.advance(bytes.len());
    }

    /// The same into another place, as long as `from`.
    pub(crate) fn apply_to(&mut self, from: &[u8], into: &mut [u8]) {
        let word = self.word();
        let (words, tail) = from.as_chunks::<8>();
        let (into_words, into_tail) = into.as_chunks_mut::<8>();
        for (chunk, into) in words.iter().zip(into_words) {
            *into = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
        }
        let keys = self.key.iter().cycle();
        for ((byte, into), key) in tail.iter().zip(into_tail).zip(keys) {
            *into = byte ^ key;
        }
        self.advance(from.len());
    }

    fn word(self) -> u64 {
        let [a, b, c, d] = self.key;
        u64::from_ne_bytes([a, b, c, d, a, b, c, d])
    }

    fn advance(&mut self, by: usize) {
        self.key.rotate_left(by % 4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn masking_in_pieces_is_the_formula_of_the_rfc(
            key: [u8; 4],
            bytes: Vec<u8>,
            cuts in prop::collection::vec(0..20_usize, 0..8),
        ) {
            let expected: Vec<u8> = bytes.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
            let (mut mask, mut also) = (Mask::new(key), Mask::new(key));
            let (mut masked, mut copied) = (bytes.clone(), vec![0; bytes.len()]);
            let mut at = 0;
            for cut in cuts.into_iter().chain([bytes.len()]) {
                let end = (at + cut).min(bytes.len());
                mask.apply(&mut masked[at..end]);
                also.apply_to(&bytes[at..end], &mut copied[at..end]);
                at = end;
            }
            prop_assert_eq!(&masked, &expected);
            prop_assert_eq!(&copied, &expected);
        }
    }
}
