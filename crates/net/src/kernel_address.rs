//! Between [`SocketAddress`] and the kernel's `sockaddr`.

use std::ffi::OsStr;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::{fs, io};

use rustix::net::{SocketAddrAny, SocketAddrUnix};
use sockeye_model::{Errno, SocketAddress};

use crate::error::IntoIo;

/// What `sockaddr_un` has room for, less the closing NUL: [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
pub const SUN_PATH_MAX: usize = 107;

/// A `sockaddr`, and whatever must stay open while it is used.
pub(crate) struct KernelAddress {
    pub(crate) any: SocketAddrAny,
    _directory: Option<fs::File>,
}

impl KernelAddress {
    /// # Errors
    /// `ENAMETOOLONG` for an abstract name or the last component of a path that can't fit; whatever opening the
    /// directory of a long path gave.
    pub(crate) fn new(address: &SocketAddress) -> io::Result<Self> {
        let mut directory = None;
        let any = match address {
            SocketAddress::Inet(inet) => (*inet).into(),
            SocketAddress::UnixUnnamed => SocketAddrUnix::new_unnamed().into(),
            SocketAddress::UnixAbstract(name) => {
                if name.len() > SUN_PATH_MAX {
                    return Err(Errno::ENAMETOOLONG.into_io());
                }
                SocketAddrUnix::new_abstract_name(name)?.into()
            }
            SocketAddress::UnixPath(path) if path.as_os_str().len() <= SUN_PATH_MAX => {
                SocketAddrUnix::new(&**path)?.into()
            }
            SocketAddress::UnixPath(path) => {
                let (short, open) = through_directory(path)?;
                directory = Some(open);
                SocketAddrUnix::new(short.as_slice())?.into()
            }
        };
        Ok(Self {
            any,
            _directory: directory,
        })
    }
}

/// A path too long for `sockaddr_un`, by way of its open directory: `/proc/self/fd/7/name`.
fn through_directory(path: &Path) -> io::Result<(Vec<u8>, fs::File)> {
    let name = path
        .file_name()
        .ok_or_else(|| Errno::ENAMETOOLONG.into_io())?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let directory = fs::File::open(parent)?;
    let mut short = format!("/proc/self/fd/{}/", directory.as_raw_fd()).into_bytes();
    short.extend_from_slice(name.as_bytes());
    if short.len() > SUN_PATH_MAX {
        return Err(Errno::ENAMETOOLONG.into_io());
    }
    Ok((short, directory))
}

/// What the kernel said, in our words.
pub(crate) fn from_kernel(any: Option<SocketAddrAny>) -> SocketAddress {
    let Some(any) = any else {
        return SocketAddress::UnixUnnamed;
    };
    if let Ok(inet) = std::net::SocketAddr::try_from(any.clone()) {
        return inet.into();
    }
    let Ok(unix) = SocketAddrUnix::try_from(any) else {
        return SocketAddress::UnixUnnamed;
    };
    // The kernel gives an unbound peer a length that some take for an empty abstract name.
    if let Some(name) = unix.abstract_name().filter(|name| !name.is_empty()) {
        return SocketAddress::UnixAbstract(name.into());
    }
    match unix.path_bytes() {
        Some(path) if !path.is_empty() => {
            SocketAddress::UnixPath(Path::new(OsStr::from_bytes(path)).into())
        }
        _ => SocketAddress::UnixUnnamed,
    }
}
