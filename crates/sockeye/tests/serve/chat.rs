//! `sockeye serve chat`, with the programs that people have.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::server::{PATIENCE, Server, has, scratch, sockeye};

/// A program that somebody types into.
struct Typist {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Typist {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                let Ok(line) = line else { return };
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self {
            child,
            input,
            lines,
        }
    }

    fn program(words: &[&str]) -> Self {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        Self::start(command)
    }

    fn types(&mut self, line: &str) {
        writeln!(self.input.as_ref().unwrap(), "{line}").unwrap();
    }

    /// Reads until a line is this one.
    fn reads(&self, wanted: &str) {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap();
            if line.trim_end() == wanted {
                return;
            }
        }
    }

    /// Ends its input, and waits for its end.
    fn ends(&mut self) -> Option<i32> {
        self.input = None;
        self.child.wait().unwrap().code()
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn sockeye_nc_socat_and_python_meet_in_one_room() {
    if !["nc", "socat", "python3"].into_iter().all(has) {
        return;
    }
    let path = scratch("chat").join("c.sock");
    let unix = format!("unix:{}", path.display());
    let server = Server::start(&[
        "chat=127.0.0.1:0",
        "chat=udp://127.0.0.1:0",
        &format!("chat={unix}"),
    ]);
    let (at, udp) = (server.ready(), server.ready());
    assert!(
        server
            .line()
            .contains(&format!("try: sockeye connect {unix}"))
    );
    let port = at.port().to_string();

    let mut own = sockeye();
    own.args(["connect", &at.to_string()]);
    let mut ana = Typist::start(own);
    ana.types("/name ana");
    ana.reads("* guest-1 is now ana");

    let mut nc = Typist::program(&["nc", "127.0.0.1", &port]);
    nc.types("/name nc");
    ana.reads("* guest-2 is now nc");

    let mut socat = Typist::program(&["socat", "-", &format!("UNIX-CONNECT:{}", path.display())]);
    socat.types("/name socat");
    ana.reads("* guest-3 is now socat");

    let script = format!(
        "import socket, sys\n\
         s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
         s.settimeout(30)\n\
         s.connect(('127.0.0.1', {}))\n\
         s.send(b'/name python')\n\
         while True:\n\
         \x20   text = s.recv(70000).decode()\n\
         \x20   sys.stdout.write(text)\n\
         \x20   sys.stdout.flush()\n\
         \x20   if text == 'nc: now you\\n':\n\
         \x20       s.send('¡hola!'.encode())\n\
         \x20       s.send(b'/quit')\n\
         \x20   if text == '* goodbye\\n':\n\
         \x20       break\n",
        udp.port()
    );
    let mut python = Typist::program(&["python3", "-c", &script]);
    ana.reads("* guest-4 is now python");

    nc.types("now you");
    for one in [&ana, &socat] {
        one.reads("nc: now you");
        one.reads("python: ¡hola!");
        one.reads("* python quit");
    }
    nc.reads("python: ¡hola!");
    python.reads("* goodbye");
    assert_eq!(python.ends(), Some(0));

    socat.types("/msg nc psst");
    socat.reads("[you → nc] psst");
    nc.reads("[socat → you] psst");
    ana.types("bye\u{1b}[2J");
    nc.reads("ana: bye\\x1b[2J");
    // The end of her input is the end of her stay.
    assert_eq!(ana.ends(), Some(0));
    nc.reads("* ana quit");

    let ended = server.stop();
    nc.reads("* the server ends; goodbye");
    assert_eq!(ended.code, Some(0));
    let summary = ended.stderr.last().unwrap();
    assert_eq!(
        summary, "chat: members 4, messages 4, delivered 9",
        "{:?}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .iter()
            .any(|line| line.starts_with("chat: conversations 3"))
    );
}

#[test]
fn the_server_speaks_the_language_that_it_was_told() {
    let server = Server::start(&["chat=127.0.0.1:0", "--lang", "es"]);
    let mut own = sockeye();
    own.args(["connect", &server.ready().to_string()]);
    let mut eva = Typist::start(own);
    eva.reads("* eres guest-1, en la sala lobby; no hay nadie más");
    eva.types("/nombre eva");
    eva.reads(
        "* no hay ninguna orden /nombre; /help las dice, y // al principio de una línea es una / normal",
    );
    assert_eq!(eva.ends(), Some(0));
    let ended = server.stop();
    assert_eq!(
        ended.stderr.last().unwrap(),
        "chat: miembros 1, mensajes 0, entregados 0"
    );
}
