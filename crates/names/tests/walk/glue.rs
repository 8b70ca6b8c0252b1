//! The addresses of name servers: glue that is there, missing, foreign or wrong, and walks of their own for the rest.

use hickory_proto::rr::RecordType;
use sockeye_names::walk::{Known, NotAsked, Said, Step, Stuck};

use crate::internet::{Internet, Zone, a, asked, cname, failed, name, ns, questions, said, says};
use hickory_proto::op::ResponseCode;

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
fn missing_glue_is_asked_for_at_the_zone_above() {
    let net = Internet::up_to(4);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    // It refers to sub.test. without a word about the server's address, which it has.
    net.serve(
        3,
        Box::new(|query, mut answer| {
            if query.name == name("ns.sub.test.") && query.query_type == RecordType::A {
                answer.metadata.authoritative = true;
                answer.add_answer(a("ns.sub.test.", 4));
            } else {
                answer.add_authority(ns("sub.test.", "ns.sub.test."));
            }
            Some(answer)
        }),
    );
    net.serve_zone(4, Zone::new("sub.test.").with(a("www.sub.test.", 9)));
    let walked = net.walk("www.sub.test", RecordType::A);
    assert_eq!(walked.records, [a("www.sub.test.", 9)]);
    assert_eq!(
        questions(&walked)[1..4],
        [
            "test.@3 www.sub.test. A",
            "test.@3 ns.sub.test. A",
            "sub.test.@4 www.sub.test. A",
        ]
    );
}

#[test]
fn glue_that_comes_only_when_the_server_is_asked_for_is_used() {
    let net = Internet::up_to(4);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve(
        3,
        Box::new(|query, mut answer| {
            answer.add_authority(ns("sub.test.", "ns.sub.test."));
            if query.name == name("ns.sub.test.") {
                answer.add_additional(a("ns.sub.test.", 4));
            }
            Some(answer)
        }),
    );
    let zone = Zone::new("sub.test.").with(a("www.sub.test.", 9));
    net.serve_zone(4, zone.with(a("ns.sub.test.", 4)));
    let walked = net.walk("www.sub.test", RecordType::A);
    assert_eq!(walked.records, [a("www.sub.test.", 9)]);
}

#[test]
fn glue_that_is_nowhere_ends_the_walk() {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve_zone(
        3,
        Zone::new("test.").delegate("sub.test.", "ns.sub.test.", 0),
    );
    let walked = net.walk("www.sub.test", RecordType::A);
    assert_eq!(failed(&walked), &Stuck::NoAddress(name("sub.test.")));
    assert!(net.asked() < 10, "{}", net.asked());
}

#[test]
fn a_server_that_is_an_alias_is_found_all_the_same() {
    let net = Internet::up_to(4);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve(
        3,
        Box::new(|query, mut answer| {
            answer.metadata.authoritative = true;
            match query.name.to_ascii().as_str() {
                "ns.sub.test." => answer.add_answer(cname("ns.sub.test.", "box.sub.test.")),
                "box.sub.test." => answer.add_answer(a("box.sub.test.", 4)),
                _ => {
                    answer.metadata.authoritative = false;
                    answer.add_authority(ns("sub.test.", "ns.sub.test."))
                }
            };
            Some(answer)
        }),
    );
    net.serve_zone(4, Zone::new("sub.test.").with(a("www.sub.test.", 9)));
    let walked = net.walk("www.sub.test", RecordType::A);
    assert_eq!(walked.records, [a("www.sub.test.", 9)]);
}

#[test]
fn where_a_servers_own_zone_is_wrong_about_it_the_glue_of_the_zone_above_is_tried() {
    let net = Internet::up_to(6);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("test.", "ns.test.", 3)
            .delegate("org.", "ns.org.", 4),
    );
    net.serve_zone(
        3,
        Zone::new("test.").delegate("sub.test.", "ns.other.org.", 0),
    );
    net.serve_zone(
        4,
        Zone::new("org.").delegate("other.org.", "ns.other.org.", 5),
    );
    // It serves both zones, and says of itself that it is elsewhere, where nobody knows anything.
    net.serve(
        5,
        Box::new(|query, mut answer| {
            answer.metadata.authoritative = true;
            answer.add_answer(match query.name == name("www.sub.test.") {
                true => a("www.sub.test.", 9),
                false => a("ns.other.org.", 6),
            });
            Some(answer)
        }),
    );
    net.serve(6, says(ResponseCode::ServFail));
    let walked = net.walk("www.sub.test", RecordType::A);
    assert_eq!(walked.records, [a("www.sub.test.", 9)]);
    let known: Vec<Known> = asked(&walked)
        .filter(|asked| asked.zone == name("sub.test.") && !asked.for_zone)
        .map(|asked| asked.known)
        .collect();
    assert_eq!(known, [Known::Fetched, Known::Glue]);
}

#[test]
fn a_server_without_glue_is_looked_for_when_the_one_with_glue_refuses() {
    let net = Internet::up_to(6);
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("test.", "bad.other.", 4)
            .delegate("test.", "good.other.", 0)
            .delegate("other.", "ns.other.", 5),
    );
    net.serve(4, says(ResponseCode::Refused));
    net.serve_zone(5, Zone::new("other.").with(a("good.other.", 6)));
    net.serve_zone(6, Zone::new("test.").with(a("www.test.", 9)));
    let walked = net.walk("www.test", RecordType::A);
    assert_eq!(walked.records, [a("www.test.", 9)]);
}

#[test]
fn two_zones_that_name_each_others_servers_are_found_when_one_has_glue() {
    let net = Internet::up_to(4);
    // Each zone has both servers; the root knows one address.
    net.serve_zone(
        2,
        Zone::new(".")
            .delegate("one.", "ns.two.", 0)
            .delegate("one.", "ns.one.", 3)
            .delegate("two.", "ns.one.", 0)
            .delegate("two.", "ns.two.", 0),
    );
    net.serve_zone(3, Zone::new("two.").with(a("www.two.", 9)));
    let walked = net.walk("www.two", RecordType::A);
    assert_eq!(walked.records, [a("www.two.", 9)]);
}
