//! Certificates that openssl makes, and the programs at the other end.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::tool::Tool;

/// A folder with an authority (`ca.pem`), a server's certificate of it for localhost (`server.pem`, `server.key`), a
/// client's (`client.pem`, `client.key`), and one that is signed by itself (`own.pem`, `own.key`).
pub(crate) struct World(PathBuf);

const MAKE: &str = "
set -e
key() { openssl ecparam -name prime256v1 -genkey -noout -out \"$1\"; }
key ca.key; key server.key; key client.key; key own.key
openssl req -new -x509 -key ca.key -out ca.pem -days 9 -subj '/CN=Own CA'
signed() {
  openssl req -new -key \"$1.key\" -subj \"$2\" -out \"$1.csr\"
  printf '%s\\n' \"$3\" > \"$1.ext\"
  openssl x509 -req -in \"$1.csr\" -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile \"$1.ext\" -out \"$1.pem\"
}
signed server '/CN=A Server' 'subjectAltName=DNS:localhost,IP:127.0.0.1'
signed client '/CN=A Client' 'extendedKeyUsage=clientAuth'
openssl req -new -x509 -key own.key -out own.pem -days 9 -subj /CN=own.example -addext subjectAltName=DNS:own.example
";

impl World {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("sockeye-tls-world-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        let made = Command::new("sh")
            .args(["-c", MAKE])
            .current_dir(&path)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        Self(path)
    }

    /// One more run of openssl, in its folder.
    pub(crate) fn openssl(&self, arguments: &str) {
        let made = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(&self.0)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// `sockeye listen` or the like, on a port of the system's choice, with the server's certificate.
    pub(crate) fn server(&self, before: &[&str], after: &[&str]) -> (Tool, u16) {
        let (certificate, key) = (self.path("server.pem"), self.path("server.key"));
        let own = ["--cert", certificate.as_str(), "--key", key.as_str()];
        let all: Vec<&str> = before.iter().chain(&own).chain(after).copied().collect();
        let (tool, address) = Tool::serve_one(&all);
        (tool, port_of(&address))
    }

    /// `openssl s_server` with these arguments beside its certificate, once it accepts.
    pub(crate) fn s_server(&self, arguments: &[&str]) -> (Program, u16) {
        let mut command = Command::new("openssl");
        command
            .args(["s_server", "-accept", "127.0.0.1:0"])
            .args(["-cert", "server.pem", "-key", "server.key"])
            .args(arguments)
            .current_dir(&self.0);
        // It says `ACCEPT 127.0.0.1:PORT`.
        Program::start(&mut command, |line| {
            port_of(line.strip_prefix("ACCEPT ")?.trim()).into()
        })
    }

    /// A server in Python, which has a context `tls`, a listening socket `server` and its certificate.
    pub(crate) fn python(&self, code: &str) -> (Program, u16) {
        let before = "import os, socket, ssl, sys\n\
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n\
            tls.load_cert_chain('server.pem', 'server.key')\n\
            server = socket.create_server(('127.0.0.1', 0))\n\
            print('port', server.getsockname()[1], flush=True)\n";
        let mut command = Command::new("python3");
        command
            .args(["-c", &format!("{before}{code}")])
            .current_dir(&self.0);
        Program::start(&mut command, |line| {
            line.strip_prefix("port ")?.trim().parse().ok()
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The number behind the last colon.
pub(crate) fn port_of(address: &str) -> u16 {
    address.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// A program of others; it ends with its test.
pub(crate) struct Program {
    child: Child,
    /// Held open: a program that can't write any more would fail.
    stdout: Option<BufReader<std::process::ChildStdout>>,
}

impl Program {
    fn start(command: &mut Command, port: impl Fn(&str) -> Option<u16>) -> (Self, u16) {
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut program = Self {
            child,
            stdout: None,
        };
        let mut stdout = BufReader::new(program.child.stdout.take().unwrap());
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "it did not start");
            if let Some(port) = port(&line) {
                break port;
            }
        };
        program.stdout = Some(stdout);
        (program, port)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        drop(self.stdout.take());
    }
}
