//! An address in a recording: its canonical text, or an object where that text would be taken for another.

use std::fmt;
use std::net::{SocketAddr, SocketAddrV6};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use sockeye_model::SocketAddress;

pub(super) struct Address(pub(super) SocketAddress);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AddressVisitor).map(Self)
    }
}

struct AddressVisitor;

impl<'de> Visitor<'de> for AddressVisitor {
    type Value = SocketAddress;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address of a socket")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut path = None;
        let mut inet = None;
        let mut flowinfo = 0;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "path" => path = Some(map.next_value::<String>()?),
                "inet" => inet = Some(map.next_value::<SocketAddrV6>()?),
                "flowinfo" => flowinfo = map.next_value::<u32>()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match (path, inet) {
            (Some(path), None) => relative(&path).ok_or_else(|| A::Error::custom("not a path")),
            (None, Some(mut inet)) => {
                inet.set_flowinfo(flowinfo);
                Ok(SocketAddress::Inet(SocketAddr::V6(inet)))
            }
            _ => Err(A::Error::custom("neither a path nor an inet address")),
        }
    }
}

/// A path as it is: a slash before it keeps it from being taken for anything else, and is taken off again.
fn relative(path: &str) -> Option<SocketAddress> {
    match format!("/{path}").parse() {
        Ok(SocketAddress::UnixPath(path)) => {
            let bytes = path.as_os_str().as_bytes()[1..].to_vec();
            let path = std::path::PathBuf::from(std::ffi::OsString::from_vec(bytes));
            Some(SocketAddress::UnixPath(Arc::from(path)))
        }
        _ => None,
    }
}
