//! Data in quantity: odd sizes, slow readers, interrupted calls, both ways at once, and nobody waits for another's peer.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::peers::{accept, again, all, exactly, readable_within, tcp, tcp_server};
use crate::tool::{PATIENCE, Tool, assert_same, pattern};

/// Reads to the end in odd sizes, with pauses.
fn read_slowly(stream: &mut impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = vec![0; 70_001];
    for turn in 0_usize.. {
        let size = 1 + turn * 7_919 % buffer.len();
        match stream.read(&mut buffer[..size]).unwrap() {
            0 => break,
            n => all.extend_from_slice(&buffer[..n]),
        }
        if turn % 64 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    all
}

/// Sends `tool` signals that interrupt its calls and must change nothing, while `work` is done.
fn under_a_storm<T>(tool: &Tool, work: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            let signals = [
                Signal::WINCH,
                Signal::CHILD,
                Signal::URG,
                Signal::STOP,
                Signal::CONT,
            ];
            for signal in signals.iter().cycle() {
                tool.signal(*signal);
                // The pace of the storm; it ends when the work is done, or has failed.
                let pause = stopped.recv_timeout(Duration::from_micros(500));
                if pause != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            tool.signal(Signal::CONT);
        });
        let done = work();
        stop.send(()).unwrap();
        done
    })
}

#[test]
fn trap_32_partial_writes_and_signals_lose_nothing_in_a_relay() {
    let (listener, address) = tcp_server();
    let small = "#sndbuf=4096,rcvbuf=4096";
    let (tool, front) = Tool::serve_one(&[
        "relay",
        &format!("127.0.0.1:0{small}"),
        &format!("{address}{small}"),
    ]);
    let sent = pattern(8_000_000);
    let (there, back) = under_a_storm(&tool, || {
        let client = tcp(&front);
        let server = accept(&listener);
        thread::scope(|scope| {
            for mut end in [&client, &server] {
                let sent = &sent;
                scope.spawn(move || {
                    end.write_all(sent).unwrap();
                    end.shutdown(std::net::Shutdown::Write).unwrap();
                });
            }
            let there = scope.spawn(|| read_slowly(&mut &server));
            (there.join().unwrap(), read_slowly(&mut &client))
        })
    });
    assert_same(&there, &sent);
    assert_same(&back, &sent);
}

#[test]
fn trap_32_partial_writes_and_signals_lose_nothing_in_connect_and_listen() {
    let sent = pattern(2_000_000);
    for listens in [false, true] {
        let (listener, address) = tcp_server();
        let (mut tool, peer) = if listens {
            let (tool, address) = Tool::serve_one(&["listen", "127.0.0.1:0#sndbuf=4096"]);
            (tool, tcp(&address))
        } else {
            let tool = Tool::start(&["connect", &format!("{address}#sndbuf=4096")]);
            (tool, accept(&listener))
        };
        tool.feed(sent.clone());
        let got = under_a_storm(&tool, || {
            thread::scope(|scope| {
                let sent = &sent;
                let mut writer = peer.try_clone().unwrap();
                scope.spawn(move || writer.write_all(sent).unwrap());
                let mut peer = &peer;
                let mut got = vec![0; sent.len()];
                for piece in got.chunks_mut(9_973) {
                    peer.read_exact(piece).unwrap();
                }
                got
            })
        });
        assert_same(&got, &sent);
        drop(peer);
        assert_same(&tool.stdout.whole(), &sent);
        assert_eq!(tool.ran().code, Some(0));
    }
}

/// Writes until nothing more is taken for a while; how much was.
pub(crate) fn clog(mut stream: &TcpStream, block: &[u8]) -> usize {
    stream
        .set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let mut written = 0;
    let error = loop {
        match again(|| stream.write(&block[written % block.len()..])) {
            Ok(n) => written += n,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    written
}

const MANY: usize = 16 << 20;

#[test]
fn trap_33_one_way_flows_while_the_other_is_clogged_and_both_are_whole_in_the_end() {
    let (listener, address) = tcp_server();
    // Buffers that do not grow, so that they are full before everything is in them.
    let small = "#sndbuf=65536,rcvbuf=65536";
    let (_tool, front) = Tool::serve_one(&[
        "relay",
        &format!("127.0.0.1:0{small}"),
        &format!("{address}{small}"),
    ]);
    let sent = pattern(MANY);
    for client_reads_first in [true, false] {
        let client = tcp(&front);
        let server = accept(&listener);
        let (first, second) = if client_reads_first {
            (&client, &server)
        } else {
            (&server, &client)
        };
        // Both write before either reads, until every buffer on the way is full.
        let by_first = clog(first, &sent);
        let by_second = clog(second, &sent);
        assert!(
            by_first < MANY && by_second < MANY,
            "{by_first} {by_second}"
        );
        let (at_first, at_second) = thread::scope(|scope| {
            let sent = &sent;
            let write = |mut end: &TcpStream, from: usize| {
                end.write_all(&sent[from..]).unwrap();
                end.shutdown(std::net::Shutdown::Write).unwrap();
            };
            scope.spawn(move || write(second, by_second));
            // What comes to the first flows to its end while what it wrote is still stuck.
            let at_first = all(&mut &*first);
            scope.spawn(move || write(first, by_first));
            (at_first, all(&mut &*second))
        });
        assert_same(&at_first, sent.as_slice());
        assert_same(&at_second, sent.as_slice());
    }
}

#[test]
fn trap_33_connect_and_listen_read_while_they_cannot_write() {
    let sent = pattern(MANY);
    for listens in [false, true] {
        let (listener, address) = tcp_server();
        let (mut tool, mut peer) = if listens {
            let (tool, address) = Tool::serve_one(&["listen", "127.0.0.1:0"]);
            (tool, tcp(&address))
        } else {
            let tool = Tool::start(&["connect", &address]);
            (tool, accept(&listener))
        };
        tool.feed(sent.clone());
        // The peer writes all of it before it reads anything.
        peer.write_all(&sent).unwrap();
        tool.stdout.wait_until(|bytes| bytes.len() == MANY);
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        assert_same(&all(&mut peer), &sent);
        assert_same(&tool.stdout.whole(), &sent);
        assert_eq!(tool.ran().code, Some(0));
    }
}

/// Sends `data` to and fro through a pair of ends, both of which have readers.
fn exchange(client: &TcpStream, server: &TcpStream, data: &[u8]) {
    thread::scope(|scope| {
        for mut end in [client, server] {
            scope.spawn(move || end.write_all(data).unwrap());
        }
        let there = scope.spawn(|| exactly(&mut &*server, data.len()));
        assert_same(&exactly(&mut &*client, data.len()), data);
        assert_same(&there.join().unwrap(), data);
    });
}

#[test]
fn trap_17_a_client_that_never_reads_holds_up_no_other_in_a_relay() {
    let (listener, address) = tcp_server();
    let (_tool, front) = Tool::serve_one(&["relay", "127.0.0.1:0", &address]);
    let data = pattern(8 << 20);
    let pair = || {
        let client = tcp(&front);
        (client, accept(&listener))
    };
    let (stuck_client, stuck_server) = pair();
    clog(&stuck_server, &data);
    for _ in 0..2 {
        let (client, server) = pair();
        exchange(&client, &server, &data);
    }
    drop(stuck_client);
}

#[test]
fn trap_18_a_second_client_is_served_while_the_first_is_still_there_in_a_relay() {
    let (listener, address) = tcp_server();
    let (_tool, front) = Tool::serve_one(&["relay", "127.0.0.1:0", &address]);
    let first = tcp(&front);
    let first_server = accept(&listener);
    let second = tcp(&front);
    let second_server = accept(&listener);
    for (client, server) in [(&second, &second_server), (&first, &first_server)] {
        exchange(client, server, b"at once");
    }
}

#[test]
fn trap_18_a_second_client_of_a_listener_for_one_is_refused_at_once_and_left_waiting_never() {
    let (mut tool, address) = Tool::serve_one(&["listen", "127.0.0.1:0"]);
    let mut first = tcp(&address);
    first.write_all(b"first").unwrap();
    tool.stdout.wait_for("first");
    let error = TcpStream::connect(&address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    tool.type_in(b"still here");
    assert_eq!(exactly(&mut first, 10), b"still here");
}

#[test]
fn trap_18_whoever_connected_beside_the_only_client_is_told_so() {
    // Two are in the queue before the listener looks: it takes the first, and the second must not wait for ever.
    let (mut tool, address) = Tool::serve_one(&["listen", "127.0.0.1:0"]);
    tool.signal(Signal::STOP);
    tool.wait_until_stopped();
    let mut first = tcp(&address);
    let mut second = tcp(&address);
    first.write_all(b"first").unwrap();
    tool.signal(Signal::CONT);
    tool.stdout.wait_for("first");
    assert!(readable_within(&second, PATIENCE), "it waits for ever");
    let error = again(|| second.read(&mut [0; 8])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(tool.runs());
}
