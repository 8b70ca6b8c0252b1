//! What arguments point to, as text: data, stretches, messages, sets of descriptors, times.

use sockeye_model::SocketAddress;
use sockeye_model::escape::{columns, escape_line, preview};

use super::flags;
use crate::tracee::Tracee;
use crate::world::addresses::{Given, given};
use crate::world::decode::{MANY_MESSAGE, Message, Stretch, read, read_bytes, read_int, stretches};

/// Columns of data that are shown.
const SHOWN: usize = 32;
/// Of a list so many.
const LISTED: usize = 8;
/// Descriptors that are looked at in a set: `FD_SETSIZE`.
const DESCRIPTORS: i32 = 1_024;

pub(super) fn pointer(at: u64) -> String {
    match at {
        0 => "NULL".to_owned(),
        _ => format!("{at:#x}"),
    }
}

/// The beginning of `len` bytes, in quotes.
pub(super) fn data(tracee: &dyn Tracee, at: u64, len: u64) -> String {
    if at == 0 {
        return pointer(at);
    }
    // No escape is shorter than the byte that it stands for.
    let looked_at = len.min(SHOWN as u64 * 4);
    match read_bytes(tracee, at, looked_at) {
        Some(bytes) => quoted(&bytes, len),
        None => pointer(at),
    }
}

fn quoted(bytes: &[u8], len: u64) -> String {
    let mut text = escape_line(bytes);
    let mut more = (bytes.len() as u64) < len;
    if columns(&text) > SHOWN {
        text = preview(bytes, SHOWN, false);
        text.pop();
        more = true;
    }
    let text = text.replace('"', "\\\"");
    match more {
        true => format!("\"{text}\"..."),
        false => format!("\"{text}\""),
    }
}

/// `struct sockaddr`.
pub(super) fn address(tracee: &dyn Tracee, at: u64, len: u64) -> String {
    match given(tracee, at, len) {
        Given::Address(address) => of_address(&address),
        Given::Unspecified => "{AF_UNSPEC}".to_owned(),
        Given::Unknown => pointer(at),
    }
}

pub(super) fn of_address(address: &SocketAddress) -> String {
    match address {
        SocketAddress::Inet(inet) if inet.is_ipv4() => format!("{{AF_INET, {inet}}}"),
        SocketAddress::Inet(_) => format!("{{AF_INET6, {address}}}"),
        SocketAddress::UnixUnnamed => "{AF_UNIX}".to_owned(),
        SocketAddress::UnixPath(_) | SocketAddress::UnixAbstract(_) => {
            format!("{{AF_UNIX, \"{address}\"}}")
        }
    }
}

/// A list in brackets, cut behind the first few.
fn list(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len() > LISTED;
    let mut items: Vec<String> = items.take(LISTED).collect();
    if more {
        items.push("...".to_owned());
    }
    format!("[{}]", items.join(", "))
}

/// `struct iovec`: with `moved` bytes, those are shown and not where they stand.
pub(super) fn iovec(tracee: &dyn Tracee, at: u64, count: u64, moved: Option<u64>) -> String {
    match stretches(tracee, at, count) {
        Some(stretches) => of_stretches(tracee, &stretches, moved),
        None => pointer(at),
    }
}

fn of_stretches(tracee: &dyn Tracee, stretches: &[Stretch], moved: Option<u64>) -> String {
    let mut left = moved;
    list(stretches.iter().map(|stretch| {
        let base = match &mut left {
            Some(left) => {
                let here = stretch.len.min(*left);
                *left -= here;
                data(tracee, stretch.at, here)
            }
            None => pointer(stretch.at),
        };
        format!("{{{base}, {}}}", stretch.len)
    }))
}

/// `struct msghdr`, with as many bytes as were moved; `u64::MAX` for all that it holds.
pub(super) fn message(tracee: &dyn Tracee, at: u64, moved: Option<u64>) -> String {
    let Some(message) = Message::read(tracee, at) else {
        return pointer(at);
    };
    let name = match moved {
        Some(_) => address(tracee, message.name, message.name_len.into()),
        None => pointer(message.name),
    };
    let iov = iovec(tracee, message.stretches, message.count, moved);
    let rights = match moved {
        Some(_) => message.rights(tracee),
        None => Vec::new(),
    };
    let control = match rights.is_empty() {
        true => format!("msg_controllen={}", message.control_len),
        false => format!("msg_control=[SCM_RIGHTS {rights:?}]"),
    };
    let flags = flags::joined(message.flags, flags::MESSAGE);
    format!("{{msg_name={name}, msg_iov={iov}, {control}, msg_flags={flags}}}")
}

/// `struct mmsghdr`: so many, or those that were moved, each with its length.
pub(super) fn messages(tracee: &dyn Tracee, at: u64, count: u64, moved: bool) -> String {
    let count = usize::try_from(count.min(1_024)).unwrap_or(0);
    if at == 0 {
        return pointer(at);
    }
    list((0..count).map(|index| {
        let at = at.wrapping_add(index as u64 * MANY_MESSAGE);
        let len = moved
            .then(|| read_int(tracee, at.wrapping_add(MANY_MESSAGE - 8)))
            .flatten()
            .map(|len| u64::from(len.cast_unsigned()));
        let header = message(tracee, at, len);
        match len {
            Some(len) => format!("{{{header}, {len}}}"),
            None => header,
        }
    }))
}

/// `struct pollfd`: descriptor, what is waited for, what is there.
pub(super) fn polled(tracee: &dyn Tracee, at: u64, count: u64) -> Vec<(i32, i32, i32)> {
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(64);
    (0..count)
        .map_while(|index| {
            let one: [u8; 8] = read(tracee, at.wrapping_add(index as u64 * 8))?;
            let [a, b, c, d, e, f, g, h] = one;
            Some((
                i32::from_ne_bytes([a, b, c, d]),
                i32::from(u16::from_ne_bytes([e, f])),
                i32::from(u16::from_ne_bytes([g, h])),
            ))
        })
        .collect()
}

pub(super) fn pollfds(tracee: &dyn Tracee, at: u64, count: u64, answered: bool) -> String {
    let polled = polled(tracee, at, count);
    if polled.is_empty() {
        return pointer(at);
    }
    list(polled.iter().map(|(descriptor, events, there)| {
        let events = flags::joined(*events, flags::POLL);
        match answered {
            true => {
                let there = flags::joined(*there, flags::POLL);
                format!("{{fd={descriptor}, events={events}, revents={there}}}")
            }
            false => format!("{{fd={descriptor}, events={events}}}"),
        }
    }))
}

/// The descriptors in an `fd_set` of those below `count`.
pub(super) fn set(tracee: &dyn Tracee, at: u64, count: i32) -> Vec<i32> {
    let count = count.clamp(0, DESCRIPTORS);
    // The kernel copies whole words.
    let words = u64::from(count.cast_unsigned()).div_ceil(64);
    let Some(bytes) = (at != 0)
        .then(|| read_bytes(tracee, at, words * 8))
        .flatten()
    else {
        return Vec::new();
    };
    (0..count)
        .filter(|descriptor| {
            let (byte, bit) = (descriptor.unsigned_abs() as usize / 8, descriptor % 8);
            bytes.get(byte).is_some_and(|byte| byte >> bit & 1 == 1)
        })
        .collect()
}

pub(super) fn fd_set(tracee: &dyn Tracee, at: u64, count: i32) -> String {
    match at {
        0 => pointer(at),
        _ => list(set(tracee, at, count).iter().map(ToString::to_string)),
    }
}

/// Two words: seconds and a part of them.
pub(super) fn time(tracee: &dyn Tracee, at: u64, part: &str) -> String {
    let Some(bytes) = read::<16>(tracee, at) else {
        return pointer(at);
    };
    let (seconds, rest) = bytes.split_at(8);
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, i64::from_ne_bytes);
    format!("{{tv_sec={}, {part}={}}}", word(seconds), word(rest))
}

/// `struct epoll_event`: what is there, and the program's own word for it, mostly the descriptor.
pub(super) fn ready(tracee: &dyn Tracee, at: u64, count: u64) -> String {
    // Packed on x86-64, with a gap before the word elsewhere.
    let (size, word) = match cfg!(target_arch = "x86_64") {
        true => (12, 4),
        false => (16, 8),
    };
    let count = usize::try_from(count.min(1_024)).unwrap_or(0);
    list((0..count).map(|index| {
        let at = at.wrapping_add(index as u64 * size);
        let events = read_int(tracee, at);
        let data = read::<8>(tracee, at.wrapping_add(word)).map(u64::from_ne_bytes);
        match events.zip(data) {
            Some((events, data)) => {
                let events = flags::joined(events, flags::EPOLL);
                // A union: who puts a descriptor there may leave the upper half as it was.
                let low = data & 0xffff_ffff;
                match low == data {
                    true => format!("{{events={events}, data={data}}}"),
                    false => format!("{{events={events}, data={{u32={low}, u64={data:#x}}}}}"),
                }
            }
            None => "?".to_owned(),
        }
    }))
}
