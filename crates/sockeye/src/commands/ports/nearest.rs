//! The service names that are nearest to one that there is none of.

use sockeye_local::registered_names;

/// At most `most` names a slip or two away from `typed`, the nearest first; then those that begin as it does.
pub(in crate::commands) fn names(typed: &str, most: usize) -> Vec<&'static str> {
    let typed = typed.to_ascii_lowercase();
    let slips = if typed.len() < 4 { 1 } else { 2 };
    let mut row = Vec::new();
    // Few people slip on the first letter.
    let elsewhere = |name: &str| name.as_bytes().first() != typed.as_bytes().first();
    let mut near: Vec<(usize, bool, &'static str)> = registered_names()
        .filter(|name| name.len().abs_diff(typed.len()) <= slips)
        .map(|name| (distance(&typed, name, &mut row), elsewhere(name), name))
        .filter(|(slipped, elsewhere, _)| slipped + usize::from(*elsewhere) <= slips)
        .collect();
    let begins = |name: &&str| name.starts_with(&typed) || typed.starts_with(name);
    if typed.len() > 2 {
        let alike = registered_names().filter(|name| name.len() > 2 && begins(name));
        near.extend(alike.map(|name| (slips + name.len().abs_diff(typed.len()), false, name)));
    }
    near.sort_unstable();
    let mut names: Vec<&'static str> = Vec::new();
    for (_, _, name) in near {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(most);
    names
}

/// How many letters must be added, taken away or changed.
fn distance(left: &str, right: &str, row: &mut Vec<usize>) -> usize {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    row.clear();
    row.extend(0..=right.len());
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in right.iter().enumerate() {
            let best = (diagonal + usize::from(a != b))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_leads_to_the_name() {
        assert_eq!(names("htps", 5)[0], "https");
        assert!(names("postgress", 5).contains(&"postgresql"));
        assert!(names("HTTPX", 9).contains(&"http"));
        assert!(names("no-such-service-at-all", 5).is_empty());
        assert!(names("", 5).is_empty());
    }

    #[test]
    fn the_distance_is_the_number_of_slips() {
        let mut row = Vec::new();
        for (left, right, slips) in [("a", "a", 0), ("", "abc", 3), ("kitten", "sitting", 3)] {
            assert_eq!(distance(left, right, &mut row), slips);
            assert_eq!(distance(right, left, &mut row), slips);
        }
    }
}
