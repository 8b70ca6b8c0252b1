//! The moment in which a socket turns out to be a server's: it listens, or waits for whoever writes first.

use sockeye_model::{Errno, Event, Kind, SocketAddress};

use crate::scene::{Scene, receives};

/// The address at which the socket of this event serves from now on, where the program chose the port.
pub(super) fn serves<'a>(event: &'a Event<'_>, scene: &'a Scene) -> Option<&'a SocketAddress> {
    let state = scene.socket(event.socket)?;
    if state.port_chosen || state.foreign {
        return None;
    }
    match &event.kind {
        Kind::Listening { local, .. } if local.inet().is_some() => Some(local),
        Kind::Waiting { call }
        | Kind::Received { call, .. }
        | Kind::Called {
            call,
            result: Err(Errno::EAGAIN),
        } if receives(*call) && state.is_udp() && state.sends == 0 && state.receives == 0 => {
            state.bound.as_ref()
        }
        _ => None,
    }
}
