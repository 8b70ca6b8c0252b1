//! What hands used to socat, nc, curl or bash type as an address, answered with sockeye's own form.

use super::error::{AddressProblem, Listens};
use super::url::Parts;
use crate::option::OptionName;
use crate::scheme::{SCHEMES, Scheme};

/// What is known about the word before the colon, when it is no scheme of ours.
pub(super) fn scheme(word: &str, rest: &str, url: bool) -> Option<AddressProblem> {
    let lower = word.to_ascii_lowercase();
    if let Some(problem) = web(&lower, rest) {
        return Some(problem);
    }
    if url && lower == "ssl" {
        return Some(AddressProblem::Instead {
            address: format!("{}://{rest}", Scheme::Tls),
        });
    }
    if let Some(problem) = websocat(word, &lower, rest) {
        return Some(problem);
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
            tool: "socat",
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

/// A web page's URL: what lies below it, and a WebSocket at the same place.
fn web(word: &str, rest: &str) -> Option<AddressProblem> {
    let (scheme, below, websocket) = match word {
        "http" => ("http", Scheme::Tcp, Scheme::Ws),
        "https" => ("https", Scheme::Tls, Scheme::Wss),
        _ => return None,
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let Parts { authority, path } = Parts::of(rest);
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let default = websocket.default_port().unwrap_or_default();
    let authority = match authority.rsplit_once(':') {
        _ if authority.is_empty() => format!("HOST:{default}"),
        Some((_, port)) if !port.ends_with(']') && !port.is_empty() => authority.to_owned(),
        _ => format!("{}:{default}", authority.trim_end_matches(':')),
    };
    Some(AddressProblem::WebPage {
        scheme,
        below: format!("{below}://{authority}"),
        websocket: format!("{websocket}://{authority}{path}"),
    })
}

/// websocat's words for a WebSocket: `ws-l:` and the like.
fn websocat(word: &str, lower: &str, rest: &str) -> Option<AddressProblem> {
    let (scheme, verb) = lower.split_once('-')?;
    let scheme = match scheme {
        "ws" => Scheme::Ws,
        "wss" => Scheme::Wss,
        _ => return None,
    };
    let listens = match verb {
        "l" | "listen" => Listens::Many,
        "c" | "connect" | "client" => Listens::No,
        _ => return None,
    };
    let target = if rest.is_empty() { "HOST:PORT" } else { rest };
    Some(AddressProblem::Foreign {
        tool: "websocat",
        word: word.into(),
        address: format!("{scheme}://{target}"),
        listens,
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
        "tcp" | "tcp4" | "tcp6" | "udp" | "udp4" | "udp6" | "unix" | "openssl" | "ssl" => {
            (word, "connect")
        }
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
        "openssl" | "ssl" => Scheme::Tls,
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
