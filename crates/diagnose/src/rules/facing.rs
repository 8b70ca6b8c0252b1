//! Two ends of one connection, both blocked, that nobody but the other can wake.

use sockeye_model::Event;

use crate::scene::{Scene, Wait};

/// The only waits on the two ends of a connection.
pub(super) struct Facing<'a> {
    /// At the socket of the event.
    pub(super) near: &'a Wait,
    /// At its other end.
    pub(super) far: &'a Wait,
}

/// The waits at both ends of the connection that this event is about, where each end is held by one process of one thread
/// without a time limit: nothing but the other end can wake it, short of a signal. Both have been looked at since they began
/// to wait: the near one by this event, the far one at its own time.
pub(super) fn facing<'a>(event: &Event<'_>, scene: &'a Scene) -> Option<Facing<'a>> {
    let far = scene.far_end(event.socket)?;
    let near = alone(event.socket, scene)?;
    let far = alone(far, scene)?;
    (near.by.process != far.by.process && far.queues.is_some()).then_some(Facing { near, far })
}

/// The wait on a socket that one thread of one process has.
fn alone(socket: sockeye_model::SocketId, scene: &Scene) -> Option<&Wait> {
    let state = scene.socket(socket)?;
    if !state.is_stream() || state.foreign || state.nonblocking {
        return None;
    }
    if state.has("SO_RCVTIMEO") || state.has("SO_SNDTIMEO") {
        return None;
    }
    let mut waits = scene.waits_on(socket);
    let (Some(wait), None) = (waits.next(), waits.next()) else {
        return None;
    };
    let mut holders = scene.holders_of(socket);
    let sole = holders.next() == Some(wait.by.process) && holders.next().is_none();
    (sole && !scene.has_threads(wait.by.process)).then_some(wait)
}
