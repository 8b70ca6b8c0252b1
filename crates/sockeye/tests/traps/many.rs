//! Many conversations at one listener: none waits for another, and what each said is known to be its own.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::flow::clog;
use crate::peers::{Scratch, exactly, readable_within, tcp, udp_to};
use crate::tool::{PATIENCE, Tool, assert_same, pattern, until};

/// The lines of JSON of this kind of event.
fn events(bytes: &[u8], kind: &str) -> Vec<String> {
    let kind = format!("\"event\":\"{kind}\"");
    String::from_utf8_lossy(bytes)
        .lines()
        .filter(|line| line.contains(&kind))
        .map(str::to_owned)
        .collect()
}

/// The text behind `"name":` in a line of JSON that escapes nothing.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let rest = line.split_once(&format!("\"{name}\":")).unwrap().1;
    rest.split([',', '}']).next().unwrap().trim_matches('"')
}

#[test]
fn trap_17_a_peer_that_never_reads_holds_up_no_other_of_a_listener() {
    let (mut tool, address) = Tool::serve_one(&["listen", "--many", "127.0.0.1:0"]);
    let stuck = tcp(&address);
    let readers: Vec<TcpStream> = (0..2).map(|_| tcp(&address)).collect();
    tool.stdout
        .wait_until(|bytes| events(bytes, "connected").len() == 3);
    // What is piped in goes to all of them.
    let sent = pattern(24 << 20);
    tool.feed(sent.clone());
    thread::scope(|scope| {
        let sent = &sent;
        for mut reader in &readers {
            scope.spawn(move || assert_same(&exactly(&mut reader, sent.len()), sent));
        }
    });
    // Who was in the way is said.
    let said = tool
        .stdout
        .wait_until(|bytes| !events(bytes, "failed").is_empty());
    let failed = events(&said, "failed");
    assert_eq!(
        (field(&failed[0], "peer"), field(&failed[0], "why")),
        ("1", "not-reading")
    );
    drop(stuck);
}

#[test]
fn trap_17_a_client_that_never_reads_holds_up_no_other_of_a_service() {
    let (_tool, addresses) = Tool::serve(&[
        "serve",
        "echo=tcp://127.0.0.1:0",
        "chargen=tcp://127.0.0.1:0",
    ]);
    // Both a flood that nobody takes and an echo that nobody takes.
    let flooded = tcp(&addresses[1]);
    let stuck = tcp(&addresses[0]);
    clog(&stuck, &pattern(1 << 20));
    let data = pattern(4 << 20);
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut client = tcp(&addresses[0]);
            let mut writer = client.try_clone().unwrap();
            let data = &data;
            scope.spawn(move || writer.write_all(data).unwrap());
            scope.spawn(move || assert_same(&exactly(&mut client, data.len()), data));
        }
    });
    assert_eq!(exactly(&mut tcp(&addresses[1]), 74 * 100).len(), 7_400);
    drop((flooded, stuck));
}

#[test]
fn trap_18_every_client_of_a_listener_for_many_is_heard_at_once() {
    let (tool, address) = Tool::serve_one(&["listen", "--many", "127.0.0.1:0"]);
    let mut first = tcp(&address);
    first.write_all(b"first\n").unwrap();
    tool.stdout.wait_for("first");
    let mut second = tcp(&address);
    second.write_all(b"second\n").unwrap();
    tool.stdout.wait_for("second");
    first.write_all(b"still here\n").unwrap();
    tool.stdout.wait_for("still here");
    drop((first, second));
    assert_eq!(tool.stop().code, Some(0));
}

#[test]
fn trap_18_programs_of_two_clients_run_at_once() {
    for words in [
        &["listen", "--many", "127.0.0.1:0", "--exec", "cat"][..],
        &["serve", "echo=tcp://127.0.0.1:0"],
    ] {
        let (_tool, address) = Tool::serve_one(words);
        let mut clients = [tcp(&address), tcp(&address), tcp(&address)];
        for round in 0..2 {
            for client in clients.iter_mut().rev() {
                client
                    .write_all(format!("round {round}").as_bytes())
                    .unwrap();
                assert_eq!(exactly(client, 7), format!("round {round}").as_bytes());
            }
        }
    }
}

#[test]
fn trap_18_one_at_a_time_is_only_where_it_was_asked_for() {
    let words = ["serve", "--one-at-a-time", "echo=tcp://127.0.0.1:0"];
    let (_tool, address) = Tool::serve_one(&words);
    let mut first = tcp(&address);
    first.write_all(b"1").unwrap();
    assert_eq!(exactly(&mut first, 1), b"1");
    let mut second = tcp(&address);
    second.write_all(b"2").unwrap();
    assert!(
        !readable_within(&second, Duration::from_millis(200)),
        "it is not served yet"
    );
    drop(first);
    assert_eq!(exactly(&mut second, 1), b"2");
}

#[test]
fn trap_19_what_comes_from_several_peers_is_told_apart() {
    let (tool, address) = Tool::serve_one(&["listen", "--many", "--no-stdin", "127.0.0.1:0"]);
    let mut clients: Vec<(char, TcpStream)> =
        ['a', 'b', 'c'].map(|name| (name, tcp(&address))).into();
    for round in 0..50 {
        for (name, client) in &mut clients {
            client
                .write_all(format!("{name}{round};").as_bytes())
                .unwrap();
        }
    }
    let names: BTreeMap<String, char> = clients
        .iter()
        .map(|(name, client)| (client.local_addr().unwrap().to_string(), *name))
        .collect();
    drop(clients);
    let said = tool
        .stdout
        .wait_until(|bytes| events(bytes, "ended").len() == 3);
    let mut heard: BTreeMap<char, String> = BTreeMap::new();
    for line in events(&said, "data") {
        let name = names[field(&line, "address")];
        heard
            .entry(name)
            .or_default()
            .push_str(field(&line, "text"));
    }
    for (name, text) in heard {
        let wanted: String = (0..50).map(|round| format!("{name}{round};")).collect();
        assert_eq!(text, wanted);
    }
}

#[test]
fn trap_19_each_peer_can_have_a_file_of_its_own() {
    let scratch = Scratch::new();
    let directory = scratch.text("out");
    let (tool, address) =
        Tool::serve_one(&["listen", "--many", "127.0.0.1:0", "--out-dir", &directory]);
    let data = ["a", "b", "c"].map(|name| name.repeat(100_000));
    let mut clients = data.each_ref().map(|_| tcp(&address));
    for chunk in 0..10 {
        for (client, data) in clients.iter_mut().zip(&data) {
            client
                .write_all(&data.as_bytes()[chunk * 10_000..][..10_000])
                .unwrap();
        }
    }
    drop(clients);
    let whole = || -> Vec<String> {
        let files = std::fs::read_dir(&directory).into_iter().flatten();
        let mut texts: Vec<String> = files
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        texts.sort();
        texts
    };
    until("written", || {
        whole().iter().map(String::len).sum::<usize>() == 300_000
    });
    assert!(
        whole() == data,
        "{:?}",
        whole().iter().map(String::len).collect::<Vec<_>>()
    );
    let ran = tool.stop();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
}

#[test]
fn trap_19_peers_of_udp_are_told_apart_too() {
    let (tool, address) = Tool::serve_one(&["listen", "--many", "udp://127.0.0.1:0"]);
    let clients = ["a", "b"].map(|name| (name, udp_to(&address)));
    for round in 0..10 {
        for (name, client) in &clients {
            client.send(format!("{name}{round}").as_bytes()).unwrap();
        }
    }
    let said = tool
        .stdout
        .wait_until(|bytes| events(bytes, "data").len() == 20);
    for (name, client) in &clients {
        let address = client.local_addr().unwrap().to_string();
        let heard: Vec<String> = events(&said, "data")
            .iter()
            .filter(|line| field(line, "address") == address)
            .map(|line| field(line, "text").to_owned())
            .collect();
        let wanted: Vec<String> = (0..10).map(|round| format!("{name}{round}")).collect();
        assert_eq!(heard, wanted);
    }
}

#[test]
fn trap_03_a_reset_of_one_of_many_is_told_and_ends_no_other() {
    let (tool, address) = Tool::serve_one(&["listen", "--many", "127.0.0.1:0"]);
    let mut other = tcp(&address);
    let mut broken = tcp(&address);
    broken.write_all(b"1234567").unwrap();
    tool.stdout.wait_for("1234567");
    crate::peers::reset_on_close(&broken);
    drop(broken);
    let said = tool
        .stdout
        .wait_until(|bytes| !events(bytes, "failed").is_empty());
    let failed = &events(&said, "failed")[0];
    assert!(
        failed.contains("ECONNRESET") || failed.contains("reset"),
        "{failed}"
    );
    assert_eq!(field(failed, "received"), "7", "{failed}");
    other.write_all(b"still here").unwrap();
    tool.stdout.wait_for("still here");
    drop(other);
    assert_eq!(tool.stop().code, Some(0));
}

#[test]
fn trap_01_each_of_many_peers_has_its_answer_after_its_own_end() {
    let (_tool, address) = Tool::serve_one(&["listen", "--many", "127.0.0.1:0", "--exec", "sort"]);
    let began = Instant::now();
    let clients: Vec<_> = (0..5).map(|_| tcp(&address)).collect();
    for mut client in clients {
        client.write_all(b"b\na\n").unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "a\nb\n");
    }
    assert!(began.elapsed() < PATIENCE);
}
