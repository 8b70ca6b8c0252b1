//! Which calls of a traced program say nothing by themselves: shown only where everything is.

use sockeye_model::{Call, Came, Errno, Event, Kind, Note, Queues};

use super::Programs;

/// Options that prepare a socket and change nothing that is seen of it.
const PREPARING: [&str; 3] = ["O_NONBLOCK", "FD_CLOEXEC", "IPV6_V6ONLY"];

/// How much of a traced program's calls a view tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Always told.
    Telling,
    /// Told where everything is.
    Aside,
    /// Never told: it is there for the rules.
    Nothing,
}

/// How much this event is worth. What our own sockets do is always told.
pub(crate) fn worth(event: &Event<'_>, programs: &Programs) -> Worth {
    if event.by.is_none() {
        return Worth::Telling;
    }
    match &event.kind {
        Kind::Called {
            call: Call::Poll | Call::Select | Call::EpollWait,
            ..
        } => Worth::Nothing,
        // Narration has it below the line of its call, the pictures have no room for it.
        Kind::Noted(Note::Syscall(_)) => Worth::Nothing,
        // What a shell or a build does with its processes is no story of sockets.
        Kind::Forked { parent, .. } if !programs.has_sockets(*parent) => Worth::Aside,
        Kind::Replaced { pid, .. } if !programs.has_sockets(*pid) => Worth::Aside,
        Kind::Exited { pid, .. } if !programs.has_sockets(*pid) && !programs.is_first(*pid) => {
            Worth::Aside
        }
        // Asked by runtimes of sockets that they don't know.
        Kind::Failed {
            call: Call::GetSockName | Call::GetPeerName | Call::GetSockOpt,
            ..
        } => Worth::Aside,
        // An option that this kind of socket does not have: tried and done without.
        Kind::Failed {
            call: Call::SetSockOpt,
            errno: Errno::ENOPROTOOPT,
            ..
        } => Worth::Aside,
        Kind::Called {
            call: Call::Connect | Call::Shutdown,
            ..
        } => Worth::Telling,
        Kind::Called {
            call: Call::GetSockOpt,
            result: Err(errno),
        } if *errno != Errno::EAGAIN => Worth::Telling,
        Kind::Called { .. } => Worth::Aside,
        Kind::Configured { option, .. } if PREPARING.contains(&&**option) => Worth::Aside,
        Kind::Noted(
            Note::Descriptor {
                // What follows says that it was there before.
                came: Came::Made | Came::Inherited | Came::Found,
                ..
            }
            | Note::PortChosen
            | Note::Threads,
        ) => Worth::Aside,
        // How long it lasted is for the totals.
        Kind::Noted(Note::Polling { .. }) if event.took.is_some() => Worth::Nothing,
        // The other end is told of itself.
        Kind::Noted(Note::PeerProcess(process)) if programs.knows(process.pid) => Worth::Aside,
        Kind::Queued(Queues::Data { .. } | Queues::Accept { .. }) => Worth::Aside,
        _ => Worth::Telling,
    }
}
