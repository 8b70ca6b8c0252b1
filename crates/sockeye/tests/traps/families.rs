//! IPv4 and IPv6: both are listened on, every address of a name is tried, and a zone is never lost.

use std::io::Write;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use crate::network::{VETH, in_own_network, with_hosts};
use crate::peers::{Scratch, accept, all, exactly, tcp};
use crate::tool::{Tool, skipped};

fn echoes(address: &str) {
    let mut client = tcp(address);
    client.write_all(b"hola").unwrap();
    assert_eq!(exactly(&mut client, 4), b"hola", "{address}");
}

#[test]
fn trap_26_a_listener_serves_both_families_and_prints_each() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        skipped("no ::1 here");
        return;
    }
    for (typed, hosts) in [
        (":0", &["127.0.0.1", "[::1]"][..]),
        ("any:0", &["127.0.0.1", "[::1]", "127.0.0.2"]),
    ] {
        let (tool, said) = Tool::serve(&["relay", typed, "exec:cat"]);
        let ports: Vec<u16> = said
            .iter()
            .map(|said| said.parse::<SocketAddr>().unwrap().port())
            .collect();
        assert!(ports.iter().all(|port| *port == ports[0]), "{said:?}");
        for host in hosts {
            echoes(&format!("{host}:{}", ports[0]));
        }
        let ran = tool.stop();
        assert_eq!(ran.code, Some(0), "{ran:?}");
        for address in said {
            assert!(ran.stderr.contains(&address), "{address}: {}", ran.stderr);
        }
    }
}

#[test]
fn trap_26_a_server_on_one_family_only_is_found() {
    for host in ["127.0.0.1", "::1"] {
        let Ok(listener) = TcpListener::bind((host, 0)) else {
            skipped("no ::1 here");
            return;
        };
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || all(&mut accept(&listener)));
        let ran = Tool::start(&["connect", &format!(":{port}"), "--send", "x"]).end();
        assert_eq!(ran.code, Some(0), "{host}: {ran:?}");
        assert_eq!(server.join().unwrap(), b"x\n");
    }
}

/// A network in which these addresses swallow everything.
const BLACK_HOLES: &[&str] = &[
    "link add left type veth peer name right",
    "link set left addrgenmode none",
    "link set right addrgenmode none",
    "link set left up",
    "link set right up",
    "-6 addr add fd00:dead::99/64 dev left nodad",
    "-6 neigh add fd00:dead::1 lladdr 02:00:00:00:00:01 dev left",
    "-6 neigh add fd00:dead::2 lladdr 02:00:00:00:00:02 dev left",
];

#[test]
fn trap_26_a_dead_address_of_a_name_costs_little_and_the_deadline_is_one_for_all() {
    in_own_network(
        "families::trap_26_a_dead_address_of_a_name_costs_little_and_the_deadline_is_one_for_all",
        BLACK_HOLES,
        || {
            let scratch = Scratch::new();
            let hosts = "fd00:dead::1 twoface.test dead.test\n127.0.0.1 twoface.test\nfd00:dead::2 dead.test\n";
            std::fs::write(scratch.path("hosts"), hosts).unwrap();
            with_hosts(&scratch.text("hosts"));
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let server = thread::spawn(move || all(&mut accept(&listener)));
            let began = Instant::now();
            let ran =
                Tool::start(&["connect", &format!("twoface.test:{port}"), "--send", "x"]).end();
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert_eq!(server.join().unwrap(), b"x\n");
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "{:?}",
                began.elapsed()
            );

            let began = Instant::now();
            let ran = Tool::start(&["connect", "dead.test:7", "--timeout", "3s"]).end();
            assert_eq!(ran.code, Some(13), "{ran:?}");
            let took = began.elapsed();
            assert!(
                took >= Duration::from_secs(3) && took < Duration::from_millis(5_900),
                "{took:?}"
            );
        },
    );
}

#[test]
fn trap_26_a_name_with_sixteen_addresses_leads_to_the_one_that_answers() {
    in_own_network(
        "families::trap_26_a_name_with_sixteen_addresses_leads_to_the_one_that_answers",
        &[],
        || {
            let scratch = Scratch::new();
            let hosts: String = (1..=16)
                .map(|last| format!("127.0.0.{last} many.test\n"))
                .collect();
            std::fs::write(scratch.path("hosts"), hosts).unwrap();
            with_hosts(&scratch.text("hosts"));
            let listener = TcpListener::bind("127.0.0.16:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let server = thread::spawn(move || all(&mut accept(&listener)));
            let ran = Tool::start(&["connect", &format!("many.test:{port}"), "--send", "x"]).end();
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert_eq!(server.join().unwrap(), b"x\n");
        },
    );
}

#[test]
fn trap_27_a_zone_is_taken_by_name_or_number_and_kept_in_what_is_said() {
    in_own_network(
        "families::trap_27_a_zone_is_taken_by_name_or_number_and_kept_in_what_is_said",
        VETH,
        || {
            let scratch = Scratch::new();
            let number = std::fs::read_to_string("/sys/class/net/right/ifindex");
            // sysfs may show the interfaces of another network: then the number is asked of the tool itself.
            let (_tool, said) = Tool::serve_one(&["relay", "[fe80::2%right]:0", "exec:cat"]);
            let (host, port) = said.rsplit_once(':').unwrap();
            let zone = host.trim_end_matches(']').rsplit_once('%').unwrap().1;
            assert!(
                zone == "right" || zone.parse::<u32>().is_ok(),
                "{said} {number:?}"
            );
            let record = scratch.text("record");
            for host in ["[fe80::2%right]", host] {
                let ran = Tool::start(&[
                    "connect",
                    "-v",
                    &format!("{host}:{port}"),
                    "--send",
                    "x",
                    "--record",
                    &record,
                ])
                .end();
                assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "x\n"), "{ran:?}");
                assert!(ran.stderr.contains("fe80::2%"), "{ran:?}");
                let record = std::fs::read_to_string(&record).unwrap();
                assert!(record.contains("\"peer\":\"[fe80::2%"), "{record}");
            }
        },
    );
}

#[test]
fn trap_27_a_missing_zone_is_said_with_the_interfaces_there_are() {
    in_own_network(
        "families::trap_27_a_missing_zone_is_said_with_the_interfaces_there_are",
        VETH,
        || {
            for command in ["connect", "listen"] {
                let ran = Tool::start(&[command, "[fe80::2]:7007"]).end();
                assert!(ran.code != Some(0), "{ran:?}");
                let line = ran.last_line();
                assert!(
                    line.contains("left") && line.contains("right") && line.contains('%'),
                    "{line}"
                );
            }
        },
    );
}
