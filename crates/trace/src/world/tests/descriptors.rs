//! Descriptors that are doubled, inherited, passed, reused and closed unseen.

use sockeye_model::Caller;

use super::fake::{PID, Program, msghdr, number, rights, sockaddr, tcp};
use crate::made::Attend;

fn as_process(program: &mut Program, pid: u32) {
    program.by = Caller {
        process: pid,
        thread: pid,
    };
}

fn fork(program: &mut Program, child: u32, shares: bool) {
    let at = program.tick();
    let child = Caller {
        process: child,
        thread: child,
    };
    program.world.forked(at, program.by, child, shares);
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
    program.world.take_to_arm();
    program
}

#[test]
fn a_forked_child_holds_the_socket_until_it_closes_it_too() {
    let mut program = connected();
    fork(&mut program, 200, false);
    program.call(libc::SYS_close, &[3], 0);
    as_process(&mut program, 200);
    program.call(libc::SYS_close, &[3], 0);
    assert_eq!(
        program.lines(),
        [
            "Forked { parent: 100, child: 200 }",
            "#1 close = 0",
            "#1 closed 0 0 Some(Ours)"
        ]
    );
}

#[test]
fn a_child_that_shares_the_table_closes_for_both() {
    let mut program = connected();
    fork(&mut program, 200, true);
    program.told();
    as_process(&mut program, 200);
    program.call(libc::SYS_close, &[3], 0);
    assert_eq!(program.lines(), ["#1 closed 0 0 Some(Ours)"]);
}

#[test]
fn a_new_thread_is_no_fork() {
    let mut program = connected();
    let at = program.tick();
    let thread = Caller {
        process: PID,
        thread: 101,
    };
    program.world.forked(at, program.by, thread, true);
    program.world.forked(at, program.by, thread, true);
    program.by = thread;
    program.call(libc::SYS_close, &[3], 0);
    assert_eq!(program.lines(), ["Threads", "#1 closed 0 0 Some(Ours)"]);
}

#[test]
fn what_exec_closes_is_closed() {
    let mut program = connected();
    program.call(libc::SYS_dup, &[3], 4);
    program.told();
    let at = program.tick();
    let fake = program.fake.clone();
    program
        .world
        .replaced(at, PID, "/bin/cat", &[0, 1, 2, 4], &fake);
    assert_eq!(
        program.lines(),
        ["Replaced { pid: 100, command: \"/bin/cat\" }"]
    );
    let at = program.tick();
    program
        .world
        .replaced(at, PID, "/bin/cat", &[0, 1, 2], &fake);
    assert_eq!(program.lines()[1], "#1 closed 0 0 Some(Ours)");
}

#[test]
fn doubled_descriptors_lead_to_one_socket_and_are_armed() {
    let mut program = connected();
    program.call(libc::SYS_dup, &[3], 4);
    program.call(libc::SYS_dup2, &[3, 5], 5);
    program.call(libc::SYS_fcntl, &[3, number(libc::F_DUPFD), 6], 6);
    program.call(libc::SYS_dup2, &[3, 3], 3);
    assert_eq!(
        program.lines(),
        ["#1 dup = 4", "#1 dup = 5", "#1 dup = 6", "#1 dup = 3"]
    );
    assert_eq!(program.world.take_to_arm(), [(PID, 4), (PID, 5), (PID, 6)]);
    program.call(libc::SYS_close_range, &[3, 5, 0], 0);
    assert!(program.lines().is_empty());
    program.call(libc::SYS_close_range, &[0, u64::MAX, 0], 0);
    assert_eq!(program.lines(), ["#1 closed 0 0 Some(Ours)"]);
}

#[test]
fn a_descriptor_that_dup2_overwrites_is_closed() {
    let mut program = connected();
    program.socket(4);
    program.told();
    program.call(libc::SYS_dup2, &[3, 4], 4);
    assert_eq!(program.lines(), ["#2 closed 0 0 None", "#1 dup = 4"]);
    program.call(libc::SYS_dup2, &[9, 4], 4);
    program.call(libc::SYS_close, &[3], 0);
    assert_eq!(
        program.lines(),
        ["#1 closed 0 0 Some(Ours)"],
        "4 is a file now"
    );
}

#[test]
fn a_close_that_was_not_seen_shows_when_the_number_comes_again() {
    let mut program = Program::new();
    program.socket(3);
    program.socket(3);
    assert_eq!(
        program.lines(),
        [
            "#1 created Inet Stream",
            "#1 fd 3 Made",
            "#1 closed 0 0 None",
            "#2 created Inet Stream",
            "#2 fd 3 Made"
        ]
    );
}

#[test]
fn a_passed_descriptor_is_the_same_socket() {
    let mut program = connected();
    let (unix, stream) = (number(libc::AF_UNIX), number(libc::SOCK_STREAM));
    let numbers = program
        .fake
        .put(&[7_i32.to_ne_bytes(), 8_i32.to_ne_bytes()].concat());
    program.call(libc::SYS_socketpair, &[unix, stream, 0, numbers], 0);
    fork(&mut program, 200, false);
    program.told();
    let message = msghdr(&program.fake, b"x", &rights(3));
    program.call(libc::SYS_sendmsg, &[7, message, 0], 1);
    program.call(libc::SYS_close, &[3], 0);
    as_process(&mut program, 200);
    program.call(libc::SYS_close, &[3], 0);
    assert_eq!(
        program.lines(),
        ["#2 sendmsg 1/1 \"x\"", "#1 close = 0", "#1 close = 0"],
        "it is under way, and open"
    );
    program.world.take_to_arm();
    program
        .fake
        .is(9, tcp(30, "10.0.0.1:44888", Some("10.0.0.9:80")));
    let message = msghdr(&program.fake, b"x", &rights(9));
    program.call(libc::SYS_recvmsg, &[8, message, 0], 1);
    assert_eq!(program.world.take_to_arm(), [(200, 9)]);
    program.call(libc::SYS_close, &[9], 0);
    assert_eq!(
        program.lines(),
        [
            "#3 recvmsg 1/1 \"x\"",
            "#1 fd 9 Passed",
            "#1 closed 0 0 Some(Ours)"
        ]
    );
}

#[test]
fn a_descriptor_taken_by_pidfd_is_the_same_socket() {
    let mut program = connected();
    fork(&mut program, 200, false);
    as_process(&mut program, 200);
    program.told();
    program
        .fake
        .is(9, tcp(30, "10.0.0.1:44888", Some("10.0.0.9:80")));
    program.call(libc::SYS_pidfd_getfd, &[5, 3, 0], 9);
    assert_eq!(program.lines(), ["#1 fd 9 Passed"]);
}

#[test]
fn inherited_sockets_are_told_where_the_program_starts() {
    let mut program = Program::new();
    program
        .fake
        .is(5, tcp(50, "10.0.0.1:22", Some("10.0.0.9:4000")));
    let fake = program.fake.clone();
    let at = program.tick();
    program.world.started(at, 300, "inetd", &[0, 5, 6], &fake);
    assert_eq!(
        program.lines()[1..],
        [
            "#1 fd 5 Inherited",
            "#1 created Inet Stream",
            "#1 connected 10.0.0.1:22 10.0.0.9:4000"
        ]
    );
    assert_eq!(program.world.take_to_arm(), [(300, 5)]);
}

#[test]
fn a_socket_that_was_missed_is_found_by_its_first_call() {
    let mut program = Program::new();
    program
        .fake
        .is(9, tcp(90, "10.0.0.1:22", Some("10.0.0.9:4000")));
    let buffer = program.fake.put(b"hola");
    program.call(libc::SYS_sendto, &[9, buffer, 4, 0, 0, 0], 4);
    assert_eq!(
        program.lines()[..2],
        ["#1 fd 9 Inherited", "#1 created Inet Stream"]
    );
    program.call(libc::SYS_sendto, &[10, buffer, 4, 0, 0, 0], 4);
    assert_eq!(program.attend, Attend::No);
    assert!(program.lines().is_empty(), "10 is no socket that is told");
}

#[test]
fn both_ends_of_a_pair_know_each_other() {
    let mut program = Program::new();
    let (unix, stream) = (number(libc::AF_UNIX), number(libc::SOCK_STREAM));
    let numbers = program
        .fake
        .put(&[7_i32.to_ne_bytes(), 8_i32.to_ne_bytes()].concat());
    program.call(libc::SYS_socketpair, &[unix, stream, 0, numbers], 0);
    program.pass(std::time::Duration::from_millis(51));
    program.idle();
    assert_eq!(
        program.lines(),
        [
            "#1 created Unix Stream",
            "#1 fd 7 Made",
            "#2 created Unix Stream",
            "#2 fd 8 Made",
            "#2 paired #1"
        ]
    );
}

#[test]
fn nothing_is_kept_of_sockets_that_are_gone() {
    let mut program = connected();
    for _ in 0..100 {
        program.socket(4);
        let address = program.fake.put(&sockaddr("10.0.0.9:80"));
        program
            .fake
            .is(4, tcp(40, "10.0.0.1:1", Some("10.0.0.9:80")));
        program.call(libc::SYS_connect, &[4, address, 16], 0);
        program.call(libc::SYS_close, &[4], 0);
        program.told();
    }
    assert_eq!(program.world.sockets.iter().count(), 1);
    assert_eq!(
        program.world.descriptors.counted(),
        [(super::super::sockets::Key(1), 1)].into_iter().collect()
    );
    assert!(program.world.pending.is_empty());
}
