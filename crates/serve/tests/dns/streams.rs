//! DNS over TCP: many questions on one connection, in pieces, and from clients that never finish.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;

use crate::message::{framed, question};
use crate::server::{PATIENCE, Server, file, zones};

fn server(scheme: &str, idle: Option<Duration>) -> Server {
    let zones = zones(&[file("corners.zone"), file("child.zone")]);
    Server::start(&zones, scheme, 0, idle)
}

fn connected(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn reply(mut stream: &TcpStream) -> Message {
    let mut len = [0; 2];
    stream.read_exact(&mut len).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut message).unwrap();
    Message::from_vec(&message).unwrap()
}

#[test]
fn questions_sent_at_once_are_answered_in_their_order() {
    let server = server("tcp", None);
    let mut stream = connected(&server);
    let mut all = Vec::new();
    for id in 0..500 {
        let name = if id % 3 == 0 {
            "none.corners.test."
        } else {
            "mail.corners.test."
        };
        all.extend(framed(&question(id, name, RecordType::A, None)));
    }
    stream.write_all(&all).unwrap();
    for id in 0..500 {
        let reply = reply(&stream);
        assert_eq!(reply.metadata.id, id);
        assert_eq!(reply.answers.len(), usize::from(id % 3 != 0));
    }
    // Who ends only their own direction still gets the answers.
    stream
        .write_all(&framed(&question(
            7,
            "mail.corners.test.",
            RecordType::A,
            None,
        )))
        .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(reply(&stream).metadata.id, 7);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let served = server.stop();
    assert_eq!(
        (
            served.conversations.conversations,
            served.conversations.failed
        ),
        (1, 0)
    );
}

#[test]
fn a_question_may_come_octet_by_octet_and_an_idle_client_is_ended() {
    let server = server("tcp", Some(Duration::from_millis(800)));
    let mut slow = connected(&server);
    slow.set_nodelay(true).unwrap();
    for octet in framed(&question(9, "mail.corners.test.", RecordType::A, None)) {
        slow.write_all(&[octet]).unwrap();
    }
    assert_eq!(reply(&slow).answers.len(), 1);
    // It says nothing more, and is ended; so is one that never ends its question, though it goes on sending.
    let mut endless = connected(&server);
    endless.write_all(&[255, 255]).unwrap();
    let began = Instant::now();
    endless
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    loop {
        assert!(began.elapsed() < PATIENCE, "still connected");
        if endless.write_all(&[0]).is_err() {
            break;
        }
        match endless.read(&mut [0]) {
            Ok(0) => break,
            Ok(_) => panic!("an answer to half a question"),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    assert!(
        began.elapsed() >= Duration::from_millis(700),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(slow.read(&mut [0]).unwrap(), 0);
    let served = server.stop();
    assert_eq!(served.idle, 1);
}

#[test]
fn what_must_not_be_answered_is_not_and_the_next_question_is() {
    let server = server("tcp", None);
    let mut stream = connected(&server);
    let mut answer = question(1, "mail.corners.test.", RecordType::A, None);
    answer[2] |= 0x80;
    stream.write_all(&framed(&answer)).unwrap();
    stream.write_all(&framed(b"junk")).unwrap();
    stream.write_all(&framed(b"")).unwrap();
    stream
        .write_all(&framed(&question(
            2,
            "mail.corners.test.",
            RecordType::A,
            None,
        )))
        .unwrap();
    assert_eq!(reply(&stream).metadata.id, 2);
}

#[test]
fn a_datagram_is_a_question_and_a_response_gets_no_reply() {
    let server = server("udp", None);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server.at).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut response = question(1, "mail.corners.test.", RecordType::A, None);
    response[2] |= 0x80;
    socket.send(&response).unwrap();
    socket.send(b"").unwrap();
    socket.send(b"not a header").unwrap();
    for id in [2, 3, 4] {
        socket
            .send(&question(id, "mail.corners.test.", RecordType::A, None))
            .unwrap();
    }
    let mut room = [0; 2048];
    // Twelve octets are a header, of whatever operation its letters spell.
    let len = socket.recv(&mut room).unwrap();
    assert_eq!((len, &room[..2]), (12, &b"no"[..]));
    for id in [2, 3, 4] {
        let len = socket.recv(&mut room).unwrap();
        let reply = Message::from_vec(&room[..len]).unwrap();
        assert_eq!((reply.metadata.id, reply.answers.len()), (id, 1));
    }
    assert_eq!(server.stop().totals.sends, 4);
}
