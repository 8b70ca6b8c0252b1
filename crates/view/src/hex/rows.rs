//! Rows of a dump, made by table look-up into one row that is copied out: several hundred megabytes a second.

/// Makes rows of one width behind one margin.
#[derive(Debug)]
pub(crate) struct Rows {
    width: usize,
    margin: &'static str,
}

impl Rows {
    pub(crate) fn new(width: usize, margin: &'static str) -> Self {
        Self {
            width: width.clamp(1, WIDEST),
            margin,
        }
    }

    /// Bytes in a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Appends the rows of `data`, the first of its bytes being number `offset`.
    pub(crate) fn append(&self, out: &mut Vec<u8>, offset: u64, data: &[u8]) {
        let rows = data.len().div_ceil(self.width);
        out.reserve(rows * (self.margin.len() + OFFSET + 4 * self.width + 6));
        let mut at = offset;
        let mut rest = data;
        if self.width == 16 {
            let (whole, after) = data.as_chunks::<16>();
            for bytes in whole {
                self.full(out, at, bytes);
                at = at.wrapping_add(16);
            }
            rest = after;
        }
        for bytes in rest.chunks(self.width) {
            self.part(out, at, bytes);
            at = at.wrapping_add(bytes.len() as u64);
        }
    }

    /// A full row of 16, the common case: its size known to the compiler, it is several times faster.
    fn full(&self, out: &mut Vec<u8>, offset: u64, bytes: &[u8; 16]) {
        self.prefix(out, offset);
        let mut row = [b' '; body(16)];
        // Four bytes for each: two digits and the spaces behind them, of which the next overwrites one.
        for (index, &byte) in bytes.iter().enumerate() {
            let at = 2 + 3 * index + index / 8;
            row[at..at + 4].copy_from_slice(&SPACED[usize::from(byte)]);
        }
        let text = bytes.map(|byte| {
            if matches!(byte, b' '..=b'~') {
                byte
            } else {
                b'.'
            }
        });
        const BAR: usize = body(16) - 19;
        row[BAR] = b'|';
        row[BAR + 1..BAR + 17].copy_from_slice(&text);
        row[BAR + 17] = b'|';
        row[BAR + 18] = b'\n';
        out.extend_from_slice(&row);
    }

    /// A row of any width, which may have fewer bytes than fit.
    fn part(&self, out: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
        self.prefix(out, offset);
        let mut row = [b' '; body(WIDEST)];
        fill(&mut row, self.width, bytes);
        out.extend_from_slice(&row[..body(self.width) - (self.width - bytes.len())]);
    }

    /// Margin and offset: eight hex digits, or as many as it takes.
    fn prefix(&self, out: &mut Vec<u8>, offset: u64) {
        out.extend_from_slice(self.margin.as_bytes());
        let high = (offset >> 32) as u32;
        if high != 0 {
            let digits = digits(high);
            out.extend_from_slice(&digits[high.leading_zeros() as usize / 4..]);
        }
        out.extend_from_slice(&digits(offset as u32));
    }
}

fn digits(number: u32) -> [u8; 8] {
    let mut digits = [0; 8];
    for (pair, byte) in digits
        .as_chunks_mut::<2>()
        .0
        .iter_mut()
        .zip(number.to_be_bytes())
    {
        *pair = PAIRS[usize::from(byte)];
    }
    digits
}

/// Bytes of a row behind its offset: two spaces, three a byte, one in the middle, one before the text in its bars.
const fn body(width: usize) -> usize {
    2 + 3 * width + half(width) + 1 + 1 + width + 1 + 1
}

/// Whether there is a gap in the middle of a row.
const fn half(width: usize) -> usize {
    if width >= 8 { 1 } else { 0 }
}

fn fill(row: &mut [u8], width: usize, bytes: &[u8]) {
    let bar = 2 + 3 * width + half(width) + 1;
    row[bar] = b'|';
    let middle = width.div_ceil(2);
    for (index, &byte) in bytes.iter().enumerate() {
        let gap = if index >= middle { half(width) } else { 0 };
        let at = 2 + 3 * index + gap;
        row[at..at + 2].copy_from_slice(&PAIRS[usize::from(byte)]);
        row[bar + 1 + index] = if matches!(byte, b' '..=b'~') {
            byte
        } else {
            b'.'
        };
    }
    row[bar + 1 + bytes.len()] = b'|';
    row[bar + 2 + bytes.len()] = b'\n';
}

/// The most bytes in a row.
const WIDEST: usize = 64;

/// Bytes of an offset, at most.
const OFFSET: usize = 16;

/// The two hex digits of every byte.
static PAIRS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    table
};

/// The same with two spaces behind.
static SPACED: [[u8; 4]; 256] = {
    let mut table = [[b' '; 4]; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte][0] = PAIRS[byte][0];
        table[byte][1] = PAIRS[byte][1];
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(width: usize, offset: u64, data: &[u8]) -> String {
        let mut out = Vec::new();
        Rows::new(width, "").append(&mut out, offset, data);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_is_that_of_hexdump() {
        assert_eq!(
            rows(16, 0, b"hello, world\x00\x1b~\x7f\x80"),
            "00000000  68 65 6c 6c 6f 2c 20 77  6f 72 6c 64 00 1b 7e 7f  |hello, world..~.|\n\
             00000010  80                                                |.|\n"
        );
    }

    #[test]
    fn every_width_keeps_its_columns() {
        assert_eq!(rows(1, 0, b"a"), "00000000  61  |a|\n");
        assert_eq!(
            rows(4, 2, b"abcde"),
            "00000002  61 62 63 64  |abcd|\n00000006  65           |e|\n"
        );
        for width in 1..=WIDEST {
            let data: Vec<u8> = (0..=255).cycle().take(width + 1).collect();
            let text = rows(width, 0, &data);
            let bars: Vec<_> = text.lines().map(|line| line.find('|')).collect();
            assert_eq!(bars[0], bars[1], "{width}");
        }
        assert_eq!(rows(0, 0, b"a"), rows(1, 0, b"a"));
        assert_eq!(rows(99, 0, b"a"), rows(64, 0, b"a"));
    }

    #[test]
    fn an_offset_beyond_four_gigabytes_keeps_all_its_digits() {
        assert!(rows(16, 0xffff_ffff, b"a").starts_with("ffffffff  61 "));
        assert!(rows(16, 0x1_0000_0000, b"a").starts_with("100000000  61 "));
        assert!(rows(16, 0x1234_5678_9abc, b"a").starts_with("123456789abc  61 "));
        assert!(rows(16, u64::MAX, b"a").starts_with("ffffffffffffffff  61 "));
    }
}
