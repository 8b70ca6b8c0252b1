//! resolv.conf(5), read as leniently as the C library reads it: what it does not know is left out, and nothing is an error.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::Name;

use crate::read_name;
use crate::server::{PORT, with_zone};

/// What resolv.conf says; where it says nothing, what the C library takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvConf {
    /// The servers, at most three.
    pub addresses: Vec<SocketAddr>,
    /// The file names them; else it is the one on this machine.
    pub names_servers: bool,
    /// The domains below which a name is searched for; `None` where the file names none.
    pub search: Option<Vec<Name>>,
    /// A name with so many dots is tried as it stands first.
    pub ndots: usize,
    /// How long one server is waited for in the first round.
    pub timeout: Duration,
    /// How many rounds there are.
    pub attempts: u32,
    /// Another server comes first each time.
    pub rotate: bool,
    /// TCP only (`use-vc`).
    pub tcp: bool,
    /// A name without a dot is not tried as it stands (`no-tld-query`).
    pub no_single_label: bool,
}

impl Default for ResolvConf {
    fn default() -> Self {
        Self {
            addresses: vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT)],
            names_servers: false,
            search: None,
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
            rotate: false,
            tcp: false,
            no_single_label: false,
        }
    }
}

impl ResolvConf {
    /// Reads the file; nothing in it is an error. Without a server it is the one on this machine.
    pub fn parse(text: &str) -> Self {
        let mut conf = Self::default();
        let mut servers = Vec::new();
        for line in text.lines() {
            // Only at the start of a line is it a comment.
            if line.starts_with(['#', ';']) {
                continue;
            }
            let (keyword, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
            match keyword {
                "nameserver" if servers.len() < MOST_SERVERS => servers.extend(server(value)),
                "search" => conf.search = Some(domains(value)),
                "domain" => {
                    let first = value.split_ascii_whitespace().next().unwrap_or_default();
                    conf.search = Some(domains(first));
                }
                "options" => conf.set_options(value),
                _ => {}
            }
        }
        if !servers.is_empty() {
            conf.addresses = servers;
            conf.names_servers = true;
        }
        conf
    }

    /// Takes the words of a line of options; unknown ones are left out, numbers are kept within the C library's bounds.
    pub fn set_options(&mut self, words: &str) {
        for word in words.split_ascii_whitespace() {
            let (name, value) = word.split_once(':').unwrap_or((word, ""));
            match name {
                "ndots" => self.ndots = number(value).min(15) as usize,
                "timeout" => self.timeout = Duration::from_secs(number(value).clamp(1, 30).into()),
                "attempts" => self.attempts = number(value).clamp(1, 5),
                "rotate" => self.rotate = true,
                "use-vc" => self.tcp = true,
                "no-tld-query" => self.no_single_label = true,
                _ => {}
            }
        }
    }
}

fn server(value: &str) -> Option<SocketAddr> {
    with_zone(value.split_ascii_whitespace().next()?, PORT)
}

/// The domains of a search list; what is no name is left out.
pub(super) fn domains(words: &str) -> Vec<Name> {
    let names = words
        .split_ascii_whitespace()
        .filter_map(|word| read_name(word).ok());
    names.collect()
}

/// A number as atoi(3) reads it: the digits at the start.
fn number(text: &str) -> u32 {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text[..digits].parse() {
        Ok(number) => number,
        Err(_) if digits > 0 => u32::MAX,
        Err(_) => 0,
    }
}

/// `MAXNS` of `<resolv.h>`.
const MOST_SERVERS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_line_that_means_something_is_read() {
        let conf = ResolvConf::parse(
            "# made by hand\n; old\nnameserver 192.0.2.1 # first\nnameserver\t2001:db8::53\n nameserver 192.0.2.9\n\
             nameserver 192.0.2.2\nnameserver 192.0.2.3\ndomain old.example\nsearch a.example b.example.\n\
             options ndots:3 timeout:1 attempts:4 rotate use-vc edns0 trust-ad no-tld-query\nsortlist 130.155.160.0\n",
        );
        let servers: Vec<String> = conf.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(
            servers,
            ["192.0.2.1:53", "[2001:db8::53]:53", "192.0.2.2:53"]
        );
        let search: Vec<String> = conf.search.iter().flatten().map(crate::name_text).collect();
        assert_eq!(search, ["a.example.", "b.example."]);
        assert_eq!(
            (conf.ndots, conf.timeout, conf.attempts),
            (3, Duration::from_secs(1), 4)
        );
        assert!(conf.rotate && conf.tcp && conf.no_single_label);
    }

    #[test]
    fn the_last_of_domain_and_search_counts() {
        let search = |text| ResolvConf::parse(text).search.map(|names| names.len());
        assert_eq!(search("search a b c\ndomain d e\n"), Some(1));
        assert_eq!(search("domain d\nsearch a b c\n"), Some(3));
        assert_eq!(search("domain\n"), Some(0));
        assert_eq!(search("nameserver 192.0.2.1\n"), None);
    }

    #[test]
    fn numbers_stay_within_bounds_and_nonsense_is_zero() {
        let mut conf = ResolvConf::default();
        conf.set_options("ndots:99 timeout:99999999999999999999 attempts:0 frobnicate:7");
        assert_eq!(
            (conf.ndots, conf.timeout, conf.attempts),
            (15, Duration::from_secs(30), 1)
        );
        conf.set_options("ndots:2x timeout: attempts:-1");
        assert_eq!(
            (conf.ndots, conf.timeout, conf.attempts),
            (2, Duration::from_secs(1), 1)
        );
    }

    #[test]
    fn an_empty_or_broken_file_asks_this_machine() {
        for text in [
            "",
            "nameserver",
            "nameserver example.org",
            "NAMESERVER 192.0.2.1",
            "nameserver 1.2.3",
            "nameserver fe80::1%nosuchinterface",
        ] {
            assert_eq!(ResolvConf::parse(text), ResolvConf::default(), "{text}");
        }
        let zoned = ResolvConf::parse("nameserver fe80::1%lo\nnameserver fe80::1%7\n");
        let servers: Vec<String> = zoned.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["[fe80::1%1]:53", "[fe80::1%7]:53"]);
    }

    proptest! {
        #[test]
        fn any_content_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let conf = ResolvConf::parse(&String::from_utf8_lossy(&bytes));
            prop_assert!(!conf.addresses.is_empty() && conf.addresses.len() <= 3);
        }

        #[test]
        fn any_lines_of_known_words_are_survived(
            lines in proptest::collection::vec(
                ("(nameserver|search|domain|options|sortlist|#|)", "[ \t:;.%0-9a-fñ-]{0,12}", "[ -~\\u{0}\\u{85}é]{0,20}"), 0..12),
        ) {
            let text: Vec<String> = lines.iter().map(|(a, b, c)| format!("{a}{b} {c}")).collect();
            let conf = ResolvConf::parse(&text.join("\n"));
            prop_assert!(conf.timeout <= Duration::from_secs(30) && (1..=5).contains(&conf.attempts));
        }
    }
}
