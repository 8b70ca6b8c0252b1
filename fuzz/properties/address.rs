//! What holds for every text that may be an address; the fuzz target and the ordinary tests both check it.

use sockeye_model::{Address, Target};

/// Panics if `text` breaks a promise of the address grammar.
pub(crate) fn check(text: &str) {
    match text.parse::<Address>() {
        Ok(address) => check_address(&address),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.is_empty(), "{text:?} has no message");
            assert!(
                !message.contains(char::is_control),
                "{text:?} gives {message:?}"
            );
        }
    }
    let words: Vec<&str> = text.split(' ').collect();
    if let Ok((address, taken)) = Address::parse_words(&words) {
        assert!(
            (1..=2).contains(&taken) && taken <= words.len(),
            "{words:?}: {taken} words"
        );
        check_address(&address);
    }
}

/// Panics unless the address prints in one form that parses back to it.
pub(crate) fn check_address(address: &Address) {
    let printed = address.to_string();
    match printed.parse::<Address>() {
        Ok(back) => {
            assert_eq!(&back, address, "through {printed:?}");
            // Paths compare by their parts, so a//b equals a/b: the printed form tells them apart.
            assert_eq!(back.to_string(), printed);
        }
        Err(error) => panic!("{address:?} prints as {printed:?}, which is refused: {error}"),
    }
    let command = matches!(address.target, Target::Exec(_));
    assert!(
        command || !printed.contains(|c: char| c.is_control() || c == ' '),
        "{printed:?}"
    );
}
