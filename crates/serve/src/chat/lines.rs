//! Cuts a stream into lines, however its bytes come; a line that is too long is left out whole, and that is said.

/// The beginning of a line that has not come whole.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
    /// The rest of a line that was too long is on its way.
    is_skipping: bool,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A line, without its LF.
    Line(&'a [u8]),
    /// A line is longer than it may be; its bytes are gone, and those that will come. Said once a line, as soon as it is
    /// known.
    TooLong,
}

impl Lines {
    /// Gives `each` the next line that ends in `data`; how many bytes were taken. All were taken when no line ended.
    pub fn next<T>(
        &mut self,
        data: &[u8],
        longest: usize,
        each: impl FnOnce(Found<'_>) -> T,
    ) -> (usize, Option<T>) {
        let end = data.iter().position(|byte| *byte == b'\n');
        let (piece, taken) = match end {
            Some(end) => (&data[..end], end + 1),
            None => (data, data.len()),
        };
        if self.is_skipping {
            self.is_skipping = end.is_none();
            return (taken, None);
        }
        if self.begun.len() + piece.len() > longest {
            self.begun = Vec::new();
            self.is_skipping = end.is_none();
            return (taken, Some(each(Found::TooLong)));
        }
        match (end, self.begun.is_empty()) {
            (Some(_), true) => (taken, Some(each(Found::Line(piece)))),
            (Some(_), false) => {
                let mut line = std::mem::take(&mut self.begun);
                line.extend_from_slice(piece);
                (taken, Some(each(Found::Line(&line))))
            }
            (None, _) => {
                self.begun.extend_from_slice(piece);
                (taken, None)
            }
        }
    }

    /// What came after the last LF, at the end of the stream; it counts as a line.
    pub fn rest(&mut self) -> Option<Vec<u8>> {
        let rest = std::mem::take(&mut self.begun);
        (!rest.is_empty()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is found in `data` when it comes in these pieces.
    fn found(data: &[u8], longest: usize, pieces: &[usize]) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::default();
        let mut all = Vec::new();
        let mut rest = data;
        let mut pieces = pieces.iter().copied().cycle();
        while !rest.is_empty() {
            let (mut piece, after) = rest.split_at(pieces.next().unwrap().clamp(1, rest.len()));
            rest = after;
            while !piece.is_empty() {
                let (taken, one) = lines.next(piece, longest, |found| match found {
                    Found::Line(line) => Some(line.to_vec()),
                    Found::TooLong => None,
                });
                all.extend(one);
                piece = &piece[taken..];
            }
        }
        all.extend(lines.rest().map(Some));
        all
    }

    #[test]
    fn a_line_that_is_too_long_is_said_once_and_the_next_one_is_whole() {
        assert_eq!(
            found(b"abc\nabcdefgh\nab\n", 4, &[2]),
            [Some(b"abc".to_vec()), None, Some(b"ab".to_vec())]
        );
        assert_eq!(found(b"abcde", 4, &[1]), [None]);
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_come(
            data in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), any::<u8>()], 0..60),
            pieces in proptest::collection::vec(1usize..9, 1..5),
        ) {
            let whole: Vec<Option<Vec<u8>>> = {
                let mut lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
                if lines.last().is_some_and(|last| last.is_empty()) {
                    lines.pop();
                }
                lines.into_iter().map(|line| (line.len() <= 5).then(|| line.to_vec())).collect()
            };
            prop_assert_eq!(found(&data, 5, &pieces), whole);
        }
    }
}
