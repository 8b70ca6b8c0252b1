//! The known word that a mistyped one was probably meant to be.

use sockeye_model::slips;

/// The first of `known` that is nearest to `word`, if it is no more than a slip or two away.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = if word.len() < 5 { 1 } else { 2 };
    known
        .map(|name| (slips(word, name), name))
        .filter(|(slipped, _)| *slipped <= most)
        .min_by_key(|(slipped, _)| *slipped)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_taken_and_what_is_far_is_none() {
        let known = || ["time", "daytime", "echo"].into_iter();
        assert_eq!(nearest("tiem", known()), Some("time"));
        assert_eq!(nearest("daytiem", known()), Some("daytime"));
        assert_eq!(nearest("ecoh", known()), Some("echo"));
        assert_eq!(nearest("http", known()), None);
    }
}
