//! The loop that every server shares: seats, draining, and the end of conversations.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::future::pending;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use sockeye_net::server::{Ended, Limits, Notice, Seats, Summary, serve_streams};
use sockeye_net::{AsyncSocket, Listener, Listening, Signals, Tap, listen};
use tokio::sync::{mpsc, oneshot};

const PATIENCE: Duration = Duration::from_secs(10);

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await.unwrap() })
}

async fn listener() -> (Listener, SocketAddr) {
    let address = "tcp://127.0.0.1:0".parse().unwrap();
    let listener = listen(&address, &Listening::new(Tap::off())).await.unwrap();
    let at = listener.local_addresses()[0].inet().unwrap();
    (listener, at)
}

/// A server of echoes, with what tells it to stop and what it tells.
struct Server {
    at: SocketAddr,
    stop: oneshot::Sender<()>,
    notices: mpsc::UnboundedReceiver<Notice>,
    done: tokio::task::JoinHandle<Summary>,
}

async fn serve(most: usize, drain: Duration) -> Server {
    let (listener, at) = listener().await;
    let (stop, stopped) = oneshot::channel();
    let (tell, notices) = mpsc::unbounded_channel();
    let limits = Limits {
        notices: Some(tell),
        ..Limits::new(most, drain)
    };
    let done = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        serve_streams(listener, &limits, stopped, |socket, _| echo(socket)).await
    });
    Server {
        at,
        stop,
        notices,
        done,
    }
}

async fn echo(socket: AsyncSocket) -> Ended {
    let mut buffer = [0; 64];
    loop {
        match socket.recv(&mut buffer).await {
            Ok(0) => return Ended::Clean,
            Ok(len) if socket.send_all(&buffer[..len]).await.is_ok() => {}
            _ => return Ended::Failed,
        }
    }
}

/// A blocking client on a thread, so that the server's loop goes on.
async fn client<T: Send + 'static>(
    at: SocketAddr,
    talk: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> T {
    let talking = std::thread::spawn(move || {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        talk(stream)
    });
    while !talking.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    talking.join().unwrap()
}

fn echoed(stream: &mut TcpStream) -> std::io::Result<u8> {
    stream.write_all(b"x")?;
    let mut byte = [0];
    stream.read_exact(&mut byte).map(|()| byte[0])
}

#[test]
fn conversations_are_counted_and_a_reset_is_a_failed_one() {
    run(async {
        let server = serve(10, PATIENCE).await;
        for _ in 0..3 {
            client(server.at, |mut stream| echoed(&mut stream).unwrap()).await;
        }
        client(server.at, |mut stream| {
            echoed(&mut stream).unwrap();
            // Left unread, so that closing it resets.
            stream.write_all(b"yy").unwrap();
            stream.peek(&mut [0]).unwrap();
        })
        .await;
        server.stop.send(()).unwrap();
        let summary = server.done.await.unwrap();
        assert_eq!(
            (summary.conversations, summary.failed, summary.cut),
            (4, 1, 0)
        );
        assert!(summary.accept_failed.is_none());
        TcpStream::connect(server.at).unwrap_err();
    });
}

#[test]
fn one_more_than_the_seats_waits_and_is_served_when_one_is_free() {
    run(async {
        let mut server = serve(2, PATIENCE).await;
        let keep = |mut stream: TcpStream| {
            echoed(&mut stream).unwrap();
            stream
        };
        let first = client(server.at, keep).await;
        let second = client(server.at, keep).await;
        assert_eq!(server.notices.recv().await, Some(Notice::Full { most: 2 }));
        let third = client(server.at, |mut stream| {
            stream
                .set_read_timeout(Some(Duration::from_millis(200)))
                .unwrap();
            echoed(&mut stream).unwrap_err();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
        })
        .await;
        drop(first);
        let mut third = third;
        let waited = std::thread::spawn(move || third.read_exact(&mut [0]).map(|()| third));
        while !waited.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop((waited.join().unwrap().unwrap(), second));
        server.stop.send(()).unwrap();
        assert_eq!(server.done.await.unwrap().most_at_once, 2);
    });
}

#[test]
fn listeners_that_share_seats_share_the_limit() {
    run(async {
        let limits = Limits {
            seats: Seats::new(1),
            ..Limits::new(1, Duration::ZERO)
        };
        let ((first, at), (second, also_at)) = (listener().await, listener().await);
        let serve = |listener| {
            let limits = limits.clone();
            tokio::spawn(async move {
                serve_streams(listener, &limits, pending(), |socket, _| echo(socket)).await
            })
        };
        let _servers = (serve(first), serve(second));
        let stream = client(at, |mut stream| {
            echoed(&mut stream).unwrap();
            stream
        })
        .await;
        client(also_at, |mut stream| {
            stream
                .set_read_timeout(Some(Duration::from_millis(200)))
                .unwrap();
            echoed(&mut stream).unwrap_err();
        })
        .await;
        drop(stream);
        client(also_at, |mut stream| echoed(&mut stream).unwrap()).await;
    });
}

#[test]
fn a_conversation_may_finish_after_the_stop() {
    run(async {
        let mut server = serve(10, PATIENCE).await;
        let mut stream = client(server.at, |mut stream| {
            echoed(&mut stream).unwrap();
            stream
        })
        .await;
        server.stop.send(()).unwrap();
        assert_eq!(
            server.notices.recv().await,
            Some(Notice::Draining { conversations: 1 })
        );
        let late = std::thread::spawn(move || echoed(&mut stream));
        let summary = server.done.await.unwrap();
        assert_eq!(late.join().unwrap().unwrap(), b'x');
        assert_eq!((summary.cut, summary.failed), (0, 0));
    });
}

#[test]
fn what_goes_on_after_the_drain_is_ended_and_counted() {
    run(async {
        let server = serve(10, Duration::from_millis(100)).await;
        let mut stream = client(server.at, |mut stream| {
            echoed(&mut stream).unwrap();
            stream
        })
        .await;
        server.stop.send(()).unwrap();
        let began = Instant::now();
        let summary = server.done.await.unwrap();
        assert_eq!(
            (summary.conversations, summary.cut, summary.failed),
            (1, 1, 0)
        );
        assert!(began.elapsed() >= Duration::from_millis(90));
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed");
    });
}

#[test]
fn dropping_the_server_ends_its_conversations() {
    run(async {
        let server = serve(10, PATIENCE).await;
        let mut stream = client(server.at, |mut stream| {
            echoed(&mut stream).unwrap();
            stream
        })
        .await;
        server.done.abort();
        let _ = server.done.await;
        let end = std::thread::spawn(move || stream.read(&mut [0]));
        while !end.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(end.join().unwrap().unwrap(), 0);
    });
}

#[test]
fn the_first_signal_asks_to_stop_and_the_next_has_its_default_action() {
    use rustix::process::{Signal, getpid, kill_process};
    let stands = |set: &str| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let mut lines = status.lines();
        let mask = lines.find_map(|line| line.strip_prefix(set)).unwrap();
        let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
        [Signal::INT, Signal::TERM].map(|signal| mask >> (signal.as_raw() - 1) & 1 == 1)
    };
    let caught = || stands("SigCgt:");
    // What is ignored from the start, as SIGINT of a script's background, stays so.
    let free = stands("SigIgn:").map(|ignored| !ignored);
    assert!(free[1], "these tests were started with SIGTERM ignored");
    run(async {
        let mut signals = Signals::new().unwrap();
        assert_eq!(
            Signals::new().unwrap_err().kind(),
            std::io::ErrorKind::AlreadyExists
        );
        assert_eq!(caught(), free);
        kill_process(getpid(), Signal::TERM).unwrap();
        signals.stop().await;
        assert_eq!(caught(), [false, false]);
        // Asked again it still has come.
        signals.stop().await;
        drop(signals);
        let mut signals = Signals::new().unwrap();
        let soon = Duration::from_millis(50);
        tokio::time::timeout(soon, signals.stop())
            .await
            .unwrap_err();
        drop(signals);
        assert_eq!(caught(), [false, false]);
    });
}
