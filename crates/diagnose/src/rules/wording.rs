//! How the texts of all rules are worded: each is a clause that views make a sentence of.

use sockeye_model::text::{Language, Text};

macro_rules! words_of {
    ($($rule:ident)+) => {
        /// The texts of every rule, each with the rule's file and its own name.
        const WORDS: &[(&str, &[(&str, Text)])] = &[$((stringify!($rule), super::$rule::words::ALL)),+];
    };
}

#[rustfmt::skip] // a decade a line
words_of! {
    s01_no_reuse s02_address_in_use s03_loopback_only s04_every_interface s05_refused s06_no_answer s07_needs_privilege
    s08_one_recv s08b_never_two s09_unread_at_close s10_partial_send s11_asks_on s12_peer_gone s13_never_closed
    s14_ignored_client s15_one_at_a_time s16_queue_full s18_deadlock s19_both_send s20_cut_datagram
    s21_no_port s22_write_write_read s23_tiny_sends s24_no_limit s25_stranger s26_wrong_reply s27_earlier_datagram
    s28_too_long s29_dropped_here s30_shared_port s31_held_by_parent s32_wrong_socket s33_busy_waiting
    s34_not_yet_connected s35_ipv6_first s36_close_does_not_wake s37_reset_on_purpose s38_too_late s39_serves_one
    s40_fixed_client_port s41_stale_path s42_unknown_port
}

fn each(mut look: impl FnMut(&str, &str, &'static str)) {
    for (rule, texts) in WORDS {
        for (name, text) in *texts {
            for language in Language::ALL {
                look(&format!("{rule} {name}"), name, text.say(*language));
            }
        }
    }
}

#[test]
fn the_texts_of_every_rule_are_looked_at() {
    assert_eq!(WORDS.len(), super::ALL.len());
}

#[test]
fn a_text_is_a_clause_that_a_view_makes_a_sentence_of() {
    each(|which, _, text| {
        assert!(!text.ends_with([' ', '.', ':', ',']), "{which}: {text}");
        assert!(
            !text.contains("  ") && !text.contains(" ,"),
            "{which}: {text}"
        );
        let first = text.split([' ', ',', ':']).next().unwrap_or("");
        let is_api = first.contains(['(', '_', '.']) || first.chars().all(|c| !c.is_lowercase());
        let starts = text.chars().next().unwrap_or('.');
        let begins =
            starts.is_lowercase() || "{\"¿".contains(starts) || is_api || first == "Nagle's";
        assert!(begins, "{which}: {text}");
    });
}

/// A correction tells what to do before it shows code, so that it can begin a sentence.
#[test]
fn a_correction_does_not_begin_with_a_line_of_code() {
    each(|which, name, text| {
        if !name.starts_with("FIX") {
            return;
        }
        for code in [
            "int ", "struct ", "if (", "if data", "conn, ", "s = ", "const ", "let s",
        ] {
            assert!(!text.starts_with(code), "{which}: {text}");
        }
        let first = text.split(' ').next().unwrap_or("");
        let is_statement = first.contains('(') && text.ends_with([';', ')']) && !text.contains(' ');
        assert!(!is_statement, "{which}: {text}");
    });
}

/// `{count} connections` has a form for one connection too.
#[test]
fn a_counted_word_has_a_form_for_one() {
    // Of these there are never fewer than two.
    const SEVERAL: [&str; 6] = [
        "s15_one_at_a_time SHORT",
        "s15_one_at_a_time SEVERAL",
        "s22_write_write_read HAPPENED",
        "s23_tiny_sends SHORT",
        "s23_tiny_sends HAPPENED",
        "s39_serves_one SOME_WAIT",
    ];
    each(|which, _, text| {
        let Some((_, behind)) = text.split_once("{count} ") else {
            return;
        };
        let is_counted = behind.contains("{count:");
        assert!(is_counted || SEVERAL.contains(&which), "{which}: {text}");
    });
}
