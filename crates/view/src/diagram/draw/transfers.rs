//! The rows of what was sent and received: one arrow a send, one call a receive, on one row where they belong together.

use std::io::{self, Write};

use sockeye_model::{Event, Payload, SocketAddress, SocketId};

use super::super::ends::{Lettered, Side};
use super::super::order::moment;
use super::super::picture::{Arrow, ArrowKind, Cell};
use super::super::{Diagram, Expected};
use super::{append, append_more, coloured, line_of, plain};
use crate::catalogue::{self, narration, reasons};
use crate::telling::{Mark, Told};

impl<W: Write> Diagram<W> {
    pub(super) fn draw_sent(
        &mut self,
        event: &Event<'_>,
        mut told: Told,
        side: Side,
        payload: &Payload<'_>,
        peer: Option<&SocketAddress>,
    ) -> io::Result<()> {
        let to = self.ends.addressed(event.socket, peer);
        let label = self.teller.payload_within(payload, self.widths.label());
        let starts = moment(event);
        let named = self.named(event.socket, to, peer, narration::TO);
        let mut text = self.own_name(event.socket, side) + &line_of(&told) + &told.name;
        let call = text.len();
        append(&mut text, named.ours.as_slice());
        let in_part = told
            .reasons
            .iter()
            .any(|reason| reason.text == reasons::SEND_PART);
        if in_part {
            append(&mut text, std::slice::from_ref(&told.fact));
        }
        append_more(&mut text, call, &told.more);
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

    pub(super) fn draw_received(
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
        let mut text = self.own_name(event.socket, side) + &line_of(&told) + &told.name;
        let call = text.len();
        append(&mut text, named.ours.as_slice());
        if told.mark == Mark::Loss {
            append(&mut text, std::slice::from_ref(&told.fact));
        }
        if from.is_some() {
            self.teller
                .joined_or_whole(event.socket, &mut told.reasons, taken.sends, taken.whole);
        }
        // An answer's time is told already; for the others, how long the bytes were on their way.
        if told.more.is_empty()
            && let Some(since) = taken.since
        {
            let time = catalogue::duration(event.at.since(since), self.options.language);
            told.more
                .push(self.teller.fill(narration::AFTER_SEND, &[("time", &time)]));
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
            append_more(&mut text, call, &told.more);
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
        append_more(&mut text, call, &told.more);
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
}

/// How a peer is named, in our column and in the other.
#[derive(Debug, Default)]
struct Named {
    ours: Option<String>,
    theirs: Option<String>,
}
