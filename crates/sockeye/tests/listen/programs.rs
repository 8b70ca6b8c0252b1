//! `listen --many --exec`: a program a peer, told of its conversation, and heard to its last byte.

use std::io::Write;
use std::net::Shutdown;

use rustix::process::{Pid, test_kill_process};

use crate::peers::{all, datagram, exactly, tcp, udp_to};
use crate::tool::{Tool, until};

const ANY_PORT: &str = "127.0.0.1:0";

#[test]
fn each_conversation_has_its_own_program_that_knows_with_whom() {
    let script =
        "sh -c 'echo $SOCKEYE_PROTOCOL $SOCKEYE_PEER $SOCKEYE_LOCAL $SOCKEYE_PEER_PORT; cat'";
    let (tool, address) = Tool::serve_one(&["listen", "-k", ANY_PORT, "--exec", script]);
    let mut peers = [tcp(&address), tcp(&address)];
    for peer in &mut peers {
        let own = peer.local_addr().unwrap();
        let greeting = format!("tcp {own} {address} {}\n", own.port());
        let said = exactly(peer, greeting.len());
        assert_eq!(String::from_utf8(said).unwrap(), greeting);
    }
    for (peer, text) in peers.iter_mut().zip(["one", "two"]) {
        peer.write_all(text.as_bytes()).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
    }
    assert_eq!(all(&mut peers[1]), b"two");
    assert_eq!(all(&mut peers[0]), b"one");
    let ran = tool.stop();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
}

#[test]
fn a_programs_last_output_arrives_and_its_failure_is_said_in_words() {
    let script = "sh -c 'head -c 1000000 /dev/zero; exit 3'";
    let (tool, address) = Tool::serve_one(&["listen", "-k", ANY_PORT, "--exec", script]);
    assert_eq!(all(&mut tcp(&address)).len(), 1_000_000);
    tool.stderr.wait_for("#1 ");
    tool.stderr.wait_for("ended with code 3");
    assert_eq!(tool.stop().code, Some(0));
}

#[test]
fn a_program_that_cannot_be_started_is_a_reset_and_the_server_goes_on() {
    let (tool, address) =
        Tool::serve_one(&["listen", "-k", ANY_PORT, "--exec", "/nonexistent/program"]);
    for number in 1..=2 {
        let mut peer = tcp(&address);
        let mut said = Vec::new();
        let error = std::io::Read::read_to_end(&mut peer, &mut said).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        tool.stderr.wait_for(&format!("#{number} "));
    }
    tool.stderr.wait_for("/nonexistent/program: ENOENT");
    assert_eq!(tool.stop().code, Some(0));
}

#[test]
fn a_program_does_not_outlive_a_conversation_that_is_cut() {
    let script = "sh -c 'echo $$; exec sleep 1000'";
    let (tool, address) =
        Tool::serve_one(&["listen", "-k", "--drain", "0s", ANY_PORT, "--exec", script]);
    let mut peer = tcp(&address);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(&mut peer), &mut line).unwrap();
    let pid = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
    assert_eq!(tool.stop().code, Some(0));
    until("the program has ended", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        // Nobody may be there to reap it: a zombie has ended.
        test_kill_process(pid).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
    });
}

#[test]
fn each_udp_peer_has_its_own_program_and_a_line_of_it_is_a_datagram() {
    let script = "sh -c 'while read line; do echo $SOCKEYE_PEER_PORT $line; done'";
    let (tool, address) = Tool::serve_one(&["listen", "-k", "udp://127.0.0.1:0", "--exec", script]);
    let peers = [udp_to(&address), udp_to(&address)];
    for text in ["a\n", "b\n"] {
        for peer in &peers {
            peer.send(text.as_bytes()).unwrap();
        }
    }
    for peer in &peers {
        let port = peer.local_addr().unwrap().port();
        assert_eq!(datagram(peer), format!("{port} a\n").as_bytes());
        assert_eq!(datagram(peer), format!("{port} b\n").as_bytes());
    }
    assert_eq!(tool.stop().code, Some(0));
}
