//! `relay --sum`: both ends of a file's way say the checksum that b3sum gives it.

use std::net::{TcpListener, TcpStream};

use crate::ran::{Ran, sockeye};
use crate::tool::Tool;
use crate::{Directory, content};

/// The checksum, the bytes and the direction of each line that `--sum` says.
fn sums(ran: &Ran) -> Vec<(String, u64, String)> {
    let line = |line: &str| {
        let line = line.strip_prefix("blake3 ")?;
        let mut parts = line.split("  ");
        let sum = parts.next()?.to_owned();
        let bytes = parts.next()?.strip_suffix(" bytes")?.parse().ok()?;
        Some((sum, bytes, parts.next()?.to_owned()))
    };
    ran.stderr.lines().filter_map(line).collect()
}

#[test]
fn a_file_that_is_sent_and_taken_has_one_checksum_at_both_ends() {
    let directory = Directory::new("sum");
    for len in [0, 1, 65_536, (4 << 20) + 7] {
        let (big, got) = (directory.path("big"), directory.path("got"));
        let bytes = content(len, 9);
        std::fs::write(&big, &bytes).unwrap();
        let from = format!("file:{big}");
        let to = format!("file:{got}");
        let (taker, at) = Tool::serve_one(&["relay", "--sum", "--once", "127.0.0.1:0", &to]);
        let giver = sockeye(&["relay", "--sum", "--progress", &from, &at]);
        let taker = taker.end();
        assert_eq!((giver.code, taker.code), (Some(0), Some(0)));
        assert!(std::fs::read(&got).unwrap() == bytes);
        let expected = blake3::hash(&bytes).to_hex().to_string();
        let given = (
            expected.clone(),
            len as u64,
            format!("{from} -> tcp://{at}"),
        );
        assert_eq!(sums(&giver), [given], "{}", giver.stderr);
        let taken = sums(&taker);
        assert_eq!(taken.len(), 1, "{}", taker.stderr);
        assert_eq!((&taken[0].0, taken[0].1), (&expected, len as u64));
        assert!(taken[0].2.ends_with(&format!(" -> {to}")), "{taken:?}");
    }
}

#[test]
fn the_checksum_is_that_of_b3sum() {
    let directory = Directory::new("vectors");
    // The test vectors of BLAKE3's own paper: nothing, and "abc".
    for (text, sum) in [
        (
            "",
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
        ),
        (
            "abc",
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
        ),
    ] {
        let file = directory.path("file");
        std::fs::write(&file, text).unwrap();
        let ran = sockeye(&["relay", "--sum", &format!("file:{file}"), "file:/dev/null"]);
        assert_eq!(sums(&ran)[0].0, sum);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    }
}

#[test]
fn both_directions_have_their_checksum_and_of_messages_it_is_that_of_their_bytes() {
    let directory = Directory::new("ways");
    let lines = directory.path("lines");
    std::fs::write(&lines, "one\ntwo\n").unwrap();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = format!("udp://{}", socket.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        for _ in 0..2 {
            let mut buffer = [0; 64];
            let (_, peer) = socket.recv_from(&mut buffer).unwrap();
            socket.send_to(b"answer", peer).unwrap();
        }
    });
    let ran = sockeye(&[
        "relay",
        "--sum",
        "--frame",
        "len32",
        "exec:printf '\\0\\0\\0\\003one\\0\\0\\0\\003two'",
        &at,
    ]);
    answering.join().unwrap();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let said: Vec<(String, u64)> = sums(&ran).into_iter().map(|sum| (sum.0, sum.1)).collect();
    let sum = |bytes: &[u8]| (blake3::hash(bytes).to_hex().to_string(), bytes.len() as u64);
    assert_eq!(
        said,
        [sum(b"onetwo"), sum(b"answeranswer")],
        "{}",
        ran.stderr
    );
}

#[test]
fn each_of_many_conversations_has_a_checksum_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            let _ = std::io::copy(&mut socket, &mut std::io::sink());
        }
    });
    let (relay, at) = Tool::serve_one(&["relay", "--sum", "127.0.0.1:0", &to]);
    for text in ["first", "second"] {
        use std::io::{Read, Write};
        let mut client = TcpStream::connect(&at).unwrap();
        client.write_all(text.as_bytes()).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
    }
    let ran = relay.stop();
    for (number, text) in [(1, "first"), (2, "second")] {
        let line = format!(
            "#{number} blake3 {}  {} bytes  ",
            blake3::hash(text.as_bytes()),
            text.len()
        );
        assert!(ran.stderr.contains(&line), "{line}: {}", ran.stderr);
    }
}

#[test]
fn the_plan_says_that_a_checksum_wants_the_bytes() {
    let ran = sockeye(&["relay", "--dry-run", "--sum", ":1", ":2"]);
    assert!(
        ran.stdout
            .contains("copied through a buffer, because a view, a checksum"),
        "{}",
        ran.stdout
    );
    let ran = sockeye(&["relay", "--dry-run", "--sum", "udp://:1", "udp://:2"]);
    assert!(ran.stdout.contains("one by one"), "{}", ran.stdout);
}
