//! What permessage-deflate is agreed on in the handshake: [RFC 7692, section 7.1](https://www.rfc-editor.org/rfc/rfc7692#section-7.1).

use std::fmt::Write as _;

/// What both sides agreed on about compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// What this side sends.
    pub(crate) ours: Direction,
    /// What the other side sends.
    pub(crate) theirs: Direction,
}

/// One direction's part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Direction {
    /// Each message is compressed as if it were the first.
    pub(crate) no_context_takeover: bool,
    /// The window has 2 to the power of this many bytes, 8 to 15.
    pub(crate) window_bits: u8,
}

impl Direction {
    const DEFAULT: Self = Self {
        no_context_takeover: false,
        window_bits: 15,
    };
}

/// One element of a `Sec-WebSocket-Extensions` field.
#[derive(Debug, PartialEq, Eq)]
struct Extension<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, Option<&'a str>)>,
}

/// What a client offers: any window that the server likes, which a server may also leave as it is.
pub(crate) const OFFER: &str = "permessage-deflate; client_max_window_bits";

/// A server's answer to what a client offered: what is agreed, and the field's value that says so. The first offer that
/// can be taken is; `None` where there is none.
pub(crate) fn accept(field: &str) -> Option<(Deflate, String)> {
    extensions(field)?.iter().find_map(accept_one)
}

fn accept_one(offer: &Extension<'_>) -> Option<(Deflate, String)> {
    if !offer.name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let (client, server) = parameters(offer, true)?;
    let mut answer = NAME.to_owned();
    if server.no_context_takeover {
        answer.push_str("; server_no_context_takeover");
    }
    if client.no_context_takeover {
        answer.push_str("; client_no_context_takeover");
    }
    if server.window_bits < 15 {
        let _ = write!(answer, "; server_max_window_bits={}", server.window_bits);
    }
    let agreed = Deflate {
        ours: server,
        theirs: client,
    };
    Some((agreed, answer))
}

/// What a server's answer to [`OFFER`] means; `None` where it agrees to something that was not offered.
pub(crate) fn agreed(field: &str) -> Option<Deflate> {
    let [extension] = &extensions(field)?[..] else {
        return None;
    };
    if !extension.name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let (ours, theirs) = parameters(extension, false)?;
    Some(Deflate { ours, theirs })
}

/// The client's direction and the server's.
fn parameters(extension: &Extension<'_>, offered: bool) -> Option<(Direction, Direction)> {
    let (mut client, mut server) = (Direction::DEFAULT, Direction::DEFAULT);
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in &extension.parameters {
        if seen.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return None;
        }
        seen.push(name);
        match (name.to_ascii_lowercase().as_str(), value) {
            ("client_no_context_takeover", None) => client.no_context_takeover = true,
            ("server_no_context_takeover", None) => server.no_context_takeover = true,
            // Without a value it is a hint that the server may choose one.
            ("client_max_window_bits", None) if offered => {}
            ("client_max_window_bits", Some(bits)) => client.window_bits = window_bits(bits)?,
            ("server_max_window_bits", Some(bits)) => server.window_bits = window_bits(bits)?,
            _ => return None,
        }
    }
    Some((client, server))
}

fn window_bits(value: &str) -> Option<u8> {
    match value.as_bytes() {
        [b'8' | b'9'] | [b'1', b'0'..=b'5'] => value.parse().ok(),
        _ => None,
    }
}

/// Takes the field apart; `None` where it breaks the grammar. A quoted value can only be a token here.
fn extensions(field: &str) -> Option<Vec<Extension<'_>>> {
    let elements = field
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty());
    elements
        .map(|element| {
            let mut parts = element.split(';').map(str::trim);
            let name = parts.next().filter(|name| is_token(name))?;
            let parameters = parts
                .map(|part| match part.split_once('=') {
                    None => is_token(part).then_some((part, None)),
                    Some((name, value)) => {
                        let (name, value) = (name.trim(), value.trim());
                        let value = value
                            .strip_prefix('"')
                            .and_then(|value| value.strip_suffix('"'))
                            .unwrap_or(value);
                        (is_token(name) && is_token(value)).then_some((name, Some(value)))
                    }
                })
                .collect::<Option<_>>()?;
            Some(Extension { name, parameters })
        })
        .collect()
}

/// A token of [RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

const NAME: &str = "permessage-deflate";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_answered_with_what_it_asked_of_us() {
        for (offer, answer) in [
            ("permessage-deflate", Some("permessage-deflate")),
            (OFFER, Some("permessage-deflate")),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
            ),
            (
                "permessage-deflate; server_max_window_bits=\"9\"; client_max_window_bits=10",
                Some("permessage-deflate; server_max_window_bits=9"),
            ),
            (
                "permessage-deflate; x=1, x-webkit-deflate-frame, Permessage-Deflate",
                Some("permessage-deflate"),
            ),
            ("permessage-deflate; server_max_window_bits", None),
            ("permessage-deflate; server_max_window_bits=7", None),
            ("permessage-deflate; server_max_window_bits=09", None),
            ("permessage-deflate; server_max_window_bits=16", None),
            ("permessage-deflate; client_no_context_takeover=1", None),
            (
                "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                None,
            ),
            ("permessage-deflate; =", None),
            ("", None),
        ] {
            let accepted = accept(offer).map(|(_, answer)| answer);
            assert_eq!(accepted.as_deref(), answer, "{offer}");
        }
    }

    #[test]
    fn a_server_may_only_agree_to_what_was_offered() {
        let direction = |no_context_takeover, window_bits| Direction {
            no_context_takeover,
            window_bits,
        };
        let both = |ours, theirs| Some(Deflate { ours, theirs });
        for (answer, expected) in [
            (
                "permessage-deflate",
                both(direction(false, 15), direction(false, 15)),
            ),
            (
                "permessage-deflate; client_max_window_bits=9; server_no_context_takeover",
                both(direction(false, 9), direction(true, 15)),
            ),
            ("permessage-deflate; client_max_window_bits", None),
            ("permessage-deflate, permessage-deflate", None),
            ("permessage-foo", None),
            ("", None),
        ] {
            assert_eq!(agreed(answer), expected, "{answer}");
        }
    }
}
