//! Servers of datagrams: many peers at one socket, and nobody gets what is another's.

use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::peers::{
    OWN_HOST, Scratch, again, datagram, datagram_from, readable_within, udp, udp_on, udp_to,
};
use crate::tool::{Tool, until};

/// A server of UDP that answers every datagram with itself, in one of the ways there are.
struct Echo {
    tool: Tool,
    address: String,
    /// The loop behind a relay ends with this.
    _backend: Option<UdpSocket>,
}

const WAYS: &[&str] = &["serve", "relay", "relay to a program", "listen --exec"];

impl Echo {
    fn start(way: &str, host: &str, more: &[&str]) -> Self {
        let from = format!("udp://{host}:0");
        let service = format!("echo={from}");
        let backend = udp();
        let to = format!("udp://{}", backend.local_addr().unwrap());
        let words = match way {
            "serve" => vec!["serve", &service],
            "relay" => vec!["relay", &from, &to],
            "relay to a program" => vec!["relay", &from, "exec:cat", "--frame", "len16"],
            _ => vec!["listen", "--many", &from, "--exec", "cat"],
        };
        let (tool, addresses) = Tool::serve(&[words.as_slice(), more].concat());
        let backend = (way == "relay").then(|| {
            let answering = backend.try_clone().unwrap();
            answering.set_read_timeout(None).unwrap();
            thread::spawn(move || {
                let mut buffer = vec![0; 1 << 16];
                // Until the socket is shut: a peer of it that has gone is no reason to stop.
                loop {
                    if let Ok((n, peer)) = answering.recv_from(&mut buffer) {
                        let _ = answering.send_to(&buffer[..n], peer);
                        if &buffer[..n] == b"the end of this test" {
                            break;
                        }
                    }
                }
            });
            backend
        });
        Self {
            tool,
            address: addresses[0].clone(),
            _backend: backend,
        }
    }

    fn client(&self) -> UdpSocket {
        udp_to(&self.address)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        if let Some(backend) = &self._backend {
            let _ = udp().send_to(b"the end of this test", backend.local_addr().unwrap());
        }
    }
}

fn nothing_more(socket: &UdpSocket) {
    assert!(
        !readable_within(socket, Duration::from_millis(100)),
        "{:?}",
        datagram(socket)
    );
}

#[test]
fn trap_06_two_senders_are_both_served_in_turn() {
    for way in WAYS {
        let echo = Echo::start(way, "127.0.0.1", &[]);
        let (a, b) = (echo.client(), echo.client());
        for round in 0..3 {
            for (name, client) in [("a", &a), ("b", &b)] {
                let text = format!("{name}{round}\n");
                client.send(text.as_bytes()).unwrap();
                assert_eq!(datagram(client), text.as_bytes(), "{way}");
            }
        }
    }
}

#[test]
fn trap_07_what_one_peer_sent_never_reaches_another() {
    for way in WAYS {
        let echo = Echo::start(way, "127.0.0.1", &[]);
        let (a, b) = (echo.client(), echo.client());
        // All of it is in the socket's queue when the tool looks: as first words, and again in the middle of two
        // conversations.
        for round in 0..3 {
            echo.tool.signal(Signal::STOP);
            echo.tool.wait_until_stopped();
            let texts = ["a1", "b1", "b2", "a2"].map(|text| format!("{text} of {round}\n"));
            for text in &texts {
                let client = if text.starts_with('a') { &a } else { &b };
                client.send(text.as_bytes()).unwrap();
            }
            echo.tool.signal(Signal::CONT);
            for (name, client) in [("a", &a), ("b", &b)] {
                let wanted: String = texts
                    .iter()
                    .filter(|text| text.starts_with(name))
                    .map(String::as_str)
                    .collect();
                let mut got = String::new();
                // A program in between may join or divide messages: what counts is whose they are.
                while got.len() < wanted.len() {
                    got.push_str(&String::from_utf8(datagram(client)).unwrap());
                }
                assert_eq!(got, wanted, "{way}");
            }
        }
        nothing_more(&a);
        nothing_more(&b);
    }
}

#[test]
fn trap_07_each_peer_of_a_relay_has_a_socket_of_its_own_on_the_other_side() {
    let backend = udp();
    let to = format!("udp://{}", backend.local_addr().unwrap());
    let (tool, address) = Tool::serve_one(&["relay", "udp://127.0.0.1:0", &to]);
    let (a, b) = (udp_to(&address), udp_to(&address));
    tool.signal(Signal::STOP);
    tool.wait_until_stopped();
    for (client, text) in [(&a, "a1"), (&b, "b1"), (&b, "b2"), (&a, "a2")] {
        client.send(text.as_bytes()).unwrap();
    }
    tool.signal(Signal::CONT);
    let came: Vec<_> = (0..4).map(|_| datagram_from(&backend)).collect();
    let from = |name: u8| came.iter().filter(move |(text, _)| text[0] == name);
    let sender = |name| from(name).next().unwrap().1;
    assert_ne!(sender(b'a'), sender(b'b'));
    assert!(from(b'a').all(|(_, peer)| *peer == sender(b'a')));
    assert!(from(b'b').all(|(_, peer)| *peer == sender(b'b')));
    backend.send_to(b"for b", sender(b'b')).unwrap();
    backend.send_to(b"for a", sender(b'a')).unwrap();
    assert_eq!(
        (datagram(&a), datagram(&b)),
        (b"for a".to_vec(), b"for b".to_vec())
    );
    // A stranger's answer on that socket is nobody's.
    udp().send_to(b"from a stranger", sender(b'a')).unwrap();
    nothing_more(&a);
}

#[test]
fn trap_14_a_server_survives_a_peer_that_vanished() {
    for way in WAYS {
        let mut echo = Echo::start(way, "127.0.0.1", &[]);
        let steady = echo.client();
        for round in 0..3 {
            // Gone before the answer: the kernel tells the server of each "port unreachable".
            echo.tool.signal(Signal::STOP);
            echo.tool.wait_until_stopped();
            for _ in 0..5 {
                echo.client().send(b"anyone there?\n").unwrap();
            }
            let text = format!("still here {round}\n");
            steady.send(text.as_bytes()).unwrap();
            echo.tool.signal(Signal::CONT);
            assert_eq!(datagram(&steady), text.as_bytes(), "{way}");
        }
        let fresh = echo.client();
        fresh.send(b"new\n").unwrap();
        assert_eq!(datagram(&fresh), b"new\n", "{way}");
        assert!(echo.tool.runs());
    }
}

#[test]
fn trap_14_a_relay_survives_a_backend_that_is_not_there_yet() {
    let backend = udp_on(OWN_HOST);
    let to = backend.local_addr().unwrap();
    let (mut tool, address) =
        Tool::serve_one(&["relay", "udp://127.0.0.1:0", &format!("udp://{to}")]);
    drop(backend);
    let client = udp_to(&address);
    client.send(b"first").unwrap();
    client.send(b"second").unwrap();
    // The relay has heard of both, or will; then the backend comes to that very port.
    let fresh = udp_to(&address);
    fresh.send(b"third").unwrap();
    let mut backend = None;
    // A server of another test that has every address may have been given this port meanwhile.
    until("free", || {
        backend = UdpSocket::bind(to).ok();
        backend.is_some()
    });
    let backend = backend.unwrap();
    backend
        .set_read_timeout(Some(crate::tool::PATIENCE))
        .unwrap();
    for client in [&client, &fresh] {
        let mut asked = 0;
        until("answered", || {
            asked += 1;
            client.send(b"now?").unwrap();
            if !readable_within(&backend, Duration::from_millis(50)) {
                return false;
            }
            let (_, peer) = datagram_from(&backend);
            backend.send_to(b"yes", peer).unwrap();
            readable_within(client, Duration::from_millis(50))
        });
        assert_eq!(datagram(client), b"yes");
    }
    assert!(tool.runs());
}

#[test]
fn trap_15_ten_thousand_one_shot_peers_cost_bounded_memory_and_descriptors() {
    let echo = Echo::start("relay", "127.0.0.1", &["--max-udp-sessions", "64"]);
    drop(one_shots(&echo, 64));
    let before = echo.tool.status("VmRSS:");
    for _ in 0..200 {
        drop(one_shots(&echo, 50));
    }
    let descriptors = echo.tool.descriptors();
    assert!(descriptors < 64 + 32, "{descriptors} descriptors");
    let grown = echo.tool.status("VmRSS:").saturating_sub(before);
    assert!(grown < 8_192, "{grown} kB more");
    // The memory of others: the newest are still remembered.
    let client = echo.client();
    client.send(b"last").unwrap();
    assert_eq!(datagram(&client), b"last");
}

/// Peers that ask once, hear the answer, and are never seen again.
fn one_shots(echo: &Echo, count: usize) -> Vec<UdpSocket> {
    let clients: Vec<UdpSocket> = (0..count).map(|_| echo.client()).collect();
    for client in &clients {
        client.send(b"once").unwrap();
    }
    for client in &clients {
        assert_eq!(datagram(client), b"once");
    }
    clients
}

#[test]
fn trap_15_programs_of_udp_peers_are_as_few_as_their_sessions_and_end_with_them() {
    let echo = Echo::start(
        "listen --exec",
        "127.0.0.1",
        &["--max-udp-sessions", "4", "--idle", "500ms"],
    );
    let children = || {
        let path = format!("/proc/{0}/task/{0}/children", echo.tool.pid());
        std::fs::read_to_string(path)
            .unwrap()
            .split_whitespace()
            .count()
    };
    for _ in 0..20 {
        let client = echo.client();
        client.send(b"once\n").unwrap();
        assert_eq!(datagram(&client), b"once\n");
        until("few", || children() <= 5);
    }
    until("without a program", || children() == 0);
}

#[test]
fn trap_15_a_quiet_session_of_a_relay_is_forgotten() {
    let echo = Echo::start("relay", "127.0.0.1", &["--idle", "3s"]);
    let clients = one_shots(&echo, 20);
    let all = echo.tool.descriptors();
    assert!(all > 20, "{all}");
    until("forgotten", || echo.tool.descriptors() <= all - 20);
    // And whoever comes back is served again.
    for client in &clients {
        client.send(b"again").unwrap();
        assert_eq!(datagram(client), b"again");
    }
}

#[test]
fn trap_16_the_answer_comes_from_the_address_that_was_asked() {
    for way in WAYS {
        let echo = Echo::start(way, "any", &[]);
        let port = echo.address.rsplit_once(':').unwrap().1;
        for asked in ["127.0.0.1", "127.0.0.2", "127.99.1.5"] {
            let client = udp_on("127.0.0.1");
            // Not connected: an answer from elsewhere arrives, and is seen.
            client
                .send_to(b"who are you?\n", format!("{asked}:{port}"))
                .unwrap();
            let (text, from) = datagram_from(&client);
            assert_eq!(
                (from.to_string(), text),
                (format!("{asked}:{port}"), b"who are you?\n".to_vec()),
                "{way}"
            );
        }
    }
}

#[test]
fn trap_16_a_session_keeps_its_own_address_when_a_peer_asks_two() {
    for way in WAYS {
        let echo = Echo::start(way, "any", &[]);
        let port = echo.address.rsplit_once(':').unwrap().1;
        let client = udp_on("127.0.0.1");
        for round in 0..3 {
            for asked in ["127.0.0.3", "127.0.0.2"] {
                let text = format!("{round} to {asked}\n");
                client
                    .send_to(text.as_bytes(), format!("{asked}:{port}"))
                    .unwrap();
                let (answer, from) = datagram_from(&client);
                assert_eq!(
                    (from.ip().to_string(), answer),
                    (asked.to_owned(), text.into_bytes()),
                    "{way}"
                );
            }
        }
    }
}

#[test]
fn trap_06_and_07_hold_for_unix_datagrams() {
    use crate::peers::unix_dgram;
    let scratch = Scratch::new();
    let path = scratch.path("server");
    let (tool, _) = Tool::serve_one(&["serve", &format!("echo=unix-dgram:{}", path.display())]);
    let clients = ["a", "b"].map(|name| {
        let socket = unix_dgram(&scratch.path(name));
        socket.connect(&path).unwrap();
        (name, socket)
    });
    tool.signal(Signal::STOP);
    tool.wait_until_stopped();
    for round in 0..4 {
        for (name, client) in &clients {
            client.send(format!("{name}{round}").as_bytes()).unwrap();
        }
    }
    tool.signal(Signal::CONT);
    let mut buffer = [0; 64];
    for (name, client) in &clients {
        for round in 0..4 {
            let n = again(|| client.recv(&mut buffer)).unwrap();
            assert_eq!(&buffer[..n], format!("{name}{round}").as_bytes());
        }
    }
}
