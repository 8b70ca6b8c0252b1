//! An address, opened: a stream of bytes or a conversation of messages, with whatever must live as long as it does.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use sockeye_model::plan::Shape;
use sockeye_model::{Address, Call, Carries, Options, Scheme, SocketAddress, Target};

use crate::error::{Error, Result};
use crate::exec::{self, Child, Environment};
use crate::open::{Dialing, OpenError, dial};
use crate::relay::Stream;

/// Which end of a relay an address is: a file is read at the one and written at the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// FROM, the left.
    From,
    /// TO, the right.
    To,
}

/// What the plan needs to know of an address before it is opened.
pub fn shape(address: &Address) -> Shape {
    Shape {
        carries: address.scheme.carries(),
        batches: address.scheme == Scheme::Udp,
        registrable: matches!(address.scheme, Scheme::Exec) || address.scheme.can_listen(),
    }
}

/// An opened end that is no kernel socket of its own making: stdio, a file, a program, a passed descriptor.
#[derive(Debug)]
pub struct Plain {
    /// Its bytes.
    pub stream: Stream,
    /// The program, for `exec:`.
    pub child: Option<Child>,
}

/// Opens `stdio`, `file:`, `exec:` or `fd:`.
///
/// A file at the left is read; at the right it is made if need be, emptied unless `append`, and written.
///
/// # Errors
/// What opening gave, with the call; a scheme that opens a socket is an `EINVAL`.
pub fn open_plain(
    address: &Address,
    place: Place,
    environment: Option<&Environment>,
    how: &Dialing,
) -> Result<Plain> {
    let stream = match &address.target {
        Target::Stdio => Stream::stdio().map_err(|error| Error::new(Call::Open, error))?,
        Target::File(path) => file(path, place, &address.options)?,
        Target::Fd(number) => descriptor(*number).map_err(|error| Error::new(Call::Open, error))?,
        Target::Exec(words) => {
            let (stream, child) = exec::start(words, environment, &how.tap)?;
            return Ok(Plain {
                stream,
                child: Some(child),
            });
        }
        Target::Inet { .. } | Target::Unix(_) => {
            return Err(Error::new(
                Call::Open,
                io::Error::from(io::ErrorKind::InvalidInput),
            ));
        }
    };
    Ok(Plain {
        stream,
        child: None,
    })
}

fn file(path: &Path, place: Place, options: &Options) -> Result<Stream> {
    let mut how = OpenOptions::new();
    match place {
        Place::From => how.read(true),
        Place::To => how
            .write(true)
            .create(!options.excl())
            .create_new(options.excl())
            .append(options.append())
            .truncate(!options.append())
            .mode(options.mode().unwrap_or(0o666)),
    };
    let opened = how.open(path).map_err(|source| {
        // The path is the address that this call was about.
        Error::at(Call::Open, SocketAddress::UnixPath(Arc::from(path)), source)
    })?;
    Ok(match place {
        Place::From => Stream::files(Some(opened), None),
        Place::To => Stream::files(None, Some(opened)),
    })
}

/// A descriptor that this process was started with; ours is a copy, so that closing one leaves the other.
fn descriptor(number: i32) -> io::Result<Stream> {
    Stream::descriptor(inherited(number)?)
}

/// A copy of descriptor `number`, which this process was started with.
///
/// # Errors
/// `EBADF` when no such descriptor is open.
pub fn inherited(number: i32) -> io::Result<OwnedFd> {
    crate::sys::duplicate(number)
}

/// A stream opened to `address`: a connected socket, or a plain end.
///
/// # Errors
/// Why it could not be opened; a socket of messages is [`OpenError::Call`] with `EPROTOTYPE`.
pub async fn open_stream(
    address: &Address,
    place: Place,
    environment: Option<&Environment>,
    how: &Dialing,
) -> std::result::Result<Plain, OpenError> {
    if !address.scheme.can_listen() {
        return open_plain(address, place, environment, how).map_err(OpenError::Call);
    }
    debug_assert!(
        address.scheme.carries() == Carries::Stream,
        "messages are dialed, not opened as a stream"
    );
    let dialed = dial(address, how).await?;
    Ok(Plain {
        stream: Stream::socket(dialed.socket),
        child: None,
    })
}
