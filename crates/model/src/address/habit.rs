//! What hands used to socat, nc, curl or bash type as an address, answered with sockeye's own form.

use super::error::{AddressProblem, Listens};
use crate::option::OptionName;
use crate::scheme::{SCHEMES, Scheme};

/// Schemes that the design names and this version doesn't have, and what `https` and `ssl` stand for.
const NOT_YET: &[&str] = &["tls", "ssl", "ws", "wss", "icmp", "raw", "http", "https"];

/// The port a URL means when it names none.
const HTTP: &str = "80";

/// What is known about the word before the colon, when it is no scheme of ours.
pub(super) fn scheme(word: &str, rest: &str, url: bool) -> Option<AddressProblem> {
    let lower = word.to_ascii_lowercase();
    if let Some(scheme) = NOT_YET.iter().find(|name| **name == lower) {
        let below = matches!(*scheme, "http" | "ws").then(|| below(rest));
        return Some(AddressProblem::NotYet {
            scheme,
            below: below.flatten(),
        });
    }
    let known = socat(&lower);
    // `open`, `system` and the like are good names for a machine, and `open:80` is one with a port.
    let number = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((scheme, role)) = known
        && !(number && matches!(role, Role::File | Role::Shell | Role::Standard))
    {
        let mut parts = rest.split(',');
        let target = parts.next().unwrap_or_default();
        let options: Vec<&str> = parts.collect();
        let address = role.address(scheme, target, &options);
        let listens = match role {
            Role::Listen | Role::AbstractListen if options.contains(&"fork") => Listens::Many,
            Role::Listen | Role::AbstractListen => Listens::Once,
            _ => Listens::No,
        };
        return Some(AddressProblem::Foreign {
            word: word.into(),
            address,
            listens,
        });
    }
    if Scheme::from_name(&lower).is_some() {
        return Some(AddressProblem::Instead {
            address: format!("{lower}:{rest}"),
        });
    }
    url.then(|| AddressProblem::UnknownScheme {
        scheme: word.into(),
        nearest: nearest(&lower, SCHEMES.iter().map(|row| (row.name, row.scheme))),
    })
}

/// The TCP address under an `http://` or `ws://` URL.
fn below(rest: &str) -> Option<String> {
    let authority = rest
        .split(['/', '?', '#'])
        .next()
        .filter(|authority| !authority.is_empty())?;
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    Some(match port {
        Some(port) if !port.ends_with(']') => format!("tcp://{authority}"),
        _ => format!("tcp://{authority}:{HTTP}"),
    })
}

#[derive(Clone, Copy)]
enum Role {
    Connect,
    Listen,
    AbstractConnect,
    AbstractListen,
    Command,
    Shell,
    Standard,
    File,
    Descriptor,
}

/// The scheme and role behind one of socat's address words, in lower case.
fn socat(word: &str) -> Option<(Scheme, Role)> {
    let named = match word {
        "exec" => Some((Scheme::Exec, Role::Command)),
        "system" | "shell" => Some((Scheme::Exec, Role::Shell)),
        "stdio" | "stdin" | "stdout" => Some((Scheme::Stdio, Role::Standard)),
        "open" | "gopen" | "file" | "create" | "creat" => Some((Scheme::File, Role::File)),
        "fd" => Some((Scheme::Fd, Role::Descriptor)),
        _ => None,
    };
    if named.is_some() {
        return named;
    }
    let (kind, verb) = match word {
        "tcp" | "tcp4" | "tcp6" | "udp" | "udp4" | "udp6" | "unix" => (word, "connect"),
        _ => word.split_once('-')?,
    };
    let listens = match verb {
        "listen" | "l" | "recvfrom" | "recv" => true,
        "connect" | "client" | "sendto" | "datagram" => false,
        _ => return None,
    };
    let scheme = match kind {
        "tcp" | "tcp4" | "tcp6" => Scheme::Tcp,
        "udp" | "udp4" | "udp6" => Scheme::Udp,
        "unix" | "local" | "abstract" if matches!(verb, "recvfrom" | "recv" | "sendto") => {
            Scheme::UnixDgram
        }
        "unix" | "local" | "abstract" => Scheme::Unix,
        _ => return None,
    };
    let role = match (kind, listens) {
        ("abstract", true) => Role::AbstractListen,
        ("abstract", false) => Role::AbstractConnect,
        (_, true) => Role::Listen,
        (_, false) => Role::Connect,
    };
    Some((scheme, role))
}

impl Role {
    fn address(self, scheme: Scheme, target: &str, options: &[&str]) -> String {
        match self {
            Self::Listen if scheme.is_inet() => {
                // Here socat serves every interface unless told otherwise; the answer says so instead of doing less.
                let host = options
                    .iter()
                    .find_map(|option| option.strip_prefix("bind="));
                let port = if target.is_empty() { "PORT" } else { target };
                format!("{scheme}://{}:{port}", host.unwrap_or("any"))
            }
            Self::Connect if scheme.is_inet() => {
                format!(
                    "{scheme}://{}",
                    if target.is_empty() {
                        "HOST:PORT"
                    } else {
                        target
                    }
                )
            }
            Self::AbstractConnect | Self::AbstractListen => {
                format!(
                    "{scheme}:@{}",
                    if target.is_empty() { "NAME" } else { target }
                )
            }
            Self::Standard => scheme.to_string(),
            Self::Shell => format!("{scheme}:sh -c '{}'", target.replace('\'', r"'\''")),
            Self::Command => format!(
                "{scheme}:{}",
                if target.is_empty() { "COMMAND" } else { target }
            ),
            Self::Descriptor => {
                format!("{scheme}:{}", if target.is_empty() { "3" } else { target })
            }
            Self::Connect | Self::Listen | Self::File => {
                format!(
                    "{scheme}:{}",
                    if target.is_empty() { "PATH" } else { target }
                )
            }
        }
    }
}

/// A word without a scheme that is no `HOST:PORT` either, but plainly something else.
pub(super) fn word(text: &str) -> Option<AddressProblem> {
    if text.len() > 1 && text.starts_with('-') {
        let instead = match text.as_bytes()[1] {
            b'u' => "udp://HOST:PORT",
            b'U' => "unix:PATH",
            b'e' | b'c' => "exec:COMMAND",
            b'l' | b'k' => "sockeye listen --many any:PORT",
            b'z' => "sockeye connect -z HOST:PORT",
            b'p' => ":PORT",
            _ => "HOST:PORT",
        };
        return Some(AddressProblem::Flag { instead });
    }
    for (prefix, scheme) in [("/dev/tcp/", Scheme::Tcp), ("/dev/udp/", Scheme::Udp)] {
        if let Some((host, port)) = text
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once('/'))
        {
            return Some(AddressProblem::Instead {
                address: format!("{scheme}://{host}:{port}"),
            });
        }
    }
    let unix = text.starts_with('@')
        || text.starts_with("./")
        || text.starts_with("../")
        || text.starts_with('/');
    unix.then(|| AddressProblem::Instead {
        address: format!("unix:{text}"),
    })
}

/// The option of `scheme` that was probably meant: by the constant of the kernel's headers, or the nearest spelling.
pub(super) fn option(word: &str, scheme: Scheme) -> Option<OptionName> {
    let options = scheme.row().options;
    let plain = word.to_ascii_lowercase().replace(['_', ' '], "-");
    options
        .iter()
        .find(|option| {
            option
                .row()
                .constants
                .iter()
                .any(|constant| constant.to_ascii_lowercase().replace('_', "-") == plain)
        })
        .copied()
        .or_else(|| {
            nearest(
                &plain,
                options.iter().map(|option| (option.name(), *option)),
            )
        })
}

/// The value whose name is spelt most like `word`, if any is near enough to be a slip of the hand.
fn nearest<T>(word: &str, names: impl Iterator<Item = (&'static str, T)>) -> Option<T> {
    let most = if word.chars().count() <= 3 { 1 } else { 2 };
    names
        .map(|(name, value)| (distance(word, name), value))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, value)| value)
}

/// How many letters must be changed, added, left out or swapped with their neighbour to get from one to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) =
        (from.chars().take(32).collect(), to.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(a != b))
                .min(rows[i][j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}
