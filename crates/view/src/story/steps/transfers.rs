//! The steps of what was sent and received, and of what waits in queues.

use sockeye_model::{Event, Payload, Queues, SocketAddress, Unit};

use super::super::sorted::SortedEvent;
use super::super::{ArrowKind, Shape};
use super::{Expected, Steps};
use crate::catalogue::{self, narration};
use crate::telling::{Mark, Told};

impl Steps<'_> {
    pub(super) fn sent(
        &mut self,
        sorted: &SortedEvent,
        told: Told,
        payload: &Payload<'_>,
        peer: Option<&SocketAddress>,
    ) {
        let event = &sorted.event;
        let partner = sorted.other.or(self.sorted.partner(event.socket));
        let to = partner
            .and_then(|other| self.cast.home(other))
            .or_else(|| self.cast.other(self.sorted, event.socket, peer));
        let starts = event.took.map_or(event.at, |took| event.at - took);
        let mut cell = self.cell(event, told, Shape::Dot);
        cell.fact = self.quoted(cell.fact, sorted.data, payload.len());
        cell.data = sorted.data;
        let label = self.size(payload);
        let arrow = self.arrow(ArrowKind::Data, Some(cell.lane), to, label);
        let expects = partner.map(Expected::Receive);
        // What began before the last step was over is still shown after it.
        let starts = starts.max(self.steps.last().map_or(starts, |step| step.at));
        self.step(starts, event.at, cell, arrow, expects.into_iter().collect());
    }

    pub(super) fn received(
        &mut self,
        sorted: &SortedEvent,
        mut told: Told,
        payload: &Payload<'_>,
        truncated_from: Option<u64>,
        peer: Option<&SocketAddress>,
    ) {
        let event = &sorted.event;
        let (socket, taken) = (event.socket, sorted.taken);
        if sorted.other.is_some() {
            self.teller
                .joined_or_whole(socket, &mut told.reasons, taken.sends, taken.whole);
            if told.more.is_empty()
                && let Some(since) = taken.since
            {
                let time = catalogue::duration(event.at.since(since), self.language);
                told.more
                    .push(self.teller.fill(narration::AFTER_SEND, &[("time", &time)]));
            }
        }
        let lost = told.mark == Mark::Loss;
        let mut cell = self.cell(event, told, Shape::Dot);
        cell.data = sorted.data;
        if sorted.other.is_some()
            && self.meets(event.at, |expected| *expected == Expected::Receive(socket))
        {
            if taken.sends == 1 && taken.whole && !lost {
                // The arrow says how much, and the sender's cell what.
                cell.fact = String::new();
                cell.data = None;
            } else {
                cell.fact = self.quoted(cell.fact, sorted.data, payload.len());
            }
            return self.join(event.at, cell);
        }
        cell.fact = self.quoted(cell.fact, sorted.data, payload.len());
        let arrow = if sorted.other.is_none() {
            let from = self.cast.other(self.sorted, socket, peer);
            // The arrow carries what was sent.
            let label = match truncated_from {
                Some(whole) => catalogue::bytes(whole, self.language),
                None => self.size(payload),
            };
            self.arrow(ArrowKind::Data, from, Some(cell.lane), label)
        } else {
            None
        };
        self.step(event.at, event.at, cell, arrow, Vec::new());
    }

    fn size(&self, payload: &Payload<'_>) -> String {
        if payload.is_empty() && payload.unit() == Unit::Message {
            return self.teller.say(narration::EMPTY).to_owned();
        }
        catalogue::bytes(payload.len(), self.language)
    }

    /// Clients that wait and messages that were thrown away are told; what waits to be read is told by the close.
    pub(super) fn queued(&mut self, event: &Event<'_>, mut told: Told, queues: Queues) {
        match queues {
            Queues::Data { .. } | Queues::Accept { waiting: 0, .. } => {}
            Queues::Accept { .. } => self.lone(event, told, Shape::Note),
            Queues::Dropped { .. } => {
                told.mark = Mark::Loss;
                self.lone(event, told, Shape::Note);
            }
        }
    }
}
