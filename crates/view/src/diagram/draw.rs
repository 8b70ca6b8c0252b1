//! Which row an event becomes, and which row it joins.

use std::io::{self, Write};

use sockeye_model::{Call, Errno, Event, Kind, Note, SocketId, Timestamp};

mod joining;
mod transfers;

use super::ends::{Lettered, Side};
use super::picture::{Cell, Piece, Row};
use super::{CALLS, Diagram, Expected, Pending, TOGETHER};
use crate::catalogue::{self, narration, reasons};
use crate::layout::Paint;
use crate::telling::{Mark, Reason, Told, Worth, is_beneath, worth};

impl<W: Write> Diagram<W> {
    /// Draws one event in its column; `None` is whoever the line belongs to by its nature.
    pub(super) fn draw(&mut self, event: &Event<'_>, side: Option<Side>) -> io::Result<()> {
        self.advance(event.at)?;
        self.summary.before(event, &self.teller.sockets);
        let worth = worth(event, &self.teller.programs);
        let told = self.teller.tell(event);
        if worth != Worth::Telling {
            return Ok(());
        }
        let side = side.unwrap_or_else(|| self.side_of_nobody(event));
        self.remember_call(event, &told);
        let place = told.place.clone();
        match &event.kind {
            // Kept for the summary.
            Kind::Sampled { .. } => return Ok(()),
            Kind::Planned { plan } if event.socket == SocketId::NONE => {
                let title = self.teller.name(plan);
                self.title(&title)
            }
            kind if is_beneath(kind) && !self.said.tells_beneath() => return Ok(()),
            Kind::Upgraded { protocol, details } => {
                self.draw_upgraded(event, told, side, protocol, details)
            }
            Kind::Waiting { .. } | Kind::Noted(Note::Polling { .. }) => self.draw_wait(told, side),
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
            Kind::Called {
                call: Call::Connect,
                result: Err(Errno::EINPROGRESS),
            } => self.draw_in_progress(event, told, side),
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
            Kind::Diagnosed(finding) if finding.again || self.order.holds_heavier(finding) => {
                return Ok(());
            }
            Kind::Diagnosed(finding) => {
                return self.draw_finding(told, side, finding.weight.sign());
            }
            _ => {
                let cell = self.cell_of(event.socket, &told);
                let mut row = self.row(told.at, side, cell);
                self.explain(&mut row, side, told.reasons);
                // What a process does before it has a socket may be a start script's.
                if event.by.is_some() && event.socket == SocketId::NONE {
                    self.draw_pending()?;
                    self.open(row)
                } else {
                    self.show(row)
                }
            }
        }?;
        self.last = Some((event.socket, place));
        Ok(())
    }

    /// What is found later is about the last call of its socket, but not about the close behind one that failed.
    fn remember_call(&mut self, event: &Event<'_>, told: &Told) {
        let is_call = !matches!(
            event.kind,
            Kind::Noted(_) | Kind::Diagnosed(_) | Kind::Waiting { .. }
        );
        if event.socket == SocketId::NONE || !is_call {
            return;
        }
        let known = self
            .calls
            .iter()
            .position(|(socket, ..)| *socket == event.socket);
        if let Some(index) = known {
            if matches!(event.kind, Kind::Closed { .. }) {
                return;
            }
            self.calls.remove(index);
        } else if self.calls.len() >= CALLS {
            self.calls.pop_front();
        }
        let call = (event.socket, told.name.clone().into_owned(), told.at);
        self.calls.push_back(call);
    }

    /// A finding stands below the call that showed it, if that is the one above.
    fn draw_finding(&mut self, told: Told, side: Side, sign: &str) -> io::Result<()> {
        let above = self.last.clone();
        let above = above.filter(|(socket, _)| *socket == told.socket);
        let number = match above {
            None if told.socket != SocketId::NONE => self.own_name(told.socket, side),
            _ => String::new(),
        };
        let place = match above {
            Some((_, ref place)) if *place == told.place => String::new(),
            _ => line_of(&told),
        };
        // Shown by what came later: its row says which call it is about.
        let call = self
            .calls
            .iter()
            .find(|(socket, ..)| *socket == told.socket);
        let call = call.filter(|(.., at)| above.is_none() && *at < told.at);
        let call = call.map_or_else(String::new, |(_, call, at)| {
            let time = catalogue::seconds(*at, self.options.language);
            self.teller
                .fill(narration::ABOUT_CALL, &[("call", call), ("time", &time)])
                + " "
        });
        let text = format!("{sign} {} {number}{place}{call}{}", told.name, told.fact);
        let mut row = self.row(told.at, side, vec![coloured(text, &told)]);
        row.below = above.is_some();
        self.show(row)
    }

    /// A line that belongs to no socket: a name is looked up by a client.
    fn side_of_nobody(&self, event: &Event<'_>) -> Side {
        match event.kind {
            Kind::Resolved { .. } if self.ends.pairs() => Side::Right,
            _ => self.ends.side_of_program(event).unwrap_or(Side::Left),
        }
    }

    fn draw_wait(&mut self, told: Told, side: Side) -> io::Result<()> {
        // Each wait is drawn once: later ones are told by how long they lasted.
        if !self.waits_told.insert(told.fact.clone()) {
            return Ok(());
        }
        let cell = self.cell_of(told.socket, &told);
        let mut row = self.row(told.at, side, cell);
        row.wait_of = Some(told.socket);
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
            None => self.write(row),
        }
    }

    /// Writes a row after the one that is pending.
    fn show(&mut self, row: Row) -> io::Result<()> {
        self.draw_pending()?;
        self.write(row)
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
            below: false,
            wait_of: None,
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
        let line = line_of(told);
        let mut text = format!("{}{number}{line}{}", sign(told.mark), told.name);
        let call = text.len();
        append(&mut text, std::slice::from_ref(&told.fact));
        append_more(&mut text, call, told.peer.iter().chain(&told.more));
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

fn append(text: &mut String, more: &[String]) {
    for more in more.iter().filter(|more| !more.is_empty()) {
        text.push(' ');
        text.push_str(more);
    }
}

/// Appends what follows a fact, behind a comma; `call` is how long the text is without the fact.
fn append_more<'a>(text: &mut String, call: usize, more: impl IntoIterator<Item = &'a String>) {
    for more in more {
        if text.len() > call {
            text.push(',');
        }
        append(text, std::slice::from_ref(more));
    }
}

/// Where the program made the call, and a space: `:7 `.
fn line_of(told: &Told) -> String {
    told.place
        .as_ref()
        .map_or_else(String::new, |place| format!("{place} "))
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
