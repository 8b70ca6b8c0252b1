//! From a name to addresses: what other programs of this machine would find, and who said so.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

use sockeye_model::Source;

use crate::sys;

/// The future of a look-up.
pub type Resolving<'a> =
    Pin<Box<dyn Future<Output = io::Result<(Vec<IpAddr>, Source)>> + Send + 'a>>;

/// Who turns names into addresses.
pub trait Resolve: Send + Sync {
    /// The addresses of `name`, at least one, the preferred first, and where they came from.
    ///
    /// The kind of an error says what it means: `NotFound` for a name that has no address, `WouldBlock` when nobody
    /// could say now (`EAI_AGAIN`), `TimedOut` for an answer that did not come in time. A deadline is the caller's.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// What other programs do: an address in digits, then the hosts file, then the system's resolver on a thread.
///
/// Digits read no file and start no thread; a name of the hosts file starts no thread. A look-up that is given up
/// leaves its thread to end by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            if let Ok(literal) = name.parse() {
                return Ok((vec![literal], Source::Literal));
            }
            let known = sockeye_local::host_addresses(name);
            if !known.is_empty() {
                return Ok((known, Source::HostsFile));
            }
            let (answer, answered) = tokio::sync::oneshot::channel();
            let asked = name.to_owned();
            std::thread::Builder::new()
                .name("getaddrinfo".to_owned())
                .spawn(move || answer.send(sys::look_up(&asked)))?;
            let found = answered.await.map_err(io::Error::other)??;
            Ok((found, Source::System))
        })
    }
}
