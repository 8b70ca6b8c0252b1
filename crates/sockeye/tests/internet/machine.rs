//! `resolve NAME` and `connect NAME` beside what the other programs of this machine find: getent, host and dig with the
//! same resolv.conf, hosts and nsswitch.conf.

use std::collections::BTreeSet;
use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::asked::records;
use crate::ran::{Ran, command, sockeye};
use crate::walks::{Differences, resolver_says};
use crate::world::{Made, RESOLVER, World, in_an_internet, with_file};

/// The servers and the resolver, and this machine as one that asks it.
fn machine() -> World {
    let mut world = World::start(Made::OfOthers);
    world.resolver();
    with_file(
        &world.directory,
        "resolv.conf",
        &format!("nameserver {RESOLVER}\n"),
    );
    with_file(&world.directory, "hosts", "127.0.0.1 localhost\n");
    with_file(&world.directory, "nsswitch.conf", "hosts: files dns\n");
    world
}

/// The addresses that the C library finds, in its order; none when it finds none.
fn getent(name: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let output = Command::new("getent")
        .args(["ahosts", name])
        .env("LC_ALL", "C")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut addresses: Vec<String> = Vec::new();
    for line in text.lines() {
        let address = line.split(' ').next().unwrap().to_owned();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

fn resolve(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = command(&["resolve"]);
    command.args(arguments).envs(environment.iter().copied());
    command.output().unwrap().into()
}

fn lines(ran: &Ran) -> Vec<String> {
    ran.stdout.lines().map(str::to_owned).collect()
}

fn json(arguments: &[&str]) -> (Value, Ran) {
    let ran = sockeye(&[&["resolve", "--json"], arguments].concat());
    let document = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    (document, ran)
}

#[test]
fn a_name_has_the_records_that_dig_hears_and_the_addresses_that_getent_finds() {
    in_an_internet(
        "machine::a_name_has_the_records_that_dig_hears_and_the_addresses_that_getent_finds",
        || {
            let world = machine();
            let mut different = Differences::default();
            let all: Vec<(&str, &str)> = crate::walks::questions().collect();
            let ours: Vec<(Value, Ran)> = all
                .iter()
                .map(|(name, kind)| json(&[&format!("{}.", name.trim_end_matches('.')), kind]))
                .collect();
            let heard = resolver_says(&world, &all);
            for (((name, kind), (said, ran)), heard) in all.iter().zip(ours).zip(heard) {
                let of = format!("{name} {kind}");
                let response = &said["responses"][0];
                different.expect(&of, response["rcode"].as_str(), Some(&*heard.status));
                different.expect_kept(&of, &records(&said["answers"]), &heard.answer);
                let flags = response["flags"].as_array().unwrap().iter();
                let flags: BTreeSet<String> = flags
                    .map(|flag| flag.as_str().unwrap().to_owned())
                    .collect();
                different.expect(&of, flags, heard.flags.clone());
                different.expect(&of, response["truncated"].as_bool().unwrap(), heard.was_cut);
                different.expect(&of, response["size"].as_u64(), Some(heard.size as u64));
                let found = heard.answer.keys().any(|data| data.1 == *kind);
                different.expect(&of, ran.code, Some(if found { 0 } else { 10 }));
            }
            for name in [
                "river.example",
                "www.river.example",
                "only6.river.example",
                "mail.river.example",
                "doors.river.example",
                "shop.river.example",
                "chain.river.example",
                "a1.river.example",
                "to6.river.example",
                "nowhere.river.example",
                "www.ocean.river.example",
                "some.wild.river.example",
                "ent.river.example",
                "big.river.example",
                "www.six.example",
                "nothing.river.example",
                "nothing",
                "localhost",
            ] {
                let ran = resolve(&["--short", name, "A", "AAAA"], &[]);
                let found = getent(name, &[]);
                let ours: BTreeSet<String> = lines(&ran).into_iter().collect();
                different.expect(name, &ours, &found.iter().cloned().collect());
                different.expect(name, ran.code == Some(0), !found.is_empty());
                // Where nothing is known of the way to them, the C library leaves addresses of one family in the order
                // that the server gave.
                for v6 in [false, true] {
                    let family = |all: Vec<String>| -> Vec<String> {
                        all.into_iter()
                            .filter(|text| text.contains(':') == v6)
                            .collect()
                    };
                    different.expect(name, family(lines(&ran)), family(found.clone()));
                }
            }
            for address in ["192.0.2.11", "192.0.2.40", "192.0.2.99"] {
                let ran = resolve(&["--short", address], &[]);
                let output = Command::new("getent").args(["hosts", address]).output();
                let text = String::from_utf8(output.unwrap().stdout).unwrap();
                let name = text.split_whitespace().nth(1);
                let ours = lines(&ran);
                let ours = ours.first().map(|line| line.trim_end_matches('.'));
                different.expect(address, ours, name);
            }
            different.none();
        },
    );
}

/// The names that the resolver was asked for between two looks at its log, each once, in order.
fn names(asked: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in asked {
        let name = line.split(' ').next().unwrap().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[test]
fn the_search_list_leads_to_the_same_names_in_the_same_order_as_in_the_c_library() {
    in_an_internet(
        "machine::the_search_list_leads_to_the_same_names_in_the_same_order_as_in_the_c_library",
        || {
            let world = machine();
            let mut different = Differences::default();
            let mut most = 0;
            for (conf, environment) in [
                ("", vec![]),
                ("search river.example example\n", vec![]),
                ("search example sea.example river.example\n", vec![]),
                ("domain river.example\n", vec![]),
                ("domain example\nsearch river.example\n", vec![]),
                ("search river.example\ndomain example\n", vec![]),
                (
                    "search sea.example river.example\noptions ndots:2\n",
                    vec![],
                ),
                ("search river.example\noptions ndots:0\n", vec![]),
                ("search\triver.example.\t sea.example # not this\n", vec![]),
                (
                    "search a.test b.test c.test d.test e.test f.test river.example\n",
                    vec![],
                ),
                ("search river.example\noptions no-tld-query\n", vec![]),
                (
                    "; search example\n# search test\nsearch river.example\noptions ndots:99\n",
                    vec![],
                ),
                (
                    "search example\n",
                    vec![("LOCALDOMAIN", "sea.example river.example")],
                ),
                ("search river.example\n", vec![("RES_OPTIONS", "ndots:3")]),
                ("search .\n", vec![]),
                ("search river.example .\n", vec![]),
            ] {
                let conf = format!("{conf}nameserver {RESOLVER}\n");
                with_file(&world.directory, "resolv.conf", &conf);
                for name in [
                    "www",
                    "mail",
                    "www.river",
                    "www.river.example",
                    "www.river.example.",
                    "ent",
                    "only6",
                    "nothing",
                    "a.b.ent",
                    "nothing.river.example",
                    "to6",
                ] {
                    let of = format!("{name} with {conf:?} {environment:?}");
                    let before = world.asked().len();
                    let theirs: BTreeSet<_> = getent(name, &environment).into_iter().collect();
                    let between = world.asked();
                    let ran = resolve(&["--short", name], &environment);
                    let after = world.asked();
                    let ours: BTreeSet<_> = lines(&ran).into_iter().collect();
                    different.expect(&of, &ours, &theirs);
                    let theirs_asked = names(&between[before..]);
                    most = most.max(theirs_asked.len());
                    different.expect(
                        &format!("{of}: asked"),
                        names(&after[between.len()..]),
                        theirs_asked,
                    );
                    different.expect(&of, ran.code, Some(if theirs.is_empty() { 10 } else { 0 }));
                }
            }
            different.none();
            assert_eq!(most, 8, "seven domains, and the name as it stands");
        },
    );
}

#[test]
fn the_hosts_file_and_dns_are_asked_in_the_order_of_nsswitch() {
    in_an_internet(
        "machine::the_hosts_file_and_dns_are_asked_in_the_order_of_nsswitch",
        || {
            let world = machine();
            with_file(
                &world.directory,
                "hosts",
                "127.0.0.1 localhost\n\
                 # a comment\n\
                 192.0.2.101\twww.river.example www # behind a comment\n\
                 192.0.2.102 only.here ONLY.TOO\n\
                 2001:db8::102 only.here\n\
                 192.0.2.103 six.here\n\
                 192.0.2.104 only.here\n\
                 2001:db8::105 mail.river.example\n\
                 not-an-address broken.here\n\
                 192.0.2.106\n",
            );
            let mut different = Differences::default();
            for order in [
                "hosts: files dns\n",
                "hosts: dns files\n",
                "hosts: files\n",
                "hosts: dns\n",
                "hosts: files [NOTFOUND=return] dns\n",
                "hosts: dns [NOTFOUND=return] files\n",
                "hosts: dns [!UNAVAIL=return] files\n",
                "hosts:files   [ NOTFOUND=continue ]dns # dns\n",
                "passwd: files\n",
                "",
            ] {
                with_file(&world.directory, "nsswitch.conf", order);
                for name in [
                    "www.river.example",
                    "mail.river.example",
                    "only.here",
                    "only.too",
                    "ONLY.Here",
                    "www",
                    "broken.here",
                    "nothing.here",
                    "door.river.example",
                ] {
                    let of = format!("{name} with {order:?}");
                    let theirs = getent(name, &[]);
                    let ran = resolve(&["--short", name], &[]);
                    let ours: BTreeSet<_> = lines(&ran).into_iter().collect();
                    different.expect(&of, &ours, &theirs.iter().cloned().collect());
                    let code = if theirs.is_empty() { 10 } else { 0 };
                    different.expect(&of, ran.code, Some(code));
                }
            }
            // DNS that nobody answers for is unavailable, which is not "not found".
            let _silent = UdpSocket::bind("127.0.5.5:53").unwrap();
            for server in ["127.0.5.5", "127.0.3.9", "127.0.3.8"] {
                let conf = format!("nameserver {server}\noptions timeout:1 attempts:1\n");
                with_file(&world.directory, "resolv.conf", &conf);
                for order in [
                    "hosts: dns files\n",
                    "hosts: dns [NOTFOUND=return] files\n",
                    "hosts: dns [!UNAVAIL=return] files\n",
                    "hosts: dns [UNAVAIL=return] files\n",
                    "hosts: files dns\n",
                ] {
                    with_file(&world.directory, "nsswitch.conf", order);
                    let of = format!("only.here with {order:?} and {server}");
                    let theirs: BTreeSet<_> = getent("only.here", &[]).into_iter().collect();
                    let ours: BTreeSet<_> = lines(&resolve(&["--short", "only.here"], &[]))
                        .into_iter()
                        .collect();
                    different.expect(&of, &ours, &theirs);
                }
            }
            different.none();
        },
    );
}

#[test]
fn the_next_server_is_asked_when_the_first_is_dead_silent_or_lame() {
    in_an_internet(
        "machine::the_next_server_is_asked_when_the_first_is_dead_silent_or_lame",
        || {
            let world = machine();
            let silent = UdpSocket::bind("127.0.5.5:53").unwrap();
            let _silent_too = UdpSocket::bind("127.0.5.6:53").unwrap();
            for (first, why) in [
                ("127.0.3.9", "failed"),
                ("127.0.5.5", "timed-out"),
                ("127.0.3.8", "error"),
            ] {
                let conf = format!(
                    "nameserver {first}\nnameserver {RESOLVER}\noptions timeout:1 attempts:1\n"
                );
                with_file(&world.directory, "resolv.conf", &conf);
                assert_eq!(getent("www.river.example", &[]).len(), 2);
                let began = Instant::now();
                let (said, ran) = json(&["www.river.example", "A"]);
                assert_eq!(ran.code, Some(0), "{ran:?}");
                assert_eq!(records(&said["answers"]).len(), 2, "{said}");
                let asked = said["steps"].as_array().unwrap().iter();
                let asked: Vec<(&str, &str)> = asked
                    .filter(|step| step["step"] == "asked")
                    .map(|step| {
                        let text = |member: &str| step[member].as_str().unwrap();
                        (text("status"), text("server"))
                    })
                    .collect();
                let (first, second) = (format!("udp://{first}:53"), format!("udp://{RESOLVER}:53"));
                assert_eq!(asked, [(why, &*first), ("answered", &*second)], "{said}");
                assert!(began.elapsed() < Duration::from_secs(8));
            }
            // Nobody else: each with its own end.
            for (servers, code) in [
                ("nameserver 127.0.3.9\n", 11),
                ("nameserver 127.0.5.5\n", 13),
                ("nameserver 127.0.5.5\nnameserver 127.0.5.6\n", 13),
                ("nameserver 127.0.3.8\n", 1),
            ] {
                let conf = format!("{servers}options timeout:1 attempts:1\n");
                with_file(&world.directory, "resolv.conf", &conf);
                assert_eq!(getent("www.river.example", &[]), Vec::<String>::new());
                let ran = resolve(&["www.river.example"], &[]);
                assert_eq!(ran.code, Some(code), "{servers}: {ran:?}");
            }
            drop(silent);
        },
    );
}

#[test]
fn connect_finds_a_server_by_its_name_and_says_why_it_finds_none() {
    in_an_internet(
        "machine::connect_finds_a_server_by_its_name_and_says_why_it_finds_none",
        || {
            let world = machine();
            let listener = TcpListener::bind("127.0.5.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            std::thread::spawn(move || {
                for peer in listener.incoming() {
                    use std::io::Write;
                    peer.unwrap().write_all(b"come in\n").unwrap();
                }
            });
            let to = |name: &str| sockeye(&["connect", &format!("{name}:{port}")]);
            // The second has an address first that nobody listens on.
            for name in ["door.river.example", "doors.river.example"] {
                let ran = to(name);
                assert_eq!((ran.code, &*ran.stdout), (Some(0), "come in\n"), "{ran:?}");
            }
            let conf = format!("nameserver {RESOLVER}\nsearch river.example\n");
            with_file(&world.directory, "resolv.conf", &conf);
            assert_eq!(to("door").stdout, "come in\n");
            for (name, code) in [
                ("nothing.river.example", 10),
                ("types.river.example", 10),
                ("nowhere.river.example", 10),
                ("www.desert.example", 13),
            ] {
                let ran = to(name);
                assert_eq!(ran.code, Some(code), "{name}: {ran:?}");
                assert!(ran.last_line().contains(name), "{ran:?}");
            }
            let _silent = UdpSocket::bind("127.0.5.5:53").unwrap();
            for servers in ["nameserver 127.0.5.5\n", "nameserver 127.0.3.9\n"] {
                let conf = format!("{servers}options timeout:1 attempts:1\n");
                with_file(&world.directory, "resolv.conf", &conf);
                let ran = to("door.river.example");
                assert_eq!(ran.code, Some(13), "{ran:?}");
            }
        },
    );
}
