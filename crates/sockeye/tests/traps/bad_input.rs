//! Bad input: a clear message that names the call, the address and what to try, the right exit code, and no panic.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::thread;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::peers::{Scratch, accept, again, all, exactly, readable_within, tcp, tcp_server, udp};
use crate::ran::command;
use crate::tool::{Ran, Tool, copy_program, pattern, skipped, until};

/// Runs it to its end with no input.
fn run(words: &[&str]) -> Ran {
    let ran = Tool::start(words).end();
    assert!(!ran.stderr.contains("panicked"), "{words:?}: {ran:?}");
    ran
}

/// It fails with this code, its last line says these, and nothing is on stdout.
#[track_caller]
fn fails(words: &[&str], code: i32, says: &[&str]) {
    let ran = run(words);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(code), ""),
        "{words:?}: {ran:?}"
    );
    for said in says {
        assert!(
            ran.last_line().contains(said),
            "{words:?}: {said:?} is not in {ran:?}"
        );
    }
    assert!(ran.last_line().starts_with("sockeye: "), "{ran:?}");
}

#[test]
fn bad_addresses_are_code_2_in_every_command() {
    let address: &[(&str, &str)] = &[
        ("tcp://[::1:7", "]"),
        ("tcp://localhost:", "port"),
        ("tcp://localhost:70000", "65535"),
        ("tcp://localhost:-1", "port"),
        ("tcp://:7#ttl=256", "ttl"),
        ("tcp://:7#nodelay=1", "nodelay"),
        ("tcp://:7#wings", "wings"),
        ("gopher://:7", "gopher"),
        ("unix:", "unix"),
        ("unix:@", "unix"),
        ("unix:a%00b", "NUL"),
        ("udp://:7#backlog=3", "backlog"),
        ("tcp://a b:7", "a b"),
    ];
    for (text, says) in address {
        for words in [
            &["connect", text][..],
            &["listen", text],
            &["listen", "--many", text],
            &["relay", text, "exec:cat"],
            &["relay", ":0", text],
            &["wait", text],
            &["serve", &format!("echo={text}")],
        ] {
            fails(words, 2, &[says]);
        }
    }
}

#[test]
fn what_a_peer_or_a_user_wrote_cannot_act_on_the_terminal_in_an_error() {
    for text in [
        "tcp://a\u{1b}[2Jb:7",
        "x\u{1b}]0;owned\u{7}://y:1",
        "unix:/nonexistent/\u{1b}[31m/s",
        "h\u{202e}st:7",
    ] {
        for words in [
            &["connect", text][..],
            &["listen", text],
            &["relay", text, "exec:cat"],
        ] {
            let ran = run(words);
            assert_ne!(ran.code, Some(0), "{ran:?}");
            assert!(
                !ran.stderr.contains(['\u{1b}', '\u{7}', '\u{202e}']),
                "{words:?}: {:?}",
                ran.stderr
            );
        }
    }
}

#[test]
fn a_busy_port_is_code_16_and_names_its_holder() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let pid = std::process::id().to_string();
    for words in [
        &["listen", &address][..],
        &["listen", "--many", &address],
        &["relay", &address, "exec:cat"],
    ] {
        fails(words, 16, &["EADDRINUSE", &address, &pid]);
    }
    let ran = run(&["serve", &format!("echo=tcp://{address}")]);
    assert_eq!(ran.code, Some(16), "{ran:?}");
    assert!(
        ran.stderr.contains(&pid) && ran.stderr.contains(&address),
        "{ran:?}"
    );

    let holder = udp();
    let address = holder.local_addr().unwrap().to_string();
    let udp = format!("udp://{address}");
    for words in [
        &["listen", &udp][..],
        &["relay", &udp, "exec:cat", "--frame", "line"],
    ] {
        fails(words, 16, &["EADDRINUSE", &address, &pid]);
    }
}

#[test]
fn a_busy_port_stops_none_of_the_other_services() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = format!("echo=tcp://{}", holder.local_addr().unwrap());
    let (tool, address) = Tool::serve_one(&["serve", &busy, "echo=tcp://127.0.0.1:0"]);
    let mut client = tcp(&address);
    client.write_all(b"hola").unwrap();
    assert_eq!(exactly(&mut client, 4), b"hola");
    drop(client);
    let ran = tool.stop();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stderr.contains(&std::process::id().to_string()),
        "{ran:?}"
    );
}

#[test]
fn a_port_that_needs_privilege_is_code_16_and_says_what_to_try() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can become another user");
        return;
    }
    let lowest = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    if lowest.trim() != "1024" {
        skipped("every user may bind every port here");
        return;
    }
    let scratch = Scratch::new();
    let program = scratch.text("sockeye");
    std::fs::set_permissions(scratch.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    copy_program(&program);
    let mut nobody = std::process::Command::new("setpriv");
    nobody.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        &program,
        "listen",
        "127.0.0.1:81",
    ]);
    let ran = Tool::spawn(nobody.env("LC_ALL", "C").stdin(Stdio::null())).ran();
    assert_eq!(ran.code, Some(16), "{ran:?}");
    assert!(
        ran.last_line().contains("EACCES") && ran.last_line().contains("8080"),
        "{ran:?}"
    );
}

#[test]
fn a_path_that_is_not_there_or_forbidden_is_said() {
    let scratch = Scratch::new();
    let missing = format!("unix:{}", scratch.text("missing/s"));
    fails(&["connect", &missing], 10, &["ENOENT", &missing]);
    fails(&["listen", &missing], 16, &["ENOENT", &missing]);
    fails(
        &[
            "relay",
            "--dial-both",
            &format!("file:{}", scratch.text("none")),
            "exec:cat",
        ],
        10,
        &["ENOENT", "none"],
    );
    let stale = scratch.path("stale");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    fails(
        &["connect", &format!("unix:{}", stale.display())],
        11,
        &["ECONNREFUSED", "stale"],
    );
    std::fs::write(scratch.path("file"), "").unwrap();
    fails(
        &["connect", &format!("unix:{}", scratch.text("file"))],
        11,
        &["ECONNREFUSED", "file"],
    );
    // A socket of another type.
    let _dgram = std::os::unix::net::UnixDatagram::bind(scratch.path("dgram")).unwrap();
    let ran = run(&["connect", &format!("unix:{}", scratch.text("dgram"))]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.last_line().contains("EPROTOTYPE"), "{ran:?}");
}

#[test]
fn a_client_of_a_relay_whose_other_end_is_closed_is_reset_and_the_relay_goes_on() {
    // Bound and not listening: the port is closed, and nobody else can have it.
    let backend = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    bind(&backend, &"127.0.0.1:0".parse::<SocketAddr>().unwrap()).unwrap();
    let backend = TcpListener::from(backend);
    let to = backend.local_addr().unwrap().to_string();
    let (mut tool, address) = Tool::serve_one(&["relay", "127.0.0.1:0", &to]);
    let mut client = tcp(&address);
    let answer = again(|| std::io::Read::read(&mut client, &mut [0; 8]));
    assert_eq!(
        answer.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
    tool.stderr.wait_for("ECONNREFUSED");
    listen(&backend, 8).unwrap();
    let mut client = tcp(&address);
    client.write_all(b"x").unwrap();
    assert_eq!(exactly(&mut accept(&backend), 1), b"x");
    assert!(tool.runs());
}

#[test]
fn a_program_that_cannot_be_started_is_said_and_ends_no_server() {
    for program in ["/nonexistent/program", "/etc/passwd"] {
        for words in [
            vec!["listen", "--many", "127.0.0.1:0", "--exec", program],
            vec!["relay", "127.0.0.1:0", "exec:PROGRAM"],
        ] {
            let other = format!("exec:{program}");
            let words: Vec<&str> = words
                .into_iter()
                .map(|word| if word == "exec:PROGRAM" { &other } else { word })
                .collect();
            let (mut tool, address) = Tool::serve_one(&words);
            for _ in 0..2 {
                let mut client = tcp(&address);
                let answer = again(|| std::io::Read::read(&mut client, &mut [0; 8]));
                assert_eq!(
                    answer.unwrap_err().kind(),
                    std::io::ErrorKind::ConnectionReset,
                    "{words:?}"
                );
            }
            tool.stderr.wait_for(program);
            assert!(tool.runs(), "{words:?}");
        }
    }
}

#[test]
fn a_peer_that_never_sends_is_code_22_where_that_was_limited() {
    let (listener, address) = tcp_server();
    let mut tool = Tool::start(&["connect", &address, "--idle", "200ms"]);
    let peer = accept(&listener);
    let ran = tool.ran();
    assert_eq!(ran.code, Some(22), "{ran:?}");
    assert!(ran.last_line().contains("200ms"), "{ran:?}");
    drop(peer);

    let (mut tool, address) = Tool::serve_one(&["listen", "127.0.0.1:0", "--idle", "200ms"]);
    let peer = tcp(&address);
    assert_eq!(tool.ran().code, Some(22));
    drop(peer);
}

#[test]
fn a_peer_that_never_reads_is_code_22_where_that_was_limited() {
    let (listener, address) = tcp_server();
    let mut tool = Tool::start(&["connect", &address, "--idle", "500ms"]);
    let peer = accept(&listener);
    let mut stdin = tool.stdin.take().unwrap();
    let feeding = thread::spawn(move || while stdin.write_all(&pattern(1 << 16)).is_ok() {});
    let ran = tool.ran();
    feeding.join().unwrap();
    assert_eq!(ran.code, Some(22), "{ran:?}");
    drop(peer);
}

#[test]
fn an_idle_client_of_a_service_is_ended_and_the_others_are_not() {
    let (_tool, address) = Tool::serve_one(&["serve", "echo=tcp://127.0.0.1:0", "--idle", "2s"]);
    let idle = tcp(&address);
    let mut busy = tcp(&address);
    let given_up = std::time::Instant::now() + crate::tool::PATIENCE;
    // The busy one talks until the idle one has been ended.
    while !readable_within(&idle, std::time::Duration::from_millis(50)) {
        busy.write_all(b"x").unwrap();
        assert_eq!(exactly(&mut busy, 1), b"x");
        assert!(std::time::Instant::now() < given_up, "the idle one stays");
    }
    busy.write_all(b"y").unwrap();
    assert_eq!(exactly(&mut busy, 1), b"y");
}

#[test]
fn a_recording_on_a_full_disk_or_in_no_folder_is_code_24_and_the_data_goes_on() {
    let (listener, address) = tcp_server();
    let server = thread::spawn(move || all(&mut accept(&listener)));
    let mut tool = Tool::start(&["connect", &address, "--record", "/dev/full"]);
    tool.type_in(&pattern(100_000));
    let ran = tool.end();
    assert_eq!(ran.code, Some(24), "{ran:?}");
    assert!(
        ran.last_line().contains("ENOSPC") && ran.last_line().contains("/dev/full"),
        "{ran:?}"
    );
    assert_eq!(server.join().unwrap().len(), 100_000);
    fails(
        &["connect", &address, "--record", "/nonexistent/folder/file"],
        24,
        &["ENOENT", "/nonexistent/folder/file"],
    );
}

#[test]
fn a_full_disk_under_the_files_of_peers_is_code_24() {
    let scratch = Scratch::new();
    // Not a folder.
    std::fs::write(scratch.path("file"), "").unwrap();
    let ran = run(&[
        "listen",
        "--many",
        "127.0.0.1:0",
        "--out-dir",
        &scratch.text("file"),
    ]);
    assert_eq!(ran.code, Some(24), "{ran:?}");
    let mut tool = Tool::spawn(
        command(&[
            "listen",
            "--many",
            "--raw",
            &format!("unix:{}", scratch.text("s")),
        ])
        .stdin(Stdio::piped())
        .stdout(
            std::fs::OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .unwrap(),
        ),
    );
    let mut client = None;
    until("listening", || {
        client = UnixStream::connect(scratch.path("s")).ok();
        client.is_some()
    });
    let _may_break = client.unwrap().write_all(b"data");
    let ran = tool.ran();
    assert_eq!(ran.code, Some(24), "{ran:?}");
    assert!(ran.last_line().contains("ENOSPC"), "{ran:?}");
}

#[test]
fn a_reader_of_many_peers_that_leaves_ends_the_listener_quietly() {
    let scratch = Scratch::new();
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let mut command = command(&[
        "listen",
        "--many",
        "--raw",
        &format!("unix:{}", scratch.text("s")),
    ]);
    command.stdin(Stdio::piped()).stdout(writer);
    let mut tool = Tool::spawn(&mut command);
    drop(command);
    let mut client = None;
    until("listening", || {
        client = UnixStream::connect(scratch.path("s")).ok();
        client.is_some()
    });
    let mut client = client.unwrap();
    drop(reader);
    while client.write_all(b"more").is_ok() {}
    let ran = tool.ran();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(!scratch.path("s").exists());
}

#[test]
fn garbage_instead_of_messages_ends_nobody_else() {
    // A length that is never reached, and one that no message has.
    let backend = udp();
    let to = format!("udp://{}", backend.local_addr().unwrap());
    let (mut tool, address) = Tool::serve_one(&["relay", "127.0.0.1:0", &to, "--frame", "len32"]);
    let mut liar = tcp(&address);
    liar.write_all(&[0xff, 0xff, 0xff, 0xff, b'x']).unwrap();
    let mut cut = tcp(&address);
    cut.write_all(&[0, 0, 0, 9, b'x']).unwrap();
    cut.shutdown(std::net::Shutdown::Write).unwrap();
    let mut good = tcp(&address);
    good.write_all(&[0, 0, 0, 4, b'g', b'o', b'o', b'd'])
        .unwrap();
    assert_eq!(crate::peers::datagram(&backend), b"good");
    assert!(tool.runs());
    let _closed_or_reset = again(|| std::io::Read::read(&mut liar, &mut [0; 8]));
    assert!(
        !readable_within(&backend, std::time::Duration::from_millis(100)),
        "half a message was sent"
    );
    assert!(tool.status("VmRSS:") < 200_000, "it believed the length");
}

#[test]
fn a_udp_client_of_a_name_that_is_not_there_is_code_10() {
    fails(
        &["connect", "udp://no-such-host.invalid:7", "--send", "x"],
        10,
        &["no-such-host.invalid"],
    );
    fails(
        &["connect", "localhost:no-such-service"],
        10,
        &["no-such-service"],
    );
}
