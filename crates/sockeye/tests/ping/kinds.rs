//! What is asked in other ways than by ICMP: connections and datagrams, and names that are none.

use std::net::UdpSocket;

use crate::closed_port::ClosedPort;
use crate::network::in_own_network;
use crate::ran::sockeye;
use crate::routes::objects;
use crate::tool::Tool;

#[test]
fn a_tcp_connect_is_timed_and_the_server_sees_each_end_at_once() {
    let (server, address) = Tool::serve_one(&["serve", "echo=127.0.0.1:0"]);
    let ran = sockeye(&["ping", "--json", "-c", "3", "-i", "10ms", &address]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = objects(&ran);
    for probe in &told[..3] {
        assert_eq!(probe["reply"], "connected");
        assert!(
            address.ends_with(probe["from"].as_str().unwrap()),
            "{ran:?}"
        );
    }
    assert_eq!(told[3]["by"], "tcp");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_port_that_nobody_listens_on_refuses_and_never_answered_is_13() {
    let closed = ClosedPort::new();
    let address = closed.at().to_string();
    let ran = sockeye(&["ping", "-c", "2", "-i", "10ms", &address]);
    assert_eq!(ran.code, Some(13), "{ran:?}");
    let says = format!("refused by {address}: the host is there, the port is closed");
    assert_eq!(ran.stdout.matches(&says).count(), 2, "{ran:?}");
    assert!(
        ran.stdout.contains(&format!("{address}: 2 refused")),
        "{ran:?}"
    );
    assert!(ran.last_line().ends_with(&says), "{ran:?}");
}

#[test]
fn a_datagram_is_answered_by_another_or_by_port_unreachable_and_silence_tells_nothing() {
    let (server, from) = Tool::serve_one(&["serve", "echo=udp://127.0.0.1:0"]);
    let address = format!("udp://{from}");
    let ran = sockeye(&["ping", "-c", "2", "-i", "10ms", &address, "--data", "hola"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        ran.stdout.matches(&format!("4 B from {from}")).count(),
        2,
        "{ran:?}"
    );
    assert!(!ran.stderr.contains("UDP cannot tell"), "{ran:?}");
    server.stop();

    let closed = ClosedPort::new();
    let address = format!("udp://{}", closed.at());
    let ran = sockeye(&["ping", "--json", "-c", "1", &address]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(objects(&ran)[0]["reply"], "port-unreachable", "{ran:?}");

    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = format!("udp://{}", silent.local_addr().unwrap());
    let words = [
        "ping",
        "-c",
        "2",
        "-i",
        "10ms",
        "--timeout",
        "100ms",
        "--data",
        "x",
    ];
    let ran = sockeye(&[&words[..], &[&address]].concat());
    assert_eq!(ran.code, Some(13), "{ran:?}");
    assert!(
        ran.stderr.contains("UDP cannot tell silence from loss"),
        "{ran:?}"
    );
    let mut buffer = [0; 16];
    let (len, first) = silent.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"x", "nothing is sent but what was given");
    let (_, second) = silent.recv_from(&mut buffer).unwrap();
    assert_ne!(first, second, "each probe has a port of its own");
}

#[test]
fn a_unix_socket_is_asked_by_connecting() {
    let folder = crate::world::Folder::new("unix");
    let path = folder.path("socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let ran = sockeye(&["ping", "-c", "2", "-i", "10ms", &format!("unix:{path}")]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    drop(listener);
    let ran = sockeye(&["ping", "-c", "1", &format!("unix:{path}")]);
    assert_eq!(ran.code, Some(13), "{ran:?}");
    assert!(ran.stdout.contains("refused"), "{ran:?}");
}

#[test]
fn a_websocket_is_asked_by_its_pings_on_one_connection_and_tls_by_its_handshakes() {
    let words = ["serve", "echo=ws://127.0.0.1:0", "echo=tls://127.0.0.1:0"];
    let (server, addresses) = Tool::serve(&words);
    let ws = format!("ws://{}", addresses[0]);
    let tls = format!("tls://{}", addresses[1]);
    let words = [
        "ping",
        "--json",
        "-c",
        "3",
        "-i",
        "10ms",
        "--insecure",
        &ws,
        &tls,
    ];
    let ran = sockeye(&words);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = objects(&ran);
    let replies = |target: &str| -> Vec<Option<&str>> {
        let of = told.iter().filter(|object| object["target"] == target);
        of.map(|object| object["reply"].as_str()).collect()
    };
    assert_eq!(
        replies(&ws),
        [Some("pong"), Some("pong"), Some("pong"), None],
        "{ran:?}"
    );
    assert_eq!(replies(&tls)[..3], [Some("connected"); 3], "{ran:?}");

    let ran = sockeye(&["ping", "-c", "2", "-i", "10ms", "--explain", &ws]);
    assert_eq!(ran.stderr.matches("ping of 8 bytes").count(), 2, "{ran:?}");
    assert_eq!(ran.stderr.matches("101 Switching").count(), 1, "{ran:?}");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_websocket_that_ends_while_it_is_asked_is_said_and_one_that_is_not_there_is_11() {
    let (server, address) = Tool::serve_one(&["serve", "--drain", "0", "echo=ws://127.0.0.1:0"]);
    let ws = format!("ws://{address}");
    let mut tool = Tool::start(&["ping", "-c", "1000", "-i", "20ms", "--timeout", "5s", &ws]);
    tool.stdout.wait_for("  3    ");
    server.stop();
    let ran = tool.ran();
    assert!(
        ran.code.is_some_and(|code| code != 0 && code != 13),
        "{ran:?}"
    );
    assert!(ran.last_line().contains(&ws), "{ran:?}");
    assert!(ran.stdout.contains("TARGET"), "{ran:?}");
    let closed = ClosedPort::new();
    let ws = format!("ws://{}", closed.at());
    let ran = sockeye(&["ping", "-c", "1", &ws]);
    assert_eq!(ran.code, Some(11), "{ran:?}");
}

#[test]
fn of_several_reasons_the_one_that_tells_more_than_silence_has_the_code_and_the_last_line() {
    let closed = ClosedPort::new();
    let tcp = closed.at().to_string();
    let ws = format!("ws://{tcp}");
    for targets in [[&tcp, &ws], [&ws, &tcp]] {
        let ran = sockeye(&["ping", "-c", "1", targets[0], targets[1]]);
        assert_eq!(ran.code, Some(11), "{ran:?}");
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(lines.len(), 2, "{ran:?}");
        assert!(
            lines[0].contains(&format!("{tcp}: none of 1 answered")),
            "{ran:?}"
        );
        assert!(
            lines[1].starts_with(&format!("sockeye: connect to {ws}: ECONNREFUSED")),
            "{ran:?}"
        );
    }
}

#[test]
fn a_name_that_is_none_is_10_and_the_others_are_asked_all_the_same() {
    in_own_network(
        "kinds::a_name_that_is_none_is_10_and_the_others_are_asked_all_the_same",
        &[],
        || {
            let words = ["ping", "--json", "-c", "1", "nowhere.invalid", "127.0.0.1"];
            let ran = sockeye(&words);
            // Without a name server nobody can say whether there is such a name.
            assert!(matches!(ran.code, Some(10 | 13)), "{ran:?}");
            assert!(
                ran.last_line()
                    .starts_with("sockeye: look up nowhere.invalid: "),
                "{ran:?}"
            );
            let told = objects(&ran);
            assert_eq!(told[0]["outcome"], "answered", "{ran:?}");
            assert!(
                told[1]["error"]
                    .as_str()
                    .unwrap()
                    .contains("nowhere.invalid"),
                "{ran:?}"
            );
            let ran = sockeye(&["ping", "-c", "1", "-6", "127.0.0.1.example.invalid"]);
            assert!(matches!(ran.code, Some(10 | 13)), "{ran:?}");
        },
    );
}

#[test]
fn a_pipe_that_nobody_reads_ends_it_quietly() {
    let ran = crate::ran::shell("\"$sockeye\" ping -c 100 -i 10ms 127.0.0.1:9 | head -n 1");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    assert_eq!(ran.stderr, "", "{ran:?}");
}
