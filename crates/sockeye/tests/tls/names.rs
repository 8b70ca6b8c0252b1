//! DNS over TLS: Unbound and our own server are asked, and must prove who they are.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::free_port::free_port;
use crate::ran::sockeye;
use crate::tool::until;
use crate::world::World;

struct Unbound(Child);

impl Drop for Unbound {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Unbound, answering for one name.
fn unbound(world: &World) -> (Unbound, u16) {
    let port = free_port();
    let config = format!(
        "server:\n\
         do-daemonize: no\n\
         chroot: \"\"\n\
         username: \"\"\n\
         pidfile: \"\"\n\
         directory: \"{}\"\n\
         use-syslog: no\n\
         interface: 127.0.0.1@{port}\n\
         tls-port: {port}\n\
         tls-service-pem: \"{}\"\n\
         tls-service-key: \"{}\"\n\
         local-zone: \"example.\" static\n\
         local-data: \"a.example. A 192.0.2.7\"\n\
         remote-control:\n\
         control-enable: no\n",
        world.path(""),
        world.path("server.pem"),
        world.path("server.key"),
    );
    let path = world.path("unbound.conf");
    std::fs::write(&path, config).unwrap();
    let child = Command::new("/usr/sbin/unbound")
        .args(["-d", "-c", &path])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Unbound(child);
    until("unbound listens", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    (server, port)
}

#[test]
fn unbound_answers_over_tls_when_it_proves_who_it_is() {
    let world = World::new();
    let (_unbound, port) = unbound(&world);
    let server = format!("tls://127.0.0.1:{port}");
    let ca = world.path("ca.pem");
    let asked = ["resolve", "--server", &server, "a.example", "A", "--short"];
    let answered = sockeye(&[&asked[..], &["--ca", &ca]].concat());
    assert_eq!(
        (answered.code, answered.stdout.as_str()),
        (Some(0), "192.0.2.7\n"),
        "{answered:?}"
    );
    let refused = sockeye(&asked);
    assert_eq!(refused.code, Some(14), "{refused:?}");
    for said in ["CN=Own CA", "127.0.0.1", "pin=sha256:"] {
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    let other = sockeye(&[&asked[..], &["--ca", &ca, "--sni", "other.example"]].concat());
    assert_eq!(other.code, Some(14), "{other:?}");
    assert!(other.stderr.contains("other.example"), "{}", other.stderr);
}

#[test]
fn our_own_server_answers_over_tls_and_a_plain_one_is_found_out() {
    let world = World::new();
    let zone = world.path("zone");
    let text = "$ORIGIN river.example.\n@ 60 SOA ns root 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.9\n";
    std::fs::write(&zone, text).unwrap();
    let (_tool, port) = world.server(
        &["serve", "dns=tls://127.0.0.1:0"],
        &["--zone", &format!("river.example={zone}")],
    );
    let server = format!("tls://localhost:{port}");
    let ca = world.path("ca.pem");
    let answered = sockeye(&[
        "resolve",
        "-4",
        "--server",
        &server,
        "www.river.example",
        "--ca",
        &ca,
        "--json",
    ]);
    assert_eq!(answered.code, Some(0), "{answered:?}");
    assert!(
        answered.stdout.contains("192.0.2.9") && answered.stdout.contains("tls"),
        "{}",
        answered.stdout
    );
    let plain = sockeye(&[
        "resolve",
        "--tcp",
        "--server",
        &format!("127.0.0.1:{port}"),
        "www.river.example",
    ]);
    assert_ne!(plain.code, Some(0), "{plain:?}");
    let flag = sockeye(&[
        "resolve",
        "--server",
        "127.0.0.1:1",
        "a.example",
        "--ca",
        &ca,
    ]);
    assert_eq!(flag.code, Some(2), "{flag:?}");
}
