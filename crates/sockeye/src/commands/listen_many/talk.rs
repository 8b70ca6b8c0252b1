//! One conversation of many: what comes is written down, what waits in the peer's queue is sent.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;
use sockeye_model::{Kind, SocketAddress, SocketOption};
use sockeye_net::messages::Messages;
use sockeye_net::server::Ended;
use sockeye_net::{AsyncSocket, Lent};
use sockeye_tap::Tap;
use tokio::time::{Instant, sleep, timeout};

use super::hall::Peer;
use super::scribe::Scribe;
use super::wire::Wire;
use super::{Came, Shared};
use crate::commands::output::Over;
use crate::limits::NOT_READING;
use crate::report::io_text;

/// Talks to one peer until the conversation is over.
pub(super) async fn converse(shared: Arc<Shared>, wire: Wire, address: SocketAddress) -> Ended {
    let peer = shared.hall.enter(address);
    let mut scribe = match Scribe::new(&peer, &shared.style, &shared.output) {
        Ok(scribe) => scribe,
        Err(not_made) => {
            shared.give_up(not_made);
            return Ended::Failed;
        }
    };
    let came = async {
        shared.say_came(&peer).await?;
        scribe.connected(&wire.local_address()).await?;
        talk(&shared, &wire, &peer, &mut scribe).await
    };
    let came = came.await;
    let clean = came.as_ref().is_ok_and(Came::is_clean);
    if !clean {
        // It must not take what it got for all there was, nor believe that all it sent was taken.
        wire.reset_on_close();
    }
    drop(wire);
    if let Ok(came) = &came {
        let _over = scribe.ended(came).await;
        let _over = shared.say_went(&peer, came).await;
    }
    shared.hall.leave(&peer);
    if clean { Ended::Clean } else { Ended::Failed }
}

async fn talk(
    shared: &Shared,
    wire: &Wire,
    peer: &Peer,
    scribe: &mut Scribe,
) -> Result<Came, Over> {
    let mut hearing = std::pin::pin!(hear(shared, wire, peer, scribe));
    let mut telling = std::pin::pin!(tell(shared, wire, peer));
    let mut not_reading = std::pin::pin!(not_reading(wire, peer));
    let mut idle = std::pin::pin!(idle(shared.idle, peer));
    let mut leaves = std::pin::pin!(leaves(wire, &shared.tap));
    let mut silence = std::pin::pin!(async {
        match wire {
            Wire::Messages(messages) => silence(shared, messages, peer).await,
            Wire::Stream(_) => std::future::pending().await,
        }
    });
    let mut heard = false;
    let mut told: Option<io::Result<()>> = None;
    loop {
        tokio::select! {
            result = &mut hearing, if !heard => match result? {
                Ok(()) => {
                    heard = true;
                    // A person has nobody to talk to any more; and where nothing is left to say, nobody waits for it.
                    if shared.typed || shared.hall.input_is_over() || !wire.half_closes() {
                        peer.queue.end();
                    }
                }
                Err(error) => return Ok(Came::Broke(error)),
            },
            result = &mut telling, if told.is_none() => {
                if result.is_err() {
                    peer.queue.close();
                }
                told = Some(result);
            }
            () = &mut not_reading, if told.is_none() => return Ok(Came::NotReading),
            () = &mut idle => return Ok(Came::Idle),
            () = &mut leaves, if heard => return Ok(Came::Ended),
            () = &mut silence, if told.is_some() => return Ok(Came::Ended),
        }
        if heard && let Some(result) = &mut told {
            let result = std::mem::replace(result, Ok(()));
            return Ok(result.map_or_else(Came::Broke, |()| Came::Ended));
        }
    }
}

/// Receives until the peer's end.
async fn hear(
    shared: &Shared,
    wire: &Wire,
    peer: &Peer,
    scribe: &mut Scribe,
) -> Result<io::Result<()>, Over> {
    loop {
        let received = if scribe.holds_back() {
            match timeout(MID_LINE, wire.recv()).await {
                Ok(received) => received,
                Err(_) => {
                    scribe.show_held().await?;
                    continue;
                }
            }
        } else {
            wire.recv().await
        };
        let data = match received {
            // The lent buffer is as long as the longest message: who waits for a slow stdout keeps what came alone.
            Ok(Lent::Data(data)) => data.to_vec(),
            Ok(Lent::End) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error.source)),
        };
        peer.has_sent_us(data.len());
        if !wire.keeps_messages() {
            scribe.data(data).await?;
            continue;
        }
        if data.is_empty() {
            shared.say_empty(peer).await?;
        }
        if let Some(frame) = shared.frame {
            let mut marked = Vec::new();
            if let Err(error) = frame.encode(&data, &mut marked) {
                return Ok(Err(io::Error::other(error)));
            }
            scribe.message(data, Some(marked)).await?;
        } else {
            scribe.message(data, None).await?;
        }
    }
}

/// Sends what waits, then the end. A single message that can't be sent is said, and the rest goes on.
async fn tell(shared: &Shared, wire: &Wire, peer: &Peer) -> io::Result<()> {
    let mut not_sent = None;
    while let Some(piece) = peer.queue.next().await {
        match wire.send(&piece, peer).await {
            Ok(()) => {}
            Err(error) if wire.may_go_on(&error) => {
                peer.queue.sent(piece.len());
                if not_sent.is_none() {
                    let text = io_text(&error.source, shared.look.language);
                    shared.announce_about(peer, &text).await;
                }
                not_sent.get_or_insert(error.source);
            }
            Err(error) => return Err(error.source),
        }
    }
    wire.finish().await?;
    not_sent.map_or(Ok(()), Err)
}

/// Returns when the peer's queue has been full and nothing has moved for [`NOT_READING`].
///
/// What its kernel acknowledges counts as well: ours may hold megabytes, and tells of room only now and then.
async fn not_reading(wire: &Wire, peer: &Peer) {
    loop {
        peer.queue.fills().await;
        let mut last = ((peer.sent(), wire.acknowledged()), Instant::now());
        while peer.queue.is_full() {
            sleep(LOOK).await;
            let now = (peer.sent(), wire.acknowledged());
            if now != last.0 {
                last = (now, Instant::now());
            } else if last.1.elapsed() >= NOT_READING {
                return;
            }
        }
    }
}

/// Returns once nothing has moved for `limit`, to within an eighth of it.
async fn idle(limit: Option<Duration>, peer: &Peer) {
    let Some(limit) = limit else {
        return std::future::pending().await;
    };
    let mut last = (peer.received() + peer.sent(), Instant::now());
    while last.1.elapsed() < limit {
        sleep((limit / 8).min(limit.saturating_sub(last.1.elapsed()))).await;
        let now = peer.received() + peer.sent();
        if now != last.0 {
            last = (now, Instant::now());
        }
    }
}

/// Returns when the server stops and a peer that cannot end, one of a session, has been quiet for a moment.
pub(super) async fn silence(shared: &Shared, messages: &Messages, peer: &Peer) {
    if !matches!(messages, Messages::Session(_)) {
        return std::future::pending().await;
    }
    shared.hall.stopping().await;
    let moved = || (peer.received(), peer.sent());
    let mut last = moved();
    loop {
        sleep(SILENCE).await;
        let now = moved();
        if now == last {
            return;
        }
        last = now;
    }
}

/// Returns when a peer that has ended its side has gone altogether, so that nothing can be sent to it any more.
///
/// A UNIX socket says so at once. TCP can't tell a peer that only listens from one that has closed, unless something is
/// sent: keepalive probes are.
async fn leaves(wire: &Wire, tap: &Tap) {
    let (Some(socket), Some(fd)) = (wire.socket(), wire.fd()) else {
        return std::future::pending().await;
    };
    if socket.tcp_sample().is_some() && socket.set_option(&SocketOption::Keepalive).is_ok() {
        probe_soon(socket, tap);
    }
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    loop {
        let mut asked = [PollFd::from_borrowed_fd(fd, PollFlags::empty())];
        if poll(&mut asked, Some(&at_once)).is_ok_and(|ready| ready > 0) {
            return;
        }
        sleep(GONE).await;
    }
}

/// The system's own pause before the first probe is two hours.
fn probe_soon(socket: &AsyncSocket, tap: &Tap) {
    let set = sockopt::set_tcp_keepidle(socket, PROBE)
        .and_then(|()| sockopt::set_tcp_keepintvl(socket, PROBE));
    if set.is_ok() {
        for option in ["TCP_KEEPIDLE", "TCP_KEEPINTVL"] {
            let kind = Kind::Configured {
                option: option.into(),
                value: PROBE.as_secs().to_string().into(),
            };
            tap.emit(socket.id(), None, None, kind);
        }
    }
}

/// Part of a line is shown when its rest has not come for this long.
const MID_LINE: Duration = Duration::from_millis(200);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// A peer that cannot end has ended when nothing comes for this long, once the server stops.
const SILENCE: Duration = Duration::from_millis(100);
/// How often it is looked whether a peer that has ended has gone.
const GONE: Duration = Duration::from_secs(1);
/// The pause before a keepalive probe.
const PROBE: Duration = Duration::from_secs(15);
