//! The chat on the page, and from a terminal.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::json;

use crate::browser::{Browser, ENTER};
use crate::opened;
use crate::server::{PATIENCE, Server, tcp};

/// A server with the page, whose chat has a port of its own as well.
fn server_with_chat() -> (Server, SocketAddr, SocketAddr) {
    let server = Server::start(&["http=tcp://127.0.0.1:0", "chat=tcp://127.0.0.1:0"]);
    let (page, chat) = (server.ready(), server.ready());
    (server, page, chat)
}

/// Somebody at a terminal, with `nc` or `sockeye connect`: lines both ways.
struct Terminal {
    stream: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Terminal {
    fn at(chat: SocketAddr, name: &str) -> Self {
        let stream = tcp(chat);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap());
        let mut terminal = Self { stream, lines };
        terminal.types(&format!("/name {name}"));
        terminal
    }

    fn types(&mut self, line: &str) {
        writeln!(self.stream, "{line}").unwrap();
    }

    fn reads(&mut self, wanted: &str) {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(
                self.lines.read_line(&mut line).unwrap() > 0,
                "it ended before {wanted}"
            );
            if line.trim_end() == wanted {
                return;
            }
        }
    }
}

/// Gives whoever is at the browser a name.
fn called(browser: &Browser, name: &str) {
    browser.until("!document.querySelector('#name').disabled");
    let name = json!(name);
    browser.value(&format!("document.querySelector('#name').value = {name}"));
    browser.value("document.querySelector('#rename').requestSubmit()");
    browser.until(&format!(
        "document.querySelector('#room').textContent.startsWith({name} + ' ')"
    ));
}

/// Writes a message, with the keyboard.
fn says(browser: &Browser, text: &str) {
    browser.value("document.querySelector('#text').focus()");
    browser.keys(text);
    browser.keys(ENTER);
}

fn hears(browser: &Browser, line: &str) {
    let line = json!(line);
    browser.until(&format!(
        "[...document.querySelectorAll('#talk li')].some((item) => item.textContent.startsWith({line}))"
    ));
}

#[test]
fn two_browsers_chat_with_a_terminal() {
    let (_server, page, chat) = server_with_chat();
    let Some(ana) = opened(page) else { return };
    let Some(ben) = opened(page) else { return };
    called(&ana, "ana");
    called(&ben, "ben");
    let mut carla = Terminal::at(chat, "carla");
    for browser in [&ana, &ben] {
        browser.until("document.querySelector('#people').textContent.includes('carla')");
    }
    says(&ana, "hola a todos");
    carla.reads("ana: hola a todos");
    hears(&ben, "ana: hola a todos");
    hears(&ana, "ana: hola a todos");
    assert_eq!(
        ana.value("document.querySelectorAll('#talk .mine').length"),
        1
    );

    carla.types("from a terminal");
    says(&ben, "from a browser");
    for browser in [&ana, &ben] {
        hears(browser, "carla: from a terminal");
        hears(browser, "ben: from a browser");
    }
    carla.types("/msg ana only for you");
    hears(&ana, "carla: only for you");
    assert!(!ben.text("#talk").contains("only for you"));

    // Their sockets are on the page too: WebSockets of it are conversations, and not the page's own.
    ana.until("document.querySelectorAll('#rows tr:not(.gone) .layer').length > 2");
    ana.until("[...document.querySelectorAll('#rows .layer')].filter((layer) => layer.textContent === 'WebSocket').length === 2");
    carla.types("/quit");
    hears(&ana, "carla left");
    ana.click("[data-language=es]");
    hears(&ana, "carla se ha ido");
    assert_eq!(ana.complaints(), Vec::<String>::new());
}

#[test]
fn markup_in_a_message_stays_text() {
    let (_server, page, chat) = server_with_chat();
    let Some(browser) = opened(page) else { return };
    browser.until("!document.querySelector('#text').disabled");
    let mut stranger = Terminal::at(chat, "<b>x");
    let trick = "<img src=x onerror=document.title='got'><script>document.title='got'</script>";
    stranger.types(trick);
    stranger.types("\u{1b}[2J\u{202e}");
    hears(&browser, &format!("<b>x: {trick}"));
    browser.until("document.querySelectorAll('#talk .who').length === 2");
    assert_eq!(
        browser.value("document.querySelectorAll('#talk img, #talk script, #talk b').length"),
        0
    );
    assert_eq!(browser.value("document.title"), "sockeye");
    assert!(!browser.text("#talk").contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn who_comes_late_is_told_what_was_said() {
    let (_server, page, chat) = server_with_chat();
    let mut ana = Terminal::at(chat, "ana");
    ana.types("before you came");
    ana.types("/msg ana done");
    ana.reads("[you → ana] done");
    let Some(browser) = opened(page) else { return };
    hears(&browser, "ana: before you came");
    browser.until("document.querySelector('#people').textContent === 'Here as well: ana'");
}

#[test]
fn a_terminal_reaches_the_chat_of_the_page_as_the_page_says() {
    let (_server, page, chat) = server_with_chat();
    let mut connect = crate::server::sockeye();
    let mut connect = connect
        .args(["connect", &format!("ws://{page}/chat")])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = connect.stdin.take().unwrap();
    let mut ana = Terminal::at(chat, "ana");
    writeln!(input, "/name eva\nhola").unwrap();
    ana.reads("eva: hola");
    ana.types("adios");
    let mut output = BufReader::new(connect.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ana: adios") {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0);
    }
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(connect.wait().unwrap().code().is_some());
}

#[test]
fn when_the_server_stops_the_chat_says_goodbye_and_does_not_hold_it_up() {
    let (server, page, _) = server_with_chat();
    let mut stream = tcp(page);
    stream
        .write_all(
            b"GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
              Sec-WebSocket-Protocol: sockeye-chat-json\r\n\r\n",
        )
        .unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&answer).contains("\"type\":\"entered\"") {
        stream.read_exact(&mut byte).unwrap();
        answer.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&answer).into_owned();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(
        head.to_lowercase()
            .contains("sec-websocket-protocol: sockeye-chat-json"),
        "{head}"
    );
    server.signal(rustix::process::Signal::TERM);
    let mut rest = Vec::new();
    let mut chunk = [0; 512];
    while !String::from_utf8_lossy(&rest).contains("\"type\":\"goodbye\"") {
        let got = stream.read(&mut chunk).unwrap();
        assert!(got > 0, "{rest:?}");
        rest.extend_from_slice(&chunk[..got]);
    }
    drop(stream);
    assert_eq!(server.end().code, Some(0));
}

#[test]
fn a_page_of_elsewhere_does_not_come_in() {
    let (_server, page, _) = server_with_chat();
    let mut stream = tcp(page);
    stream
        .write_all(
            b"GET /chat HTTP/1.1\r\nHost: localhost\r\nOrigin: http://elsewhere.example\r\nConnection: Upgrade\r\n\
              Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        )
        .unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 403 Forbidden\r\n");
}

#[test]
fn over_tls_the_page_and_its_chat_are_the_same() {
    let server = Server::start(&["http=tls://127.0.0.1:0", "chat=tcp://127.0.0.1:0"]);
    let (page, chat) = loop {
        // Before it says where it is, it says what its throw-away certificate is.
        let line = server.line();
        if line.starts_with("http") {
            let at = line
                .split_whitespace()
                .nth(2)
                .unwrap()
                .parse::<SocketAddr>();
            break (at.unwrap(), server.ready());
        }
    };
    let Some(browser) = Browser::start(1280, 900) else {
        return;
    };
    browser.open_at(&format!("https://localhost:{}/", page.port()));
    let mut carla = Terminal::at(chat, "carla");
    browser.until("document.querySelector('#people').textContent.includes('carla')");
    says(&browser, "hola");
    carla.reads("guest-1: hola");
    browser.until("[...document.querySelectorAll('#rows .layer')].some((layer) => layer.textContent === 'TLS 1.3, WebSocket')");
}
