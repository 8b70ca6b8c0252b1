//! A stream and a conversation of messages joined: a framing says where in the stream a message ends.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use sockeye_model::{Call, Errno, Family, Kind, SocketId, Type};
use sockeye_tap::Tap;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::conversation::Messages;
use super::relay::{Passed, Silence, came_back, send_on};
use crate::error::{Error, Result};
use crate::framing::{Decoder, Framing, MAX_FRAME};
use crate::handle::Handle;
use crate::relay::{Broken, Joined, Joining as StreamJoining, Passing, Stream, Until, Way, join};
use crate::websocket::Fault;
use crate::{AsyncSocket, Lent, Shutdown};

/// How a stream (left) and messages (right) are joined.
pub struct FramedJoining {
    /// Where in the stream a message ends.
    pub input: Framing,
    /// How messages are marked in the stream; `None` writes their bytes as they are, as nc does, and the boundaries are
    /// gone.
    pub output: Option<Framing>,
    /// What is done with the stream's bytes before they are taken apart; its `moved` counts the messages' bytes.
    pub left_to_right: Passing,
    /// What is done with the messages' bytes before they are written; its `moved` counts the messages' own.
    pub right_to_left: Passing,
    /// The longest message that is taken from the stream, bytes; also never one that the messages' side can't carry.
    pub max_frame: usize,
    /// When it is over, beside both having ended.
    pub until: Until,
    /// What is waited for once the stream has ended, from a peer that can't say that it has: UDP, UNIX datagrams, a
    /// session of theirs.
    pub answers: Answers,
    /// What an ICMP error that comes back means.
    pub refused: Refused,
    /// Over after nothing has come from either side for this long.
    pub idle: Option<Duration>,
}

impl FramedJoining {
    /// The same framing both ways, no filters; until both have ended, or stopped; ICMP errors are counted: a relay.
    pub fn new(framing: Framing) -> Self {
        Self {
            input: framing,
            output: Some(framing),
            left_to_right: Passing::default(),
            right_to_left: Passing::default(),
            max_frame: MAX_FRAME,
            until: Until::BothEnd,
            answers: Answers::UntilQuiet {
                quiet: Duration::from_secs(1),
                first: Duration::from_secs(5),
            },
            refused: Refused::Counted,
            idle: None,
        }
    }
}

/// What is waited for once the stream has ended. UDP can't tell a lost answer from silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// Until no message has come for `quiet`; for the first, until `first`.
    UntilQuiet {
        /// After a message.
        quiet: Duration,
        /// While none has come at all.
        first: Duration,
    },
    /// It is over as soon as so many have come, also before the stream has ended; after that each may take `within`.
    Count {
        /// Messages.
        messages: u64,
        /// For each.
        within: Duration,
    },
    /// For ever.
    Forever,
}

/// What an ICMP error that comes back over UDP means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It breaks the conversation: a client that nobody hears.
    Breaks,
    /// It is counted, and it goes on.
    Counted,
}

/// Why a conversation was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Both had ended, or one as [`Until`] says.
    Ended,
    /// The stream had ended, and no message came any more.
    Quiet,
    /// As many messages had come as were asked for.
    Answered,
    /// Fewer messages came than were asked for.
    Unanswered,
    /// The idle limit.
    Idle,
    /// One side broke.
    Broken,
    /// It was told to stop.
    Stopped,
}

/// How a conversation came out.
#[derive(Debug)]
pub struct FramedJoined {
    /// From the stream to the messages. `broken`: reading, taking apart (the stream ended inside a message, a message
    /// is too long), or sending.
    pub to_messages: Passed,
    /// From the messages to the stream. `broken_writing` tells the stream's fault from the messages'.
    pub to_stream: Passed,
    /// Why it was over.
    pub over: Over,
}

impl FramedJoined {
    /// Whether every message was passed on whole, and nothing broke.
    pub fn is_clean(&self) -> bool {
        self.to_messages.is_clean() && self.to_stream.is_clean()
    }
}

/// Joins a stream and a conversation of messages until it is over as `how` says, or until `stop` is ready. What came
/// from the messages is then written to the stream, which is closed.
///
/// From the stream, whatever way it comes in pieces, each framed message is one message sent; one too long for the
/// socket breaks that direction with the limit, and is never cut. From the messages, each is written as the framing
/// marks it; one that the framing can't carry is dropped, said and counted.
pub async fn join_framed(
    stream: Stream,
    messages: &Messages,
    how: FramedJoining,
    stop: impl Future<Output = ()>,
) -> FramedJoined {
    let FramedJoining {
        mut left_to_right,
        mut right_to_left,
        ..
    } = how;
    let mut rules = Rules {
        leaves_input: false,
        input: how.input,
        output: how.output,
        max_frame: how.max_frame,
        // A close of WebSocket ends both directions.
        until: if messages.ends_both() && how.until == Until::BothEnd {
            Until::RightEnds
        } else {
            how.until
        },
        answers: how.answers,
        refused: how.refused,
        idle: how.idle,
        moved: [
            Arc::clone(&left_to_right.moved),
            Arc::clone(&right_to_left.moved),
        ],
    };
    let mut joined = FramedJoined {
        to_messages: Passed {
            witness: left_to_right.witness.take(),
            ..Passed::default()
        },
        to_stream: Passed {
            witness: right_to_left.witness.take(),
            ..Passed::default()
        },
        over: Over::Broken,
    };
    let changed = |passing: &Passing| passing.filter.is_some() || !passing.first.is_empty();
    if !changed(&left_to_right)
        && !changed(&right_to_left)
        && let Some(socket) = stream.as_socket()
    {
        joined.over = converse(socket, messages, &rules, stop, &mut joined).await;
        return joined;
    }
    rules.leaves_input = true;
    // Any other stream is joined with one end of a socket pair, as two streams are, and the messages with the other.
    let (inner, ours) = match socket_pair() {
        Ok(pair) => pair,
        Err(error) => {
            joined.to_messages.broken = Some(error);
            return joined;
        }
    };
    let counted_here = |passing: Passing| Passing {
        moved: Arc::default(),
        ..passing
    };
    let (ended, mut has_ended) = mpsc::unbounded_channel();
    let piping = StreamJoining {
        left_to_right: counted_here(left_to_right),
        right_to_left: counted_here(right_to_left),
        // The end of messages is passed on to the stream, which may still have something for them.
        until: if messages.has_end() && rules.until != Until::RightEnds {
            Until::BothEnd
        } else {
            Until::RightEnds
        },
        idle: None,
        ended: Some(ended),
    };
    let mut piping = pin!(join(stream, Stream::socket(inner), piping));
    let mut piped = None;
    let over = {
        let mut conversing = pin!(converse(&ours, messages, &rules, stop, &mut joined));
        tokio::select! {
            over = &mut conversing => over,
            outcome = &mut piping => {
                let broken = is_broken(&outcome);
                piped = Some(outcome);
                if broken { Over::Broken } else { conversing.await }
            }
        }
    };
    joined.over = over;
    drop(ours);
    if piped.is_none() {
        // What was written to our end is still on its way to the stream; what the stream might say is waited for no more.
        piped = tokio::select! {
            biased;
            outcome = &mut piping => Some(outcome),
            () = until_written(&mut has_ended) => timeout(LAST_WORD, &mut piping).await.ok(),
        };
    }
    let Some(piped) = piped else {
        return joined;
    };
    // Reading our own pair fails only where we left it with something in it.
    if let Some(Err(broken)) = piped.right_to_left.1
        && broken.writing
    {
        joined.over = Over::Broken;
        joined.to_stream.broken = Some(Error::new(Call::Write, broken.error));
        joined.to_stream.broken_writing = true;
    } else if let Some(Err(broken)) = piped.left_to_right.1
        && !broken.writing
    {
        joined.over = Over::Broken;
        joined.to_messages.broken = Some(Error::new(Call::Read, broken.error));
    }
    joined
}

/// Whether the stream itself, and not our end of the pair, failed.
fn is_broken(piped: &Joined) -> bool {
    let failed = |result: &Option<std::result::Result<(), Broken>>, writing| matches!(result, Some(Err(broken)) if broken.writing == writing);
    failed(&piped.right_to_left.1, true) || failed(&piped.left_to_right.1, false)
}

/// Returns once all that came from the messages is written to the stream, which has been told so.
async fn until_written(ended: &mut mpsc::UnboundedReceiver<Way>) {
    while let Some(way) = ended.recv().await {
        if way == Way::RightToLeft {
            return;
        }
    }
    pending().await
}

/// What [`FramedJoining`] says, but for what happens to bytes.
struct Rules {
    /// When no more can be sent, whoever gives us what is to be sent is told so at once.
    leaves_input: bool,
    input: Framing,
    output: Option<Framing>,
    max_frame: usize,
    until: Until,
    answers: Answers,
    refused: Refused,
    idle: Option<Duration>,
    /// Bytes of messages, there and back.
    moved: [Arc<AtomicU64>; 2],
}

/// What both directions and the clock are told of.
#[derive(Default)]
struct News {
    /// From either side.
    heard: AtomicU64,
    answers: AtomicU64,
    answer: Notify,
}

async fn converse(
    stream: &AsyncSocket,
    messages: &Messages,
    rules: &Rules,
    stop: impl Future<Output = ()>,
    joined: &mut FramedJoined,
) -> Over {
    let news = News::default();
    let (to_messages, to_stream) = (&mut joined.to_messages, &mut joined.to_stream);
    let mut there = pin!(send_frames(stream, messages, rules, &news, to_messages));
    let mut back = pin!(write_frames(messages, stream, rules, &news, to_stream));
    let mut stop = pin!(stop);
    let mut done = [false; 2];
    let mut silence = Silence::new(rules.idle);
    let over = 'over: loop {
        let input_over = done[0] && !messages.peer_can_end();
        tokio::select! {
            biased;
            outcome = &mut there, if !done[0] => {
                done[0] = true;
                if outcome == Outcome::Hopeless {
                    break 'over Over::Broken;
                }
                if rules.until == Until::LeftEnds || outcome == Outcome::Unsendable {
                    break 'over Over::Ended;
                }
            }
            outcome = &mut back, if !done[1] => {
                done[1] = true;
                if outcome == Outcome::Hopeless {
                    break 'over Over::Broken;
                }
                if rules.until == Until::RightEnds {
                    break 'over Over::Ended;
                }
            }
            over = answered(rules, input_over, &news) => break 'over over,
            () = silence.over(&news.heard) => break 'over Over::Idle,
            () = &mut stop => break 'over Over::Stopped,
        }
        if done == [true; 2] {
            break 'over Over::Ended;
        }
    };
    if messages.ends_both() && over != Over::Broken && !done[1] {
        // What comes before the other side's close is still passed on.
        let goodbye = async {
            let _ = messages.finish().await;
            back.await;
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
    over
}

/// What the end of one direction means for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It goes on.
    Over,
    /// There is nothing to go on with.
    Hopeless,
    /// What was to be sent is no message: nothing more is asked, and what comes until the other side's close is taken.
    Unsendable,
}

/// Returns when enough messages have come, or none comes any more.
async fn answered(rules: &Rules, input_over: bool, news: &News) -> Over {
    match rules.answers {
        Answers::Count { messages, within } => loop {
            if news.answers.load(Ordering::Relaxed) >= messages {
                return Over::Answered;
            }
            if !input_over {
                news.answer.notified().await;
            } else if timeout(within, news.answer.notified()).await.is_err() {
                return Over::Unanswered;
            }
        },
        Answers::UntilQuiet { quiet, first } if input_over => loop {
            let none = news.answers.load(Ordering::Relaxed) == 0;
            let limit = if none { first } else { quiet };
            if timeout(limit, news.answer.notified()).await.is_err() {
                return Over::Quiet;
            }
        },
        Answers::UntilQuiet { .. } | Answers::Forever => pending().await,
    }
}

async fn send_frames(
    stream: &AsyncSocket,
    messages: &Messages,
    rules: &Rules,
    news: &News,
    passed: &mut Passed,
) -> Outcome {
    match try_send_frames(stream, messages, rules, news, passed).await {
        Ok(()) => {
            passed.ended = true;
            Outcome::Over
        }
        Err(error) => {
            let icmp = messages.is_udp() && super::is_passing(&error);
            passed.broken = Some(error);
            if rules.leaves_input {
                // Ours alone: if it fails, the end comes with the conversation's. Whoever waits for room in it hears
                // of it once there is some.
                let _ = stream.shutdown(Shutdown::Read);
                while let Ok(Lent::Data(_)) = stream.recv_lease().await {}
            }
            // What has been sent may still be answered, unless nobody is there.
            if icmp {
                Outcome::Hopeless
            } else if passed.refused_message.is_some() {
                Outcome::Unsendable
            } else {
                Outcome::Over
            }
        }
    }
}

async fn try_send_frames(
    stream: &AsyncSocket,
    messages: &Messages,
    rules: &Rules,
    news: &News,
    passed: &mut Passed,
) -> Result<()> {
    let unframed = |error| {
        Error::new(
            Call::Read,
            io::Error::new(io::ErrorKind::InvalidData, error),
        )
    };
    let mut decoder = Decoder::new(rules.input, messages.max_len()?.min(rules.max_frame));
    let mut sent: u32 = 0;
    loop {
        let received = if decoder.holds_part() {
            match timeout(CHUNK_WAITS, stream.recv_lease()).await {
                Ok(received) => received,
                Err(_) => {
                    if let Some(message) = decoder.flush() {
                        send(messages, message, rules, passed).await?;
                    }
                    continue;
                }
            }
        } else {
            stream.recv_lease().await
        };
        let ended = match received? {
            Lent::Data(piece) => {
                decoder.push(&piece);
                false
            }
            Lent::End => true,
        };
        news.heard.fetch_add(1, Ordering::Relaxed);
        while let Some(message) = decoder.next_message().map_err(unframed)? {
            send(messages, message, rules, passed).await?;
            // A piece may hold thousands of lines: the others have their turn between.
            sent = sent.wrapping_add(1);
            if sent.is_multiple_of(TURN) {
                tokio::task::yield_now().await;
            }
        }
        if ended {
            if let Some(message) = decoder.finish().map_err(unframed)? {
                send(messages, message, rules, passed).await?;
            }
            // Where the end would be that of answers too, they are waited for first.
            return match messages.ends_both() {
                true => Ok(()),
                false => messages.finish().await,
            };
        }
    }
}

async fn send(
    messages: &Messages,
    message: &[u8],
    rules: &Rules,
    passed: &mut Passed,
) -> Result<()> {
    let before = passed.bytes;
    let sent = match rules.refused {
        Refused::Counted => send_on(messages, None, message, passed).await,
        Refused::Breaks => messages.send(message).await.map(|()| {
            passed.sent_on(message);
        }),
    };
    rules.moved[0].fetch_add(passed.bytes - before, Ordering::Relaxed);
    if let Err(error) = &sent {
        passed.broken_writing = true;
        if Fault::of(error).is_some_and(Fault::is_of_message) {
            passed.refused_message = Some(message.to_vec());
        }
    }
    sent
}

async fn write_frames(
    messages: &Messages,
    stream: &AsyncSocket,
    rules: &Rules,
    news: &News,
    passed: &mut Passed,
) -> Outcome {
    let mut framed = Vec::new();
    // Messages and their bytes that wait in `framed`.
    let (mut waiting, mut bytes) = (0, 0);
    let mut next = None;
    loop {
        let received = match next.take() {
            Some(received) => received,
            None => messages.recv().await,
        };
        let message = match received {
            Ok(Lent::Data(message)) => message,
            Ok(Lent::End) => break,
            Err(error) if rules.refused == Refused::Counted => {
                match came_back(messages, error, passed) {
                    Ok(()) => continue,
                    Err(error) => {
                        passed.broken = Some(error);
                        return Outcome::Hopeless;
                    }
                }
            }
            Err(error) => {
                passed.broken = Some(error);
                return Outcome::Hopeless;
            }
        };
        let encoded = match rules.output {
            None => {
                framed.extend_from_slice(&message);
                Ok(())
            }
            Some(framing) => framing.encode(&message, &mut framed),
        };
        match encoded {
            Ok(()) => {
                waiting += 1;
                bytes += message.len() as u64;
            }
            Err(unframable) => {
                // Not sent as two: EBADMSG is what read(2) calls a message that it can't give.
                let errno = Errno(libc::EBADMSG);
                messages.tell(Kind::Failed {
                    call: Call::Write,
                    errno,
                    address: None,
                });
                passed.not_sent(Error::new(Call::Write, io::Error::other(unframable)));
            }
        }
        // A witness sees each message once it has been written.
        let witnessed = passed.witness.is_some().then_some(message);
        // What came with it goes with it, in one call.
        if witnessed.is_none()
            && framed.len() < GATHERED
            && matches!(messages, Messages::WebSocket(_))
        {
            next = poll_fn(|context| Poll::Ready(at_once(context, pin!(messages.recv())))).await;
            if matches!(next, Some(Ok(Lent::Data(_)))) {
                continue;
            }
        }
        if !framed.is_empty()
            && let Err(error) = stream.send_all(&framed).await
        {
            passed.broken = Some(error);
            passed.broken_writing = true;
            return Outcome::Hopeless;
        }
        framed.clear();
        passed.messages += waiting;
        passed.bytes += bytes;
        if waiting > 0
            && let (Some(witness), Some(message)) = (&mut passed.witness, &witnessed)
        {
            witness.saw(message);
        }
        rules.moved[1].fetch_add(bytes, Ordering::Relaxed);
        news.heard.fetch_add(1, Ordering::Relaxed);
        news.answers.fetch_add(waiting, Ordering::Relaxed);
        news.answer.notify_one();
        (waiting, bytes) = (0, 0);
    }
    passed.ended = true;
    match stream.shutdown(Shutdown::Write) {
        Ok(()) => Outcome::Over,
        Err(error) if error.errno() == Errno::ENOTCONN => Outcome::Over,
        Err(error) => {
            passed.broken = Some(error);
            passed.broken_writing = true;
            Outcome::Hopeless
        }
    }
}

/// What is ready without waiting.
fn at_once<T>(context: &mut Context<'_>, future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(context) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Bytes of messages that came together and are written with one call.
const GATHERED: usize = 64 << 10;

/// Two ends that nobody watches: what goes through has been told, or will be.
fn socket_pair() -> Result<(AsyncSocket, AsyncSocket)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (one, other) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(|errno| Error::new(Call::Socket, io::Error::from(errno)))?;
    let end = |fd| {
        let handle = Handle::adopt(
            fd,
            &Tap::off(),
            SocketId::NONE,
            None,
            Family::Unix,
            Type::Stream,
        )
        .map_err(|source| Error::new(Call::Socket, source))?;
        AsyncSocket::register(handle)
    };
    Ok((end(one)?, end(other)?))
}

/// How long a stream that has been written may take to say that this failed, while it is still read.
const LAST_WORD: Duration = Duration::from_millis(100);
/// How long the other side of a WebSocket may take to answer the close.
const GOODBYE: Duration = Duration::from_secs(2);
/// Messages sent before other tasks have their turn.
const TURN: u32 = 32;
/// A chunk that is not full waits this long for more: a file is cut at the size that was asked for, and an answer that is
/// shorter gets through.
const CHUNK_WAITS: Duration = Duration::from_millis(10);
