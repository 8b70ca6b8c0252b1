//! The kernel's own calls behind those of made-up programs.

use sockeye_model::{Errno, Event, Kind, Note};

use crate::made::Attend;
use crate::world::tests::fake::{Program, number, sockaddr, tcp, udp};

fn program() -> Program {
    let mut program = Program::new();
    program.world.tell_syscalls();
    program
}

/// The calls of the kernel since the last time, each behind the number of its socket.
fn syscalls(program: &mut Program) -> Vec<String> {
    let told = program.told();
    told.iter().filter_map(syscall).collect()
}

fn syscall(event: &Event<'_>) -> Option<String> {
    match &event.kind {
        Kind::Noted(Note::Syscall(syscall)) => {
            Some(format!("{} {syscall} [{}]", event.socket, syscall.number))
        }
        _ => None,
    }
}

/// A pointer, as a program's address is written.
fn at(pointer: u64) -> String {
    format!("{pointer:#x}")
}

#[test]
fn nothing_is_told_of_them_unasked() {
    let mut program = Program::new();
    program.socket(3);
    let pollfd = program.fake.put(&[0; 8]);
    program.enter(libc::SYS_ppoll, &[pollfd, 1, 0, 0, 8]);
    assert_eq!(program.attend, Attend::No, "a poll costs no second stop");
    assert_eq!(syscalls(&mut program), [""; 0]);
}

#[test]
fn each_call_has_the_kernels_name_and_what_it_was_given() {
    let mut program = program();
    program.socket(3);
    let one = program.fake.put(&1_i32.to_ne_bytes());
    let (level, option) = (number(libc::SOL_SOCKET), number(libc::SO_REUSEADDR));
    program.call(libc::SYS_setsockopt, &[3, level, option, one, 4], 0);
    let address = program.fake.put(&sockaddr("127.0.0.1:0"));
    program.fake.is(3, tcp(30, "127.0.0.1:5000", None));
    program.call(libc::SYS_bind, &[3, address, 16], 0);
    program.call(libc::SYS_listen, &[3, 5], 0);
    let connected = || tcp(40, "127.0.0.1:5000", Some("127.0.0.1:44888"));
    program.fake.is(4, connected());
    program.call(libc::SYS_accept, &[3, 0, 0], 4);
    program.fake.is(5, connected());
    let flags = number(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK);
    program.call(libc::SYS_accept4, &[3, 0, 0, flags], 5);
    let data = program.fake.put("a\"ño\n".as_bytes());
    let no_signal = number(libc::MSG_NOSIGNAL);
    program.call(libc::SYS_sendto, &[4, data, 6, no_signal, 0, 0], 6);
    program.call(libc::SYS_recvfrom, &[4, data, 6, 0, 0, 0], 3);
    program.call(libc::SYS_shutdown, &[4, number(libc::SHUT_WR)], 0);
    program.call(libc::SYS_close, &[4], 0);
    assert_eq!(
        syscalls(&mut program),
        [
            format!(
                "#1 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3 [{}]",
                libc::SYS_socket
            ),
            format!(
                "#1 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0 [{}]",
                libc::SYS_setsockopt
            ),
            format!(
                "#1 bind(3, {{AF_INET, 127.0.0.1:0}}, 16) = 0 [{}]",
                libc::SYS_bind
            ),
            format!("#1 listen(3, 5) = 0 [{}]", libc::SYS_listen),
            format!("#1 accept(3, NULL, NULL) = 4 [{}]", libc::SYS_accept),
            format!(
                "#1 accept4(3, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = 5 [{}]",
                libc::SYS_accept4
            ),
            format!(
                r#"#2 sendto(4, "a\"ño\n", 6, MSG_NOSIGNAL, NULL, 0) = 6 [{}]"#,
                libc::SYS_sendto
            ),
            format!(
                r#"#2 recvfrom(4, "a\"", 6, 0, NULL, NULL) = 3 [{}]"#,
                libc::SYS_recvfrom
            )
            .replace(r#""a\"","#, r#""a\"\xc3","#),
            format!("#2 shutdown(4, SHUT_WR) = 0 [{}]", libc::SYS_shutdown),
            format!("#2 close(4) = 0 [{}]", libc::SYS_close),
        ]
    );
}

#[test]
fn an_error_is_what_the_kernel_returned_and_room_that_was_not_filled_is_a_pointer() {
    let mut program = program();
    program.socket(3);
    let room = program.fake.put(b"not mine");
    let refused = -i64::from(Errno::ECONNRESET.0);
    program.call(libc::SYS_recvfrom, &[3, room, 8, 0, 0, 0], refused);
    let last = syscalls(&mut program).pop().unwrap();
    let expected = format!("recvfrom(3, {}, 8, 0, NULL, NULL) = -ECONNRESET", at(room));
    assert!(last.contains(&expected), "{last}");
}

#[test]
fn a_length_that_the_kernel_changes_shows_both() {
    let mut program = program();
    program.socket(3);
    program.fake.is(3, tcp(30, "127.0.0.1:5000", None));
    let address = program.fake.put(&[0; 128]);
    let len = program.fake.put(&128_i32.to_ne_bytes());
    let entry = program.enter(libc::SYS_getsockname, &[3, address, len]);
    program.fake.change(address, &sockaddr("127.0.0.1:5000"));
    program.fake.change(len, &16_i32.to_ne_bytes());
    program.leave(entry, 0);
    let last = syscalls(&mut program).pop().unwrap();
    let expected = "getsockname(3, {AF_INET, 127.0.0.1:5000}, [128 => 16]) = 0";
    assert!(last.contains(expected), "{last}");
}

#[test]
fn a_message_longer_than_its_room_is_told_as_the_program_sees_it() {
    let mut program = program();
    let datagram = [number(libc::AF_INET), number(libc::SOCK_DGRAM), 0];
    program.call(libc::SYS_socket, &datagram, 3);
    program.fake.is(3, udp(30, "127.0.0.1:5000"));
    let room = program.fake.put(b"01234567");
    let entry = program.enter(libc::SYS_recvfrom, &[3, room, 4, 0, 0, 0]);
    assert!(matches!(program.attend, Attend::ReturnWithLength { .. }));
    program.leave(entry, 8);
    let last = syscalls(&mut program).pop().unwrap();
    assert!(
        last.contains(r#"recvfrom(3, "0123", 4, 0, NULL, NULL) = 4"#),
        "{last}"
    );
}

#[test]
fn a_wait_is_told_before_the_call_it_led_to_with_what_was_ready() {
    let mut program = program();
    program.socket(3);
    let pollfd = |there: u8| [&3_i32.to_ne_bytes()[..], &[1, 0, there, 0]].concat();
    let polled = program.fake.put(&pollfd(0));
    let limit = program
        .fake
        .put(&[2_i64.to_ne_bytes(), 0_i64.to_ne_bytes()].concat());
    let entry = program.enter(libc::SYS_ppoll, &[polled, 1, limit, 0, 8]);
    assert_eq!(program.attend, Attend::Return);
    program.fake.change(polled, &pollfd(1));
    program.leave(entry, 1);
    let data = program.fake.put(b"hola");
    program.call(libc::SYS_recvfrom, &[3, data, 4, 0, 0, 0], 4);
    let told = syscalls(&mut program);
    let [_, wait, receive] = told.as_slice() else {
        panic!("{told:?}")
    };
    let expected =
        "#1 ppoll([{fd=3, events=POLLIN, revents=POLLIN}], 1, {tv_sec=2, tv_nsec=0}, NULL, 8) = 1";
    assert!(wait.starts_with(expected), "{wait}");
    assert!(receive.starts_with("#1 recvfrom(3, \"hola\""), "{receive}");
}

#[test]
fn a_wait_for_what_is_no_socket_is_not_told() {
    let mut program = program();
    program.socket(3);
    let pollfd = [&9_i32.to_ne_bytes()[..], &[1, 0, 1, 0]].concat();
    let polled = program.fake.put(&pollfd);
    program.call(libc::SYS_ppoll, &[polled, 1, 0, 0, 8], 1);
    assert_eq!(syscalls(&mut program).len(), 1, "the socket alone");
}

#[test]
fn select_shows_who_was_asked_for_and_who_is_ready() {
    let mut program = program();
    program.socket(3);
    program.socket(4);
    let set = program.fake.put(&0b1_1000_u64.to_ne_bytes());
    let entry = program.enter(libc::SYS_pselect6, &[5, set, 0, 0, 0, 0]);
    program.fake.change(set, &0b1_0000_u64.to_ne_bytes());
    program.leave(entry, 1);
    let last = syscalls(&mut program).pop().unwrap();
    let expected = "#2 pselect6(5, [3, 4] => [4], NULL, NULL, NULL, NULL) = 1";
    assert!(last.starts_with(expected), "{last}");
}

#[test]
fn sockets_of_the_runtime_have_none() {
    let mut program = program();
    let netlink = [number(libc::AF_NETLINK), number(libc::SOCK_RAW), 0];
    program.call(libc::SYS_socket, &netlink, 3);
    assert_eq!(syscalls(&mut program), [""; 0]);
}

#[test]
fn a_socket_that_is_closed_keeps_its_number_for_the_last_word() {
    let mut program = program();
    program.socket(3);
    program.call(libc::SYS_close, &[3], 0);
    program.socket(3);
    let told = syscalls(&mut program);
    let numbers: Vec<&str> = told.iter().map(|line| &line[..2]).collect();
    assert_eq!(numbers, ["#1", "#1", "#2"]);
    program.call(libc::SYS_close, &[3], 0);
    assert!(syscalls(&mut program)[0].starts_with("#2 close(3) = 0"));
    assert_eq!(program.world.outbox.numbers(), 0, "nothing is kept of them");
}
