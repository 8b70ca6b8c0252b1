//! Walks from the root through small Internets on loopback, well-kept and hostile ones.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails there")]

mod internet;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use internet::{Internet, Zone, a, aaaa, cname, name, ns, questions, soa};
use sockeye_names::walk::{Bounds, Lameness, NotAsked, Outcome, Said, Step, Stuck, Walked};

fn failed(walked: &Walked) -> &Stuck {
    match &walked.outcome {
        Outcome::Failed(stuck) => stuck,
        other => panic!("{other:?}"),
    }
}

fn said(walked: &Walked) -> impl Iterator<Item = &Said> {
    walked.steps.iter().filter_map(|step| match step {
        Step::Asked(asked) => Some(&asked.said),
        _ => None,
    })
}

#[test]
fn a_walk_goes_down_the_zones_to_the_records() {
    let net = Internet::up_to(4);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve_zone(
        3,
        Zone::new("test.").delegate("river.test.", "ns.river.test.", 4),
    );
    net.serve_zone(4, Zone::new("river.test.").with(a("www.river.test.", 9)));
    let walked = net.walk("WWW.river.test", RecordType::A);
    assert_eq!(walked.outcome, Outcome::Answered);
    assert_eq!(walked.records, [a("www.river.test.", 9)]);
    assert_eq!(
        questions(&walked),
        [
            ".@2 WWW.river.test. A",
            "test.@3 WWW.river.test. A",
            "river.test.@4 WWW.river.test. A",
            // In which zone is it? The answer did not say.
            "river.test.@4 www.river.test. SOA",
        ]
    );
    assert_eq!(walked.zone, Some(name("river.test.")));
}

#[test]
fn a_zone_that_its_parents_server_serves_too_is_found_all_the_same() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve(
        3,
        Box::new(|query, mut answer| {
            answer.metadata.authoritative = true;
            if query.query_type == RecordType::SOA {
                answer.add_authority(soa(&name("sub.test.")));
            } else {
                answer.add_answer(a("www.sub.test.", 9));
            }
            Some(answer)
        }),
    );
    let walked = net.walk("www.sub.test", RecordType::A);
    assert_eq!(walked.zone, Some(name("sub.test.")));
}

#[test]
fn a_no_is_told_with_its_zone() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve_zone(3, Zone::new("test.").with(a("www.test.", 9)));
    let walked = net.walk("nowhere.test", RecordType::A);
    assert!(matches!(walked.outcome, Outcome::NoSuchName(_)));
    assert_eq!(walked.zone, Some(name("test.")));
    let walked = net.walk("www.test", RecordType::MX);
    assert!(
        matches!(&walked.outcome, Outcome::NoData(proof) if proof.soa == Some((name("test."), 30)))
    );
}

#[test]
fn an_alias_into_another_zone_begins_anew_from_what_is_known() {
    let net = Internet::up_to(5);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("test.", "ns.test.", 3)
            .delegate("other.", "ns.other.", 5),
    );
    net.serve_zone(
        3,
        Zone::new("test.")
            .with(cname("shop.test.", "www.test."))
            .with(cname("www.test.", "www.other.")),
    );
    net.serve_zone(5, Zone::new("other.").with(a("www.other.", 9)));
    let walked = net.walk("shop.test", RecordType::A);
    assert_eq!(walked.records, [a("www.other.", 9)]);
    assert_eq!(
        walked.aliases,
        [
            cname("shop.test.", "www.test."),
            cname("www.test.", "www.other.")
        ]
    );
    assert!(
        walked.steps.iter().any(
            |step| matches!(step, Step::Restart { name: to, .. } if *to == name("www.other."))
        )
    );
}

#[test]
fn a_server_without_glue_is_looked_for_in_a_walk_of_its_own() {
    let net = Internet::up_to(5);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("test.", "ns.other.", 0)
            .delegate("other.", "own.other.", 5),
    );
    net.serve_zone(5, Zone::new("other.").with(a("ns.other.", 3)));
    net.serve_zone(3, Zone::new("test.").with(a("www.test.", 9)));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.records, [a("www.test.", 9)]);
    assert_eq!(
        questions(&walked)[..4],
        [
            ".@2 www.test. A",
            ".@2 ns.other. A",
            "other.@5 ns.other. A",
            "test.@3 www.test. A",
        ]
    );
}

#[test]
fn glue_for_a_name_outside_of_the_servers_zone_is_not_believed() {
    let net = Internet::up_to(7);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("test.", "ns.test.", 3)
            .delegate("other.", "ns.other.", 5),
    );
    // test.'s server claims that ns.other. is at 127.0.0.6, which the thief holds.
    net.serve_zone(3, Zone::new("test.").delegate("bank.test.", "ns.other.", 6));
    net.serve_zone(5, Zone::new("other.").with(a("ns.other.", 7)));
    net.serve_zone(6, Zone::new("bank.test.").with(a("www.bank.test.", 66)));
    net.serve_zone(7, Zone::new("bank.test.").with(a("www.bank.test.", 9)));
    let walked = net.walk("www.bank.test", RecordType::A);
    assert_eq!(walked.records, [a("www.bank.test.", 9)]);
    assert!(said(&walked).any(|said| matches!(said, Said::Referral(referral) if !referral.servers[0].foreign_glue.is_empty())));
}

#[test]
fn records_of_other_zones_in_an_answer_are_not_believed() {
    let net = Internet::up_to(5);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("test.", "ns.test.", 3)
            .delegate("bank.", "ns.bank.", 5),
    );
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.authoritative = true;
            answer.add_answer(cname("www.test.", "www.bank."));
            answer.add_answer(a("www.bank.", 66));
            Some(answer)
        }),
    );
    net.serve_zone(5, Zone::new("bank.").with(a("www.bank.", 9)));
    assert_eq!(
        net.walk("www.test", RecordType::A).records,
        [a("www.bank.", 9)]
    );
}

#[test]
fn lame_servers_are_passed_over_and_said() {
    let net = Internet::up_to(8);
    let mut root = Zone::new(".");
    for number in 3..=8 {
        root = root.delegate("test.", &format!("ns{number}.test."), number);
    }
    net.serve_zone(2, root);
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.response_code = ResponseCode::Refused;
            Some(answer)
        }),
    );
    net.serve(
        4,
        Box::new(|_, mut answer| {
            answer.add_authority(ns(".", "a.root."));
            Some(answer)
        }),
    );
    net.serve(
        5,
        Box::new(|_, mut answer| {
            answer.add_authority(ns("test.", "ns5.test."));
            Some(answer)
        }),
    );
    net.serve(
        6,
        Box::new(|_, mut answer| {
            answer.metadata.recursion_available = true;
            answer.add_answer(a("www.test.", 66));
            Some(answer)
        }),
    );
    net.serve(7, Box::new(|_, answer| Some(answer)));
    net.serve_zone(8, Zone::new("test.").with(a("www.test.", 9)));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.records, [a("www.test.", 9)]);
    let lame: Vec<&Lameness> = said(&walked)
        .filter_map(|said| match said {
            Said::Lame(lameness) => Some(lameness),
            _ => None,
        })
        .collect();
    assert_eq!(
        lame,
        [
            &Lameness::Code(ResponseCode::Refused),
            &Lameness::Upward(name(".")),
            &Lameness::Itself,
            &Lameness::Resolver,
            &Lameness::Empty,
        ]
    );
}

#[test]
fn a_resolver_that_stands_in_for_a_zones_server_is_asked_as_one_at_the_very_end() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("resolver.", "ns.resolver.", 3));
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.recursion_available = true;
            answer.add_answer(a("www.resolver.", 9));
            Some(answer)
        }),
    );
    let walked = net.walk("www.resolver", RecordType::A);
    assert_eq!(walked.records, [a("www.resolver.", 9)]);
}

#[test]
fn a_zone_whose_servers_are_all_lame_or_silent_is_said_so() {
    let net = Internet::up_to(4);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("lame.", "ns.lame.", 3)
            .delegate("silent.", "ns.silent.", 4),
    );
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.response_code = ResponseCode::ServFail;
            Some(answer)
        }),
    );
    net.serve(4, Box::new(|_, _| None));
    assert_eq!(
        failed(&net.walk("www.lame", RecordType::A)),
        &Stuck::NoServerHelped(name("lame."))
    );
    assert_eq!(
        failed(&net.walk("www.silent", RecordType::A)),
        &Stuck::Silent(name("silent."))
    );
}

#[test]
fn name_servers_that_are_in_each_others_zones_end_the_walk() {
    let net = Internet::up_to(2);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("one.", "ns.two.", 0)
            .delegate("two.", "ns.one.", 0),
    );
    let walked = net.walk("www.one", RecordType::A);
    assert_eq!(failed(&walked), &Stuck::NoAddress(name("one.")));
    assert!(walked.steps.iter().any(|step| matches!(
        step,
        Step::NotAsked {
            why: NotAsked::Loop,
            ..
        }
    )));
    assert!(net.asked() < 20, "{}", net.asked());
}

#[test]
fn a_loop_of_aliases_over_zones_ends_the_walk() {
    let net = Internet::up_to(4);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("one.", "ns.one.", 3)
            .delegate("two.", "ns.two.", 4),
    );
    net.serve_zone(3, Zone::new("one.").with(cname("www.one.", "www.two.")));
    net.serve_zone(4, Zone::new("two.").with(cname("www.two.", "www.one.")));
    assert_eq!(
        failed(&net.walk("www.one", RecordType::A)),
        &Stuck::AliasLoop(name("www.one."))
    );
}

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
fn a_host_with_ipv6_alone_is_answered_so() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve_zone(3, Zone::new("test.").with(aaaa("six.test.")));
    assert_eq!(net.walk("six.test", RecordType::AAAA).records.len(), 1);
    assert!(matches!(
        net.walk("six.test", RecordType::A).outcome,
        Outcome::NoData(_)
    ));
}

#[test]
fn the_signature_of_a_delegation_is_asked_of_the_zone_above() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve_zone(3, Zone::new("test."));
    let walked = net.walk("test", RecordType::DS);
    assert_eq!(questions(&walked)[0], ".@2 test. DS");
    assert!(
        matches!(&walked.outcome, Outcome::NoData(proof) if proof.soa == Some((name("."), 30)))
    );
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
    assert!(walked.took < std::time::Duration::from_secs(2));
}

#[test]
fn servers_that_nobody_is_at_are_said_to_be_unreachable() {
    let net = Internet::up_to(2);
    // Nobody listens on 127.0.0.9.
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 9));
    let walked = net.walk("www.test", RecordType::A);
    assert!(matches!(failed(&walked), Stuck::Unreachable(zone, _) if *zone == name("test.")));
}
