//! The options behind the `#` of an address, from text to typed values.

use super::error::AddressProblem;
use super::habit;
use super::parse::{Parsed, inet, is_interface, lone_host, unix_name};
use crate::option::{BindTo, MAX_BYTES, OptionName, OptionValue, Options, SocketOption};
use crate::scheme::Scheme;

pub(super) fn options(scheme: Scheme, text: Option<&str>) -> Parsed<Options> {
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
        if options.insert(option(scheme, name, value)?).is_some() {
            return Err(AddressProblem::RepeatedOption { option: name });
        }
    }
    Ok(options)
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
    typed_option(option, kind, text).ok_or_else(|| AddressProblem::BadValue {
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
        OptionName::Bind => return None,
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
    })
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
