//! CNAME and DNAME: chains over zones, ends that are a no, and loops.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::NULL;
use hickory_proto::rr::{RData, Record, RecordType};
use sockeye_names::walk::{Outcome, Step, Stuck};

use crate::internet::{Internet, Zone, a, always, cname, failed, name, soa};

pub(crate) fn dname(owner: &str, target: &str) -> Record {
    let rdata = name(target)
        .iter()
        .flat_map(|label| [&[label.len() as u8], label].concat())
        .chain([0])
        .collect();
    let rdata = RData::Unknown {
        code: RecordType::DNAME,
        rdata: NULL::with(rdata),
    };
    Record::from_rdata(name(owner), 60, rdata)
}

/// test. at 3 and other. at 4, below the root at 2.
fn two_zones() -> Internet {
    let net = Internet::up_to(4);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("test.", "ns.test.", 3)
            .delegate("other.", "ns.other.", 4),
    );
    net
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
fn an_alias_whose_end_does_not_exist_is_told_with_the_no() {
    let net = two_zones();
    net.serve_zone(3, Zone::new("test.").with(cname("www.test.", "www.other.")));
    net.serve_zone(4, Zone::new("other."));
    let walked = net.walk("www.test", RecordType::A);
    assert!(matches!(&walked.outcome, Outcome::NoSuchName(proof)
        if proof.soa == Some((name("other."), 30))));
    assert_eq!(walked.aliases, [cname("www.test.", "www.other.")]);
}

#[test]
fn an_alias_whose_end_has_no_such_record_is_told_with_the_no() {
    let net = two_zones();
    net.serve_zone(3, Zone::new("test.").with(cname("www.test.", "www.other.")));
    net.serve_zone(4, Zone::new("other.").with(a("www.other.", 9)));
    let walked = net.walk("www.test", RecordType::MX);
    assert!(matches!(walked.outcome, Outcome::NoData(_)));
    assert_eq!(walked.aliases, [cname("www.test.", "www.other.")]);
}

#[test]
fn an_error_beside_an_alias_is_about_another_servers_name_and_does_not_count() {
    let net = two_zones();
    // It does not know other., and says so of the whole answer.
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.authoritative = true;
            answer.metadata.response_code = ResponseCode::NXDomain;
            answer.add_answer(cname("www.test.", "www.other."));
            answer.add_authority(soa(&name("test.")));
            Some(answer)
        }),
    );
    net.serve_zone(4, Zone::new("other.").with(a("www.other.", 9)));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.outcome, Outcome::Answered);
    assert_eq!(walked.records, [a("www.other.", 9)]);
}

#[test]
fn the_same_alias_twice_is_one() {
    let net = two_zones();
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.authoritative = true;
            answer.add_answer(cname("www.test.", "www.other."));
            answer.add_answer(cname("www.test.", "www.other."));
            Some(answer)
        }),
    );
    net.serve_zone(4, Zone::new("other.").with(a("www.other.", 9)));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.aliases, [cname("www.test.", "www.other.")]);
    assert_eq!(walked.records, [a("www.other.", 9)]);
}

#[test]
fn an_alias_at_the_top_of_a_zone_leads_on_like_any_other() {
    let net = two_zones();
    net.serve(3, always(cname("test.", "www.other.")));
    net.serve_zone(4, Zone::new("other.").with(a("www.other.", 9)));
    let walked = net.walk("test", RecordType::A);
    assert_eq!(walked.records, [a("www.other.", 9)]);
}

#[test]
fn a_question_for_the_alias_is_answered_with_it() {
    let net = two_zones();
    net.serve(3, always(cname("www.test.", "www.other.")));
    for kind in [RecordType::CNAME, RecordType::ANY] {
        let walked = net.walk("www.test", kind);
        assert_eq!(walked.records, [cname("www.test.", "www.other.")]);
        assert!(walked.aliases.is_empty());
    }
}

#[test]
fn a_dname_leads_on_with_or_without_the_cname_made_of_it() {
    for with_cname in [false, true] {
        let net = two_zones();
        net.serve(
            3,
            Box::new(move |_, mut answer| {
                answer.metadata.authoritative = true;
                if with_cname {
                    answer.add_answer(cname("a.b.test.", "a.b.other."));
                }
                answer.add_answer(dname("test.", "other."));
                Some(answer)
            }),
        );
        net.serve_zone(4, Zone::new("other.").with(a("a.b.other.", 9)));
        let walked = net.walk("a.b.test", RecordType::A);
        assert_eq!(walked.records, [a("a.b.other.", 9)]);
        let expected = [dname("test.", "other."), cname("a.b.test.", "a.b.other.")];
        assert_eq!(walked.aliases, expected);
    }
}

#[test]
fn a_dname_onto_itself_is_a_loop_and_is_told() {
    let net = two_zones();
    net.serve(3, always(dname("test.", "test.")));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(failed(&walked), &Stuck::AliasLoop(name("www.test.")));
    assert_eq!(walked.aliases[0], dname("test.", "test."));
}

#[test]
fn dnames_that_lead_to_each_other_are_a_loop() {
    let net = two_zones();
    net.serve(3, always(dname("test.", "other.")));
    net.serve(4, always(dname("other.", "test.")));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(failed(&walked), &Stuck::AliasLoop(name("www.test.")));
    assert!(net.asked() < 10, "{}", net.asked());
}

#[test]
fn a_dname_that_makes_too_long_a_name_is_said_so() {
    let long = vec!["a".repeat(60); 4].join(".") + ".";
    let twice = |code: ResponseCode| {
        let dname = dname("test.", &long);
        let net = two_zones();
        net.serve(
            3,
            Box::new(move |_, mut answer| {
                answer.metadata.authoritative = true;
                answer.metadata.response_code = code;
                answer.add_answer(dname.clone());
                Some(answer)
            }),
        );
        net.walk("much-too-long.test", RecordType::A)
    };
    for code in [ResponseCode::YXDomain, ResponseCode::NoError] {
        let walked = twice(code);
        assert_eq!(failed(&walked), &Stuck::AliasTooLong(name("test.")));
        assert_eq!(walked.aliases, [dname("test.", &long)]);
    }
}

#[test]
fn sixteen_aliases_are_followed_and_no_more() {
    let chain = |len: u32| {
        let net = Internet::up_to(2);
        // One at a time, whoever could say more.
        net.serve(
            2,
            Box::new(move |query, mut answer| {
                answer.metadata.authoritative = true;
                let here = query.name.to_ascii();
                let number: u32 = here.split('.').next().unwrap().parse().unwrap();
                answer.add_answer(match number == len {
                    true => a(&here, 9),
                    false => cname(&here, &format!("{}.test.", number + 1)),
                });
                Some(answer)
            }),
        );
        net.walk("0.test", RecordType::A)
    };
    let walked = chain(16);
    assert_eq!(walked.outcome, Outcome::Answered);
    assert_eq!(walked.aliases.len(), 16);
    assert_eq!(failed(&chain(17)), &Stuck::TooManyAliases);
}

#[test]
fn what_stands_behind_an_alias_is_asked_for_again() {
    // What a server adds to an alias may be what it has heard; asked for the name itself it knows better.
    let net = two_zones();
    net.serve(
        3,
        Box::new(|query, mut answer| {
            answer.metadata.authoritative = true;
            if query.name == name("www.test.") {
                answer.add_answer(cname("www.test.", "box.test."));
                answer.add_answer(a("box.test.", 66));
            } else {
                answer.add_answer(a("box.test.", 9));
            }
            Some(answer)
        }),
    );
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.aliases, [cname("www.test.", "box.test.")]);
    assert_eq!(walked.records, [a("box.test.", 9)]);
}

#[test]
fn what_stands_behind_an_alias_has_to_do_where_nobody_can_be_asked_again() {
    let net = two_zones();
    net.serve(
        3,
        Box::new(|query, mut answer| {
            if query.name == name("www.test.") {
                answer.metadata.authoritative = true;
                answer.add_answer(cname("www.test.", "box.test."));
                answer.add_answer(a("box.test.", 9));
            } else {
                answer.metadata.response_code = ResponseCode::Refused;
            }
            Some(answer)
        }),
    );
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.outcome, Outcome::Answered);
    assert_eq!(walked.records, [a("box.test.", 9)]);
}
