//! Turns what was kept into a story: sorts it, finds who takes part, and goes through it once.

use std::time::Duration;

use sockeye_model::{Tally, Timestamp, Weight};

use super::cast::Cast;
use super::kept::Kept;
use super::lives::Lives;
use super::sorted::Sorted;
use super::steps::{PREVIEW, Steps};
use super::{Lane, Story};
use crate::catalogue::Language;
use crate::telling::{Reasons, Said, Summary, Teller};

pub(super) fn story(kept: Kept, tally: &Tally, language: Language) -> Story {
    let data = kept.data;
    let sorted = Sorted::of(kept.events);
    let cast = Cast::of(&sorted, language);
    let events = || sorted.events.iter().map(|sorted| &sorted.event);
    let until = events().map(|event| event.at).max().unwrap_or_default();
    let began = events().map(|event| event.at).min().unwrap_or_default();
    let mut steps = Steps::new(
        &sorted,
        &cast,
        &data,
        Teller::new(language, false, PREVIEW),
        Said::new(Reasons::Once),
        worth_a_gap(began, until),
    );
    let mut summary = Summary::default();
    // Of other programs the figures are those that trace gives.
    let traced = events().any(|event| event.by.is_some());
    let mut lives = Lives::default();
    for sorted_event in &sorted.events {
        let event = &sorted_event.event;
        summary.before(event, &steps.teller.sockets);
        let before = steps.teller.sockets.transport(event.socket);
        steps.event(sorted_event);
        let transport = match steps.teller.sockets.transport(event.socket) {
            crate::telling::Transport::Other => before,
            known => known,
        };
        let step = steps.steps.len().saturating_sub(1);
        lives.event(event, transport, cast.lane_of(event), step);
    }
    let (mut well, mut phrases) = summary.phrases(tally, &steps.teller);
    if traced {
        well = steps
            .findings
            .iter()
            .all(|found| found.finding.weight < Weight::Risk);
        // As trace writes them: some hold commas of their own.
        phrases = vec![kept.sums.phrases(language).join(" · ")];
    }
    let ours = cast.lanes.iter().filter(|lane| lane.ours).count();
    let owners: Vec<Option<String>> = cast.lanes.iter().map(|lane| owner(lane, ours)).collect();
    let (lives, lives_left_out) = lives.finish(&owners, until);
    let (steps, findings) = (steps.steps, steps.findings);
    Story {
        lanes: cast.lanes,
        steps,
        lives,
        lives_left_out,
        findings,
        data,
        left_out: kept.left_out,
        sockets: kept.sockets as usize,
        totals: kept.totals,
        until,
        well,
        phrases,
    }
}

fn owner(lane: &Lane, ours: usize) -> Option<String> {
    (lane.ours && ours > 1).then(|| lane.name.clone())
}

/// A silence that is worth showing: a fortieth of the whole, but nothing a person would not notice.
fn worth_a_gap(began: Timestamp, until: Timestamp) -> Duration {
    (until.since(began) / 40).clamp(Duration::from_millis(20), Duration::from_secs(1))
}
