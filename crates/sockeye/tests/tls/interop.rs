//! Bytes and ends are exact, whichever of the two is openssl, curl or Python.

use std::process::{Command, Stdio};

use crate::ran::{Ran, command, sockeye_with};
use crate::tool::{Tool, assert_same, pattern};
use crate::world::{World, port_of};

#[test]
fn openssl_s_client_talks_to_listen_and_each_end_is_a_clean_one() {
    let world = World::new();
    for version in ["-tls1_2", "-tls1_3"] {
        let (mut tool, port) = world.server(&["listen", "tls://127.0.0.1:0"], &[]);
        tool.type_in(b"buenas\n");
        let mut client = Command::new("openssl");
        client
            .args([
                "s_client",
                "-quiet",
                "-no_ign_eof",
                "-verify_return_error",
                version,
            ])
            .args([
                "-CAfile",
                &world.path("ca.pem"),
                "-verify_hostname",
                "localhost",
            ])
            .args(["-connect", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut client = Tool::spawn(&mut client);
        client.type_in(b"hola\n");
        client.stdout.wait_for("buenas\n");
        tool.stdout.wait_for("hola\n");
        drop(tool.stdin.take());
        let client = client.end();
        assert_eq!(
            (client.code, client.stdout.as_str()),
            (Some(0), "buenas\n"),
            "{client:?}"
        );
        let ran = tool.ran();
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "hola\n"),
            "{ran:?}"
        );
    }
}

#[test]
fn connect_talks_to_openssl_s_server_and_tells_what_was_agreed_on() {
    let world = World::new();
    let (_server, port) = world.s_server(&["-rev", "-alpn", "h2,http/1.1"]);
    let address = format!("tls://localhost:{port}");
    let ca = world.path("ca.pem");
    let ran = sockeye_with(
        &[
            "connect",
            &address,
            "--ca",
            &ca,
            "--alpn",
            "http/1.1",
            "--explain",
        ],
        b"hola\n",
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "aloh\n"),
        "{ran:?}"
    );
    for said in [
        "TLS 1.3",
        "TLS_AES_",
        "CN=A Server < CN=Own CA",
        "http/1.1",
        "localhost",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
}

#[test]
fn curl_gets_the_page_over_https_and_its_pin_is_the_one_that_we_print() {
    let world = World::new();
    let (_tool, port) = world.server(
        &["serve", "http=tls://127.0.0.1:0"],
        &["--alpn", "http/1.1"],
    );
    let der = Command::new("sh")
        .args(["-c", "openssl x509 -in server.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64"])
        .current_dir(world.path(""))
        .output()
        .unwrap();
    let pin = String::from_utf8(der.stdout).unwrap();
    let url = format!("https://localhost:{port}/");
    let got: Ran = Command::new("curl")
        .args(["-sS", "--cacert", &world.path("ca.pem"), "--pinnedpubkey"])
        .args([
            &format!("sha256//{}", pin.trim()),
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            &url,
        ])
        .output()
        .unwrap()
        .into();
    assert_eq!((got.code, got.stdout.as_str()), (Some(0), "200"), "{got:?}");
    // The same key in our own words.
    let hex = Command::new("sh")
        .args(["-c", "openssl x509 -in server.pem -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1"])
        .current_dir(world.path(""))
        .output()
        .unwrap();
    let pinned = format!(
        "tls://127.0.0.1:{port}#pin=sha256:{}",
        String::from_utf8_lossy(&hex.stdout).trim()
    );
    let got = sockeye_with(&["connect", &pinned], b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(got.code, Some(0), "{}", got.stderr);
    assert!(got.stdout.starts_with("HTTP/1.0 200"), "{}", got.stdout);
}

#[test]
fn python_verifies_the_server_and_gets_back_every_byte() {
    let world = World::new();
    let (tool, port) = world.server(&["serve", "echo=tls://127.0.0.1:0"], &[]);
    let code = format!(
        "import socket, ssl, threading\n\
         tls = ssl.create_default_context(cafile='ca.pem')\n\
         data = bytes(range(256)) * 12000\n\
         with tls.wrap_socket(socket.create_connection(('127.0.0.1', {port})), server_hostname='localhost') as s:\n\
         \x20   sender = threading.Thread(target=s.sendall, args=(data,))\n\
         \x20   sender.start()\n\
         \x20   came = b''\n\
         \x20   while len(came) < len(data): came += s.recv(65536)\n\
         \x20   sender.join()\n\
         \x20   assert came == data\n\
         \x20   print(s.version())\n"
    );
    let client: Ran = Command::new("python3")
        .args(["-c", &code])
        .current_dir(world.path(""))
        .output()
        .unwrap()
        .into();
    assert_eq!(
        (client.code, client.stdout.as_str()),
        (Some(0), "TLSv1.3\n"),
        "{client:?}"
    );
    drop(tool);
}

#[test]
fn a_relay_takes_tls_off_and_puts_it_on_and_passes_each_end_on() {
    let world = World::new();
    let (echo, port) = world.server(&["serve", "echo=tls://127.0.0.1:0"], &[]);
    let to = format!("tls://127.0.0.1:{port}");
    let ca = world.path("ca.pem");
    let (on, plain) = Tool::serve_one(&["relay", "127.0.0.1:0", &to, "--ca", &ca]);
    let (off, secret) = world.server(&["relay", "tls://127.0.0.1:0", &plain], &[]);
    let data = pattern(3 << 20);
    let mut client = Tool::spawn(
        command(&["connect", &format!("tls://localhost:{secret}"), "--ca", &ca])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped()),
    );
    client.feed(data.clone());
    let came = client.stdout.whole();
    assert_same(&came, &data);
    assert_eq!(client.ran().code, Some(0));
    drop((echo, on, off));
}

#[test]
fn tls_over_a_unix_socket_is_for_this_machine() {
    let world = World::new();
    let path = world.path("s");
    let (tool, _) = Tool::serve(&["serve", &format!("echo=tls:{path}")]);
    let ran = sockeye_with(&["connect", &format!("tls:{path}#insecure")], b"hola");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "hola"),
        "{ran:?}"
    );
    drop(tool);
}

#[test]
fn the_line_that_a_server_without_a_certificate_prints_is_accepted() {
    for typed in ["tls://:0", "tls://127.0.0.1:0", "tls://any:0"] {
        let (mut tool, addresses) = Tool::serve(&["listen", typed]);
        tool.stderr.wait_for("pin=sha256:");
        let said = tool.stderr.text();
        let line = said.lines().find(|line| line.contains("#pin=")).unwrap();
        let address = line
            .rsplit_once("sockeye connect ")
            .unwrap()
            .1
            .trim_matches('\'');
        assert_eq!(
            port_of(address.split_once('#').unwrap().0),
            port_of(&addresses[0])
        );
        tool.feed(b"adios".to_vec());
        let ran = sockeye_with(&["connect", address], b"hola");
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "adios"),
            "{ran:?}"
        );
        let ran = tool.ran();
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "hola"),
            "{ran:?}"
        );
    }
}

#[test]
fn the_secrets_that_are_logged_are_those_of_the_conversation() {
    let world = World::new();
    let theirs = world.path("theirs");
    let (server, port) = world.s_server(&["-rev", "-keylogfile", &theirs]);
    let ours = world.path("ours");
    let address = format!("tls://localhost:{port}");
    let ran = sockeye_with(
        &["connect", &address, "--insecure", "--keylog", &ours],
        b"x\n",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    drop(server);
    let sorted = |path: &str| {
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let (ours, theirs) = (sorted(&ours), sorted(&theirs));
    assert!(
        ours.len() >= 4 && ours.iter().all(|line| theirs.contains(line)),
        "{ours:?} {theirs:?}"
    );
}
