//! Many peers of a socket that hears everybody: no message is mixed, cut or lost, and each is answered alone.

use rustix::process::Signal;

use crate::peers::{Scratch, datagram, udp_on, udp_to, unix_dgram};
use crate::tool::{Tool, until};

const ANY_PORT: &str = "udp://127.0.0.1:0";

fn data_of(said: &str, peer: u32) -> Vec<&str> {
    let own = format!("{{\"peer\":{peer},");
    said.lines()
        .filter(|line| line.starts_with(&own) && line.contains("\"event\":\"data\""))
        .map(|line| line.split("\"data\",").nth(1).unwrap())
        .collect()
}

#[test]
fn messages_that_waited_in_the_kernel_are_told_apart() {
    let (mut tool, address) = Tool::serve_one(&["listen", "-k", ANY_PORT]);
    tool.signal(Signal::STOP);
    tool.wait_until_stopped();
    let (first, second) = (udp_to(&address), udp_to(&address));
    first.send(b"A1").unwrap();
    second.send(b"B1").unwrap();
    second.send(b"").unwrap();
    second.send(b"B2").unwrap();
    first.send(b"A2").unwrap();
    tool.signal(Signal::CONT);
    until("all were heard", || {
        tool.stdout.text().matches("\"data\"").count() == 5
    });
    let said = tool.stdout.text();
    assert_eq!(data_of(&said, 1), ["\"text\":\"A1\"}", "\"text\":\"A2\"}"]);
    assert_eq!(
        data_of(&said, 2),
        ["\"text\":\"B1\"}", "\"text\":\"\"}", "\"text\":\"B2\"}"]
    );
    tool.type_in(b"one\ntwo\n");
    for peer in [&first, &second] {
        assert_eq!(datagram(peer), b"one\n");
        assert_eq!(datagram(peer), b"two\n");
    }
    assert_eq!(tool.stop().code, Some(0));
}

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    let (mut tool, addresses) = Tool::serve(&["listen", "-k", "udp://any:0"]);
    let port = addresses[0].rsplit(':').next().unwrap();
    let peer = udp_on("127.0.0.1");
    peer.connect(format!("127.0.0.2:{port}")).unwrap();
    peer.send(b"?").unwrap();
    tool.stdout.wait_for("\"text\":\"?\"");
    tool.type_in(b"!\n");
    assert_eq!(datagram(&peer), b"!\n");
    assert_eq!(tool.stop().code, Some(0));
}

#[test]
fn a_message_too_long_for_the_socket_is_said_and_the_next_is_sent() {
    let (mut tool, address) = Tool::serve_one(&["listen", "-k", "--frame", "nul", ANY_PORT]);
    let peer = udp_to(&address);
    peer.send(b"?").unwrap();
    tool.stdout.wait_for("\"text\":\"?\"");
    let mut input = vec![b'x'; 65_508];
    input.extend_from_slice(b"\0short\0");
    input.extend_from_slice(&[b'y'; 65_507]);
    input.push(0);
    tool.type_in(&input);
    tool.stderr.wait_for("a message of 65508 B is too long");
    assert_eq!(datagram(&peer), b"short");
    assert_eq!(datagram(&peer), [b'y'; 65_507]);
    assert_eq!(tool.stop().code, Some(0));
}

#[test]
fn unix_datagrams_have_many_peers_too() {
    let scratch = Scratch::new();
    let path = scratch.path("server");
    let (mut tool, _) = Tool::serve(&["listen", "-k", &format!("unix-dgram:{}", path.display())]);
    let peers = ["one", "two"].map(|name| unix_dgram(&scratch.path(name)));
    for (number, peer) in (1..).zip(&peers) {
        peer.send_to(format!("hola {number}").as_bytes(), &path)
            .unwrap();
        tool.stdout.wait_for(&format!("\"hola {number}\""));
    }
    tool.type_in(b"hi\n");
    for peer in &peers {
        let mut buffer = [0; 16];
        let n = peer.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..n], b"hi\n");
    }
    let ran = tool.stop();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let own = scratch.path("two").display().to_string();
    assert!(
        ran.stdout
            .contains(&format!("{{\"peer\":2,\"address\":\"{own}\"")),
        "{ran:?}"
    );
    assert!(!path.exists());
}
