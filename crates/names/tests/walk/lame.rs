//! Servers that are of no use for the zone they are named for, and what is still made of what they say.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use sockeye_names::walk::{Lameness, Outcome, Said, Stuck};

use crate::internet::{
    Internet, Zone, a, always, asked, failed, name, ns, questions, said, says, soa,
};

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
fn servers_that_nobody_is_at_are_said_to_be_unreachable() {
    let net = Internet::up_to(2);
    // Nobody listens on 127.0.0.9.
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 9));
    let walked = net.walk("www.test", RecordType::A);
    assert!(matches!(failed(&walked), Stuck::Unreachable(zone, _) if *zone == name("test.")));
}

/// A zone of two servers, 3 and 4.
fn two_servers() -> (Internet, Zone) {
    let net = Internet::up_to(4);
    let root = Zone::new(".").delegate("test.", "ns3.test.", 3);
    net.serve_zone(2, root.delegate("test.", "ns4.test.", 4));
    let zone = Zone::new("test.").with(a("www.test.", 9));
    (net, zone)
}

#[test]
fn after_every_error_code_another_server_is_asked() {
    for code in [
        ResponseCode::FormErr,
        ResponseCode::ServFail,
        ResponseCode::NotImp,
        ResponseCode::Refused,
        ResponseCode::NotAuth,
        ResponseCode::YXDomain,
    ] {
        let (net, zone) = two_servers();
        net.serve(3, says(code));
        net.serve_zone(4, zone);
        let walked = net.walk("www.test", RecordType::A);
        assert_eq!(walked.records, [a("www.test.", 9)], "{code}");
        let lame = Lameness::Code(code);
        assert!(said(&walked).any(|said| matches!(said, Said::Lame(found) if *found == lame)));
    }
}

#[test]
fn a_server_that_takes_its_zone_to_begin_further_up_is_believed_about_the_name() {
    let net = Internet::up_to(4);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve_zone(
        3,
        Zone::new("test.").delegate("www.sub.test.", "ns.test.", 4),
    );
    net.serve(
        4,
        Box::new(|_, mut answer| {
            answer.add_answer(a("www.sub.test.", 9));
            answer.add_authority(ns("sub.test.", "ns.test."));
            Some(answer)
        }),
    );
    let net_walked = net.walk("www.sub.test", RecordType::A);
    assert_eq!(net_walked.records, [a("www.sub.test.", 9)]);
}

#[test]
fn an_upward_referral_is_no_no_whatever_its_flags() {
    for authoritative in [false, true] {
        let net = Internet::up_to(3);
        net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
        net.serve(
            3,
            Box::new(move |query, mut answer| {
                answer.metadata.authoritative = authoritative;
                if query.query_type == RecordType::A {
                    answer.add_answer(a("www.test.", 9));
                } else {
                    answer.add_authority(ns(".", "a.root."));
                    answer.add_additional(a("a.root.", 66));
                }
                Some(answer)
            }),
        );
        let walked = net.walk("www.test", RecordType::A);
        assert_eq!(walked.records, [a("www.test.", 9)]);
        let walked = net.walk("www.test", RecordType::AAAA);
        assert_eq!(failed(&walked), &Stuck::NoServerHelped(name("test.")));
    }
}

#[test]
fn an_empty_answer_of_one_server_is_no_no_while_another_has_records() {
    let (net, zone) = two_servers();
    net.serve(3, Box::new(|_, answer| Some(answer)));
    net.serve_zone(4, zone);
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.records, [a("www.test.", 9)]);
}

#[test]
fn an_answer_to_another_question_is_none() {
    let (net, zone) = two_servers();
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.authoritative = true;
            answer.queries[0].set_name(name("ns.test."));
            answer.add_answer(a("www.test.", 66));
            Some(answer)
        }),
    );
    net.serve_zone(4, zone);
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.records, [a("www.test.", 9)]);
}

#[test]
fn a_server_that_was_silent_is_asked_last_from_then_on() {
    let (net, zone) = two_servers();
    net.serve(3, Box::new(|_, _| None));
    net.serve_zone(4, zone.with(a("other.test.", 8)));
    let mut asked_silent = Vec::new();
    for walked in net.walk_all(&["www.test", "other.test"], RecordType::A) {
        assert_eq!(walked.outcome, Outcome::Answered);
        asked_silent.push(questions(&walked).iter().any(|asked| asked.contains("@3")));
    }
    assert_eq!(asked_silent, [true, false]);
}

#[test]
fn a_dozen_servers_that_nobody_is_at_do_not_hide_the_one_that_answers() {
    let net = Internet::up_to(3);
    let mut root = Zone::new(".");
    for number in 200..212 {
        root = root.delegate("test.", &format!("ns{number}.test."), number);
    }
    net.serve_zone(2, root.delegate("test.", "ns.test.", 3));
    net.serve(3, always(a("www.test.", 9)));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.records, [a("www.test.", 9)]);
    assert!(asked(&walked).count() >= 14);
}

#[test]
fn what_resolvers_say_in_place_of_a_zones_servers_is_taken_when_nobody_else_helps() {
    let net = Internet::up_to(4);
    let root = Zone::new(".").delegate("resolver.", "ns3.resolver.", 3);
    net.serve_zone(2, root.delegate("resolver.", "ns4.resolver.", 4));
    for number in [3, 4] {
        net.serve(
            number,
            Box::new(|_, mut answer| {
                answer.metadata.recursion_available = true;
                answer.metadata.response_code = ResponseCode::NXDomain;
                answer.add_authority(soa(&name("resolver.")));
                Some(answer)
            }),
        );
    }
    let walked = net.walk("www.resolver", RecordType::A);
    assert!(matches!(walked.outcome, Outcome::NoSuchName(_)));
    assert_eq!(
        questions(&walked)[1..4],
        [
            "resolver.@3 www.resolver. A",
            "resolver.@4 www.resolver. A",
            "resolver.@3 www.resolver. A",
        ]
    );
}

#[test]
fn two_dnames_at_one_name_are_followed_by_nobody() {
    let net = Internet::up_to(2);
    net.serve(
        2,
        Box::new(|_, mut answer| {
            answer.metadata.authoritative = true;
            answer.add_answer(crate::aliases::dname("old.", "one."));
            answer.add_answer(crate::aliases::dname("old.", "two."));
            Some(answer)
        }),
    );
    let walked = net.walk("www.old", RecordType::A);
    assert_eq!(failed(&walked), &Stuck::NoServerHelped(name(".")));
    assert!(said(&walked).any(|said| matches!(said, Said::Lame(Lameness::TwoWays))));
}
