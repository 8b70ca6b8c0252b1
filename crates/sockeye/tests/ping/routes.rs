//! Hosts behind a router: what arrives, what is lost, and who says so when it does not arrive.

use std::process::Command;

use serde_json::Value;

use crate::ran::{Ran, sockeye};
use crate::tool::Tool;
use crate::world::{FAR, FAR6, ROUTER, ROUTER6, SOCKETS, allow, in_a_world};
use rustix::process::Signal;

/// The objects of its lines.
pub(crate) fn objects(ran: &Ran) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}: {ran:?}"));
    ran.stdout.lines().map(read).collect()
}

#[test]
fn both_kinds_of_socket_and_both_versions_reach_a_host_behind_a_router() {
    in_a_world(
        "routes::both_kinds_of_socket_and_both_versions_reach_a_host_behind_a_router",
        |_| {
            for socket in SOCKETS {
                allow(socket);
                let ran = sockeye(&["ping", "--json", "-c", "3", "-i", "20ms", FAR, FAR6]);
                assert_eq!(ran.code, Some(0), "{ran:?}");
                let objects = objects(&ran);
                assert_eq!(objects.len(), 8, "{ran:?}");
                for probe in &objects[..6] {
                    assert_eq!(probe["outcome"], "answered", "{ran:?}");
                    assert_eq!(probe["ttl"], 63);
                    assert_eq!(probe["from"], probe["target"]);
                    assert_eq!(probe["changed"], false);
                }
                for summary in &objects[6..] {
                    assert_eq!(summary["socket"], socket);
                    assert_eq!(summary["bytes"], 56);
                    assert_eq!(
                        (&summary["sent"], &summary["answered"]),
                        (&3.into(), &3.into())
                    );
                    assert_eq!(summary["lost_percent"], 0.0);
                    let figures = ["min_ms", "median_ms", "p99_ms", "max_ms"];
                    let figures = figures.map(|name| summary[name].as_f64().unwrap());
                    assert!(figures.is_sorted() && figures[0] > 0.0, "{figures:?}");
                }
            }
        },
    );
}

#[test]
fn what_does_not_arrive_is_told_with_who_says_so_as_ping_of_iputils_tells_it() {
    in_a_world(
        "routes::what_does_not_arrive_is_told_with_who_says_so_as_ping_of_iputils_tells_it",
        |_| {
            for socket in SOCKETS {
                allow(socket);
                for (target, ttl, why, from, iputils) in [
                    (FAR, "1", "time-exceeded", ROUTER, "Time to live exceeded"),
                    (
                        FAR6,
                        "1",
                        "time-exceeded",
                        ROUTER6,
                        "Time exceeded: Hop limit",
                    ),
                    (
                        "10.9.7.1",
                        "9",
                        "host-unreachable",
                        ROUTER,
                        "Destination Host Unreachable",
                    ),
                    (
                        "fd09:7::1",
                        "9",
                        "network-unreachable",
                        ROUTER6,
                        "Destination unreachable: No route",
                    ),
                    ("10.9.8.1", "9", "prohibited", ROUTER, "Packet filtered"),
                    (
                        "fd09:8::1",
                        "9",
                        "prohibited",
                        ROUTER6,
                        "Destination unreachable: Administratively prohibited",
                    ),
                ] {
                    let ran = sockeye(&["ping", "--json", "-c", "1", "--ttl", ttl, target]);
                    assert_eq!(ran.code, Some(13), "{target}: {ran:?}");
                    let objects = objects(&ran);
                    let probe = &objects[0];
                    let told =
                        ["outcome", "why", "from"].map(|name| probe[name].as_str().unwrap_or("-"));
                    assert_eq!(
                        told,
                        ["undelivered", why, from],
                        "{socket} {target}: {ran:?}"
                    );
                    assert_eq!(objects[1]["undelivered"], 1);

                    let other = Command::new("ping")
                        .args(["-c", "1", "-W", "2", "-t", ttl, target])
                        .output()
                        .unwrap();
                    let other: Ran = other.into();
                    let says = format!("From {from} icmp_seq=1 {iputils}");
                    assert!(other.stdout.contains(&says), "{other:?}");
                }
            }
        },
    );
}

#[test]
fn a_router_s_word_is_said_in_the_line_of_its_probe_and_in_the_last_one_in_both_languages() {
    in_a_world(
        "routes::a_router_s_word_is_said_in_the_line_of_its_probe_and_in_the_last_one_in_both_languages",
        |_| {
            for (language, words) in [
                (
                    "en",
                    "time exceeded: more routers than its TTL allows, says 10.9.0.2",
                ),
                (
                    "es",
                    "tiempo excedido: más encaminadores de los que su TTL permite, dice 10.9.0.2",
                ),
            ] {
                let ran = sockeye(&["ping", "-c", "1", "--ttl", "1", FAR, "--lang", language]);
                assert_eq!(ran.code, Some(13), "{ran:?}");
                let line = ran.stdout.lines().next().unwrap();
                assert!(
                    line.starts_with("10.9.1.2    1") && line.ends_with(words),
                    "{ran:?}"
                );
                assert!(ran.last_line().ends_with(words), "{ran:?}");
            }
        },
    );
}

#[test]
fn a_datagram_and_a_connection_over_too_few_hops_are_told_alike() {
    in_a_world(
        "routes::a_datagram_and_a_connection_over_too_few_hops_are_told_alike",
        |_| {
            let udp = sockeye(&[
                "ping",
                "--json",
                "-c",
                "1",
                "--ttl",
                "1",
                &format!("udp://{FAR}:9"),
            ]);
            assert_eq!(objects(&udp)[0]["why"], "time-exceeded", "{udp:?}");
            assert_eq!(objects(&udp)[0]["from"], ROUTER, "{udp:?}");
            let tcp = ["ping", "--json", "-c", "1", "--ttl", "1"];
            let tcp = sockeye(&[&tcp[..], &[&format!("{FAR}:9")]].concat());
            // What TCP's socket is told is that there is no way, and not by whom.
            assert_eq!(objects(&tcp)[0]["outcome"], "failed", "{tcp:?}");
            assert!(tcp.stdout.contains("EHOSTUNREACH"), "{tcp:?}");
            assert_eq!(tcp.code, Some(13));
        },
    );
}

#[test]
fn every_second_packet_dropped_is_a_loss_of_half() {
    in_a_world(
        "routes::every_second_packet_dropped_is_a_loss_of_half",
        |world| {
            world.far.sh("nft add table ip t
             nft 'add chain ip t in { type filter hook input priority 0; }'
             nft add rule ip t in icmp type echo-request numgen inc mod 2 1 drop");
            for socket in SOCKETS {
                allow(socket);
                let words = ["ping", "-c", "10", "-i", "20ms", "--timeout", "1s", FAR];
                let ran = sockeye(&words);
                assert_eq!(ran.code, Some(0), "{ran:?}");
                let lost = ran
                    .stdout
                    .lines()
                    .filter(|line| line.ends_with("no answer within 1s"));
                assert_eq!(lost.count(), 5, "{ran:?}");
                let table: Vec<&str> = ran
                    .stdout
                    .lines()
                    .last()
                    .unwrap()
                    .split_whitespace()
                    .collect();
                assert_eq!(table[..4], [FAR, "10", "5", "50.0%"], "{ran:?}");
                let json = sockeye(&[&words[..], &["--json"]].concat());
                assert_eq!(objects(&json)[10]["lost"], 5, "{json:?}");
            }
        },
    );
}

#[test]
fn a_host_that_is_silent_is_13_beside_one_that_answers_and_the_table_has_both() {
    in_a_world(
        "routes::a_host_that_is_silent_is_13_beside_one_that_answers_and_the_table_has_both",
        |world| {
            world
                .far
                .sh("echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all");
            let words = [
                "ping",
                "-c",
                "2",
                "-i",
                "10ms",
                "--timeout",
                "1s",
                FAR6,
                FAR,
            ];
            let ran = sockeye(&words);
            assert_eq!(ran.code, Some(13), "{ran:?}");
            assert!(
                ran.stdout.contains("10.9.1.2      2         0  100%"),
                "{ran:?}"
            );
            assert!(
                ran.stdout.contains("fd09:1::2     2         2    0%"),
                "{ran:?}"
            );
            let said = "sockeye: 10.9.1.2: none of 2 answered; the last one: no answer within 1s";
            assert_eq!(ran.last_line(), said);
        },
    );
}

#[test]
fn a_signal_ends_it_with_the_table_and_several_targets_take_turns() {
    in_a_world(
        "routes::a_signal_ends_it_with_the_table_and_several_targets_take_turns",
        |_| {
            let mut tool = Tool::start(&["ping", "-c", "100000", "-i", "20ms", FAR, FAR6]);
            tool.stdout.wait_for("10.9.1.2     3");
            tool.stdout.wait_for("fd09:1::2    3");
            tool.signal(Signal::INT);
            let ran = tool.ran();
            assert_eq!(ran.code, Some(0), "{ran:?}");
            let numbers = |target: &str| -> Vec<u64> {
                let lines = ran.stdout.lines().filter(|line| line.contains("ttl"));
                let of = lines.filter(|line| line.starts_with(target));
                of.map(|line| line.split_whitespace().nth(1).unwrap().parse().unwrap())
                    .collect()
            };
            for target in [FAR, FAR6] {
                let numbers = numbers(target);
                let all: Vec<u64> = (1..=numbers.len() as u64).collect();
                assert_eq!(numbers, all, "{ran:?}");
            }
            assert!(
                numbers(FAR).len().abs_diff(numbers(FAR6).len()) <= 1,
                "{ran:?}"
            );
            assert!(ran.stdout.contains("TARGET"), "{ran:?}");
        },
    );
}

#[test]
fn the_calls_are_told_with_what_they_mean() {
    in_a_world("routes::the_calls_are_told_with_what_they_mean", |_| {
        for socket in SOCKETS {
            allow(socket);
            let ran = sockeye(&["ping", "-c", "1", "--explain", FAR]);
            for told in ["echo request id ", "echo reply id ", " seq 1, 56 B, ttl 63"] {
                assert!(ran.stderr.contains(told), "{told}: {ran:?}");
            }
            let ran = sockeye(&["ping", "-c", "1", "--ttl", "1", "--explain", FAR6]);
            let told = "time exceeded from fd09::2, about echo request id ";
            assert!(ran.stderr.contains(told), "{ran:?}");
            assert_eq!(ran.stderr.contains("EACCES"), socket == "raw", "{ran:?}");
        }
    });
}
