//! `icmp://` and `raw://` as ends of a conversation: whole messages, without the headers that are not theirs.

use std::process::Stdio;

use crate::network::in_own_network;
use crate::ran::sockeye_with;
use crate::tool::{Tool, pattern, until};
use crate::world::{FAR, FAR6, SOCKETS, allow, in_a_world};

#[test]
fn each_line_comes_back_from_icmp() {
    in_a_world("channels::each_line_comes_back_from_icmp", |_| {
        for socket in SOCKETS {
            allow(socket);
            for address in [format!("icmp://{FAR}"), format!("icmp://[{FAR6}]")] {
                let words = ["connect", "--reply", "3", "--wait", "5s", &address];
                let ran = sockeye_with(&words, b"one\n\nthree\n");
                assert_eq!(ran.code, Some(0), "{ran:?}");
                assert_eq!(ran.stdout, "one\n\nthree\n", "{socket} {ran:?}");
            }
        }
    });
}

#[test]
fn a_host_that_cannot_be_reached_ends_the_conversation_with_12() {
    in_a_world(
        "channels::a_host_that_cannot_be_reached_ends_the_conversation_with_12",
        |_| {
            for socket in SOCKETS {
                allow(socket);
                let ran = sockeye_with(&["connect", "icmp://10.9.7.1"], b"hola\n");
                assert_eq!(ran.code, Some(12), "{ran:?}");
                assert!(ran.last_line().contains("EHOSTUNREACH"), "{ran:?}");
            }
        },
    );
}

#[test]
fn packets_of_protocol_253_arrive_without_the_header_of_ip_over_both_versions() {
    in_a_world(
        "channels::packets_of_protocol_253_arrive_without_the_header_of_ip_over_both_versions",
        |world| {
            for (there, here) in [(FAR, "10.9.0.1"), ("[fd09:1::2]", "[fd09::1]")] {
                let from = format!("raw://{here}#protocol=253");
                let mut receiver = world.far.command(&[
                    env!("CARGO_BIN_EXE_sockeye"),
                    "connect",
                    "--no-stdin",
                    &from,
                ]);
                let receiver = Tool::spawn(receiver.stdout(Stdio::piped()));
                until("open", || {
                    let mut table = world
                        .far
                        .command(&["cat", "/proc/net/raw", "/proc/net/raw6"]);
                    let table = table.output().unwrap();
                    // 253 stands where others have a port.
                    String::from_utf8_lossy(&table.stdout).contains(":00FD ")
                });
                let to = format!("raw://{there}#protocol=253");
                let message = [&pattern(1_000)[..], b"\n"].concat();
                let message: Vec<u8> = message.iter().map(|byte| byte | 0x20).collect();
                let sent = sockeye_with(
                    &["connect", "--send-only", "--frame", "chunk", &to],
                    &message,
                );
                assert_eq!(sent.code, Some(0), "{sent:?}");
                let came = receiver
                    .stdout
                    .wait_until(|bytes| bytes.len() >= message.len());
                assert_eq!(came, message);
            }
        },
    );
}

#[test]
fn a_message_too_long_for_a_packet_is_an_error_and_none_is_cut() {
    in_own_network(
        "channels::a_message_too_long_for_a_packet_is_an_error_and_none_is_cut",
        &["link set lo mtu 65536"],
        || {
            for (address, most) in [
                ("icmp://127.0.0.1", 65_507),
                ("icmp://[::1]", 65_527),
                ("raw://127.0.0.1#protocol=253", 65_515),
            ] {
                let ask = |len: usize| {
                    let chunk = format!("chunk={len}");
                    let words = ["connect", "--frame", &chunk, "--reply", "1", address];
                    sockeye_with(&words, &vec![b'x'; len])
                };
                let whole = ask(most);
                assert_eq!(whole.code, Some(0), "{address}: {}", whole.stderr);
                assert_eq!(whole.stdout.len(), most, "{address}");
                let long = ask(most + 1);
                assert_eq!((long.code, long.stdout.len()), (Some(1), 0), "{address}");
                assert!(long.stderr.contains(&most.to_string()), "{}", long.stderr);
            }
        },
    );
}

#[test]
fn a_host_without_the_protocol_says_so() {
    in_a_world("channels::a_host_without_the_protocol_says_so", |_| {
        let address = format!("raw://{FAR}#protocol=253");
        let ran = sockeye_with(
            &["connect", "--explain", &address],
            b"eight bytes at least\n",
        );
        assert!(
            ran.stderr.contains("protocol unreachable from 10.9.1.2"),
            "{ran:?}"
        );
        assert_ne!(ran.code, Some(0), "{ran:?}");
    });
}
