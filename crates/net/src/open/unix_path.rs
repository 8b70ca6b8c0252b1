//! Binding to a UNIX path: a file left behind makes room, anything else is refused, and on the way out only our own
//! file goes.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sockeye_local::{Doubt, FileId, PathState, path_state};
use sockeye_model::{Call, Errno, Kind, SocketAddress, SocketId, Timestamp, UnixName};
use sockeye_tap::Tap;

use super::error::OpenError;
use crate::Socket;
use crate::error::{Error, IntoIo};

/// The file of a UNIX socket of ours. Dropping it unlinks the path, if it still is this file.
///
/// Drop it before the socket: while the socket lives its inode number can belong to no other file.
#[derive(Debug)]
pub struct BoundPath {
    /// Absolute, so that it stays true when the working directory changes.
    path: PathBuf,
    file: FileId,
    tap: Tap,
    socket: SocketId,
}

impl BoundPath {
    /// The path, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for BoundPath {
    fn drop(&mut self) {
        if identity(&self.path) == Some(self.file) {
            // An error is told as an event; there is nobody to return it to.
            let _ = unlink(&self.path, &self.tap, self.socket);
        }
    }
}

/// The name as the kernel knows it.
pub(crate) fn socket_address(name: &UnixName) -> SocketAddress {
    match name {
        UnixName::Path(path) => SocketAddress::UnixPath(Arc::from(path.as_path())),
        UnixName::Abstract(name) => SocketAddress::UnixAbstract(Arc::from(name.as_slice())),
    }
}

/// `bind(2)` to a path or an abstract name; the file has the permissions `mode`, and at no moment more.
///
/// # Errors
/// [`OpenError::PathInUse`] for what is there and is not surely left behind; else what the calls gave.
pub(crate) fn bind(
    socket: &Socket,
    name: &UnixName,
    mode: Option<u32>,
) -> Result<(SocketAddress, Option<BoundPath>), OpenError> {
    let address = socket_address(name);
    let UnixName::Path(typed) = name else {
        return Ok((socket.bind(address)?, None));
    };
    let at = |call, source| OpenError::Call(Error::at(call, address.clone(), source));
    let tap = &socket.handle().tap;
    let path = std::path::absolute(typed).map_err(|source| at(Call::Bind, source))?;
    make_room(typed, &path, tap, socket.id())?;
    if let Some(mode) = mode {
        // Linux gives the file the socket's own mode, less the umask: so it is narrow from its first moment.
        rustix::fs::fchmod(socket.as_fd(), rustix::fs::Mode::from_raw_mode(mode))
            .map_err(|errno| at(Call::Bind, errno.into()))?;
    }
    let bound = socket.bind(address.clone())?;
    let metadata = fs::symlink_metadata(&path).map_err(|source| at(Call::Bind, source))?;
    let ours = BoundPath {
        file: FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
        },
        path,
        tap: tap.clone(),
        socket: socket.id(),
    };
    if let Some(mode) = mode
        && metadata.permissions().mode() & 0o7777 != mode
    {
        widen(&ours, mode).map_err(|source| at(Call::Bind, source))?;
    }
    Ok((bound, Some(ours)))
}

/// Gives the file what the umask took; through a descriptor, so that no other file can be meant.
fn widen(ours: &BoundPath, mode: u32) -> std::io::Result<()> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(&ours.path, flags, Mode::empty())?;
    let seen = rustix::fs::fstat(&file)?;
    if (seen.st_dev, seen.st_ino) != (ours.file.device, ours.file.inode) {
        return Err(Errno::ENOENT.into_io());
    }
    let number = std::os::fd::AsRawFd::as_raw_fd(&file);
    fs::set_permissions(
        format!("/proc/self/fd/{number}"),
        fs::Permissions::from_mode(mode),
    )
}

fn make_room(typed: &Path, path: &Path, tap: &Tap, socket: SocketId) -> Result<(), OpenError> {
    let refused = |why| OpenError::PathInUse {
        path: typed.to_owned(),
        why,
    };
    match path_state(path) {
        PathState::Absent => Ok(()),
        // Between the look and now somebody else may have come.
        PathState::Stale { file } if identity(path) == Some(file) => unlink(path, tap, socket)
            .map_err(|source| {
                let address = SocketAddress::UnixPath(Arc::from(typed));
                OpenError::Call(Error::at(Call::Unlink, address, source))
            }),
        // What can't even be looked at can't be bound either: bind(2) says it best.
        PathState::Unknown {
            doubt: Doubt::Unreadable(_),
        } => Ok(()),
        why => Err(refused(why)),
    }
}

/// Which file a path is now; `None` for what is no socket.
fn identity(path: &Path) -> Option<FileId> {
    let metadata = fs::symlink_metadata(path).ok()?;
    metadata.file_type().is_socket().then(|| FileId {
        device: metadata.dev(),
        inode: metadata.ino(),
    })
}

fn unlink(path: &Path, tap: &Tap, socket: SocketId) -> std::io::Result<()> {
    let began: Timestamp = tap.now();
    let done = fs::remove_file(path);
    let kind = match &done {
        Ok(()) => Kind::Called {
            call: Call::Unlink,
            result: Ok(0),
        },
        Err(error) => Kind::Failed {
            call: Call::Unlink,
            errno: Errno::from(error),
            address: Some(SocketAddress::UnixPath(Arc::from(path))),
        },
    };
    tap.emit(socket, None, Some(began), kind);
    done
}
