//! UNIX paths: too long is refused, a dead one makes room, a living one is left alone, and a full queue is waited for.

use std::fs;
use std::io::Write;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::peers::{Scratch, accept_unix, all, exactly, readable_within, unix};
use crate::ran::command;
use crate::tool::{Ran, Tool, until};

/// A path in a directory of its own that is `length` bytes long, its last name one byte.
fn path_of(scratch: &Scratch, length: usize) -> String {
    let mut path = scratch.text("");
    while path.len() + 2 < length {
        let more = (length - 2 - path.len()).min(200);
        path.push_str(&"d".repeat(more));
        path.push('/');
    }
    path.push_str(&"s".repeat(length - path.len()));
    fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
    path
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn trap_22_a_long_path_is_used_whole_or_refused_and_never_cut() {
    for length in [107, 108, 109, 110, 1_000] {
        let scratch = Scratch::new();
        let path = path_of(&scratch, length);
        assert_eq!(path.len(), length);
        let directory = Path::new(&path).parent().unwrap();
        let (tool, address) = Tool::serve_one(&["relay", &format!("unix:{path}"), "exec:cat"]);
        assert_eq!(address, path);
        assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
        assert_eq!(
            names_in(directory),
            [Path::new(&path).file_name().unwrap().to_str().unwrap()]
        );
        let ran = Tool::start(&["connect", &format!("unix:{path}"), "--send", "whole"]).end();
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "whole\n"),
            "{ran:?}"
        );
        assert_eq!(tool.stop().code, Some(0));
        assert_eq!(names_in(directory), [""; 0], "its own path is removed");
    }
}

#[test]
fn trap_22_a_name_that_cannot_fit_is_refused_with_the_limit_and_a_way_round() {
    for length in [108, 109, 255] {
        let scratch = Scratch::new();
        let address = format!("unix:{}", scratch.text(&"n".repeat(length)));
        for words in [
            &["listen", &address][..],
            &["relay", &address, "exec:cat"],
            &["connect", &address],
        ] {
            let ran = Tool::start(words).end();
            assert_eq!(
                ran.code,
                Some(if words[0] == "connect" { 1 } else { 16 }),
                "{words:?}: {ran:?}"
            );
            let line = ran.last_line();
            assert!(
                line.contains("107") && line.contains("ENAMETOOLONG") && line.contains("(cd)"),
                "{line}"
            );
            assert_eq!(names_in(&scratch.path("")), [""; 0], "{words:?}");
        }
    }
}

#[test]
fn trap_22_a_path_from_the_folder_it_is_in_works() {
    let scratch = Scratch::new();
    let path = path_of(&scratch, 400);
    let directory = Path::new(&path).parent().unwrap();
    let mut server = command(&["relay", "unix:s", "exec:cat"]);
    server.current_dir(directory);
    let mut tool = Tool::spawn(server.stdin(Stdio::piped()).stdout(Stdio::piped()));
    until("bound", || directory.join("s").exists());
    let mut client = command(&["connect", "unix:s", "--send", "near", "--retry", "20"]);
    let ran = Tool::spawn(
        client
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped()),
    )
    .end();
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "near\n"),
        "{ran:?}"
    );
    assert!(tool.runs());
}

#[test]
fn trap_22_an_abstract_name_keeps_its_nul_bytes_and_its_length() {
    let unique = std::process::id();
    let name = format!("sockeye-{unique}\0behind\0");
    let whole = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
    let listener = UnixListener::bind_addr(&whole).unwrap();
    // A tool that stopped at the NUL would find this one.
    let cut = SocketAddr::from_abstract_name(format!("sockeye-{unique}")).unwrap();
    let _other = UnixListener::bind_addr(&cut).unwrap();
    let server = thread::spawn(move || all(&mut accept_unix(&listener)));
    let ran = Tool::start(&[
        "connect",
        &format!("unix:@sockeye-{unique}%00behind%00"),
        "--send",
        "x",
    ])
    .end();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(server.join().unwrap(), b"x\n");

    let (_tool, said) = Tool::serve_one(&["listen", &format!("unix:@sockeye-{unique}%00listens")]);
    let name = SocketAddr::from_abstract_name(format!("sockeye-{unique}\0listens")).unwrap();
    UnixStream::connect_addr(&name).unwrap();
    assert_eq!(said, format!("@sockeye-{unique}%00listens"));

    let ran = Tool::start(&["listen", &format!("unix:@{}", "n".repeat(108))]).end();
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.last_line().contains("107"), "{ran:?}");
}

/// Serves on `path` and asks it something. Its last name should be one that no other test's socket has: of one that
/// lost its file the table of sockets would not tell which it is, and in doubt a path is left alone.
fn serves(path: &Path) {
    let address = format!("unix:{}", path.display());
    let (tool, _) = Tool::serve_one(&["relay", &address, "exec:cat"]);
    let mut client = unix(path);
    client.write_all(b"x").unwrap();
    assert_eq!(exactly(&mut client, 1), b"x");
    drop(client);
    assert_eq!(tool.stop().code, Some(0));
    assert!(!path.exists(), "its own path is removed");
}

/// What listening there says.
fn refused(path: &Path) -> Ran {
    let ran = Tool::start(&["listen", &format!("unix:{}", path.display())]).end();
    assert_eq!(ran.code, Some(16), "{ran:?}");
    assert!(ran.last_line().contains("EADDRINUSE"), "{ran:?}");
    assert!(ran.last_line().contains(path.to_str().unwrap()), "{ran:?}");
    ran
}

#[test]
fn trap_23_a_file_left_by_a_dead_server_makes_room() {
    let scratch = Scratch::new();
    let path = scratch.path("left-by-a-dead-server");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    serves(&path);
}

#[test]
fn trap_23_a_file_left_by_our_own_death_makes_room() {
    let scratch = Scratch::new();
    let path = scratch.path("left-by-our-own-death");
    let (tool, _) = Tool::serve_one(&["relay", &format!("unix:{}", path.display()), "exec:cat"]);
    drop(tool);
    assert!(path.exists(), "SIGKILL leaves it");
    serves(&path);
}

#[test]
fn trap_23_the_path_of_a_running_server_is_left_alone() {
    let scratch = Scratch::new();
    let path = scratch.path("s");
    let listener = UnixListener::bind(&path).unwrap();
    refused(&path);
    let mut client = unix(&path);
    client.write_all(b"still mine").unwrap();
    assert_eq!(exactly(&mut accept_unix(&listener), 10), b"still mine");
}

#[test]
fn trap_23_the_path_of_a_socket_that_does_not_listen_yet_is_left_alone() {
    use rustix::net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with,
    };
    let scratch = Scratch::new();
    let path = scratch.path("s");
    let bound = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .unwrap();
    bind(&bound, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    refused(&path);
    listen(&bound, 1).unwrap();
    unix(&path);
}

#[test]
fn trap_23_what_is_no_socket_is_left_alone() {
    let scratch = Scratch::new();
    let file = scratch.path("file");
    fs::write(&file, "precious").unwrap();
    refused(&file);
    assert_eq!(fs::read(&file).unwrap(), b"precious");

    let stale = scratch.path("stale");
    drop(UnixListener::bind(&stale).unwrap());
    for target in ["file", "stale", "nothing"] {
        let link = scratch.path(&format!("to-{target}"));
        symlink(scratch.path(target), &link).unwrap();
        refused(&link);
        assert_eq!(fs::read_link(&link).unwrap(), scratch.path(target));
    }
    assert!(stale.exists() && file.exists());
}

#[test]
fn trap_23_only_its_own_file_is_removed_on_the_way_out() {
    let scratch = Scratch::new();
    let path = scratch.path("s");
    let (tool, _) = Tool::serve_one(&["relay", &format!("unix:{}", path.display()), "exec:cat"]);
    fs::remove_file(&path).unwrap();
    let successor = UnixListener::bind(&path).unwrap();
    assert_eq!(tool.stop().code, Some(0));
    let mut client = unix(&path);
    client.write_all(b"x").unwrap();
    assert_eq!(exactly(&mut accept_unix(&successor), 1), b"x");
}

#[test]
fn trap_23_a_listener_for_one_removes_its_path() {
    let scratch = Scratch::new();
    let path = scratch.path("s");
    let (mut tool, _) = Tool::serve_one(&["listen", &format!("unix:{}", path.display())]);
    drop(unix(&path));
    drop(tool.stdin.take());
    assert_eq!(tool.ran().code, Some(0));
    assert!(!path.exists());
}

#[test]
fn trap_36_a_full_queue_is_waited_for_and_is_no_connection() {
    let scratch = Scratch::new();
    let path = scratch.path("s");
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    // The queue holds one, and it stays.
    let _in_the_queue = unix(&path);
    let address = format!("unix:{}", path.display());
    let began = Instant::now();
    let mut clients: Vec<Tool> = (0..3)
        .map(|_| Tool::start(&["connect", &address, "--send", "x", "--timeout", "3s"]))
        .collect();
    // What they use up while they wait.
    thread::sleep(Duration::from_secs(1));
    for client in &mut clients {
        assert!(
            client.runs() && client.cpu() < Duration::from_millis(150),
            "it spins"
        );
    }
    for client in &mut clients {
        let ran = client.ran();
        assert_eq!(ran.code, Some(13), "{ran:?}");
    }
    assert!(began.elapsed() >= Duration::from_secs(3));
    // Nothing of them is in the queue.
    accept_unix(&listener);
    assert!(!readable_within(&listener, Duration::ZERO));
}

#[test]
fn trap_36_whoever_waited_is_connected_once_there_is_room() {
    let scratch = Scratch::new();
    let path = scratch.path("s");
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let in_the_queue = unix(&path);
    let address = format!("unix:{}", path.display());
    let clients: Vec<Tool> = (0..3)
        .map(|_| Tool::start(&["connect", &address, "--send", "x"]))
        .collect();
    // They have had time to try, and to be turned away.
    for client in &clients {
        until("waiting", || client.descriptors() > 3);
    }
    drop((accept_unix(&listener), in_the_queue));
    for _ in 0..3 {
        let mut client = accept_unix(&listener);
        assert_eq!(exactly(&mut client, 2), b"x\n");
    }
    for client in clients {
        let ran = client.end();
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}
