//! The opening handshake, [RFC 6455, section 4](https://www.rfc-editor.org/rfc/rfc6455#section-4): heads of HTTP/1.1 as values. No IO and no clock.

mod base64;
mod client;
mod credentials;
mod field;
mod origin;
mod server;

use aws_lc_rs::digest;

pub use client::{Accepted, Asking, HandshakeError, Refusal, Response};
pub use credentials::{Credentials, NotCredentials};
pub use field::Field;
pub use origin::{OriginRule, is_loopback_host};
pub use server::{Demands, Denial, Denied, Request, Upgrade, accept, read_request};

/// The longest head that is read, bytes: a request line or status line with its fields.
pub const HEAD_MAX: usize = 16 << 10;
/// The most fields in a head.
pub const FIELDS_MAX: usize = 100;

/// A head is over one of its limits, or is none of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHead {
    /// [`HEAD_MAX`] bytes have come and it goes on.
    #[error("the head is longer than {HEAD_MAX} bytes")]
    TooLong,
    /// More than [`FIELDS_MAX`].
    #[error("the head has more than {FIELDS_MAX} fields")]
    TooMany,
    /// Not HTTP/1.
    #[error("this is not HTTP/1.1")]
    NotHttp,
}

/// What `Sec-WebSocket-Accept` has to say to this key: section 4.2.2.
pub(crate) fn accept_key(key: &str) -> String {
    let mut sha1 = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    sha1.update(key.as_bytes());
    sha1.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    base64::encode(sha1.finish().as_ref())
}

fn of_httparse(error: httparse::Error) -> BadHead {
    match error {
        httparse::Error::TooManyHeaders => BadHead::TooMany,
        _ => BadHead::NotHttp,
    }
}

/// The values of a field that may be given several times, as one list.
fn joined<'a>(values: impl Iterator<Item = &'a str>) -> Option<String> {
    let values: Vec<&str> = values.collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// Whether a list of tokens has this one, whatever its case.
fn lists(field: &str, token: &str) -> bool {
    field
        .split(',')
        .any(|one| one.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_is_accepted_as_the_rfc_says() {
        assert_eq!(
            accept_key("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
