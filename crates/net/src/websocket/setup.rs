//! What an address says about its WebSocket: what a client asks for, what a server demands, and what both keep to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sockeye_model::{Address, Host, Port, SocketOption, Target};

use super::handshake::{Asking, Credentials, Demands, Field, OriginRule};
use super::{Keeping, MAX_MESSAGE};

/// A file that an address names can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    /// It can't be read.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// What the kernel said.
        why: io::Error,
    },
    /// This line of `header=` is no `Name: value`, or one that the handshake sends itself.
    #[error("{}, line {line}: this is no header line that may be sent", path.display())]
    Header {
        /// Its path.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// This line of `auth=` holds no credentials; 0 where there is none at all.
    #[error("{}, line {line}: this is neither name:password nor Bearer TOKEN", path.display())]
    Auth {
        /// Its path.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
}

/// What a client asks for at this address. `credentials` are sent where the address names no file of them.
pub(crate) fn asking(
    address: &Address,
    credentials: Option<&Credentials>,
) -> Result<Asking, BadFile> {
    let mut asking = Asking {
        host: host_field(address),
        credentials: credentials.cloned(),
        ..Asking::default()
    };
    for option in address.options.iter() {
        match option {
            SocketOption::Path(path) => asking.path.clone_from(path),
            SocketOption::Subprotocol(names) => asking.subprotocols.clone_from(names),
            SocketOption::Origin(origins) => asking.origin = origins.first().cloned(),
            SocketOption::Header(path) => {
                asking.fields = Field::read(&text(path)?).map_err(|line| BadFile::Header {
                    path: path.clone(),
                    line,
                })?;
            }
            SocketOption::Auth(path) => {
                asking.credentials = read_credentials(path)?.into_iter().next()
            }
            SocketOption::Deflate => asking.deflate = true,
            _ => {}
        }
    }
    Ok(asking)
}

/// What a server demands at this address. `credentials` let in where the address names no file of them.
pub(crate) fn demands(
    address: &Address,
    credentials: Option<&Credentials>,
) -> Result<Demands, BadFile> {
    let mut demands = Demands {
        credentials: credentials.into_iter().cloned().collect(),
        ..Demands::default()
    };
    for option in address.options.iter() {
        match option {
            SocketOption::Path(path) => demands.path = Some(path.clone()),
            SocketOption::Subprotocol(names) => demands.subprotocols.clone_from(names),
            SocketOption::Origin(origins) => demands.origin = OriginRule::Only(origins.clone()),
            SocketOption::Auth(path) => demands.credentials = read_credentials(path)?,
            SocketOption::Deflate => demands.deflate = true,
            _ => {}
        }
    }
    Ok(demands)
}

/// What a conversation at this address keeps to.
pub(crate) fn keeping(address: &Address) -> Keeping {
    let mut keeping = Keeping {
        max_message: MAX_MESSAGE,
        ping: None,
    };
    for option in address.options.iter() {
        match option {
            SocketOption::MaxMessage(bytes) => keeping.max_message = *bytes,
            SocketOption::Ping(every) => keeping.ping = Some(*every),
            _ => {}
        }
    }
    keeping
}

/// `Host`, as [RFC 9112, section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2) has it: without the scheme's
/// own port, and without a zone.
fn host_field(address: &Address) -> String {
    let Target::Inet { host, port } = &address.target else {
        return "localhost".to_owned();
    };
    let host = match host {
        Host::Empty | Host::Any => "localhost".to_owned(),
        Host::Name(name) => name.clone(),
        Host::V4(ip) => ip.to_string(),
        Host::V6 { address, .. } => format!("[{address}]"),
    };
    match port {
        Port::Number(number) if address.scheme.default_port() == Some(*number) => host,
        Port::Number(number) => format!("{host}:{number}"),
        Port::Service(name) => {
            match sockeye_local::service_port(name, sockeye_local::Protocol::Tcp) {
                Some(number) => format!("{host}:{number}"),
                None => host,
            }
        }
    }
}

fn read_credentials(path: &Path) -> Result<Vec<Credentials>, BadFile> {
    let bad = |line| BadFile::Auth {
        path: path.to_owned(),
        line,
    };
    let read = Credentials::read(&text(path)?).map_err(|error| bad(error.line))?;
    if read.is_empty() {
        return Err(bad(0));
    }
    Ok(read)
}

fn text(path: &Path) -> Result<String, BadFile> {
    fs::read_to_string(path).map_err(|why| BadFile::Unreadable {
        path: path.to_owned(),
        why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_field_has_the_port_only_where_it_is_not_the_schemes_own() {
        for (address, field) in [
            ("ws://example.org/chat", "example.org"),
            ("ws://example.org:7080", "example.org:7080"),
            ("wss://example.org:443", "example.org"),
            ("ws://[::1]:7080", "[::1]:7080"),
            ("ws://:7080", "localhost:7080"),
            ("ws:/run/app.sock", "localhost"),
        ] {
            assert_eq!(host_field(&address.parse().unwrap()), field, "{address}");
        }
    }
}
