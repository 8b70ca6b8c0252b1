//! Members that mean no good: endless lines, half-open connections, other protocols.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use sockeye_serve::chat::ChatLimits;

use crate::scene::{Member, PATIENCE, Running};

#[test]
fn an_endless_line_is_told_once_and_left_out_whole() {
    let server = Running::start(&["tcp://127.0.0.1:0"]);
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let mut endless = TcpStream::connect(server.inet(0)).unwrap();
    endless.set_read_timeout(Some(PATIENCE)).unwrap();
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..16 {
        endless.write_all(&chunk).unwrap();
    }
    endless.write_all(b"\nshort\n/quit\n").unwrap();
    let mut all = String::new();
    endless.read_to_string(&mut all).unwrap();
    let told = all.matches("a message has at most 4096 bytes").count();
    assert_eq!(told, 1, "{all}");
    assert_eq!(ana.hear_until("guest-2: "), "guest-2: short");
    assert_eq!(ana.hear(), "* guest-2 quit");
    server.stop();
}

#[test]
fn a_message_of_the_greatest_length_is_heard_and_a_longer_one_is_not() {
    let server = Running::start(&["tcp://127.0.0.1:0"]);
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let mut ben = Member::tcp(server.inet(0)).named("ben");
    ben.say(&"y".repeat(4096));
    ben.say(&"z".repeat(4097));
    ben.hear_until("a message has at most 4096 bytes");
    ben.say("after");
    assert_eq!(ana.hear_until("yy").len(), "ben: ".len() + 4096);
    assert_eq!(ana.hear(), "ben: after");
    server.stop();
}

#[test]
fn what_is_no_text_is_shown_escaped() {
    let server = Running::start(&["tcp://127.0.0.1:0"]);
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let mut stranger = TcpStream::connect(server.inet(0)).unwrap();
    stranger
        .write_all(b"\x16\x03\x01\x02\0\x1b]0;owned\x07\xff\xc3\n")
        .unwrap();
    assert_eq!(
        ana.hear_until("guest-2: "),
        r"guest-2: \x16\x03\x01\x02\x00\x1b]0;owned\x07\xff\xc3"
    );
    server.stop();
}

#[test]
fn a_browsers_request_says_nothing_in_a_room_and_hears_why() {
    let server = Running::start(&["tcp://127.0.0.1:0"]);
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let mut browser = TcpStream::connect(server.inet(0)).unwrap();
    browser.set_read_timeout(Some(PATIENCE)).unwrap();
    browser
        .write_all(b"POST / HTTP/1.1\r\nHost: localhost:7094\r\n\r\n/name ana2\nI am ana\n")
        .unwrap();
    let mut all = String::new();
    browser.read_to_string(&mut all).unwrap();
    assert!(all.contains("a request of HTTP"), "{all}");
    assert_eq!(ana.hear(), "* guest-2 joined");
    assert_eq!(ana.hear(), "* guest-2 quit");
    server.stop();
}

#[test]
fn a_forged_sender_gets_one_short_answer_and_not_the_rooms_talk() {
    // A socket on any address but loopback has peers whose address could be forged.
    let server = Running::start(&["udp://any:0", "tcp://127.0.0.1:0"]);
    let port = server.inet(0).port();
    let Some(own) = own_address() else {
        assert!(
            std::env::var_os("SOCKEYE_NO_SKIP").is_none(),
            "no address but loopback"
        );
        return;
    };
    let peer = UdpSocket::bind((own, 0)).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.connect((own, port)).unwrap();
    let mut ana = Member::tcp(server.inet(1)).named("ana");
    let mut buffer = [0; 2000];
    let mut ask = |text: &str| {
        peer.send(text.as_bytes()).unwrap();
        let len = peer.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..len].to_vec()).unwrap()
    };
    let first = ask("x");
    assert!(first.starts_with("* to come in, say: /enter "), "{first}");
    ana.say("said to the room");
    // It has been heard when this is answered.
    ana.say("/who");
    ana.hear_until("in lobby: ana");
    assert_eq!(ask("/enter 00000000"), first);
    assert_eq!(server.chat.here(), 1);
    let answer = ask(first.trim_end().trim_start_matches("* to come in, say: "));
    assert!(
        answer.starts_with("* you are guest-2, in the room lobby; here: ana\n"),
        "{answer}"
    );
    let len = peer.recv(&mut buffer).unwrap();
    let history = String::from_utf8_lossy(&buffer[..len]);
    assert!(
        history.starts_with("* said before you came:\n"),
        "{history}"
    );
    server.stop();
}

/// An address of this machine that is not loopback: the one that a datagram to elsewhere would leave from.
fn own_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().unwrap().ip()).filter(|ip| !ip.is_loopback())
}

#[test]
fn half_open_connections_hold_up_nobody() {
    let limits = ChatLimits {
        members: 600,
        ..ChatLimits::USUAL
    };
    let server = Running::with(&["tcp://127.0.0.1:0"], limits, Duration::from_millis(200));
    let idle: Vec<TcpStream> = (0..400)
        .map(|_| {
            let mut stream = TcpStream::connect(server.inet(0)).unwrap();
            stream.write_all(b"/na").unwrap();
            stream
        })
        .collect();
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let mut ben = Member::tcp(server.inet(0)).named("ben");
    ana.say("still here");
    assert_eq!(ben.hear_until("ana: "), "ana: still here");
    drop(idle);
    ana.say("/quit");
    ana.hear_until("goodbye");
    server.stop();
}
