//! Servers and clients from `socket` to `close`.

use sockeye_model::{Errno, Family, Kind};

use crate::tracee::Facts;

use super::fake::{PID, Program, number, sockaddr, sockaddr_un, tcp};

fn errno(errno: Errno) -> i64 {
    -i64::from(errno.0)
}

#[test]
fn a_tcp_server_is_told_call_by_call() {
    let mut program = Program::new();
    program.socket(3);
    let one = program.fake.put(&1_i32.to_ne_bytes());
    let (level, option) = (number(libc::SOL_SOCKET), number(libc::SO_REUSEADDR));
    program.call(libc::SYS_setsockopt, &[3, level, option, one, 4], 0);
    let address = program.fake.put(&sockaddr("127.0.0.1:0"));
    program.fake.is(3, tcp(30, "127.0.0.1:5000", None));
    program.call(libc::SYS_bind, &[3, address, 16], 0);
    program.call(libc::SYS_listen, &[3, 1], 0);
    program
        .fake
        .is(4, tcp(40, "127.0.0.1:5000", Some("127.0.0.1:44888")));
    let flags = number(libc::SOCK_CLOEXEC);
    program.call(libc::SYS_accept4, &[3, 0, 0, flags], 4);
    assert_eq!(program.world.take_to_arm_life(), [(PID, 3)], "a listener");
    assert_eq!(program.world.take_to_arm(), [(PID, 4)]);
    let buffer = program.fake.put(b"hola\n");
    program.call(libc::SYS_recvfrom, &[4, buffer, 5, 0, 0, 0], 5);
    program.call(libc::SYS_sendto, &[4, buffer, 5, 0, 0, 0], 5);
    program.call(libc::SYS_recvfrom, &[4, buffer, 5, 0, 0, 0], 0);
    program.call(libc::SYS_close, &[4], 0);
    assert_eq!(
        program.lines(),
        [
            "#1 created Inet Stream",
            "#1 fd 3 Made",
            "#1 SO_REUSEADDR=1",
            "#1 bound 127.0.0.1:5000",
            "#1 PortChosen",
            "#1 listening 127.0.0.1:5000 1",
            "#2 accepted 127.0.0.1:5000 127.0.0.1:44888 of #1",
            "#2 fd 4 Made",
            "#2 FD_CLOEXEC=1",
            "#2 peer 812",
            "#2 recv 5/5 \"hola\\n\"",
            "#2 send 5/5 \"hola\\n\"",
            "#2 ended Peer",
            "#2 closed 5 5 Some(Peer)",
        ]
    );
    let at = program.tick();
    program.world.exited(at, PID, Ok(0));
    assert_eq!(
        program.lines(),
        ["#1 closed 0 0 None", "Exited { pid: 100, status: Ok(0) }"]
    );
}

#[test]
fn every_event_has_its_caller_and_a_call_its_time() {
    let mut program = Program::new();
    program.socket(3);
    let told = program.told();
    assert!(told.iter().all(|event| event.by == Some(program.by)));
    assert_eq!(told[0].took, Some(std::time::Duration::from_micros(10)));
    assert_eq!(told[1].took, None, "a note is no call");
}

#[test]
fn a_refused_connect_is_told_with_what_is_near() {
    let mut program = Program::new();
    program.socket(3);
    let address = program.fake.put(&sockaddr("127.0.0.1:5000"));
    program.call(
        libc::SYS_connect,
        &[3, address, 16],
        errno(Errno::ECONNREFUSED),
    );
    assert_eq!(
        program.lines()[2..],
        [
            "#1 connecting 127.0.0.1:5000",
            "#1 connect failed ECONNREFUSED 127.0.0.1:5000",
            "#1 Nearby { protocol: \"udp\", address: Inet(127.0.0.1:5000) }",
        ]
    );
    assert_eq!(
        program.world.take_to_arm_life(),
        [(PID, 3)],
        "its close is to be seen"
    );
}

#[test]
fn a_busy_address_is_told_with_its_holder() {
    let mut program = Program::new();
    program.socket(3);
    let address = program.fake.put(&sockaddr("127.0.0.1:5000"));
    program.call(libc::SYS_bind, &[3, address, 16], errno(Errno::EADDRINUSE));
    let lines = program.lines();
    assert_eq!(lines[2], "#1 bind failed EADDRINUSE 127.0.0.1:5000");
    assert!(
        lines[3].contains("Holder") && lines[3].contains("812"),
        "{lines:?}"
    );
}

#[test]
fn a_connect_that_goes_on_by_itself_is_made_when_that_is_known() {
    type Way<'a> = (&'a str, &'a dyn Fn(&mut Program));
    let ways: [Way<'_>; 3] = [
        ("getsockopt = 0", &|program| {
            let zero = program.fake.put(&0_i32.to_ne_bytes());
            let (level, option) = (number(libc::SOL_SOCKET), number(libc::SO_ERROR));
            program.call(libc::SYS_getsockopt, &[3, level, option, zero, 0], 0);
        }),
        ("getpeername = 0", &|program| {
            program.call(libc::SYS_getpeername, &[3, 0, 0], 0);
        }),
        ("send 1/1 \"x\"", &|program| {
            let buffer = program.fake.put(b"x");
            program.call(libc::SYS_sendto, &[3, buffer, 1, 0, 0, 0], 1);
        }),
    ];
    for (line, way) in ways {
        let mut program = Program::new();
        program.socket(3);
        let address = program.fake.put(&sockaddr("10.0.0.9:80"));
        program.call(
            libc::SYS_connect,
            &[3, address, 16],
            errno(Errno::EINPROGRESS),
        );
        program
            .fake
            .is(3, tcp(30, "10.0.0.1:44888", Some("10.0.0.9:80")));
        assert_eq!(
            program.lines()[2..],
            ["#1 connecting 10.0.0.9:80", "#1 connect = EINPROGRESS"]
        );
        way(&mut program);
        assert_eq!(
            program.lines(),
            [
                "#1 connected 10.0.0.1:44888 10.0.0.9:80".to_owned(),
                format!("#1 {line}")
            ]
        );
    }
}

#[test]
fn an_error_that_is_asked_for_too_early_proves_no_connection() {
    let mut program = Program::new();
    program.socket(3);
    let address = program.fake.put(&sockaddr("10.0.0.9:80"));
    program.call(
        libc::SYS_connect,
        &[3, address, 16],
        errno(Errno::EINPROGRESS),
    );
    program.told();
    let (level, option) = (number(libc::SOL_SOCKET), number(libc::SO_ERROR));
    let value = program.fake.put(&0_i32.to_ne_bytes());
    program.call(libc::SYS_getsockopt, &[3, level, option, value, 0], 0);
    assert_eq!(program.lines(), ["#1 getsockopt = 0"]);
    let value = program.fake.put(&Errno::ECONNREFUSED.0.to_ne_bytes());
    program.call(libc::SYS_getsockopt, &[3, level, option, value, 0], 0);
    let lines = program.lines();
    assert_eq!(lines[0], "#1 getsockopt = ECONNREFUSED");
    assert!(lines[1].contains("Nearby"), "{lines:?}");
}

#[test]
fn what_is_unread_is_told_before_the_last_close() {
    let mut program = Program::new();
    program.socket(3);
    let address = program.fake.put(&sockaddr("10.0.0.9:80"));
    program
        .fake
        .is(3, tcp(30, "10.0.0.1:44888", Some("10.0.0.9:80")));
    program.call(libc::SYS_connect, &[3, address, 16], 0);
    program.call(libc::SYS_dup, &[3], 4);
    program.fake.unread.borrow_mut().extend([(3, 18), (4, 18)]);
    program.told();
    program.call(libc::SYS_close, &[3], 0);
    assert_eq!(program.lines(), ["#1 close = 0"]);
    program.call(libc::SYS_close, &[4], 0);
    assert_eq!(
        program.lines(),
        ["#1 Data { unread: 18, unsent: 0 }", "#1 closed 0 0 None"]
    );
}

#[test]
fn the_kernels_figures_of_a_connection_are_told_before_its_close() {
    let mut program = Program::new();
    program.socket(3);
    let address = program.fake.put(&sockaddr("10.0.0.9:80"));
    program
        .fake
        .is(3, tcp(30, "10.0.0.1:44888", Some("10.0.0.9:80")));
    program.call(libc::SYS_connect, &[3, address, 16], 0);
    program.fake.sampled.borrow_mut().insert(3);
    program.fake.unread.borrow_mut().insert(3, 18);
    program.told();
    program.call(libc::SYS_close, &[3], 0);
    assert_eq!(
        program.lines(),
        [
            "#1 sampled",
            "#1 Data { unread: 18, unsent: 0 }",
            "#1 closed 0 0 None"
        ],
        "a reset is no end"
    );
}

#[test]
fn who_ended_first_is_known_from_the_kernel_where_no_call_told_it() {
    // tcp(7)'s ESTABLISHED, CLOSE_WAIT and CLOSE.
    for (state, told) in [(1, "Some(Ours)"), (8, "Some(Peer)"), (7, "None")] {
        let mut program = Program::new();
        program.socket(3);
        let address = program.fake.put(&sockaddr("10.0.0.9:80"));
        program
            .fake
            .is(3, tcp(30, "10.0.0.1:44888", Some("10.0.0.9:80")));
        program.call(libc::SYS_connect, &[3, address, 16], 0);
        program.fake.sampled.borrow_mut().insert(3);
        program.fake.states.borrow_mut().insert(3, state);
        program.told();
        program.call(libc::SYS_close, &[3], 0);
        let closed = format!("#1 closed 0 0 {told}");
        assert_eq!(program.lines(), ["#1 sampled", &closed]);
    }
}

#[test]
fn a_close_that_is_a_reset_ends_nothing_first() {
    let mut program = Program::new();
    program.socket(3);
    let address = program.fake.put(&sockaddr("10.0.0.9:80"));
    program
        .fake
        .is(3, tcp(30, "10.0.0.1:44888", Some("10.0.0.9:80")));
    program.call(libc::SYS_connect, &[3, address, 16], 0);
    let linger = [1_i32.to_ne_bytes(), 0_i32.to_ne_bytes()].concat();
    let linger = program.fake.put(&linger);
    let (level, option) = (number(libc::SOL_SOCKET), number(libc::SO_LINGER));
    program.call(libc::SYS_setsockopt, &[3, level, option, linger, 8], 0);
    program.told();
    program.call(libc::SYS_close, &[3], 0);
    assert_eq!(program.lines(), ["#1 closed 0 0 None"]);
}

#[test]
fn what_is_unsent_when_a_process_ends_is_told() {
    let mut program = Program::new();
    program.socket(3);
    let address = program.fake.put(&sockaddr("10.0.0.9:80"));
    program
        .fake
        .is(3, tcp(30, "10.0.0.1:44888", Some("10.0.0.9:80")));
    program.call(libc::SYS_connect, &[3, address, 16], 0);
    program.fake.unsent.borrow_mut().insert(3, 7);
    program.told();
    let at = program.tick();
    program.world.exiting(at, PID, &program.fake);
    program.world.exited(at, PID, Err(9));
    assert_eq!(
        program.lines(),
        [
            "#1 Data { unread: 0, unsent: 7 }",
            "#1 closed 0 0 Some(Ours)",
            "Exited { pid: 100, status: Err(9) }"
        ]
    );
}

#[test]
fn the_other_end_is_named_without_a_question_when_it_is_traced_too() {
    let mut program = Program::new();
    program.socket(3);
    program.fake.is(3, tcp(30, "127.0.0.1:5000", None));
    program.call(libc::SYS_listen, &[3, 5], 0);
    program.socket(4);
    let address = program.fake.put(&sockaddr("127.0.0.1:5000"));
    program
        .fake
        .is(4, tcp(40, "127.0.0.1:44888", Some("127.0.0.1:5000")));
    program.call(libc::SYS_connect, &[4, address, 16], 0);
    program
        .fake
        .is(5, tcp(50, "127.0.0.1:5000", Some("127.0.0.1:44888")));
    program.call(libc::SYS_accept, &[3, 0, 0], 5);
    let lines = program.lines();
    let peers: Vec<&String> = lines.iter().filter(|line| line.contains("peer ")).collect();
    assert_eq!(peers, ["#2 peer 100", "#3 peer 100"]);
}

#[test]
fn of_two_traced_ends_the_one_that_closes_first_is_known_to_have() {
    let mut program = Program::new();
    program.socket(3);
    program.fake.is(3, tcp(30, "127.0.0.1:5000", None));
    program.call(libc::SYS_listen, &[3, 5], 0);
    program.socket(4);
    let address = program.fake.put(&sockaddr("127.0.0.1:5000"));
    program
        .fake
        .is(4, tcp(40, "127.0.0.1:44888", Some("127.0.0.1:5000")));
    program.call(libc::SYS_connect, &[4, address, 16], 0);
    program.fake.is(
        5,
        tcp(
            50,
            "[::ffff:127.0.0.1]:5000",
            Some("[::ffff:127.0.0.1]:44888"),
        ),
    );
    program.call(libc::SYS_accept, &[3, 0, 0], 5);
    program.told();
    program.call(libc::SYS_close, &[5], 0);
    program.call(libc::SYS_close, &[4], 0);
    assert_eq!(
        program.lines(),
        ["#3 closed 0 0 Some(Ours)", "#2 closed 0 0 Some(Peer)"]
    );
}

#[test]
fn the_client_of_a_unix_listener_is_named_by_the_kernel() {
    let mut program = Program::new();
    let (unix, stream) = (number(libc::AF_UNIX), number(libc::SOCK_STREAM));
    program.call(libc::SYS_socket, &[unix, stream, 0], 3);
    program.call(libc::SYS_listen, &[3, 5], 0);
    program.told();
    let facts = Facts {
        family: Family::Unix,
        local: None,
        peer: None,
        peer_process: Some(812),
        ..tcp(40, "127.0.0.1:1", None)
    };
    program.fake.is(4, facts);
    program.call(libc::SYS_accept, &[3, 0, 0], 4);
    assert_eq!(
        program.lines(),
        [
            "#2 accepted (unnamed) (unnamed) of #1",
            "#2 fd 4 Made",
            "#2 peer 812"
        ]
    );
}

#[test]
fn a_unix_listener_and_its_path_are_told() {
    let mut program = Program::new();
    program.call(
        libc::SYS_socket,
        &[number(libc::AF_UNIX), number(libc::SOCK_STREAM), 0],
        3,
    );
    let address = sockaddr_un("/run/a.sock");
    let at = program.fake.put(&address);
    program.call(libc::SYS_bind, &[3, at, address.len() as u64], 0);
    assert_eq!(program.lines()[2], "#1 bound /run/a.sock");
}

#[test]
fn a_shutdown_of_each_kind_is_what_it_is() {
    let mut program = Program::new();
    program.socket(3);
    program.told();
    for (how, line) in [
        (libc::SHUT_RD, "#1 shutdown = 0"),
        (libc::SHUT_WR, "#1 ended Ours"),
        (libc::SHUT_RDWR, "#1 ended Ours"),
    ] {
        program.call(libc::SYS_shutdown, &[3, number(how)], 0);
        assert_eq!(program.lines(), [line]);
    }
    program.call(libc::SYS_shutdown, &[3, 1], errno(Errno::ENOTCONN));
    assert_eq!(program.lines(), ["#1 shutdown failed ENOTCONN"]);
}

#[test]
fn a_poll_is_told_of_no_socket() {
    let mut program = Program::new();
    program.call(libc::SYS_ppoll, &[0, 0], 0);
    assert!(program.lines().is_empty(), "a program without sockets");
    program.socket(3);
    program.told();
    program.call(libc::SYS_ppoll, &[0, 0], 0);
    assert_eq!(program.lines(), ["poll = 0"]);
    assert_eq!(program.attend, crate::made::Attend::No);
}

#[test]
fn nonblocking_is_told_however_it_is_set() {
    let mut program = Program::new();
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK;
    program.call(
        libc::SYS_socket,
        &[number(libc::AF_INET), number(kind), 0],
        3,
    );
    assert_eq!(program.lines()[2], "#1 O_NONBLOCK=1");
    let zero = program.fake.put(&0_i32.to_ne_bytes());
    program.call(libc::SYS_ioctl, &[3, 0x5421, zero], 0);
    let flags = number(libc::O_RDWR | libc::O_NONBLOCK);
    program.call(libc::SYS_fcntl, &[3, number(libc::F_SETFL), flags], 0);
    assert_eq!(program.lines(), ["#1 O_NONBLOCK=0", "#1 O_NONBLOCK=1"]);
}

#[test]
fn io_uring_and_another_tracer_are_said_once() {
    let mut program = Program::new();
    program.call(libc::SYS_io_uring_setup, &[8, 0], errno(Errno::EPERM));
    assert!(program.lines().is_empty());
    for _ in 0..2 {
        program.call(libc::SYS_io_uring_setup, &[8, 0], 3);
        program.call(libc::SYS_ptrace, &[0, 0, 0, 0], 0);
    }
    assert_eq!(program.lines(), ["Blind(IoUring)", "Blind(Tracer)"]);
}

#[test]
fn a_call_with_garbage_is_told_as_the_failure_it_is() {
    let mut program = Program::new();
    program.socket(3);
    program.told();
    program.call(
        libc::SYS_connect,
        &[3, 0xdead_0000, 16],
        errno(Errno::EFAULT),
    );
    program.call(libc::SYS_bind, &[3, 1, u64::MAX], errno(Errno::EINVAL));
    program.call(libc::SYS_sendmsg, &[3, 8, 0], errno(Errno::EFAULT));
    assert_eq!(
        program.lines(),
        [
            "#1 connect failed EFAULT",
            "#1 bind failed EINVAL",
            "#1 sendmsg failed EFAULT"
        ]
    );
}

#[test]
fn times_of_events_never_are_before_their_entry() {
    let mut program = Program::new();
    program.socket(3);
    for event in program.told() {
        assert!(event.at <= program.now);
        assert!(!matches!(event.kind, Kind::Waiting { .. }));
    }
}
