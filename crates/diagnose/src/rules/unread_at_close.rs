//! Connections that were closed while bytes waited to be read: what S08 and S09 both start from.

use std::collections::HashSet;

use rustc_hash::FxHashMap;
use sockeye_model::{Errno, Event, Kind, Note, Queues, SocketAddress, SocketId};

use super::{Spot, receives};
use crate::scene::{Scene, SocketState};

/// Follows connections to their close.
#[derive(Default)]
pub(super) struct UnreadAtClose {
    connections: FxHashMap<SocketId, Connection>,
    /// Closed with the end of their process: judged once it is known how that ended.
    ending: Vec<Left>,
    /// Closed and not known to have hurt: the peer may yet be seen to suffer.
    harmless: Vec<Left>,
    /// The ends that are gone: local address and peer.
    gone: HashSet<(SocketAddress, SocketAddress)>,
}

/// How many closed connections are remembered.
const MOST_REMEMBERED: usize = 4_096;

#[derive(Default)]
struct Connection {
    unread: u64,
    speaks_tls: bool,
    /// The receives of the last round: up to the next receive, a send belongs to those before it.
    stretch: Stretch,
    answered: bool,
}

/// Receives in a row, without a send between them.
#[derive(Clone, Default)]
pub(super) struct Stretch {
    /// How many.
    pub(super) receives: u64,
    /// The last one filled its room, which was this much.
    pub(super) filled: Option<u64>,
    /// Where the last one was.
    pub(super) spot: Option<Spot>,
}

/// A connection that was closed with unread bytes.
#[derive(Clone)]
pub(super) struct Left {
    pub(super) spot: Spot,
    pub(super) unread: u64,
    pub(super) sent: u64,
    pub(super) unix: bool,
    pub(super) stretch: Stretch,
    /// The bytes, or the answer before them, are lost to somebody.
    pub(super) hurts: bool,
    /// It would be the program's mistake if it hurt: nobody asked for a reset, no layer left bytes of its own, nobody
    /// interrupted it.
    answerable: bool,
    /// It is the same close again, which has turned out to hurt.
    pub(super) again: bool,
    /// Its process ended, and nobody called close.
    pub(super) with_process: bool,
    ends: Option<(SocketAddress, SocketAddress)>,
}

impl UnreadAtClose {
    /// The next event; each connection that it settles is handed to `settled`, again where a harmless one turns out to hurt.
    pub(super) fn event(
        &mut self,
        event: &Event<'_>,
        scene: &Scene,
        settled: &mut dyn FnMut(Left),
    ) {
        match &event.kind {
            Kind::Received { payload, room, .. } => {
                let known = self.connections.entry(event.socket).or_default();
                known.unread = 0;
                known.speaks_tls |= payload.data().is_some_and(starts_tls);
                if std::mem::take(&mut known.answered) {
                    known.stretch = Stretch::default();
                }
                known.stretch.receives += 1;
                known.stretch.filled = (payload.len() == *room).then_some(*room);
                known.stretch.spot = Some(Spot::of(event));
            }
            Kind::Sent { payload, .. } => {
                let known = self.connections.entry(event.socket).or_default();
                known.speaks_tls |= payload.data().is_some_and(starts_tls);
                known.answered = true;
            }
            Kind::Queued(Queues::Data { unread, .. }) => {
                let known = self.connections.entry(event.socket).or_default();
                known.unread = *unread;
            }
            Kind::Noted(Note::Meaning { protocol, .. }) if protocol == "tls" => {
                let known = self.connections.entry(event.socket).or_default();
                known.speaks_tls = true;
            }
            Kind::Closed { .. } => {
                let known = self.connections.remove(&event.socket);
                if let Some(state) = scene.socket(event.socket) {
                    let left = known.and_then(|known| known.left(event, state, &self.gone));
                    self.remember(state);
                    match left {
                        Some(left) if left.with_process => self.ending.push(left),
                        Some(left) => self.settle(left, settled),
                        None => {}
                    }
                }
            }
            Kind::Exited { pid, status } => {
                for mut left in std::mem::take(&mut self.ending) {
                    if left.spot.process() != Some(*pid) {
                        self.ending.push(left);
                        continue;
                    }
                    // Killed from outside: no mistake of the program.
                    left.answerable &= status.is_ok();
                    left.hurts &= left.answerable;
                    self.settle(left, settled);
                }
            }
            Kind::Failed {
                call,
                errno: Errno::ECONNRESET,
                ..
            } if receives(*call) => {
                let Some(state) = scene.socket(event.socket) else {
                    return;
                };
                let (Some(local), Some(peer)) = (&state.local, &state.peer) else {
                    return;
                };
                let is_this = |left: &Left| {
                    left.ends
                        .as_ref()
                        .is_some_and(|(theirs, ours)| theirs == peer && ours == local)
                };
                if let Some(index) = self.harmless.iter().position(is_this) {
                    let mut left = self.harmless.remove(index);
                    left.hurts = true;
                    left.again = true;
                    settled(left);
                }
            }
            _ => {}
        }
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self, settled: &mut dyn FnMut(Left)) {
        for mut left in std::mem::take(&mut self.ending) {
            left.hurts = false;
            settled(left);
        }
    }

    fn settle(&mut self, left: Left, settled: &mut dyn FnMut(Left)) {
        if !left.hurts && left.answerable && left.ends.is_some() {
            if self.harmless.len() == MOST_REMEMBERED {
                self.harmless.remove(0);
            }
            self.harmless.push(left.clone());
        }
        settled(left);
    }

    fn remember(&mut self, state: &SocketState) {
        if self.gone.len() == MOST_REMEMBERED {
            self.gone.clear();
        }
        if let (Some(local), Some(peer)) = (&state.local, &state.peer) {
            self.gone.insert((local.clone(), peer.clone()));
        }
    }
}

impl Connection {
    /// What a close leaves behind, if bytes were waiting.
    fn left(
        self,
        event: &Event<'_>,
        state: &SocketState,
        gone: &HashSet<(SocketAddress, SocketAddress)>,
    ) -> Option<Left> {
        if self.unread == 0 || !state.is_stream() || state.backlog.is_some() {
            return None;
        }
        let ends = state.local.clone().zip(state.peer.clone());
        let peer_is_gone = ends
            .as_ref()
            .is_some_and(|(local, peer)| gone.contains(&(peer.clone(), local.clone())));
        // A reset that was asked for is S37's. TLS leaves bytes of its own, such as session tickets and close_notify.
        let deliberate = state.options.contains_key("SO_LINGER");
        let answerable = !deliberate && !self.speaks_tls;
        let answered = state.is_accepted() && state.is_tcp() && state.sent > 0;
        Some(Left {
            spot: Spot::of(event),
            unread: self.unread,
            sent: state.sent,
            unix: state.is_unix(),
            stretch: self.stretch,
            hurts: answered && !peer_is_gone && answerable,
            answerable,
            again: false,
            with_process: event.took.is_none(),
            ends,
        })
    }
}

/// Whether these bytes begin a TLS record of a handshake.
fn starts_tls(data: &[u8]) -> bool {
    data.starts_with(&[0x16, 0x03])
}
