//! A stream and messages, joined: what a line, a length or a chunk says is one message, and nothing is cut.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sockeye_model::Errno;
use sockeye_net::framing::Framing;
use sockeye_net::messages::{
    Answers, FramedJoined, FramedJoining, Messages, Over, Refused, TooLong, join_framed,
};
use sockeye_net::relay::{Stream, Until};
use sockeye_net::{AsyncSocket, Family, Lent, Shutdown, Tap, Type};

use crate::support::{LONG, closed_off, next, run, udp_on};

/// A socket that hears what the joined side sends, and that joined side.
async fn udp_pair() -> (AsyncSocket, Messages) {
    let (outer, inner) = (
        udp_on("127.0.0.1:0", &Tap::off()),
        udp_on("127.0.0.1:0", &Tap::off()),
    );
    outer
        .connect(&inner.local_address().unwrap())
        .await
        .unwrap();
    inner
        .connect(&outer.local_address().unwrap())
        .await
        .unwrap();
    (outer, Messages::Connected(inner))
}

/// A TCP connection: the test's end, and the one to join.
async fn tcp_pair() -> (AsyncSocket, Stream) {
    let listener = sockeye_net::Socket::new(Family::Inet, Type::Stream).unwrap();
    listener.bind(crate::support::inet("127.0.0.1:0")).unwrap();
    listener.listen(1).unwrap();
    let listener = listener.into_async().unwrap();
    let outer = AsyncSocket::new(Family::Inet, Type::Stream, &Tap::off()).unwrap();
    outer
        .connect(&listener.local_address().unwrap())
        .await
        .unwrap();
    let (inner, _) = listener.accept().await.unwrap();
    (outer, Stream::socket(inner))
}

/// A client's standard input and output, as pipes: what is written to the one, what is read from the other.
fn stdio() -> (std::io::PipeWriter, std::io::PipeReader, Stream) {
    let (input, feed) = std::io::pipe().unwrap();
    let (result, output) = std::io::pipe().unwrap();
    let (input, output) = (
        std::os::fd::OwnedFd::from(input),
        std::os::fd::OwnedFd::from(output),
    );
    let stream = Stream::files(Some(input.into()), Some(output.into()));
    (feed, result, stream)
}

async fn never() {
    std::future::pending().await
}

fn client(framing: &str) -> FramedJoining {
    FramedJoining {
        output: None,
        refused: Refused::Breaks,
        answers: Answers::UntilQuiet {
            quiet: Duration::from_millis(150),
            first: Duration::from_secs(5),
        },
        ..FramedJoining::new(framing.parse().unwrap())
    }
}

#[test]
fn a_relay_of_every_framing_gives_each_message_whole_both_ways() {
    run(async {
        for framing in ["line", "nul", "len16", "len32"] {
            let framing: Framing = framing.parse().unwrap();
            let (tcp, stream) = tcp_pair().await;
            let (udp, messages) = udp_pair().await;
            let sizes = [1_usize, 1472, 8193, 16385, 65_000, 3];
            let body = |size: usize| {
                let mut body = vec![b'x'; size];
                if framing == Framing::Line {
                    body[size - 1] = b'\n';
                }
                body
            };
            let test = async {
                let mut expected = Vec::new();
                for size in sizes {
                    let mut piece = Vec::new();
                    framing.encode(&body(size), &mut piece).unwrap();
                    // In two pieces, so that no read is a message.
                    let (first, second) = piece.split_at(piece.len() / 2);
                    tcp.send_all(first).await.unwrap();
                    tokio::task::yield_now().await;
                    tcp.send_all(second).await.unwrap();
                    assert!(next(&udp).await == body(size), "{framing} {size}");
                    udp.send(&body(size)).await.unwrap();
                    framing.encode(&body(size), &mut expected).unwrap();
                }
                let mut got = Vec::new();
                while got.len() < expected.len() {
                    got.extend(next(&tcp).await);
                }
                assert!(got == expected, "{framing}");
            };
            let how = FramedJoining::new(framing);
            let moved = [&how.left_to_right.moved, &how.right_to_left.moved].map(Arc::clone);
            let joined = join_framed(stream, &messages, how, test).await;
            assert!(
                joined.is_clean() && joined.over == Over::Stopped,
                "{joined:?}"
            );
            let moved = moved.map(|moved| moved.load(Ordering::Relaxed));
            assert_eq!(moved, [joined.to_messages.bytes, joined.to_stream.bytes]);
            assert_eq!(
                (joined.to_messages.messages, joined.to_stream.messages),
                (6, 6)
            );
        }
    });
}

#[test]
fn an_answer_that_is_shorter_than_a_chunk_gets_through_while_the_stream_stays_open() {
    run(async {
        let (tcp, stream) = tcp_pair().await;
        let (udp, messages) = udp_pair().await;
        let test = async {
            tcp.send_all(b"short").await.unwrap();
            assert_eq!(next(&udp).await, b"short");
            tcp.send_all(&[b'x'; 250]).await.unwrap();
            for len in [100, 100, 50] {
                assert_eq!(next(&udp).await.len(), len);
            }
        };
        let how = FramedJoining::new("chunk=100".parse().unwrap());
        let joined = join_framed(stream, &messages, how, test).await;
        assert!(joined.is_clean(), "{joined:?}");
    });
}

#[test]
fn a_client_stays_for_an_answer_that_comes_late_and_leaves_when_it_is_quiet() {
    run(async {
        let (mut feed, mut result, stream) = stdio();
        let (udp, messages) = udp_pair().await;
        feed.write_all(b"one\ntwo").unwrap();
        drop(feed);
        let server = async {
            assert_eq!(next(&udp).await, b"one\n");
            assert_eq!(next(&udp).await, b"two");
            tokio::time::sleep(Duration::from_millis(800)).await;
            udp.send(b"\xffno newline").await.unwrap();
            udp.send(b"").await.unwrap();
            udp.send(b"end").await.unwrap();
        };
        let (joined, ()) = tokio::join!(
            join_framed(stream, &messages, client("line"), never()),
            server
        );
        assert!(
            joined.is_clean() && joined.over == Over::Quiet,
            "{joined:?}"
        );
        assert_eq!(joined.to_stream.messages, 3);
        let mut out = Vec::new();
        result.read_to_end(&mut out).unwrap();
        assert_eq!(out, b"\xffno newlineend");
    });
}

#[test]
fn as_many_answers_as_asked_for_end_it_and_fewer_are_told() {
    run(async {
        for (asked, over) in [(2, Over::Answered), (3, Over::Unanswered)] {
            let (mut feed, _result, stream) = stdio();
            let (udp, messages) = udp_pair().await;
            feed.write_all(b"?\n").unwrap();
            let how = FramedJoining {
                answers: Answers::Count {
                    messages: asked,
                    within: Duration::from_millis(150),
                },
                ..client("line")
            };
            let server = async {
                next(&udp).await;
                udp.send(b"1").await.unwrap();
                udp.send(b"2").await.unwrap();
                if asked == 3 {
                    drop(feed);
                }
            };
            let (joined, ()) = tokio::join!(join_framed(stream, &messages, how, never()), server);
            assert_eq!((joined.over, joined.to_stream.messages), (over, 2));
        }
    });
}

#[test]
fn a_file_in_chunks_arrives_as_so_many_records_and_nobody_waits_when_told_not_to() {
    run(async {
        let path = crate::support::Path::new();
        let sockeye_model::SocketAddress::UnixPath(place) = path.address() else {
            unreachable!()
        };
        let content: Vec<u8> = (0..100_000_u32).map(|at| (at % 253) as u8).collect();
        std::fs::write(&place, &content).unwrap();
        let stream = Stream::files(Some(std::fs::File::open(&place).unwrap()), None);
        let (udp, messages) = udp_pair().await;
        let how = FramedJoining {
            until: Until::LeftEnds,
            ..client("chunk=1000")
        };
        let reading = async {
            let mut records = Vec::new();
            while records.len() < 100 {
                records.push(next(&udp).await);
            }
            records
        };
        let (joined, records) = tokio::join!(join_framed(stream, &messages, how, never()), reading);
        assert!(
            joined.is_clean() && joined.over == Over::Ended,
            "{joined:?}"
        );
        assert!(records.iter().all(|record| record.len() == 1000));
        assert!(records.concat() == content);
    });
}

fn broken(joined: &FramedJoined) -> String {
    joined.to_messages.broken.as_ref().unwrap().to_string()
}

#[test]
fn what_is_too_long_or_unfinished_is_said_and_what_came_before_arrives() {
    run(async {
        for (framing, input, said) in [
            (
                "line",
                [b"ok\n".to_vec(), vec![b'x'; 70_000]].concat(),
                "the limit is 65507 B",
            ),
            (
                "len32",
                b"\0\0\0\x02ok\0\0\0\x05abc".to_vec(),
                "inside a message of 5 B after 3 B",
            ),
            (
                "len32",
                b"\0\0\0\x02ok\0\x01\0\0".to_vec(),
                "a message of 65536 B is too long",
            ),
        ] {
            let (mut feed, _result, stream) = stdio();
            let (udp, messages) = udp_pair().await;
            let writing = std::thread::spawn(move || {
                let _ = feed.write_all(&input);
            });
            let how = FramedJoining {
                answers: Answers::UntilQuiet {
                    quiet: Duration::from_millis(100),
                    first: Duration::from_millis(300),
                },
                ..client(framing)
            };
            let joined = join_framed(stream, &messages, how, async {
                next(&udp).await;
                std::future::pending().await
            });
            let how = tokio::time::timeout(Duration::from_secs(10), joined)
                .await
                .unwrap();
            assert!(broken(&how).contains(said), "{}", broken(&how));
            assert_eq!(how.to_messages.messages, 1, "{framing}");
            writing.join().unwrap();
        }
    });
}

#[test]
fn a_message_that_would_become_two_lines_is_dropped_and_said() {
    run(async {
        let (tcp, stream) = tcp_pair().await;
        let (udp, messages) = udp_pair().await;
        let test = async {
            udp.send(b"two\nlines\n").await.unwrap();
            udp.send(b"one").await.unwrap();
            assert_eq!(next(&tcp).await, b"one\n");
        };
        let joined = join_framed(stream, &messages, FramedJoining::new(Framing::Line), test).await;
        assert!(!joined.is_clean());
        assert_eq!((joined.to_stream.unsent, joined.to_stream.messages), (1, 1));
        let why = joined.to_stream.first_failure.unwrap().to_string();
        assert!(why.contains("has a newline inside"), "{why}");
    });
}

#[test]
fn a_client_hears_at_once_that_nobody_has_the_port_and_a_relay_goes_on() {
    run(async {
        let (mut feed, _result, stream) = stdio();
        let (udp, messages) = udp_pair().await;
        closed_off(&udp).await;
        feed.write_all(b"anybody?\n").unwrap();
        let began = Instant::now();
        let joined = join_framed(stream, &messages, client("line"), never()).await;
        assert!(began.elapsed() < LONG / 2);
        assert_eq!(joined.over, Over::Broken);
        let error = joined
            .to_stream
            .broken
            .or(joined.to_messages.broken)
            .unwrap();
        assert_eq!(error.errno(), Errno::ECONNREFUSED);

        let (tcp, stream) = tcp_pair().await;
        let (udp, messages) = udp_pair().await;
        let relay = closed_off(&udp).await;
        let test = async {
            tcp.send_all(b"lost\n").await.unwrap();
            tokio::task::yield_now().await;
            udp.connect(&relay).await.unwrap();
            loop {
                tcp.send_all(b"back?\n").await.unwrap();
                let heard = tokio::time::timeout(Duration::from_millis(50), next(&udp)).await;
                if heard.is_ok() {
                    break;
                }
            }
        };
        let joined = join_framed(stream, &messages, FramedJoining::new(Framing::Line), test).await;
        assert!(
            joined.is_clean() && joined.over == Over::Stopped,
            "{joined:?}"
        );
    });
}

#[test]
fn an_output_that_is_closed_ends_it_at_once_and_says_so() {
    run(async {
        let (_feed, result, stream) = stdio();
        let (udp, messages) = udp_pair().await;
        drop(result);
        udp.send(b"for nobody").await.unwrap();
        let joined = join_framed(stream, &messages, client("line"), never()).await;
        assert!(joined.to_stream.broken_writing, "{joined:?}");
        assert_eq!(joined.to_stream.broken.unwrap().errno(), Errno::EPIPE);
    });
}

#[test]
fn the_end_of_packets_and_of_the_stream_are_passed_on_each_by_itself() {
    run(async {
        let path = crate::support::Path::new();
        let listener = sockeye_net::Socket::new(Family::Unix, Type::SeqPacket).unwrap();
        listener.bind(path.address()).unwrap();
        listener.listen(1).unwrap();
        let listener = listener.into_async().unwrap();
        let packets = AsyncSocket::new(Family::Unix, Type::SeqPacket, &Tap::off()).unwrap();
        packets.connect(&path.address()).await.unwrap();
        let (inner, _) = listener.accept().await.unwrap();
        let (tcp, stream) = tcp_pair().await;
        let test = async {
            tcp.send_all(b"question\n").await.unwrap();
            tcp.shutdown(Shutdown::Write).unwrap();
            assert_eq!(next(&packets).await, b"question\n");
            assert!(matches!(packets.recv_lease().await.unwrap(), Lent::End));
            packets.send(b"answer").await.unwrap();
            packets.shutdown(Shutdown::Write).unwrap();
            assert_eq!(next(&tcp).await, b"answer\n");
            assert!(matches!(tcp.recv_lease().await.unwrap(), Lent::End));
        };
        let messages = Messages::Connected(inner);
        let how = FramedJoining::new(Framing::Line);
        let (joined, ()) = tokio::join!(join_framed(stream, &messages, how, never()), test);
        assert!(
            joined.is_clean() && joined.over == Over::Ended,
            "{joined:?}"
        );
    });
}

#[test]
fn a_message_over_the_limit_names_it() {
    run(async {
        let (_udp, messages) = udp_pair().await;
        let error = messages.send(&[0; 65_508]).await.unwrap_err();
        assert_eq!(TooLong::of(&error).map(|long| long.max), Some(65_507));
    });
}

#[test]
fn what_is_typed_after_the_packets_have_ended_is_still_sent() {
    run(async {
        let (peer, ours) = rustix::net::socketpair(
            rustix::net::AddressFamily::UNIX,
            rustix::net::SocketType::SEQPACKET,
            rustix::net::SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        let in_the_loop = |fd| {
            let socket = sockeye_net::Socket::from_fd(fd, &Tap::off()).unwrap();
            socket.into_async().unwrap()
        };
        let (peer, messages) = (in_the_loop(peer), Messages::Connected(in_the_loop(ours)));
        let (mut typed, mut shown, stdio) = stdio();
        let how = FramedJoining::new(Framing::Line);
        let joining = join_framed(stdio, &messages, how, never());
        let testing = async {
            peer.send(b"all\n").await.unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            // Its end has arrived when the output is closed.
            let read = tokio::task::spawn_blocking(move || {
                let mut all = String::new();
                shown.read_to_string(&mut all).unwrap();
                all
            });
            assert_eq!(read.await.unwrap(), "all\n");
            typed.write_all(b"late\n").unwrap();
            drop(typed);
            assert_eq!(next(&peer).await, b"late\n");
        };
        let (joined, ()) = tokio::join!(joining, testing);
        assert_eq!(joined.over, Over::Ended);
        assert!(joined.is_clean(), "{joined:?}");
    });
}
