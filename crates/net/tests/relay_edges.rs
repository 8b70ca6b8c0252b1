//! Two streams joined where the kernel's answers are easily misread: urgent data, resets, programs that stop reading.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use rustix::net::{SendFlags, send};
use sockeye_net::relay::{Joined, Joining, Passing, Stream, join};
use sockeye_net::{Socket, Tap, exec};

/// More than makes a conversation busy, so that threads splice it.
const BULK: usize = 3 << 20;

/// A TCP connection: one end for the test, the other for the relay.
fn tcp_pair() -> (TcpStream, OwnedFd) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let (theirs, _) = listener.accept().unwrap();
    (ours, theirs.into())
}

fn stream(fd: OwnedFd) -> Stream {
    let socket = Socket::from_fd(fd, &Tap::off()).unwrap();
    Stream::socket(socket.into_async().unwrap())
}

fn in_loop<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(30), test)
            .await
            .unwrap()
    })
}

/// Joins two TCP connections on a thread; gives the outer ends and how it came out.
fn relay(how: Joining) -> (TcpStream, TcpStream, thread::JoinHandle<Joined>) {
    let (left, left_fd) = tcp_pair();
    let (right, right_fd) = tcp_pair();
    let joined = thread::spawn(move || {
        in_loop(async { join(stream(left_fd), stream(right_fd), how).await })
    });
    (left, right, joined)
}

/// Moves so much from left to right that the conversation is on threads afterwards.
fn make_busy(mut left: &TcpStream, mut right: &TcpStream) {
    thread::scope(|scope| {
        scope.spawn(move || left.write_all(&vec![1; BULK]).unwrap());
        right.read_exact(&mut vec![0; BULK]).unwrap();
    });
}

#[test]
fn urgent_data_in_a_busy_conversation_neither_stops_nor_ends_it() {
    for ends_at_once in [false, true] {
        let (mut left, mut right, joined) = relay(Joining::default());
        make_busy(&left, &right);
        left.write_all(b"abc").unwrap();
        send(&left, b"!", SendFlags::OOB).unwrap();
        left.write_all(b"def").unwrap();
        let mut got = [0; 6];
        if ends_at_once {
            left.shutdown(Shutdown::Write).unwrap();
        }
        right.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"abcdef");
        drop((left, right));
        let joined = joined.join().unwrap();
        assert!(matches!(joined.left_to_right.1, Some(Ok(()))), "{joined:?}");
    }
}

#[test]
fn a_program_that_stops_reading_after_much_is_still_heard() {
    let (mut peer, fd) = tcp_pair();
    let joined = thread::spawn(move || {
        in_loop(async {
            // It says more once its standard input is closed and our write has failed.
            let script = format!("head -c {BULK} >/dev/null; exec 0<&-; sleep 0.2; echo done");
            let words = ["sh".into(), "-c".into(), script];
            let (program, mut child) = exec::start(&words, None, &Tap::off()).unwrap();
            let joined = join(stream(fd), program, Joining::default()).await;
            (joined, child.wait().await.unwrap())
        })
    });
    let mut writer = peer.try_clone().unwrap();
    let sent = thread::spawn(move || {
        writer.write_all(&vec![1; 3 * BULK]).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut said = String::new();
    peer.read_to_string(&mut said).unwrap();
    assert_eq!(said, "done\n");
    sent.join().unwrap();
    let (joined, status) = joined.join().unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(
        joined.left_to_right.0 + joined.not_taken[0],
        3 * BULK as u64,
        "{joined:?}"
    );
}

#[test]
fn a_reset_that_a_write_meets_first_is_passed_on_as_a_reset() {
    for bulk in [0, BULK] {
        let (mut left, mut right, joined) = relay(Joining::default());
        if bulk > 0 {
            make_busy(&left, &right);
        }
        left.write_all(b"partial").unwrap();
        right.read_exact(&mut [0; 7]).unwrap();
        // So much the other way that the relay is writing when the reset comes.
        right.set_nonblocking(true).unwrap();
        let mut stuck = 0;
        while stuck < 20 {
            match right.write_all(&[2; 65536]) {
                Ok(()) => stuck = 0,
                Err(_) => {
                    stuck += 1;
                    thread::sleep(Duration::from_millis(5));
                }
            }
        }
        right.set_nonblocking(false).unwrap();
        rustix::net::sockopt::set_socket_linger(&left, Some(Duration::ZERO)).unwrap();
        drop(left);
        let error = right.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        let joined = joined.join().unwrap();
        assert!(matches!(joined.left_to_right.1, Some(Err(_))), "{joined:?}");
    }
}

#[test]
fn an_idle_limit_that_ends_threads_says_that_neither_side_had_ended() {
    let how = Joining {
        idle: Some(Duration::from_millis(300)),
        ..Joining::default()
    };
    let (left, mut right, joined) = relay(how);
    make_busy(&left, &right);
    let joined = joined.join().unwrap();
    assert!(joined.idle);
    assert!(
        matches!(
            (joined.left_to_right, joined.right_to_left),
            ((moved, None), (0, None)) if moved == BULK as u64
        ),
        "it had moved all, and nobody had ended"
    );
    assert_eq!(right.read(&mut [0; 1]).unwrap(), 0, "both are closed");
}

#[test]
fn a_conversation_that_never_waits_can_be_ended() {
    let zero = std::fs::File::open("/dev/zero").unwrap();
    let null = std::fs::File::create("/dev/null").unwrap();
    let moved = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let how = Joining {
        left_to_right: Passing {
            moved: std::sync::Arc::clone(&moved),
            ..Passing::default()
        },
        ..Joining::default()
    };
    in_loop(async {
        let joining = join(
            Stream::files(Some(zero), None),
            Stream::files(None, Some(null)),
            how,
        );
        let ended = tokio::time::timeout(Duration::from_millis(100), joining).await;
        assert!(ended.is_err());
    });
    // The thread drops the counter with all that it has.
    let patience = std::time::Instant::now() + Duration::from_secs(10);
    while std::sync::Arc::strong_count(&moved) > 1 {
        assert!(std::time::Instant::now() < patience, "it still goes on");
        thread::yield_now();
    }
}
