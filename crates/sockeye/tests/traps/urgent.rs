//! Urgent data (`MSG_OOB`) is a byte of the stream like every other: it arrives, and in its place.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};

use rustix::net::{SendFlags, send};

use crate::peers::{Conversation, Scratch, accept, accept_unix, tcp, tcp_server};
use crate::tool::{Tool, assert_same};

/// Sends `abc!def`, of which `!` is urgent, and ends.
fn be_urgent(mut peer: impl Conversation + AsFd) {
    peer.write_all(b"abc").unwrap();
    assert_eq!(send(&peer, b"!", SendFlags::OOB), Ok(1));
    peer.write_all(b"def").unwrap();
    peer.finish();
}

fn assert_all_arrives(mut tool: Tool) {
    assert_eq!(tool.stdout.whole(), b"abc!def");
    drop(tool.stdin.take());
    assert_eq!(tool.ran().code, Some(0));
}

#[test]
fn urgent_data_reaches_a_client_in_its_place() {
    let (listener, address) = tcp_server();
    let tool = Tool::start(&["connect", &address]);
    be_urgent(accept(&listener));
    assert_all_arrives(tool);

    let scratch = Scratch::new();
    let listener = UnixListener::bind(scratch.path("s")).unwrap();
    let tool = Tool::start(&["connect", &format!("unix:{}", scratch.text("s"))]);
    be_urgent(accept_unix(&listener));
    assert_all_arrives(tool);
}

#[test]
fn urgent_data_reaches_a_server_in_its_place() {
    let (tool, address) = Tool::serve_one(&["listen", "127.0.0.1:0"]);
    be_urgent(tcp(&address));
    assert_all_arrives(tool);

    let scratch = Scratch::new();
    let (tool, _) = Tool::serve_one(&["listen", &format!("unix:{}", scratch.text("s"))]);
    be_urgent(UnixStream::connect(scratch.path("s")).unwrap());
    assert_all_arrives(tool);
}

#[test]
fn urgent_data_in_the_midst_of_much_passes_a_relay() {
    const MUCH: usize = 3 << 20;
    let (listener, to) = tcp_server();
    let (_tool, address) = Tool::serve_one(&["relay", "127.0.0.1:0", &to]);
    let mut sender: TcpStream = tcp(&address);
    let mut receiver = accept(&listener);
    let writer = std::thread::spawn(move || {
        for _ in 0..2 {
            sender.write_all(&vec![b'.'; MUCH]).unwrap();
            assert_eq!(send(&sender, b"!", SendFlags::OOB), Ok(1));
        }
        sender.write_all(b"end").unwrap();
        sender.shutdown(Shutdown::Write).unwrap();
        sender
    });
    let mut came = Vec::new();
    receiver.read_to_end(&mut came).unwrap();
    let part = [&vec![b'.'; MUCH][..], b"!"].concat();
    assert_same(&came, &[&part[..], &part, b"end"].concat());
    drop(writer.join().unwrap());
}
