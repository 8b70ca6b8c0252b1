//! The parameters of SVCB and HTTPS records (RFC 9460 section 2.1): `alpn="h2,h3" port=8443`.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::fields::{Reader, put_list_item};
use super::{put_base64, put_quoted};

/// Writes each key with its value, as they come.
pub(super) fn put_parameters(text: &mut String, reader: &mut Reader<'_>) -> Option<()> {
    let start = text.len();
    while !reader.bytes.is_empty() {
        if text.len() > start {
            text.push(' ');
        }
        let key = reader.u16()?;
        let len = reader.u16()?;
        let value = reader.take(usize::from(len))?;
        put_key(text, key);
        put_value(text, key, value)?;
    }
    Some(())
}

/// A key by its name, or `key` and its number (RFC 9460 section 14.3.2).
fn put_key(text: &mut String, key: u16) {
    let name = match key {
        0 => "mandatory",
        1 => "alpn",
        2 => "no-default-alpn",
        3 => "port",
        4 => "ipv4hint",
        5 => "ech",
        6 => "ipv6hint",
        7 => "dohpath",
        8 => "ohttp",
        _ => {
            let _ = write!(text, "key{key}");
            return;
        }
    };
    text.push_str(name);
}

fn put_value(text: &mut String, key: u16, value: &[u8]) -> Option<()> {
    let mut reader = Reader { bytes: value };
    match key {
        0 => put_list(text, &mut reader, |text, reader| {
            let key = reader.u16()?;
            put_key(text, key);
            Some(())
        }),
        1 => {
            text.push_str("=\"");
            let start = text.len();
            while !reader.bytes.is_empty() {
                if text.len() > start {
                    text.push(',');
                }
                put_list_item(text, reader.counted()?);
            }
            text.push('"');
            Some(())
        }
        2 | 8 => value.is_empty().then_some(()),
        3 => {
            let port = reader.u16()?;
            let _ = write!(text, "={port}");
            reader.bytes.is_empty().then_some(())
        }
        4 => put_list(text, &mut reader, |text, reader| {
            let _ = write!(text, "{}", Ipv4Addr::from(reader.array::<4>()?));
            Some(())
        }),
        5 => {
            text.push('=');
            put_base64(text, value);
            Some(())
        }
        6 => put_list(text, &mut reader, |text, reader| {
            let _ = write!(text, "{}", Ipv6Addr::from(reader.array::<16>()?));
            Some(())
        }),
        _ if value.is_empty() => Some(()),
        _ => {
            text.push('=');
            put_quoted(text, value);
            Some(())
        }
    }
}

fn put_list(
    text: &mut String,
    reader: &mut Reader<'_>,
    one: fn(&mut String, &mut Reader<'_>) -> Option<()>,
) -> Option<()> {
    text.push('=');
    one(text, reader)?;
    while !reader.bytes.is_empty() {
        text.push(',');
        one(text, reader)?;
    }
    Some(())
}
