//! Whether the picture has two columns of calls or one: known from the start, or found out from the first events.

use std::collections::HashSet;

use sockeye_model::{Event, Kind, SocketAddress};

/// How many columns of calls there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Columns {
    /// As the events have it: nothing is drawn until they tell, or until the first tick; for recordings.
    #[default]
    Auto,
    /// What is ours, and arrows to whoever is not.
    One,
    /// The server's and the client's: both ends are in this session.
    Two,
}

/// The first events, until one of them tells.
#[derive(Debug, Default)]
pub(super) struct Undecided {
    events: Vec<Event<'static>>,
    /// Addresses that one of ours listens at or is bound to.
    ours: HashSet<SocketAddress>,
    /// Addresses that one of ours connects to.
    asked: HashSet<SocketAddress>,
}

/// After so many events that tell nothing, one column.
const ENOUGH: usize = 256;

impl Undecided {
    /// Whether there are two columns, once it is known.
    pub(super) fn hear(&mut self, event: &Event<'_>) -> Option<bool> {
        let verdict = match &event.kind {
            Kind::Bound { local } | Kind::Listening { local, .. } => {
                self.ours.insert(local.clone());
                None
            }
            Kind::Connecting { peer } | Kind::Connected { peer, .. } => {
                self.asked.insert(peer.clone());
                Some(self.is_ours(peer))
            }
            Kind::Accepted { local, .. } => Some(self.asked.contains(local)),
            Kind::Sent { peer, .. } => Some(peer.as_ref().is_some_and(|peer| self.is_ours(peer))),
            Kind::Received { .. } => Some(false),
            _ => None,
        };
        self.events.push(event.clone().into_owned());
        if self.events.len() >= ENOUGH {
            return verdict.or(Some(false));
        }
        verdict
    }

    fn is_ours(&self, address: &SocketAddress) -> bool {
        let by_port = |ours: &SocketAddress| {
            ours.is_unspecified() && address.is_local() && ours.port() == address.port()
        };
        self.ours.contains(address) || self.ours.iter().any(by_port)
    }

    pub(super) fn into_events(self) -> Vec<Event<'static>> {
        self.events
    }
}
