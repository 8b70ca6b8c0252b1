//! The end of a server of many: on a signal it accepts nobody, lets everybody finish, and says what there was.

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use rustix::process::Signal;

use crate::peers::{all, exactly, tcp, udp_to};
use crate::tool::Tool;

const ANY_PORT: &str = "127.0.0.1:0";

#[test]
fn peers_are_told_of_the_end_and_what_they_still_say_is_heard() {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut tool, address) = Tool::serve_one(&["listen", "-k", "-v", ANY_PORT]);
        let mut peer = tcp(&address);
        peer.write_all(b"before").unwrap();
        tool.stdout.wait_for("before");
        tool.signal(signal);
        assert_eq!(all(&mut peer), b"", "it is told of our end");
        peer.write_all(b"after").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let ran = tool.ran();
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("after"), "{ran:?}");
        assert!(ran.stdout.contains("\"received\":11,\"sent\":0"), "{ran:?}");
        assert_eq!(
            ran.last_line(),
            "conversations: 1, failed: 0; 11 B received, 0 B sent"
        );
        assert!(TcpStream::connect(&address).is_err());
    }
}

#[test]
fn who_does_not_finish_in_time_is_cut_and_counted() {
    let (mut tool, address) =
        Tool::serve_one(&["listen", "-k", "-v", "--drain", "100ms", ANY_PORT]);
    let _peer = tcp(&address);
    tool.stdout.wait_for("\"peer\":1");
    tool.signal(Signal::TERM);
    let ran = tool.ran();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stdout
            .ends_with("\"failed\",\"why\":\"stopped\",\"received\":0,\"sent\":0}\n"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("after 100ms and were cut"), "{ran:?}");
    assert!(
        ran.last_line().contains("conversations: 1, failed: 1"),
        "{ran:?}"
    );
}

#[test]
fn what_was_given_to_stdin_before_the_signal_is_still_sent() {
    let (mut tool, address) = Tool::serve_one(&["listen", "-k", ANY_PORT]);
    let mut peer = tcp(&address);
    tool.stdout.wait_for("\"peer\":1");
    tool.type_in(b"last words\n");
    assert_eq!(exactly(&mut peer, 5), b"last ");
    tool.signal(Signal::TERM);
    assert_eq!(all(&mut peer), b"words\n");
    drop(peer);
    assert_eq!(tool.ran().code, Some(0));
}

#[test]
fn peers_that_have_no_end_of_their_own_hold_nothing_up() {
    let (mut tool, address) = Tool::serve_one(&["listen", "-k", "udp://127.0.0.1:0"]);
    let peer = udp_to(&address);
    peer.send(b"hola").unwrap();
    tool.stdout.wait_for("hola");
    tool.signal(Signal::TERM);
    let ran = tool.ran();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stdout
            .ends_with("\"ended\",\"received\":4,\"sent\":0}\n"),
        "{ran:?}"
    );
}
