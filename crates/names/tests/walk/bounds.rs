//! What zones can't make a walk do: go on for ever, ask without end, or wait beyond its time.

use std::time::{Duration, Instant};

use hickory_proto::rr::RecordType;
use sockeye_names::walk::{Bounds, Outcome, Stuck};

use crate::internet::{Internet, Zone, a, always, cname, failed, ns, questions};

#[test]
fn aliases_without_end_end_the_walk() {
    let net = Internet::up_to(2);
    net.serve(
        2,
        Box::new(|query, mut answer| {
            answer.metadata.authoritative = true;
            let target = query.name.prepend_label("x").unwrap();
            answer.add_answer(cname(&query.name.to_ascii(), &target.to_ascii()));
            Some(answer)
        }),
    );
    assert_eq!(
        failed(&net.walk("www.test", RecordType::A)),
        &Stuck::TooManyAliases
    );
    assert!(net.asked() < 30);
}

#[test]
fn a_thousand_name_servers_without_address_cost_a_bounded_number_of_questions() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    // Each zone leads to twenty more, whose servers are in zones of the same kind.
    net.serve(
        3,
        Box::new(|query, mut answer| {
            let cut = query.name.to_ascii();
            for number in 0..20 {
                answer.add_authority(ns(&cut, &format!("ns.{number}-{}.test.", cut.len())));
            }
            Some(answer)
        }),
    );
    let bounds = Bounds {
        questions: 60,
        ..Bounds::default()
    };
    let walked = net.walk_within("www.victim.test", RecordType::A, bounds);
    assert!(matches!(walked.outcome, Outcome::Failed(_)));
    assert!(net.asked() <= 60, "{}", net.asked());
}

#[test]
fn referrals_without_end_are_as_many_as_the_name_has_labels() {
    let net = Internet::up_to(2);
    net.serve(
        2,
        Box::new(|query, mut answer| {
            // One label further down each time, and always to the same server.
            let labels = usize::from(query.name.num_labels());
            for depth in 1..=labels {
                let cut = query.name.trim_to(depth).to_ascii();
                answer.add_authority(ns(&cut, &format!("ns.{cut}")));
                answer.add_additional(a(&format!("ns.{cut}"), 2));
            }
            Some(answer)
        }),
    );
    let deep = vec!["a"; 100].join(".");
    let walked = net.walk(&deep, RecordType::A);
    assert!(matches!(walked.outcome, Outcome::Failed(_)));
    assert!(net.asked() <= 110, "{}", net.asked());
}

#[test]
fn a_walk_ends_when_its_time_is_over() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve(3, Box::new(|_, _| None));
    let bounds = Bounds {
        time: std::time::Duration::from_millis(200),
        ..Bounds::default()
    };
    let walked = net.walk_within("www.test", RecordType::A, bounds);
    assert!(matches!(
        failed(&walked),
        Stuck::OutOfTime(_) | Stuck::Silent(_)
    ));
    assert!(walked.took < std::time::Duration::from_secs(4));
}

#[test]
fn a_zone_of_many_servers_that_nobody_answers_at_is_given_up_in_bounded_time() {
    let net = Internet::up_to(30);
    let mut root = Zone::new(".");
    for number in 3..=30 {
        root = root.delegate("test.", &format!("ns{number}.test."), number);
    }
    net.serve_zone(2, root);
    let bounds = Bounds {
        time: Duration::from_secs(3),
        ..Bounds::default()
    };
    let began = Instant::now();
    let walked = net.walk_within("www.test", RecordType::A, bounds);
    assert!(matches!(failed(&walked), Stuck::OutOfTime(_)));
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn servers_whose_addresses_are_sought_at_a_victim_cost_it_few_questions() {
    // The zone at 3 names twenty servers, all in the victim's zone at 4, where none exists.
    let net = Internet::up_to(4);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("test.", "ns.test.", 3)
            .delegate("victim.", "ns.victim.", 4),
    );
    net.serve(
        3,
        Box::new(|query, mut answer| {
            let cut = query.name.to_ascii();
            for number in 0..20 {
                answer.add_authority(ns(&cut, &format!("{number}.victim.")));
            }
            Some(answer)
        }),
    );
    net.serve_zone(4, Zone::new("victim."));
    let walked = net.walk("www.test", RecordType::A);
    assert!(matches!(failed(&walked), Stuck::NoAddress(_)));
    // Six names, and each is asked for twice: A and AAAA.
    assert!(net.asked() <= 2 + 1 + 12, "{}", net.asked());
}

#[test]
fn a_silent_victim_is_asked_twice_and_then_left_alone() {
    let net = Internet::up_to(4);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("test.", "ns.test.", 3)
            .delegate("victim.", "ns.victim.", 4),
    );
    net.serve(
        3,
        Box::new(|query, mut answer| {
            let cut = query.name.to_ascii();
            for number in 0..20 {
                answer.add_authority(ns(&cut, &format!("{number}.victim.")));
            }
            Some(answer)
        }),
    );
    net.serve(4, Box::new(|_, _| None));
    let walked = net.walk("www.test", RecordType::A);
    assert!(matches!(failed(&walked), Stuck::NoAddress(_)));
    let at_victim = questions(&walked)
        .iter()
        .filter(|asked| asked.contains("@4"))
        .count();
    assert_eq!(at_victim, 2);
}

#[test]
fn thousands_of_records_in_one_answer_are_read_in_little_time() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.truncation = true;
            Some(answer)
        }),
    );
    // 65,535 bytes, nearly: aliases that lead on and on.
    net.serve_tcp(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.authoritative = true;
            answer.add_answer(cname("www.test.", "0.test."));
            for number in 0..2_200 {
                let (from, to) = (number, number + 1);
                answer.add_answer(cname(&format!("{from}.test."), &format!("{to}.test.")));
            }
            Some(answer)
        }),
    );
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(failed(&walked), &Stuck::TooManyAliases);
    assert!(walked.took < Duration::from_secs(5), "{:?}", walked.took);
}

#[test]
fn a_referral_to_thousands_of_servers_asks_twenty_at_most() {
    let net = Internet::up_to(3);
    net.serve(
        2,
        Box::new(|_, mut answer| {
            answer.metadata.truncation = true;
            Some(answer)
        }),
    );
    net.serve_tcp(
        2,
        Box::new(|_, mut answer| {
            for number in 0..1_500 {
                answer.add_authority(ns("test.", &format!("{number}.test.")));
                answer.add_additional(a(&format!("{number}.test."), 200));
            }
            Some(answer)
        }),
    );
    net.serve(3, always(a("www.test.", 9)));
    let walked = net.walk("www.test", RecordType::A);
    assert!(matches!(failed(&walked), Stuck::Unreachable(..)));
    assert!(walked.asked <= 21, "{}", walked.asked);
    assert!(walked.took < Duration::from_secs(5), "{:?}", walked.took);
}
