//! The arguments of `connect`: as typed, and as meant.

use std::time::Duration;

use clap::Args;
use sockeye_model::{Address, BindTo, OptionName, SocketOption};
use sockeye_view::escape::escape_name;

use crate::cli::frame::{FrameFlags, Framing};
use crate::cli::quantity::{duration, some_time};
use crate::cli::tls::{ClientTls, OwnTls};
use crate::cli::view::ViewArgs;
use crate::cli::websocket::{WebSocketArgs, WebSocketFlags};
use crate::cli::{Usage, address, address_problem, command_words, escape, words};
use crate::limits;
use crate::wording::Wording;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sockeye connect localhost:7007                    lines to the echo service and back
  sockeye connect localhost 7013                    what the daytime service says
  sockeye connect udp://localhost:7007 --send hola  one message, then those you type
  sockeye connect -z localhost:7007                 does it answer? the exit code says it
  sockeye connect --explain :7007 < /etc/hostname   each call in words
  sockeye connect :7007 --exec 'head -c 5'          a program with the socket as stdin and stdout";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct ConnectFlags {
    /// Where to: an address, or a host and a port (see sockeye schemes)
    #[arg(value_name = "ADDRESS", required = true, num_args = 1..=2)]
    address: Vec<String>,
    /// Text to send first, as one line; knows \n \r \t \0 \\ \xNN
    #[arg(long, value_name = "TEXT", value_parser = first_text, allow_hyphen_values = true)]
    send: Option<Text>,
    /// End each line that is sent with CR LF
    #[arg(long)]
    crlf: bool,
    /// Give up connecting after this long
    #[arg(long, value_name = "TIME", value_parser = some_time, default_value = "10s")]
    timeout: Duration,
    /// End with code 22 when nothing has moved for this long
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    idle: Option<Duration>,
    /// Try again this many times when connecting fails
    #[arg(long, value_name = "N", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u32).range(..=i64::from(limits::RETRY_MAX)))]
    retry: u32,
    /// First pause between tries; it doubles up to 5s
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "200ms")]
    retry_delay: Duration,
    /// Connect from this local address, host, :port or both; same as #bind=
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Connect, send nothing, and say by the exit code whether it answers
    #[arg(short = 'z', long, conflicts_with_all = ["send", "reply", "send_only", "exec", "half_open", "no_stdin"])]
    probe: bool,
    /// Stay after the peer's end although stdin is a terminal, to go on sending
    #[arg(long)]
    half_open: bool,
    /// Read nothing from stdin
    #[arg(long)]
    no_stdin: bool,
    /// Messages, as of UDP and WebSocket: stay until none has come for this long, 5s for the first
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    wait: Duration,
    /// Messages, as of UDP and WebSocket: end after N have come; fewer is code 13
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::REPLY_MAX)))]
    reply: Option<u32>,
    /// Send the input and end without waiting for an answer
    #[arg(long, conflicts_with = "reply")]
    send_only: bool,
    #[command(flatten)]
    framing: FrameFlags,
    /// Run CMD with the socket as its stdin and stdout; no shell is started
    #[arg(long, value_name = "CMD", conflicts_with_all = ["send", "half_open", "no_stdin", "crlf"])]
    exec: Option<String>,
    /// End with the exit code of CMD
    #[arg(long, requires = "exec")]
    exec_status: bool,
    /// Write received bytes to a terminal as they are
    #[arg(long)]
    raw: bool,
    /// Send every message, or every byte, back until the other side ends; stdin is not read
    #[arg(long, conflicts_with_all = ["exec", "probe", "send", "reply", "send_only", "half_open", "frame"])]
    echo: bool,
    #[command(flatten)]
    websocket: WebSocketFlags,
    #[command(flatten)]
    tls: ClientTls,
    #[command(flatten)]
    own_tls: OwnTls,
    #[command(flatten)]
    view: ViewArgs,
}

/// The bytes of `--send`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Text(Vec<u8>);

/// As meant: only what can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectArgs {
    /// Where to, with `--bind` among its options; a socket that can be connected.
    pub(crate) address: Address,
    /// The first bytes to send, the end of their line included.
    pub(crate) send: Option<Vec<u8>>,
    /// Lines end in CR LF on the wire.
    pub(crate) crlf: bool,
    /// The deadline of connecting, all addresses of a name together; each try has its own.
    pub(crate) timeout: Duration,
    /// How long nothing may move.
    pub(crate) idle: Option<Duration>,
    /// Further tries when connecting fails.
    pub(crate) retry: Retry,
    /// What is to be done once connected.
    pub(crate) errand: Errand,
    /// Whether stdin is read.
    pub(crate) stdin: bool,
    /// Whether the peer's end leaves our direction open although stdin is a terminal.
    pub(crate) half_open: bool,
    /// What a socket of messages waits for after the end of input.
    pub(crate) answers: Answers,
    /// How messages are marked on stdin and stdout.
    pub(crate) frame: Option<Framing>,
    /// The longest message in a stream, bytes.
    pub(crate) max_frame: usize,
    /// Received bytes reach a terminal unescaped.
    pub(crate) raw: bool,
    /// What is particular to WebSocket.
    pub(crate) websocket: WebSocketArgs,
    /// The views.
    pub(crate) view: ViewArgs,
}

/// What a connection is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// To talk: stdin and stdout.
    Converse,
    /// To know whether it answers.
    Probe,
    /// To send back what comes.
    Echo,
    /// To give it to a program.
    Exec(Command),
}

/// A program to run for a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Its words, at least one.
    pub(crate) words: Vec<String>,
    /// Whether its exit code becomes ours.
    pub(crate) status: bool,
}

/// Tries after a failed connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retry {
    /// How many more.
    pub(crate) times: u32,
    /// The pause before the first of them.
    pub(crate) delay: Duration,
}

/// What a socket of messages waits for after the end of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// Until it has been quiet for this long, longer for the first.
    UntilQuiet(Duration),
    /// Until so many have come; each may take so long.
    Count(u32, Duration),
    /// Nothing.
    None,
}

fn first_text(text: &str) -> Result<Text, Wording> {
    let bytes = escape::unescape(text)?;
    if bytes.len() > limits::SEND_MAX {
        return Err(Wording::of(
            words::TEXT_TOO_LONG,
            &[("most", &limits::SEND_MAX)],
        ));
    }
    Ok(Text(bytes))
}

impl ConnectFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<ConnectArgs, Usage> {
        let mut address = address::of_words(&self.address)?;
        address::connectable(&address)?;
        if let Some(bind) = &self.bind {
            if address.options.contains(OptionName::Bind) {
                return Err(Usage::new(words::BIND_TWICE));
            }
            address
                .options
                .insert(SocketOption::Bind(bind_to(&address, bind)?));
        }
        self.tls.fill(&mut [&mut address])?;
        self.own_tls.fill(&mut [], &mut [&mut address])?;
        let keeps_messages = address::keeps_messages(&address);
        if self.framing.frame.is_some() && !keeps_messages {
            return Err(Usage::of(
                words::FRAME_FOR_STREAM,
                &[("scheme", &address.scheme)],
            ));
        }
        if self.reply.is_some() && !keeps_messages {
            return Err(Usage::of(
                words::REPLY_FOR_STREAM,
                &[("scheme", &address.scheme)],
            ));
        }
        if self.send_only && !keeps_messages {
            return Err(Usage::of(
                words::SEND_ONLY_FOR_STREAM,
                &[("scheme", &address.scheme)],
            ));
        }
        if self.probe && address.scheme.is_datagram() && !address.scheme.is_unix() {
            return Err(Usage::of(words::PROBE_UDP, &[("address", &address)]));
        }
        let websocket = self.websocket.meant(&mut address, self.framing.frame)?;
        let answers = match (self.send_only, self.reply) {
            (true, _) => Answers::None,
            (false, Some(count)) => Answers::Count(count, self.wait.max(limits::FIRST_REPLY)),
            (false, None) => Answers::UntilQuiet(self.wait),
        };
        let errand = match self.exec {
            _ if self.probe => Errand::Probe,
            _ if self.echo => Errand::Echo,
            Some(command) => Errand::Exec(Command {
                words: command_words(&command)?,
                status: self.exec_status,
            }),
            None => Errand::Converse,
        };
        let end = if self.crlf { &b"\r\n"[..] } else { b"\n" };
        let send = self.send.map(|Text(mut bytes)| {
            bytes.extend_from_slice(end);
            bytes
        });
        Ok(ConnectArgs {
            address,
            send,
            crlf: self.crlf,
            timeout: self.timeout,
            idle: self.idle,
            retry: Retry {
                times: self.retry,
                delay: self.retry_delay,
            },
            errand,
            stdin: !self.no_stdin,
            half_open: self.half_open,
            answers,
            frame: self.framing.frame,
            max_frame: self.framing.max_frame,
            raw: self.raw,
            websocket,
            view: self.view,
        })
    }
}

/// Reads `--bind` with the parser of `#bind=`, so that both mean the same.
fn bind_to(address: &Address, bind: &str) -> Result<BindTo, Usage> {
    let typed = escape_name(bind);
    let mut plain = Address::new(address.scheme, address.target.clone());
    // Without it this would be no address.
    if let Some(number) = address.options.protocol() {
        plain.options.insert(SocketOption::Protocol(number));
    }
    let own = plain.options.len();
    let before_bind = if own == 0 { '#' } else { ',' };
    let with_bind = format!("{plain}{before_bind}bind={bind}");
    let parsed: Address = with_bind
        .parse()
        .map_err(|error: sockeye_model::AddressError| {
            let why = address_problem::wording(&error.problem);
            Usage::new(Wording::made(|language| {
                let why = why.say(language);
                words::BIND_WRONG.fill(language, &[("bind", &typed), ("why", &why)])
            }))
        })?;
    match (parsed.options.bind(), parsed.options.len()) {
        (Some(bind), all) if all == own + 1 => Ok(bind.clone()),
        _ => Err(Usage::of(words::BIND_NO_ADDRESS, &[("bind", &typed)])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Asked, tests::meant};

    fn connect(line: &str) -> Result<ConnectArgs, String> {
        match meant(line)? {
            Asked::Connect(args) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_table_of_limits() {
        let args = connect("connect :7007").unwrap();
        assert_eq!(args.timeout, limits::CONNECT_TIMEOUT);
        assert_eq!(
            args.retry,
            Retry {
                times: 0,
                delay: limits::RETRY_DELAY
            }
        );
        assert_eq!(args.answers, Answers::UntilQuiet(limits::QUIET_WAIT));
        assert_eq!(
            (args.errand, args.idle, args.stdin),
            (Errand::Converse, None, true)
        );
    }

    #[test]
    fn an_address_is_one_word_or_two() {
        assert_eq!(
            connect("connect localhost:7").unwrap().address.to_string(),
            "tcp://localhost:7"
        );
        assert_eq!(
            connect("connect localhost 7").unwrap().address.to_string(),
            "tcp://localhost:7"
        );
        assert_eq!(
            connect("localhost 7").unwrap().address.to_string(),
            "tcp://localhost:7"
        );
        assert_eq!(
            connect("--hex localhost 7").unwrap().address.to_string(),
            "tcp://localhost:7"
        );
    }

    #[test]
    fn a_third_word_is_refused() {
        assert!(connect("connect localhost 7 8").is_err());
        assert!(connect("connect localhost:7 8").is_err());
    }

    #[test]
    fn the_first_text_is_a_line() {
        assert_eq!(
            connect("connect :7 --send hi").unwrap().send.unwrap(),
            b"hi\n"
        );
        assert_eq!(
            connect("connect :7 --send -x --crlf")
                .unwrap()
                .send
                .unwrap(),
            b"-x\r\n"
        );
    }

    #[test]
    fn bind_is_the_option_bind() {
        let args = connect("connect tcp://localhost:7#nodelay --bind 127.0.0.2:99").unwrap();
        assert_eq!(
            args.address.to_string(),
            "tcp://localhost:7#bind=127.0.0.2:99,nodelay"
        );
        assert!(
            connect("connect tcp://localhost:7#bind=:1 --bind :2")
                .unwrap_err()
                .contains("twice")
        );
        assert!(
            connect("connect :7 --bind :2,ttl=3")
                .unwrap_err()
                .contains("--bind")
        );
        assert!(connect("connect :7 --bind [::1").is_err());
    }

    #[test]
    fn what_cannot_be_connected_is_answered_with_relay() {
        for line in [
            "connect -",
            "connect exec:cat",
            "connect file:x",
            "connect fd:3",
        ] {
            let error = connect(line).unwrap_err();
            assert!(error.contains("sockeye relay"), "{line}: {error}");
        }
    }

    #[test]
    fn flags_of_messages_are_refused_on_a_stream() {
        assert!(
            connect("connect :7 --frame nul")
                .unwrap_err()
                .contains("stream")
        );
        assert!(
            connect("connect :7 --reply 2")
                .unwrap_err()
                .contains("stream")
        );
        let args = connect("connect udp://:7 --reply 2").unwrap();
        assert_eq!(args.answers, Answers::Count(2, limits::FIRST_REPLY));
    }

    #[test]
    fn a_probe_sends_nothing_and_so_cannot_ask_udp() {
        assert_eq!(connect("connect -z :7").unwrap().errand, Errand::Probe);
        assert!(
            connect("connect -z udp://:7")
                .unwrap_err()
                .contains("--reply 1")
        );
        assert!(connect("connect -z unix-dgram:/x").is_ok());
    }

    #[test]
    fn a_program_is_words_without_a_shell() {
        let args = connect("connect :7 --exec cat --exec-status").unwrap();
        assert_eq!(
            args.errand,
            Errand::Exec(Command {
                words: vec!["cat".into()],
                status: true
            })
        );
        assert!(connect("connect :7 --exec-status").is_err());
        assert!(connect("connect :7 --exec=").is_err());
    }
}
