//! Asking by what has no request of its own: each probe is a connection, or a datagram, from a socket of its own.

use sockeye_model::{Call, Errno, Scheme};
use sockeye_net::icmp::{Arrived, Reporting, Why};
use sockeye_net::{OpenError, connect, dial};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::asking::Asking;
use super::outcome::{Answer, By, End, Replied, What};

/// Asks until all probes have ended.
pub(super) async fn ask(asking: Asking, address: String) {
    let by = match asking.address.scheme {
        Scheme::Udp => By::Udp(asking.data.len()),
        Scheme::Tcp => By::Tcp,
        Scheme::Unix | Scheme::UnixSeqpacket => By::Unix,
        _ => By::Layered,
    };
    asking.tell(What::Opened { address, by });
    let mut open = JoinSet::new();
    let mut number = 0;
    let mut due = Instant::now();
    loop {
        tokio::select! {
            () = sleep_until(due), if asking.goes_on_after(number) => {
                number += 1;
                due = asking.next_after(due);
                asking.tell(What::Sent);
                open.spawn(probe(asking.clone(), by, number));
            }
            Some(_) = open.join_next() => {}
            else => return,
        }
    }
}

async fn probe(asking: Asking, by: By, number: u64) {
    let began = Instant::now();
    let ended = match by {
        By::Udp(_) => datagram(&asking).await,
        _ => connection(&asking).await,
    };
    let (end, took) = match ended {
        Ok(ended) => ended,
        Err(error) => (of_failure(error), began.elapsed()),
    };
    asking.tell(What::Probe { number, end, took });
}

/// How long a connection takes to be there, and its handshakes; it is closed at once.
async fn connection(asking: &Asking) -> Result<(End, std::time::Duration), OpenError> {
    let began = Instant::now();
    let connected = connect(&asking.address, &asking.dialing).await?;
    let took = began.elapsed();
    let answer = Answer {
        from: connected.link.peer_address().to_string(),
        what: Replied::Connected,
    };
    Ok((End::Answered(answer), took))
}

/// A datagram from a port of its own, so that any answer there is one to this probe.
async fn datagram(asking: &Asking) -> Result<(End, std::time::Duration), OpenError> {
    let dialed = dial(&asking.address, &asking.dialing).await?;
    let socket = Reporting::over(dialed.socket)?;
    let began = Instant::now();
    let peer = match socket.socket().peer_address() {
        Ok(peer) => peer.to_string(),
        // A group has no one peer: nothing was connected, and nothing can be heard of it.
        Err(error) => return Err(error.into()),
    };
    socket.send(&asking.data).await?;
    let arrived = timeout(asking.timeout, socket.recv()).await;
    let took = began.elapsed();
    let answered = |from, what| End::Answered(Answer { from, what });
    let end = match arrived {
        Err(_) => End::Lost,
        Ok(Err(error)) => return Err(error.into()),
        Ok(Ok(Arrived::Message { data, .. })) => answered(peer, Replied::Datagram(data.len())),
        Ok(Ok(Arrived::Undelivered(report))) => match (report.why, report.from) {
            (Why::PortUnreachable, from) => {
                let from = from.map_or(peer, |from| from.to_string());
                answered(from, Replied::PortClosed)
            }
            (why, from) => End::Undelivered { why, from },
        },
    };
    Ok((end, took))
}

/// A failure that is an answer of a kind, or the silence of the deadline.
fn of_failure(error: OpenError) -> End {
    match error.cause() {
        Some((Call::Connect, Errno::ETIMEDOUT)) => End::Lost,
        Some((Call::Connect, Errno::ECONNREFUSED)) => {
            let refused = error.failures().iter();
            let refused = refused.filter(|failure| failure.errno() == Errno::ECONNREFUSED);
            let from: Vec<String> = refused
                .filter_map(|failure| failure.address.as_ref().map(ToString::to_string))
                .collect();
            let from = from.join(", ");
            End::Refused { from }
        }
        _ => End::Failed(error),
    }
}
