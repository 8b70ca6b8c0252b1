//! Every end joined with every other: bytes and messages arrive exact both ways, and the end of one way leaves the other.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sockeye_net::framing::Framing;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::ends::{Coming, ENDS, End, Peer, StreamBuffer, fifo, first_line};
use crate::{Directory, content};

/// A relay between two ends, and what stands behind them.
struct Joined {
    from: End,
    to: End,
    left: Peer,
    right: Coming,
    relay: Relay,
    directory: Directory,
}

/// The relay; killed where a test fails.
struct Relay(Child);

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Joined {
    /// Starts it. `says` is what the files and programs at the two ends have to say.
    async fn start(from: End, to: End, says: [&[u8]; 2], framed: bool, name: &str) -> Self {
        let directory = Directory::new(&format!("{}-{}-{name}", from.name(), to.name()));
        let path = |name: &str| directory.path(name);
        for (side, says) in ["a", "b"].into_iter().zip(says) {
            std::fs::write(path(&format!("{side}.says")), says).unwrap();
        }
        let mut arguments = vec!["relay".to_owned(), "--once".to_owned()];
        if framed {
            arguments.extend(["--frame".to_owned(), "len32".to_owned()]);
        }
        // The shell takes the descriptors to where the relay looks for them.
        let mut redirections = String::new();
        let mut carriers: [Option<OwnedFd>; 2] = [None, None];
        let mut inherited = |number: usize| {
            let (own, others) = UnixStream::pair().unwrap();
            carriers[number] = Some(others.into());
            redirections += ["3<&2 ", "4<&0 0</dev/null "][number];
            Coming::Here(Peer::socket(own))
        };
        let (right, to_address) = match to {
            End::Socket(_) => {
                let (coming, address) = Coming::listening(to, &path("b.sock")).await;
                (Some(coming), address)
            }
            End::Stdio => (None, "stdio".to_owned()),
            End::Fd if from == End::Fd => (Some(inherited(1)), "fd:4".to_owned()),
            End::Fd => (Some(inherited(0)), "fd:3".to_owned()),
            End::Exec => (
                Some(kept(path("b.heard"))),
                hears_and_says(&path("b"), framed),
            ),
            End::File => (
                Some(kept(path("b.heard"))),
                format!("file:{}", path("b.heard")),
            ),
        };
        let (left, from_address) = match from {
            End::Socket(_) => (None, from.to_listen_at(&path("a.sock"))),
            End::Stdio => (None, "stdio".to_owned()),
            End::Fd => (Some(inherited(0)), "fd:3".to_owned()),
            End::Exec => (
                Some(kept(path("a.heard"))),
                says_and_hears(&path("a"), framed.then_some(says[1].len())),
            ),
            End::File => (
                Some(kept(path("a.heard"))),
                format!("file:{}", path("a.says")),
            ),
        };
        redirections += &format!("2>{} ", path("stderr"));
        if from.is_socket() {
            fifo(&path("ready"));
            redirections += &format!("6>{} ", path("ready"));
            arguments.extend(["--ready-fd".to_owned(), "6".to_owned()]);
        }
        arguments.extend([from_address, to_address]);
        let stdio = from == End::Stdio || to == End::Stdio;
        let [stderr, stdin] = carriers;
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("exec \"$@\" {redirections}"), "sh"])
            .arg(env!("CARGO_BIN_EXE_sockeye"))
            .args(&arguments)
            .env("LC_ALL", "C")
            .stdin(match stdin {
                Some(socket) => Stdio::from(socket),
                None if stdio => Stdio::piped(),
                None => Stdio::null(),
            })
            .stdout(if stdio { Stdio::piped() } else { Stdio::null() })
            .stderr(stderr.map_or_else(Stdio::null, Stdio::from));
        let mut relay = Relay(command.spawn().unwrap());
        // Its own copies of what the relay inherited would keep that open.
        drop(command);
        let right = right.unwrap_or_else(|| Coming::Here(Peer::pipes(&mut relay.0)));
        let left = match left {
            Some(Coming::Here(peer)) => peer,
            Some(_) => unreachable!("nothing comes to this end"),
            None if from == End::Stdio => Peer::pipes(&mut relay.0),
            None => {
                let local = first_line(path("ready")).await;
                if local.is_empty() {
                    let stderr = std::fs::read_to_string(path("stderr")).unwrap_or_default();
                    panic!("{name}: not ready: {stderr}");
                }
                Peer::connecting(from, &local).await
            }
        };
        Self {
            from,
            to,
            left,
            right,
            relay,
            directory,
        }
    }

    /// Waits for its end, which is clean; with no connection at FROM it is told to end.
    async fn ends_well(mut self) {
        if self.from.is_datagrams() {
            kill_process(Pid::from_child(&self.relay.0), Signal::TERM).unwrap();
        }
        let status = loop {
            match self.relay.0.try_wait().unwrap() {
                Some(status) => break status,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let stderr = std::fs::read_to_string(self.directory.path("stderr")).unwrap_or_default();
        let pair = format!("{} {}", self.from.name(), self.to.name());
        assert!(status.success(), "{pair}: {status}: {stderr}");
    }
}

fn kept(heard: String) -> Coming {
    Coming::Here(Peer::Kept {
        heard: heard.into(),
    })
}

/// A program at the left: says all, ends that, and hears all. Among messages it stays until it has heard so many bytes:
/// after the end of what goes to datagrams an answer is waited for only a while.
fn says_and_hears(path: &str, bytes: Option<usize>) -> String {
    match bytes {
        None => format!("exec:sh -c 'cat {path}.says; exec 1>&-; cat >{path}.heard'"),
        Some(bytes) => {
            format!("exec:sh -c 'cat {path}.says; head -c {bytes} >{path}.heard'")
        }
    }
}

/// A program at the right: hears all, and then answers; among messages it can't know when it has heard all.
fn hears_and_says(path: &str, framed: bool) -> String {
    if framed {
        format!("exec:sh -c 'cat {path}.says; cat >{path}.heard'")
    } else {
        format!("exec:sh -c 'cat >{path}.heard; cat {path}.says'")
    }
}

fn same(heard: &[u8], said: &[u8], what: &str) {
    assert_eq!(heard.len(), said.len(), "{what}");
    assert!(heard == said, "{what}: other bytes");
}

/// Bytes there, their end, and then the answer back.
async fn streams(from: End, to: End, len: usize) {
    let ask = content(len, 3);
    let answer = if from == End::File || to == End::File {
        Vec::new()
    } else {
        content(len, 5)
    };
    let name = format!("{} {} {len}", from.name(), to.name());
    let mut joined = Joined::start(from, to, [&ask, &answer], false, &len.to_string()).await;
    let Joined { left, right, .. } = &mut joined;
    let right = std::mem::replace(right, kept(String::new()));
    let (mut right, _) = tokio::join!(
        async {
            let mut right = right.arrive().await;
            if let Some(heard) = right.hear_all().await {
                same(&heard, &ask, &format!("{name}, there"));
            }
            right
        },
        async {
            left.say(&ask).await;
            left.finish().await;
        }
    );
    let (heard, ()) = tokio::join!(left.hear_all(), async {
        if to != End::File && from != End::File {
            right.say(&answer).await;
        }
        right.finish().await;
    });
    if let Some(heard) = heard {
        same(&heard, &answer, &format!("{name}, back"));
    }
    for (peer, expected, way) in [(&right, &ask, "there"), (&*left, &answer, "back")] {
        if from == End::File && way == "back" {
            continue;
        }
        if let Some(heard) = peer.kept(expected.len()).await {
            same(&heard, expected, &format!("{name}, {way}, kept"));
        }
    }
    joined.ends_well().await;
}

/// How much goes between these two at the most: 16 MiB. Where nothing is optimized TLS and WebSocket are slow, so with
/// them it is less, but for a few pairs.
fn most(from: End, to: End) -> usize {
    let light = |end: End| !matches!(end.name(), "tls" | "ws" | "wss");
    if light(from) && light(to) || LARGE.contains(&(from.name(), to.name())) {
        16 << 20
    } else {
        256 << 10
    }
}

const LARGE: &[(&str, &str)] = &[
    ("tcp", "tls"),
    ("tls", "tcp"),
    ("tcp", "ws"),
    ("ws", "tcp"),
    ("ws", "ws"),
    ("tcp", "wss"),
];

/// The messages that both ends can carry: none, of nothing, of a byte, of many.
fn messages(from: End, to: End, seed: u32) -> Vec<Vec<u8>> {
    let longest = from.longest().min(to.longest()).min(most(from, to));
    let mut messages = vec![b"x".to_vec(), content(1_000, seed), content(longest, seed)];
    if from.has_empty_messages() && to.has_empty_messages() {
        messages.insert(1, Vec::new());
    }
    messages
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for message in messages {
        Framing::Len32.encode(message, &mut stream).unwrap();
    }
    stream
}

/// One message there, one back, and so on; then the end.
async fn conversation(from: End, to: End) {
    let asks = messages(from, to, 7);
    let answers = if from == End::File || to == End::File {
        Vec::new()
    } else {
        messages(from, to, 11)
    };
    let mixed = from.keeps_messages() != to.keeps_messages();
    let says = [framed(&asks), framed(&answers)];
    let pair = format!("{} {}", from.name(), to.name());
    let mut joined = Joined::start(from, to, [&says[0], &says[1]], mixed, "messages").await;
    let Joined { left, right, .. } = &mut joined;
    let right = std::mem::replace(right, kept(String::new()));
    let mut coming = Some(right);
    let mut here = None;
    let (left_is_stream, right_is_stream) = (!from.keeps_messages(), !to.keeps_messages());
    let (mut left_buffer, mut right_buffer) = (StreamBuffer::default(), StreamBuffer::default());
    for (number, ask) in asks.iter().enumerate() {
        let what = format!("{pair}, message {number}");
        let (_, heard) = tokio::join!(left.say_message(ask, left_is_stream), async {
            if let Some(coming) = coming.take() {
                here = Some(coming.arrive().await);
            }
            here.as_mut()
                .unwrap()
                .hear_message(&mut right_buffer, &what)
                .await
        });
        if let Some(heard) = heard {
            same(&heard, ask, &format!("{what}, there"));
        }
        let Some(answer) = answers.get(number) else {
            continue;
        };
        let right = here.as_mut().unwrap();
        let (_, heard) = tokio::join!(
            right.say_message(answer, right_is_stream),
            left.hear_message(&mut left_buffer, &what)
        );
        if let Some(heard) = heard {
            same(&heard, answer, &format!("{what}, back"));
        }
    }
    let mut right = here.unwrap();
    if let Some(heard) = right.kept(says[0].len()).await {
        same(&heard, &says[0], &format!("{pair}, there, kept"));
    }
    left.finish().await;
    right.finish().await;
    // A file that is read hears nothing.
    if from != End::File
        && let Some(heard) = left.kept(says[1].len()).await
    {
        same(&heard, &says[1], &format!("{pair}, back, kept"));
    }
    joined.ends_well().await;
}

/// One row of the matrix: this end at the left, and every other at the right.
fn row(from: End) {
    // Four pairs at once are enough for a small machine.
    let _turn = ONE_ROW.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let at_once = Arc::new(Semaphore::new(4));
        let mut pairs = JoinSet::new();
        for &to in ENDS {
            // The relay has one of each.
            if from == to && matches!(to, End::Stdio) {
                continue;
            }
            let at_once = Arc::clone(&at_once);
            pairs.spawn(async move {
                let _turn = at_once.acquire().await.unwrap();
                let all = async {
                    if from.keeps_messages() || to.keeps_messages() {
                        return conversation(from, to).await;
                    }
                    for len in [0, 1, 64 << 10, most(from, to)] {
                        streams(from, to, len).await;
                    }
                };
                let pair = format!("{} {}", from.name(), to.name());
                tokio::time::timeout(Duration::from_secs(60), all)
                    .await
                    .unwrap_or_else(|_| panic!("{pair}: it hangs"));
            });
        }
        let mut failed = Vec::new();
        while let Some(done) = pairs.join_next().await {
            if let Err(error) = done {
                failed.push(panicked(error.into_panic()));
            }
        }
        assert!(failed.is_empty(), "{failed:#?}");
    });
}

fn panicked(why: Box<dyn std::any::Any + Send>) -> String {
    match why.downcast::<String>() {
        Ok(text) => *text,
        Err(why) => why
            .downcast_ref::<&str>()
            .copied()
            .unwrap_or("?")
            .to_owned(),
    }
}

static ONE_ROW: Mutex<()> = Mutex::new(());

macro_rules! rows {
    ($($(#[$how:meta])* $name:ident $end:expr;)+) => {
        $(#[test]
        $(#[$how])*
        fn $name() {
            row($end);
        })+

        #[test]
        fn every_end_has_its_row() {
            let rows = [$($end),+];
            assert_eq!(rows.len(), ENDS.len());
            assert!(ENDS.iter().all(|end| rows.contains(end)));
        }
    };
}

rows! {
    tcp_is_joined_with_every_end End::Socket("tcp");
    unix_is_joined_with_every_end End::Socket("unix");
    tls_is_joined_with_every_end End::Socket("tls");
    stdio_is_joined_with_every_end End::Stdio;
    an_inherited_descriptor_is_joined_with_every_end End::Fd;
    a_program_is_joined_with_every_end End::Exec;
    a_file_is_joined_with_every_end End::File;
    udp_is_joined_with_every_end End::Socket("udp");
    unix_datagrams_are_joined_with_every_end End::Socket("unix-dgram");
    unix_packets_are_joined_with_every_end End::Socket("unix-seqpacket");
    a_websocket_is_joined_with_every_end End::Socket("ws");
    a_websocket_over_tls_is_joined_with_every_end End::Socket("wss");
}
