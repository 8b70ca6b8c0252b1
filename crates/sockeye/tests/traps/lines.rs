//! Line ends: what is sent and received is exact, and `--crlf` changes what it must and nothing else.

use std::io::Write;
use std::thread;

use crate::peers::{accept, all, exactly, readable_within, tcp, tcp_server};
use crate::tool::Tool;

/// Types `pieces`, each once the peer has all that was sent of the ones before; what the peer got in the end.
fn typed_in_pieces(crlf: bool, listens: bool, pieces: &[&[u8]], lengths: &[usize]) -> Vec<u8> {
    let (listener, address) = tcp_server();
    let crlf = if crlf { &["--crlf"][..] } else { &[] };
    let (mut tool, mut peer) = if listens {
        let (tool, address) = Tool::serve_one(&[&["listen", "127.0.0.1:0"], crlf].concat());
        (tool, tcp(&address))
    } else {
        let tool = Tool::start(&[&["connect", &address], crlf].concat());
        (tool, accept(&listener))
    };
    let mut got = Vec::new();
    for (piece, length) in pieces.iter().zip(lengths) {
        tool.type_in(piece);
        got.extend(exactly(&mut peer, *length));
    }
    drop(tool.stdin.take());
    got.extend(all(&mut peer));
    drop(peer);
    assert_eq!(tool.ran().code, Some(0));
    got
}

#[test]
fn trap_20_a_line_end_that_comes_in_two_reads_is_one_line_end() {
    for listens in [false, true] {
        let pieces: [&[u8]; 5] = [b"a\r", b"\nb\n", b"\r\n\n", b"lone\rcr\n\r", b"\r\n\r"];
        // What of each piece must have arrived whatever follows; a CR at its end may be held back.
        let got = typed_in_pieces(true, listens, &pieces, &[1, 3, 4, 10, 0]);
        let lines = "a\r\nb\r\n\r\n\r\nlone\rcr\r\n\r\r\n\r";
        assert_eq!(String::from_utf8(got).unwrap(), lines);
    }
}

#[test]
fn trap_20_line_ends_stay_as_they_are_unless_asked() {
    for listens in [false, true] {
        let pieces: [&[u8]; 3] = [b"a\r", b"\nb\n\0\xff", b"\r\r\n\n\r"];
        let got = typed_in_pieces(false, listens, &pieces, &[2, 5, 5]);
        assert_eq!(got, pieces.concat());
    }
}

#[test]
fn trap_20_what_is_received_keeps_every_cr_with_crlf_too() {
    for words in [
        &["connect"][..],
        &["connect", "--crlf"],
        &["connect", "--crlf", "--send", "hola"],
    ] {
        let (listener, address) = tcp_server();
        let server = thread::spawn(move || {
            let mut client = accept(&listener);
            client.write_all(b"a\r\nb\rc\n\r").unwrap();
            client.shutdown(std::net::Shutdown::Write).unwrap();
            all(&mut client)
        });
        let ran = Tool::start(&[words, &[&address]].concat()).end();
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "a\r\nb\rc\n\r"),
            "{words:?}"
        );
        let sent = server.join().unwrap();
        let wanted: &[u8] = if words.contains(&"hola") {
            b"hola\r\n"
        } else {
            b""
        };
        assert_eq!(sent, wanted);
    }
}

#[test]
fn trap_20_a_relay_changes_no_line_end() {
    let (listener, address) = tcp_server();
    let (_tool, front) = Tool::serve_one(&["relay", "127.0.0.1:0", &address]);
    let mut client = tcp(&front);
    let mut server = accept(&listener);
    for piece in [&b"a\r"[..], b"\n\r\r\n", b"\n\0\r"] {
        client.write_all(piece).unwrap();
        assert_eq!(exactly(&mut server, piece.len()), piece);
        server.write_all(piece).unwrap();
        assert_eq!(exactly(&mut client, piece.len()), piece);
    }
    assert!(!readable_within(&client, std::time::Duration::ZERO));
}
