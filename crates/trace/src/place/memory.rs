//! Reads values out of another process, and says nothing where a byte of them is missing.

/// The memory of a stopped process. Every pointer in it may be wrong.
pub(crate) struct Memory<'a> {
    read: &'a dyn Fn(u64, &mut [u8]) -> usize,
}

impl<'a> Memory<'a> {
    /// `read` fills what it can from an address on and says how much that was.
    pub(crate) fn new(read: &'a dyn Fn(u64, &mut [u8]) -> usize) -> Self {
        Self { read }
    }

    /// All of `into`, or nothing.
    pub(crate) fn fill(&self, at: u64, into: &mut [u8]) -> Option<()> {
        // The first page is never mapped, and no pointer of a program ends in the last one.
        if at < 4096 || at.checked_add(into.len() as u64).is_none() {
            return None;
        }
        ((self.read)(at, into) == into.len()).then_some(())
    }

    /// A block of `N` bytes.
    pub(crate) fn block<const N: usize>(&self, at: u64) -> Option<Block<N>> {
        let mut bytes = [0; N];
        self.fill(at, &mut bytes)?;
        Some(Block(bytes))
    }

    /// `length` bytes, where that is not more than `most`.
    pub(crate) fn bytes(&self, at: u64, length: u64, most: usize) -> Option<Vec<u8>> {
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= most)?;
        let mut bytes = vec![0; length];
        if length > 0 {
            self.fill(at, &mut bytes)?;
        }
        Some(bytes)
    }

    /// A pointer or a `size_t`.
    pub(crate) fn word(&self, at: u64) -> Option<u64> {
        self.block::<8>(at)?.word(0)
    }
}

/// Bytes of a structure, read in one go.
pub(crate) struct Block<const N: usize>([u8; N]);

impl<const N: usize> Block<N> {
    /// The eight bytes at `offset`.
    pub(crate) fn word(&self, offset: usize) -> Option<u64> {
        let bytes = self.0.get(offset..offset.checked_add(8)?)?;
        Some(u64::from_ne_bytes(bytes.try_into().ok()?))
    }

    /// The `int` at `offset`.
    pub(crate) fn int(&self, offset: usize) -> Option<i32> {
        let bytes = self.0.get(offset..offset.checked_add(4)?)?;
        Some(i32::from_ne_bytes(bytes.try_into().ok()?))
    }

    /// The byte at `offset`.
    pub(crate) fn byte(&self, offset: usize) -> Option<u8> {
        self.0.get(offset).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(at: u64, into: &mut [u8]) -> usize {
        // Sixteen bytes from 4096 on.
        let page: Vec<u8> = (0..16).collect();
        let start = usize::try_from(at - 4096).unwrap();
        let there = page.get(start..).unwrap_or_default();
        let most = there.len().min(into.len());
        into[..most].copy_from_slice(&there[..most]);
        most
    }

    #[test]
    fn a_value_that_is_not_wholly_there_is_none() {
        let memory = Memory::new(&image);
        assert_eq!(memory.word(4096), Some(0x0706_0504_0302_0100));
        assert_eq!(memory.word(4096 + 9), None);
        assert!(memory.block::<17>(4096).is_none());
        assert_eq!(memory.word(0), None);
        assert_eq!(memory.word(u64::MAX - 3), None);
    }

    #[test]
    fn lengths_out_of_reason_are_not_read() {
        let memory = Memory::new(&image);
        assert_eq!(memory.bytes(4096, 3, 16), Some(vec![0, 1, 2]));
        assert_eq!(memory.bytes(4096, 17, 16), None);
        assert_eq!(memory.bytes(4096, u64::MAX, 16), None);
        assert_eq!(memory.bytes(4096, 0, 16), Some(vec![]));
    }

    #[test]
    fn a_field_behind_the_block_is_none() {
        let block = Memory::new(&image).block::<8>(4096).unwrap();
        assert_eq!(block.byte(7), Some(7));
        assert_eq!(block.byte(8), None);
        assert_eq!(block.int(6), None);
        assert_eq!(block.word(usize::MAX), None);
    }
}
