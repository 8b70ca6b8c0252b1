//! The runtime's own sockets are one line; what only looks like them is told.

use std::time::Duration;

use sockeye_model::{Caller, Errno};

use super::super::runtime::HELD;
use super::fake::{PID, Program, line, number, sockaddr, sockaddr_un};

fn connect_unix(program: &mut Program, path: &str) {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    program.call(
        libc::SYS_socket,
        &[number(libc::AF_UNIX), number(kind), 0],
        3,
    );
    let address = sockaddr_un(path);
    let at = program.fake.put(&address);
    let returned = -i64::from(Errno::ENOENT.0);
    program.call(libc::SYS_connect, &[3, at, address.len() as u64], returned);
}

fn datagram(program: &mut Program, descriptor: i64, flags: i32) {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | flags;
    program.call(
        libc::SYS_socket,
        &[number(libc::AF_INET), number(kind), 0],
        descriptor,
    );
}

fn connect(program: &mut Program, descriptor: u64, address: &str) {
    let at = program.fake.put(&sockaddr(address));
    program.call(libc::SYS_connect, &[descriptor, at, 16], 0);
}

fn name(program: &mut Program, descriptor: u64) {
    program.call(libc::SYS_getsockname, &[descriptor, 0, 0], 0);
}

#[test]
fn the_cache_of_names_is_told_once_and_again_when_it_is_eight_times_as_much() {
    let mut program = Program::new();
    let mut lines = Vec::new();
    for _ in 0..65 {
        connect_unix(&mut program, "/var/run/nscd/socket");
        lines.extend(program.lines());
    }
    let told = |sockets: u32| format!("Runtime {{ of: NameCache, sockets: {sockets} }}");
    assert_eq!(lines, [told(1), told(8), told(64)]);
    program.socket(3);
    assert_eq!(program.lines()[0], "#1 created Inet Stream");
}

#[test]
fn the_cache_of_names_is_told_of_the_program_and_not_of_each_process_of_its_start_script() {
    let mut program = Program::new();
    let mut lines = Vec::new();
    let script = program.by;
    for pid in 200..208 {
        let child = Caller {
            process: pid,
            thread: pid,
        };
        let (at, fake) = (program.tick(), program.fake.clone());
        program.world.forked(at, script, child, false);
        program.world.replaced(at, pid, "bash", &[], &fake);
        program.by = child;
        connect_unix(&mut program, "/var/run/nscd/socket");
        let at = program.tick();
        program.world.exited(at, pid, Ok(0));
        lines.extend(program.lines());
    }
    lines.retain(|line| line.contains("Runtime"));
    let told = |sockets: u32| format!("Runtime {{ of: NameCache, sockets: {sockets} }}");
    assert_eq!(lines, [told(1), told(8)]);
}

#[test]
fn another_unix_socket_made_alike_is_told() {
    let mut program = Program::new();
    connect_unix(&mut program, "/run/mine.sock");
    assert_eq!(
        program.lines(),
        [
            "#1 created Unix Stream",
            "#1 fd 3 Made",
            "#1 O_NONBLOCK=1",
            "#1 FD_CLOEXEC=1",
            "#1 connecting /run/mine.sock",
            "#1 connect failed ENOENT /run/mine.sock",
        ]
    );
}

#[test]
fn a_question_to_a_name_server_is_folded_with_all_its_calls() {
    let mut program = Program::new();
    datagram(&mut program, 3, libc::SOCK_NONBLOCK);
    let (level, option) = (number(libc::IPPROTO_IP), number(libc::IP_RECVERR));
    program.call(libc::SYS_setsockopt, &[3, level, option, 0, 4], 0);
    connect(&mut program, 3, "10.0.0.53:53");
    let buffer = program.fake.put(b"question");
    program.call(libc::SYS_sendto, &[3, buffer, 8, 0, 0, 0], 8);
    program.call(libc::SYS_recvfrom, &[3, buffer, 8, 0, 0, 0], 8);
    assert_eq!(program.lines(), ["Runtime { of: Resolver, sockets: 1 }"]);
    assert!(program.world.take_to_arm().is_empty(), "nobody watches it");
}

#[test]
fn a_program_that_is_a_client_of_dns_itself_is_told() {
    let mut program = Program::new();
    datagram(&mut program, 3, 0);
    let buffer = program.fake.put(b"question");
    let to = program.fake.put(&sockaddr("10.0.0.53:53"));
    program.call(libc::SYS_sendto, &[3, buffer, 8, 0, to, 16], 8);
    assert_eq!(
        program.lines(),
        [
            "#1 created Inet Datagram",
            "#1 fd 3 Made",
            "#1 FD_CLOEXEC=1",
            "#1 sendto 8/8 \"question\" to 10.0.0.53:53"
        ]
    );
}

#[test]
fn the_comparison_of_two_addresses_is_folded() {
    let mut program = Program::new();
    datagram(&mut program, 3, 0);
    connect(&mut program, 3, "10.0.0.9:80");
    name(&mut program, 3);
    datagram(&mut program, 3, 0);
    connect(&mut program, 3, "10.0.0.10:80");
    name(&mut program, 3);
    program.socket(3);
    assert_eq!(
        program.lines(),
        [
            "Runtime { of: Resolver, sockets: 1 }",
            "#1 created Inet Stream",
            "#1 fd 3 Made"
        ]
    );
}

#[test]
fn the_comparison_with_one_socket_is_folded() {
    let mut program = Program::new();
    datagram(&mut program, 3, 0);
    connect(&mut program, 3, "10.0.0.9:80");
    name(&mut program, 3);
    let nobody = program.fake.put(&[0; 16]);
    program.call(libc::SYS_connect, &[3, nobody, 16], 0);
    connect(&mut program, 3, "10.0.0.10:80");
    assert_eq!(program.lines(), ["Runtime { of: Resolver, sockets: 1 }"]);
}

#[test]
fn a_program_that_asks_for_its_own_address_is_told_after_a_moment() {
    let mut program = Program::new();
    datagram(&mut program, 3, 0);
    connect(&mut program, 3, "10.0.0.9:80");
    name(&mut program, 3);
    program.socket(4);
    assert!(program.lines().is_empty(), "others stay behind it");
    let next = program.idle().unwrap();
    assert!(next.since(program.now) <= Duration::from_millis(50));
    program.pass(Duration::from_millis(51));
    program.idle();
    let lines = program.lines();
    assert_eq!(lines[0], "#1 created Inet Datagram");
    assert_eq!(lines[lines.len() - 2], "#2 created Inet Stream");
    assert!(program.world.take_to_arm().contains(&(PID, 3)));
}

fn pair(program: &mut Program) {
    let numbers = program
        .fake
        .put(&[7_i32.to_ne_bytes(), 8_i32.to_ne_bytes()].concat());
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
    program.call(
        libc::SYS_socketpair,
        &[number(libc::AF_UNIX), number(kind), 0, numbers],
        0,
    );
}

fn nonblocking_pair(program: &mut Program) {
    pair(program);
    for descriptor in [7, 8] {
        name(program, descriptor);
    }
    let one = program.fake.put(&1_i32.to_ne_bytes());
    for descriptor in [7, 8] {
        program.call(libc::SYS_ioctl, &[descriptor, 0x5421, one], 0);
    }
}

#[test]
fn the_pair_of_an_event_loop_is_folded() {
    let mut program = Program::new();
    nonblocking_pair(&mut program);
    let buffer = program.fake.put(b"\0");
    program.call(libc::SYS_sendto, &[7, buffer, 1, 0, 0, 0], 1);
    assert_eq!(program.lines(), ["Runtime { of: WakeUp, sockets: 2 }"]);
}

#[test]
fn the_pair_of_a_library_is_folded_however_it_is_made_nonblocking() {
    let mut program = Program::new();
    pair(&mut program);
    let flags = number(libc::O_RDWR | libc::O_NONBLOCK);
    for descriptor in [7, 8] {
        program.call(
            libc::SYS_fcntl,
            &[descriptor, number(libc::F_SETFL), flags],
            0,
        );
    }
    program.pass(Duration::from_millis(51));
    program.idle();
    let told = program.told();
    assert_eq!(line(&told[0]), "Runtime { of: WakeUp, sockets: 2 }");
    assert!(told[0].at < program.now - HELD, "when it was made");
    assert_eq!(
        program.world.take_to_arm(),
        [(PID, 7), (PID, 8)],
        "it may be the program's yet"
    );
}

#[test]
fn a_pair_that_is_written_to_at_once_is_told_with_what_was_written() {
    let mut program = Program::new();
    pair(&mut program);
    let buffer = program.fake.put(b"hola");
    program.call(libc::SYS_write, &[7, buffer, 4], 4);
    assert_eq!(program.lines().last().unwrap(), "#1 write 4/4 \"hola\"");
}

#[test]
fn a_pair_that_carries_more_than_a_byte_is_told_after_all() {
    let mut program = Program::new();
    nonblocking_pair(&mut program);
    program.pass(Duration::from_millis(51));
    program.idle();
    program.told();
    let buffer = program.fake.put(b"hola");
    program.call(libc::SYS_sendto, &[7, buffer, 4, 0, 0, 0], 4);
    let lines = program.lines();
    assert_eq!(lines[0], "#1 created Unix Stream");
    assert!(lines.contains(&"#2 paired #1".to_owned()), "{lines:?}");
    assert_eq!(lines.last().unwrap(), "#1 send 4/4 \"hola\"");
}

#[test]
fn a_pair_that_a_child_gets_is_told() {
    let mut program = Program::new();
    pair(&mut program);
    assert!(program.lines().is_empty(), "it may be a loop's yet");
    fork(&mut program);
    assert_eq!(program.lines()[0], "#1 created Unix Stream");
}

fn fork(program: &mut Program) -> Caller {
    let child = Caller {
        process: 200,
        thread: 200,
    };
    let at = program.tick();
    program.world.forked(at, program.by, child, false);
    child
}

#[test]
fn a_nonblocking_pair_that_two_processes_keep_is_told_when_it_was_made() {
    let mut program = Program::new();
    nonblocking_pair(&mut program);
    fork(&mut program);
    assert!(
        program.lines().is_empty(),
        "the child may run another program"
    );
    program.pass(Duration::from_millis(51));
    program.idle();
    let lines = program.lines();
    assert_eq!(lines[0], "#1 created Unix Stream");
    assert!(lines.contains(&"#2 paired #1".to_owned()), "{lines:?}");
    assert!(
        !lines.iter().any(|line| line.contains("WakeUp")),
        "{lines:?}"
    );
}

#[test]
fn the_pair_of_a_loop_that_starts_another_program_is_folded() {
    let mut program = Program::new();
    nonblocking_pair(&mut program);
    let child = fork(&mut program);
    let parent = std::mem::replace(&mut program.by, child);
    for descriptor in [7, 8] {
        program.call(libc::SYS_close, &[descriptor], 0);
    }
    let (at, fake) = (program.tick(), program.fake.clone());
    program.world.replaced(at, 200, "true", &[], &fake);
    program.by = parent;
    program.pass(Duration::from_millis(51));
    program.idle();
    let lines = program.lines();
    assert!(
        lines.iter().any(|line| line.contains("WakeUp")),
        "{lines:?}"
    );
    assert!(
        !lines.iter().any(|line| line.contains("created")),
        "{lines:?}"
    );
}

#[test]
fn the_pair_of_a_loop_that_ends_at_once_is_folded() {
    for closes in [true, false] {
        let mut program = Program::new();
        nonblocking_pair(&mut program);
        if closes {
            program.call(libc::SYS_close, &[7], 0);
            program.call(libc::SYS_close, &[8], 0);
        }
        let at = program.tick();
        program.world.exited(at, PID, Ok(0));
        let lines = program.lines();
        assert_eq!(lines[0], "Runtime { of: WakeUp, sockets: 2 }");
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
}

#[test]
fn a_pair_that_was_folded_for_a_while_leaves_nothing_unread_behind() {
    let mut program = Program::new();
    nonblocking_pair(&mut program);
    program.pass(Duration::from_millis(51));
    program.idle();
    let buffer = program.fake.put(b"hola");
    program.call(libc::SYS_sendto, &[7, buffer, 4, 0, 0, 0], 4);
    program.told();
    program.fake.unread.borrow_mut().insert(8, 4);
    program.call(libc::SYS_close, &[8], 0);
    assert_eq!(program.lines(), ["#2 closed 0 0 Some(Ours)"]);
}

#[test]
fn the_list_of_addresses_is_folded() {
    let mut program = Program::new();
    let kind = number(libc::SOCK_RAW | libc::SOCK_CLOEXEC);
    program.call(libc::SYS_socket, &[number(libc::AF_NETLINK), kind, 0], 3);
    program.call(libc::SYS_bind, &[3, 0, 12], 0);
    assert_eq!(program.lines(), ["Runtime { of: Interfaces, sockets: 1 }"]);
}

#[test]
fn what_is_held_when_the_program_ends_is_told_before_the_end() {
    let mut program = Program::new();
    datagram(&mut program, 3, 0);
    let at = program.tick();
    program.world.exited(at, PID, Ok(0));
    let lines = program.lines();
    assert_eq!(lines[0], "#1 created Inet Datagram");
    assert!(lines.last().unwrap().starts_with("Exited"), "{lines:?}");
}
