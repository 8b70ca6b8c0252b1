//! Unbound over the tool's own servers: what it finds there is what it finds over NSD and Knot, and what a walk finds.

use serde_json::Value;

use crate::asked::{Heard, records};
use crate::ran::sockeye;
use crate::walks::{Differences, HOPELESS, questions, resolver_says, walk};
use crate::world::{Made, ROOT, World, in_an_internet};

/// Every question with the resolver's answer, and with the way that a walk has taken to it.
fn found(made: Made) -> Vec<(String, Heard, Value)> {
    let mut world = World::start(made);
    world.resolver();
    let hopeless = HOPELESS
        .iter()
        .filter(|(name, ..)| *name != "www.gone.example");
    let all: Vec<(&str, &str)> = questions()
        .chain(hopeless.map(|(name, ..)| (*name, "A")))
        .collect();
    let heard = resolver_says(&world, &all);
    all.iter()
        .zip(heard)
        .map(|((name, kind), heard)| {
            let (mut walk, _) = walk(ROOT, name, kind);
            forget(&mut walk);
            (format!("{name} {kind}"), heard, walk)
        })
        .collect()
}

/// Takes out what may be different: times; lengths and the case of letters, since a name can be abbreviated by another
/// one; and the question for the zone, which is spared where an answer names the zone's servers unasked.
fn forget(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("took_ms");
            members.remove("size");
            if let Some(Value::Array(steps)) = members.get_mut("steps") {
                steps.retain(|step| step["for_zone"] != true);
            }
            members.values_mut().for_each(forget);
            // A set has no order.
            for set in ["answers", "servers"] {
                if let Some(Value::Array(each)) = members.get_mut(set) {
                    each.sort_by_key(ToString::to_string);
                }
            }
        }
        Value::Array(each) => each.iter_mut().for_each(forget),
        Value::String(text) => text.make_ascii_lowercase(),
        _ => {}
    }
}

#[test]
fn a_resolver_and_a_walk_find_the_same_over_our_servers_as_over_nsd_and_knot() {
    in_an_internet(
        "recursing::a_resolver_and_a_walk_find_the_same_over_our_servers_as_over_nsd_and_knot",
        || {
            let theirs = found(Made::OfOthers);
            let ours = found(Made::OfOurs);
            let mut different = Differences::default();
            for ((of, ours, our_walk), (_, theirs, their_walk)) in ours.iter().zip(&theirs) {
                different.expect(of, &ours.status, &theirs.status);
                different.expect(of, &ours.flags, &theirs.flags);
                different.expect_records(of, &ours.answer, &theirs.answer);
                different.expect_records(of, &ours.authority, &theirs.authority);
                // Of two ways that part, the first step that is another tells the most.
                let steps = |walk: &Value| walk["steps"].as_array().unwrap().clone();
                let (our_steps, their_steps) = (steps(our_walk), steps(their_walk));
                let parted = our_steps.iter().zip(&their_steps).find(|(a, b)| a != b);
                let (our_step, their_step) = parted.unzip();
                different.expect(of, our_step, their_step);
                different.expect(of, our_steps.len(), their_steps.len());
                different.expect(of, &our_walk["outcome"], &their_walk["outcome"]);
            }
            different.none();
        },
    );
}

#[test]
fn a_walk_through_the_offline_internet_ends_with_what_a_resolver_finds_there() {
    in_an_internet(
        "recursing::a_walk_through_the_offline_internet_ends_with_what_a_resolver_finds_there",
        || {
            let mut world = World::empty();
            world.offline();
            // Glue names no port, so the resolver is told of each zone where its servers are.
            let zones: String = [
                (".", "127.0.0.2"),
                ("example.", "127.0.0.3"),
                ("river.example.", "127.0.0.4"),
                ("sea.example.", "127.0.0.5"),
                ("lake.example.", "127.0.0.5"),
                ("delta.river.example.", "127.0.0.5"),
                ("desert.example.", "127.0.0.6"),
            ]
            .iter()
            .map(|(zone, at)| {
                format!("stub-zone:\n name: \"{zone}\"\n stub-addr: {at}@7053\n stub-prime: no\n")
            })
            .collect();
            world.resolver_with(&zones);
            let all: Vec<(&str, &str)> = [
                ("example", "NS SOA"),
                ("river.example", "A AAAA MX TXT NS SOA CAA HTTPS SRV"),
                ("www.river.example", "A AAAA"),
                ("six.river.example", "A AAAA"),
                ("shop.river.example", "A AAAA"),
                ("blog.river.example", "A"),
                ("draft.blog.river.example", "TXT A"),
                ("boat1.river.example", "A TXT AAAA"),
                ("nothing.blog.river.example", "A"),
                ("_xmpp-client._tcp.river.example", "SRV"),
                ("tick.river.example", "A"),
                ("delta.river.example", "A NS"),
                ("www.delta.river.example", "A"),
                ("island.delta.river.example", "TXT"),
                ("sea.example", "A MX"),
                ("www.sea.example", "A AAAA"),
                ("big.sea.example", "TXT"),
                ("www.ocean.sea.example", "A"),
                ("nothing.sea.example", "A"),
                ("www.lake.example", "A"),
                ("lake.example", "A SOA"),
                ("www.desert.example", "A"),
                ("nothing.example", "A"),
                ("nothing", "A"),
            ]
            .iter()
            .flat_map(|(name, kinds)| kinds.split(' ').map(|kind| (*name, kind)))
            .collect();
            let walks: Vec<(Value, i32)> = all
                .iter()
                .map(|(name, kind)| walk("127.0.0.2:7053", name, kind))
                .collect();
            let heard = resolver_says(&world, &all);
            let mut different = Differences::default();
            for (((name, kind), (walk, code)), theirs) in all.iter().zip(walks).zip(heard) {
                let of = format!("{name} {kind}");
                different.expect(&of, walk["rcode"].as_str().unwrap(), &theirs.status);
                let expected = match &*theirs.status {
                    "NOERROR" if theirs.answer.keys().any(|data| data.1 == *kind) => 0,
                    "SERVFAIL" => 1,
                    _ => 10,
                };
                different.expect(&of, code, expected);
                if expected != 1 {
                    different.expect_records(&of, &records(&walk["answers"]), &theirs.answer);
                }
            }
            // The same, as the resolver tells the tool.
            let ran = sockeye(&[
                "resolve",
                "--short",
                "--server",
                "127.0.0.53",
                "big.sea.example",
                "TXT",
            ]);
            different.expect("big", ran.stdout.lines().count(), 18);
            different.none();
        },
    );
}
