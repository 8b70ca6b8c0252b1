//! Any sequence of calls, with garbage for arguments and returns: no panic, and no reference too many or too few.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use sockeye_model::{Caller, Came, Event, Kind, Note, SocketId};

use super::fake::{Fake, Program, rights, sockaddr, sockaddr_un, tcp, udp};
use crate::made::{Attend, Entry};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Call {
        process: u32,
        number: i64,
        arguments: [u64; 6],
        returned: i64,
        stays: bool,
    },
    Fork {
        parent: u32,
        child: u32,
        shares: bool,
    },
    Exec {
        process: u32,
        stay: Vec<i32>,
    },
    Exit {
        process: u32,
    },
    Idle {
        millis: u64,
    },
}

const CALLS: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_shutdown,
    libc::SYS_setsockopt,
    libc::SYS_getsockopt,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_ioctl,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_epoll_pwait,
    libc::SYS_pidfd_getfd,
    libc::SYS_io_uring_setup,
    libc::SYS_ptrace,
    libc::SYS_openat,
];

fn argument() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 0..12_u64,
        3 => (1..20_u64).prop_map(|page| page * 0x1_0000),
        1 => any::<u64>(),
        1 => Just(0x5421), 1 => Just(0x80801_u64), 1 => Just(16_u64), 1 => Just(110_u64),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let process = 100..104_u32;
    prop_oneof![
        30 => (process.clone(), prop::sample::select(CALLS), prop::array::uniform6(argument()),
            prop_oneof![4 => 0..12_i64, 1 => -130..0_i64, 1 => any::<i64>()], prop::bool::weighted(0.1))
            .prop_map(|(process, number, arguments, returned, stays)|
                Step::Call { process, number, arguments, returned, stays }),
        2 => (process.clone(), 100..104_u32, any::<bool>())
            .prop_map(|(parent, child, shares)| Step::Fork { parent, child, shares }),
        1 => (process.clone(), prop::collection::vec(0..12_i32, 0..6))
            .prop_map(|(process, stay)| Step::Exec { process, stay }),
        1 => process.prop_map(|process| Step::Exit { process }),
        2 => (0..700_u64).prop_map(|millis| Step::Idle { millis }),
    ]
}

fn garbage(bytes: &[Vec<u8>]) -> Fake {
    let fake = Fake::default();
    fake.put(&sockaddr("127.0.0.1:5000"));
    fake.put(&sockaddr("10.0.0.53:53"));
    fake.put(&sockaddr_un("/var/run/nscd/socket"));
    fake.put(&1_i32.to_ne_bytes());
    fake.put(&[5_i32.to_ne_bytes(), 6_i32.to_ne_bytes()].concat());
    super::fake::msghdr(&fake, b"hola", &rights(4));
    for bytes in bytes {
        fake.put(bytes);
    }
    for descriptor in 0..6 {
        fake.is(
            descriptor,
            tcp(
                70 + u64::from(descriptor.unsigned_abs() / 2),
                "127.0.0.1:5000",
                Some("127.0.0.1:1"),
            ),
        );
    }
    fake.is(7, udp(90, "127.0.0.1:5005"));
    fake.unread.borrow_mut().extend([(3, 5), (4, u64::MAX)]);
    fake.accepting.borrow_mut().insert(3, (2, 1));
    fake
}

/// What every stream of events obeys, whatever the program did.
fn check_order(told: &[Event<'static>]) -> Result<(), TestCaseError> {
    let mut last = 0;
    let mut closed: HashMap<SocketId, bool> = HashMap::new();
    for event in told {
        if event.socket == SocketId::NONE {
            continue;
        }
        let is_new = !closed.contains_key(&event.socket);
        if is_new {
            prop_assert_eq!(
                event.socket.0,
                last + 1,
                "sockets are numbered in order of birth"
            );
            last += 1;
            prop_assert!(
                match &event.kind {
                    Kind::Created { .. } | Kind::Accepted { .. } => true,
                    Kind::Noted(Note::Descriptor { came, .. }) => *came != Came::Made,
                    _ => false,
                },
                "{:?}",
                event
            );
        }
        let gone = closed.entry(event.socket).or_default();
        // The kernel's own call behind the close.
        if matches!(event.kind, Kind::Noted(Note::Syscall(_))) {
            continue;
        }
        prop_assert!(!*gone, "nothing comes after the close: {:?}", event);
        *gone = matches!(event.kind, Kind::Closed { .. });
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn references_are_counted_right_whatever_is_called(
        steps in prop::collection::vec(step(), 1..120),
        bytes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..130), 0..10),
        syscalls in any::<bool>(),
    ) {
        let mut program = Program::new();
        if syscalls {
            program.world.tell_syscalls();
        }
        program.fake = garbage(&bytes);
        let mut told = Vec::new();
        for step in steps {
            match step {
                Step::Call { process, number, arguments, returned, stays } => {
                    program.by = Caller { process, thread: process };
                    let at = program.tick();
                    let entry = Entry { by: program.by, number, arguments, at };
                    program.attend = program.world.entered(&entry, &program.fake);
                    if !stays && program.attend != Attend::No {
                        program.leave(entry, returned);
                    }
                }
                Step::Fork { parent, child, shares } => {
                    let at = program.tick();
                    let caller = |process| Caller { process, thread: process };
                    program.world.forked(at, caller(parent), caller(child), shares);
                }
                Step::Exec { process, stay } => {
                    let at = program.tick();
                    let fake = program.fake.clone();
                    program.world.replaced(at, process, "python3 a.py", &stay, &fake);
                }
                Step::Exit { process } => {
                    let at = program.tick();
                    let fake = program.fake.clone();
                    program.world.exiting(at, process, &fake);
                    program.world.exited(at, process, Ok(0));
                }
                Step::Idle { millis } => {
                    program.pass(Duration::from_millis(millis));
                    program.idle();
                }
            }
            program.world.take_to_arm();
            program.world.take_to_arm_life();
            told.extend(program.told());
            let counted = program.world.descriptors.counted();
            for (key, open) in program.world.sockets.iter() {
                prop_assert_eq!(open.references, counted.get(&key).copied().unwrap_or(0));
                prop_assert!(open.references > 0 || open.in_flight > 0, "a socket that nobody holds is gone");
            }
            for key in counted.keys() {
                prop_assert!(program.world.sockets.get(*key).is_some());
            }
        }
        for process in 100..104 {
            let at = program.tick();
            program.world.exited(at, process, Ok(0));
        }
        told.extend(program.told());
        check_order(&told)?;
        prop_assert_eq!(program.world.sockets.iter().count(), 0);
        prop_assert_eq!(program.world.pending.len(), 0);
    }
}
