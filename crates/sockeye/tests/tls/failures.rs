//! Each failure has its exit code, its reason with the facts, and what would accept it.

use crate::ran::{Ran, sockeye, sockeye_with};
use crate::tool::Tool;
use crate::world::World;

fn failed(ran: &Ran, code: i32, says: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    let line = ran.last_line();
    for said in says {
        assert!(line.contains(said), "{said}: {line}");
    }
}

#[test]
fn trap_25_a_certificate_that_nobody_vouches_for_is_refused_with_its_names_and_dates() {
    let world = World::new();
    let (_server, port) = world.s_server(&["-rev"]);
    let address = format!("tls://localhost:{port}");
    let ran = sockeye_with(&["connect", &address], b"x\n");
    assert!(ran.stdout.is_empty());
    failed(
        &ran,
        14,
        &[
            "CN=Own CA",
            "CN=A Server",
            "localhost, 127.0.0.1",
            "UTC",
            "ca=FILE",
            "pin=sha256:",
        ],
    );
    let spanish = sockeye(&["connect", &address, "--lang", "es", "--no-stdin"]);
    failed(&spanish, 14, &["autoridad", "ca=FICHERO", "localhost"]);

    let (_own, port) = world.s_server(&["-rev", "-cert", "own.pem", "-key", "own.key"]);
    let address = format!("tls://localhost:{port}");
    failed(
        &sockeye(&["connect", &address, "--no-stdin"]),
        14,
        &["nobody but itself", "own.example"],
    );
    let named = sockeye(&[
        "connect",
        &address,
        "--no-stdin",
        "--ca",
        &world.path("own.pem"),
    ]);
    failed(
        &named,
        14,
        &["not for localhost but for own.example", "sni=NAME"],
    );
    let pin = format!("sha256:{}", "0a".repeat(32));
    let pinned = sockeye(&["connect", &address, "--no-stdin", "--pin", &pin]);
    failed(&pinned, 14, &["not the pinned one", &pin]);
    let options = format!("{address}#insecure,pin={pin}");
    let pinned = sockeye(&["connect", &options, "--no-stdin"]);
    failed(
        &pinned,
        14,
        &["not the pinned one", &format!("TLS with {address}:")],
    );
    let asked = sockeye_with(
        &[
            "connect",
            &address,
            "--ca",
            &world.path("own.pem"),
            "--sni",
            "own.example",
        ],
        b"ab\n",
    );
    assert_eq!(
        (asked.code, asked.stdout.as_str()),
        (Some(0), "ba\n"),
        "{asked:?}"
    );
}

#[test]
fn trap_24_a_connection_that_just_ends_is_code_21_and_its_data_is_kept() {
    let world = World::new();
    let code = "peer = tls.wrap_socket(server.accept()[0], server_side=True)\n\
        peer.sendall(b'half of i')\n\
        peer.recv(1)\n\
        os.close(peer.detach())\n";
    let (_server, port) = world.python(code);
    let ca = world.path("ca.pem");
    let ran = sockeye(&[
        "connect",
        &format!("tls://localhost:{port}"),
        "--ca",
        &ca,
        "--no-stdin",
    ]);
    assert_eq!(ran.stdout, "half of i");
    failed(&ran, 21, &["close_notify", "9 B"]);
}

#[test]
fn what_does_not_speak_tls_is_called_so_with_what_it_said() {
    let (_tool, plain) = Tool::serve_one(&["serve", "daytime=127.0.0.1:0"]);
    let ran = sockeye(&[
        "connect",
        &format!("tls://{plain}"),
        "--insecure",
        "--no-stdin",
    ]);
    failed(&ran, 14, &["does not speak TLS", "tcp://"]);
    let (_tool, echo) = Tool::serve_one(&["serve", "echo=127.0.0.1:0"]);
    let ran = sockeye(&["connect", &format!("tls://{echo}"), "--no-stdin"]);
    failed(&ran, 14, &["sends back what it gets", "tcp://"]);

    let world = World::new();
    let (mut tool, port) = world.server(&["listen", "tls://127.0.0.1:0"], &[]);
    let asked = sockeye_with(
        &["connect", &format!("127.0.0.1:{port}")],
        b"GET / HTTP/1.0\r\n\r\n",
    );
    assert!(asked.code.is_some());
    let heard = tool.ran();
    failed(&heard, 14, &["does not speak TLS", "GET / HTTP/1.0"]);
    assert!(!heard.last_line().contains("tcp://"), "{heard:?}");
}

#[test]
fn a_client_certificate_that_is_demanded_must_be_shown_and_be_of_the_right_authority() {
    let world = World::new();
    let (_server, port) = world.s_server(&[
        "-rev",
        "-Verify",
        "2",
        "-verify_return_error",
        "-CAfile",
        "ca.pem",
    ]);
    let address = format!("tls://localhost:{port}");
    let ca = world.path("ca.pem");
    let without = sockeye_with(&["connect", &address, "--ca", &ca], b"x\n");
    failed(&without, 14, &["demands a certificate", "cert=FILE"]);
    let (certificate, key) = (world.path("client.pem"), world.path("client.key"));
    let with = sockeye_with(
        &[
            "connect",
            &address,
            "--ca",
            &ca,
            "--cert",
            &certificate,
            "--key",
            &key,
        ],
        b"ab\n",
    );
    assert_eq!(
        (with.code, with.stdout.as_str()),
        (Some(0), "ba\n"),
        "{with:?}"
    );

    let (mut tool, port) = world.server(&["listen", "tls://127.0.0.1:0"], &["--client-ca", &ca]);
    let stranger = format!("tls://localhost:{port}");
    let (own, own_key) = (world.path("own.pem"), world.path("own.key"));
    let ran = sockeye(&[
        "connect",
        &stranger,
        "--ca",
        &ca,
        "--cert",
        &own,
        "--key",
        &own_key,
        "--no-stdin",
    ]);
    assert_eq!(ran.code, Some(14), "{ran:?}");
    failed(&tool.ran(), 14, &["own.example"]);
}

#[test]
fn a_server_that_goes_on_says_who_failed_in_a_handshake_and_why() {
    let world = World::new();
    let ca = world.path("ca.pem");
    let (tool, port) = world.server(
        &["serve", "echo=tls://127.0.0.1:0", "-v"],
        &["--client-ca", &ca],
    );
    let address = format!("tls://localhost:{port}");
    let ran = sockeye(&["connect", &address, "--ca", &ca, "--no-stdin"]);
    assert_eq!(ran.code, Some(14), "{ran:?}");
    tool.stderr
        .wait_for("the client has shown no certificate, and client-ca= demands one");
    let (certificate, key) = (world.path("client.pem"), world.path("client.key"));
    let own = ["--cert", &certificate, "--key", &key];
    let all = [&["connect", &address, "--ca", &ca][..], &own].concat();
    assert_eq!(sockeye_with(&all, b"x\n").stdout, "x\n");
    let (tool, at) = Tool::serve_one(&["serve", "chat=ws://127.0.0.1:0", "-v"]);
    let _ = sockeye_with(&["connect", &at.replace("ws://", "")], b"hola\r\n\r\n");
    tool.stderr.wait_for("chat: 127.0.0.1:");
}

#[test]
fn a_key_log_that_cannot_be_written_is_code_24_and_the_data_goes_on() {
    let world = World::new();
    let (_server, port) = world.s_server(&["-rev"]);
    let address = format!("tls://localhost:{port}");
    let ran = sockeye_with(
        &["connect", &address, "--insecure", "--keylog", "/dev/full"],
        b"ab\n",
    );
    assert_eq!(ran.stdout, "ba\n", "{ran:?}");
    failed(&ran, 24, &["the key log /dev/full", "ENOSPC"]);
    assert_eq!(ran.stderr.matches("/dev/full").count(), 1, "{ran:?}");
}

#[test]
fn a_server_of_one_name_serves_nobody_who_asks_for_another() {
    let (tool, at) = Tool::serve_one(&["serve", "echo=tls://127.0.0.1:0#sni=One.example", "-v"]);
    let at = at.trim_start_matches("tls://");
    let asks = |name: &str| {
        let address = format!("tls://{at}#insecure,sni={name}");
        sockeye_with(&["connect", &address], b"x\n")
    };
    failed(&asks("two.example"), 14, &["access_denied"]);
    tool.stderr.wait_for("asks for two.example");
    // The line to try asks for it.
    tool.stderr.wait_for("#sni=One.example,pin=sha256:");
    assert_eq!(asks("one.example").stdout, "x\n");
}

#[test]
fn without_a_protocol_in_common_both_say_which_they_have() {
    let world = World::new();
    let (mut tool, port) = world.server(&["listen", "tls://127.0.0.1:0"], &["--alpn", "h2"]);
    let ca = world.path("ca.pem");
    let address = format!("tls://localhost:{port}");
    let ran = sockeye(&[
        "connect",
        &address,
        "--ca",
        &ca,
        "--alpn",
        "x+y",
        "--no-stdin",
    ]);
    failed(&ran, 14, &["no application protocol in common", "x+y"]);
    failed(&tool.ran(), 14, &["h2", "offered x+y"]);
}

#[test]
fn a_file_that_cannot_be_used_is_said_before_anybody_is_called_or_told() {
    let world = World::new();
    let (server, other) = (world.path("server.pem"), world.path("client.key"));
    let ran = sockeye(&["listen", "tls://:0", "--cert", &server, "--key", &other]);
    failed(
        &ran,
        14,
        &["client.key", "not that of the certificate", "server.pem"],
    );
    // A request without extensions makes one of version 1.
    let (old, key) = (world.path("old.pem"), world.path("server.key"));
    world.openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out old.pem");
    for (command, address) in [("listen", "tls://:0"), ("connect", "tls://localhost:1")] {
        let ran = sockeye(&[command, address, "--cert", &old, "--key", &key]);
        failed(&ran, 14, &["old.pem", "version 1", "-extfile"]);
        assert!(!ran.last_line().contains("Other("), "{ran:?}");
    }
    let ran = sockeye(&["listen", "tls://:0", "--cert", &server]);
    failed(&ran, 14, &["server.pem", "key=FILE"]);
    let ran = sockeye(&[
        "connect",
        "tls://localhost:1",
        "--ca",
        &world.path("absent"),
    ]);
    failed(&ran, 14, &["absent", "ENOENT"]);
}
