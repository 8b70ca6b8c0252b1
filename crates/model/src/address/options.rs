//! The options behind the `#` of an address, from text to typed values.

use std::time::Duration;

use super::Host;
use super::error::AddressProblem;
use super::habit;
use super::parse::{
    Parsed, host, inet, is_interface, lone_host, nibble, path, unescape, unix_name,
};
use super::url::path_and_query;
use crate::option::{
    BindTo, MAX_BYTES, MAX_TIME, OptionName, OptionValue, Options, SocketOption, TlsVersion,
};
use crate::scheme::Scheme;

/// The options behind the `#`; `over` is the scheme of the socket itself, which under tls and ws is another.
pub(super) fn options(scheme: Scheme, over: Scheme, text: Option<&str>) -> Parsed<Options> {
    let mut options = Options::new();
    let Some(text) = text else { return Ok(options) };
    for item in text.split(',') {
        let (word, value) = item
            .split_once('=')
            .map_or((item, None), |(word, value)| (word, Some(value)));
        if word.is_empty() {
            return Err(AddressProblem::EmptyOption { scheme });
        }
        let Some(name) =
            OptionName::from_name(word).filter(|name| scheme.row().options.contains(name))
        else {
            return Err(AddressProblem::UnknownOption {
                option: word.into(),
                scheme,
                nearest: habit::option(word, scheme),
            });
        };
        if over != scheme && belongs_elsewhere(name, over) {
            return Err(AddressProblem::OtherTransport {
                option: name,
                scheme,
                transport: over,
            });
        }
        // The path / is what an address without one means.
        let root = name == OptionName::Path && value == Some("/");
        if !root && options.insert(option(over, name, value)?).is_some() {
            return Err(AddressProblem::RepeatedOption { option: name });
        }
    }
    Ok(options)
}

/// Whether this is an option of tcp or unix, and not of the one that is used.
fn belongs_elsewhere(name: OptionName, over: Scheme) -> bool {
    let of = |scheme: Scheme| scheme.row().options.contains(&name);
    !of(over) && (of(Scheme::Tcp) || of(Scheme::Unix))
}

fn option(scheme: Scheme, option: OptionName, value: Option<&str>) -> Parsed<SocketOption> {
    let kind = option.row().value;
    let text = match value {
        Some("") | None if kind != OptionValue::None => {
            return Err(AddressProblem::MissingValue { option });
        }
        Some(value) if kind == OptionValue::None => {
            return Err(AddressProblem::BadValue {
                option,
                value: value.into(),
            });
        }
        value => value.unwrap_or_default(),
    };
    if option == OptionName::Bind {
        return bind_to(scheme, text).map(SocketOption::Bind);
    }
    let written = if kind == OptionValue::UrlPath {
        // Where it is typed as an option the stroke can't be left out: path=chat would be a name.
        let Some(path) = path_and_query(text)?.filter(|_| text.starts_with('/')) else {
            return Err(AddressProblem::BadValue {
                option,
                value: text.into(),
            });
        };
        Some(SocketOption::Path(path))
    } else {
        file(option, kind, text)?
            .or_else(|| layer(option, text))
            .or_else(|| typed_option(option, kind, text))
    };
    written.ok_or_else(|| AddressProblem::BadValue {
        option,
        value: text.into(),
    })
}

/// `None` where the value is not of the option's kind.
fn typed_option(option: OptionName, kind: OptionValue, text: &str) -> Option<SocketOption> {
    // One number for all kinds that are one; the limits of the row keep the conversions below from failing.
    let number = match kind {
        OptionValue::Number { min, max } => {
            number(text).filter(|number| (min..=max).contains(number))?
        }
        OptionValue::Hex { max } => match text.strip_prefix("0x") {
            Some(digits) => radix(digits, 16),
            None => number(text),
        }
        .filter(|number| *number <= max)?,
        OptionValue::Octal => radix(text, 8).filter(|bits| *bits <= 0o7777)?,
        OptionValue::Switch => match text {
            "0" | "off" => 0,
            "1" | "on" => 1,
            _ => return None,
        },
        OptionValue::Bytes => bytes(text)?,
        OptionValue::Interface if is_interface(text) => 0,
        OptionValue::None => 0,
        _ => return None,
    };
    Some(match option {
        OptionName::Protocol => SocketOption::Protocol(number.try_into().ok()?),
        OptionName::Hdrincl => SocketOption::Hdrincl,
        OptionName::Insecure => SocketOption::Insecure,
        OptionName::Deflate => SocketOption::Deflate,
        OptionName::MaxMessage => SocketOption::MaxMessage(number.try_into().ok()?),
        OptionName::Interface => SocketOption::Interface(text.into()),
        OptionName::Reuseaddr => SocketOption::Reuseaddr,
        OptionName::Reuseport => SocketOption::Reuseport,
        OptionName::V6only => SocketOption::V6only,
        OptionName::Backlog => SocketOption::Backlog(number),
        OptionName::Mode => SocketOption::Mode(number),
        OptionName::Nodelay => SocketOption::Nodelay,
        OptionName::Keepalive => SocketOption::Keepalive,
        OptionName::Linger => SocketOption::Linger(number.try_into().ok()?),
        OptionName::Broadcast => SocketOption::Broadcast,
        OptionName::MulticastTtl => SocketOption::MulticastTtl(number.try_into().ok()?),
        OptionName::MulticastLoop => SocketOption::MulticastLoop(number == 1),
        OptionName::Sndbuf => SocketOption::Sndbuf(number.try_into().ok()?),
        OptionName::Rcvbuf => SocketOption::Rcvbuf(number.try_into().ok()?),
        OptionName::Ttl => SocketOption::Ttl(number.try_into().ok()?),
        OptionName::Tos => SocketOption::Tos(number.try_into().ok()?),
        OptionName::Mark => SocketOption::Mark(number),
        OptionName::Append => SocketOption::Append,
        OptionName::Excl => SocketOption::Excl,
        OptionName::Bind
        | OptionName::Sni
        | OptionName::Alpn
        | OptionName::Ca
        | OptionName::Pin
        | OptionName::Cert
        | OptionName::Key
        | OptionName::ClientCa
        | OptionName::Keylog
        | OptionName::Tls
        | OptionName::Path
        | OptionName::Subprotocol
        | OptionName::Origin
        | OptionName::Header
        | OptionName::Auth
        | OptionName::Ping => return None,
    })
}

/// A file's path; `None` for an option that is none.
fn file(option: OptionName, kind: OptionValue, text: &str) -> Parsed<Option<SocketOption>> {
    if kind != OptionValue::File {
        return Ok(None);
    }
    let of = match option {
        OptionName::Ca => SocketOption::Ca,
        OptionName::Cert => SocketOption::Cert,
        OptionName::Key => SocketOption::Key,
        OptionName::ClientCa => SocketOption::ClientCa,
        OptionName::Keylog => SocketOption::Keylog,
        OptionName::Header => SocketOption::Header,
        OptionName::Auth => SocketOption::Auth,
        _ => return Ok(None),
    };
    path(text).map(of).map(Some)
}

/// The options of the layers above a socket whose value is neither a number nor a file.
fn layer(option: OptionName, text: &str) -> Option<SocketOption> {
    match option {
        OptionName::Sni => match host(text) {
            Ok(Host::Name(name)) => Some(SocketOption::Sni(name)),
            _ => None,
        },
        OptionName::Alpn => names(text, |name| {
            name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .map(SocketOption::Alpn),
        OptionName::Subprotocol => names(text, is_token).map(SocketOption::Subprotocol),
        OptionName::Origin => names(text, is_origin).map(SocketOption::Origin),
        OptionName::Pin => sha256(text).map(SocketOption::Pin),
        OptionName::Tls => match text {
            "1.2" => Some(SocketOption::Tls(TlsVersion::V12)),
            "1.3" => Some(SocketOption::Tls(TlsVersion::V13)),
            _ => None,
        },
        OptionName::Ping => time(text).map(SocketOption::Ping),
        _ => None,
    }
}

/// One or more names joined by `+`, each of them right and none there twice.
fn names(text: &str, is_right: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split('+') {
        let name = String::from_utf8(unescape(name)).ok()?;
        if name.is_empty() || !is_right(&name) || names.contains(&name) {
            return None;
        }
        names.push(name);
    }
    Some(names)
}

/// [RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
fn is_token(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A serialized origin, [RFC 6454, section 6.2](https://www.rfc-editor.org/rfc/rfc6454#section-6.2): `null`, or a
/// scheme, a host and a port where it is not the scheme's own.
fn is_origin(text: &str) -> bool {
    if text == "null" {
        return true;
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let letter =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    let scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase()) && scheme.bytes().all(letter);
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte);
    scheme && !rest.is_empty() && rest.bytes().all(of_host)
}

/// `sha256:` and 64 digits, in either case; colons between the bytes, as openssl prints them, are taken too.
fn sha256(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("sha256:")?;
    let digits = match digits.as_bytes().get(2) {
        Some(b':') => {
            let pairs: Vec<&str> = digits.split(':').collect();
            if pairs.iter().any(|pair| pair.len() != 2) {
                return None;
            }
            pairs.concat()
        }
        _ => digits.to_owned(),
    };
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut sum = [0; 32];
    for (byte, pair) in sum.iter_mut().zip(unescape_pairs(digits.as_bytes())) {
        *byte = pair;
    }
    Some(sum)
}

fn unescape_pairs(digits: &[u8]) -> impl Iterator<Item = u8> {
    digits
        .chunks_exact(2)
        .map(|pair| nibble(pair[0]) << 4 | nibble(pair[1]))
}

/// A number and its unit: ms, s, m or h.
fn time(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(unit);
    let number = u64::from(number(digits).filter(|_| !digits.is_empty())?);
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number * 60),
        "h" => Duration::from_secs(number * 3600),
        _ => return None,
    };
    (!time.is_zero() && time <= MAX_TIME).then_some(time)
}

/// A size with an optional `k` or `m`, at least 1 and at most [`MAX_BYTES`].
fn bytes(text: &str) -> Option<u32> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1024),
        b'm' | b'M' => (&text[..text.len() - 1], 1024 * 1024),
        _ => (text, 1),
    };
    let size = number(digits)?.checked_mul(unit)?;
    (size >= 1 && size as usize <= MAX_BYTES).then_some(size)
}

fn bind_to(scheme: Scheme, text: &str) -> Parsed<BindTo> {
    if scheme.is_unix() {
        return unix_name(scheme, text).map(BindTo::Unix);
    }
    if scheme.is_portless() {
        return lone_host(text)
            .map(|host| BindTo::Inet { host, port: None })
            .ok_or_else(|| AddressProblem::BadValue {
                option: OptionName::Bind,
                value: text.into(),
            });
    }
    // The port may be left out, so a lone host is tried first; digits alone would be neither for sure.
    match inet("", text) {
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => Err(AddressProblem::BadValue {
            option: OptionName::Bind,
            value: text.into(),
        }),
        Err(AddressProblem::MissingPort { .. }) => lone_host(text)
            .map(|host| BindTo::Inet { host, port: None })
            .ok_or_else(|| AddressProblem::BadValue {
                option: OptionName::Bind,
                value: text.into(),
            }),
        parts => parts.map(|(host, port)| BindTo::Inet {
            host,
            port: Some(port),
        }),
    }
}

pub(super) fn number(text: &str) -> Option<u32> {
    radix(text, 10)
}

/// Digits and nothing else: `from_str_radix` alone would take a sign.
fn radix(text: &str, radix: u32) -> Option<u32> {
    if text.chars().all(|c| c.is_digit(radix)) {
        u32::from_str_radix(text, radix).ok()
    } else {
        None
    }
}
