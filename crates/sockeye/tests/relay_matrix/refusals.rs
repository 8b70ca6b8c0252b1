//! Every scheme with every other: what can be joined has a plan, and what can't is told what to add or to leave away.

use std::net::UdpSocket;
use std::time::Duration;

use sockeye::{Carries, SCHEMES, SchemeRow};

use crate::ran::{Ran, sockeye};
use crate::tool::Tool;

fn plan(flags: &[&str], from: &SchemeRow, to: &SchemeRow) -> Ran {
    let arguments = [&["relay", "--dry-run"], flags, &[from.example, to.example]].concat();
    sockeye(&arguments)
}

#[test]
fn every_pair_of_schemes_has_a_plan_or_is_told_what_it_lacks() {
    let mut seen = [0; 4];
    for from in SCHEMES {
        for to in SCHEMES {
            let pair = format!("{} {}", from.name, to.name);
            let (bare, framed) = (plan(&[], from, to), plan(&["--frame", "len32"], from, to));
            let itself = from.name == to.name && !from.scheme.is_socket();
            if itself {
                seen[0] += 1;
                assert_eq!(bare.code, Some(2), "{pair}: {bare:?}");
                assert!(
                    bare.stderr.contains("both ends of a relay"),
                    "{pair}: {bare:?}"
                );
            } else if from.carries != to.carries {
                seen[1] += 1;
                assert_eq!(bare.code, Some(2), "{pair}: {bare:?}");
                let said = bare.last_line();
                assert!(
                    said.contains("--frame") && said.contains("delim:HEX"),
                    "{pair}: {said}"
                );
                assert!(
                    said.contains(from.name) && said.contains(to.name),
                    "{pair}: {said}"
                );
                assert_eq!(framed.code, Some(0), "{pair}: {framed:?}");
                assert!(
                    framed.stdout.contains("as --frame says"),
                    "{pair}: {framed:?}"
                );
            } else {
                seen[2] += 1;
                assert_eq!(bare.code, Some(0), "{pair}: {bare:?}");
                let streams = from.carries == Carries::Stream;
                let how = bare.stdout.lines().last().unwrap();
                assert_eq!(how.starts_with("plan bytes are"), streams, "{pair}: {how}");
                let layered = from.scheme.is_layered() || to.scheme.is_layered();
                assert_eq!(
                    how.contains("spliced"),
                    streams && !layered,
                    "{pair}: {how}"
                );
                // A frame between two of a kind has nothing to mark.
                seen[3] += 1;
                assert_eq!(framed.code, Some(2), "{pair}: {framed:?}");
                assert!(
                    framed.last_line().contains("leave it away"),
                    "{pair}: {framed:?}"
                );
            }
            let first = bare.stdout.lines().next().unwrap_or_default();
            if bare.code == Some(0) {
                assert_eq!(
                    first.contains("listens"),
                    from.can_listen,
                    "{pair}: {first}"
                );
            }
        }
    }
    // stdio, file, exec and fd; 7 schemes of streams and 7 of messages.
    assert_eq!(seen, [4, 98, 94, 94]);
}

#[test]
fn messages_go_to_icmp_and_come_back_as_its_echoes() {
    let ping = sockeye(&["relay", "--frame", "line", "exec:true", "icmp://127.0.0.1"]);
    if ping.stderr.contains("EACCES") || ping.stderr.contains("EPERM") {
        return crate::tool::skipped("ICMP sockets need CAP_NET_RAW or net.ipv4.ping_group_range");
    }
    let (relay, at) = Tool::serve_one(&["relay", "udp://127.0.0.1:0", "icmp://127.0.0.1"]);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    client.connect(&at).unwrap();
    for message in [&b"hola"[..], b"", &[0xff; 1_400]] {
        client.send(message).unwrap();
        let mut heard = [0; 2_000];
        let len = client.recv(&mut heard).unwrap();
        assert_eq!(&heard[..len], message);
    }
    assert_eq!(relay.stop().code, Some(0));
}
