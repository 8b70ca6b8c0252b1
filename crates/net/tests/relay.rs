//! Two streams joined: every byte, both directions, each end alone, in the loop and on threads.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use sockeye_net::relay::{Joined, Joining, Stream, Until, join};
use sockeye_net::{Socket, Tap};

/// A TCP connection: one end for the test, the other for the relay.
fn tcp_pair() -> (TcpStream, OwnedFd) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    (ours, theirs.into())
}

fn stream(fd: OwnedFd) -> Stream {
    Stream::socket(
        Socket::from_fd(fd, &Tap::off())
            .unwrap()
            .into_async()
            .unwrap(),
    )
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

fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn a_reply_after_the_end_of_the_question_is_kept() {
    let (mut left, mut right, joined) = relay(Joining::default());
    left.write_all(b"question").unwrap();
    left.shutdown(Shutdown::Write).unwrap();
    let mut question = String::new();
    right.read_to_string(&mut question).unwrap();
    assert_eq!(question, "question");
    right.write_all(b"late reply").unwrap();
    drop(right);
    let mut reply = String::new();
    left.read_to_string(&mut reply).unwrap();
    assert_eq!(reply, "late reply");
    let joined = joined.join().unwrap();
    assert!(
        matches!(joined.left_to_right, (8, Some(Ok(())))),
        "{joined:?}"
    );
    assert!(
        matches!(joined.right_to_left, (10, Some(Ok(())))),
        "{joined:?}"
    );
}

#[test]
fn both_directions_carry_a_great_deal_at_once() {
    let (left, right, joined) = relay(Joining::default());
    let drain = |socket: &TcpStream| {
        let mut reading = socket.try_clone().unwrap();
        thread::spawn(move || {
            let mut got = Vec::new();
            reading.read_to_end(&mut got).unwrap();
            got
        })
    };
    let (left_reader, right_reader) = (drain(&left), drain(&right));
    thread::scope(|scope| {
        for (mut socket, seed) in [(&left, 1), (&right, 2)] {
            scope.spawn(move || {
                socket.write_all(&noise(16 << 20, seed)).unwrap();
                socket.shutdown(Shutdown::Write).unwrap();
            });
        }
    });
    assert!(left_reader.join().unwrap() == noise(16 << 20, 2));
    assert!(right_reader.join().unwrap() == noise(16 << 20, 1));
    assert!(
        matches!(joined.join().unwrap().left_to_right, (bytes, Some(Ok(()))) if bytes == 16 << 20)
    );
}

#[test]
fn a_conversation_that_falls_silent_comes_back_from_its_threads_and_goes_on() {
    let (mut left, mut right, joined) = relay(Joining::default());
    let mut echo = vec![0; 4 << 20];
    let data = noise(4 << 20, 3);
    for _ in 0..2 {
        thread::scope(|scope| {
            scope.spawn(|| left.write_all(&data).unwrap());
            right.read_exact(&mut echo).unwrap();
        });
        assert!(echo == data);
        // Longer than the silence after which threads give a conversation back.
        let quiet_since = Instant::now();
        while quiet_since.elapsed() < Duration::from_millis(1300) {
            thread::park_timeout(Duration::from_millis(100));
        }
        right.write_all(b"still here").unwrap();
        let mut word = [0; 10];
        left.read_exact(&mut word).unwrap();
        assert_eq!(&word, b"still here");
    }
    drop((left, right));
    joined.join().unwrap();
}

#[test]
fn a_reset_goes_through_as_a_reset_and_what_came_before_it_arrives() {
    let (left, mut right, joined) = relay(Joining::default());
    (&left).write_all(b"seven b").unwrap();
    let mut before = [0; 7];
    right.read_exact(&mut before).unwrap();
    rustix::net::sockopt::set_socket_linger(&left, Some(Duration::ZERO)).unwrap();
    drop(left);
    let error = right.read(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let joined = joined.join().unwrap();
    let (7, Some(Err(broken))) = joined.left_to_right else {
        panic!("{joined:?}")
    };
    assert!(!broken.writing);
}

#[test]
fn the_idle_limit_ends_a_silent_conversation_and_only_that() {
    let how = Joining {
        idle: Some(Duration::from_millis(200)),
        ..Joining::default()
    };
    let (mut left, mut right, joined) = relay(how);
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(500) {
        left.write_all(b".").unwrap();
        right.read_exact(&mut [0]).unwrap();
        thread::park_timeout(Duration::from_millis(20));
    }
    let mut rest = Vec::new();
    right.read_to_end(&mut rest).unwrap();
    assert!(joined.join().unwrap().idle);
}

#[test]
fn a_file_goes_to_a_socket_and_the_socket_to_a_file_byte_for_byte() {
    let directory = std::env::temp_dir().join(format!("sockeye-relay-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let data = noise(5 << 20, 4);
    std::fs::write(directory.join("in"), &data).unwrap();
    for append in [false, true] {
        let mut options = File::options();
        options
            .create(true)
            .append(append)
            .write(true)
            .truncate(!append);
        std::fs::remove_file(directory.join("out")).ok();
        let files = Stream::files(
            Some(File::open(directory.join("in")).unwrap()),
            Some(options.open(directory.join("out")).unwrap()),
        );
        let (socket, fd) = tcp_pair();
        let echo = thread::spawn(move || {
            let mut writing = socket.try_clone().unwrap();
            let copied = std::io::copy(&mut { socket }, &mut writing).unwrap();
            writing.shutdown(Shutdown::Write).unwrap();
            copied
        });
        let joined = in_loop(async { join(files, stream(fd), Joining::default()).await });
        assert_eq!(echo.join().unwrap(), 5 << 20);
        assert!(
            matches!(joined.right_to_left, (bytes, Some(Ok(()))) if bytes == 5 << 20),
            "{joined:?}"
        );
        assert!(
            std::fs::read(directory.join("out")).unwrap() == data,
            "append {append}"
        );
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_closed_reader_of_our_output_ends_it_at_once_even_while_nothing_comes() {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let (_input, never) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let (socket, fd) = tcp_pair();
    let output = Stream::files(Some(File::from(_input)), Some(File::from(writer)));
    let started = Instant::now();
    let closer = thread::spawn(move || drop(reader));
    let joined = in_loop(async { join(output, stream(fd), Joining::default()).await });
    closer.join().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    let (0, Some(Err(broken))) = joined.right_to_left else {
        panic!("{joined:?}")
    };
    assert_eq!(broken.error.kind(), std::io::ErrorKind::BrokenPipe);
    drop((socket, never));
}

#[test]
fn at_a_terminal_the_peers_end_ends_the_conversation() {
    let (input, _typing) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let (mut shown, output) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map(|(r, w)| (File::from(r), w))
        .unwrap();
    let (mut socket, fd) = tcp_pair();
    socket.write_all(b"bye").unwrap();
    drop(socket);
    let terminal = Stream::files(Some(File::from(input)), Some(File::from(output)));
    let how = Joining {
        until: Until::RightEnds,
        ..Joining::default()
    };
    let moved = std::sync::Arc::clone(&how.right_to_left.moved);
    let joined = in_loop(async { join(terminal, stream(fd), how).await });
    assert!(joined.left_to_right.1.is_none());
    assert_eq!(moved.load(Ordering::Relaxed), 3);
    let mut text = String::new();
    shown.read_to_string(&mut text).unwrap();
    assert_eq!(text, "bye");
}

/// Every kind of end that a stream can have.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Tcp,
    Unix,
    /// A socket that somebody passed to us: it blocks, and is left so.
    Passed,
    /// Two pipes that somebody passed to us, as a shell does with stdin and stdout.
    Pipes,
    /// A program.
    Child,
}

/// Who is at the other side of an end: something to read, something to write.
struct Party {
    reads: File,
    writes: Option<File>,
    /// What a half-close needs beside closing the descriptor that is written.
    shuts: Option<rustix::fd::OwnedFd>,
    /// A program that copies between us and the relay lives as long as this.
    _child: Option<sockeye_net::exec::Child>,
}

impl Party {
    fn of_socket(socket: OwnedFd) -> Self {
        Self {
            reads: File::from(socket.try_clone().unwrap()),
            writes: Some(File::from(socket.try_clone().unwrap())),
            shuts: Some(socket),
            _child: None,
        }
    }

    fn end_writing(&mut self) {
        self.writes = None;
        if let Some(socket) = &self.shuts {
            rustix::net::shutdown(socket, rustix::net::Shutdown::Write).unwrap();
        }
    }
}

/// An end of that kind for the relay, and who is at its other side.
fn end_of(kind: Kind, directory: &std::path::Path) -> (Stream, Party) {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use rustix::pipe::{PipeFlags, pipe_with};
    let pair = || {
        socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .unwrap()
    };
    match kind {
        Kind::Tcp => {
            let (ours, theirs) = tcp_pair();
            (stream(theirs), Party::of_socket(ours.into()))
        }
        Kind::Unix => {
            let (ours, theirs) = pair();
            (stream(theirs), Party::of_socket(ours))
        }
        Kind::Passed => {
            let (ours, theirs) = pair();
            (Stream::descriptor(theirs).unwrap(), Party::of_socket(ours))
        }
        Kind::Pipes => {
            let (input, writes) = pipe_with(PipeFlags::CLOEXEC).unwrap();
            let (reads, output) = pipe_with(PipeFlags::CLOEXEC).unwrap();
            let party = Party {
                reads: reads.into(),
                writes: Some(writes.into()),
                shuts: None,
                _child: None,
            };
            (
                Stream::files(Some(input.into()), Some(output.into())),
                party,
            )
        }
        Kind::Child => {
            // What we write into one named pipe it says; what it hears comes out of the other.
            let names = ["says", "hears"].map(|name| directory.join(name));
            for name in &names {
                let _ = std::fs::remove_file(name);
                rustix::fs::mknodat(
                    rustix::fs::CWD,
                    name,
                    rustix::fs::FileType::Fifo,
                    0o600.into(),
                    0,
                )
                .unwrap();
            }
            // Opened for both, so that opening waits for nobody; the child's own descriptors decide about the end.
            let script = "cat < \"$0\" & exec >&-; cat > \"$1\"; wait";
            let words = [
                "sh",
                "-c",
                script,
                names[0].to_str().unwrap(),
                names[1].to_str().unwrap(),
            ];
            let words = words.map(str::to_owned);
            let (stream, child) = sockeye_net::exec::start(&words, None, &Tap::off()).unwrap();
            let open = |path: std::path::PathBuf, write: bool| {
                thread::spawn(move || {
                    File::options()
                        .read(!write)
                        .write(write)
                        .open(path)
                        .unwrap()
                })
            };
            let (writes, reads) = (open(names[0].clone(), true), open(names[1].clone(), false));
            let party = Party {
                reads: reads.join().unwrap(),
                writes: Some(writes.join().unwrap()),
                shuts: None,
                _child: Some(child),
            };
            (stream, party)
        }
    }
}

#[test]
fn between_all_pairs_of_streams_a_reply_after_the_end_is_kept() {
    const KINDS: [Kind; 5] = [
        Kind::Tcp,
        Kind::Unix,
        Kind::Passed,
        Kind::Pipes,
        Kind::Child,
    ];
    let directory = std::env::temp_dir().join(format!("sockeye-matrix-{}", std::process::id()));
    for left in KINDS {
        for right in KINDS {
            in_loop(async {
                let [of_left, of_right] = ["left", "right"].map(|name| directory.join(name));
                std::fs::create_dir_all(&of_left).unwrap();
                std::fs::create_dir_all(&of_right).unwrap();
                let (left_end, mut asker) = end_of(left, &of_left);
                let (right_end, mut answerer) = end_of(right, &of_right);
                let conversation = thread::spawn(move || {
                    asker
                        .writes
                        .as_mut()
                        .unwrap()
                        .write_all(b"question")
                        .unwrap();
                    asker.end_writing();
                    let mut question = String::new();
                    answerer.reads.read_to_string(&mut question).unwrap();
                    assert_eq!(question, "question", "{left:?} to {right:?}");
                    answerer
                        .writes
                        .as_mut()
                        .unwrap()
                        .write_all(b"late reply")
                        .unwrap();
                    answerer.end_writing();
                    let mut reply = String::new();
                    asker.reads.read_to_string(&mut reply).unwrap();
                    assert_eq!(reply, "late reply", "{right:?} to {left:?}");
                });
                let joined = join(left_end, right_end, Joining::default()).await;
                conversation.join().unwrap();
                assert!(
                    matches!(joined.left_to_right, (8, Some(Ok(())))),
                    "{left:?} to {right:?}: {joined:?}"
                );
                assert!(
                    matches!(joined.right_to_left, (10, Some(Ok(())))),
                    "{right:?} to {left:?}: {joined:?}"
                );
            });
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
