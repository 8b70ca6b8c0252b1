//! One chat over several kinds of socket.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixDatagram;

use sockeye_model::{Family, Type};
use sockeye_net::{Socket, SocketAddress};

use crate::scene::{Member, PATIENCE, Running, scratch};

#[test]
fn rooms_are_the_same_over_tcp_udp_and_unix_and_all_hear_one_order() {
    let path = scratch("rooms").join("chat.sock");
    let unix = format!("unix:{}", path.display());
    let server = Running::start(&["tcp://:0", "udp://127.0.0.1:0", &unix]);
    let mut members = [
        Member::tcp(server.inet(0)).named("ana"),
        Member::udp(server.inet(1)).named("ben"),
        Member::unix(&path).named("eva"),
        Member::tcp(server.at[0][1].inet().unwrap()).named("six"),
    ];
    // Everybody is there when the last one has been told of all.
    members[0].hear_until("is now six");
    for round in 0..20 {
        for (number, member) in members.iter_mut().enumerate() {
            member.say(&format!("{round} of {number}"));
        }
    }
    let names = ["ana", "ben", "eva", "six"];
    let mut heard: Vec<Vec<String>> = Vec::new();
    for (number, member) in members.iter_mut().enumerate() {
        let mut lines = Vec::new();
        while lines.len() < 60 {
            let line = member.hear();
            if line.contains(" of ") {
                assert!(!line.starts_with(names[number]), "{line}");
                lines.push(line);
            }
        }
        heard.push(lines);
    }
    // Nobody hears their own lines: of what two others said, two members have the same order.
    for one in 0..4 {
        for other in 0..one {
            let of_both = |lines: &[String]| -> Vec<String> {
                let own = |line: &&String| {
                    !line.starts_with(names[one]) && !line.starts_with(names[other])
                };
                lines.iter().filter(own).cloned().collect()
            };
            assert_eq!(
                of_both(&heard[one]),
                of_both(&heard[other]),
                "{one} {other}"
            );
            assert_eq!(of_both(&heard[one]).len(), 40);
        }
    }
    members[2].say("/msg ben only you");
    assert_eq!(members[1].hear_until("only you"), "[eva → you] only you");
    assert_eq!(members[2].hear_until("only you"), "[you → ben] only you");
    let mut late = Member::unix(&path);
    late.hear_until("said before you came:");
    for _ in 0..50 {
        let line = late.hear();
        assert!(line.contains("Z ") && line.contains(" of "), "{line}");
    }
    let (served, counts) = server.stop();
    for member in &mut members {
        member.hear_until("the server ends; goodbye");
    }
    assert_eq!(served[0].conversations.conversations, 2);
    assert_eq!(served[2].conversations.conversations, 2);
    assert_eq!((counts.members, counts.messages), (5, 81));
    assert_eq!(counts.delivered, 80 * 3 + 1);
    assert!(!path.exists());
}

#[test]
fn members_over_tls_and_websocket_meet_those_over_tcp() {
    let server = Running::start(&[
        "tcp://127.0.0.1:0",
        "tls://127.0.0.1:0",
        "ws://127.0.0.1:0/chat",
        "wss://127.0.0.1:0/chat",
    ]);
    let at = |post: usize| server.inet(post);
    let mut members = [
        Member::tcp(at(0)).named("ana"),
        Member::link(&format!("tls://{}#insecure", at(1))).named("ben"),
        Member::link(&format!("ws://{}/chat", at(2))).named("eva"),
        Member::link(&format!("wss://{}/chat#insecure", at(3))).named("six"),
    ];
    members[0].hear_until("is now six");
    let json = format!("ws://{}/chat#subprotocol=sockeye-chat-json", at(2));
    let mut json = Member::link(&json);
    json.say(r#"{"type":"name","name":"page"}"#);
    json.hear_until(r#""name":"page","at""#);
    members[0].hear_until("is now page");
    for (number, name) in ["ana", "ben", "eva", "six"].into_iter().enumerate() {
        members[number].say(&format!("hola {number}"));
        let said = format!("{name}: hola {number}");
        for (other, member) in members.iter_mut().enumerate() {
            if other != number {
                assert_eq!(member.hear_until("hola"), said);
            }
        }
        let object = json.hear_until("hola");
        let wanted = format!(
            r#"{{"type":"message","room":"lobby","from":"{name}","text":"hola {number}","at""#
        );
        assert!(object.starts_with(&wanted), "{object}");
    }
    json.say(r#"{"type":"message","text":"from the page"}"#);
    for member in &mut members {
        assert_eq!(member.hear_until("from"), "page: from the page");
    }
    members[2].say("/quit");
    assert_eq!(members[2].hear_until("goodbye"), "* goodbye");
    assert_eq!(members[2].hear(), "");
    assert!(json.hear_until("left").contains(r#""why":"quit""#));
    let (_, counts) = server.stop();
    assert_eq!(
        (counts.members, counts.messages, counts.left_out),
        (5, 5, 0)
    );
}

#[test]
fn packets_and_unix_datagrams_carry_a_line_each() {
    let directory = scratch("packets");
    let (packets, datagrams) = (directory.join("p.sock"), directory.join("d.sock"));
    let server = Running::start(&[
        &format!("unix-seqpacket:{}", packets.display()),
        &format!("unix-dgram:{}", datagrams.display()),
    ]);
    let socket = Socket::new(Family::Unix, Type::SeqPacket).unwrap();
    socket
        .connect(SocketAddress::UnixPath(packets.as_path().into()))
        .unwrap();
    let mut buffer = [0; 4096];
    let mut packet = |socket: &Socket| {
        let len = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..len].to_vec()).unwrap()
    };
    assert!(packet(&socket).starts_with("* you are guest-1,"));
    let peer = UnixDatagram::bind(directory.join("peer.sock")).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.connect(&datagrams).unwrap();
    peer.send(b"one\ntwo\n").unwrap();
    assert_eq!(packet(&socket), "* guest-2 joined\n");
    assert_eq!(packet(&socket), "guest-2: one\n");
    assert_eq!(packet(&socket), "guest-2: two\n");
    socket.send(b"three").unwrap();
    let mut text = [0; 4096];
    let mut datagram = || {
        let len = peer.recv(&mut text).unwrap();
        String::from_utf8(text[..len].to_vec()).unwrap()
    };
    assert!(datagram().starts_with("* you are guest-2, in the room lobby; here: guest-1\n"));
    assert_eq!(datagram(), "guest-1: three\n");
    socket.send(b"/quit").unwrap();
    assert_eq!(packet(&socket), "* goodbye\n");
    assert_eq!(socket.recv(&mut [0; 10]).unwrap(), 0);
    assert_eq!(datagram(), "* guest-1 quit\n");
    server.stop();
}

#[test]
fn whoever_ends_their_side_has_quit_and_hears_all_that_was_for_them() {
    let server = Running::start(&["tcp://127.0.0.1:0"]);
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let mut stream = std::net::TcpStream::connect(server.inet(0)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(b"/name ben\r\n/msg ana psst\r\nthe last line has no end")
        .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    assert!(
        all.ends_with("* guest-2 is now ben\n[you → ana] psst\n* goodbye\n"),
        "{all}"
    );
    assert_eq!(ana.hear_until("psst"), "[ben → you] psst");
    assert_eq!(ana.hear(), "ben: the last line has no end");
    assert_eq!(ana.hear(), "* ben quit");
    server.stop();
}

#[test]
fn a_member_whose_connection_breaks_is_gone_for_the_others() {
    let server = Running::start(&["tcp://127.0.0.1:0"]);
    let mut ana = Member::tcp(server.inet(0)).named("ana");
    let stream = std::net::TcpStream::connect(server.inet(0)).unwrap();
    ana.hear_until("guest-2 joined");
    // Closing with something unread, here the greeting, is a reset.
    stream.peek(&mut [0]).unwrap();
    drop(stream);
    assert_eq!(ana.hear(), "* guest-2 is gone");
    server.stop();
}
