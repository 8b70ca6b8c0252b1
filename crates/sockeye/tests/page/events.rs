//! What the page is told, read without a browser: `/events`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use crate::server::{PATIENCE, echo_byte, tcp};
use crate::server_with_echo;

/// Asks for the events; what comes after the head of the answer.
fn events(page: SocketAddr) -> BufReader<TcpStream> {
    let mut stream = tcp(page);
    stream
        .write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = BufReader::new(stream);
    let mut line = String::new();
    answer.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 200 OK\r\n");
    let mut kind = String::new();
    while line != "\r\n" {
        line.clear();
        answer.read_line(&mut line).unwrap();
        if let Some(value) = line.strip_prefix("content-type: ") {
            value.trim_end().clone_into(&mut kind);
        }
    }
    assert_eq!(kind, "text/event-stream");
    answer
}

/// Reads until a line holds this.
fn until(answer: &mut BufReader<TcpStream>, wanted: &str) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(
            answer.read_line(&mut line).unwrap() > 0,
            "it ended before {wanted}"
        );
        if line.contains(wanted) {
            return line;
        }
    }
}

#[test]
fn the_events_of_a_conversation_come_as_they_happen() {
    let (_server, page, echo) = server_with_echo();
    let mut told = events(page);
    until(&mut told, "\"service\":\"echo\"");
    let mut client = tcp(echo);
    echo_byte(&mut client);
    let peer = client.local_addr().unwrap();
    until(
        &mut told,
        &format!("\"event\":\"accepted\",\"local\":\"{echo}\",\"peer\":\"{peer}\""),
    );
    drop(client);
    until(&mut told, "\"state\":\"closed\"");
}

#[test]
fn an_open_page_does_not_hold_up_the_end_of_the_server() {
    let (server, page, _) = server_with_echo();
    let mut told = events(page);
    until(&mut told, "event: past");
    let began = Instant::now();
    let ended = server.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // The drain of 10 s is not needed.
    assert!(began.elapsed() < PATIENCE / 6, "{:?}", began.elapsed());
    let mut rest = Vec::new();
    told.read_to_end(&mut rest).unwrap();
    assert!(
        rest.ends_with(b"0\r\n\r\n"),
        "the answer ends as HTTP has it"
    );
}

#[test]
fn a_page_that_reads_nothing_slows_nobody() {
    let (_server, page, echo) = server_with_echo();
    let _stuck = events(page);
    let mut quick = events(page);
    let mut client = tcp(echo);
    for _ in 0..5_000 {
        echo_byte(&mut client);
    }
    let peer = client.local_addr().unwrap();
    drop(client);
    let line = until(&mut quick, "\"state\":\"closed\"");
    assert!(line.contains(&peer.to_string()), "{line}");
}

#[test]
fn the_page_says_what_a_browser_may_do_with_it() {
    let (_server, page, _) = server_with_echo();
    let mut stream = tcp(page);
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(answer.contains(part), "{answer}");
    }
    assert!(answer.contains("x-content-type-options: nosniff"));
}
