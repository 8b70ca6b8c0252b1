//! Many peers on connections: who said what, what reaches whom, and that none delays another.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::Duration;

use crate::peers::{all, exactly, readable_within, reset_on_close, tcp, unix};
use crate::ran::command;
use crate::tool::{Tool, assert_same, pattern, until};

const ANY_PORT: &str = "127.0.0.1:0";

/// The line of JSON about an event of a peer, from `address` on.
fn event(peer: u32, address: impl std::fmt::Display, rest: &str) -> String {
    format!("{{\"peer\":{peer},\"address\":\"{address}\",\"event\":{rest}}}\n")
}

/// The tool as `line` of sh starts it.
fn in_shell(line: &str, arguments: &[&str]) -> Command {
    let tool = command(arguments);
    let mut shell = Command::new("sh");
    shell.args(["-c", line, "sh"]);
    shell.arg(tool.get_program()).args(tool.get_args());
    for (name, value) in tool.get_envs() {
        shell.env(name, value.unwrap());
    }
    shell
}

#[test]
fn each_peer_has_a_number_and_what_it_says_is_told_apart() {
    let (tool, address) = Tool::serve_one(&["listen", "--many", ANY_PORT]);
    let heading =
        format!("{{\"event\":\"listening\",\"version\":1,\"addresses\":[\"{address}\"]}}\n");
    tool.stdout.wait_for(&heading);
    let mut first = tcp(&address);
    let first_address = first.local_addr().unwrap();
    let connected = format!("\"connected\",\"local\":\"{address}\"");
    tool.stdout.wait_for(&event(1, first_address, &connected));
    let mut second = tcp(&address);
    let second_address = second.local_addr().unwrap();
    tool.stdout.wait_for(&event(2, second_address, &connected));
    for round in 0..3 {
        first.write_all(b"aaa\n").unwrap();
        second.write_all(b"\xffbbb").unwrap();
        until("both were heard", || {
            tool.stdout.text().matches("\"data\"").count() == 2 * round + 2
        });
    }
    let said = tool.stdout.text();
    let of_first = event(1, first_address, "\"data\",\"text\":\"aaa\\n\"");
    let of_second = event(2, second_address, "\"data\",\"base64\":\"/2JiYg==\"");
    assert_eq!(said.matches(&of_first).count(), 3, "{said}");
    assert_eq!(said.matches(&of_second).count(), 3, "{said}");
    drop((first, second));
    let ran = tool.end_many(2);
    assert!(
        ran.contains(&event(
            1,
            first_address,
            "\"ended\",\"received\":12,\"sent\":0"
        )),
        "{ran}"
    );
}

trait EndMany {
    fn end_many(self, ended: usize) -> String;
}

impl EndMany for Tool {
    /// Ends the input, waits until so many peers have gone, stops it: code 0, and what stdout had.
    fn end_many(mut self, ended: usize) -> String {
        drop(self.stdin.take());
        until("all have gone", || {
            let said = self.stdout.text();
            said.matches("\"ended\"").count() + said.matches("\"failed\"").count() == ended
        });
        let ran = self.stop();
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stdout
    }
}

#[test]
fn a_character_cut_in_two_by_the_network_is_told_as_text() {
    let (tool, address) = Tool::serve_one(&["listen", "-k", ANY_PORT]);
    let mut peer = tcp(&address);
    let (begin, rest) = "a€".as_bytes().split_at(2);
    peer.write_all(begin).unwrap();
    tool.stdout.wait_for("\"text\":\"a\"");
    peer.write_all(rest).unwrap();
    tool.stdout.wait_for("\"text\":\"€\"");
    peer.write_all(b"\xe2\x82").unwrap();
    drop(peer);
    let said = tool.end_many(1);
    assert!(said.contains("\"base64\":\"4oI=\""), "{said}");
}

#[test]
fn piped_input_waits_for_the_first_peer_and_reaches_everybody_who_is_there() {
    let (mut tool, address) = Tool::serve_one(&["listen", "-k", ANY_PORT]);
    tool.type_in(b"to the first\n");
    let mut first = tcp(&address);
    assert_eq!(exactly(&mut first, 13), b"to the first\n");
    let mut second = tcp(&address);
    tool.stdout.wait_for("\"peer\":2");
    tool.type_in(b"to both\n");
    assert_eq!(exactly(&mut first, 8), b"to both\n");
    assert_eq!(exactly(&mut second, 8), b"to both\n");
    drop(tool.stdin.take());
    assert_eq!(all(&mut first), b"", "the end of our input is the end");
    assert_eq!(all(&mut second), b"");
    drop((first, second));
    tool.end_many(2);
}

#[test]
fn a_peer_that_has_ended_its_side_is_still_sent_what_comes_later() {
    let (mut tool, address) = Tool::serve_one(&["listen", "-k", ANY_PORT, "--crlf"]);
    let mut peer = tcp(&address);
    peer.write_all(b"a question").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    tool.stdout.wait_for("a question");
    tool.type_in(b"an answer\n");
    assert_eq!(exactly(&mut peer, 11), b"an answer\r\n");
    drop(tool.stdin.take());
    assert_eq!(all(&mut peer), b"");
    tool.end_many(1);
}

#[test]
fn without_input_a_peer_is_told_of_no_end_before_its_own() {
    for input in ["--no-stdin", "/dev/null", "closed"] {
        let line = match input {
            "/dev/null" => "exec \"$@\" </dev/null",
            "closed" => "exec \"$@\" <&-",
            _ => "exec \"$@\" --no-stdin",
        };
        let (tool, address) = Tool::serve_as(&in_shell(line, &["listen", "-k", ANY_PORT]));
        let address = &address[0];
        let mut peer = tcp(address);
        peer.write_all(b"hola").unwrap();
        tool.stdout.wait_for("hola");
        assert!(!readable_within(&peer, Duration::ZERO), "{input}");
        peer.write_all(b"adios").unwrap();
        tool.stdout.wait_for("adios");
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(all(&mut peer), b"", "{input}");
        tool.end_many(1);
    }
}

#[test]
fn a_peer_that_never_reads_is_cut_off_and_the_others_get_every_byte() {
    let (mut tool, address) = Tool::serve_one(&["listen", "-k", ANY_PORT]);
    let mut peers = Vec::new();
    for number in 1..=3 {
        peers.push(tcp(&address));
        tool.stdout.wait_for(&format!("\"peer\":{number}"));
    }
    let sent = pattern(26_000_000);
    let mut stdin = tool.stdin.take().unwrap();
    let given = std::thread::spawn({
        let sent = sent.clone();
        move || stdin.write_all(&sent).unwrap()
    });
    let stuck = peers.remove(0);
    let readers: Vec<_> = peers
        .into_iter()
        .map(|mut peer| std::thread::spawn(move || all(&mut peer)))
        .collect();
    for reader in readers {
        assert_same(&reader.join().unwrap(), &sent);
    }
    given.join().unwrap();
    tool.stderr.wait_for("#1 ");
    tool.stderr.wait_for("took nothing for 2s and was cut off");
    let said = tool.end_many(3);
    assert!(
        said.contains("\"event\":\"failed\",\"why\":\"not-reading\""),
        "{said}"
    );
    assert_eq!(said.matches("\"sent\":26000000").count(), 2, "{said}");
    // It can't take what it got for all there was.
    let mut stuck = stuck;
    let end = loop {
        match stuck.read(&mut [0; 1 << 16]) {
            Ok(0) => break Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error.kind()),
        }
    };
    assert_eq!(end, Err(std::io::ErrorKind::ConnectionReset));
}

#[test]
fn a_peer_that_reads_slowly_loses_nothing() {
    let (mut tool, address) = Tool::serve_one(&["listen", "-k", ANY_PORT]);
    let mut peer = tcp(&address);
    tool.stdout.wait_for("\"peer\":1");
    let sent = pattern(12_000_000);
    let mut stdin = tool.stdin.take().unwrap();
    let given = std::thread::spawn({
        let sent = sent.clone();
        move || stdin.write_all(&sent).unwrap()
    });
    // What both kernels hold is some 6 MB: until half of it is read, there is room only now and then.
    let mut got = Vec::new();
    let began = std::time::Instant::now();
    while began.elapsed() < Duration::from_millis(3_500) {
        got.extend(exactly(&mut peer, 4096));
        std::thread::sleep(Duration::from_millis(10));
    }
    got.extend(all(&mut peer));
    assert_same(&got, &sent);
    given.join().unwrap();
    drop(peer);
    let said = tool.end_many(1);
    assert!(said.contains("\"ended\""), "{said}");
}

#[test]
fn a_second_client_is_served_while_the_first_is_silent() {
    let (tool, address) = Tool::serve_one(&["listen", "-k", ANY_PORT]);
    let first = tcp(&address);
    tool.stdout.wait_for("\"peer\":1");
    let mut second = tcp(&address);
    second.write_all(b"me too").unwrap();
    tool.stdout.wait_for("me too");
    drop((first, second));
    tool.end_many(2);
}

#[test]
fn one_at_a_time_the_second_waits_for_the_firsts_end() {
    let (tool, address) = Tool::serve_one(&["listen", "-k", "--one-at-a-time", ANY_PORT]);
    let mut first = tcp(&address);
    tool.stdout.wait_for("\"peer\":1");
    let mut second = tcp(&address);
    second.write_all(b"second").unwrap();
    second.shutdown(Shutdown::Write).unwrap();
    first.write_all(b"first").unwrap();
    tool.stdout.wait_for("first");
    let mut tool = tool;
    drop(tool.stdin.take());
    drop(first);
    tool.stdout.wait_for("second");
    let said = tool.end_many(2);
    let (of_first, of_second) = (said.find("\"ended\""), said.find("\"peer\":2"));
    assert!(of_first < of_second, "{said}");
}

#[test]
fn raw_is_the_bytes_of_all_and_out_dir_a_file_a_peer() {
    let (tool, address) = Tool::serve_one(&["listen", "-k", "--raw", ANY_PORT]);
    for bytes in [&b"\x00one"[..], b"two\n"] {
        let mut peer = tcp(&address);
        peer.write_all(bytes).unwrap();
        tool.stdout.wait_until(|heard| heard.ends_with(bytes));
    }
    let ran = tool.stop();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "\0onetwo\n"));

    let directory = crate::peers::Scratch::new();
    let out = directory.path("in/here");
    let (tool, address) =
        Tool::serve_one(&["listen", "-k", "--out-dir", out.to_str().unwrap(), ANY_PORT]);
    let mut names = Vec::new();
    for (number, bytes) in [(1, &b"\xffone"[..]), (2, b"two"), (3, b"")] {
        let mut peer = tcp(&address);
        peer.write_all(bytes).unwrap();
        let port = peer.local_addr().unwrap().port();
        names.push((format!("{number:04}-127.0.0.1-{port}"), bytes));
        peer.shutdown(Shutdown::Write).unwrap();
        drop(peer);
        let file = out.join(&names.last().unwrap().0);
        until("it is written", || {
            std::fs::read(&file).is_ok_and(|written| written == bytes)
        });
    }
    let ran = tool.stop();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    let mut made: Vec<String> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    made.sort();
    let names: Vec<&String> = names.iter().map(|(name, _)| name).collect();
    assert_eq!(made.iter().collect::<Vec<_>>(), names);
}

#[test]
fn a_slow_stdout_slows_the_peers_and_memory_stays_bounded() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let ours = format!("/proc/{}/fd/{}", std::process::id(), writer.as_raw_fd());
    let line = format!("exec \"$@\" >{ours}");
    let (mut tool, addresses) =
        Tool::serve_as(&in_shell(&line, &["listen", "-k", "--raw", ANY_PORT]));
    drop(writer);
    let address = &addresses[0];
    let sent = pattern(40_000_000);
    let mut peer = tcp(address);
    peer.set_write_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let mut done = 0;
    while let Ok(n @ 1..) = peer.write(&sent[done..]) {
        done += n;
    }
    assert!(done < sent.len(), "nothing slowed the sender");
    let most = tool.status("VmHWM");
    assert!(most < 40_000, "{most} kB");
    let rest = sent[done..].to_vec();
    peer.set_write_timeout(None).unwrap();
    let writer = std::thread::spawn(move || peer.write_all(&rest).unwrap());
    let mut got = vec![0; sent.len()];
    reader.read_exact(&mut got).unwrap();
    writer.join().unwrap();
    assert_same(&got, &sent);
    // The reader of stdout leaves: a quiet end at once, though nobody sends anything.
    drop(reader);
    assert_eq!(tool.ran().code, Some(0));
}

#[test]
fn output_that_cannot_be_written_is_code_24() {
    let (mut tool, address) = Tool::serve_as(&in_shell(
        "exec \"$@\" >/dev/full",
        &["listen", "-k", "--raw", ANY_PORT],
    ));
    tcp(&address[0]).write_all(b"x").unwrap();
    let ran = tool.ran();
    assert_eq!(ran.code, Some(24), "{ran:?}");
    assert!(ran.last_line().contains("ENOSPC"), "{ran:?}");

    let ran = crate::ran::sockeye(&["listen", "-k", "--out-dir", "/dev/null/x", ANY_PORT]);
    assert_eq!(ran.code, Some(24), "{ran:?}");
    assert!(ran.last_line().contains("/dev/null/x"), "{ran:?}");
}

#[test]
fn a_reset_and_an_idle_peer_are_told_and_the_server_goes_on() {
    let (tool, address) = Tool::serve_one(&["listen", "-k", "--idle", "2s", ANY_PORT]);
    let mut peer = tcp(&address);
    peer.write_all(b"1234567").unwrap();
    tool.stdout.wait_for("1234567");
    reset_on_close(&peer);
    drop(peer);
    tool.stdout
        .wait_for("\"failed\",\"why\":\"ECONNRESET\",\"received\":7,\"sent\":0");
    let mut quiet = tcp(&address);
    assert_eq!(all(&mut quiet), b"");
    tool.stdout
        .wait_for("\"ended\",\"why\":\"idle\",\"received\":0,\"sent\":0");
    tool.end_many(2);
}

#[test]
fn unix_streams_and_packets_have_many_peers_too() {
    let directory = crate::peers::Scratch::new();
    let path = directory.path("many");
    let address = format!("unix:{}", path.display());
    let (mut tool, _) = Tool::serve(&["listen", "-k", &address]);
    let mut first = unix(&path);
    let mut second = unix(&path);
    first.write_all(b"uno").unwrap();
    tool.stdout.wait_for("uno");
    second.write_all(b"dos").unwrap();
    tool.stdout.wait_for("dos");
    tool.type_in(b"hi\n");
    assert_eq!(exactly(&mut first, 3), b"hi\n");
    assert_eq!(exactly(&mut second, 3), b"hi\n");
    // A UNIX peer that has closed is seen to have gone, although stdin is still open.
    drop(first);
    tool.stdout.wait_for("\"ended\"");
    drop(second);
    tool.end_many(2);
    assert!(!path.exists());
}
