//! Waits behind poll, select and epoll_wait.

use std::time::Duration;

use sockeye_model::{Call, Event, Kind, Note};

use super::fake::{Program, line, number, sockaddr, tcp};
use crate::tracee::Wanted;

const MILLISECOND: Duration = Duration::from_millis(1);

/// What is told of polls: the socket, the call that waits, of how many, and for how long it did.
fn polls(told: &[Event<'static>]) -> Vec<(u32, Call, u32, Option<Duration>)> {
    let polls = told.iter().filter_map(|event| match event.kind {
        Kind::Noted(Note::Polling { call, of, .. }) => Some((event.socket.0, call, of, event.took)),
        _ => None,
    });
    polls.collect()
}

fn listening() -> Program {
    let mut program = Program::new();
    program.socket(3);
    program.fake.is(3, tcp(30, "127.0.0.1:5000", None));
    program.call(libc::SYS_listen, &[3, 1], 0);
    program.told();
    program
}

fn connected(program: &mut Program, descriptor: i32) {
    program.socket(descriptor.into());
    let inode = 60 + u64::from(descriptor.cast_unsigned());
    let facts = tcp(inode, "10.0.0.1:44888", Some("10.0.0.9:80"));
    program.fake.is(descriptor, facts);
    let address = program.fake.put(&sockaddr("10.0.0.9:80"));
    program.call(libc::SYS_connect, &[number(descriptor), address, 16], 0);
    program.told();
}

/// `ppoll` of these descriptors, each for `POLLIN`, at most so long.
fn poll(program: &mut Program, descriptors: &[i32], most: Option<Duration>) {
    let one = |descriptor: &i32| {
        let events = libc::POLLIN.to_ne_bytes();
        [&descriptor.to_ne_bytes()[..], &events, &[0; 2]].concat()
    };
    let all: Vec<u8> = descriptors.iter().flat_map(one).collect();
    let at = program.fake.put(&all);
    let time = most.map_or(0, |most| {
        let nanos = u64::from(most.subsec_nanos()).to_ne_bytes();
        let time = [most.as_secs().to_ne_bytes(), nanos].concat();
        program.fake.put(&time)
    });
    let count = descriptors.len() as u64;
    within(program, libc::SYS_ppoll, &[at, count, time, 0, 0]);
}

fn within(program: &mut Program, call: i64, arguments: &[u64]) {
    program.enter(call, arguments);
    program.fake.within.set(Some(call));
}

fn accept(program: &mut Program) {
    program.fake.within.set(None);
    let new = tcp(31, "127.0.0.1:5000", Some("127.0.0.1:44888"));
    program.fake.is(9, new);
    program.call(libc::SYS_accept, &[3, 0, 0], 9);
}

#[test]
fn an_accept_behind_a_poll_that_is_made_again_and_again_is_one_wait() {
    let mut program = listening();
    poll(&mut program, &[3], Some(500 * MILLISECOND));
    let began = program.now;
    program.pass(19 * MILLISECOND);
    assert!(program.world.may_wait());
    assert_eq!(program.idle(), Some(began + 20 * MILLISECOND));
    for _ in 0..3 {
        program.pass(30 * MILLISECOND);
        program.idle();
        assert!(!program.world.may_wait());
        program.pass(470 * MILLISECOND);
        poll(&mut program, &[3], Some(500 * MILLISECOND));
    }
    let told = program.told();
    assert_eq!(polls(&told), [(1, Call::Accept, 1, None)]);
    let polling = |event: &&Event<'_>| matches!(event.kind, Kind::Noted(_));
    assert_eq!(told.iter().find(polling).unwrap().at, began);
    program.pass(100 * MILLISECOND);
    accept(&mut program);
    let told = program.told();
    let [(1, Call::Accept, 1, Some(took))] = polls(&told)[..] else {
        panic!("{told:#?}");
    };
    let most = 1_620 * MILLISECOND;
    assert!((1_600 * MILLISECOND..most).contains(&took), "{took:?}");
}

#[test]
fn a_poll_that_came_back_or_never_waits_is_no_wait() {
    let mut program = listening();
    poll(&mut program, &[3], None);
    program.fake.within.set(None);
    program.pass(500 * MILLISECOND);
    program.idle();
    accept(&mut program);
    assert_eq!(polls(&program.told()), []);
}

#[test]
fn what_a_program_does_after_its_time_was_up_is_no_waiting() {
    let mut program = listening();
    poll(&mut program, &[3], Some(100 * MILLISECOND));
    program.pass(50 * MILLISECOND);
    program.idle();
    program.pass(5_000 * MILLISECOND);
    accept(&mut program);
    let told = polls(&program.told());
    assert_eq!(told[1].3, Some(100 * MILLISECOND), "{told:?}");
}

#[test]
fn a_select_of_a_socket_and_the_terminal_says_that_it_waits_for_either() {
    let mut program = Program::new();
    connected(&mut program, 3);
    let input = program.fake.put(&0b1001_u64.to_ne_bytes());
    within(&mut program, libc::SYS_pselect6, &[4, input, 0, 0, 0, 0]);
    program.pass(50 * MILLISECOND);
    program.idle();
    assert_eq!(polls(&program.told()), [(1, Call::Recv, 2, None)]);
}

#[test]
fn a_loop_over_many_sockets_is_told_once_and_only_if_it_waits_long() {
    let mut program = Program::new();
    for descriptor in [3, 4] {
        connected(&mut program, descriptor);
    }
    let wanted = [3, 4, 5].map(|descriptor| Wanted {
        descriptor,
        input: true,
        output: false,
    });
    program.fake.registered.replace(wanted.to_vec());
    for _ in 0..3 {
        within(&mut program, libc::SYS_epoll_pwait, &[8, 0, 9, u64::MAX, 0]);
        program.pass(500 * MILLISECOND);
        program.idle();
        assert_eq!(polls(&program.told()), []);
        program.fake.within.set(None);
        program.call(libc::SYS_recvfrom, &[3, 0, 4, 0, 0, 0], 4);
    }
    for turn in 0..3 {
        within(&mut program, libc::SYS_epoll_pwait, &[8, 0, 9, u64::MAX, 0]);
        program.pass(1_001 * MILLISECOND);
        program.idle();
        program.fake.within.set(None);
        program.call(libc::SYS_recvfrom, &[3, 0, 4, 0, 0, 0], 4);
        let expected = [(0, Call::EpollWait, 2, None)];
        assert_eq!(polls(&program.told()), expected[usize::from(turn > 0)..]);
    }
    program.fake.registered.borrow_mut().remove(0);
    within(&mut program, libc::SYS_epoll_pwait, &[8, 0, 9, 5_000, 0]);
    program.pass(50 * MILLISECOND);
    program.idle();
    let told = program.told();
    assert_eq!(polls(&told), [(2, Call::Recv, 1, None)], "{told:?}");
}

#[test]
fn a_wait_ends_with_its_process_at_the_latest() {
    let mut program = listening();
    poll(&mut program, &[3], None);
    program.pass(50 * MILLISECOND);
    program.idle();
    let at = program.pass(950 * MILLISECOND);
    program.world.exited(at, super::fake::PID, Ok(0));
    let told = program.told();
    let took = polls(&told)[1].3;
    assert_eq!(took, Some(1_000 * MILLISECOND));
    assert_eq!(
        line(told.last().unwrap()),
        "Exited { pid: 100, status: Ok(0) }"
    );
}
