//! The limits that this machine sets to sockets, ports and pipes, each `None` where it cannot be read.

use std::ops::RangeInclusive;

/// What bounds a program here, read at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many descriptors this process may have open before EMFILE, as it stands; RLIMIT_NOFILE of getrlimit(2).
    /// `u64::MAX` means no limit.
    pub descriptors: Option<u64>,
    /// How far [`Limits::descriptors`] may be raised without privilege. `u64::MAX` means no limit.
    pub descriptors_hard: Option<u64>,
    /// The first port that needs no privilege; ip(7).
    pub first_unprivileged_port: Option<u16>,
    /// The ports that the system chooses from; ip(7).
    pub chosen_ports: Option<RangeInclusive<u16>>,
    /// The ports that the system never chooses, in order; ip(7), `ip_local_reserved_ports`. Empty means none.
    pub reserved_ports: Option<Vec<RangeInclusive<u16>>>,
    /// The longest queue that listen(2) grants: a longer backlog is silently cut.
    pub somaxconn: Option<u64>,
    /// Pages of 4096 B (on most machines) that an ordinary user's pipes may hold before new ones shrink; pipe(7).
    /// 0 means no limit.
    pub pipe_user_pages_soft: Option<u64>,
    /// The largest pipe, in bytes, that an ordinary user may ask for; pipe(7).
    pub pipe_max_size: Option<u64>,
}

/// Reads them now.
#[must_use]
pub fn limits() -> Limits {
    let (descriptors, descriptors_hard) =
        read("/proc/self/limits").map_or((None, None), |text| descriptors_in(&text));
    Limits {
        descriptors,
        descriptors_hard,
        first_unprivileged_port: read("/proc/sys/net/ipv4/ip_unprivileged_port_start")
            .and_then(|text| number(&text)),
        chosen_ports: read("/proc/sys/net/ipv4/ip_local_port_range").and_then(|text| range(&text)),
        reserved_ports: read("/proc/sys/net/ipv4/ip_local_reserved_ports")
            .and_then(|text| ranges(&text)),
        somaxconn: read("/proc/sys/net/core/somaxconn").and_then(|text| number(&text)),
        pipe_user_pages_soft: read("/proc/sys/fs/pipe-user-pages-soft")
            .and_then(|text| number(&text)),
        pipe_max_size: read("/proc/sys/fs/pipe-max-size").and_then(|text| number(&text)),
    }
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.trim_ascii().parse().ok()
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text
        .trim_ascii()
        .split_once(|c: char| c.is_ascii_whitespace())?;
    let range = number(first)?..=number(last)?;
    (!range.is_empty()).then_some(range)
}

/// `8080,9148-9150`; an empty line is none.
fn ranges(text: &str) -> Option<Vec<RangeInclusive<u16>>> {
    let words = text.trim_ascii().split(',').filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            Some(number(first)?..=number(last)?)
        })
        .collect()
}

/// `Max open files            1024                 4096                 files`
fn descriptors_in(text: &str) -> (Option<u64>, Option<u64>) {
    let value = |word: &str| match word {
        "unlimited" => Some(u64::MAX),
        digits => digits.parse().ok(),
    };
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let mut words = line.unwrap_or_default().split_ascii_whitespace();
    (words.next().and_then(value), words.next().and_then(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptor_limits_are_two_numbers_or_no_limit() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\n\
                    Max processes             96365                96365                processes\n\
                    Max open files            1024                 unlimited            files\n";
        assert_eq!(descriptors_in(text), (Some(1024), Some(u64::MAX)));
        assert_eq!(descriptors_in("Max open files  x"), (None, None));
        assert_eq!(descriptors_in(""), (None, None));
    }

    #[test]
    fn a_range_of_ports_has_two_ends_in_order() {
        assert_eq!(range("32768\t60999\n"), Some(32768..=60999));
        for text in ["", "32768", "60999 32768", "1 65536", "a b"] {
            assert_eq!(range(text), None, "{text}");
        }
    }

    #[test]
    fn reserved_ports_are_numbers_and_ranges_with_commas() {
        assert_eq!(ranges("\n"), Some(Vec::new()));
        assert_eq!(
            ranges("8080,9148-9150\n"),
            Some(vec![8080..=8080, 9148..=9150])
        );
        assert_eq!(ranges("8080,x"), None);
    }

    #[test]
    fn this_machine_tells_its_limits() {
        let limits = limits();
        assert!(limits.descriptors.unwrap() > 0);
        assert!(limits.descriptors <= limits.descriptors_hard);
        let chosen = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        assert!(limits.chosen_ports.unwrap().contains(&chosen));
        assert!(limits.somaxconn.unwrap() > 0);
        assert!(limits.reserved_ports.is_some());
        assert!(limits.pipe_max_size.unwrap() >= 4096);
        assert!(limits.first_unprivileged_port.is_some() && limits.pipe_user_pages_soft.is_some());
    }
}
