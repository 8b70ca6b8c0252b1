//! Whether a test that traces programs can be made on this machine.

use std::process::Command;

/// Why no program can be traced here.
pub(crate) fn cannot_trace() -> Option<String> {
    let traced = Command::new(env!("CARGO_BIN_EXE_sockeye"))
        .args(["trace", "--lang", "en", "true"])
        .output()
        .unwrap();
    (traced.status.code() == Some(125))
        .then(|| String::from_utf8_lossy(&traced.stderr).into_owned())
}

/// Says what is not installed on this machine; a failure where nothing may be skipped.
#[expect(clippy::print_stderr, reason = "a skip must be seen")]
pub(crate) fn skipped(why: &str) {
    assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "{why}");
    eprintln!("skipped: {why}");
}

/// Says that the system forbids tracing: nothing that could be installed changes that, so it is no failure anywhere.
#[expect(clippy::print_stderr, reason = "a skip must be seen")]
pub(crate) fn forbidden(why: &str) {
    eprintln!("skipped: {why}");
}
