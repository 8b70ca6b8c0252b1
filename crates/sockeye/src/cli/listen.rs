//! The arguments of `listen`: as typed, and as meant.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sockeye_model::Address;

use crate::cli::connect::Command;
use crate::cli::frame::{FrameFlags, Framing};
use crate::cli::quantity::{duration, some_time};
use crate::cli::tls::{OwnTls, ServerTls};
use crate::cli::view::ViewArgs;
use crate::cli::websocket::{WebSocketArgs, WebSocketFlags};
use crate::cli::{Usage, address, command_words, descriptor, words};
use crate::limits;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sockeye listen :7000                          wait for one client on this machine and talk to it
  sockeye listen any:7000                       the same for everyone who can reach this machine
  sockeye listen :0                             on a port that the system chooses
  sockeye listen -k --explain :7000             many clients, each call told in words
  sockeye listen udp://:7000                    UDP: whoever writes is a peer
  sockeye listen -k :7000 --exec 'tr a-z A-Z'   a program for each conversation

A program started with --exec finds in its environment SOCKEYE_PROTOCOL, SOCKEYE_LOCAL and
SOCKEYE_PEER; on IPv4 and IPv6 also SOCKEYE_LOCAL_HOST, SOCKEYE_LOCAL_PORT, SOCKEYE_PEER_HOST
and SOCKEYE_PEER_PORT.

With --many, what is piped to stdin goes to every peer that is there. Typed on a terminal, a line
goes to everybody, @2 TEXT to peer 2 alone, @all TEXT to all; @@ is a plain @, and @ alone says who
is there. What peers send is shown with their numbers on a terminal; elsewhere it is a line of JSON
each, {\"peer\":2,\"address\":…,\"event\":\"data\",\"text\":…}: docs/listen-many.md.

On UDP and unix-dgram without --many, whoever sends first is the peer; messages of others are left
out, counted and said.";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct ListenFlags {
    /// Where: an address, or a host and a port; an empty host is this machine only, any is everyone
    #[arg(value_name = "ADDRESS", required = true, num_args = 1..=2)]
    address: Vec<String>,
    /// Serve many conversations at once, each with a number
    #[arg(short = 'k', long)]
    many: bool,
    /// One conversation, then the end; the default
    #[arg(long, conflicts_with = "many")]
    once: bool,
    /// With --many: one conversation after the other
    #[arg(long, requires = "many")]
    one_at_a_time: bool,
    /// Run CMD for each conversation, the socket as its stdin and stdout; no shell is started
    #[arg(long, value_name = "CMD", conflicts_with_all = ["out_dir", "raw", "crlf"])]
    exec: Option<String>,
    /// End with the exit code of CMD
    #[arg(long, requires = "exec", conflicts_with = "many")]
    exec_status: bool,
    /// Write what each peer sends to a file of its own in DIR
    #[arg(long, value_name = "DIR", conflicts_with = "raw")]
    out_dir: Option<PathBuf>,
    /// Write received bytes as they are, those of all peers together
    #[arg(long)]
    raw: bool,
    /// End each line that is sent with CR LF
    #[arg(long)]
    crlf: bool,
    /// End a conversation when nothing has moved for this long
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    idle: Option<Duration>,
    /// Read nothing from stdin
    #[arg(long)]
    no_stdin: bool,
    /// Messages, as of UDP and WebSocket: stay until none has come for this long, 5s for the first
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    wait: Duration,
    #[command(flatten)]
    framing: FrameFlags,
    #[command(flatten)]
    server: ServerFlags,
    #[command(flatten)]
    tls: ServerTls,
    #[command(flatten)]
    own_tls: OwnTls,
    #[command(flatten)]
    websocket: WebSocketFlags,
    #[command(flatten)]
    view: ViewArgs,
}

/// The flags that all servers share.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerFlags {
    /// Conversations at once; more must wait
    #[arg(long, value_name = "N", default_value_t = limits::CONVERSATIONS)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::CONVERSATIONS_MAX)))]
    pub(crate) max_conversations: u32,
    /// UDP peers remembered at once; the oldest goes first
    #[arg(long, value_name = "N", default_value_t = limits::UDP_SESSIONS)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::UDP_SESSIONS_MAX)))]
    pub(crate) max_udp_sessions: u32,
    /// After SIGINT or SIGTERM let conversations finish for this long
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
    pub(crate) drain: Duration,
    /// Write each bound address, one a line, to descriptor N once it listens
    #[arg(long, value_name = "N", value_parser = descriptor)]
    pub(crate) ready_fd: Option<i32>,
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenArgs {
    /// Where; a scheme that can listen.
    pub(crate) address: Address,
    /// One conversation or many.
    pub(crate) many: Many,
    /// The program to run for each.
    pub(crate) exec: Option<Command>,
    /// Where received bytes go.
    pub(crate) output: Output,
    /// Lines end in CR LF on the wire.
    pub(crate) crlf: bool,
    /// How long nothing may move in a conversation.
    pub(crate) idle: Option<Duration>,
    /// Whether stdin is read.
    pub(crate) stdin: bool,
    /// How long a socket of messages stays after the end of input.
    pub(crate) wait: Duration,
    /// How messages are marked on stdin and stdout.
    pub(crate) frame: Option<Framing>,
    /// The longest message in a stream, bytes.
    pub(crate) max_frame: usize,
    /// Limits and readiness.
    pub(crate) server: ServerFlags,
    /// What is particular to WebSocket.
    pub(crate) websocket: WebSocketArgs,
    /// The views.
    pub(crate) view: ViewArgs,
}

/// How many conversations a listener has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Many {
    /// One, then the end.
    Once,
    /// Many at once.
    AtOnce,
    /// Many, one after the other.
    InTurn,
}

/// Where received bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// To stdout: escaped on a terminal, labelled or NDJSON when there are many peers.
    Labelled,
    /// To stdout as they are.
    Raw,
    /// To a file a peer in this directory.
    Directory(PathBuf),
}

impl ListenFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<ListenArgs, Usage> {
        let mut address = address::of_words(&self.address)?;
        address::listenable(&address)?;
        self.tls.fill(&mut [&mut address])?;
        self.own_tls.fill(&mut [&mut address], &mut [])?;
        if self.framing.frame.is_some() && !address::keeps_messages(&address) {
            return Err(Usage::of(
                words::FRAME_FOR_STREAM,
                &[("scheme", &address.scheme)],
            ));
        }
        let websocket = self.websocket.meant(&mut address, self.framing.frame)?;
        Ok(ListenArgs {
            address,
            many: match (self.many, self.one_at_a_time) {
                (false, _) => Many::Once,
                (true, false) => Many::AtOnce,
                (true, true) => Many::InTurn,
            },
            exec: match self.exec {
                Some(command) => Some(Command {
                    words: command_words(&command)?,
                    status: self.exec_status,
                }),
                None => None,
            },
            output: match self.out_dir {
                Some(directory) => Output::Directory(directory),
                None if self.raw => Output::Raw,
                None => Output::Labelled,
            },
            crlf: self.crlf,
            idle: self.idle,
            stdin: !self.no_stdin,
            wait: self.wait,
            frame: self.framing.frame,
            max_frame: self.framing.max_frame,
            server: self.server,
            websocket,
            view: self.view,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Asked, tests::meant};

    fn listen(line: &str) -> Result<ListenArgs, String> {
        match meant(line)? {
            Asked::Listen(args) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_conversation_is_the_default() {
        let args = listen("listen :7000").unwrap();
        assert_eq!(
            (args.many, args.output, args.exec),
            (Many::Once, Output::Labelled, None)
        );
        assert_eq!(args.server.drain, limits::DRAIN);
        assert_eq!(args.wait, limits::QUIET_WAIT);
    }

    #[test]
    fn many_are_at_once_unless_told_otherwise() {
        assert_eq!(listen("listen -k :7000").unwrap().many, Many::AtOnce);
        assert_eq!(
            listen("listen --many --one-at-a-time :7000").unwrap().many,
            Many::InTurn
        );
        assert!(listen("listen --one-at-a-time :7000").is_err());
    }

    #[test]
    fn what_cannot_listen_is_answered_with_what_can() {
        let error = listen("listen exec:cat").unwrap_err();
        assert!(
            error.contains("tcp, udp, unix, unix-dgram, unix-seqpacket"),
            "{error}"
        );
    }

    #[test]
    fn a_descriptor_is_a_number_beyond_the_standard_three_or_stdout() {
        assert_eq!(
            listen("listen :0 --ready-fd 3").unwrap().server.ready_fd,
            Some(3)
        );
        assert!(listen("listen :0 --ready-fd 0").is_err());
        assert!(listen("listen :0 --ready-fd x").is_err());
    }
}
