//! HTTP with those who mean harm, or can't do better: bad requests, endless ones, slow ones, other sites'.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::server::{PATIENCE, Server, scratch, tcp};
use crate::web::{Response, files, get, get_with, raw, until_end};

fn page() -> (Server, std::net::SocketAddr) {
    let server = Server::start(&["http=127.0.0.1:0"]);
    let at = server.ready();
    (server, at)
}

#[test]
fn a_request_that_could_be_read_in_two_ways_is_refused_and_nothing_behind_it_is_answered() {
    let (_server, at) = page();
    let hidden = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for lines in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding\r\n: chunked\r\n",
        " Transfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\n",
        "X: a\r\n b\r\n",
        "X: a\0b\r\n",
        "Host: other\r\n",
        "X y: z\r\n",
    ] {
        for method in ["GET", "POST"] {
            let request =
                format!("{method} / HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n0\r\n\r\n{hidden}");
            let came = String::from_utf8_lossy(&raw(at, request.as_bytes())).into_owned();
            // What can be read of a POST is refused as one.
            let status = came.get("HTTP/1.1 ".len()..).unwrap_or_default();
            let refused =
                status.starts_with("400 ") || method == "POST" && status.starts_with("405 ");
            assert!(refused, "{lines:?}: {came}");
            assert_eq!(
                came.matches("content-length: ").count(),
                1,
                "{lines:?}: {came}"
            );
        }
    }
    for request in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "get\0 / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03",
        "GET /\u{1} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "hola\r\n\r\n",
    ] {
        let came = String::from_utf8_lossy(&raw(at, request.as_bytes())).into_owned();
        assert!(
            came.is_empty() || came.starts_with("HTTP/1.1 400 "),
            "{request:?}: {came}"
        );
    }
    assert_eq!(get(at, "/").status, 200);
}

#[test]
fn endless_lines_and_endless_fields_end() {
    let (server, at) = page();
    let before = resident(server.pid());
    for (start, piece) in [
        ("GET /", "a".repeat(8192)),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "b".repeat(8192)),
        (
            "GET / HTTP/1.1\r\nHost: localhost\r\n",
            "X: y\r\n".repeat(1000),
        ),
    ] {
        let mut stream = tcp(at);
        stream.write_all(start.as_bytes()).unwrap();
        let mut sent = 0;
        // 64 MiB, were it to take them all.
        while sent < 64 << 20 {
            match stream.write(piece.as_bytes()) {
                Ok(len) => sent += len,
                Err(_) => break,
            }
        }
        assert!(sent < 32 << 20, "{start}: {sent} bytes were taken");
    }
    let grown = resident(server.pid()).saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} B more");
    let long = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "b".repeat(40_000)
    );
    let came = String::from_utf8_lossy(&raw(at, long.as_bytes())).into_owned();
    assert!(came.starts_with("HTTP/1.1 431 "), "{came}");
    let many = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
        "X: y\r\n".repeat(101)
    );
    let came = String::from_utf8_lossy(&raw(at, many.as_bytes())).into_owned();
    assert!(came.starts_with("HTTP/1.1 431 "), "{came}");
    let path = format!("/{}", "a".repeat(10_000));
    assert_eq!(get(at, &path).status, 404);
}

/// Resident memory, bytes.
fn resident(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib << 10
}

#[test]
fn a_head_that_trickles_in_is_not_waited_for() {
    let server = Server::start(&["http=127.0.0.1:0", "--idle", "400ms"]);
    let at = server.ready();
    let mut slow = tcp(at);
    let began = Instant::now();
    let mut ended = None;
    // Each byte comes well within the limit; all of them do not.
    for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "
        .iter()
        .chain(std::iter::repeat(&b'a'))
    {
        if slow.write_all(&[*byte]).is_err() || began.elapsed() > PATIENCE {
            break;
        }
        assert_eq!(get(at, "/").status, 200);
        slow.set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        match slow.read(&mut [0; 512]) {
            Ok(_) => {
                ended = Some(began.elapsed());
                break;
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => {
                ended = Some(began.elapsed());
                break;
            }
        }
    }
    let ended = ended.unwrap();
    assert!(ended >= Duration::from_millis(300), "{ended:?}");
    assert!(ended < PATIENCE, "{ended:?}");
}

#[test]
fn a_client_that_takes_nothing_is_left() {
    let folder = scratch("stalled");
    fs::File::create(folder.join("big"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    let (server, at) = files(&folder, &["--idle", "400ms"]);
    let mut stalled = tcp(at);
    stalled
        .write_all(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    // The kernel's word for a reset reaches us without our reading.
    let began = Instant::now();
    while stalled.take_error().unwrap().is_none() {
        assert!(began.elapsed() < PATIENCE);
        assert_eq!(get(at, "/").status, 200);
        std::thread::sleep(Duration::from_millis(5));
    }
    let said = server.stop().stderr.join("\n");
    assert!(said.contains("(reset or failed 1)"), "{said}");
}

#[test]
fn a_thousand_idle_clients_keep_nobody_from_being_served() {
    let (server, at) = page();
    let mut idle: Vec<TcpStream> = Vec::new();
    for number in 0..1_000 {
        let mut stream = tcp(at);
        // Some have said nothing, some are halfway, some have had an answer.
        match number % 3 {
            0 => {}
            1 => stream.write_all(b"GET / HT").unwrap(),
            _ => {
                stream
                    .write_all(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    .unwrap();
                let mut came = Vec::new();
                while Response::take(&mut came, false).is_none() {
                    let mut buffer = [0; 1024];
                    let len = stream.read(&mut buffer).unwrap();
                    assert!(len > 0);
                    came.extend_from_slice(&buffer[..len]);
                }
            }
        }
        idle.push(stream);
    }
    for _ in 0..20 {
        assert_eq!(get(at, "/").status, 200);
    }
    let memory = resident(server.pid());
    assert!(memory < 64 << 20, "{memory} B resident");
    // Those that wait for a next request are let go at once; nothing waits out the drain.
    server.signal(rustix::process::Signal::TERM);
    let mut answered = idle.swap_remove(2);
    assert_eq!(until_end(&mut answered), b"");
    drop(idle);
    assert_eq!(server.end().code, Some(0));
}

#[test]
fn other_names_and_other_sites_get_nothing() {
    let (_server, at) = page();
    let named = |host: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        Response::take(&mut raw(at, request.as_bytes()), true)
            .unwrap()
            .status
    };
    assert_eq!(named("localhost:7080"), 200);
    assert_eq!(named(&at.to_string()), 200);
    assert_eq!(named("rebound.example"), 421);
    assert_eq!(named("localhost.rebound.example"), 421);
    for (lines, status) in [
        ("Origin: http://evil.example\r\n", 403),
        (
            "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
            403,
        ),
        (
            "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
            200,
        ),
        (
            "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nOrigin: http://localhost\r\n",
            200,
        ),
    ] {
        let got = get_with(at, "/", lines);
        assert_eq!(got.status, status, "{lines}");
        assert_eq!(got.field("access-control-allow-origin"), "");
        assert_eq!(got.field("cross-origin-resource-policy"), "same-origin");
        assert_eq!(got.field("x-content-type-options"), "nosniff");
    }
}

#[test]
fn each_request_is_a_line_with_v_and_what_it_holds_stays_text() {
    let folder = scratch("lines");
    fs::write(folder.join("a"), "hola").unwrap();
    let (server, at) = files(&folder, &["-v"]);
    get(at, "/a?\u{202e}x");
    get(at, "/none");
    let said = server.stop().stderr.join("\n");
    assert!(said.contains(" GET /a?"), "{said}");
    assert!(!said.contains('\u{202e}'), "{said}");
    assert!(said.contains(" 200 4 B "), "{said}");
    assert!(said.contains(" GET /none 404 "), "{said}");
}

#[test]
fn a_folder_beside_other_pages_is_another_origin_to_a_browser() {
    let folder = scratch("beside");
    fs::write(folder.join("a.html"), "<script>fetch('/')</script>").unwrap();
    let dir = folder.to_str().unwrap();
    let server = Server::start(&["http=127.0.0.1:0", "--dir", dir]);
    let at = server.ready();
    let got = get(at, "/files/a.html");
    assert_eq!(got.status, 200);
    let policy = got.field("content-security-policy").to_owned();
    assert!(
        policy.starts_with("sandbox ") && !policy.contains("same-origin"),
        "{policy}"
    );
    assert_eq!(get(at, "/files").field("location"), "/files/");
    assert!(
        get(at, "/files/")
            .text()
            .contains("<a href=\"../\">sockeye</a>")
    );
    assert_eq!(get(at, "/a.html").status, 404);
    let (_server, at) = page();
    assert_eq!(get(at, "/files/").status, 404);
}
