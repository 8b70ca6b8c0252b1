//! How far a mistyped word is from one that is known.

/// How many letters must be added, taken away, changed, or swapped with their neighbour to make `typed` into `known`: the
/// Damerau-Levenshtein distance, in which no letter is touched twice.
///
/// ```
/// assert_eq!(sockeye_model::slips("listne", "listen"), 1);
/// ```
#[must_use]
pub fn slips(typed: &str, known: &str) -> usize {
    let typed: Vec<char> = typed.chars().collect();
    let known: Vec<char> = known.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=known.len()).collect();
    for (i, a) in typed.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in known.iter().enumerate() {
            let mut best = (row[j] + usize::from(a != b))
                .min(row[j + 1] + 1)
                .min(next[j] + 1);
            if i > 0 && j > 0 && *a == known[j - 1] && typed[i - 1] == *b {
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
    use super::slips;

    #[test]
    fn each_slip_is_counted_once() {
        assert_eq!(slips("listne", "listen"), 1);
        assert_eq!(slips("serv", "serve"), 1);
        assert_eq!(slips("cañon", "canon"), 1);
        assert_eq!(slips("", "wait"), 4);
    }
}
