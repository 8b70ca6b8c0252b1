//! Happy Eyeballs: all addresses of a name, each a little after the one before, and the first to answer wins.

use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::task::Poll;
use std::time::Duration;

use sockeye_model::{Call, Errno, SocketAddress, Timestamp};
use tokio::time::{Instant, sleep_until};

use super::setup::{self, Setup};
use crate::async_socket::{Connect, begin_connect};
use crate::error::{Error, Result};
use crate::{AsyncSocket, Socket};

/// "Connection Attempt Delay": [RFC 8305](https://www.rfc-editor.org/rfc/rfc8305) section 5.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

type Attempt<'a> = Pin<Box<dyn Future<Output = Result<AsyncSocket>> + Send + 'a>>;

/// The addresses in the order of RFC 8305 section 4: the families take turns, and IPv6 begins.
pub(crate) fn interleaved(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let (six, four): (Vec<_>, Vec<_>) = addresses.into_iter().partition(IpAddr::is_ipv6);
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let mut order = Vec::new();
    loop {
        let before = order.len();
        order.extend(six.next());
        order.extend(four.next());
        if order.len() == before {
            return order;
        }
    }
}

/// Connects to the first peer that answers; the losers are closed, and so are all at the deadline.
///
/// # Errors
/// One failure a peer that was tried, in the order in which they failed.
pub(crate) async fn race(
    setup: &Setup<'_>,
    peers: Vec<(SocketAddress, Option<SocketAddress>)>,
    deadline: Option<Instant>,
) -> std::result::Result<AsyncSocket, Vec<Error>> {
    // What is said of those that are still under way when all is over.
    let verdict = Arc::new(AtomicI32::new(Errno::ECANCELED.0));
    let mut waiting = peers.into_iter();
    let mut running: Vec<(SocketAddress, Attempt<'_>)> = Vec::new();
    let mut failures = Vec::new();
    let mut next_at = Instant::now();
    loop {
        let due = running.is_empty() || Instant::now() >= next_at;
        if due && let Some((peer, local)) = waiting.next() {
            let attempt = connect(setup, peer.clone(), local, Arc::clone(&verdict));
            running.push((peer, Box::pin(attempt)));
            next_at = Instant::now() + ATTEMPT_DELAY;
        }
        if running.is_empty() {
            return Err(failures);
        }
        tokio::select! {
            biased;
            (at, outcome) = first_done(&mut running) => {
                drop(running.remove(at));
                match outcome {
                    Ok(socket) => return Ok(socket),
                    Err(error) => failures.push(error),
                }
                next_at = Instant::now();
            }
            () = passed(deadline) => {
                verdict.store(Errno::ETIMEDOUT.0, Ordering::Relaxed);
                let late = running.drain(..);
                failures.extend(late.map(|(peer, _)| Error::timed_out(Call::Connect, Some(peer))));
                return Err(failures);
            }
            () = sleep_until(next_at), if waiting.len() > 0 => {}
        }
    }
}

/// Makes a socket, binds it where that is asked, and connects it.
pub(crate) async fn connect(
    setup: &Setup<'_>,
    peer: SocketAddress,
    local: Option<SocketAddress>,
    verdict: Arc<AtomicI32>,
) -> Result<AsyncSocket> {
    let socket = bound(setup, &peer, local)?;
    let begun = begin_connect(socket.handle(), &peer).await?;
    let socket = socket.into_async()?;
    let mut under_way = UnderWay {
        socket: &socket,
        peer: &peer,
        began: setup.tap.now(),
        verdict: Some(verdict),
    };
    let connected = match begun {
        Connect::Done => Ok(()),
        Connect::InProgress(began) => socket.connected(began, &peer).await,
    };
    under_way.verdict = None;
    drop(under_way);
    connected?;
    if setup.kind == sockeye_model::Type::Stream
        && peer.inet().is_some()
        && socket.local_address()? == peer
    {
        // A port that nobody listened on, and that the kernel chose for our own end: a socket talking to itself.
        return Err(Error::at(
            Call::Connect,
            peer,
            std::io::Error::from_raw_os_error(Errno::ECONNREFUSED.0),
        ));
    }
    Ok(socket)
}

/// A socket for that peer, on the local address that was asked for.
pub(crate) fn bound(
    setup: &Setup<'_>,
    peer: &SocketAddress,
    local: Option<SocketAddress>,
) -> Result<Socket> {
    let socket = setup.socket(setup::family(peer), Some(peer))?;
    if let Some(local) = local {
        socket.bind(local)?;
    }
    Ok(socket)
}

/// A connect that ends with an event also when its future is dropped.
struct UnderWay<'a> {
    socket: &'a AsyncSocket,
    peer: &'a SocketAddress,
    began: Timestamp,
    /// The error number to give; `None` once the call has returned.
    verdict: Option<Arc<AtomicI32>>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(verdict) = &self.verdict {
            let errno = Errno(verdict.load(Ordering::Relaxed));
            let handle = self.socket.handle();
            handle.emit_failed(self.began, Call::Connect, errno, Some(self.peer));
        }
    }
}

async fn first_done(running: &mut [(SocketAddress, Attempt<'_>)]) -> (usize, Result<AsyncSocket>) {
    poll_fn(|context| {
        for (at, (_, attempt)) in running.iter_mut().enumerate() {
            if let Poll::Ready(outcome) = attempt.as_mut().poll(context) {
                return Poll::Ready((at, outcome));
            }
        }
        Poll::Pending
    })
    .await
}

/// Returns when the deadline has passed; without one never.
pub(crate) async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(addresses: &[&str]) -> Vec<String> {
        let parsed = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let ordered: Vec<IpAddr> = interleaved(parsed);
        ordered.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_families_take_turns_and_ipv6_begins() {
        assert_eq!(
            order(&["10.0.0.1", "10.0.0.2", "::1", "10.0.0.3", "::2"]),
            ["::1", "10.0.0.1", "::2", "10.0.0.2", "10.0.0.3"]
        );
        assert_eq!(order(&["10.0.0.2", "10.0.0.1"]), ["10.0.0.2", "10.0.0.1"]);
        assert!(order(&[]).is_empty());
    }
}
