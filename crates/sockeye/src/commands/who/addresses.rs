//! The interfaces of this machine, an address a line.

use std::io::{self, Write};

use sockeye_local::{Assigned, Link};
use sockeye_view::catalogue::Language;

use super::sheet::{self, Column, fixed, optional, right};
use super::words;

const SHAPE: &[Column] = &[
    fixed(words::INTERFACE),
    fixed(words::STATE),
    fixed(words::ADDRESS),
    optional(words::SCOPE, 1),
    right(optional(words::MTU, 2)),
    optional(words::MAC, 3),
];

/// Writes the interfaces; one without an address has a line as well.
pub(super) fn write(
    out: &mut dyn Write,
    links: &[Link],
    width: Option<usize>,
    language: Language,
) -> io::Result<()> {
    let mut rows = Vec::new();
    for link in links {
        let piped = width.is_none();
        let word = |text: &str| match piped {
            true => text.replace(", ", ",").replace(' ', "-"),
            false => text.to_owned(),
        };
        let row = |address: String, scope: String| {
            vec![
                link.name.clone(),
                word(state(link).say(language)),
                address,
                scope,
                link.mtu
                    .map_or_else(|| "-".to_owned(), |mtu| mtu.to_string()),
                hardware(link).unwrap_or_else(|| "-".to_owned()),
            ]
        };
        if link.addresses.is_empty() {
            rows.push(row("-".to_owned(), "-".to_owned()));
        }
        for assigned in &link.addresses {
            rows.push(row(
                word(&address(assigned)),
                word(&scope(assigned, language)),
            ));
        }
    }
    sheet::write(out, SHAPE, rows, width, language)
}

fn state(link: &Link) -> sockeye_view::catalogue::Text {
    match (link.up, link.running) {
        (false, _) => words::DOWN,
        (true, false) => words::NO_CARRIER,
        (true, true) => words::UP,
    }
}

/// With its prefix, as ip-address(8) writes it.
fn address(assigned: &Assigned) -> String {
    match assigned.peer {
        Some(peer) => format!("{} → {peer}/{}", assigned.ip, assigned.prefix),
        None => format!("{}/{}", assigned.ip, assigned.prefix),
    }
}

fn scope(assigned: &Assigned, language: Language) -> String {
    let scope = assigned.scope.name();
    match assigned.tentative {
        true => words::TENTATIVE.fill(language, &[("scope", &scope)]),
        false => scope.to_owned(),
    }
}

/// Bytes in hexadecimal with colons between.
pub(super) fn hardware(link: &Link) -> Option<String> {
    let bytes: Vec<_> = link
        .hardware
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    (!bytes.is_empty()).then(|| bytes.join(":"))
}
