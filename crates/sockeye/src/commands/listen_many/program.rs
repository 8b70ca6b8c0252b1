//! One conversation of many with a program of its own: the socket is its stdin and stdout.

use std::sync::Arc;

use sockeye_model::SocketAddress;
use sockeye_net::Wire as Connection;
use sockeye_net::exec::{self, Child, Environment};
use sockeye_net::messages::{FramedJoining, Messages, Over, Refused, join_framed};
use sockeye_net::relay::{Broken, Joining, Passing, Stream, join};
use sockeye_net::server::Ended;

use super::hall::Peer;
use super::wire::Wire;
use super::{Came, Shared, talk};
use crate::cli::connect::Command;
use crate::commands::messages_on_stdio::for_program;
use crate::commands::programs;

/// Runs the program for one peer, to the end of both: what it wrote last is sent before its end is waited for.
pub(super) async fn converse(
    shared: Arc<Shared>,
    command: Command,
    wire: Wire,
    address: SocketAddress,
) -> Ended {
    let language = shared.look.language;
    let scheme = shared.address.scheme.name();
    let environment = Environment::new(scheme, &wire.local_address(), &address);
    let peer = shared.hall.enter(address);
    let _over = shared.say_came(&peer).await;
    let started = exec::start(&command.words, Some(&environment), &shared.tap);
    let (stream, child) = match started {
        Ok(started) => started,
        Err(error) => {
            // The client must not take silence for an answer.
            wire.reset_on_close();
            let failure = programs::not_started(&error, &command.words, language);
            shared.announce_about(&peer, &failure.line).await;
            shared.hall.leave(&peer);
            return Ended::Failed;
        }
    };
    let mut child = Terminated(Some(child));
    let came = match wire {
        Wire::Stream(wire) => with_stream(&shared, stream, wire, &peer).await,
        Wire::Messages(messages) => with_messages(&shared, stream, &messages, &peer).await,
    };
    let status = child.end(matches!(came, Came::Idle)).await;
    match status {
        Some(Ok(status)) if !status.success() => {
            let line = programs::ended(&command.words, status, language);
            shared.announce_about(&peer, &line).await;
        }
        _ => {}
    }
    let _over = shared.say_went(&peer, &came).await;
    shared.hall.leave(&peer);
    if came.is_clean() {
        Ended::Clean
    } else {
        Ended::Failed
    }
}

async fn with_stream(shared: &Shared, program: Stream, wire: Connection, peer: &Peer) -> Came {
    let [left_to_right, right_to_left] = counted(peer);
    let how = Joining {
        left_to_right,
        right_to_left,
        idle: shared.idle,
        ..Joining::default()
    };
    let joined = join(program, Stream::wire(wire), how).await;
    if joined.idle {
        return Came::Idle;
    }
    let broken = [joined.left_to_right.1, joined.right_to_left.1]
        .into_iter()
        .find_map(|result| match result {
            Some(Err(Broken { error, .. })) => Some(error),
            _ => None,
        });
    broken.map_or(Came::Ended, Came::Broke)
}

async fn with_messages(shared: &Shared, program: Stream, messages: &Messages, peer: &Peer) -> Came {
    let [left_to_right, right_to_left] = counted(peer);
    let how = FramedJoining {
        left_to_right,
        right_to_left,
        max_frame: shared.max_frame,
        ..for_program(shared.frame, shared.idle, Refused::Counted)
    };
    let joined = join_framed(
        program,
        messages,
        how,
        talk::silence(shared, messages, peer),
    )
    .await;
    if joined.over == Over::Idle {
        return Came::Idle;
    }
    // A program that takes no more of what comes is no failure.
    let heard = joined.to_stream;
    let broken = if heard.broken_writing {
        None
    } else {
        heard.broken
    };
    let told = joined.to_messages;
    let failed = broken.or(told.broken).or(told.first_failure);
    failed.map_or(Came::Ended, |error| Came::Broke(error.source))
}

/// From the program to the peer and back, with the peer's counters.
fn counted(peer: &Peer) -> [Passing; 2] {
    peer.counters().map(|moved| Passing {
        moved,
        ..Passing::default()
    })
}

/// A program that does not outlive its conversation when that is cut short.
struct Terminated(Option<Child>);

impl Terminated {
    /// Waits for its end, after asking for it if `now`.
    async fn end(&mut self, now: bool) -> Option<std::io::Result<std::process::ExitStatus>> {
        let child = self.0.as_mut()?;
        if now {
            child.terminate();
        }
        let status = child.wait().await;
        self.0 = None;
        Some(status)
    }
}

impl Drop for Terminated {
    fn drop(&mut self) {
        if let Some(child) = &self.0 {
            child.terminate();
        }
    }
}
