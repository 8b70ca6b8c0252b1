//! `resolve --trace` beside Unbound's answers, and beside what dig hears from each server on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::asked::{Asked, Heard, Records, as_kdig_writes, data, dig, kdig, record, records};
use crate::ran::sockeye;
use crate::world::{Made, RESOLVER, ROOT, World, in_an_internet, with_file};

/// What is looked up: each name with its types.
const QUESTIONS: &[(&str, &str)] = &[
    (".", "NS SOA"),
    ("example", "NS SOA A DS"),
    ("test", "NS"),
    (
        "river.example",
        "A AAAA MX NS SOA TXT CAA HTTPS DS DNSKEY SRV",
    ),
    ("ns1.river.example", "A AAAA"),
    ("mail.river.example", "A AAAA"),
    ("www.river.example", "A AAAA CNAME"),
    ("now.river.example", "A"),
    ("only6.river.example", "A AAAA"),
    ("shop.river.example", "A AAAA CNAME TXT"),
    ("chain.river.example", "A CNAME"),
    ("nowhere.river.example", "A"),
    ("to6.river.example", "A AAAA"),
    ("down.river.example", "A"),
    ("outside.river.example", "A"),
    ("a1.river.example", "A"),
    ("ocean.river.example", "A DNAME"),
    ("www.ocean.river.example", "A"),
    ("nothing.ocean.river.example", "A"),
    ("www.inner.river.example", "A"),
    ("some.wild.river.example", "A TXT AAAA"),
    ("two.some.wild.river.example", "A"),
    ("here.wild.river.example", "A TXT"),
    ("below.here.wild.river.example", "A"),
    ("wild.river.example", "A"),
    ("any.star.river.example", "A AAAA"),
    ("ent.river.example", "A"),
    ("b.ent.river.example", "A"),
    ("a.b.ent.river.example", "A"),
    ("x.ent.river.example", "A"),
    ("upper.river.example", "A"),
    ("WwW.rIvEr.eXaMpLe", "A"),
    (r"a\.b.river.example", "A"),
    (r"sp\032ace.river.example", "A"),
    (r"tab\009x.river.example", "TXT"),
    (r"\042.river.example", "TXT"),
    ("_dmarc.river.example", "TXT"),
    (
        "0123456789012345678901234567890123456789012345678901234567890ab.river.example",
        "A",
    ),
    ("xn--mnchen-3ya.river.example", "A"),
    ("big.river.example", "TXT"),
    ("_xmpp-client._tcp.river.example", "SRV"),
    ("_443._tcp.river.example", "TLSA"),
    (
        "types.river.example",
        "SSHFP NAPTR LOC HINFO RP PTR AFSDB SVCB URI EUI48 OPENPGPKEY TYPE65280 A",
    ),
    ("delta.river.example", "A NS SOA DS"),
    ("deep.delta.river.example", "A"),
    ("up.delta.river.example", "A"),
    ("nothing.delta.river.example", "A"),
    ("blog.river.example", "A NS SOA DS"),
    ("draft.blog.river.example", "TXT A"),
    ("sea.example", "A NS"),
    ("www.sea.example", "A AAAA"),
    ("harbor.port.test", "A"),
    ("home.port.test", "A"),
    ("www.six.example", "A AAAA"),
    ("www.half.example", "A"),
    ("nothing.example", "A"),
    ("www.nothing.example", "A"),
    ("nothing", "A"),
    ("11.2.0.192.in-addr.arpa", "PTR"),
    ("40.2.0.192.in-addr.arpa", "PTR"),
    ("99.2.0.192.in-addr.arpa", "PTR"),
];

/// Names that nobody can answer for, why that is so, and the exit code.
pub(crate) const HOPELESS: &[(&str, &str, i32)] = &[
    ("www.desert.example", "lame desert.example.", 1),
    ("www.gone.example", "unreachable gone.example.", 11),
    ("www.circle.example", "no-address circle.example.", 1),
    ("www.lost.example", "no-address lost.example.", 1),
    ("broken.river.example", "lame desert.example.", 1),
    ("tick.river.example", "alias-loop tick.river.example.", 1),
    ("self.river.example", "alias-loop self.river.example.", 1),
];

/// Each question by itself.
pub(crate) fn questions() -> impl Iterator<Item = (&'static str, &'static str)> {
    QUESTIONS
        .iter()
        .flat_map(|(name, kinds)| kinds.split(' ').map(|kind| (*name, kind)))
}

/// Walks from `root`, and gives the one walk of the document, and the exit code.
pub(crate) fn walk(root: &str, name: &str, kind: &str) -> (Value, i32) {
    let ran = sockeye(&["resolve", "--json", "--root", root, name, kind]);
    let document: Value = serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("{name} {kind}: {error}\n{ran:?}"));
    (document["walks"][0].clone(), ran.code.unwrap())
}

/// The resolver's answers, each to a question.
pub(crate) fn resolver_says(world: &World, questions: &[(&str, &str)]) -> Vec<Heard> {
    let asked: Vec<Asked> = questions
        .iter()
        .map(|(name, kind)| Asked {
            server: RESOLVER.to_owned(),
            name: absolute(name),
            kind: (*kind).to_owned(),
            options: "",
        })
        .collect();
    dig(&asked, &world.directory)
}

fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

/// What is different, one line each; none is what is wanted.
#[derive(Default)]
pub(crate) struct Differences(Vec<String>);

impl Differences {
    pub(crate) fn expect<T: PartialEq + std::fmt::Debug>(&mut self, of: &str, ours: T, theirs: T) {
        if ours != theirs {
            self.0
                .push(format!("{of}\n  ours   {ours:?}\n  theirs {theirs:?}"));
        }
    }

    /// The same records, with TTLs that differ by the time that one of them has been kept at most.
    pub(crate) fn expect_records(&mut self, of: &str, ours: &Records, theirs: &Records) {
        self.expect(of, data(ours), data(theirs));
        self.expect_ttls(of, ours, theirs, |one, other| one.abs_diff(other) <= 60);
    }

    /// The same records, and theirs have been kept since ours were there.
    pub(crate) fn expect_kept(&mut self, of: &str, ours: &Records, theirs: &Records) {
        self.expect_records(of, ours, theirs);
        self.expect_ttls(of, ours, theirs, |ttl, kept| kept <= ttl);
    }

    fn expect_ttls(
        &mut self,
        of: &str,
        ours: &Records,
        theirs: &Records,
        fit: fn(u32, u32) -> bool,
    ) {
        for (record, ttl) in ours {
            if let Some(other) = theirs.get(record)
                && !fit(*ttl, *other)
            {
                self.0
                    .push(format!("{of}: TTL {ttl}, theirs {other}: {record:?}"));
            }
        }
    }

    #[track_caller]
    pub(crate) fn none(self) {
        assert!(
            self.0.is_empty(),
            "{} differ:\n{}",
            self.0.len(),
            self.0.join("\n")
        );
    }
}

#[test]
fn a_walk_ends_with_what_a_resolver_finds_from_the_same_root() {
    in_an_internet(
        "walks::a_walk_ends_with_what_a_resolver_finds_from_the_same_root",
        || {
            let mut world = World::start(Made::OfOthers);
            world.resolver();
            let all: Vec<_> = questions().collect();
            let mut different = Differences::default();
            let mut answered = 0;
            let dig = resolver_says(&world, &all);
            let kdig = kdig(RESOLVER, &all);
            for (((name, kind), theirs), kdig) in all.iter().zip(dig).zip(kdig) {
                let of = format!("{name} {kind}");
                let (walk, code) = walk(ROOT, name, kind);
                different.expect(&of, walk["rcode"].as_str().unwrap(), &theirs.status);
                different.expect_kept(&of, &records(&walk["answers"]), &theirs.answer);
                let ends = |kind: &str| theirs.answer.keys().any(|data| data.1 == kind);
                let expected = if ends(kind) { 0 } else { 10 };
                different.expect(&of, code, expected);
                answered += usize::from(code == 0);
                different.expect(&of, &theirs.status, &kdig.status);
                let ours = as_kdig_writes(&records(&walk["answers"]));
                different.expect_kept(&format!("{of}, by kdig"), &ours, &kdig.answer);
            }
            different.none();
            // They are not the same because all of them have failed.
            assert!(answered > 70 && all.len() - answered > 25, "{answered}");
        },
    );
}

#[test]
fn every_server_on_the_way_says_to_dig_what_the_walk_tells_of_it() {
    in_an_internet(
        "walks::every_server_on_the_way_says_to_dig_what_the_walk_tells_of_it",
        || {
            let world = World::start(Made::OfOthers);
            let mut steps: BTreeMap<Asked, Value> = BTreeMap::new();
            let mut unheard = BTreeSet::new();
            for (name, kind) in questions().chain(HOPELESS.iter().map(|(name, ..)| (*name, "A"))) {
                let (walk, _) = walk(ROOT, name, kind);
                for step in walk["steps"].as_array().unwrap() {
                    if step["step"] != "asked" {
                        continue;
                    }
                    if step["said"] == "nothing" {
                        unheard.insert(step["address"].as_str().unwrap().to_owned());
                    } else {
                        steps.insert(asked_in(step), step.clone());
                    }
                }
            }
            assert_eq!(unheard, BTreeSet::from(["127.0.3.9:53".to_owned()]));
            let asked: Vec<Asked> = steps.keys().cloned().collect();
            let mut different = Differences::default();
            for ((asked, step), heard) in steps.iter().zip(dig(&asked, &world.directory)) {
                compare_step(&mut different, asked, step, &heard);
            }
            different.none();
        },
    );
}

fn asked_in(step: &Value) -> Asked {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let address = text(&step["address"]);
    let host = address.strip_suffix(":53").unwrap();
    Asked {
        server: host.trim_matches(['[', ']']).to_owned(),
        name: text(&step["question"]["name"]),
        kind: text(&step["question"]["type"]),
        options: "+norecurse",
    }
}

/// One server's answer, as the walk has told it and as dig has shown it.
fn compare_step(different: &mut Differences, asked: &Asked, step: &Value, heard: &Heard) {
    let of = format!(
        "@{} {} {} {}",
        asked.server, asked.name, asked.kind, step["said"]
    );
    let zone = step["zone"].as_str().unwrap();
    let reply = &step["reply"];
    different.expect(
        &of,
        reply["authoritative"].as_bool().unwrap(),
        heard.flags.contains("aa"),
    );
    different.expect(&of, reply["truncated"].as_bool().unwrap(), heard.was_cut);
    different.expect(
        &of,
        reply["size"].as_u64().unwrap(),
        u64::try_from(heard.size).unwrap(),
    );
    match step["said"].as_str().unwrap() {
        "answer" | "alias" => {
            different.expect(&of, "NOERROR", &heard.status);
            // What the server says of other zones is not believed, and what an alias leads to is asked for once more.
            let is_alias = step["said"] == "alias";
            let own: Records = heard
                .answer
                .clone()
                .into_iter()
                .filter(|(data, _)| is_in(&data.0, zone))
                .filter(|(data, _)| !is_alias || matches!(data.1.as_str(), "CNAME" | "DNAME"))
                .collect();
            let ours = records(&step["answers"]);
            different.expect_records(&of, &ours, &own);
        }
        "referral" => {
            different.expect(&of, "NOERROR", &heard.status);
            let to = step["to"].as_str().unwrap();
            let mut servers = BTreeMap::new();
            for server in step["servers"].as_array().unwrap() {
                let mut addresses = BTreeSet::new();
                for list in ["glue", "foreign_glue"] {
                    let list = server[list].as_array().unwrap();
                    addresses.extend(list.iter().map(|text| text.as_str().unwrap().to_owned()));
                }
                let name = server["name"].as_str().unwrap().to_owned();
                servers.insert(name, addresses);
            }
            let mut theirs = BTreeMap::new();
            let cut = heard
                .authority
                .iter()
                .chain(&heard.answer)
                .filter(|(data, _)| data.0 == to && data.1 == "NS");
            for ((_, _, server), ttl) in cut {
                let addresses = heard
                    .additional
                    .keys()
                    .filter(|data| data.0 == *server && matches!(data.1.as_str(), "A" | "AAAA"))
                    .map(|data| data.2.clone());
                theirs.insert(server.clone(), addresses.collect());
                different.expect(&of, step["ttl"].as_u64().unwrap(), u64::from(*ttl));
            }
            different.expect(&of, servers, theirs);
        }
        "no-data" | "no-such-name" => {
            let code = match step["said"] == "no-data" {
                true => "NOERROR",
                false => "NXDOMAIN",
            };
            different.expect(&of, code, &heard.status);
            different.expect(&of, heard.answer.len(), 0);
            let proof = heard.authority.iter().find(|(data, _)| data.1 == "SOA");
            let ((owner, _, soa), ttl) = proof.unwrap();
            let minimum: u32 = soa.rsplit(' ').next().unwrap().parse().unwrap();
            different.expect(&of, step["soa"].as_str(), Some(owner.as_str()));
            different.expect(
                &of,
                step["ttl"].as_u64(),
                Some(u64::from(minimum.min(*ttl))),
            );
        }
        "lame" => different.expect(&of, step["rcode"].as_str(), Some(heard.status.as_str())),
        other => panic!("{of}: {other}"),
    }
}

fn is_in(name: &str, zone: &str) -> bool {
    let (name, zone) = (name.to_lowercase(), zone.to_lowercase());
    zone == "." || name == zone || name.ends_with(&format!(".{zone}"))
}

#[test]
fn the_zones_that_a_walk_passes_are_those_of_dig_trace() {
    in_an_internet(
        "walks::the_zones_that_a_walk_passes_are_those_of_dig_trace",
        || {
            let mut world = World::start(Made::OfOthers);
            world.resolver();
            // dig looks up the servers that it was referred to as every program does.
            with_file(&world.directory, "resolv.conf", "nameserver 127.0.0.53\n");
            let mut different = Differences::default();
            for (name, kind) in [
                ("www.river.example", "A"),
                ("mail.river.example", "AAAA"),
                ("deep.delta.river.example", "A"),
                ("draft.blog.river.example", "TXT"),
                ("www.sea.example", "AAAA"),
                ("www.six.example", "A"),
                ("home.port.test", "CNAME"),
                ("some.wild.river.example", "TXT"),
                ("big.river.example", "TXT"),
                ("river.example", "DS"),
                ("11.2.0.192.in-addr.arpa", "PTR"),
                ("nothing.river.example", "A"),
            ] {
                let (walk, _) = walk(ROOT, name, kind);
                let mut ours = Vec::new();
                for step in walk["steps"].as_array().unwrap() {
                    if step["depth"] == 0 && step["for_zone"] == false && step["said"] == "referral"
                    {
                        let servers = step["servers"].as_array().unwrap().iter();
                        let names: BTreeSet<String> = servers
                            .map(|server| server["name"].as_str().unwrap().to_owned())
                            .collect();
                        ours.push((step["to"].as_str().unwrap().to_owned(), names));
                    }
                }
                let (theirs, last) = dig_trace(name, kind);
                different.expect(&format!("{name} {kind}: zones"), ours, theirs);
                let of = format!("{name} {kind}: answer");
                different.expect_records(&of, &records(&walk["answers"]), &last);
            }
            different.none();
        },
    );
}

/// The zones that dig is referred to, each with its servers; and the answer at the end.
fn dig_trace(name: &str, kind: &str) -> (Vec<(String, BTreeSet<String>)>, Records) {
    let output = Command::new("dig")
        .args([
            "+trace",
            "+nodnssec",
            "+nosplit",
            "+tries=2",
            &format!("@{ROOT}"),
        ])
        .args([name, kind])
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // Each part ends with a line that says from whom it came.
    let mut parts: Vec<Records> = text
        .split("\n\n")
        .map(|part| part.lines().filter_map(record).collect())
        .filter(|part: &Records| !part.is_empty())
        .collect();
    // It begins by asking who serves the root.
    let root = parts.remove(0);
    assert!(
        root.keys().all(|data| data.0 == "." && data.1 == "NS"),
        "{text}"
    );
    let own = format!("{name}.");
    let mut zones = Vec::new();
    let mut last = Records::new();
    for part in parts {
        let cut = part.keys().next().unwrap();
        let referral = part.keys().all(|data| data.1 == "NS" && data.0 == cut.0) && kind != "NS";
        if referral {
            let servers = part.keys().map(|data| data.2.clone()).collect();
            zones.push((cut.0.clone(), servers));
        } else {
            // Beside an answer there may be the zone's own NS records, or the SOA record of a "no".
            last.extend(part.into_iter().filter(|(data, _)| data.0 == own));
        }
    }
    (zones, last)
}

#[test]
fn a_walk_that_no_resolver_can_end_either_ends_as_servfail_with_its_reason() {
    in_an_internet(
        "walks::a_walk_that_no_resolver_can_end_either_ends_as_servfail_with_its_reason",
        || {
            let mut world = World::start(Made::OfOthers);
            world.resolver();
            // The one that nobody is at keeps the resolver busy for longer than dig waits.
            let all: Vec<_> = HOPELESS
                .iter()
                .filter(|(name, ..)| *name != "www.gone.example")
                .map(|(name, ..)| (*name, "A"))
                .collect();
            for ((name, _), theirs) in all.iter().zip(resolver_says(&world, &all)) {
                assert_eq!(theirs.status, "SERVFAIL", "{name}");
            }
            for (name, reason, expected) in HOPELESS {
                let (walk, code) = walk(ROOT, name, "A");
                assert_eq!(walk["rcode"], "SERVFAIL", "{name}: {walk}");
                assert_eq!(walk["reason"], *reason, "{name}: {walk}");
                assert_eq!(code, *expected, "{name}: {walk}");
            }
        },
    );
}
