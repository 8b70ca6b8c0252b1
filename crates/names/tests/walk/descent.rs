//! Down the zones to the last word: records, a no, and what the servers on the way add to it.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use sockeye_names::Transport;
use sockeye_names::walk::{Outcome, Said};

use crate::internet::{Internet, Zone, a, aaaa, always, asked, name, ns, questions, said, soa};

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
fn a_host_with_ipv6_alone_is_answered_so() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve_zone(3, Zone::new("test.").with(aaaa("six.test.", "2001:db8::1")));
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
fn a_name_that_only_has_names_below_it_exists() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve_zone(3, Zone::new("test.").with(a("www.sub.test.", 9)));
    let walked = net.walk("sub.test", RecordType::A);
    assert!(matches!(walked.outcome, Outcome::NoData(_)), "{walked:?}");
}

#[test]
fn an_answer_that_does_not_fit_is_fetched_over_tcp() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.authoritative = true;
            answer.metadata.truncation = true;
            Some(answer)
        }),
    );
    net.serve_tcp(3, always(a("www.test.", 9)));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.records, [a("www.test.", 9)]);
    let facts = asked(&walked).nth(1).unwrap().reply.unwrap();
    assert!(facts.was_cut && facts.transport == Transport::Tcp);
}

#[test]
fn a_name_server_with_ipv6_alone_is_asked_there() {
    let net = Internet::up_to(2);
    let glue = aaaa("ns.test.", "::1");
    net.serve_zone(
        2,
        Zone::new(".").delegate("test.", "ns.test.", 0).with(glue),
    );
    net.serve_zone_v6(Zone::new("test.").with(a("www.test.", 9)));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.records, [a("www.test.", 9)]);
    assert!(asked(&walked).any(|asked| asked.server.address.is_ipv6()));
}

#[test]
fn any_is_answered_with_whatever_the_name_has() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.metadata.authoritative = true;
            answer.add_answer(a("test.", 9));
            answer.add_answer(ns("test.", "ns.test."));
            answer.add_answer(a("other.test.", 66));
            Some(answer)
        }),
    );
    let walked = net.walk("test", RecordType::ANY);
    assert_eq!(walked.records, [a("test.", 9), ns("test.", "ns.test.")]);
}

#[test]
fn the_servers_of_a_zone_are_asked_who_they_are_and_not_the_zone_above() {
    let net = Internet::up_to(4);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    // Old servers put what they refer to into the answer, when they are asked for just that.
    net.serve(
        3,
        Box::new(|_, mut answer| {
            answer.add_answer(ns("sub.test.", "ns.sub.test."));
            answer.add_additional(a("ns.sub.test.", 4));
            Some(answer)
        }),
    );
    net.serve_zone(
        4,
        Zone::new("sub.test.").with(ns("sub.test.", "true.test.")),
    );
    let walked = net.walk("sub.test", RecordType::NS);
    assert_eq!(walked.records, [ns("sub.test.", "true.test.")]);
}

#[test]
fn a_referral_counts_whichever_flags_it_has() {
    for (authoritative, recursion_available) in [(true, false), (false, true), (true, true)] {
        let net = Internet::up_to(3);
        net.serve(
            2,
            Box::new(move |_, mut answer| {
                answer.metadata.authoritative = authoritative;
                answer.metadata.recursion_available = recursion_available;
                answer.add_authority(ns("test.", "ns.test."));
                answer.add_additional(a("ns.test.", 3));
                Some(answer)
            }),
        );
        net.serve_zone(3, Zone::new("test.").with(a("www.test.", 9)));
        let walked = net.walk("www.test", RecordType::A);
        assert_eq!(walked.records, [a("www.test.", 9)]);
    }
}

#[test]
fn of_the_zones_that_a_referral_names_only_one_above_the_name_counts() {
    let net = Internet::up_to(4);
    net.serve(
        2,
        Box::new(|_, mut answer| {
            for (cut, server) in [("bank.", "ns.bank."), ("test.", "ns.test.")] {
                answer.add_authority(ns(cut, server));
            }
            answer.add_authority(ns("www.bank.test.", "ns.bank."));
            answer.add_additional(a("ns.bank.", 4));
            answer.add_additional(a("ns.test.", 3));
            Some(answer)
        }),
    );
    net.serve_zone(3, Zone::new("test.").with(a("www.test.", 9)));
    net.serve(4, always(a("www.test.", 66)));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.records, [a("www.test.", 9)]);
    let Some(Said::Referral(referral)) = said(&walked).next() else {
        panic!("{walked:?}")
    };
    assert_eq!(referral.servers.len(), 1);
}

#[test]
fn a_server_may_repeat_the_question_in_another_case() {
    let net = Internet::up_to(2);
    net.serve(
        2,
        Box::new(|query, mut answer| {
            answer.metadata.authoritative = true;
            answer.queries[0].set_name(name(&query.name.to_ascii().to_uppercase()));
            answer.add_answer(a("wWw.tEsT.", 9));
            Some(answer)
        }),
    );
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.records, [a("www.test.", 9)]);
}

#[test]
fn a_no_of_all_servers_without_proof_is_a_no() {
    let net = Internet::up_to(4);
    let root = Zone::new(".").delegate("test.", "ns3.test.", 3);
    net.serve_zone(2, root.delegate("test.", "ns4.test.", 4));
    net.serve(3, Box::new(|_, answer| Some(answer)));
    net.serve(
        4,
        Box::new(|_, mut answer| {
            answer.metadata.authoritative = true;
            Some(answer)
        }),
    );
    let walked = net.walk("www.test", RecordType::A);
    assert!(
        matches!(&walked.outcome, Outcome::NoData(proof) if proof.soa.is_none()),
        "{walked:?}"
    );
}

#[test]
fn a_name_that_does_not_exist_needs_no_proof_either() {
    let net = Internet::up_to(2);
    net.serve(
        2,
        Box::new(|_, mut answer| {
            answer.metadata.authoritative = true;
            answer.metadata.response_code = ResponseCode::NXDomain;
            Some(answer)
        }),
    );
    let walked = net.walk("www.test", RecordType::A);
    assert!(matches!(walked.outcome, Outcome::NoSuchName(_)));
}
