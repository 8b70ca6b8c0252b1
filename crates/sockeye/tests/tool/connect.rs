//! `connect` and `wait` against servers of this test: what arrives, and how it ends.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};

use crate::closed_port::ClosedPort;
use crate::ran::{Ran, command, shell, sockeye, sockeye_with};

/// A server for one conversation: its address, and what the conversation gave.
fn server<T: Send + 'static>(
    talk: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let thread = thread::spawn(move || talk(listener.accept().unwrap().0));
    (address, thread)
}

/// Reads to the end, then answers with it.
fn answer_after_the_end(mut client: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    client.read_to_end(&mut all).unwrap();
    client.write_all(&all).unwrap();
    all
}

/// Closes with a reset after seven bytes, once the client has them: it says so by its end.
fn reset_after_seven(mut client: TcpStream) {
    client.write_all(b"1234567").unwrap();
    let mut all = Vec::new();
    client.read_to_end(&mut all).unwrap();
    rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
}

#[test]
fn a_reply_after_our_end_arrives_whole() {
    let (address, server) = server(answer_after_the_end);
    let sent: Vec<u8> = (0..3_000_000_u32).map(|i| b'a' + (i % 26) as u8).collect();
    let ran = sockeye_with(&["connect", &address], &sent);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(
        ran.stdout.as_bytes() == sent,
        "{} of {} bytes",
        ran.stdout.len(),
        sent.len()
    );
    assert_eq!(server.join().unwrap(), sent);
}

#[test]
fn the_first_line_is_sent_before_the_input() {
    let (address, server) = server(answer_after_the_end);
    let ran = sockeye_with(
        &["connect", &address, "--send", r"GET\t1", "--crlf"],
        b"a\nb\r\n",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(server.join().unwrap(), b"GET\t1\r\na\r\nb\r\n");
}

#[test]
fn the_peers_end_is_ours_at_once() {
    let once = || {
        let (address, server) = server(|client| {
            client.shutdown(Shutdown::Both).unwrap();
            Instant::now()
        });
        let ran = sockeye(&["connect", &address]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        server.join().unwrap().elapsed() < Duration::from_secs(1)
    };
    // A machine that is busy may be slow by itself, and not always.
    assert!((0..10).any(|_| once()));
}

#[test]
fn a_reset_is_code_20_and_what_had_arrived_is_said() {
    let (address, server) = server(reset_after_seven);
    let mut child = command(&["connect", &address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut [0; 7])
        .unwrap();
    drop(child.stdin.take());
    let ran: Ran = child.wait_with_output().unwrap().into();
    server.join().unwrap();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(20), ""), "{ran:?}");
    assert!(
        ran.last_line().contains("reset by") && ran.last_line().contains("7 B"),
        "{ran:?}"
    );
}

#[test]
fn refused_is_code_11() {
    let closed = ClosedPort::new();
    let address = closed.at().to_string();
    let ran = sockeye(&["connect", &address]);
    assert_eq!(ran.code, Some(11));
    assert!(ran.last_line().contains("ECONNREFUSED"), "{ran:?}");
    assert_eq!(sockeye(&["-z", &address]).code, Some(11));
}

#[test]
fn a_path_that_is_not_there_is_code_10() {
    let ran = sockeye(&["connect", "unix:/nonexistent/app.sock"]);
    assert_eq!(ran.code, Some(10));
    assert!(
        ran.last_line().contains("unix:/nonexistent/app.sock"),
        "{ran:?}"
    );
}

#[test]
fn an_unknown_service_is_code_10() {
    let ran = sockeye(&["connect", "localhost:no-such-service"]);
    assert_eq!(ran.code, Some(10), "{ran:?}");
    assert!(ran.last_line().contains("no-such-service"), "{ran:?}");
}

#[test]
fn a_network_without_a_route_is_code_12() {
    // A new network namespace has a loopback interface that is down: no route leads anywhere.
    let ran = shell(
        "unshare -rn true 2>/dev/null || { echo skipped; exit 0; }; exec unshare -rn \"$sockeye\" connect 192.0.2.1:7",
    );
    if ran.stdout == "skipped\n" {
        crate::ran::skipped("this user may not make a network namespace");
        return;
    }
    assert_eq!(ran.code, Some(12), "{ran:?}");
    assert!(ran.last_line().contains("ENETUNREACH"), "{ran:?}");
}

#[test]
fn a_listener_that_never_accepts_is_code_13() {
    let path = std::env::temp_dir().join(format!("sockeye-full-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let _in_the_queue = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let address = format!("unix:{}", path.display());
    let ran = sockeye(&["connect", &address, "--timeout", "200ms"]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(ran.code, Some(13), "{ran:?}");
    assert!(ran.last_line().contains("200ms"), "{ran:?}");
}

#[test]
fn a_source_address_that_is_not_ours_is_code_16() {
    let ran = sockeye(&["connect", "127.0.0.1:7", "--bind", "192.0.2.1"]);
    assert_eq!(ran.code, Some(16), "{ran:?}");
    assert!(ran.last_line().contains("EADDRNOTAVAIL"), "{ran:?}");
}

#[test]
fn silence_is_code_22_where_idle_limits_it() {
    let (address, server) = server(|mut client| client.read(&mut [0; 8]));
    let mut child = command(&["connect", &address, "--idle", "200ms"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _open = child.stdin.take();
    let ran: Ran = child.wait_with_output().unwrap().into();
    drop(server.join().unwrap());
    assert_eq!(ran.code, Some(22), "{ran:?}");
    assert!(ran.last_line().contains("--idle"), "{ran:?}");
}

#[test]
fn a_full_disk_under_stdout_is_code_24() {
    let (address, server) = server(answer_after_the_end);
    let ran = shell(&format!(
        "echo hola | \"$sockeye\" connect {address} > /dev/full"
    ));
    server.join().unwrap();
    assert_eq!(ran.code, Some(24), "{ran:?}");
    assert!(ran.last_line().contains("ENOSPC"), "{ran:?}");
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly_and_promptly() {
    let (address, server) = server(|mut client| {
        let line = [b'x'; 4096];
        let mut sent = 0_u64;
        // Until the client has gone; it must not take the whole gigabyte.
        while sent < 1 << 30 && client.write_all(&line).is_ok() {
            sent += 4096;
        }
        sent
    });
    let ran = shell(&format!(
        "{{ \"$sockeye\" connect {address}; echo $? >&2; }} | head -c 10"
    ));
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("xxxxxxxxxx", "0\n")
    );
    assert!(server.join().unwrap() < 1 << 30);
}

#[test]
fn closed_descriptors_are_not_taken_by_the_socket() {
    let (address, server) = server(answer_after_the_end);
    let ran = shell(&format!(
        "\"$sockeye\" connect {address} --send hola <&- >&- 2>&-"
    ));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(server.join().unwrap(), b"hola\n");
}

#[test]
fn a_program_gets_the_socket_and_its_code_is_ours_when_asked() {
    let talk = |mut client: TcpStream| {
        client.write_all(b"hola\n").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut all = String::new();
        client.read_to_string(&mut all).unwrap();
        all
    };
    let (address, server) = server(talk);
    let script = "sh -c 'read line; echo \"$line $SOCKEYE_PROTOCOL $SOCKEYE_PEER\"; exit 3'";
    let ran = sockeye(&["connect", &address, "--exec", script, "--exec-status"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(server.join().unwrap(), format!("hola tcp {address}\n"));
}

#[test]
fn a_program_that_is_not_there_is_code_127_and_one_that_may_not_run_126() {
    for (program, code) in [("/nonexistent/program", 127), ("/etc/passwd", 126)] {
        let (address, server) = server(answer_after_the_end);
        let ran = sockeye(&["connect", &address, "--exec", program]);
        server.join().unwrap();
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.last_line().contains(program), "{ran:?}");
    }
}

#[test]
fn a_server_that_comes_late_is_found_by_trying_again() {
    // Bound and not listening: the port is closed, and nobody else can have it.
    let (family, stream) = (AddressFamily::INET, SocketType::STREAM);
    let late = socket_with(family, stream, SocketFlags::CLOEXEC, None).unwrap();
    bind(&late, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let late = TcpListener::from(late);
    let address = late.local_addr().unwrap().to_string();
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        listen(&late, 1).unwrap();
        drop(late.accept().unwrap());
    });
    let ran = sockeye(&[
        "connect",
        "-z",
        &address,
        "--retry",
        "50",
        "--retry-delay",
        "50ms",
    ]);
    late.join().unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn wait_runs_the_program_once_all_answer_and_ends_with_its_code() {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = [&first, &second].map(|listener| listener.local_addr().unwrap().to_string());
    let [first, second] = addresses.each_ref().map(String::as_str);
    let ran = sockeye(&[
        "wait",
        first,
        second,
        "--timeout",
        "10s",
        "--",
        "sh",
        "-c",
        "echo up; exit 7",
    ]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(7), "up\n"),
        "{ran:?}"
    );
}

#[test]
fn wait_names_what_is_missing_and_runs_nothing() {
    let closed = ClosedPort::new();
    let closed = closed.at().to_string();
    let ran = sockeye(&[
        "wait",
        &closed,
        "--timeout",
        "300ms",
        "--interval",
        "50ms",
        "--",
        "echo",
        "up",
    ]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(13), ""), "{ran:?}");
    assert!(
        ran.last_line().contains(&closed) && ran.last_line().contains("300ms"),
        "{ran:?}"
    );
}

#[test]
fn narration_and_recording_tell_the_same_conversation() {
    let (address, server) = server(answer_after_the_end);
    let path = std::env::temp_dir().join(format!("sockeye-connect-{}.ndjson", std::process::id()));
    let file = path.to_str().unwrap();
    let ran = sockeye_with(
        &["connect", "--explain", "--record", file, &address],
        b"hola\n",
    );
    server.join().unwrap();
    let shown = sockeye(&["show", file]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "hola\n"),
        "{ran:?}"
    );
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert_eq!(shown.stdout, ran.stderr);
    for call in ["socket", "connect", "send", "shutdown", "recv", "close"] {
        assert!(ran.stderr.contains(call), "{call}: {}", ran.stderr);
    }
}

#[test]
fn the_narration_names_the_process_at_the_other_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.read_to_end(&mut Vec::new()).unwrap();
    });
    let ran = sockeye(&["connect", "--explain", &address]);
    server.join().unwrap();
    let named = format!("pid {}", std::process::id());
    let told = ran.stderr.lines().find(|line| line.contains("other end"));
    assert!(
        told.is_some_and(|line| line.contains(&named)),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_wrong_with_our_own_sockets_stands_at_its_place() {
    let holder = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    drop(holder);
    let ran = sockeye_with(
        &["connect", "--explain", &format!("udp://127.0.0.1:{port}")],
        b"hi\n",
    );
    assert_eq!(ran.code, Some(11), "{ran:?}");
    let line = ran.stderr.lines().find(|line| line.contains("S27"));
    assert!(
        line.is_some_and(|line| line.contains("✗ recv")),
        "{}",
        ran.stderr
    );
}
