//! Replies as no honest host sends them: each is told for what it is, and none is taken for another.

use std::process::{Command, Stdio};

use crate::network::in_own_network;
use crate::ran::sockeye;
use crate::routes::objects;
use crate::tool::Tool;
use crate::world::{SOCKETS, allow, sh};

#[test]
fn double_changed_late_damaged_and_foreign_replies_are_told_apart() {
    in_own_network(
        "hostile::double_changed_late_damaged_and_foreign_replies_are_told_apart",
        &[],
        || {
            sh("echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all");
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ping/responder.py");
            let mut responder = Command::new("python3");
            let responder = Tool::spawn(responder.arg(path).stdout(Stdio::piped()));
            responder.stdout.wait_for("ready");
            for socket in SOCKETS {
                allow(socket);
                let words = [
                    "ping",
                    "--json",
                    "-c",
                    "7",
                    "-i",
                    "700ms",
                    "--timeout",
                    "1s",
                ];
                let ran = sockeye(&[&words[..], &["127.0.0.1"]].concat());
                assert_eq!(ran.code, Some(0), "{ran:?}");
                let told = objects(&ran);
                let outcomes = |number: u64| -> Vec<&str> {
                    let of = told.iter().filter(|object| object["number"] == number);
                    of.map(|object| object["outcome"].as_str().unwrap())
                        .collect()
                };
                assert_eq!(outcomes(1), ["answered", "duplicate"], "{socket}: {ran:?}");
                assert_eq!(outcomes(2), ["answered"], "{socket}: {ran:?}");
                assert_eq!(outcomes(3), ["lost", "late"], "{socket}: {ran:?}");
                assert_eq!(outcomes(4), ["answered"], "{socket}: {ran:?}");
                assert_eq!(outcomes(5), ["answered"], "{socket}: {ran:?}");
                assert_eq!(outcomes(6), ["lost"], "{socket}: {ran:?}");
                assert_eq!(outcomes(7), ["answered"], "{socket}: {ran:?}");
                let summary = told.last().unwrap();
                let figures = ["sent", "answered", "lost", "late", "duplicates", "changed"];
                let figures = figures.map(|name| summary[name].as_u64().unwrap());
                assert_eq!(figures, [7, 5, 2, 1, 1, 1], "{socket}: {ran:?}");
            }
        },
    );
}
