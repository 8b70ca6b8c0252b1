//! The known word that a mistyped one was probably meant to be.

/// The first of `known` that is nearest to `word`, if it is no more than a slip or two away.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let slips = if word.len() < 5 { 1 } else { 2 };
    known
        .map(|name| (distance(word, name), name))
        .filter(|(slipped, _)| *slipped <= slips)
        .min_by_key(|(slipped, _)| *slipped)
        .map(|(_, name)| name)
}

/// How many letters must be added, taken away, changed, or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut best = (row[j] + usize::from(a != b))
                .min(row[j + 1] + 1)
                .min(next[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_each_slip_once() {
        assert_eq!(distance("listne", "listen"), 1);
        assert_eq!(distance("serv", "serve"), 1);
        assert_eq!(distance("", "wait"), 4);
    }

    #[test]
    fn the_nearest_is_taken_and_what_is_far_is_none() {
        let known = || ["time", "daytime", "echo"].into_iter();
        assert_eq!(nearest("tiem", known()), Some("time"));
        assert_eq!(nearest("daytiem", known()), Some("daytime"));
        assert_eq!(nearest("ecoh", known()), Some("echo"));
        assert_eq!(nearest("http", known()), None);
    }
}
