//! Filters are run here as the kernel runs them, on made-up calls.

use super::*;

const FOREIGN: u32 = 0x4000_0003;

/// The kernel's interpreter, as far as these programs need it; an instruction it does not know is a panic.
fn run(program: &[Instruction], arch: u32, number: i64, arguments: [u64; 6]) -> u32 {
    let mut data = Vec::new();
    data.extend(call(number).to_ne_bytes());
    data.extend(arch.to_ne_bytes());
    data.extend([0; 8]);
    for argument in arguments {
        data.extend(argument.to_ne_bytes());
    }
    let (mut at, mut loaded) = (0, 0_u32);
    loop {
        let Instruction {
            code,
            if_true,
            if_false,
            value,
        } = program[at];
        at += 1;
        let jump = |yes: bool| usize::from(if yes { if_true } else { if_false });
        match u32::from(code) {
            0x20 => {
                let from = usize::try_from(value).unwrap();
                loaded = u32::from_ne_bytes(data[from..from + 4].try_into().unwrap());
            }
            0x15 => at += jump(loaded == value),
            0x25 => at += jump(loaded > value),
            0x35 => at += jump(loaded >= value),
            0x06 => return value,
            code => panic!("code {code:#x}"),
        }
    }
}

fn stops(program: &[Instruction], number: i64, arguments: [u64; 6]) -> bool {
    run(program, ARCHITECTURE, number, arguments) != libc::SECCOMP_RET_ALLOW
}

#[test]
fn the_first_filter_stops_at_calls_of_sockets_and_lets_the_others_pass() {
    let base = base();
    for &number in ALWAYS.iter().chain(ALWAYS_HERE) {
        assert!(stops(&base, number, [0; 6]), "{number}");
    }
    for number in [
        libc::SYS_read,
        libc::SYS_close,
        libc::SYS_openat,
        libc::SYS_futex,
    ] {
        assert!(!stops(&base, number, [3; 6]), "{number}");
    }
}

#[test]
fn ioctl_is_stopped_at_for_two_requests() {
    let base = base();
    let with = |request: u64| stops(&base, libc::SYS_ioctl, [3, request, 0, 0, 0, 0]);
    assert!(with(libc::FIONBIO));
    assert!(with(libc::FIONREAD));
    assert!(!with(libc::TCGETS));
}

#[test]
fn a_filter_of_the_programs_own_is_told() {
    let base = base();
    let said = |number, first| run(&base, ARCHITECTURE, number, [first, 0, 0, 0, 0, 0]) & 0xffff;
    assert_eq!(said(libc::SYS_seccomp, 1), Said::OwnFilter as u32);
    assert_eq!(said(libc::SYS_prctl, 22), Said::OwnFilter as u32);
    assert_eq!(said(libc::SYS_prctl, 15), 0, "PR_SET_NAME passes");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn calls_of_another_architecture_pass_or_are_told_to_be_foreign() {
    let base = base();
    let said = |number| run(&base, FOREIGN, number, [0; 6]);
    assert_eq!(said(102) & 0xffff, Said::Foreign as u32);
    assert_eq!(said(359) & 0xffff, Said::Foreign as u32);
    assert_eq!(said(373) & 0xffff, Said::Foreign as u32);
    assert_eq!(said(374), libc::SECCOMP_RET_ALLOW);
    assert_eq!(
        said(libc::SYS_bind),
        libc::SECCOMP_RET_ALLOW,
        "49 is another call there"
    );
    let armed = on_descriptors(&[0..=100], true);
    assert_eq!(
        run(&armed, FOREIGN, libc::SYS_read, [3; 6]),
        libc::SECCOMP_RET_ALLOW
    );
}

#[test]
fn calls_on_armed_descriptors_are_stopped_at_and_others_pass() {
    let program = on_descriptors(&[5..=5, 9..=12], true);
    for &(number, _) in READ_WRITE.iter().chain(DESCRIPTORS) {
        for descriptor in 0..20 {
            let arguments = [descriptor, 4, 99, 0, 0, 0];
            let armed = matches!(descriptor, 5 | 9..=12);
            assert_eq!(
                stops(&program, number, arguments),
                armed,
                "{number} on {descriptor}"
            );
        }
    }
    assert!(!stops(&program, libc::SYS_openat, [5; 6]));
    // A descriptor is an int: what lies above it in the register is nothing to the kernel either.
    assert!(stops(
        &program,
        libc::SYS_read,
        [0xffff_ffff_0000_0005, 0, 0, 0, 0, 0]
    ));
}

#[test]
fn the_second_descriptor_of_a_call_counts_too() {
    let program = on_descriptors(&[5..=5], true);
    assert!(stops(&program, libc::SYS_dup3, [1, 5, 0, 0, 0, 0]));
    assert!(stops(&program, libc::SYS_sendfile, [1, 5, 0, 0, 0, 0]));
    assert!(stops(&program, libc::SYS_splice, [1, 0, 5, 0, 0, 0]));
    assert!(!stops(&program, libc::SYS_splice, [1, 5, 2, 0, 0, 0]));
    assert!(!stops(&program, libc::SYS_write, [1, 5, 5, 0, 0, 0]));
}

#[test]
fn fcntl_is_stopped_at_for_what_changes_waiting_or_makes_descriptors() {
    let program = on_descriptors(&[5..=5], true);
    let with = |fd: u64, command: i32| {
        let command = u64::from(command.cast_unsigned());
        stops(&program, libc::SYS_fcntl, [fd, command, 0, 0, 0, 0])
    };
    assert!(with(5, libc::F_SETFL));
    assert!(with(5, libc::F_DUPFD_CLOEXEC));
    assert!(!with(5, libc::F_GETFL));
    assert!(!with(6, libc::F_SETFL));
}

#[test]
fn without_read_and_write_only_the_life_of_descriptors_is_watched() {
    let program = on_descriptors(&[5..=5], false);
    assert!(stops(&program, libc::SYS_close, [5; 6]));
    assert!(!stops(&program, libc::SYS_read, [5; 6]));
}

#[test]
fn a_program_without_filters_is_watched_for_the_same_calls() {
    let armed = on_descriptors(&[0..=u32::MAX], true);
    let base = base();
    for number in 0..500 {
        for second in [0, 4, 22, 0x5421, 0x541b] {
            let arguments = [7, second, 7, 0, 0, 0];
            let own = number == libc::SYS_seccomp || number == libc::SYS_prctl;
            let stops = stops(&base, number, arguments) || stops(&armed, number, arguments);
            if !own {
                assert_eq!(
                    may_matter(number, &arguments),
                    stops,
                    "{number} {second:#x}"
                );
            }
        }
    }
}

#[test]
fn the_longest_filter_is_one_the_kernel_takes() {
    let most: Vec<_> = (0..super::super::arming::AT_ONCE)
        .map(|n| n..=n + 1)
        .collect();
    let program = on_descriptors(&most, true);
    assert!(program.len() < 4096);
    for (at, instruction) in program.iter().enumerate() {
        let furthest = usize::from(instruction.if_true.max(instruction.if_false));
        assert!(at + furthest < program.len());
    }
    assert!(stops(&program, libc::SYS_sendfile, [99, 3, 0, 0, 0, 0]));
    assert!(!stops(&program, libc::SYS_sendfile, [99, 98, 0, 0, 0, 0]));
}
