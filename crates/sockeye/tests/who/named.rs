//! Who has a port, as text.

use std::net::{TcpListener, TcpStream, UdpSocket};

use crate::machine::{How, Other, alone, bound, listening, rest, skipped};
use crate::ran::{Ran, sockeye};
use crate::watch::Terminal;

fn who(arguments: &[&str]) -> Ran {
    sockeye(&[&["who"], arguments].concat())
}

/// The words of the line that has `text`.
fn line(ran: &Ran, text: &str) -> Vec<String> {
    let line = ran.stdout.lines().find(|line| line.contains(text));
    let line = line.unwrap_or_else(|| panic!("no {text} in {ran:?}"));
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn on_a_pipe_each_socket_of_a_port_is_a_line_also_one_that_rests() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    rest(&listener);
    let _waiting = TcpStream::connect(address).unwrap();
    let ran = who(&[&address.port().to_string()]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let listener = line(&ran, "LISTEN");
    assert_eq!(
        listener[..5],
        ["tcp", "LISTEN", &address.to_string(), "-", "loopback"]
    );
    assert_eq!(listener[6], std::process::id().to_string());
    assert!(ran.stdout.contains(" 1/"), "one connection waits: {ran:?}");
    assert_eq!(line(&ran, "TIME_WAIT")[2], address.to_string());
    assert_eq!(line(&ran, "ESTABLISHED")[2], address.to_string());
}

#[test]
fn all_processes_and_all_sockets_of_a_shared_port_are_named() {
    let _alone = alone();
    let how = How {
        reuseport: true,
        ..How::default()
    };
    let (one, address) = listening("127.0.0.1:0", 5, how);
    let (other, _) = listening(&address.to_string(), 5, how);
    let child = Other::with(one.try_clone().unwrap());
    let ran = who(&[&address.port().to_string()]);
    let lines: Vec<&str> = ran.stdout.lines().skip(1).collect();
    assert_eq!(lines.len(), 2, "{ran:?}");
    let mut both = [std::process::id(), child.pid()];
    both.sort_unstable();
    let both = format!("{},{}", both[0], both[1]);
    let shared = lines.iter().filter(|line| line.contains(&both)).count();
    assert_eq!(shared, 1, "{ran:?}");
    drop(other);
}

#[test]
fn tcp_and_udp_are_two_port_spaces() {
    let _alone = alone();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let udp = UdpSocket::bind(address).unwrap();
    let port = address.port().to_string();
    let both = who(&[&port]).stdout;
    assert_eq!(both.lines().count(), 3, "{both}");
    let only = who(&[&format!("udp:{port}")]).stdout;
    assert!(only.lines().count() == 2 && only.contains("udp"), "{only}");
    drop((tcp, udp));
}

#[test]
fn what_is_bound_is_told_by_families() {
    let _alone = alone();
    let Ok(probe) = TcpListener::bind("[::]:0") else {
        return skipped("this machine has no IPv6");
    };
    drop(probe);
    let v6_only = How {
        v6_only: true,
        ..How::default()
    };
    for (address, how, told) in [
        ("0.0.0.0:0", How::default(), "every-IPv4"),
        ("[::]:0", How::default(), "every  "),
        ("[::]:0", v6_only, "every-IPv6"),
        ("[::1]:0", How::default(), "loopback"),
    ] {
        let (_socket, bound) = listening(address, 5, how);
        let ran = who(&[&bound.port().to_string()]);
        let line = ran.stdout.lines().nth(1).unwrap();
        assert!(line.contains(told), "{address}: {line}");
    }
}

#[test]
fn a_socket_that_is_bound_and_does_not_listen_is_named() {
    let _alone = alone();
    let (_socket, address) = bound("127.0.0.1:0", How::default());
    let ran = who(&[&address.port().to_string()]);
    if ran.code == Some(10) {
        return skipped("this kernel does not list such sockets (before Linux 6.8)");
    }
    assert_eq!(
        line(&ran, "BOUND_INACTIVE")[6],
        std::process::id().to_string()
    );
    // And the error of whoever wants the port names it as well.
    let busy = sockeye(&["listen", &address.to_string()]);
    assert_eq!(busy.code, Some(16));
    let pid = format!("pid {}", std::process::id());
    assert!(busy.last_line().contains(&pid), "{busy:?}");
    assert!(
        busy.last_line().contains("has not called listen"),
        "{busy:?}"
    );
    let refused = sockeye(&["connect", "--no-stdin", &address.to_string()]);
    assert_eq!(refused.code, Some(11));
    assert!(
        refused.last_line().contains("has not called listen yet"),
        "{refused:?}"
    );
}

#[test]
fn a_name_that_nobody_has_is_code_10_in_either_language() {
    let _alone = alone();
    let ran = who(&["no-such-service"]);
    assert_eq!(ran.code, Some(10));
    assert_eq!(
        ran.stderr,
        "sockeye: no service is called no-such-service; try its number\n"
    );
    let ran = who(&["--lang", "es", "unix:/no/such/socket"]);
    assert_eq!(ran.code, Some(10));
    assert_eq!(
        ran.stderr,
        "sockeye: nadie tiene unix:/no/such/socket en esta máquina\n"
    );
    // One of two is enough.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let ran = who(&[&port, "1"]);
    assert_eq!(
        (ran.code, ran.stdout.lines().count()),
        (Some(10), 2),
        "{ran:?}"
    );
}

#[test]
fn a_command_line_cannot_act_on_the_terminal_or_make_lines() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut child = std::process::Command::new("sh")
        .args(["-c", "read wait", "x\u{1b}[2J\ny"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::os::fd::OwnedFd::from(listener))
        .spawn()
        .unwrap();
    let ran = who(&[&port.to_string()]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(ran.stdout.contains("x\\x1b[2J\\ny"), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 2);
}

#[test]
fn a_range_a_list_and_one_address_of_a_port_are_asked_for_alike() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.4:0").unwrap();
    let address = listener.local_addr().unwrap();
    let port = address.port();
    let (few, many) = (port.max(2) - 1, port.max(20) - 19);
    for asked in [
        address.to_string(),
        format!("tcp/{port}"),
        format!("{few}-{port}"),
        format!("{many}-{port}/tcp"),
        format!("{port},1"),
    ] {
        let ran = who(&[&asked]);
        assert_eq!(line(&ran, &address.to_string())[1], "LISTEN", "{asked}");
    }
    let ran = who(&[&format!("127.0.0.5:{port}")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(10), ""), "{ran:?}");
}

#[test]
fn a_service_that_there_is_none_of_is_answered_with_its_neighbours() {
    let _alone = alone();
    let ran = who(&["htpp"]);
    assert_eq!(ran.code, Some(10));
    assert!(
        ran.stderr.contains("close to it: ") && ran.stderr.contains(" http,"),
        "{ran:?}"
    );
}

#[test]
fn a_full_queue_is_said_and_what_udp_counts_is_memory() {
    let _alone = alone();
    let (_listener, address) = listening("127.0.0.1:0", 1, How::default());
    let _clients = [(); 2].map(|()| TcpStream::connect(address).unwrap());
    let socket = UdpSocket::bind(address).unwrap();
    socket.send_to(b"hi", address).unwrap();
    let mut terminal = Terminal::new();
    let port = address.port().to_string();
    let mut tool = terminal.start(&["who", &port]);
    terminal.wait_for("queue 2 of 1: full, new clients wait");
    terminal.wait_for("datagrams not read, in ");
    terminal.wait_for(" of kernel memory");
    assert_eq!(tool.wait().unwrap().code(), Some(0));
}

#[test]
fn on_a_pipe_the_columns_are_where_awk_looks_for_them() {
    let _alone = alone();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let listener = TcpListener::bind(address).unwrap();
    rest(&listener);
    drop(listener);
    let ran = who(&[&address.port().to_string()]);
    let udp = line(&ran, "BOUND ");
    let (age, queue) = (&udp[8], &udp[9]);
    assert!(age.ends_with(|unit: char| unit.is_alphabetic()), "{ran:?}");
    assert_eq!(queue, "0", "{ran:?}");
    let resting = line(&ran, "TIME_WAIT");
    assert_eq!(resting[4..], ["-"; 7], "{ran:?}");
}
