//! Messages compressed and decompressed: permessage-deflate, [RFC 7692, section 7.2](https://www.rfc-editor.org/rfc/rfc7692#section-7.2).

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::assembly::Assembly;
use super::extension::Direction;
use super::violation::Violation;

/// Compresses what this side sends. Its memory, about a quarter of a MiB, is taken with the first message.
#[derive(Debug)]
pub(crate) struct Compressor {
    how: Direction,
    state: Option<Compress>,
}

impl Compressor {
    pub(crate) fn new(how: Direction) -> Self {
        Self { how, state: None }
    }

    /// The compressed form; `None` where it goes as it is: so short that nothing is gained, or for a window that zlib
    /// has not.
    pub(crate) fn compress(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        if message.len() < WORTH || self.how.window_bits < 9 {
            return None;
        }
        let state = self.state.get_or_insert_with(|| {
            Compress::new_with_window_bits(Compression::fast(), false, self.how.window_bits)
        });
        let mut compressed = Vec::with_capacity(message.len() / 2 + 64);
        let begun = state.total_in();
        loop {
            let done = usize::try_from(state.total_in() - begun).unwrap_or(message.len());
            // It fails for a wrong state alone, and then nothing of the message has been sent.
            state
                .compress_vec(&message[done..], &mut compressed, FlushCompress::Sync)
                .ok()?;
            if compressed.len() < compressed.capacity() {
                break;
            }
            compressed.reserve(compressed.len());
        }
        debug_assert!(compressed.ends_with(&TAIL));
        compressed.truncate(compressed.len() - TAIL.len());
        if self.how.no_context_takeover {
            state.reset();
        }
        Some(compressed)
    }
}

/// Decompresses what the other side sends.
#[derive(Debug)]
pub(crate) struct Decompressor {
    how: Direction,
    state: Option<Decompress>,
}

impl Decompressor {
    pub(crate) fn new(how: Direction) -> Self {
        Self { how, state: None }
    }

    /// Decompresses the next piece of a message to the end of `message`, which may become `limit` bytes long.
    pub(crate) fn push(
        &mut self,
        mut piece: &[u8],
        message: &mut Assembly,
        limit: usize,
    ) -> Result<(), Violation> {
        let state = self.state.get_or_insert_with(|| Decompress::new(false));
        loop {
            // One byte over the limit tells whether there is more.
            let allowed = limit.saturating_add(1).saturating_sub(message.len());
            let room = message.room(1);
            let most = room.len().min(allowed);
            let (had_in, had_out) = (state.total_in(), state.total_out());
            let status = state
                .decompress(piece, &mut room[..most], FlushDecompress::Sync)
                .map_err(|_| Violation::BadDeflate)?;
            let consumed = usize::try_from(state.total_in() - had_in).unwrap_or(usize::MAX);
            let made = usize::try_from(state.total_out() - had_out).unwrap_or(usize::MAX);
            message.filled(made);
            piece = &piece[consumed..];
            if message.len() > limit {
                return Err(Violation::TooLong(limit as u64));
            }
            match status {
                // "An endpoint may use a block with the BFINAL bit set": what follows begins anew.
                Status::StreamEnd => state.reset(false),
                Status::BufError if consumed == 0 && made == 0 => {
                    return if piece.is_empty() {
                        Ok(())
                    } else {
                        Err(Violation::BadDeflate)
                    };
                }
                _ if piece.is_empty() && made < most => return Ok(()),
                _ => {}
            }
            if piece.is_empty() && status == Status::StreamEnd {
                return Ok(());
            }
        }
    }

    /// The message has ended: the four bytes that its sender left out.
    pub(crate) fn finish(&mut self, message: &mut Assembly, limit: usize) -> Result<(), Violation> {
        self.push(&TAIL, message, limit)?;
        if self.how.no_context_takeover
            && let Some(state) = &mut self.state
        {
            state.reset(false);
        }
        Ok(())
    }
}

/// What a flush ends with, and is not sent.
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];
/// Shorter messages are sent as they are, bytes.
const WORTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn direction() -> impl Strategy<Value = Direction> {
        (any::<bool>(), 8..=15_u8).prop_map(|(no_context_takeover, window_bits)| Direction {
            no_context_takeover,
            window_bits,
        })
    }

    fn decompressed(
        decompressor: &mut Decompressor,
        compressed: &[u8],
        piece: usize,
        limit: usize,
    ) -> Result<Vec<u8>, Violation> {
        let mut message = Assembly::default();
        for piece in compressed.chunks(piece) {
            decompressor.push(piece, &mut message, limit)?;
        }
        decompressor.finish(&mut message, limit)?;
        Ok(message.bytes().to_vec())
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in_however_the_window_is_agreed(
            how in direction(),
            messages in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..300),
                    (any::<[u8; 7]>(), 0..20_000_usize).prop_map(|(unit, times)| unit.repeat(times)),
                ],
                1..4,
            ),
            piece in 1..5000_usize,
        ) {
            let (mut compressor, mut decompressor) = (Compressor::new(how), Decompressor::new(how));
            for message in messages {
                if let Some(compressed) = compressor.compress(&message) {
                    let whole = decompressed(&mut decompressor, &compressed, piece, message.len());
                    prop_assert_eq!(whole, Ok(message));
                }
            }
        }

        #[test]
        fn junk_is_refused_or_bounded(junk: Vec<u8>) {
            let mut decompressor = Decompressor::new(Direction { no_context_takeover: false, window_bits: 15 });
            if let Ok(whole) = decompressed(&mut decompressor, &junk, 7, 1000) {
                prop_assert!(whole.len() <= 1000);
            }
        }
    }

    #[test]
    fn a_bomb_goes_off_at_the_limit() {
        let how = Direction {
            no_context_takeover: true,
            window_bits: 15,
        };
        let bomb = Compressor::new(how).compress(&vec![0; 50 << 20]).unwrap();
        assert!(bomb.len() < 1 << 20);
        let mut decompressor = Decompressor::new(how);
        let mut message = Assembly::default();
        let burst = decompressor.push(&bomb, &mut message, 1 << 20);
        assert_eq!(burst, Err(Violation::TooLong(1 << 20)));
        assert!(message.capacity() <= 4 << 20);
    }

    #[test]
    fn a_message_may_end_with_a_final_block_and_the_next_still_comes() {
        // Section 7.2.3.4: "Hello" with BFINAL, and the byte that closes it.
        let hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        let mut decompressor = Decompressor::new(Direction {
            no_context_takeover: false,
            window_bits: 15,
        });
        for _ in 0..2 {
            let whole = decompressed(&mut decompressor, &hello, 3, 100);
            assert_eq!(whole.as_deref(), Ok(&b"Hello"[..]));
        }
    }
}
