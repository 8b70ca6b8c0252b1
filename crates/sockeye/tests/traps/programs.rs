//! Programs as the other end: nothing that they wrote is lost, and their code is told.

use std::io::Write;
use std::net::TcpStream;

use crate::peers::{accept, all, tcp, tcp_server};
use crate::tool::{Tool, until};

const MEBIBYTE_AND_THREE: &str = "sh -c 'head -c 1048576 /dev/zero; exit 3'";

/// Waits until the tool's program has written everything and is gone, then reads.
fn read_afterwards(tool: &Tool, peer: &mut TcpStream) -> usize {
    let children = format!("/proc/{0}/task/{0}/children", tool.pid());
    let finished = || {
        let Ok(children) = std::fs::read_to_string(&children) else {
            return true;
        };
        children.split_whitespace().all(|child| {
            std::fs::read_to_string(format!("/proc/{child}/stat")).map_or(true, |stat| {
                stat.rsplit_once(") ")
                    .is_some_and(|(_, rest)| rest.starts_with('Z'))
            })
        })
    };
    // It starts with a shell: what matters is that it comes to its end with its output unread.
    until("at its end", finished);
    all(peer).len()
}

#[test]
fn trap_30_the_last_output_of_a_program_is_not_lost_and_its_code_is_told() {
    for _ in 0..5 {
        let (listener, address) = tcp_server();
        let mut tool = Tool::start(&[
            "connect",
            &address,
            "--exec",
            MEBIBYTE_AND_THREE,
            "--exec-status",
        ]);
        let mut peer = accept(&listener);
        peer.write_all(b"unread").unwrap();
        assert_eq!(all(&mut peer).len(), 1 << 20);
        drop(peer);
        let ran = tool.ran();
        assert_eq!(ran.code, Some(3), "{ran:?}");

        let (mut tool, address) = Tool::serve_one(&[
            "listen",
            "127.0.0.1:0",
            "--exec",
            MEBIBYTE_AND_THREE,
            "--exec-status",
        ]);
        let mut peer = tcp(&address);
        assert_eq!(read_afterwards(&tool, &mut peer), 1 << 20);
        drop(peer);
        assert_eq!(tool.ran().code, Some(3));
    }
}

#[test]
fn trap_30_a_code_that_was_not_asked_for_is_said_in_words() {
    let (listener, address) = tcp_server();
    let mut tool = Tool::start(&["connect", &address, "--exec", MEBIBYTE_AND_THREE]);
    let mut peer = accept(&listener);
    assert_eq!(all(&mut peer).len(), 1 << 20);
    drop(peer);
    let ran = tool.ran();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("code 3"), "{ran:?}");
}

#[test]
fn trap_30_the_last_output_of_a_program_is_not_lost_by_a_relay() {
    let (_tool, address) = Tool::serve_one(&[
        "relay",
        "127.0.0.1:0",
        &format!("exec:{MEBIBYTE_AND_THREE}"),
    ]);
    for _ in 0..10 {
        // The program is gone long before its output is read.
        let mut peer = tcp(&address);
        assert_eq!(all(&mut peer).len(), 1 << 20);
    }
}
