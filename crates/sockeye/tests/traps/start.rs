//! The start of a server: where it listens is said once it does, and its own three descriptors may be anything.

use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::Signal;

use crate::peers::{Scratch, accept, again, all, exactly, tcp, tcp_server, unix_dgram};
use crate::ran::command;
use crate::tool::Tool;

fn echoes(address: &str) {
    let mut client = tcp(address);
    client.write_all(b"hola").unwrap();
    assert_eq!(exactly(&mut client, 4), b"hola", "{address}");
}

#[test]
fn trap_28_the_port_that_was_chosen_is_printed_and_can_be_connected_to_at_once() {
    for words in [
        &["listen", "127.0.0.1:0"][..],
        &["relay", "127.0.0.1:0", "exec:cat"],
    ] {
        let mut tool = Tool::start(words);
        let said = tool.stderr.wait_until(|said| said.contains(&b'\n'));
        let said = String::from_utf8(said).unwrap();
        let address = said
            .split([' ', '\n'])
            .find(|word| word.starts_with("127.0.0.1:"))
            .unwrap();
        let address = address.trim_end_matches([':', ',']);
        assert_ne!(address, "127.0.0.1:0", "{said}");
        let mut client = tcp(address);
        client.write_all(b"hola").unwrap();
        if words[0] == "listen" {
            tool.stdout.wait_for("hola");
            tool.type_in(b"hola");
        }
        assert_eq!(exactly(&mut client, 4), b"hola");
    }
}

#[test]
fn trap_28_a_script_that_waits_for_the_end_of_the_ready_descriptor_goes_on() {
    let scratch = Scratch::new();
    let fifo = scratch.text("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let mut server = Command::new("sh");
    server
        .args([
            "-c",
            "exec \"$0\" relay 127.0.0.1:0 \"exec:$2\" --ready-fd 7 7>\"$1\"",
        ])
        .args([
            env!("CARGO_BIN_EXE_sockeye"),
            &fifo,
            "sh -c 'ls -l /proc/self/fd; cat'",
        ])
        .stdin(Stdio::null());
    let mut tool = Tool::spawn(&mut server);
    // Whoever opens the other side reads until nobody has it open for writing any more.
    let (tell, told) = std::sync::mpsc::channel();
    let path = fifo.clone();
    thread::spawn(move || tell.send(std::fs::read_to_string(path).unwrap()));
    let said = told
        .recv_timeout(crate::tool::PATIENCE)
        .expect("the descriptor stays open");
    let client = tcp(said.strip_suffix('\n').unwrap());
    client.shutdown(std::net::Shutdown::Write).unwrap();
    // Neither that descriptor nor a socket is given to programs.
    let listed = String::from_utf8(all(&mut &client)).unwrap();
    assert!(listed.contains("0 -> pipe:"), "{listed}");
    assert!(
        !listed.contains(&fifo) && !listed.contains("socket:"),
        "{listed}"
    );
    assert!(tool.runs());
}

#[test]
fn trap_28_a_ready_descriptor_that_is_not_there_is_said() {
    let ran = Tool::start(&["relay", "127.0.0.1:0", "exec:cat", "--ready-fd", "777"]).end();
    assert_eq!(ran.code, Some(24), "{ran:?}");
    assert!(
        ran.last_line().contains("--ready-fd 777") && ran.last_line().contains("EBADF"),
        "{ran:?}"
    );
}

#[test]
fn trap_28_the_service_manager_is_told() {
    let scratch = Scratch::new();
    let by_path = unix_dgram(&scratch.path("notify"));
    let name = format!("sockeye-notify-{}", std::process::id());
    let abstract_one =
        UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    abstract_one
        .set_read_timeout(Some(crate::tool::PATIENCE))
        .unwrap();
    for (manager, socket) in [
        (scratch.text("notify"), by_path),
        (format!("@{name}"), abstract_one),
    ] {
        let mut server = command(&["relay", "127.0.0.1:0", "exec:cat"]);
        let _tool = Tool::spawn(server.env("NOTIFY_SOCKET", manager));
        let mut buffer = [0; 64];
        let n = again(|| socket.recv(&mut buffer)).unwrap();
        assert!(buffer[..n].starts_with(b"READY=1"), "{:?}", &buffer[..n]);
    }
}

/// A server that a shell starts in this way.
fn started_by(line: &str, words: &[&str]) -> (Tool, String) {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", line, "sh", env!("CARGO_BIN_EXE_sockeye")])
        .args(words);
    let (tool, mut said) = Tool::serve_as(&shell);
    (tool, said.remove(0))
}

/// What a descriptor of a process leads to.
fn leads_to(tool: &Tool, number: u32) -> String {
    let path = format!("/proc/{}/fd/{number}", tool.pid());
    std::fs::read_link(path)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

#[test]
fn trap_29_a_server_needs_no_stdin_and_no_socket_takes_its_place() {
    for line in [
        "exec \"$@\" <&-",
        "exec \"$@\" </dev/null",
        "exec \"$@\" <&- >&- 2>&-",
        "exec nohup \"$@\" </dev/null >/dev/null 2>&1",
    ] {
        let (mut tool, address) = started_by(line, &["relay", "127.0.0.1:0", "exec:cat"]);
        for number in 0..3 {
            let leads_to = leads_to(&tool, number);
            assert!(
                !leads_to.starts_with("socket"),
                "{line}: {number} is {leads_to}"
            );
            if line.contains(&format!("{}&-", ["<", ">", "2>"][number as usize])) {
                assert_eq!(leads_to, "/dev/null", "{line}: {number}");
            }
        }
        if line.contains("nohup") {
            tool.signal(Signal::HUP);
        }
        echoes(&address);
        echoes(&address);
        assert!(tool.runs(), "{line}");
    }
}

#[test]
fn trap_29_a_listener_without_stdin_still_hears_its_peer_to_the_end() {
    for line in ["exec \"$@\" <&-", "exec \"$@\" </dev/null"] {
        let (mut tool, address) = started_by(line, &["listen", "127.0.0.1:0"]);
        let mut client = tcp(&address);
        assert_eq!(all(&mut client), b"");
        client.write_all(b"still heard").unwrap();
        drop(client);
        let ran = tool.ran();
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "still heard"),
            "{line}: {ran:?}"
        );
    }
}

#[test]
fn trap_29_a_client_without_stdin_still_hears_its_server_to_the_end() {
    let (listener, address) = tcp_server();
    for line in [
        "exec \"$@\" <&-",
        "exec \"$@\" </dev/null",
        "exec \"$@\" <&- 2>&-",
    ] {
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            line,
            "sh",
            env!("CARGO_BIN_EXE_sockeye"),
            "connect",
            &address,
        ]);
        let mut tool = Tool::spawn(shell.stdin(Stdio::null()).stdout(Stdio::piped()));
        let mut server = accept(&listener);
        assert_eq!(again(|| server.read(&mut [0; 8])).unwrap(), 0);
        server.write_all(b"still heard").unwrap();
        drop(server);
        let ran = tool.ran();
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "still heard"),
            "{line}: {ran:?}"
        );
    }
}

#[test]
fn trap_28_both_listeners_of_a_relay_are_told_once_both_listen() {
    let (_tool, said) = Tool::serve(&["relay", "--listen-both", "127.0.0.1:0", "127.0.0.1:0"]);
    assert_eq!(said.len(), 2, "{said:?}");
    let (mut left, mut right) = (tcp(&said[0]), tcp(&said[1]));
    left.write_all(b"there").unwrap();
    assert_eq!(exactly(&mut right, 5), b"there");
    right.write_all(b"back").unwrap();
    assert_eq!(exactly(&mut left, 4), b"back");
}

#[test]
fn trap_28_whoever_was_told_that_it_is_ready_can_stop_it_in_good_order() {
    let scratch = Scratch::new();
    for _ in 0..20 {
        for words in [
            &["relay", "unix", "exec:cat"][..],
            &["serve", "echo"],
            &["listen", "--many", "unix"],
        ] {
            let path = scratch.text("s");
            let words: Vec<String> = words
                .iter()
                .map(|word| match *word {
                    "unix" => format!("unix:{path}"),
                    "echo" => format!("echo=unix:{path}"),
                    other => other.to_owned(),
                })
                .collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (tool, _) = Tool::serve(&words);
            let ran = tool.stop();
            assert_eq!(ran.code, Some(0), "{words:?}: {ran:?}");
            assert!(!scratch.path("s").exists(), "{words:?}");
        }
    }
}
