//! The invariants of the tables of schemes and options.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::HashSet;

use sockeye_model::option::OptionValue;
use sockeye_model::{Address, Carries, OPTIONS, OptionName, SCHEMES, Scheme};

fn is_a_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_number(text: &str) -> bool {
    (4..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_one_line_of_help(help: &str) -> bool {
    !help.is_empty() && !help.contains('\n') && !help.ends_with('.') && help.chars().count() <= 90
}

#[test]
fn names_are_unique_lower_case_words_that_lead_back_to_their_row() {
    let schemes: HashSet<_> = SCHEMES.iter().map(|row| row.name).collect();
    let options: HashSet<_> = OPTIONS.iter().map(|row| row.name).collect();
    assert_eq!(
        (schemes.len(), options.len()),
        (SCHEMES.len(), OPTIONS.len())
    );
    for row in SCHEMES {
        assert!(is_a_name(row.name), "{}", row.name);
        assert_eq!(Scheme::from_name(row.name), Some(row.scheme));
        assert_eq!(
            row.scheme.row().name,
            row.name,
            "the table is in the order of the enum"
        );
    }
    for row in OPTIONS {
        assert!(is_a_name(row.name), "{}", row.name);
        assert_eq!(OptionName::from_name(row.name), Some(row.option));
        assert_eq!(
            row.option.row().name,
            row.name,
            "the table is in the order of the enum"
        );
    }
}

#[test]
fn every_example_is_an_address_of_its_scheme_in_canonical_form() {
    for row in SCHEMES {
        let address: Address = row.example.parse().unwrap();
        assert_eq!(address.scheme, row.scheme);
        assert_eq!(address.to_string(), row.example);
    }
}

#[test]
fn every_row_has_one_line_of_help_and_every_option_its_manual_page() {
    for row in SCHEMES {
        assert!(is_one_line_of_help(row.help), "{}: {}", row.name, row.help);
    }
    for row in OPTIONS {
        assert!(is_one_line_of_help(row.help), "{}: {}", row.name, row.help);
        assert!(
            row.page.ends_with("(2)")
                || row.page.ends_with("(7)")
                || row.page.strip_prefix("RFC ").is_some_and(is_number),
            "{}",
            row.page
        );
    }
}

#[test]
fn every_option_belongs_to_a_scheme_and_to_each_only_once() {
    let mut used: HashSet<OptionName> = HashSet::new();
    for row in SCHEMES {
        let own: HashSet<_> = row.options.iter().collect();
        assert_eq!(own.len(), row.options.len(), "{}", row.name);
        used.extend(row.options);
    }
    assert_eq!(used.len(), OPTIONS.len());
}

#[test]
fn every_option_of_a_scheme_is_read_and_printed_behind_its_example() {
    for row in SCHEMES {
        for option in row.options {
            let own = if row.scheme.is_layered() && *option == OptionName::Mode {
                format!("{}:/run/app.sock", row.name)
            } else {
                let plain = row.example.split('#').next().unwrap().replace('@', "");
                match plain.rfind('/') {
                    // The path of a WebSocket is an option, too.
                    Some(end) if row.scheme.is_websocket() => plain[..end].to_owned(),
                    _ => plain,
                }
            };
            let value = match option.row().value {
                OptionValue::None => "",
                OptionValue::Local if row.scheme.is_unix() => "=/run/client.sock",
                OptionValue::Local if row.scheme.is_portless() => "=127.0.0.2",
                OptionValue::Local => "=127.0.0.1:5000",
                OptionValue::Interface => "=lo",
                OptionValue::Number { .. } => "=9",
                OptionValue::Hex { .. } => "=0x9",
                OptionValue::Bytes => "=4096",
                OptionValue::Octal => "=660",
                OptionValue::Switch => "=1",
                OptionValue::File => "=/etc/file.pem",
                OptionValue::Host => "=example.org",
                OptionValue::Names | OptionValue::Tokens => "=a+b",
                OptionValue::Origins => "=https://example.org",
                OptionValue::Sha256 => {
                    "=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                }
                OptionValue::TlsVersion => "=1.3",
                OptionValue::UrlPath => "=/chat",
                OptionValue::Time => "=30s",
            };
            let needed = match row.scheme {
                Scheme::Raw if *option < OptionName::Protocol => ["", ",protocol=253"],
                Scheme::Raw if *option > OptionName::Protocol => ["protocol=253,", ""],
                _ => ["", ""],
            };
            let text = format!("{own}#{}{option}{value}{}", needed[0], needed[1]);
            let address: Address = text.parse().unwrap_or_else(|error| panic!("{error}"));
            match option {
                // It is printed where a URL has it.
                OptionName::Path => assert_eq!(address.to_string(), format!("{own}/chat")),
                _ => assert_eq!(address.to_string(), text),
            }
            assert!(address.options.contains(*option));
            let needed = usize::from(needed.concat() != "");
            assert_eq!(address.options.len(), 1 + needed);
        }
    }
}

#[test]
fn what_a_scheme_carries_is_what_its_socket_type_does() {
    let messages: Vec<_> = SCHEMES
        .iter()
        .filter(|row| row.carries == Carries::Messages)
        .map(|row| row.name)
        .collect();
    assert_eq!(
        messages,
        [
            "udp",
            "unix-dgram",
            "unix-seqpacket",
            "ws",
            "wss",
            "icmp",
            "raw"
        ]
    );
    for row in SCHEMES {
        let scheme = row.scheme;
        assert_eq!(row.can_listen, scheme.is_inet() || scheme.is_unix());
        assert_eq!(
            scheme.is_socket(),
            row.can_listen || matches!(row.name, "icmp" | "raw")
        );
        assert_eq!(
            scheme.is_layered(),
            matches!(row.name, "tls" | "ws" | "wss")
        );
    }
}
