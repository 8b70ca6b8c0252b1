//! Secure sisters: the port where the same is spoken inside TLS or DTLS, or what took a plain protocol's place.

/// The secure sister of `port`.
pub(super) fn secure(port: u16) -> Option<u16> {
    let pair = SISTERS.iter().find(|(plain, _)| *plain == port);
    pair.map(|(_, secure)| *secure)
}

/// The ports that `port` is the secure sister of.
pub(super) fn plain(port: u16) -> impl Iterator<Item = u16> {
    let pairs = SISTERS.iter().filter(move |(_, secure)| *secure == port);
    pairs.map(|(plain, _)| *plain)
}

/// Plain, secure; by number.
const SISTERS: &[(u16, u16)] = &[
    (20, 989),
    (21, 990),
    (23, 22),
    (25, 465),
    (53, 853),
    (80, 443),
    (110, 995),
    (119, 563),
    (143, 993),
    (194, 6697),
    (389, 636),
    (587, 465),
    (1883, 8883),
    (2375, 2376),
    (2483, 2484),
    (3478, 5349),
    (5060, 5061),
    (5672, 5671),
    (5683, 5684),
    (6667, 6697),
];

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_local::registered;

    #[test]
    fn every_sister_has_a_name_and_the_pairs_are_in_order() {
        assert!(SISTERS.is_sorted());
        for (plain, secure) in SISTERS {
            for port in [plain, secure] {
                assert!(
                    registered(*port).iter().any(|row| row.name.is_some()),
                    "{port}"
                );
            }
        }
    }

    #[test]
    fn a_sister_knows_whom_she_belongs_to() {
        assert_eq!(secure(80), Some(443));
        assert_eq!(secure(443), None);
        assert_eq!(plain(465).collect::<Vec<_>>(), [25, 587]);
        assert_eq!(plain(80).count(), 0);
    }
}
