//! The answer as JSON, as docs/who.md has it.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;

use serde_json::Value;

use crate::machine::{Other, alone, connected};
use crate::ran::sockeye;

/// The answer to `who` with these arguments and `--json`, which has found something.
pub(crate) fn asked(arguments: &[&str]) -> Value {
    let ran = sockeye(&[&["who", "--json"], arguments].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(ran.stdout.lines().count(), 1);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The sockets of an answer.
pub(crate) fn sockets(answer: &Value) -> &[Value] {
    assert_eq!(answer["version"], 1);
    assert_eq!(answer["source"], "netlink");
    answer["sockets"].as_array().unwrap()
}

/// The socket of the answer with this protocol and address.
pub(crate) fn socket<'a>(answer: &'a Value, protocol: &str, address: SocketAddr) -> &'a Value {
    let text = address.to_string();
    let mut all = sockets(answer).iter();
    all.find(|socket| socket["protocol"] == protocol && socket["address"] == text)
        .unwrap_or_else(|| panic!("no {protocol} {address} in {answer}"))
}

#[test]
fn a_listener_has_every_field_of_the_page() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let other = Other::with(listener);
    let answer = asked(&[&address.port().to_string()]);
    let found = socket(&answer, "tcp", address);
    for (field, value) in [
        ("state", Value::from("LISTEN")),
        ("ip", "127.0.0.1".into()),
        ("port", address.port().into()),
        ("bound_to", "loopback".into()),
        ("receive_queue", 0.into()),
        ("owner", "known".into()),
    ] {
        assert_eq!(found[field], value, "{field}: {found}");
    }
    assert!(found["send_queue"].as_u64() > Some(0) && found["inode"].as_u64() > Some(0));
    let processes = found["processes"].as_array().unwrap();
    assert_eq!(processes.len(), 1, "{found}");
    let process = &processes[0];
    assert_eq!(process["pid"], other.pid());
    assert_eq!(process["name"], "sleep");
    assert_eq!(process["command"], serde_json::json!(["sleep", "600"]));
    assert_eq!(process["descriptors"], serde_json::json!([0]));
    assert_eq!(process["user_id"], found["user_id"]);
    assert_eq!(process["user"], found["user"]);
    assert!(process["age_s"].as_u64() < Some(600), "{process}");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(
        process["started"].as_u64().unwrap().abs_diff(now) < 600,
        "{process}"
    );
    for absent in [
        "peer",
        "v6_only",
        "round_trip_us",
        "rests_ms",
        "other_end",
        "not_accepted",
    ] {
        assert!(found.get(absent).is_none(), "{absent}: {found}");
    }
}

#[test]
fn both_ends_of_a_connection_here_name_each_other() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (client, server) = connected(&listener);
    let (from, to) = (client.local_addr().unwrap(), server.local_addr().unwrap());
    let other = Other::with(client);
    let answer = asked(&["--connections", &to.port().to_string()]);
    let here = socket(&answer, "tcp", to);
    assert_eq!(here["state"], "ESTABLISHED");
    assert_eq!(here["peer"], from.to_string());
    assert_eq!(here["other_end"]["processes"][0]["pid"], other.pid());
    let there = socket(&answer, "tcp", from);
    assert_eq!(there["processes"][0]["pid"], other.pid());
    assert_eq!(
        there["other_end"]["processes"][0]["pid"],
        std::process::id()
    );
    assert!(
        there["round_trip_us"].as_u64().unwrap() < 1_000_000,
        "{there}"
    );
    assert_eq!(there["retransmitted"], 0);
}

#[test]
fn udp_and_unix_sockets_are_told_with_what_they_have() {
    let _alone = alone();
    let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
    let address = udp.local_addr().unwrap();
    let path = std::env::temp_dir().join(format!("sockeye-who-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let unix = UnixListener::bind(&path).unwrap();
    let answer = asked(&["--udp", "--unix"]);
    let found = socket(&answer, "udp", address);
    assert_eq!(
        (&found["state"], &found["bound_to"]),
        (&"BOUND".into(), &"every-ipv4".into())
    );
    assert_eq!(found["drops"], 0);
    let text = path.to_str().unwrap();
    let ours = |socket: &&Value| socket["path"] == text;
    let found = sockets(&answer).iter().find(ours).unwrap();
    assert_eq!(
        (&found["protocol"], &found["state"]),
        (&"unix".into(), &"LISTEN".into())
    );
    assert_eq!(found["processes"][0]["pid"], std::process::id());
    let named = asked(&[&format!("unix:{text}")]);
    assert_eq!(sockets(&named)[0]["inode"], found["inode"]);
    std::fs::remove_file(&path).unwrap();
    drop((udp, unix));
}

#[test]
fn interfaces_have_addresses_with_prefix_and_scope() {
    let answer = asked(&["--addresses"]);
    assert_eq!(
        (&answer["version"], &answer["source"]),
        (&1.into(), &"netlink".into())
    );
    let interfaces = answer["interfaces"].as_array().unwrap();
    let lo = interfaces.iter().find(|link| link["name"] == "lo").unwrap();
    assert_eq!((&lo["loopback"], &lo["mac"]), (&true.into(), &Value::Null));
    let address = serde_json::json!({"ip": "127.0.0.1", "prefix": 8, "scope": "host"});
    assert_eq!(lo["addresses"][0], address);
}

#[test]
fn a_port_that_nobody_has_is_an_empty_list_and_code_10() {
    let ran = sockeye(&["who", "--json", "1"]);
    assert_eq!(ran.code, Some(10));
    assert_eq!(
        ran.stdout,
        "{\"version\":1,\"source\":\"netlink\",\"sockets\":[]}\n"
    );
    assert_eq!(ran.stderr, "sockeye: nobody holds port 1 on this machine\n");
}
