//! The rows of connecting and accepting, of ending a direction, of closing and of failing.

use std::io::{self, Write};

use sockeye_model::{Call, Detail, End, Errno, Event, SocketAddress, SocketId};

use super::super::ends::{Lettered, Side};
use super::super::picture::{Arrow, ArrowKind, Cell};
use super::super::{Diagram, Expected, TOGETHER, is_same_door};
use super::{append_more, line_of, plain};
use crate::catalogue::narration;
use crate::telling::{Known, Teller, Told, Transport};

impl<W: Write> Diagram<W> {
    /// A connect that does not wait has a row of its own: the connection stands below it, once both ends know.
    pub(super) fn draw_in_progress(
        &mut self,
        event: &Event<'_>,
        told: Told,
        side: Side,
    ) -> io::Result<()> {
        let cell = self.cell_of(event.socket, &told);
        let expected = Expected::Connected {
            socket: event.socket,
        };
        let begun = self.pending.take_if(|pending| {
            pending.expects.contains(&expected) && pending.row.cell(side.other()).is_empty()
        });
        let Some(mut begun) = begun else {
            let mut row = self.row(told.at, side, cell);
            self.explain(&mut row, side, told.reasons);
            return self.show(row);
        };
        let own = begun.row.cell(side);
        let tail = own.split_off(own.len().min(1));
        *own = cell;
        own.extend(tail);
        self.explain(&mut begun.row, side, told.reasons);
        begun.expects.clear();
        self.pending = Some(begun);
        self.draw_pending()
    }

    pub(super) fn draw_connected(
        &mut self,
        event: &Event<'_>,
        told: Told,
        side: Side,
        local: &SocketAddress,
        peer: &SocketAddress,
    ) -> io::Result<()> {
        let transport = self.teller.sockets.transport(event.socket);
        let joins = !transport.is_datagram();
        let expected = Expected::Connected {
            socket: event.socket,
        };
        let begun = self
            .pending
            .as_mut()
            .filter(|pending| pending.expects.contains(&expected))
            .map(|pending| pending.expects.retain(|other| *other != expected))
            .is_some();
        let cell = self.cell_of(event.socket, &told);
        let draw = joins && self.ends.draw_connection(event.socket);
        let arrow = draw.then(|| Arrow {
            kind: ArrowKind::Connection,
            towards: side.other(),
            label: self.teller.say(narration::CONNECTION).to_owned(),
        });
        let reasons = self.select(told.reasons);
        let client = local.canonical();
        let is_made = |expected: &Expected| matches!(expected, Expected::Made { client: at } if at.canonical() == client);
        if self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.expects.iter().any(is_made))
        {
            if let Some(pending) = &mut self.pending {
                let own = pending.row.cell(side);
                *own = cell;
                own.extend(reasons);
            }
            return self.draw_pending();
        }
        if begun && let Some(pending) = &mut self.pending {
            // It has been made meanwhile.
            pending
                .after
                .retain(|row| row.wait_of != Some(event.socket));
            let own = pending.row.cell(side);
            let tail = own.split_off(own.len().min(1));
            *own = cell;
            own.extend(tail);
            own.extend(reasons);
            pending.row.arrow = pending.row.arrow.take().or(arrow);
            pending.due = pending.due.max(event.at + TOGETHER);
            if !joins || pending.expects.is_empty() {
                return self.draw_pending();
            }
        } else {
            let mut row = self.row(told.at, side, cell);
            row.cell(side).extend(reasons);
            row.arrow = arrow;
            let expects = if draw {
                vec![Expected::Accept { at: peer.clone() }]
            } else {
                Vec::new()
            };
            self.hold(row, expects, event.at)?;
        }
        if !self.ends.pairs() {
            self.name_peer(event.socket, peer);
            self.draw_pending()?;
        }
        Ok(())
    }

    /// Names who is at the other end, in the column where nothing of ours happens.
    fn name_peer(&mut self, socket: SocketId, peer: &SocketAddress) {
        let shown = match peer {
            SocketAddress::UnixUnnamed => self.teller.say(narration::SOMEBODY).to_owned(),
            _ => self.teller.address(peer),
        };
        let letter = if self.ends.is_datagram(socket) {
            self.ends.letter(Lettered::Address(peer.clone()))
        } else {
            None
        };
        let text = match letter {
            Some((letter, true)) => format!("{letter} = {shown}"),
            Some((letter, false)) => letter,
            None => shown,
        };
        if let Some(pending) = &mut self.pending {
            pending.row.right = vec![plain(text)];
        }
    }

    pub(super) fn draw_accepted(
        &mut self,
        event: &Event<'_>,
        told: Told,
        side: Side,
        local: &SocketAddress,
        peer: &SocketAddress,
    ) -> io::Result<()> {
        let mut text = format!(
            "{} {}{} {}",
            event.parent.unwrap_or(told.socket),
            line_of(&told),
            match self.teller.traced {
                true => Call::Accept.name(),
                false => &told.name,
            },
            self.teller
                .fill(narration::BORN_SHORT, &[("new", &event.socket)])
        );
        append_more(&mut text, 0, &told.more);
        let mut cell: Cell = vec![plain(text)];
        cell.extend(self.select(told.reasons));
        let joins = !self.teller.sockets.transport(event.socket).is_datagram();
        let draw = joins && self.ends.draw_connection(event.socket);
        let arrow = Arrow {
            kind: ArrowKind::Connection,
            towards: side.other(),
            label: self.teller.say(narration::CONNECTION).to_owned(),
        };
        let expects = |other: &Expected| match other {
            Expected::Accept { at } => is_same_door(at, local),
            _ => false,
        };
        if self.ends.pairs()
            && let Some(pending) = &mut self.pending
            && pending.expects.iter().any(expects)
            && pending.row.cell(side).is_empty()
        {
            *pending.row.cell(side) = cell;
            if pending.row.arrow.is_none() && draw {
                pending.row.arrow = Some(arrow);
            }
            pending.expects.retain(|other| !expects(other));
            if pending.expects.is_empty() {
                return self.draw_pending();
            }
            return Ok(());
        }
        let mut row = self.row(told.at, side, cell);
        row.arrow = draw.then_some(arrow);
        let made = draw && self.ends.pairs() && self.ends.is_being_joined(local);
        let expects = made.then(|| Expected::Made {
            client: peer.clone(),
        });
        self.hold(row, expects.into_iter().collect(), event.at)?;
        if !self.ends.pairs() {
            self.name_peer(event.socket, peer);
        }
        if made {
            return Ok(());
        }
        self.draw_pending()
    }

    /// A handshake is one arrow between the columns; what was agreed on stands below the first end that tells of it.
    pub(super) fn draw_upgraded(
        &mut self,
        event: &Event<'_>,
        told: Told,
        side: Side,
        protocol: &str,
        details: &[Detail],
    ) -> io::Result<()> {
        let first = self.ends.add_layer(event.socket);
        let cell = self.cell_of(event.socket, &told);
        let expected = Expected::Upgraded { by: event.socket };
        let joins = self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.expects.contains(&expected));
        if joins {
            if let Some(pending) = &mut self.pending {
                *pending.row.cell(side) = cell;
            }
            return self.draw_pending();
        }
        let mut row = self.row(told.at, side, cell);
        if first {
            row.arrow = Some(Arrow {
                kind: ArrowKind::Connection,
                towards: side.other(),
                label: self.teller.name(protocol),
            });
            self.explain(&mut row, side, told.reasons);
            let agreed = Teller::agreed_in_line(&self.teller.agreed(details));
            if !agreed.is_empty() {
                row.cell(side).push(plain(agreed));
            }
        }
        let partner = self.ends.partner(event.socket).filter(|_| first);
        let expects = partner.map(|by| Expected::Upgraded { by });
        self.hold(row, expects.into_iter().collect(), event.at)
    }

    pub(super) fn draw_end(
        &mut self,
        event: &Event<'_>,
        told: Told,
        side: Side,
        end: End,
    ) -> io::Result<()> {
        let transport = self.teller.sockets.transport(event.socket);
        let partner = self.ends.partner(event.socket);
        if end == End::Ours {
            let cell = self.cell_of(event.socket, &told);
            let mut row = self.row(told.at, side, cell);
            if !transport.is_datagram() {
                row.arrow = Some(self.end_arrow(transport, side.other()));
            }
            self.explain(&mut row, side, told.reasons);
            let expects = partner.map(|by| Expected::End { by });
            return self.hold(row, expects.into_iter().collect(), event.at);
        }
        let cell = self.cell_of(event.socket, &told);
        let expected = Expected::End { by: event.socket };
        let joins = self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.expects.contains(&expected));
        if joins {
            let reasons = self.select(told.reasons);
            if let Some(pending) = &mut self.pending {
                let own = pending.row.cell(side);
                *own = cell;
                own.extend(reasons);
            }
            return self.draw_pending();
        }
        let mut row = self.row(told.at, side, cell);
        let is_reset = |known: &Known| known.reset;
        let reset = self.teller.sockets.of(event.socket).is_some_and(is_reset);
        if partner.is_none() && !transport.is_datagram() && !reset {
            row.arrow = Some(self.end_arrow(transport, side));
        }
        self.explain(&mut row, side, told.reasons);
        self.show(row)
    }

    fn end_arrow(&self, transport: Transport, towards: Side) -> Arrow {
        let label = match transport {
            Transport::Tcp | Transport::Other => narration::FIN,
            _ => narration::END,
        };
        Arrow {
            kind: ArrowKind::End,
            towards,
            label: self.teller.say(label).to_owned(),
        }
    }

    pub(super) fn draw_closed(
        &mut self,
        event: &Event<'_>,
        told: Told,
        side: Side,
    ) -> io::Result<()> {
        let socket = event.socket;
        let thrown = self.thrown.remove(&socket);
        let transport = self.closing_transport(event);
        let cell = self.cell_of(socket, &told);
        let mut row = self.row(told.at, side, cell);
        self.explain(&mut row, side, told.reasons);
        if told.resets {
            row.arrow = Some(Arrow {
                kind: ArrowKind::Thrown,
                towards: side.other(),
                label: self.teller.say(narration::RST).to_owned(),
            });
            self.thrown.extend(self.ends.partner(socket));
            self.ends.end(socket);
            return self.show(row);
        }
        // A close without a shutdown before it ends this direction, unless the connection is gone already.
        let ends_now = matches!(transport, Transport::Tcp | Transport::UnixStream)
            && !thrown
            && !self.ends.is_listening(socket)
            && !self.ends.has_ended(socket)
            && self.ends.peer(socket).is_some()
            && self.ends.was_joined(socket)
            && !(transport == Transport::UnixStream && self.ends.has_lost_partner(socket));
        if !ends_now {
            return self.show(row);
        }
        row.arrow = Some(self.end_arrow(transport, side.other()));
        let partner = self.ends.partner(socket);
        self.ends.end(socket);
        let expects = partner.map(|by| Expected::End { by });
        self.hold(row, expects.into_iter().collect(), event.at)
    }

    /// The teller forgets a socket when it closes; its transport is what the ends remember.
    fn closing_transport(&self, event: &Event<'_>) -> Transport {
        if self.ends.is_datagram(event.socket) {
            return Transport::Udp;
        }
        match self.ends.local(event.socket) {
            Some(SocketAddress::Inet(_)) => Transport::Tcp,
            Some(_) => Transport::UnixStream,
            None => Transport::Other,
        }
    }

    pub(super) fn draw_failed(
        &mut self,
        event: &Event<'_>,
        told: Told,
        side: Side,
        call: Call,
        errno: Errno,
    ) -> io::Result<()> {
        let transport = self.teller.sockets.transport(event.socket);
        let label = match (errno, transport, call) {
            (Errno::ECONNREFUSED, Transport::Udp, _) => Some(narration::UNREACHABLE),
            (Errno::ECONNREFUSED, _, Call::Connect) => Some(narration::REFUSED),
            (Errno::ECONNRESET, Transport::Tcp | Transport::Other, _) => Some(narration::RST),
            _ => None,
        };
        // The end that threw it away has drawn it.
        let drawn = errno == Errno::ECONNRESET && self.thrown.contains(&event.socket);
        let label = label.filter(|_| !drawn);
        let expected = Expected::Connected {
            socket: event.socket,
        };
        if self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.expects.contains(&expected))
        {
            // Its line begins the same way and says the result.
            let after = self.pending.take().map(|pending| pending.after);
            for row in after.into_iter().flatten() {
                self.write(row)?;
            }
        }
        let cell = self.cell_of(event.socket, &told);
        let mut row = self.row(told.at, side, cell);
        row.arrow = label.map(|label| Arrow {
            kind: ArrowKind::Thrown,
            towards: side,
            label: self.teller.say(label).to_owned(),
        });
        self.explain(&mut row, side, told.reasons);
        self.show(row)
    }
}
