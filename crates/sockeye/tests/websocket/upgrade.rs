//! The upgrade: who is let in, who is not, and what a client says of a server that says no.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::peer::{port, says, served};
use crate::ran::{command, sockeye, sockeye_with};

#[test]
fn a_refused_upgrade_is_code_15_with_its_status_and_the_first_line_of_the_body() {
    let (address, served) =
        says("HTTP/1.1 404 Not Found\r\nServer: here\r\nContent-Length: 12\r\n\r\nno such page");
    let ran = sockeye(&["connect", &format!("{address}/chat?room=1")]);
    let asked = served.join().unwrap();
    assert!(
        asked.starts_with("GET /chat?room=1 HTTP/1.1\r\n"),
        "{asked}"
    );
    assert_eq!(ran.code, Some(15), "{ran:?}");
    for said in ["404 Not Found", "no such page"] {
        assert!(ran.last_line().contains(said), "{ran:?}");
    }
}

#[test]
fn an_answer_that_is_none_or_does_not_fit_is_code_15() {
    for (answer, said) in [
        ("220 mail ready\r\n\r\n", "no HTTP server"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
            "Sec-WebSocket-Accept",
        ),
        ("HTTP/1.1 101 Swit", "ended before"),
    ] {
        let (address, served) = says(answer);
        let ran = sockeye(&["connect", &address]);
        served.join().unwrap();
        assert_eq!(ran.code, Some(15), "{ran:?}");
        assert!(ran.last_line().contains(said), "{ran:?}");
    }
}

#[test]
fn the_path_subprotocol_header_and_credentials_decide_who_is_let_in() {
    let directory = std::env::temp_dir().join(format!("sockeye-ws-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let users = file("users", "# who\nann:secret\nBearer t0ken\n");
    let ann = file("ann", "ann:secret\n");
    let wrong = file("wrong", "ann:guess\n");
    let header = file("header", "X-Way: long\n");
    let server = format!("echo=ws://127.0.0.1:0/chat#subprotocol=a,auth={users}");
    let (tool, address) = served(&["serve", &server]);
    let at = |path: &str| format!("ws://127.0.0.1:{}{path}", port(&address));
    let connect = |arguments: &[&str]| {
        let mut all = vec!["connect"];
        all.extend(arguments);
        sockeye_with(&all, b"hola\n")
    };
    let ran = connect(&[
        &at("/chat"),
        "--auth",
        &ann,
        "--subprotocol",
        "b+a",
        "--header",
        &header,
    ]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "hola\n"),
        "{ran:?}"
    );
    for (arguments, status) in [
        (vec![at("/other"), "--auth".into(), ann.clone()], "404"),
        (vec![at("/chat")], "401"),
        (vec![at("/chat"), "--auth".into(), wrong], "401"),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = connect(&arguments);
        assert_eq!(ran.code, Some(15), "{ran:?}");
        assert!(ran.last_line().contains(status), "{ran:?}");
    }
    let mut from_environment = command(&["connect", &at("/chat"), "--send", "x", "--no-stdin"]);
    let ran: crate::ran::Ran = from_environment
        .env("SOCKEYE_AUTH", "Bearer t0ken")
        .output()
        .unwrap()
        .into();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "x\n"), "{ran:?}");
    drop(tool);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_page_of_elsewhere_may_not_connect_unless_it_is_let_in() {
    let asked = |port: u16, origin: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(
            stream,
            "GET / HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: {origin}\r\n\r\n"
        )
        .unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        String::from_utf8_lossy(&status[9..]).into_owned()
    };
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0"]);
    assert_eq!(asked(port(&address), "http://evil.example"), "403");
    assert_eq!(asked(port(&address), "null"), "403");
    assert_eq!(asked(port(&address), "http://localhost:8000"), "101");
    drop(tool);
    let only = "echo=ws://127.0.0.1:0#origin=https://good.example";
    let (tool, address) = served(&["serve", only]);
    assert_eq!(asked(port(&address), "https://good.example"), "101");
    assert_eq!(asked(port(&address), "http://localhost:8000"), "403");
    drop(tool);
}
