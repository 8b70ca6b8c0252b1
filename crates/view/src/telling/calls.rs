//! Which words belong to which kind of event: the one place that matches on all of them.

use sockeye_model::{Call, Errno, Event, Kind, SocketAddress};

use super::{Mark, Reason, Teller, Told, Transport, Way};
use crate::catalogue::{self, errno_text, narration, reasons};

impl Teller {
    /// What `event` says, from what is known before it.
    pub(super) fn words(&self, event: &Event<'_>) -> Told {
        match &event.kind {
            Kind::Created {
                family,
                kind,
                protocol,
            } => self.created(event, *family, *kind, *protocol),
            Kind::Configured { option, value } => self.configured(event, option, value),
            Kind::Resolved {
                name,
                addresses,
                source,
            } => self.resolved(event, name, addresses, *source),
            Kind::Bound { local } => self.bound(event, local),
            Kind::Listening { local, backlog } => self.listening(event, local, *backlog),
            Kind::Connecting { peer } => self.connecting(event, peer),
            Kind::Connected { local, peer } => self.connected(event, local, peer),
            Kind::Accepted { peer, .. } => self.accepted(event, peer),
            Kind::Upgraded { protocol, .. } => self.upgraded(event, protocol),
            Kind::Waiting { call } => self.waiting(event, *call),
            Kind::Sent {
                call,
                payload,
                asked,
                peer,
                ..
            } => self.sent(event, *call, payload, *asked, peer.as_ref()),
            Kind::Received {
                call,
                payload,
                room,
                truncated_from,
                peer,
            } => self.received(event, *call, payload, *room, *truncated_from, peer.as_ref()),
            Kind::Called { call, result } => self.called(event, *call, *result),
            Kind::HalfClosed { end } => self.half_closed(event, *end),
            Kind::Closed { totals, first } => self.closed(event, totals, *first),
            Kind::Failed {
                call,
                errno,
                address,
            } => self.failed(event, *call, *errno, address.as_ref()),
            Kind::Sampled { sample } => self.sampled(event, sample),
            Kind::Planned { plan } => Told::new(event, self.say(narration::PLAN), self.name(plan)),
            Kind::Started { pid, command } => {
                let fact = format!("pid {pid}: {}", self.name(command));
                let told = Told::new(event, self.say(narration::START), fact);
                match event.by {
                    Some(_) => told,
                    None => told.because(reasons::EXEC, self.language),
                }
            }
            Kind::Queued(queues) => self.queued(event, *queues),
            Kind::Forked { child, .. } => {
                let fact = self.fill(narration::FORKED, &[("child", child)]);
                Told::new(event, Call::Fork.name(), fact).because(reasons::FORK, self.language)
            }
            Kind::Replaced { pid, command } => {
                let fact = format!("pid {pid}: {}", self.name(command));
                Told::new(event, Call::Exec.name(), fact).because(reasons::REPLACED, self.language)
            }
            Kind::Diagnosed(finding) => self.diagnosed(event, finding),
            Kind::Exited { pid, status } => self.exited(event, *pid, *status),
            Kind::Noted(note) => self.noted(event, note),
            Kind::Unshown { events } => {
                let count = catalogue::count(*events, self.language);
                let fact = self.fill(narration::UNSHOWN, &[("count", &count)]);
                Told::new(event, "…", fact)
                    .because(reasons::UNSHOWN, self.language)
                    .mark(Mark::Loss)
            }
        }
    }

    fn called(&self, event: &Event<'_>, call: Call, result: Result<i64, Errno>) -> Told {
        if let Some(told) = self.beneath(event, call, result) {
            return told;
        }
        match result {
            Ok(value) => Told::new(event, call.name(), format!("= {value}")),
            Err(Errno::EAGAIN) => {
                Told::new(event, call.name(), errno_text(Errno::EAGAIN, self.language))
                    .because(reasons::AGAIN, self.language)
            }
            // A connect that is under way, and questions whose answer is no: nothing has failed.
            Err(Errno::EINPROGRESS) => {
                let error = errno_text(Errno::EINPROGRESS, self.language);
                let known = self.sockets.of(event.socket);
                let fact = match known.and_then(|known| known.peer.as_ref()) {
                    Some(peer) => format!("{}: {error}", self.address(peer)),
                    None => error,
                };
                Told::new(event, call.name(), fact).because(reasons::IN_PROGRESS, self.language)
            }
            Err(errno) if asks(call) => {
                Told::new(event, call.name(), errno_text(errno, self.language))
            }
            Err(errno) => {
                Told::new(event, call.name(), errno_text(errno, self.language)).mark(Mark::Failure)
            }
        }
    }

    fn failed(
        &self,
        event: &Event<'_>,
        call: Call,
        errno: Errno,
        address: Option<&SocketAddress>,
    ) -> Told {
        let error = errno_text(errno, self.language);
        let fact = match address {
            Some(address) => format!("{}: {error}", self.address(address)),
            None => error,
        };
        let mut told = Told::new(event, call.name(), fact);
        if !asks(call) {
            told = told.mark(Mark::Failure);
        }
        let known = self.sockets.of(event.socket);
        if errno == Errno::ECONNRESET
            && let Some(known) = known
        {
            let bytes = catalogue::bytes(known.received, self.language);
            told = told.more(self.fill(narration::AFTER_BYTES, &[("bytes", &bytes)]));
        }
        if matches!(
            call,
            Call::Recv | Call::RecvFrom | Call::RecvMsg | Call::Read
        ) {
            told = told.way(Way::In);
        }
        // A refused datagram and a refused connection are two different stories under one number.
        let transport = self.sockets.transport(event.socket);
        let call = match (transport, call, errno) {
            (Transport::Udp, Call::Connect, Errno::ECONNREFUSED) => Call::Recv,
            _ => call,
        };
        let text = catalogue::failure_text(call, errno);
        told.reasons.push(Reason {
            text,
            words: text.say(self.language).into(),
        });
        told
    }

    fn exited(&self, event: &Event<'_>, pid: u32, status: Result<i32, i32>) -> Told {
        let fact = match status {
            Ok(code) => self.fill(narration::PROCESS_ENDED, &[("pid", &pid), ("code", &code)]),
            Err(signal) => self.fill(
                narration::PROCESS_KILLED,
                &[("pid", &pid), ("signal", &signal_text(signal))],
            ),
        };
        let told = Told::new(event, self.say(narration::EXIT), fact);
        match status {
            Err(signal) if !orders_to_end(signal) => told.mark(Mark::Failure),
            _ => told,
        }
    }
}

/// A signal by its name and number, as on Linux (`signal(7)`).
fn signal_text(signal: i32) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    let index = usize::try_from(signal)
        .ok()
        .and_then(|one| one.checked_sub(1));
    match index.and_then(|index| NAMES.get(index)) {
        Some(name) => format!("SIG{name} ({signal})"),
        // The first of them that the C library leaves to programs is 34.
        None if (34..=64).contains(&signal) => format!("SIGRTMIN+{} ({signal})", signal - 34),
        None => signal.to_string(),
    }
}

/// Whether a program that this signal ends was told to end, and has not failed: SIGHUP, SIGINT, SIGQUIT, SIGTERM, and SIGPIPE
/// when nobody reads any more.
const fn orders_to_end(signal: i32) -> bool {
    matches!(signal, 1 | 2 | 3 | 13 | 15)
}

/// Whether a call only asks: its error is an answer too.
const fn asks(call: Call) -> bool {
    matches!(
        call,
        Call::GetSockOpt | Call::GetSockName | Call::GetPeerName
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_its_name_and_only_an_order_to_end_is_no_failure() {
        assert_eq!(signal_text(9), "SIGKILL (9)");
        assert_eq!(signal_text(31), "SIGSYS (31)");
        assert_eq!(signal_text(40), "SIGRTMIN+6 (40)");
        assert_eq!(signal_text(0), "0");
        assert!(orders_to_end(15) && orders_to_end(2));
        assert!(!orders_to_end(9) && !orders_to_end(11));
    }
}
