//! Reads values out of another process, and says nothing where a byte of them is missing.

use std::cell::RefCell;

/// The memory of a process whose thread is stopped, for one question. Every pointer in it may be wrong.
pub(crate) struct Memory<'a> {
    read: &'a dyn Fn(u64, &mut [u8]) -> usize,
    /// What was read already: a call for a page costs hardly more than one for a word, and what belongs together lies together.
    pages: RefCell<Vec<Page>>,
}

struct Page {
    at: u64,
    /// `None` where nothing is mapped.
    bytes: Option<Box<[u8; PAGE]>>,
}

impl<'a> Memory<'a> {
    /// `read` fills what it can from an address on and says how much that was.
    pub(crate) fn new(read: &'a dyn Fn(u64, &mut [u8]) -> usize) -> Self {
        Self {
            read,
            pages: RefCell::default(),
        }
    }

    /// All of `into`, or nothing.
    fn fill(&self, at: u64, into: &mut [u8]) -> Option<()> {
        at.checked_add(into.len() as u64)?;
        let mut pages = self.pages.borrow_mut();
        let mut done = 0;
        while done < into.len() {
            let address = at + done as u64;
            let within = usize::try_from(address % PAGE as u64).ok()?;
            let start = address - within as u64;
            let known = pages.iter().rposition(|page| page.at == start);
            let index = known.unwrap_or_else(|| {
                if pages.len() >= MOST_PAGES {
                    pages.clear();
                }
                pages.push(self.page(start));
                pages.len() - 1
            });
            let bytes = pages.get(index)?.bytes.as_ref()?;
            let count = (PAGE - within).min(into.len() - done);
            into[done..done + count].copy_from_slice(&bytes[within..within + count]);
            done += count;
        }
        Some(())
    }

    fn page(&self, at: u64) -> Page {
        let mut bytes = Box::new([0; PAGE]);
        let is_there = (self.read)(at, bytes.as_mut_slice()) == PAGE;
        Page {
            at,
            bytes: is_there.then_some(bytes),
        }
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

/// The smallest page of a machine that this runs on: a larger one is several of these.
const PAGE: usize = 4096;
const MOST_PAGES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// Two pages from 8192 on, whose bytes count.
    fn image(at: u64, into: &mut [u8]) -> usize {
        let there = 8192..16384;
        let bytes = (at..16384).zip(into.iter_mut());
        if !there.contains(&at) {
            return 0;
        }
        bytes.map(|(at, byte)| *byte = at.to_le_bytes()[0]).count()
    }

    #[test]
    fn a_value_that_is_not_wholly_there_is_none() {
        let memory = Memory::new(&image);
        assert_eq!(memory.word(8192), Some(0x0706_0504_0302_0100));
        assert_eq!(memory.word(12288 - 4), Some(0x0302_0100_fffe_fdfc));
        assert_eq!(memory.word(16384 - 8), Some(0xfffe_fdfc_fbfa_f9f8));
        for at in [16384 - 7, 8192 - 1, 0, u64::MAX - 3, u64::MAX - 8191] {
            assert_eq!(memory.word(at), None, "{at:#x}");
        }
    }

    #[test]
    fn lengths_out_of_reason_are_not_read() {
        let memory = Memory::new(&image);
        assert_eq!(memory.bytes(8192, 3, 16), Some(vec![0, 1, 2]));
        assert_eq!(memory.bytes(8192, 17, 16), None);
        assert_eq!(memory.bytes(8192, u64::MAX, 16), None);
        assert_eq!(memory.bytes(0, 0, 16), Some(vec![]));
    }

    #[test]
    fn a_page_is_asked_for_once() {
        let asked = std::cell::Cell::new(0);
        let read = |at, into: &mut [u8]| {
            asked.set(asked.get() + 1);
            image(at, into)
        };
        let memory = Memory::new(&read);
        for at in 8192..8192 + 100 {
            assert!(memory.word(at).is_some());
            assert!(memory.word(at + 65536).is_none());
        }
        assert_eq!(asked.get(), 2);
    }

    #[test]
    fn a_field_behind_the_block_is_none() {
        let block = Memory::new(&image).block::<8>(8192).unwrap();
        assert_eq!(block.byte(7), Some(7));
        assert_eq!(block.byte(8), None);
        assert_eq!(block.int(6), None);
        assert_eq!(block.word(usize::MAX), None);
    }
}
