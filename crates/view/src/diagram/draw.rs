//! Which row an event becomes, and which row it joins.

use std::io::{self, Write};

use sockeye_model::{Call, End, Errno, Event, Kind, Payload, SocketAddress, SocketId, Timestamp};

use super::ends::{Lettered, Side, Taken};
use super::picture::{Arrow, ArrowKind, Cell, Piece, Row};
use super::{Diagram, Expected, Pending, TOGETHER};
use crate::catalogue::{self, narration, reasons};
use crate::layout::Paint;
use crate::telling::{Mark, Reason, Told, Transport};

impl<W: Write> Diagram<W> {
    /// Draws one event in its column; `None` is whoever the line belongs to by its nature.
    pub(super) fn draw(&mut self, event: &Event<'_>, side: Option<Side>) -> io::Result<()> {
        self.advance(event.at)?;
        self.summary.before(event, &self.teller.sockets);
        let told = self.teller.tell(event);
        let side = side.unwrap_or_else(|| self.side_of_nobody(event));
        match &event.kind {
            // Kept for the summary.
            Kind::Sampled { .. } => Ok(()),
            Kind::Planned { plan } if event.socket == SocketId::NONE => {
                let title = self.teller.name(plan);
                self.title(&title)
            }
            Kind::Waiting { .. } => self.draw_wait(told, side),
            Kind::Connecting { peer } => {
                let cell = self.cell_of(event.socket, &told);
                let row = self.row(told.at, side, cell);
                let expects = vec![
                    Expected::Connected {
                        socket: event.socket,
                    },
                    Expected::Accept { at: peer.clone() },
                ];
                self.hold(row, expects, event.at)
            }
            Kind::Connected { local, peer } => self.draw_connected(event, told, side, local, peer),
            Kind::Accepted { local, peer } => self.draw_accepted(event, told, side, local, peer),
            Kind::Sent { payload, peer, .. } => {
                self.draw_sent(event, told, side, payload, peer.as_ref())
            }
            Kind::Received {
                payload,
                peer,
                truncated_from,
                ..
            } => self.draw_received(event, told, side, payload, *truncated_from, peer.as_ref()),
            Kind::HalfClosed { end } => self.draw_end(event, told, side, *end),
            Kind::Closed { .. } => self.draw_closed(event, told, side),
            Kind::Failed { call, errno, .. } => self.draw_failed(event, told, side, *call, *errno),
            _ => {
                let cell = self.cell_of(event.socket, &told);
                let mut row = self.row(told.at, side, cell);
                self.explain(&mut row, side, told.reasons);
                self.show(row)
            }
        }
    }

    /// A line that belongs to no socket: a name is looked up by a client.
    fn side_of_nobody(&self, event: &Event<'_>) -> Side {
        match event.kind {
            Kind::Resolved { .. } if self.ends.pairs() => Side::Right,
            _ => Side::Left,
        }
    }

    fn draw_wait(&mut self, told: Told, side: Side) -> io::Result<()> {
        // Each wait is drawn once: later ones are told by how long they lasted.
        if !self.waits_told.insert(told.fact.clone()) {
            return Ok(());
        }
        let cell = self.cell_of(told.socket, &told);
        let mut row = self.row(told.at, side, cell);
        let mut reasons = told.reasons;
        if self.ends.pairs() {
            // Nobody has to be told how to reach it: the other column does.
            reasons.retain(|reason| {
                ![
                    reasons::ACCEPT_TRY,
                    reasons::ACCEPT_WAIT,
                    reasons::UDP_RECV_TRY,
                ]
                .contains(&reason.text)
            });
        }
        self.explain(&mut row, side, reasons);
        match &mut self.pending {
            Some(pending) => {
                pending.after.push(row);
                Ok(())
            }
            None => self.write(&row),
        }
    }

    fn draw_connected(
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
        if begun && let Some(pending) = &mut self.pending {
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
        let _ = local;
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

    fn draw_accepted(
        &mut self,
        event: &Event<'_>,
        told: Told,
        side: Side,
        local: &SocketAddress,
        peer: &SocketAddress,
    ) -> io::Result<()> {
        let mut text = format!(
            "{} {} {}",
            told.socket,
            told.name,
            self.teller
                .fill(narration::BORN_SHORT, &[("new", &event.socket)])
        );
        append(&mut text, &told.more);
        let mut cell: Cell = vec![plain(text)];
        cell.extend(self.select(told.reasons));
        let expected = Expected::Accept { at: local.clone() };
        let joins = !self.teller.sockets.transport(event.socket).is_datagram();
        let draw = joins && self.ends.draw_connection(event.socket);
        let arrow = Arrow {
            kind: ArrowKind::Connection,
            towards: side.other(),
            label: self.teller.say(narration::CONNECTION).to_owned(),
        };
        let listens_anywhere =
            |at: &SocketAddress| at.port() == local.port() && at.port().is_some();
        let expects = |other: &Expected| match other {
            Expected::Accept { at } => *other == expected || listens_anywhere(at),
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
        self.hold(row, Vec::new(), event.at)?;
        if !self.ends.pairs() {
            self.name_peer(event.socket, peer);
        }
        self.draw_pending()
    }

    fn draw_sent(
        &mut self,
        event: &Event<'_>,
        mut told: Told,
        side: Side,
        payload: &Payload<'_>,
        peer: Option<&SocketAddress>,
    ) -> io::Result<()> {
        let to = self.ends.addressed(event.socket, peer);
        let label = self.teller.payload_within(payload, self.widths.label());
        let starts = event.took.map_or(event.at, |took| event.at - took);
        let named = self.named(event.socket, to, peer, narration::TO);
        let mut text = self.own_name(event.socket, side) + &told.name;
        append(&mut text, named.ours.as_slice());
        if told.fact.contains(self.partly(&told)) {
            append(&mut text, std::slice::from_ref(&told.fact));
        }
        append(&mut text, &told.more);
        told.reasons
            .retain(|reason| reason.text != reasons::UDP_REPLY || !self.ends.pairs());
        let mut row = self.row(starts, side, vec![coloured(text, &told)]);
        row.arrow = Some(Arrow {
            kind: ArrowKind::Data,
            towards: side.other(),
            label,
        });
        if let Some(theirs) = named.theirs {
            *row.cell(side.other()) = vec![plain(theirs)];
        }
        self.explain(&mut row, side, told.reasons);
        let expects = to.map(|by| Expected::Receive { by });
        self.hold(row, expects.into_iter().collect(), event.at)
    }

    /// The fact of a send that took only a part is worth a cell; any other stands on its arrow.
    fn partly<'t>(&self, told: &'t Told) -> &'t str {
        let in_part = told
            .reasons
            .iter()
            .any(|reason| reason.text == reasons::SEND_PART);
        // A text that no fact contains, where it was not in part.
        if in_part { &told.fact } else { "\u{0}" }
    }

    fn draw_received(
        &mut self,
        event: &Event<'_>,
        mut told: Told,
        side: Side,
        payload: &Payload<'_>,
        truncated_from: Option<u64>,
        peer: Option<&SocketAddress>,
    ) -> io::Result<()> {
        let (from, taken) = self.ends.arrive(event.socket, payload.len(), peer);
        let named = self.named(event.socket, from, peer, narration::FROM);
        let size = catalogue::bytes(payload.len(), self.options.language);
        let mut text = self.own_name(event.socket, side) + &told.name;
        append(&mut text, named.ours.as_slice());
        if told.mark == Mark::Loss {
            append(&mut text, std::slice::from_ref(&told.fact));
        }
        if from.is_some() {
            self.joined_or_whole(event.socket, &mut told.reasons, taken);
        }
        let expected = Expected::Receive { by: event.socket };
        let joins = self.pending.as_ref().is_some_and(|pending| {
            pending.expects.contains(&expected)
                && pending
                    .row
                    .arrow
                    .as_ref()
                    .is_some_and(|arrow| arrow.towards == side)
        });
        if joins {
            let whole = taken.sends == 1 && taken.whole;
            if !whole {
                append(&mut text, &[size]);
            }
            append(&mut text, &told.more);
            let mut cell: Cell = vec![coloured(text, &told)];
            cell.extend(self.select(told.reasons));
            if let Some(pending) = &mut self.pending {
                *pending.row.cell(side) = cell;
            }
            return self.draw_pending();
        }
        if from.is_some() && told.mark != Mark::Loss {
            append(&mut text, &[size]);
        }
        append(&mut text, &told.more);
        let mut row = self.row(told.at, side, vec![coloured(text, &told)]);
        if from.is_none() {
            let label = match truncated_from {
                Some(whole) => catalogue::bytes(whole, self.options.language),
                None => self.teller.payload_within(payload, self.widths.label()),
            };
            row.arrow = Some(Arrow {
                kind: ArrowKind::Data,
                towards: side,
                label,
            });
            if let Some(theirs) = named.theirs {
                *row.cell(side.other()) = vec![plain(theirs)];
            }
        }
        self.explain(&mut row, side, told.reasons);
        self.show(row)
    }

    /// With both ends in sight it is known how many sends one recv took, so that is what is said.
    fn joined_or_whole(&self, socket: SocketId, reasons: &mut Vec<Reason>, taken: Taken) {
        let transport = self.teller.sockets.transport(socket);
        if !transport.is_stream() {
            return;
        }
        let guesses = [
            reasons::RECV_JOINED,
            reasons::RECV_JOINED_UNIX,
            reasons::RECV_ONE_PIECE,
            reasons::RECV_ONE_PIECE_UNIX,
            reasons::RECV_STREAM,
        ];
        reasons.retain(|reason| !guesses.contains(&reason.text));
        let (joined, whole) = if transport == Transport::UnixStream {
            (reasons::RECV_JOINED_UNIX, reasons::RECV_ONE_PIECE_UNIX)
        } else {
            (reasons::RECV_JOINED, reasons::RECV_ONE_PIECE)
        };
        let text = match (taken.sends, taken.whole) {
            (1, true) => whole,
            (2.., true) => joined,
            _ => reasons::RECV_STREAM,
        };
        reasons.push(Reason {
            text,
            words: self.teller.fill(text, &[("sends", &taken.sends)]),
        });
    }

    fn draw_end(&mut self, event: &Event<'_>, told: Told, side: Side, end: End) -> io::Result<()> {
        let transport = self.teller.sockets.transport(event.socket);
        let partner = self.ends.partner(event.socket);
        if end == End::Ours {
            let cell = self.cell_of(event.socket, &told);
            let mut row = self.row(told.at, side, cell);
            row.arrow = Some(self.end_arrow(transport, side.other()));
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
        if partner.is_none() {
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

    fn draw_closed(&mut self, event: &Event<'_>, told: Told, side: Side) -> io::Result<()> {
        let socket = event.socket;
        let transport = self.closing_transport(event);
        let cell = self.cell_of(socket, &told);
        let mut row = self.row(told.at, side, cell);
        self.explain(&mut row, side, told.reasons);
        // A close without a shutdown before it ends this direction, unless the connection is gone already.
        let ends_now = matches!(transport, Transport::Tcp | Transport::UnixStream)
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

    fn draw_failed(
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
                self.write(&row)?;
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

    /// Writes a row after the one that is pending.
    fn show(&mut self, row: Row) -> io::Result<()> {
        self.draw_pending()?;
        self.write(&row)
    }

    /// Holds a row back for what it expects; one that expects nothing is drawn.
    fn hold(&mut self, row: Row, expects: Vec<Expected>, at: Timestamp) -> io::Result<()> {
        self.draw_pending()?;
        let nothing = expects.is_empty();
        self.pending = Some(Pending {
            row,
            expects,
            after: Vec::new(),
            due: at + TOGETHER,
        });
        if nothing && self.ends.pairs() {
            return self.draw_pending();
        }
        Ok(())
    }

    fn row(&self, at: Timestamp, side: Side, cell: Cell) -> Row {
        let (left, right) = match side {
            Side::Left => (cell, Cell::new()),
            Side::Right => (Cell::new(), cell),
        };
        Row {
            at,
            left,
            right,
            arrow: None,
        }
    }

    /// The cell of a call: number, name, fact.
    fn cell_of(&mut self, socket: SocketId, told: &Told) -> Cell {
        let number = if socket == SocketId::NONE {
            String::new()
        } else {
            let side = self.ends.side(socket).unwrap_or(Side::Left);
            self.own_name(socket, side)
        };
        let mut text = format!("{}{number}{}", sign(told.mark), told.name);
        append(&mut text, &[told.whole_fact()]);
        vec![coloured(text, told)]
    }

    fn own_name(&mut self, socket: SocketId, side: Side) -> String {
        let letter = if self.ends.pairs() && side == Side::Right && self.ends.is_datagram(socket) {
            self.ends.letter(Lettered::Socket(socket))
        } else {
            None
        };
        match letter {
            Some((letter, _)) => format!("{letter} {socket} "),
            None => format!("{socket} "),
        }
    }

    /// Who is meant by an address of a message: a letter, and the first time what it stands for.
    fn named(
        &mut self,
        socket: SocketId,
        other: Option<SocketId>,
        address: Option<&SocketAddress>,
        text: catalogue::Text,
    ) -> Named {
        if !self.ends.is_datagram(socket) {
            return Named::default();
        }
        let Some(address) = address.or(self.ends.peer(socket)).cloned() else {
            return Named::default();
        };
        let shown = self.teller.address(&address);
        if self.ends.pairs()
            && let Some(other) = other
        {
            // The server has no letter: there is only one.
            if self.ends.side(other) != Some(Side::Right) {
                return Named::default();
            }
            let letter = self.ends.letter(Lettered::Socket(other));
            let first = self.ends.introduce(other);
            let ours = letter.map(|(letter, _)| {
                if first {
                    format!("{letter} = {shown}")
                } else {
                    letter
                }
            });
            return Named {
                ours: ours.map(|who| self.teller.fill(text, &[("peer", &who)])),
                theirs: None,
            };
        }
        match self.ends.letter(Lettered::Address(address)) {
            Some((letter, first)) => Named {
                ours: Some(self.teller.fill(text, &[("peer", &letter)])),
                theirs: Some(if first {
                    format!("{letter} = {shown}")
                } else {
                    letter
                }),
            },
            None => Named {
                ours: None,
                theirs: Some(shown),
            },
        }
    }

    fn explain(&mut self, row: &mut Row, side: Side, reasons: Vec<Reason>) {
        let pieces = self.select(reasons);
        row.cell(side).extend(pieces);
    }

    fn select(&mut self, reasons: Vec<Reason>) -> Vec<Piece> {
        self.said
            .select(reasons)
            .into_iter()
            .map(|text| Piece {
                text,
                paint: Paint::Dim,
                reason: true,
            })
            .collect()
    }
}

/// How a peer is named, in our column and in the other.
#[derive(Debug, Default)]
struct Named {
    ours: Option<String>,
    theirs: Option<String>,
}

fn append(text: &mut String, more: &[String]) {
    for more in more.iter().filter(|more| !more.is_empty()) {
        text.push(' ');
        text.push_str(more);
    }
}

const fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Plain => "",
        Mark::Loss => "! ",
        Mark::Failure => "✗ ",
    }
}

fn plain(text: String) -> Piece {
    Piece {
        text,
        paint: Paint::Plain,
        reason: false,
    }
}

fn coloured(text: String, told: &Told) -> Piece {
    let paint = match told.mark {
        Mark::Plain => Paint::Plain,
        Mark::Loss | Mark::Failure => Paint::Wrong,
    };
    let text = if told.mark == Mark::Loss && !text.starts_with('!') {
        format!("! {text}")
    } else {
        text
    };
    Piece {
        text,
        paint,
        reason: false,
    }
}
