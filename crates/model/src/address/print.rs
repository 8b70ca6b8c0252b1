//! The canonical form of an address.

use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use super::{Address, Host, Port, Target, UnixName, words};
use crate::option::{BindTo, OptionName, SocketOption};

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme;
        let path = match self.target {
            Target::Inet { .. } => self.options.path(),
            _ => None,
        };
        match &self.target {
            Target::Inet { host, port } => {
                write!(f, "{scheme}://{host}:{port}{}", path.unwrap_or_default())?;
            }
            Target::Host(host) => write!(f, "{scheme}://{host}")?,
            Target::Unix(UnixName::Path(path)) if scheme.is_layered() => {
                write!(f, "{scheme}:")?;
                write_path_not_host(path.as_os_str().as_bytes(), f)?;
            }
            Target::Unix(name @ UnixName::Path(path)) => {
                write!(f, "{scheme}:{}{name}", slashes(path.as_os_str()))?;
            }
            Target::Unix(name) => write!(f, "{scheme}:{name}")?,
            Target::Stdio => write!(f, "{scheme}")?,
            Target::File(path) => {
                write!(f, "{scheme}:{}", slashes(path.as_os_str()))?;
                escape(path.as_os_str().as_bytes(), "", f)?;
            }
            Target::Exec(command) => write!(f, "{scheme}:{}", words::join(command))?,
            Target::Fd(number) => write!(f, "{scheme}:{number}")?,
        }
        let space = if matches!(self.target, Target::Exec(_)) {
            " "
        } else {
            ""
        };
        let options = self.options.iter();
        let behind = options.filter(|option| path.is_none() || option.name() != OptionName::Path);
        for (index, option) in behind.enumerate() {
            write!(
                f,
                "{}{option}",
                if index > 0 {
                    ","
                } else if space.is_empty() {
                    "#"
                } else {
                    " #"
                }
            )?;
        }
        Ok(())
    }
}

/// A path behind tls: or ws:, where what begins with neither a stroke nor a dot would be a host.
fn write_path_not_host(path: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match path {
        [b'/' | b'.', ..] => {
            f.write_str(slashes(OsStr::from_bytes(path)))?;
            escape(path, "", f)
        }
        [first, rest @ ..] => {
            hex(&[*first], f)?;
            escape(rest, "", f)
        }
        [] => Ok(()),
    }
}

/// A path that begins with two strokes would lose them to `SCHEME://`, so it gets two more.
fn slashes(path: &OsStr) -> &'static str {
    if path.as_bytes().starts_with(b"//") {
        "//"
    } else {
        ""
    }
}

/// As in an address: an IPv6 address has its brackets, an empty host is empty.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Any => f.write_str("any"),
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => write!(f, "{address}"),
            Self::V6 {
                address,
                zone: None,
            } => write!(f, "[{address}]"),
            Self::V6 {
                address,
                zone: Some(zone),
            } => write!(f, "[{address}%{zone}]"),
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Service(name) => f.write_str(name),
        }
    }
}

/// A path, or `@` and the abstract name; escaped as the module's page says.
impl fmt::Display for UnixName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_unix(self, "", f)
    }
}

fn write_unix(name: &UnixName, also: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match name {
        UnixName::Path(path) => match path.as_os_str().as_bytes() {
            [b'@', rest @ ..] => {
                f.write_str("%40")?;
                escape(rest, also, f)
            }
            bytes => escape(bytes, also, f),
        },
        UnixName::Abstract(name) => {
            f.write_char('@')?;
            escape(name, also, f)
        }
    }
}

/// The option as it stands behind `#`, with its value.
impl fmt::Display for SocketOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())?;
        match self {
            Self::Reuseaddr
            | Self::Reuseport
            | Self::V6only
            | Self::Nodelay
            | Self::Keepalive
            | Self::Broadcast
            | Self::Hdrincl
            | Self::Insecure
            | Self::Deflate
            | Self::Append
            | Self::Excl => Ok(()),
            Self::Bind(to) => write!(f, "={to}"),
            Self::Interface(name) => write!(f, "={name}"),
            Self::Backlog(connections) => write!(f, "={connections}"),
            Self::Mode(bits) => write!(f, "={bits:03o}"),
            Self::Linger(seconds) => write!(f, "={seconds}"),
            Self::MulticastLoop(on) => write!(f, "={}", u8::from(*on)),
            Self::Sndbuf(bytes) | Self::Rcvbuf(bytes) => write!(f, "={bytes}"),
            Self::Ttl(hops) | Self::MulticastTtl(hops) => write!(f, "={hops}"),
            Self::Tos(byte) => write!(f, "={byte:#x}"),
            Self::Mark(mark) => write!(f, "={mark:#x}"),
            Self::Protocol(number) => write!(f, "={number}"),
            Self::MaxMessage(bytes) => write!(f, "={bytes}"),
            Self::Sni(name) => write!(f, "={name}"),
            Self::Path(path) => write!(f, "={path}"),
            Self::Tls(version) => write!(f, "={version}"),
            Self::Ping(time) => write_time(*time, f),
            Self::Pin(sum) => {
                f.write_str("=sha256:")?;
                sum.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Alpn(names) | Self::Subprotocol(names) | Self::Origin(names) => {
                for (index, name) in names.iter().enumerate() {
                    f.write_char(if index == 0 { '=' } else { '+' })?;
                    escape(name.as_bytes(), "+,", f)?;
                }
                Ok(())
            }
            Self::Ca(file)
            | Self::Cert(file)
            | Self::Key(file)
            | Self::ClientCa(file)
            | Self::Keylog(file)
            | Self::Header(file)
            | Self::Auth(file) => {
                f.write_char('=')?;
                escape(file.as_os_str().as_bytes(), ",", f)
            }
        }
    }
}

/// In seconds, or in milliseconds where those are not whole.
fn write_time(time: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if time.subsec_millis() == 0 {
        write!(f, "={}s", time.as_secs())
    } else {
        write!(f, "={}ms", time.as_millis())
    }
}

impl fmt::Display for BindTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet { host, port: None } => write!(f, "{host}"),
            Self::Inet {
                host,
                port: Some(port),
            } => write!(f, "{host}:{port}"),
            Self::Unix(name) => write_unix(name, ",", f),
        }
    }
}

/// Writes bytes with `%XX` for what isn't plain in a path, and for the characters in `also`.
fn escape(bytes: &[u8], also: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let end = at + c.len_utf8();
            let plain = match c {
                // A % is itself unless the parser would take what follows for a byte.
                '%' => !bytes[end..]
                    .get(..2)
                    .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
                _ => is_plain(c) && !also.contains(c),
            };
            if plain {
                f.write_char(c)?;
            } else {
                hex(&bytes[at..end], f)?;
            }
            at = end;
        }
        hex(chunk.invalid(), f)?;
        at += chunk.invalid().len();
    }
    Ok(())
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "%{byte:02X}"))
}

/// Whether a path may show this character as it is: bash and zsh need no quotes for it, and a terminal only prints it.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._-+=:,@".contains(c) || (!c.is_ascii() && is_visible(c))
}

/// Whether a terminal shows the character and nothing else happens: no control, no blank, no change of direction.
pub(super) fn is_visible(c: char) -> bool {
    !c.is_control()
        && !c.is_whitespace()
        && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}
