//! Addresses on the command line: read from one word or two, and checked against what a command can do with them.

use sockeye_model::scheme::Carries;
use sockeye_model::{Address, SCHEMES};

use sockeye_view::escape::escape_name;

use crate::cli::{Usage, words};

/// The address that the words are; one, or a host and a port.
pub(crate) fn of_words(words: &[String]) -> Result<Address, Usage> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (address, taken) = Address::parse_words(&words)?;
    match words.get(taken) {
        None => Ok(address),
        Some(extra) => Err(Usage::of(
            words::ALREADY_ADDRESS,
            &[("address", &address), ("extra", &escape_name(extra))],
        )),
    }
}

/// Refuses what is no socket.
pub(crate) fn connectable(address: &Address) -> Result<(), Usage> {
    if address.scheme.is_socket() {
        return Ok(());
    }
    Err(Usage::of(words::NOT_CONNECTABLE, &[("address", address)]))
}

/// Refuses what cannot wait for peers.
pub(crate) fn listenable(address: &Address) -> Result<(), Usage> {
    if address.scheme.can_listen() {
        return Ok(());
    }
    let can: Vec<&str> = SCHEMES
        .iter()
        .filter(|row| row.can_listen)
        .map(|row| row.name)
        .collect();
    Err(Usage::of(
        words::NOT_LISTENABLE,
        &[("address", address), ("schemes", &can.join(", "))],
    ))
}

/// Whether what travels there keeps its boundaries.
pub(crate) fn keeps_messages(address: &Address) -> bool {
    address.scheme.carries() == Carries::Messages
}
