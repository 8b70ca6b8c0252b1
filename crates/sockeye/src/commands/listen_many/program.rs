//! One conversation of many with a program of its own: the socket is its stdin and stdout.

use std::sync::Arc;

use sockeye_model::SocketAddress;
use sockeye_net::AsyncSocket;
use sockeye_net::exec::{self, Child, Environment};
use sockeye_net::relay::{Broken, Joined, Joining, Passing, Stream, join};
use sockeye_net::server::Ended;

use super::{Came, Shared};
use crate::cli::connect::Command;
use crate::commands::programs;

/// Runs the program for one peer, to the end of both: what it wrote last is sent before its end is waited for.
pub(super) async fn converse(
    shared: Arc<Shared>,
    command: Command,
    socket: AsyncSocket,
    address: SocketAddress,
) -> Ended {
    let language = shared.look.language;
    let local = socket.local_address().unwrap_or(SocketAddress::UnixUnnamed);
    let environment = Environment::new(shared.address.scheme.name(), &local, &address);
    let peer = shared.hall.enter(address);
    let _over = shared.say_came(&peer).await;
    let started = exec::start(&command.words, Some(&environment), &shared.tap);
    let (stream, child) = match started {
        Ok(started) => started,
        Err(error) => {
            // The client must not take silence for an answer.
            socket.reset_on_close();
            let failure = programs::not_started(&error, &command.words, language);
            shared.announce_about(&peer, &failure.line).await;
            shared.hall.leave(&peer);
            return Ended::Failed;
        }
    };
    let mut child = Terminated(Some(child));
    let [there, back] = peer.counters();
    let how = Joining {
        left_to_right: Passing {
            moved: there,
            ..Passing::default()
        },
        right_to_left: Passing {
            moved: back,
            ..Passing::default()
        },
        idle: shared.idle,
        ..Joining::default()
    };
    let joined = join(stream, Stream::socket(socket), how).await;
    let came = came(joined);
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

fn came(joined: Joined) -> Came {
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
