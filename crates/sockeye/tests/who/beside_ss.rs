//! Field by field what ss(8) says, over all sockets of a network of the test's own.

use std::collections::HashMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;

use serde_json::Value;

use crate::json::{asked, sockets};
use crate::machine::{
    How, Other, alone, connected, in_own_network, listening, listening_on_lo, rest, skipped,
};

/// One line of `ss -H -n -a -t -u -e -p`.
struct Line {
    protocol: String,
    state: String,
    queues: (u64, u64),
    local: String,
    peer: String,
    /// The words behind.
    more: Vec<String>,
}

fn ss(flags: &[&str]) -> Option<Vec<Line>> {
    let output = Command::new("ss").args(flags).output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    let parse = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        Line {
            protocol: words[0].to_owned(),
            state: words[1].to_owned(),
            queues: (words[2].parse().unwrap(), words[3].parse().unwrap()),
            local: words[4].to_owned(),
            peer: words[5].to_owned(),
            more: words[6..].iter().map(|word| (*word).to_owned()).collect(),
        }
    };
    Some(text.lines().map(parse).collect())
}

impl Line {
    fn word(&self, key: &str) -> Option<&str> {
        self.more.iter().find_map(|word| word.strip_prefix(key))
    }

    /// `users:(("python3",pid=812,fd=3),…)`, process and descriptor, ascending.
    fn holders(&self) -> Vec<(u64, u64)> {
        let users = self.more.iter().find(|word| word.starts_with("users:"));
        let number = |text: &str| {
            let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap()
        };
        let mut holders: Vec<(u64, u64)> = users.map_or_else(Vec::new, |users| {
            users
                .split("pid=")
                .skip(1)
                .map(|piece| (number(piece), number(piece.split_once("fd=").unwrap().1)))
                .collect()
        });
        holders.sort_unstable();
        holders
    }
}

/// An address as ss writes it.
fn as_ss(socket: &Value) -> String {
    let address = socket["address"].as_str().unwrap();
    let interface = socket["interface"].as_str();
    let every = socket["bound_to"] == "every";
    match (address.strip_prefix("[::]:"), interface) {
        (Some(port), None) if every => format!("*:{port}"),
        (_, Some(interface)) => {
            let (ip, port) = address.rsplit_once(':').unwrap();
            format!("{ip}%{interface}:{port}")
        }
        _ => address.to_owned(),
    }
}

fn state_of_ss(socket: &Value) -> &str {
    match socket["state"].as_str().unwrap() {
        "LISTEN" => "LISTEN",
        "ESTABLISHED" | "CONNECTED" => "ESTAB",
        "BOUND" | "BOUND_INACTIVE" => "UNCONN",
        "TIME_WAIT" => "TIME-WAIT",
        "CLOSE_WAIT" => "CLOSE-WAIT",
        "FIN_WAIT2" => "FIN-WAIT-2",
        other => panic!("{other}"),
    }
}

fn holders_of(socket: &Value) -> Vec<(u64, u64)> {
    let processes = socket["processes"].as_array().unwrap();
    let mut holders: Vec<(u64, u64)> = processes
        .iter()
        .flat_map(|process| {
            let pid = process["pid"].as_u64().unwrap();
            let descriptors = process["descriptors"].as_array().unwrap().iter();
            descriptors.map(move |descriptor| (pid, descriptor.as_u64().unwrap()))
        })
        .collect();
    holders.sort_unstable();
    holders
}

#[test]
fn every_field_is_the_one_that_ss_tells() {
    let _alone = alone();
    in_own_network("beside_ss::every_field_is_the_one_that_ss_tells", || {
        if ss(&["-H", "-n"]).is_none() {
            return skipped("ss(8) is not installed");
        }
        let plain = How::default();
        let _waited_for = {
            let (listener, address) = listening("127.0.0.1:0", 9, plain);
            let clients = [(); 2].map(|()| TcpStream::connect(address).unwrap());
            (listener, clients)
        };
        let _dual = listening("[::]:0", 5, plain);
        let only = How {
            v6_only: true,
            ..plain
        };
        let _v6_only = listening("[::]:0", 5, only);
        let shared = listening("127.0.0.2:0", 5, plain);
        let _shared = Other::with(shared.0.try_clone().unwrap());
        let on_lo = listening_on_lo("127.0.0.3");
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let (mut client, accepted) = connected(&server);
        client.write_all(b"not read").unwrap();
        let (closing, left) = connected(&server);
        drop(closing);
        rest(&server);
        let bound = UdpSocket::bind("0.0.0.0:0").unwrap();
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.connect(("127.0.0.1", bound.local_addr().unwrap().port()))
            .unwrap();
        peer.send(b"waits").unwrap();

        let port = server.local_addr().unwrap().port().to_string();
        let answers = [asked(&[]), asked(&["--connections"]), asked(&[&port])];
        let ours: HashMap<(String, String, String), &Value> = answers
            .iter()
            .flat_map(sockets)
            .filter(|socket| socket["address"].is_string())
            .map(|socket| {
                let peer = socket["peer"].as_str().unwrap_or("").to_owned();
                let protocol = socket["protocol"].as_str().unwrap().to_owned();
                ((protocol, as_ss(socket), peer), socket)
            })
            .collect();
        let lines = ss(&["-H", "-n", "-a", "-t", "-u", "-e", "-p"]).unwrap();
        assert!(lines.len() >= 15, "{}", lines.len());
        for line in &lines {
            // A listener's peer is `0.0.0.0:*` there.
            let peer = match line.peer.ends_with(":*") {
                true => String::new(),
                false => line.peer.clone(),
            };
            let key = (line.protocol.clone(), line.local.clone(), peer);
            let socket = ours
                .get(&key)
                .unwrap_or_else(|| panic!("{key:?} in {ours:?}"));
            assert_eq!(state_of_ss(socket), line.state, "{socket}");
            // Of a connection that waits we name who may accept it; ss names nobody.
            let waits = socket["not_accepted"] == true;
            assert!(waits || holders_of(socket) == line.holders(), "{socket}");
            assert!(!waits || (line.holders().is_empty() && !holders_of(socket).is_empty()));
            let inode = socket["inode"].as_u64().unwrap();
            let told = line.word("ino:").map_or(0, |inode| inode.parse().unwrap());
            assert_eq!(inode, told, "{socket}");
            if line.state != "TIME-WAIT" {
                let queues = (
                    socket["receive_queue"].as_u64(),
                    socket["send_queue"].as_u64(),
                );
                assert_eq!(
                    queues,
                    (Some(line.queues.0), Some(line.queues.1)),
                    "{socket}"
                );
                let user = line.word("uid:").map_or(0, |user| user.parse().unwrap());
                assert!(inode == 0 || socket["user_id"] == user, "{socket}");
            }
            if let Some(only) = line.word("v6only:") {
                assert_eq!(socket["v6_only"], only == "1", "{socket}");
            }
        }
        assert_eq!(ours.len(), lines.len(), "each once");
        drop((shared, on_lo, client, accepted, left, bound, peer));
    });
}

#[test]
fn round_trip_times_are_those_that_ss_tells() {
    let _alone = alone();
    in_own_network(
        "beside_ss::round_trip_times_are_those_that_ss_tells",
        || {
            let Some(_) = ss(&["-H", "-n"]) else {
                return skipped("ss(8) is not installed");
            };
            let server = TcpListener::bind("127.0.0.1:0").unwrap();
            let (mut client, mut accepted) = connected(&server);
            for _ in 0..8 {
                client.write_all(b"x").unwrap();
                std::io::Read::read_exact(&mut accepted, &mut [0]).unwrap();
            }
            let answer = asked(&["--connections", "--tcp"]);
            let output = Command::new("ss")
                .args(["-H", "-n", "-t", "-i", "-O"])
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert_eq!(text.lines().count(), 2, "{text}");
            for line in text.lines() {
                let words: Vec<&str> = line.split_whitespace().collect();
                let socket = sockets(&answer)
                    .iter()
                    .find(|socket| socket["address"] == words[3]);
                let told = words
                    .iter()
                    .find_map(|word| word.strip_prefix("rtt:"))
                    .unwrap();
                let milliseconds: f64 = told.split('/').next().unwrap().parse().unwrap();
                let ours = socket.unwrap()["round_trip_us"].as_f64().unwrap();
                assert!(
                    (milliseconds * 1_000.0 - ours).abs() < 1.0,
                    "{line}: {ours}"
                );
            }
        },
    );
}
