//! Sends and receives: bytes, room, cuts, ends and errors.

use sockeye_model::{Errno, Kind};

use super::fake::{Program, msghdr, number, sockaddr, tcp, udp};
use crate::made::Attend;

fn datagrams() -> Program {
    let mut program = Program::new();
    program.call(
        libc::SYS_socket,
        &[number(libc::AF_INET), number(libc::SOCK_DGRAM), 0],
        3,
    );
    program.fake.is(3, udp(30, "127.0.0.1:5005"));
    let address = program.fake.put(&sockaddr("127.0.0.1:5005"));
    program.call(libc::SYS_bind, &[3, address, 16], 0);
    program.told();
    program
}

fn connected() -> Program {
    let mut program = Program::new();
    program.socket(3);
    program
        .fake
        .is(3, tcp(30, "10.0.0.1:44888", Some("10.0.0.9:80")));
    let address = program.fake.put(&sockaddr("10.0.0.9:80"));
    program.call(libc::SYS_connect, &[3, address, 16], 0);
    program.told();
    program
}

#[test]
fn a_datagram_that_was_cut_is_told_with_its_length() {
    let mut program = datagrams();
    let buffer = program.fake.put(b"hola");
    let from = program.fake.put(&sockaddr("10.0.0.9:4444"));
    let from_len = program.fake.put(&16_i32.to_ne_bytes());
    let arguments = [3, buffer, 4, 0, from, from_len];
    program.call(libc::SYS_recvfrom, &arguments, 1800);
    assert_eq!(
        program.attend,
        Attend::ReturnWithLength {
            argument: 3,
            room: 4
        }
    );
    assert_eq!(
        program.lines(),
        ["#1 recvfrom 4/4 \"hola\" cut from 1800 from 10.0.0.9:4444"]
    );
}

#[test]
fn the_length_is_not_asked_where_the_program_asks_itself_or_has_room() {
    let mut program = datagrams();
    let buffer = program.fake.put(b"hola");
    for (room, flags) in [(4, libc::MSG_TRUNC), (4, libc::MSG_PEEK), (65_536, 0)] {
        program.enter(libc::SYS_recvfrom, &[3, buffer, room, number(flags), 0, 0]);
        assert_eq!(program.attend, Attend::Return);
    }
    let message = msghdr(&program.fake, b"hola", &[]);
    program.enter(libc::SYS_recvmsg, &[3, message, 0]);
    assert_eq!(
        program.attend,
        Attend::ReturnWithLength {
            argument: 2,
            room: 4
        }
    );
}

#[test]
fn a_datagram_that_read_cuts_was_as_long_as_the_queue_said() {
    let mut program = datagrams();
    let buffer = program.fake.put(b"hola");
    program.fake.unread.borrow_mut().insert(3, 9);
    program.call(libc::SYS_read, &[3, buffer, 4], 4);
    assert_eq!(program.lines(), ["#1 read 4/4 \"hola\" cut from 9"]);
}

#[test]
fn an_empty_datagram_is_data_and_no_end() {
    let mut program = datagrams();
    let buffer = program.fake.put(b"hola");
    program.call(libc::SYS_recvfrom, &[3, buffer, 4, 0, 0, 0], 0);
    assert_eq!(program.lines(), ["#1 recv 0/4 \"\""]);
}

#[test]
fn a_datagram_goes_to_whom_the_call_says() {
    let mut program = datagrams();
    let buffer = program.fake.put(b"hola");
    let to = program.fake.put(&sockaddr("10.0.0.9:4444"));
    program.call(libc::SYS_sendto, &[3, buffer, 4, 0, to, 16], 4);
    assert_eq!(program.lines(), ["#1 sendto 4/4 \"hola\" to 10.0.0.9:4444"]);
}

#[test]
fn each_end_of_a_stream_is_told_and_each_peek_is_only_a_call() {
    let mut program = connected();
    let buffer = program.fake.put(b"hola");
    for flags in [0, libc::MSG_PEEK, 0] {
        program.call(libc::SYS_recvfrom, &[3, buffer, 4, number(flags), 0, 0], 0);
    }
    program.call(libc::SYS_recvfrom, &[3, buffer, 0, 0, 0, 0], 0);
    assert_eq!(
        program.lines(),
        [
            "#1 ended Peer",
            "#1 recv = 0",
            "#1 ended Peer",
            "#1 recv = 0"
        ]
    );
}

#[test]
fn after_a_reset_a_receive_of_nothing_is_no_end() {
    let mut program = connected();
    let buffer = program.fake.put(b"hola");
    let arguments = [3, buffer, 4, 0, 0, 0];
    let reset = -i64::from(Errno::ECONNRESET.0);
    program.call(libc::SYS_recvfrom, &arguments, reset);
    program.call(libc::SYS_recvfrom, &arguments, 0);
    assert_eq!(
        program.lines(),
        ["#1 recv failed ECONNRESET", "#1 recv = 0"]
    );
}

#[test]
fn a_call_that_would_wait_or_was_interrupted_has_not_failed() {
    let mut program = connected();
    let buffer = program.fake.put(b"hola");
    for errno in [Errno::EAGAIN, Errno::EINTR] {
        let returned = -i64::from(errno.0);
        program.call(libc::SYS_recvfrom, &[3, buffer, 4, 0, 0, 0], returned);
        assert_eq!(program.lines(), [format!("#1 recv = {errno}")]);
    }
    let broken = -i64::from(Errno::EPIPE.0);
    program.call(libc::SYS_sendto, &[3, buffer, 4, 0, 0, 0], broken);
    assert_eq!(program.lines(), ["#1 send failed EPIPE"]);
}

#[test]
fn a_send_says_where_its_bytes_began_and_how_many_were_asked() {
    let mut program = connected();
    let buffer = program.fake.put(b"hola");
    program.call(libc::SYS_write, &[3, buffer, 4], 3);
    let told = program.told();
    let Kind::Sent {
        asked,
        buffer: Some(at),
        payload,
        ..
    } = &told[0].kind
    else {
        panic!("{told:?}");
    };
    assert_eq!((*asked, *at, payload.len()), (4, buffer, 3));
    assert_eq!(payload.data(), Some(&b"hol"[..]));
}

#[test]
fn several_stretches_are_one_payload() {
    let mut program = connected();
    let (one, other) = (program.fake.put(b"ho"), program.fake.put(b"la"));
    let stretches = program
        .fake
        .put(&[one, 2, other, 2].map(u64::to_ne_bytes).concat());
    program.call(libc::SYS_writev, &[3, stretches, 2], 3);
    assert_eq!(program.lines(), ["#1 writev 3/4 \"hol\""]);
    program.call(libc::SYS_readv, &[3, stretches, 2], 4);
    assert_eq!(program.lines(), ["#1 readv 4/4 \"hola\""]);
}

#[test]
fn each_message_of_many_is_an_event() {
    let mut program = datagrams();
    let message = msghdr(&program.fake, b"hola", &[]);
    let head: Vec<u8> = {
        let memory = program.fake.memory.borrow();
        let (_, bytes) = memory.iter().find(|(at, _)| *at == message).unwrap();
        bytes.clone()
    };
    let one = [&head[..], &[4, 0, 0, 0], &[0; 4]].concat();
    let many = program.fake.put(&[&one[..], &one].concat());
    program.call(libc::SYS_sendmmsg, &[3, many, 2, 0], 2);
    assert_eq!(
        program.lines(),
        ["#1 sendmmsg 4/4 \"hola\"", "#1 sendmmsg 4/4 \"hola\""]
    );
    program.call(libc::SYS_recvmmsg, &[3, many, 2, 0, 0], 2);
    assert_eq!(
        program.lines(),
        ["#1 recvmmsg 4/4 \"hola\"", "#1 recvmmsg 4/4 \"hola\""]
    );
}

#[test]
fn a_file_that_is_sent_and_a_splice_tell_how_much_went() {
    let mut program = connected();
    program.call(libc::SYS_sendfile, &[3, 9, 0, 1000], 700);
    program.call(libc::SYS_splice, &[8, 0, 3, 0, 500, 0], 400);
    program.call(libc::SYS_splice, &[3, 0, 8, 0, 500, 0], 30);
    program.call(libc::SYS_splice, &[3, 0, 8, 0, 500, 0], 0);
    assert_eq!(
        program.lines(),
        [
            "#1 sendfile 700/1000 \"\"",
            "#1 splice 400/500 \"\"",
            "#1 splice 30/500 \"\"",
            "#1 ended Peer"
        ]
    );
}

#[test]
fn bytes_that_cannot_be_read_or_are_too_many_are_only_counted() {
    let mut program = connected();
    program.call(libc::SYS_write, &[3, 0xdead_0000, 5], 5);
    program.call(libc::SYS_write, &[3, 0xdead_0000, 1 << 40], 1 << 40);
    let told = program.told();
    for (event, len) in told.iter().zip([5, 1_u64 << 40]) {
        let Kind::Sent { payload, .. } = &event.kind else {
            panic!("{event:?}");
        };
        assert_eq!((payload.data(), payload.len()), (None, len));
    }
}

#[test]
fn the_first_bytes_of_a_connection_tell_that_it_is_tls() {
    let mut program = connected();
    let hello = program.fake.put(&[0x16, 3, 1, 0, 5, 1]);
    for _ in 0..2 {
        program.call(libc::SYS_write, &[3, hello, 6], 6);
    }
    let told = program.lines().join("\n");
    assert_eq!(told.matches("Meaning").count(), 1, "{told}");
    let mut plain = connected();
    let text = plain.fake.put(b"GET / HTTP/1.1");
    plain.call(libc::SYS_write, &[3, text, 14], 14);
    plain.call(libc::SYS_write, &[3, hello, 6], 6);
    assert!(!plain.lines().join("\n").contains("Meaning"));
}
