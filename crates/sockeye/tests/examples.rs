//! The library's examples, run as a reader would run them: against each other, and against Python's `socket`.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sockeye::{Family, Socket, SocketOption, Type};

/// Nothing here takes longer, not even on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// An example, which `cargo test` and `cargo build --examples` build beside the tests.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().with_file_name("examples").join(name);
    assert!(program.exists(), "cargo build --examples makes {program:?}");
    Command::new(program)
}

/// A program that is ended with the test.
struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// What it has printed, as far as it was read.
    said: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            lines,
            said: String::new(),
        }
    }

    /// A server on a port that the system chose, and where that is.
    fn server(name: &str) -> (Self, String) {
        let mut server = Self::start(example(name).arg("127.0.0.1:0"));
        let address = server.line().strip_prefix("on ").unwrap().to_owned();
        (server, address)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        self.said.push_str(&line);
        line.trim_end().to_owned()
    }

    /// Reads on until a line ends like this.
    fn until(&mut self, end: &str) {
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "no {end:?} in {}", self.said);
            if line.ends_with(end) {
                return;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Runs a program to its end, which comes within [`LIMIT`].
fn finished(command: &mut Command) -> Output {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let child = child.unwrap();
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(child.wait_with_output()));
    end.recv_timeout(LIMIT).expect("it ends").unwrap()
}

/// What a client example prints when it has gone well.
fn printed(command: &mut Command) -> String {
    let output = finished(command);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A script for Python, which gets the address as two words; `None` where there is no Python.
fn python(script: &str, address: Option<&str>) -> Option<Command> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: python3 is not there");
        assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none(), "no python3");
        return None;
    }
    let mut command = Command::new("python3");
    command.args(["-u", "-c", &format!("{PYTHON}{script}")]);
    if let Some((host, port)) = address.and_then(|address| address.rsplit_once(':')) {
        command.args([host, port]);
    }
    Some(command)
}

const PYTHON: &str = "
import socket, struct, sys
socket.setdefaulttimeout(20)
if len(sys.argv) > 1:
    address = (sys.argv[1], int(sys.argv[2]))
def serve(kind):
    s = socket.socket(socket.AF_INET, kind)
    s.bind(('127.0.0.1', 0))
    if kind == socket.SOCK_STREAM:
        s.listen(1)
    print('%s:%d' % s.getsockname())
    return s
def collect(s):
    got = b''
    while piece := s.recv(3):
        got += piece
    return got
";

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

/// Sends, and receives as much as was sent.
fn echoed(mut stream: &TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, text.as_bytes());
}

#[test]
fn a_tcp_client_gets_back_what_it_sent_from_each_echo_server() {
    for name in ["tcp_server", "many_clients", "echo_async"] {
        let (mut server, address) = Running::server(name);
        let text = "hola ".repeat(20_000);
        let answer = printed(example("tcp_client").args([&address, &text]));
        assert_eq!(answer.trim_end_matches('\n'), text, "{name}");
        server.until(" came");
        server.until(" has gone");
    }
}

#[test]
fn python_clients_are_served_and_their_half_close_is_answered() {
    let script = "
s = socket.create_connection(address)
s.sendall(b'hola ' * 20000)
s.shutdown(socket.SHUT_WR)
assert collect(s) == b'hola ' * 20000
s.close()";
    for name in ["tcp_server", "many_clients", "echo_async"] {
        let (_server, address) = Running::server(name);
        let Some(mut client) = python(script, Some(&address)) else {
            return;
        };
        // Twice: the first client's end is not the server's.
        printed(&mut client);
        printed(&mut client);
    }
}

#[test]
fn a_python_server_answers_the_tcp_client() {
    let script = "
s = serve(socket.SOCK_STREAM)
c, peer = s.accept()
got = collect(c)
c.sendall(got.upper())";
    let Some(mut server) = python(script, None) else {
        return;
    };
    let mut server = Running::start(&mut server);
    let address = server.line();
    assert_eq!(
        printed(example("tcp_client").args([&address, "hola"])),
        "HOLA\n"
    );
}

#[test]
fn the_time_server_speaks_first_and_says_the_seconds_since_1900() {
    let (_server, address) = Running::server("time_server");
    let mut answer = Vec::new();
    connect(&address).read_to_end(&mut answer).unwrap();
    let said = u32::from_be_bytes(answer.try_into().unwrap());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let since_1900 = (now + 2_208_988_800) as u32;
    assert!(since_1900.wrapping_sub(said) < 60, "{said}, {since_1900}");

    let script = "
import time
s = socket.create_connection(address)
seconds, = struct.unpack('!I', collect(s))
assert abs(seconds - 2208988800 - time.time()) % 2**32 < 60";
    if let Some(mut client) = python(script, Some(&address)) {
        printed(&mut client);
    }
}

#[test]
fn udp_messages_come_back_to_whoever_sent_them() {
    let (mut server, address) = Running::server("udp_server");
    assert_eq!(
        printed(example("udp_client").args([&address, "hola"])),
        "hola\n"
    );
    assert!(server.line().starts_with("4 bytes from 127.0.0.1:"));
    let script = "
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
a.sendto(b'soy A', address)
b.sendto(b'', address)
a.sendto(b'x' * 60000, address)
assert b.recvfrom(65535) == (b'', address)
assert a.recvfrom(65535) == (b'soy A', address)
assert a.recvfrom(65535) == (b'x' * 60000, address)";
    if let Some(mut client) = python(script, Some(&address)) {
        printed(&mut client);
    }
}

#[test]
fn a_python_server_answers_the_udp_client() {
    let script = "
s = serve(socket.SOCK_DGRAM)
data, peer = s.recvfrom(65535)
s.sendto(data.upper(), peer)";
    let Some(mut server) = python(script, None) else {
        return;
    };
    let mut server = Running::start(&mut server);
    let address = server.line();
    assert_eq!(
        printed(example("udp_client").args([&address, "hola"])),
        "HOLA\n"
    );
}

#[test]
fn the_udp_client_sends_again_and_takes_no_strangers_answer() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(LIMIT)).unwrap();
    let address = server.local_addr().unwrap().to_string();
    let client = thread::spawn(move || printed(example("udp_client").args([&address, "hola"])));
    let mut buffer = [0; 64];
    let (_, peer) = server.recv_from(&mut buffer).unwrap();
    stranger.send_to(b"false", peer).unwrap();
    let (n, same) = server.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..n], same), (&b"hola"[..], peer));
    server.send_to(b"true", peer).unwrap();
    let said = client.join().unwrap();
    assert!(said.starts_with("no answer to message 1"), "{said}");
    assert!(said.ends_with("\ntrue\n"), "{said}");
}

#[test]
fn the_web_client_speaks_first_and_prints_the_whole_answer() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let client = thread::spawn(move || {
        printed(example("web_client").args([&format!("localhost:{port}"), "/page"]))
    });
    let (stream, _) = server.accept().unwrap();
    let mut request = String::new();
    let mut lines = BufReader::new(&stream);
    while !request.ends_with("\r\n\r\n") {
        assert_ne!(lines.read_line(&mut request).unwrap(), 0, "{request:?}");
    }
    assert_eq!(
        request,
        format!("GET /page HTTP/1.0\r\nHost: localhost:{port}\r\n\r\n")
    );
    let page = format!("HTTP/1.0 200 OK\r\n\r\n{}", "x".repeat(100_000));
    (&stream).write_all(page.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
    assert_eq!(client.join().unwrap(), page);
}

#[test]
fn pythons_web_server_answers_the_web_client() {
    let script = "
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(('you asked for ' + self.path).encode())
s = http.server.HTTPServer(('127.0.0.1', 0), Page)
print('%s:%d' % s.server_address)
s.handle_request()";
    let Some(mut server) = python(script, None) else {
        return;
    };
    let mut server = Running::start(server.stderr(Stdio::null()));
    let address = server.line();
    let answer = printed(example("web_client").args([&address, "/page"]));
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nyou asked for /page"), "{answer}");
}

#[test]
fn many_clients_are_served_at_once_and_the_first_needs_not_leave() {
    for name in ["many_clients", "echo_async"] {
        let (_server, address) = Running::server(name);
        let clients: Vec<TcpStream> = (0..20).map(|_| connect(&address)).collect();
        for client in clients.iter().rev().chain(&clients) {
            echoed(client, name);
        }
    }
}

#[test]
fn a_server_that_accepts_and_serves_in_one_loop_serves_one_after_the_other() {
    let (mut server, address) = Running::server("tcp_server");
    let first = connect(&address);
    echoed(&first, "first");
    let second = connect(&address);
    (&second).write_all(b"second").unwrap();
    echoed(&first, "first again");
    drop(first);
    let mut answer = [0; 6];
    (&second).read_exact(&mut answer).unwrap();
    drop(second);
    server.until("came");
    server.until("has gone");
    server.until("came");
    server.until("has gone");
    let order: Vec<&str> = server
        .said
        .lines()
        .skip(1)
        .map(|line| &line[line.len() - 4..])
        .collect();
    assert_eq!(order, ["came", "gone", "came", "gone"], "{}", server.said);
}

#[test]
fn a_client_that_resets_does_not_end_the_server() {
    for name in ["tcp_server", "many_clients", "echo_async"] {
        let (mut server, address) = Running::server(name);
        let rude = Socket::new(Family::Inet, Type::Stream).unwrap();
        rude.set_option(&SocketOption::Linger(0)).unwrap();
        rude.connect(address.as_str()).unwrap();
        server.until(" came");
        rude.close();
        server.until("(os error 104)");
        echoed(&connect(&address), name);
    }
}

#[test]
fn a_call_that_fails_ends_the_program_with_a_line_that_names_it() {
    // Bound, but nobody listens: nobody else can take the port, and nobody answers.
    let held = Socket::new(Family::Inet, Type::Stream).unwrap();
    let address = held.bind(("127.0.0.1", 0)).unwrap().to_string();
    for (name, failure) in [("tcp_client", "connect to"), ("tcp_server", "bind to")] {
        if name == "tcp_server" {
            held.listen(1).unwrap();
        }
        let output = finished(example(name).arg(&address));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.starts_with(&format!("Error: {failure} {address}: ")),
            "{said}"
        );
    }
    let output = finished(example("tcp_client").arg("localhost:7007"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("a name has to be looked up first"), "{said}");
}
