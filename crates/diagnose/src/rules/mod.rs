//! The rules, one a file.

use sockeye_model::{Caller, Event, Finding, Place, Saying, SocketId, Weight};

use crate::rule::{About, RuleRow};
use crate::scene::{Wait, owned, receives, sends};

mod facing;
mod s01_no_reuse;
mod s02_address_in_use;
mod s03_loopback_only;
mod s04_every_interface;
mod s05_refused;
mod s06_no_answer;
mod s07_needs_privilege;
mod s08_one_recv;
mod s08b_never_two;
mod s09_unread_at_close;
mod s10_partial_send;
mod s11_asks_on;
mod s12_peer_gone;
mod s13_never_closed;
mod s14_ignored_client;
mod s15_one_at_a_time;
mod s16_queue_full;
mod s18_deadlock;
mod s19_both_send;
mod s20_cut_datagram;
mod s21_no_port;
mod s22_write_write_read;
mod s23_tiny_sends;
mod s24_no_limit;
mod s25_stranger;
mod s26_wrong_reply;
mod s27_earlier_datagram;
mod s28_too_long;
mod s29_dropped_here;
mod s30_shared_port;
mod s31_held_by_parent;
mod s32_wrong_socket;
mod s33_busy_waiting;
mod s34_not_yet_connected;
mod s35_ipv6_first;
mod s36_close_does_not_wake;
mod s37_reset_on_purpose;
mod s38_too_late;
mod s39_serves_one;
mod s40_fixed_client_port;
mod s41_stale_path;
mod s42_unknown_port;
mod second_try;
mod serves;
mod unread_at_close;
#[cfg(test)]
mod wording;

/// Every rule, in the order of their ids.
#[rustfmt::skip] // one a line
pub(crate) const ALL: &[RuleRow] = &[
    s01_no_reuse::ROW,
    s02_address_in_use::ROW,
    s03_loopback_only::ROW,
    s04_every_interface::ROW,
    s05_refused::ROW,
    s06_no_answer::ROW,
    s07_needs_privilege::ROW,
    s08_one_recv::ROW,
    s08b_never_two::ROW,
    s09_unread_at_close::ROW,
    s10_partial_send::ROW,
    s11_asks_on::ROW,
    s12_peer_gone::ROW,
    s13_never_closed::ROW,
    s14_ignored_client::ROW,
    s15_one_at_a_time::ROW,
    s16_queue_full::ROW,
    s18_deadlock::ROW,
    s19_both_send::ROW,
    s20_cut_datagram::ROW,
    s21_no_port::ROW,
    s22_write_write_read::ROW,
    s23_tiny_sends::ROW,
    s24_no_limit::ROW,
    s25_stranger::ROW,
    s26_wrong_reply::ROW,
    s27_earlier_datagram::ROW,
    s28_too_long::ROW,
    s29_dropped_here::ROW,
    s30_shared_port::ROW,
    s31_held_by_parent::ROW,
    s32_wrong_socket::ROW,
    s33_busy_waiting::ROW,
    s34_not_yet_connected::ROW,
    s35_ipv6_first::ROW,
    s36_close_does_not_wake::ROW,
    s37_reset_on_purpose::ROW,
    s38_too_late::ROW,
    s39_serves_one::ROW,
    s40_fixed_client_port::ROW,
    s41_stale_path::ROW,
    s42_unknown_port::ROW,
];

/// A finding at the call that showed it.
fn at_call(about: &About, weight: Weight, event: &Event<'_>, words: Words) -> Finding {
    Spot::of(event).finding(about, weight, words)
}

/// Where a finding belongs: a call that may lie some time back.
#[derive(Clone, Debug)]
struct Spot {
    socket: SocketId,
    by: Option<Caller>,
    place: Option<Place<'static>>,
}

impl Spot {
    fn of(event: &Event<'_>) -> Self {
        Self {
            socket: event.socket,
            by: event.by,
            place: event.place.clone().map(owned),
        }
    }

    fn of_wait(wait: &Wait) -> Self {
        Self {
            socket: wait.socket,
            by: Some(wait.by),
            place: wait.place.clone(),
        }
    }

    fn process(&self) -> Option<u32> {
        self.by.map(|by| by.process)
    }

    fn finding(&self, about: &About, weight: Weight, words: Words) -> Finding {
        Finding {
            rule: about.id,
            weight,
            socket: self.socket,
            by: self.by,
            place: self.place.clone(),
            times: 1,
            again: false,
            short: words.short,
            happened: words.happened,
            why: words.why,
            fix: words.fix,
        }
    }
}

/// The four sentences of a finding.
struct Words {
    /// A few words, beside the call.
    short: Saying,
    /// What happened.
    happened: Saying,
    /// Why that is so.
    why: Saying,
    /// The correction.
    fix: Saying,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_in_order_and_well_formed() {
        let ids: Vec<&str> = ALL.iter().map(|row| row.about.id).collect();
        let unique: HashSet<&&str> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len());
        assert!(ids.is_sorted());
        for id in ids {
            let (digits, letter) = id[1..].split_at(2);
            assert!(
                id.starts_with('S') && digits.bytes().all(|b| b.is_ascii_digit()),
                "{id}"
            );
            assert!(matches!(letter, "" | "b"), "{id}");
        }
    }

    #[test]
    fn every_title_stands_in_both_languages() {
        for row in ALL {
            let title = row.about.title;
            assert!(!title.english.is_empty() && !title.spanish.is_empty());
            assert_ne!(title.english, title.spanish, "{}", row.about.id);
        }
    }
}
