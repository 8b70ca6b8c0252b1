//! Waits and queues, told at the moments that the rules need.

use std::time::Duration;

use super::fake::{Program, number, sockaddr, tcp, udp};

const MILLISECOND: Duration = Duration::from_millis(1);

fn listening() -> Program {
    let mut program = Program::new();
    program.socket(3);
    program.fake.is(3, tcp(30, "127.0.0.1:5000", None));
    program.call(libc::SYS_listen, &[3, 1], 0);
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
fn a_call_that_lasts_is_told_once_as_waiting_with_the_time_it_began() {
    let mut program = connected();
    let entry = program.enter(libc::SYS_recvfrom, &[3, 0, 4, 0, 0, 0]);
    program.pass(19 * MILLISECOND);
    let next = program.idle();
    assert!(program.lines().is_empty());
    assert_eq!(next, Some(entry.at + 20 * MILLISECOND));
    program.pass(2 * MILLISECOND);
    program.idle();
    let told = program.told();
    assert_eq!(super::fake::line(&told[0]), "#1 waiting recv");
    assert_eq!((told.len(), told[0].at), (1, entry.at));
    program.leave(entry, 0);
    assert_eq!(program.lines(), ["#1 ended Peer"]);
}

#[test]
fn what_the_tracer_looks_up_is_no_time_of_the_call() {
    let mut program = connected();
    let entry = program.enter(libc::SYS_recvfrom, &[3, 0, 4, 0, 0, 0]);
    let at = program.pass(1000 * MILLISECOND);
    program.world.goes_on(entry.by.thread, at);
    assert_eq!(program.idle(), Some(at + 20 * MILLISECOND));
    program.pass(3 * MILLISECOND);
    program.leave(entry, 0);
    let told = program.told();
    assert_eq!(super::fake::line(&told[0]), "#1 ended Peer");
    assert!(told[0].took.is_some_and(|took| took < 4 * MILLISECOND));
}

#[test]
fn a_wait_that_ended_before_anybody_looked_is_told_only_if_it_was_long() {
    let mut program = connected();
    let entry = program.enter(libc::SYS_recvfrom, &[3, 0, 4, 0, 0, 0]);
    program.pass(1000 * MILLISECOND);
    program.leave(entry, 0);
    assert_eq!(program.lines(), ["#1 waiting recv", "#1 ended Peer"]);
    let entry = program.enter(libc::SYS_recvfrom, &[3, 0, 4, 0, 0, 0]);
    program.pass(30 * MILLISECOND);
    program.leave(entry, 0);
    assert_eq!(program.lines(), ["#1 ended Peer"]);
}

#[test]
fn the_queues_of_a_socket_are_looked_at_after_one_and_three_seconds() {
    let mut program = connected();
    program.fake.unread.borrow_mut().insert(3, 5);
    program.enter(libc::SYS_recvfrom, &[3, 0, 4, 0, 0, 0]);
    let mut seen = Vec::new();
    for tick in 1..=50 {
        program.pass(100 * MILLISECOND);
        program.idle();
        for line in program.lines() {
            seen.push((tick, line));
        }
    }
    let at: Vec<u32> = seen.iter().map(|(tick, _)| *tick).collect();
    assert_eq!(at, [1, 10, 30], "{seen:?}");
    assert_eq!(seen[2].1, "#1 Data { unread: 5, unsent: 0 }");
}

#[test]
fn an_accept_queue_that_is_not_empty_is_told_when_it_changes_and_twice_a_second() {
    let mut program = listening();
    let mut lines = Vec::new();
    let mut look = |program: &mut Program, waiting: u32, times: u32| {
        program.fake.accepting.borrow_mut().insert(3, (waiting, 1));
        for _ in 0..times {
            program.pass(250 * MILLISECOND);
            program.idle();
            lines.extend(program.lines());
        }
    };
    look(&mut program, 0, 4);
    look(&mut program, 1, 5);
    look(&mut program, 2, 1);
    look(&mut program, 0, 4);
    let told = |waiting: u32| format!("#1 Accept {{ waiting: {waiting}, backlog: 1 }}");
    assert_eq!(lines, [told(1), told(1), told(1), told(2), told(0)]);
}

#[test]
fn a_queue_that_was_told_is_looked_at_again_after_each_accept() {
    let mut program = listening();
    program.fake.accepting.borrow_mut().insert(3, (1, 1));
    program.pass(250 * MILLISECOND);
    program.idle();
    program.fake.accepting.borrow_mut().insert(3, (0, 1));
    program.call(libc::SYS_accept, &[3, 0, 0], 4);
    let lines = program.lines();
    assert_eq!(lines[0], "#1 Accept { waiting: 1, backlog: 1 }");
    assert_eq!(
        lines.last().unwrap(),
        "#1 Accept { waiting: 0, backlog: 1 }"
    );
}

#[test]
fn a_listener_in_whose_accept_a_thread_waits_is_not_looked_at() {
    let mut program = listening();
    program.enter(libc::SYS_accept, &[3, 0, 0]);
    program.pass(30 * MILLISECOND);
    assert_eq!(program.idle(), None);
    assert_eq!(program.lines(), ["#1 waiting accept"]);
}

#[test]
fn messages_that_were_thrown_away_are_told_when_there_are_more() {
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
    let mut lines = Vec::new();
    for drops in [0, 0, 197, 197, 198] {
        program.fake.drops.borrow_mut().insert(3, (drops, 4096));
        program.pass(501 * MILLISECOND);
        program.idle();
        lines.extend(program.lines());
    }
    let told = |messages: u32| format!("#1 Dropped {{ messages: {messages}, buffer: 4096 }}");
    assert_eq!(lines, [told(197), told(198)]);
}

#[test]
fn a_listener_that_is_closed_tells_who_still_waits() {
    let mut program = listening();
    program.fake.accepting.borrow_mut().insert(3, (2, 1));
    program.call(libc::SYS_close, &[3], 0);
    assert_eq!(
        program.lines(),
        ["#1 Accept { waiting: 2, backlog: 1 }", "#1 closed 0 0 None"]
    );
}
