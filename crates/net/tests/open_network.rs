//! What needs a network of its own: zones, multicast, no route, no IPv6. Each test makes a network namespace.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod open_scene;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use open_scene::{Kept, Knows, address, in_loop, quiet, silent};
use sockeye_model::{Address, Call, Errno, SocketAddress, SocketOption};
use sockeye_net::{AsyncSocket, Dialing, Listening, OpenError, Reach, Received, dial, listen};

/// Runs `test` in a process with its own network: `lo` up, and the commands of ip(8) done.
fn in_own_network(name: &str, setup: &[&str], test: impl FnOnce()) {
    const CHILD: &str = "SOCKEYE_TEST_NETWORK";
    if std::env::var_os(CHILD).is_some() {
        ip("link set lo up");
        for command in setup {
            ip(command);
        }
        wait_for_links(setup);
        test();
        return;
    }
    let own_user = ["--user", "--map-root-user"];
    let variants: [&[&str]; 2] = [&["--net"], &["--net", own_user[0], own_user[1]]];
    let works = |arguments: &&&[&str]| {
        let tried = Command::new("unshare")
            .args(**arguments)
            .args(["ip", "link", "set", "lo", "up"])
            .output();
        tried.is_ok_and(|output| output.status.success())
    };
    let Some(arguments) = variants.iter().find(works) else {
        println!("skipped: no network namespace can be made here with unshare(1) and ip(8)");
        assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none());
        return;
    };
    let child = Command::new("unshare")
        .args(*arguments)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{output}{errors}");
    assert!(output.contains("1 passed"), "{output}{errors}");
}

fn ip(command: &str) {
    let done = Command::new("ip")
        .args(command.split(' '))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "ip {command}: {errors}");
}

/// A new link carries nothing until the kernel has noticed, some moments later, that its other end is up; only then
/// does a new IPv6 address of it get the route by which this machine finds itself.
fn wait_for_links(setup: &[&str]) {
    let wanted: Vec<_> = setup
        .iter()
        .filter_map(|command| command.strip_prefix("-6 addr add ")?.split('/').next())
        .map(|address| format!("local {address} "))
        .collect();
    for _ in 0..1_000 {
        let links = shown(&["-o", "link", "show", "up"]);
        let routes = shown(&["-6", "route", "show", "table", "local"]);
        let up = !links.contains("DOWN") && !links.contains("NO-CARRIER");
        if up && wanted.iter().all(|route| routes.contains(route)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("a link stays down");
}

fn shown(arguments: &[&str]) -> String {
    let output = Command::new("ip").args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Two interfaces that are joined, each with a link-local address that is valid at once.
const VETH: &[&str] = &[
    "link add left type veth peer name right",
    "link set left addrgenmode none",
    "link set right addrgenmode none",
    "link set left up",
    "link set right up",
    "-6 addr add fe80::1/64 dev left nodad",
    "-6 addr add fe80::2/64 dev right nodad",
];

#[test]
fn a_link_local_address_is_served_and_reached_with_its_zone_by_name_or_number() {
    in_own_network(
        "a_link_local_address_is_served_and_reached_with_its_zone_by_name_or_number",
        VETH,
        || {
            in_loop(async {
                let listener = listen(&address("[fe80::2%right]:0"), &silent())
                    .await
                    .unwrap();
                assert_eq!(listener.reach(), Reach::TheseAddresses);
                let local = listener.local_addresses()[0].inet().unwrap();
                let number = sockeye_local::interface_index("right").unwrap();
                assert_eq!(
                    local.to_string(),
                    format!("[fe80::2%{number}]:{}", local.port())
                );
                for host in ["[fe80::2%right]".to_owned(), format!("[fe80::2%{number}]")] {
                    for options in ["", "#bind=[fe80::2%right]"] {
                        let target = address(&format!("{host}:{}{options}", local.port()));
                        let client = dial(&target, &quiet()).await.unwrap();
                        let (_, peer) = listener.accept().await.unwrap();
                        assert_eq!(peer, client.socket.local_address().unwrap());
                    }
                }
                // interface= can stand for the zone.
                let target = address(&format!("[fe80::2]:{}#interface=right", local.port()));
                dial(&target, &quiet()).await.unwrap();
            });
        },
    );
}

#[test]
fn a_link_local_address_without_a_zone_names_the_interfaces_it_may_mean() {
    in_own_network(
        "a_link_local_address_without_a_zone_names_the_interfaces_it_may_mean",
        VETH,
        || {
            in_loop(async {
                for text in [
                    "tcp://[fe80::2]:1",
                    "udp://[fe80::2]:1",
                    "udp://[ff02::1]:1",
                ] {
                    let mut results = vec![dial(&address(text), &quiet()).await.map(drop)];
                    results.push(listen(&address(text), &silent()).await.map(drop));
                    for result in results {
                        let error = result.unwrap_err();
                        let OpenError::NoZone { candidates, .. } = &error else {
                            panic!("{error}")
                        };
                        let mut candidates = candidates.clone();
                        candidates.sort();
                        assert_eq!(candidates, ["left", "right"]);
                        assert!(
                            error.to_string().contains("%right]")
                                || error.to_string().contains("%left]")
                        );
                        assert_eq!(error.cause(), None);
                    }
                }
                for text in [
                    "[fe80::2%nope]:1",
                    "[fe80::2%4711]:1",
                    "udp://127.0.0.1:1#interface=nope",
                ] {
                    let error = dial(&address(text), &quiet()).await.unwrap_err();
                    let OpenError::UnknownInterface { known, .. } = &error else {
                        panic!("{error}")
                    };
                    assert!(known.contains(&"lo".to_owned()) && known.contains(&"left".to_owned()));
                }
            });
        },
    );
}

#[test]
fn interface_keeps_a_listener_to_one_interface() {
    let setup = [
        "link add other type veth peer name far",
        "link set other up",
        "link set far up",
        "addr add 192.0.2.7/24 dev other",
    ];
    in_own_network(
        "interface_keeps_a_listener_to_one_interface",
        &setup,
        || {
            in_loop(async {
                // Traffic of this machine to itself comes in on lo.
                let (kept, tap, viewer) = Kept::start();
                let other = listen(
                    &address("0.0.0.0:0#interface=other"),
                    &Listening::new(tap.clone()),
                )
                .await
                .unwrap();
                let port = other.local_addresses()[0].port().unwrap();
                let refused = dial(&address(&format!("127.0.0.1:{port}")), &quiet())
                    .await
                    .unwrap_err();
                assert_eq!(refused.cause(), Some((Call::Connect, Errno::ECONNREFUSED)));
                let _lo = listen(&address(&format!("0.0.0.0:{port}#interface=lo")), &silent())
                    .await
                    .unwrap();
                dial(&address(&format!("127.0.0.1:{port}")), &quiet())
                    .await
                    .unwrap();
                drop((other, tap));
                assert!(kept.story(viewer).contains("SO_BINDTODEVICE=other"));
            });
        },
    );
}

#[test]
fn a_group_is_joined_by_its_listener_and_answers_reach_the_sender() {
    let mut setup = VETH.to_vec();
    setup.extend([
        "link set lo multicast on",
        "addr add 192.0.2.2/24 dev right",
        "route add 224.0.0.0/4 dev right",
    ]);
    in_own_network(
        "a_group_is_joined_by_its_listener_and_answers_reach_the_sender",
        &setup,
        || {
            in_loop(async {
                for group in [
                    "239.1.2.3:PORT#interface=lo",
                    "239.1.2.3:PORT",
                    "[ff02::7%right]:PORT",
                    "[ff05::7]:PORT#interface=right",
                ] {
                    let text = format!("udp://{group}");
                    let listener = listen(&address(&text.replace("PORT", "0")), &silent())
                        .await
                        .unwrap_or_else(|error| panic!("{group}: {error}"));
                    assert_eq!(listener.reach(), Reach::TheseAddresses);
                    let port = listener.local_addresses()[0].port().unwrap();
                    let target = address(&text.replace("PORT", &port.to_string()));
                    assert_conversation(&listener.sockets()[0], &target).await;
                }
            });
        },
    );
}

async fn assert_conversation(server: &AsyncSocket, group: &Address) {
    let client = dial(group, &quiet()).await.unwrap();
    let towards = client.towards.clone().unwrap();
    client.socket.send_to(b"who?", &towards).await.unwrap();
    let mut buffer = [0; 16];
    let (_, peer) = within(server.recv_from(&mut buffer)).await.unwrap();
    assert_eq!(&buffer[..4], b"who?");
    assert!(!peer.is_unspecified(), "nobody can answer {peer}");
    server.send_to(b"me", &peer).await.unwrap();
    // The answer comes from the server's own address, which is not the group's.
    let (received, from) = within(client.socket.recv_from(&mut buffer)).await.unwrap();
    assert!(matches!(received, Received::Data { len: 2, .. }));
    assert_ne!(from, towards);
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), future)
        .await
        .unwrap()
}

#[test]
fn joining_a_group_is_told_with_the_interface() {
    in_own_network(
        "joining_a_group_is_told_with_the_interface",
        &["link set lo multicast on"],
        || {
            let (kept, tap, viewer) = Kept::start();
            in_loop(async {
                let target = address("udp://239.1.2.3:0#interface=lo,multicast-ttl=3");
                listen(&target, &Listening::new(tap.clone())).await.unwrap();
                // No route leads to the group, so nobody can say which interface is meant.
                let error = listen(&address("udp://239.1.2.3:0"), &Listening::new(tap.clone()))
                    .await
                    .unwrap_err();
                assert_eq!(error.cause(), Some((Call::SetSockOpt, Errno::ENODEV)));
            });
            drop(tap);
            assert_eq!(
                kept.story(viewer),
                "#1 socket, #1 IP_MULTICAST_IF=lo, #1 IP_MULTICAST_TTL=3, #1 bound(239.1.2.3), \
                 #1 IP_ADD_MEMBERSHIP=239.1.2.3 lo, #1 closed, #2 socket, #2 bound(239.1.2.3), \
                 #2 failed(setsockopt,ENODEV), #2 closed"
            );
        },
    );
}

#[test]
fn two_programs_listen_to_one_group_with_reuseaddr() {
    in_own_network(
        "two_programs_listen_to_one_group_with_reuseaddr",
        &["link set lo multicast on"],
        || {
            in_loop(async {
                let text = "udp://239.1.2.3:5000#interface=lo,reuseaddr";
                let first = listen(&address(text), &silent()).await.unwrap();
                let second = listen(&address(text), &silent()).await.unwrap();
                let sender = dial(&address("udp://239.1.2.3:5000#interface=lo"), &quiet())
                    .await
                    .unwrap();
                let towards = sender.towards.clone().unwrap();
                sender.socket.send_to(b"all", &towards).await.unwrap();
                for listener in [&first, &second] {
                    let mut buffer = [0; 16];
                    let (_, from) = within(listener.sockets()[0].recv_from(&mut buffer))
                        .await
                        .unwrap();
                    assert_eq!(from.port(), sender.socket.local_address().unwrap().port());
                }
                let busy = listen(&address("udp://239.1.2.3:5000#interface=lo"), &silent())
                    .await
                    .unwrap_err();
                assert_eq!(busy.cause(), Some((Call::Bind, Errno::EADDRINUSE)));
            });
        },
    );
}

#[test]
fn udp_takes_the_first_address_that_has_a_route() {
    in_own_network("udp_takes_the_first_address_that_has_a_route", &[], || {
        let (kept, tap, viewer) = Kept::start();
        in_loop(async {
            let how = Knows::dialing(&["192.0.2.1", "2001:db8::1", "127.0.0.1"], tap.clone());
            let client = dial(&address("udp://name.example:9"), &how).await.unwrap();
            let peer: SocketAddress = "127.0.0.1:9".parse().unwrap();
            assert_eq!(client.socket.peer_address().unwrap(), peer);
        });
        assert_eq!(
            kept.story(viewer),
            "#0 name.example=192.0.2.1+2001:db8::1+127.0.0.1, \
             #1 socket, #1 connecting(192.0.2.1), #1 failed(connect,ENETUNREACH), #1 closed, \
             #2 socket, #2 connecting(2001:db8::1), #2 failed(connect,ENETUNREACH), #2 closed, \
             #3 socket, #3 connecting(127.0.0.1), #3 connected(127.0.0.1), #3 closed"
        );
    });
}

#[test]
fn an_address_without_a_route_does_not_hide_that_the_other_refused() {
    in_own_network(
        "an_address_without_a_route_does_not_hide_that_the_other_refused",
        &[],
        || {
            in_loop(async {
                let target = address("tcp://name.example:1");
                let how = |known: &[&str]| Dialing {
                    resolver: Arc::new(Knows(known.iter().map(|ip| ip.parse().unwrap()).collect())),
                    ..quiet()
                };
                let both = how(&["2001:db8::1", "127.0.0.1"]);
                let error = dial(&target, &both).await.unwrap_err();
                assert_eq!(error.cause(), Some((Call::Connect, Errno::ECONNREFUSED)));
                let neither = how(&["2001:db8::1", "192.0.2.1"]);
                let error = dial(&target, &neither).await.unwrap_err();
                assert_eq!(error.cause(), Some((Call::Connect, Errno::ENETUNREACH)));
            });
        },
    );
}

#[test]
fn a_machine_without_ipv6_listens_on_ipv4_alone_and_says_so() {
    in_own_network(
        "a_machine_without_ipv6_listens_on_ipv4_alone_and_says_so",
        &["-6 addr flush dev lo"],
        || {
            in_loop(async {
                for (text, family) in [(":0", "127.0.0.1"), ("udp://:0", "127.0.0.1")] {
                    let listener = listen(&address(text), &silent()).await.unwrap();
                    let [only] = listener.local_addresses() else {
                        panic!("{listener:?}")
                    };
                    assert_eq!(only.inet().unwrap().ip().to_string(), family);
                    let [missing] = listener.left_out() else {
                        panic!("{listener:?}")
                    };
                    assert_eq!(missing.errno(), Errno::EADDRNOTAVAIL);
                    assert!(missing.to_string().starts_with("bind to [::1]:"));
                    let target = only.to_string();
                    if text == ":0" {
                        dial(&address(&target), &quiet()).await.unwrap();
                    }
                }
                let error = listen(&address("[::1]:0"), &silent()).await.unwrap_err();
                assert_eq!(error.cause(), Some((Call::Bind, Errno::EADDRNOTAVAIL)));
            });
        },
    );
}

#[test]
fn mark_is_set_where_one_may() {
    in_own_network("mark_is_set_where_one_may", &[], || {
        in_loop(async {
            let listener = listen(&address("127.0.0.1:0#mark=0x2a"), &silent())
                .await
                .unwrap();
            let mark = SocketOption::Mark(0x2a);
            let found = listener.sockets()[0].option(mark.name()).unwrap();
            assert_eq!(found, Some(mark));
        });
    });
}

#[test]
fn a_chosen_port_that_the_other_family_has_taken_is_given_up_for_another() {
    in_own_network(
        "a_chosen_port_that_the_other_family_has_taken_is_given_up_for_another",
        &[],
        || {
            std::fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40003").unwrap();
            in_loop(async {
                // Whichever the system prefers for IPv4, at first it is taken for IPv6.
                let mut taken = Vec::new();
                for port in [40001, 40003, 40000] {
                    let text = format!("[::1]:{port}");
                    taken.push(listen(&address(&text), &silent()).await.unwrap());
                }
                let listener = listen(&address(":0"), &silent()).await.unwrap();
                let ports: Vec<_> = listener
                    .local_addresses()
                    .iter()
                    .map(|local| local.port().unwrap())
                    .collect();
                assert_eq!(ports, [40002, 40002]);
                let error = listen(&address(":0"), &silent()).await.unwrap_err();
                assert_eq!(error.cause(), Some((Call::Bind, Errno::EADDRINUSE)));
            });
        },
    );
}
