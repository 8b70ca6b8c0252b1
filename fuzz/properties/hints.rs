//! What holds for any text that may be a hints file; the fuzz target and the ordinary tests both check it.

use sockeye_names::walk::{Hints, NoHints};

/// Panics if `text` breaks a promise of hints: they are servers with addresses, or an error of one line.
pub(crate) fn check(text: &str) {
    match Hints::parse(text) {
        Ok(hints) => {
            assert!(!hints.servers.is_empty());
            assert_eq!(hints.port, 53);
            for (name, addresses) in &hints.servers {
                assert!(name.is_fqdn(), "{name}");
                assert!(!addresses.is_empty(), "{name}");
            }
        }
        Err(NoHints::NoServer) => {}
        Err(error) => {
            let error = error.to_string();
            assert!(error.chars().all(|c| (' '..='~').contains(&c)), "{error:?}");
        }
    }
}
