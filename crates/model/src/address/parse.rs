//! From what was typed to an [`Address`], or to what is wrong with it.

use std::ffi::OsString;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::str::FromStr;

use super::error::{AddressError, AddressProblem};
use super::options::{number, options};
use super::print::is_visible;
use super::url::{Parts, path_and_query};
use super::{Address, Host, Port, SUN_PATH_MAX, Target, UnixName, habit, words};
use crate::option::{OptionName, SocketOption};
use crate::scheme::Scheme;

pub(super) type Parsed<T> = Result<T, AddressProblem>;

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        address(text).map_err(|problem| AddressError {
            typed: match problem {
                AddressProblem::Credentials { .. } => without_password(text),
                _ => text.into(),
            },
            problem,
        })
    }
}

impl Address {
    /// Reads the address that `words` begin with, and how many of them it takes: one, or two for `HOST PORT`.
    ///
    /// ```
    /// use sockeye_model::Address;
    /// let (address, words) = Address::parse_words(&["::1", "7007", "hello"])?;
    /// assert_eq!((address.to_string().as_str(), words), ("tcp://[::1]:7007", 2));
    /// # Ok::<(), sockeye_model::AddressError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with the first word, or with the two words where they are a host and a port.
    pub fn parse_words(words: &[&str]) -> Result<(Self, usize), AddressError> {
        let first = words.first().copied().unwrap_or_default();
        let error = match first.parse() {
            Ok(address) => return Ok((address, 1)),
            Err(error) => error,
        };
        let Some((host, second)) = lone_host(first).zip(words.get(1)) else {
            return Err(error);
        };
        let typed = format!("{first} {second}");
        let (port_text, options_text) = cut_options(second);
        let port = match port(port_text) {
            Ok(port) => port,
            Err(problem @ AddressProblem::PortTooBig { .. }) => {
                return Err(AddressError { typed, problem });
            }
            Err(_) => return Err(error),
        };
        let target = Target::Inet { host, port };
        match options(Scheme::Tcp, Scheme::Tcp, options_text) {
            Ok(options) => Ok((
                Self {
                    scheme: Scheme::Tcp,
                    target,
                    options,
                },
                2,
            )),
            Err(problem) => Err(AddressError { typed, problem }),
        }
    }
}

/// What was typed, fit for a message: whoever reads that over the shoulder or in a log learns no password.
fn without_password(text: &str) -> String {
    let end = text.rfind('@').unwrap_or(text.len());
    let begin = text.find(':').map_or(0, |colon| colon + 1);
    let strokes = if text[begin..].starts_with("//") {
        2
    } else {
        0
    };
    format!("{}…{}", &text[..begin + strokes], &text[end..])
}

fn address(text: &str) -> Parsed<Address> {
    if text.is_empty() {
        return Err(AddressProblem::Empty);
    }
    if text.contains('\0') {
        return Err(AddressProblem::Nul);
    }
    if let Some((word, rest)) = text.split_once(':') {
        let (rest, url) = rest
            .strip_prefix("//")
            .map_or((rest, false), |rest| (rest, true));
        if let Some(scheme) = Scheme::from_name(word) {
            return with_scheme(scheme, rest);
        }
        if let Some(problem) = habit::scheme(word, rest, url) {
            return Err(problem);
        }
    }
    let (head, rest) = cut_options(text);
    match head {
        "-" | "stdio" => Ok(Address {
            scheme: Scheme::Stdio,
            target: Target::Stdio,
            options: options(Scheme::Stdio, Scheme::Stdio, rest)?,
        }),
        "STDIO" => Err(AddressProblem::Instead {
            address: "stdio".into(),
        }),
        _ => match habit::word(head) {
            Some(problem) => Err(problem),
            None => with_inet(Scheme::Tcp, "", head, rest),
        },
    }
}

fn with_scheme(scheme: Scheme, rest: &str) -> Parsed<Address> {
    if scheme == Scheme::Exec {
        let (command, options_text) = words::split(rest)?;
        if command.is_empty() {
            return Err(AddressProblem::MissingTarget { scheme });
        }
        return Ok(Address {
            scheme,
            target: Target::Exec(command),
            options: options(scheme, scheme, options_text)?,
        });
    }
    let (target, options_text) = cut_options(rest);
    let target = match scheme {
        Scheme::Tcp | Scheme::Udp => {
            return with_inet(scheme, &format!("{scheme}://"), target, options_text);
        }
        Scheme::Tls | Scheme::Ws | Scheme::Wss => {
            return layered(scheme, target, options_text);
        }
        Scheme::Stdio if target.is_empty() => Target::Stdio,
        Scheme::Stdio => return Err(AddressProblem::UnwantedTarget { scheme }),
        _ if target.is_empty() => return Err(AddressProblem::MissingTarget { scheme }),
        Scheme::Unix | Scheme::UnixDgram | Scheme::UnixSeqpacket => {
            Target::Unix(unix_name(scheme, target)?)
        }
        Scheme::Icmp | Scheme::Raw => Target::Host(without_port(scheme, target, options_text)?),
        Scheme::File => Target::File(path(target)?),
        Scheme::Fd => Target::Fd(
            number(target)
                .and_then(|number| i32::try_from(number).ok())
                .ok_or_else(|| AddressProblem::BadFd { fd: target.into() })?,
        ),
        Scheme::Exec => return Err(AddressProblem::MissingTarget { scheme }),
    };
    let options = options(scheme, scheme, options_text)?;
    if scheme == Scheme::Raw && options.protocol().is_none() {
        let address = Address {
            scheme,
            target,
            options: [SocketOption::Protocol(253)]
                .into_iter()
                .chain(options.iter().cloned())
                .collect(),
        };
        return Err(AddressProblem::MissingProtocol {
            example: address.to_string(),
        });
    }
    checked(Address {
        scheme,
        target,
        options,
    })
}

/// What no part of an address can tell alone.
fn checked(address: Address) -> Parsed<Address> {
    if matches!(address.target, Target::Unix(UnixName::Abstract(_)))
        && address.options.mode().is_some()
    {
        return Err(AddressProblem::ModeOnAbstract);
    }
    Ok(address)
}

/// tls, ws and wss: over a UNIX socket where the target can be no host, else over TCP.
fn layered(scheme: Scheme, target: &str, options_text: Option<&str>) -> Parsed<Address> {
    if target.is_empty() {
        return Err(AddressProblem::MissingTarget { scheme });
    }
    // A % is what the canonical form writes before a path that would else be taken for a host.
    if target.starts_with(['/', '.', '@', '%']) {
        return checked(Address {
            scheme,
            target: Target::Unix(unix_name(scheme, target)?),
            options: options(scheme, Scheme::Unix, options_text)?,
        });
    }
    let typed = format!("{scheme}://");
    if !scheme.is_websocket() {
        return with_inet(scheme, &typed, target, options_text);
    }
    let parts = Parts::of(target);
    if let Some(rest) = parts.without_credentials() {
        let and = options_text.map_or_else(String::new, |text| format!("{text},"));
        return Err(AddressProblem::Credentials {
            instead: format!("{typed}{rest}{}#{and}auth=FILE", parts.path),
        });
    }
    let port = scheme.default_port().map(Port::Number);
    let (host, port) = match (inet(&typed, parts.authority), port) {
        (Err(AddressProblem::MissingPort { .. }), Some(port)) => {
            let host = parts.authority.strip_suffix(':').unwrap_or(parts.authority);
            (hosted(host)?, port)
        }
        (Err(problem), _) => return Err(nearby(&typed, target).unwrap_or(problem)),
        (Ok(parts), _) => parts,
    };
    let mut options = options(scheme, Scheme::Tcp, options_text)?;
    if let Some(path) = path_and_query(parts.path)?
        && options.insert(SocketOption::Path(path)).is_some()
    {
        return Err(AddressProblem::RepeatedOption {
            option: OptionName::Path,
        });
    }
    Ok(Address {
        scheme,
        target: Target::Inet { host, port },
        options,
    })
}

/// A host that is known to be one, with or without brackets.
fn hosted(text: &str) -> Parsed<Host> {
    match text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        Some(literal) => bracketed(literal),
        None => host(text),
    }
}

/// The host of icmp and raw; an IPv6 address needs no brackets there.
fn without_port(scheme: Scheme, text: &str, options_text: Option<&str>) -> Parsed<Host> {
    if let Some(host) = lone_host(text) {
        return Ok(host);
    }
    let typed = format!("{scheme}://");
    match inet(&typed, text) {
        Ok((host, _)) if host != Host::Empty => Err(AddressProblem::UnwantedPort {
            scheme,
            instead: match options_text {
                Some(options) => format!("{typed}{host}#{options}"),
                None if scheme == Scheme::Raw => format!("{typed}{host}#protocol=253"),
                None => format!("{typed}{host}"),
            },
        }),
        Ok(_) | Err(AddressProblem::MissingPort { .. }) => {
            Err(AddressProblem::BadHost { host: text.into() })
        }
        Err(problem) => Err(problem),
    }
}

/// `typed` is the scheme as it was typed, for the examples in messages: nothing in the short forms.
fn with_inet(
    scheme: Scheme,
    typed: &str,
    target: &str,
    options_text: Option<&str>,
) -> Parsed<Address> {
    if let Some((target, rest)) = target.split_once(',')
        && options_text.is_none()
    {
        return Err(AddressProblem::Comma {
            instead: format!("{typed}{target}#{rest}"),
        });
    }
    let (host, port) = match inet(typed, target) {
        Ok(parts) => parts,
        Err(problem) => return Err(nearby(typed, target).unwrap_or(problem)),
    };
    Ok(Address {
        scheme,
        target: Target::Inet { host, port },
        options: options(
            scheme,
            if scheme.is_layered() {
                Scheme::Tcp
            } else {
                scheme
            },
            options_text,
        )?,
    })
}

/// An address that is right but for a path behind it or a blank in the place of the colon.
fn nearby(typed: &str, target: &str) -> Option<AddressProblem> {
    if let Some((host_port, _)) = target.split_once('/') {
        let (host, port) = inet(typed, host_port).ok()?;
        return Some(AddressProblem::UnwantedPath {
            instead: format!("{typed}{host}:{port}"),
        });
    }
    let mut parts = target.split_whitespace();
    let host = lone_host(parts.next()?)?;
    let port = port(parts.next()?).ok()?;
    parts.next().is_none().then(|| AddressProblem::Instead {
        address: format!("{typed}{host}:{port}"),
    })
}

pub(super) fn inet(typed: &str, text: &str) -> Parsed<(Host, Port)> {
    if let Some(inside) = text.strip_prefix('[') {
        let (literal, rest) = inside
            .split_once(']')
            .ok_or(AddressProblem::UnclosedBracket)?;
        let host = bracketed(literal)?;
        return match rest.strip_prefix(':') {
            Some(text) if !text.is_empty() => Ok((host, port(text)?)),
            _ if rest.is_empty() || rest == ":" => Err(missing_port(typed, &host)),
            _ => Err(AddressProblem::AfterBracket { rest: rest.into() }),
        };
    }
    match text.split_once(':') {
        None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok((Host::Empty, port(text)?))
        }
        None => Err(missing_port(typed, &host(text)?)),
        Some((_, rest)) if rest.contains(':') => Err(bare_ipv6(typed, text)),
        Some((name, "")) => Err(missing_port(typed, &host(name)?)),
        Some((name, text)) => Ok((host(name)?, port(text)?)),
    }
}

fn missing_port(typed: &str, host: &Host) -> AddressProblem {
    AddressProblem::MissingPort {
        example: format!("{typed}{host}:{}", usual_port(typed)),
    }
}

/// The port of an example.
fn usual_port(typed: &str) -> u16 {
    if typed == "tls://" { 443 } else { 7007 }
}

/// More than one colon without brackets: IPv6, whose last part may be meant as the port, or nothing at all.
fn bare_ipv6(typed: &str, text: &str) -> AddressProblem {
    let with_port = text
        .rsplit_once(':')
        .and_then(|(host, port)| Some((ipv6(host).ok()?, self::port(port).ok()?)));
    match (with_port, ipv6(text)) {
        (Some((host, port)), _) => AddressProblem::BareIpv6 {
            example: format!("{typed}{host}:{port}"),
        },
        (None, Ok(host)) => AddressProblem::BareIpv6 {
            example: format!("{typed}{host}:7007"),
        },
        (None, Err(_)) => AddressProblem::BadHost {
            host: text.rsplit_once(':').map_or(text, |(host, _)| host).into(),
        },
    }
}

/// A host that stands alone, as in the two words `HOST PORT`; here an IPv6 address needs no brackets.
pub(super) fn lone_host(text: &str) -> Option<Host> {
    let host = match text.strip_prefix('[') {
        Some(inside) => bracketed(inside.strip_suffix(']')?),
        None if text.contains(':') => ipv6(text),
        None => host(text),
    };
    host.ok().filter(|host| *host != Host::Empty)
}

fn bracketed(literal: &str) -> Parsed<Host> {
    if literal.is_empty() {
        Err(AddressProblem::EmptyBrackets)
    } else {
        ipv6(literal)
    }
}

/// An IPv6 address without its brackets, with or without a zone.
fn ipv6(literal: &str) -> Parsed<Host> {
    let (number, zone) = literal
        .split_once('%')
        .map_or((literal, None), |(number, zone)| (number, Some(zone)));
    let address: Ipv6Addr = number.parse().map_err(|_| AddressProblem::NotIpv6 {
        host: literal.into(),
    })?;
    match zone {
        Some(zone) if !is_interface(zone) => Err(AddressProblem::BadZone { zone: zone.into() }),
        _ => Ok(Host::V6 {
            address,
            zone: zone.map(Into::into),
        }),
    }
}

/// Whether a network interface can have this name: what Linux allows, without the characters that an address needs
/// for itself. 15 bytes are `IFNAMSIZ` without its NUL.
pub(super) fn is_interface(name: &str) -> bool {
    (1..=15).contains(&name.len())
        && !matches!(name, "." | "..")
        && name
            .chars()
            .all(|c| is_visible(c) && !"/:%,#[]".contains(c))
}

/// A host without brackets: empty, `any`, an IPv4 address or a name.
pub(super) fn host(text: &str) -> Parsed<Host> {
    if text.is_empty() {
        return Ok(Host::Empty);
    }
    if text == "*" || text.eq_ignore_ascii_case("any") {
        return Ok(Host::Any);
    }
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        // inet_aton(3) also reads 127.1 and octal numbers; programs differ on them, so neither is taken.
        return text
            .parse::<Ipv4Addr>()
            .map(Host::V4)
            .map_err(|_| AddressProblem::BadIpv4 { host: text.into() });
    }
    let labels = text.strip_suffix('.').unwrap_or(text);
    let letter = |c: char| {
        c.is_ascii_alphanumeric() || c == '-' || c == '_' || (!c.is_ascii() && is_visible(c))
    };
    // The limits are RFC 1035's, section 2.3.4.
    let name = labels.len() <= 253
        && !labels.starts_with('-')
        && labels
            .split('.')
            .all(|label| (1..=63).contains(&label.chars().count()) && label.chars().all(letter));
    if name {
        Ok(Host::Name(text.into()))
    } else {
        Err(AddressProblem::BadHost { host: text.into() })
    }
}

fn port(text: &str) -> Parsed<Port> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text
            .parse()
            .map(Port::Number)
            .map_err(|_| AddressProblem::PortTooBig { port: text.into() });
    }
    // RFC 6335, section 5.1, allows letters, digits and hyphens; /etc/services has a few more, and longer ones.
    let service = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte));
    if service {
        Ok(Port::Service(text.into()))
    } else {
        Err(AddressProblem::BadPort { port: text.into() })
    }
}

pub(super) fn unix_name(scheme: Scheme, text: &str) -> Parsed<UnixName> {
    match text.strip_prefix('@') {
        None => Ok(UnixName::Path(path(text)?)),
        Some("") => Err(AddressProblem::MissingTarget { scheme }),
        Some(name) => match unescape(name) {
            name if name.len() > SUN_PATH_MAX => {
                Err(AddressProblem::AbstractTooLong { length: name.len() })
            }
            name => Ok(UnixName::Abstract(name)),
        },
    }
}

pub(super) fn path(text: &str) -> Parsed<PathBuf> {
    let bytes = unescape(text);
    if bytes.contains(&0) {
        Err(AddressProblem::Nul)
    } else {
        Ok(OsString::from_vec(bytes).into())
    }
}

/// `%` with two hexadecimal digits is that byte; any other `%` is itself.
pub(super) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'%', [high, low, behind @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes.push(nibble(*high) << 4 | nibble(*low));
                rest = behind;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

pub(super) fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn cut_options(text: &str) -> (&str, Option<&str>) {
    text.split_once('#')
        .map_or((text, None), |(target, options)| (target, Some(options)))
}
