//! What holds for any text that may be a services file; the fuzz target and the ordinary tests both check it.

use sockeye_local::{Protocol, Services};

/// Panics if `text` breaks a promise of services(5): lines are read or left out, and the first that names a port wins.
pub(crate) fn check(text: &str) {
    let services = Services::parse(text);
    let nothing = Services::default();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        for word in text
            .split_ascii_whitespace()
            .take(WORDS)
            .chain(["http", "no-such-name"])
        {
            match services.listed_port(word, protocol) {
                Some(port) => {
                    assert_eq!(services.port(word, protocol), Some(port), "{word:?}");
                    assert_names(&services, text, port, protocol);
                }
                // What the file does not say is said by the table, as if there were no file.
                None => assert_eq!(
                    services.port(word, protocol),
                    nothing.port(word, protocol),
                    "{word:?}"
                ),
            }
        }
        for port in [0, 7, 80, 443, 6881, u16::MAX] {
            let named = services.name(port, protocol);
            match services.listed_name(port, protocol) {
                Some(name) => assert_eq!(named, Some(name)),
                None => assert_eq!(named, nothing.name(port, protocol)),
            }
        }
    }
}

/// A port that a name leads to has names of its own, each a word of the file that is no comment.
fn assert_names(services: &Services, text: &str, port: u16, protocol: Protocol) {
    let names = services.listed_names(port, protocol);
    assert_eq!(
        names.first().map(String::as_str),
        services.listed_name(port, protocol)
    );
    assert!(!names.is_empty());
    for name in names {
        assert!(!name.is_empty() && text.contains(name.as_str()), "{name:?}");
        assert!(
            !name.contains(|c: char| c.is_ascii_whitespace() || c == '#'),
            "{name:?}"
        );
        assert!(services.listed_port(name, protocol).is_some(), "{name:?}");
    }
}

/// Words of a text that are asked for, so that a long text is no slow one.
const WORDS: usize = 200;
