//! Peers of a socket that hears everybody: each has a session, begun by its first message.

use std::sync::Arc;

use sockeye_net::Listener;
use sockeye_net::messages::{MessageServer, Messages, SessionLimits, WhenFull};
use sockeye_net::server::{Ended, Limits, Notice, Summary};
use tokio::task::JoinSet;

use super::wire::Wire;
use super::{Shared, converse};
use crate::cli::listen::{ListenArgs, Many};

/// Gives each peer a conversation until `stop` is ready, then lets those that go on finish.
pub(super) async fn serve(
    args: &ListenArgs,
    listener: Listener,
    limits: &Limits,
    stop: impl Future<Output = ()>,
    shared: &Arc<Shared>,
) -> Summary {
    let (sockets, _path) = listener.into_sockets();
    let mut summary = Summary::default();
    let server = match MessageServer::with_limits(sockets, session_limits(args)) {
        Ok(server) => server,
        Err(error) => {
            summary.accept_failed = Some(error);
            return summary;
        }
    };
    let mut stop = std::pin::pin!(stop);
    let mut tasks: JoinSet<Ended> = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = tasks.join_next() => summary.failed += u64::from(!matches!(ended, Ok(Ended::Clean))),
            session = server.accept() => match session {
                Ok(session) => {
                    summary.conversations += 1;
                    let peer = session.peer().clone();
                    let wire = Wire::Messages(Messages::Session(session));
                    tasks.spawn(converse(args.exec.clone(), Arc::clone(shared), wire, peer));
                    summary.most_at_once = summary.most_at_once.max(tasks.len());
                    // In a flood of new peers those that are here have their turn too.
                    if summary.conversations.is_multiple_of(TURN) {
                        tokio::task::yield_now().await;
                    }
                }
                Err(error) => {
                    summary.accept_failed = Some(error);
                    shared.hall.stop();
                    break;
                }
            },
        }
    }
    if let (Some(notices), conversations @ 1..) = (&limits.notices, tasks.len()) {
        let _ = notices.send(Notice::Draining { conversations });
    }
    let finished = async {
        while let Some(ended) = tasks.join_next().await {
            summary.failed += u64::from(!matches!(ended, Ok(Ended::Clean)));
        }
    };
    if tokio::time::timeout(limits.drain, finished).await.is_err() {
        summary.cut = tasks.len() as u64;
        tasks.shutdown().await;
    }
    summary
}

fn session_limits(args: &ListenArgs) -> SessionLimits {
    let usual = SessionLimits {
        sessions: args.server.max_udp_sessions as usize,
        ..SessionLimits::default()
    };
    match args.many {
        Many::InTurn => SessionLimits {
            sessions: 1,
            when_full: WhenFull::RefuseNew,
            ..usual
        },
        Many::AtOnce | Many::Once => usual,
    }
}

/// So many new peers at a time.
const TURN: u64 = 64;
