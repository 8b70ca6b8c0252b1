//! From an instruction to its line: the three tables that code objects of CPython have had since 3.8.
//!
//! Described in `Objects/lnotab_notes.txt` (to 3.10) and `InternalDocs/code_objects.md` (from 3.11) of CPython.

/// Which table a version's code objects have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// `co_lnotab`, to 3.9: steps of bytes and lines.
    Notab,
    /// `co_linetable` of 3.10: ranges of bytes, each with its step of lines, or none.
    Ranges,
    /// `co_linetable` from 3.11: one entry for some instructions, with columns.
    Locations,
}

impl Table {
    /// The line of the instruction at `offset` bytes; `None` where it has no line, or lies behind the table.
    ///
    /// `first` is `co_firstlineno`. [`Table::Notab`] has no end: the last line in it holds for all that follows.
    pub(crate) fn line(self, table: &[u8], first: i32, offset: u32) -> Option<u32> {
        let line = match self {
            Self::Notab => notab(table, first, offset),
            Self::Ranges => ranges(table, first, offset)?,
            Self::Locations => locations(table, first, offset)?,
        };
        u32::try_from(line).ok().filter(|line| *line > 0)
    }
}

fn notab(table: &[u8], first: i32, offset: u32) -> i32 {
    let mut line = first;
    let mut address = 0_u32;
    for step in table.chunks_exact(2) {
        address = address.saturating_add(u32::from(step[0]));
        if address > offset {
            break;
        }
        line = line.saturating_add(i32::from(step[1].cast_signed()));
    }
    line
}

fn ranges(table: &[u8], first: i32, offset: u32) -> Option<i32> {
    let mut line = first;
    let mut end = 0_u32;
    for range in table.chunks_exact(2) {
        let step = range[1].cast_signed();
        let has_line = step != i8::MIN;
        if has_line {
            line = line.saturating_add(i32::from(step));
        }
        end = end.saturating_add(u32::from(range[0]));
        if end > offset {
            return has_line.then_some(line);
        }
    }
    None
}

fn locations(table: &[u8], first: i32, offset: u32) -> Option<i32> {
    let mut line = first;
    let mut end = 0_u32;
    let mut at = 0;
    while let Some(head) = table.get(at) {
        // Only the first byte of an entry has the highest bit.
        if head & 0x80 == 0 {
            return None;
        }
        let kind = (head >> 3) & 0xf;
        let step = match kind {
            NONE => 0,
            LONG | WITHOUT_COLUMNS => signed(&table[at + 1..])?,
            ONE_LINE_0..=ONE_LINE_2 => i32::from(kind - ONE_LINE_0),
            _ => 0,
        };
        line = line.saturating_add(step);
        end = end.saturating_add((u32::from(head & 7) + 1) * CODE_UNIT);
        if end > offset {
            return (kind != NONE).then_some(line);
        }
        at += 1;
        while table.get(at).is_some_and(|byte| byte & 0x80 == 0) {
            at += 1;
        }
    }
    None
}

/// A number in groups of six bits, the lowest first, its sign in the lowest bit.
fn signed(bytes: &[u8]) -> Option<i32> {
    let mut value = 0_u32;
    for (group, byte) in bytes.iter().enumerate().take(6) {
        if byte & 0x80 != 0 {
            return None;
        }
        value |= u32::from(byte & 0x3f).checked_shl(u32::try_from(group).ok()? * 6)?;
        if byte & 0x40 == 0 {
            let size = i32::try_from(value >> 1).ok()?;
            return Some(if value & 1 == 1 { -size } else { size });
        }
    }
    None
}

/// Bytes of an instruction, or of one entry of its cache.
const CODE_UNIT: u32 = 2;
const ONE_LINE_0: u8 = 10;
const ONE_LINE_2: u8 = 12;
const WITHOUT_COLUMNS: u8 = 13;
const LONG: u8 = 14;
const NONE: u8 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(kind: Table, table: &[u8], first: i32, count: u32) -> Vec<Option<u32>> {
        (0..count)
            .map(|unit| kind.line(table, first, unit * 2))
            .collect()
    }

    #[test]
    fn lnotab_steps_over_more_than_a_byte_can_say() {
        // Line 5; from byte 6 on line 7; from byte 8 on 7 - 3, in the signed step of a loop.
        let table = [6, 2, 2, 0xfd];
        assert_eq!(
            lines(Table::Notab, &table, 5, 6),
            [Some(5), Some(5), Some(5), Some(7), Some(4), Some(4)]
        );
        // 300 bytes without a new line, then 200 lines further: both take two steps.
        let table = [255, 0, 45, 127, 0, 73];
        assert_eq!(Table::Notab.line(&table, 1, 298), Some(1));
        assert_eq!(Table::Notab.line(&table, 1, 300), Some(201));
    }

    #[test]
    fn ranges_may_have_no_line() {
        let table = [4, 0, 2, 0x80, 2, 1];
        assert_eq!(
            lines(Table::Ranges, &table, 10, 5),
            [Some(10), Some(10), None, Some(11), None]
        );
    }

    #[test]
    fn locations_of_each_kind_are_read() {
        let table = [
            0x80 | (10 << 3) | 1, // two units, this line
            0,
            9,
            0x80 | (13 << 3), // one unit, 33 lines further
            0x40 | 2,
            1,
            0x80 | (15 << 3), // one unit without a line
            0x80 | (14 << 3), // one unit, three lines back, with four more numbers
            7,
            0,
            1,
            2,
            0x80 | (3 << 3), // one unit, same line
            0x11,
            0x80 | (12 << 3), // two lines further
            0,
            1,
        ];
        assert_eq!(
            lines(Table::Locations, &table, 100, 8),
            [
                Some(100),
                Some(100),
                Some(133),
                None,
                Some(130),
                Some(130),
                Some(132),
                None
            ]
        );
    }

    #[test]
    fn a_table_that_is_cut_or_garbled_gives_no_line() {
        for table in [
            &[][..],
            &[0x00],
            &[0x80 | (13 << 3)],
            &[0x80 | (13 << 3), 0x40],
            &[0x80 | (13 << 3), 0xff],
            &[0x80 | (13 << 3), 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f],
        ] {
            assert_eq!(Table::Locations.line(table, 1, 0), None, "{table:?}");
        }
        assert_eq!(Table::Ranges.line(&[9], 1, 0), None);
        // Lines from before the first one are none.
        assert_eq!(Table::Notab.line(&[0, 0x80], 1, 0), None);
    }
}

#[cfg(test)]
mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_the_bytes_are_reading_them_ends(
            table in prop::collection::vec(any::<u8>(), 0..300),
            first in any::<i32>(),
            offset in any::<u32>(),
        ) {
            for kind in [Table::Notab, Table::Ranges, Table::Locations] {
                let line = kind.line(&table, first, offset);
                prop_assert_ne!(line, Some(0));
            }
        }
    }
}
