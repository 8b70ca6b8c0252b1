//! The steps of connecting and accepting, of ending a direction, of closing and of failing.

use sockeye_model::{Call, Detail, End, Errno, Event, SocketAddress, SocketId};

use super::super::{ArrowKind, Shape};
use super::{Expected, Steps};
use crate::catalogue::narration;
use crate::telling::{Mark, Teller, Told, Transport};

impl Steps<'_> {
    pub(super) fn connecting(&mut self, event: &Event<'_>, told: Told, peer: &SocketAddress) {
        let cell = self.cell(event, told, Shape::Dot);
        let expects = vec![
            Expected::Connected(event.socket),
            Expected::Accept(peer.clone()),
        ];
        self.step(event.at, event.at, cell, None, expects);
    }

    pub(super) fn connected(&mut self, event: &Event<'_>, told: Told) {
        let socket = event.socket;
        let mut cell = self.cell(event, told, Shape::Dot);
        let joins = !self.transport(socket).is_datagram();
        let other = self.cast.other(self.sorted, socket, None);
        let label = self.teller.say(narration::CONNECTION);
        let arrow = if joins && self.joins_now(socket) {
            self.arrow(ArrowKind::Connection, Some(cell.lane), other, label)
        } else {
            None
        };
        if self.meets(event.at, |expected| {
            *expected == Expected::Connected(socket)
        }) && let Some(step) = self.steps.last_mut()
        {
            if let Some(begun) = step.cells.first_mut() {
                let own = std::mem::take(&mut cell.reasons);
                cell.reasons = std::mem::take(&mut begun.reasons);
                cell.reasons.extend(own);
                cell.findings = std::mem::take(&mut begun.findings);
                *begun = cell;
            }
            step.arrow = step.arrow.take().or(arrow);
            self.last = self.last.max(event.at);
            self.expects_until = event.at + super::TOGETHER;
            return;
        }
        let expects = self.sorted.peer(socket).cloned().map(Expected::Accept);
        self.step(
            event.at,
            event.at,
            cell,
            arrow,
            expects.into_iter().collect(),
        );
    }

    /// Whether the connection of this socket has no arrow yet; from now on it has.
    fn joins_now(&mut self, socket: SocketId) -> bool {
        let partner = self.sorted.partner(socket);
        let mut new = self.joined.insert(socket);
        if let Some(partner) = partner {
            new &= self.joined.insert(partner);
        }
        new
    }

    pub(super) fn accepted(
        &mut self,
        event: &Event<'_>,
        mut told: Told,
        local: &SocketAddress,
        peer: &SocketAddress,
    ) {
        let socket = event.socket;
        if self.teller.traced
            && let Some(listener) = event.parent
        {
            // Narration gives the new socket a line of its own; here the arrow does.
            told.socket = listener;
            told.name = Call::Accept.name().into();
            told.fact = self.teller.fill(narration::BORN_SHORT, &[("new", &socket)]);
        }
        let cell = self.cell(event, told, Shape::Born);
        let joins = !self.transport(socket).is_datagram();
        let label = self.teller.say(narration::CONNECTION);
        let arrow = if joins && self.joins_now(socket) {
            let from = self.cast.other(self.sorted, socket, Some(peer));
            self.arrow(ArrowKind::Connection, from, Some(cell.lane), label)
        } else {
            None
        };
        let same_port = |at: &SocketAddress| at.port() == local.port() && at.port().is_some();
        let meets = |expected: &Expected| match expected {
            Expected::Accept(at) => at == local || same_port(at),
            _ => false,
        };
        if self.meets(event.at, meets) {
            if let Some(step) = self.steps.last_mut() {
                step.arrow = step.arrow.take().or(arrow);
            }
            return self.join(event.at, cell);
        }
        self.step(event.at, event.at, cell, arrow, Vec::new());
    }

    /// A handshake is one arrow; what was agreed on stands with the first end that tells of it.
    pub(super) fn upgraded(
        &mut self,
        event: &Event<'_>,
        told: Told,
        protocol: &str,
        details: &[Detail],
    ) {
        let socket = event.socket;
        let partner = self.sorted.partner(socket);
        let theirs = partner.and_then(|partner| self.layers.get(&partner).copied());
        let ours = self.layers.entry(socket).or_default();
        *ours += 1;
        let first = *ours > theirs.unwrap_or(0);
        let mut cell = self.cell(event, told, Shape::Dot);
        if first {
            let agreed = Teller::agreed_in_line(&self.teller.agreed(details));
            cell.more.extend((!agreed.is_empty()).then_some(agreed));
        }
        if self.meets(event.at, |expected| *expected == Expected::Upgraded(socket)) {
            return self.join(event.at, cell);
        }
        let other = self.cast.other(self.sorted, socket, None);
        let label = self.teller.name(protocol);
        let arrow = first
            .then(|| self.arrow(ArrowKind::Connection, Some(cell.lane), other, label))
            .flatten();
        let expects = partner.filter(|_| first).map(Expected::Upgraded);
        self.step(
            event.at,
            event.at,
            cell,
            arrow,
            expects.into_iter().collect(),
        );
    }

    pub(super) fn half_closed(&mut self, event: &Event<'_>, told: Told, end: End) {
        let socket = event.socket;
        let transport = self.transport(socket);
        let other = self.cast.other(self.sorted, socket, None);
        let cell = self.cell(event, told, Shape::Dot);
        if end == End::Ours {
            let arrow = if transport.is_datagram() || !self.ended.insert(socket) {
                None
            } else {
                let label = self.end_label(transport);
                self.arrow(ArrowKind::End, Some(cell.lane), other, label)
            };
            let expects = self.sorted.partner(socket).map(Expected::End);
            return self.step(
                event.at,
                event.at,
                cell,
                arrow,
                expects.into_iter().collect(),
            );
        }
        if self.meets(event.at, |expected| *expected == Expected::End(socket)) {
            self.peer_ended.insert(socket);
            return self.join(event.at, cell);
        }
        let first = self.peer_ended.insert(socket);
        if !first {
            // It asks again and again, and is told the same each time.
            if let Some(last) = self.steps.last_mut()
                && let ([before], None) = (last.cells.as_mut_slice(), &last.arrow)
                && before.socket == socket
                && before.fact == cell.fact
            {
                before.times += 1;
                self.last = self.last.max(event.at);
                return;
            }
        }
        let alone = self.sorted.partner(socket).is_none();
        let arrow = if alone && first && !transport.is_datagram() && !self.thrown.contains(&socket)
        {
            let label = self.end_label(transport);
            self.arrow(ArrowKind::End, other, Some(cell.lane), label)
        } else {
            None
        };
        self.step(event.at, event.at, cell, arrow, Vec::new());
    }

    fn end_label(&self, transport: Transport) -> &'static str {
        let text = match transport {
            Transport::Tcp | Transport::Other => narration::FIN,
            _ => narration::END,
        };
        self.teller.say(text)
    }

    /// `transport` is what the socket was: whoever tells has forgotten it.
    pub(super) fn closed(&mut self, event: &Event<'_>, mut told: Told, transport: Transport) {
        let socket = event.socket;
        self.gone.insert(socket);
        let connected = self.sorted.peer(socket).is_some()
            && self.joined.contains(&socket)
            && !self.listeners.contains(&socket);
        let partner = self.sorted.partner(socket);
        let other = self.cast.other(self.sorted, socket, None);
        let stream = matches!(transport, Transport::Tcp | Transport::UnixStream);
        let partner_gone = partner.is_some_and(|partner| self.gone.contains(&partner));
        if connected && told.resets && self.thrown.insert(socket) {
            self.thrown.extend(partner);
            told.mark = Mark::Loss;
            let cell = self.cell(event, told, Shape::Gone);
            let label = self.teller.say(narration::RST);
            let arrow = self.arrow(ArrowKind::Thrown, Some(cell.lane), other, label);
            let expects = partner.map(Expected::End);
            return self.step(
                event.at,
                event.at,
                cell,
                arrow,
                expects.into_iter().collect(),
            );
        }
        let cell = self.cell(event, told, Shape::Gone);
        let ends_now = connected
            && stream
            && !self.thrown.contains(&socket)
            && !(transport == Transport::UnixStream && partner_gone)
            && self.ended.insert(socket);
        let (arrow, expects) = if ends_now {
            let label = self.end_label(transport);
            (
                self.arrow(ArrowKind::End, Some(cell.lane), other, label),
                partner.map(Expected::End),
            )
        } else {
            (None, None)
        };
        self.step(
            event.at,
            event.at,
            cell,
            arrow,
            expects.into_iter().collect(),
        );
    }

    pub(super) fn failed(
        &mut self,
        event: &Event<'_>,
        told: Told,
        call: Call,
        errno: Errno,
        address: Option<&SocketAddress>,
    ) {
        let socket = event.socket;
        let transport = self.transport(socket);
        let label = match (errno, transport, call) {
            (Errno::ECONNREFUSED, Transport::Udp, _) => Some(narration::UNREACHABLE),
            (Errno::ECONNREFUSED, _, Call::Connect) => Some(narration::REFUSED),
            (Errno::ECONNRESET, Transport::Tcp | Transport::Other, _) => Some(narration::RST),
            _ => None,
        };
        let begun = self.meets(event.at, |expected| {
            *expected == Expected::Connected(socket)
        });
        let other = self.cast.other(self.sorted, socket, address);
        let mut cell = self.cell(event, told, Shape::Failed);
        if errno == Errno::ECONNRESET
            && self.meets(event.at, |expected| *expected == Expected::End(socket))
        {
            return self.join(event.at, cell);
        }
        let new = errno != Errno::ECONNRESET || self.thrown.insert(socket);
        let arrow = label.filter(|_| new).and_then(|label| {
            let label = self.teller.say(label);
            self.arrow(ArrowKind::Thrown, other, Some(cell.lane), label)
        });
        if begun && let Some(step) = self.steps.last_mut() {
            // Its words begin the same way and say the result.
            if let Some(before) = step.cells.first_mut() {
                cell.findings = std::mem::take(&mut before.findings);
                *before = cell;
            }
            step.arrow = arrow;
            self.expects.clear();
            self.last = self.last.max(event.at);
            return;
        }
        self.step(event.at, event.at, cell, arrow, Vec::new());
    }

    pub(super) fn forked(&mut self, event: &Event<'_>, told: Told, child: u32) {
        let cell = self.cell(event, told, Shape::Note);
        let to = self.cast.lane_of_process(child);
        let arrow = self.arrow(ArrowKind::Birth, Some(cell.lane), to, String::new());
        self.step(event.at, event.at, cell, arrow, Vec::new());
    }
}
