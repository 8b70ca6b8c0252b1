//! The arguments of `relay`: as typed, and as meant.

use std::time::Duration;

use clap::Args;
use sockeye_model::Address;

use crate::cli::frame::{FrameFlags, Framing};
use crate::cli::listen::ServerFlags;
use crate::cli::quantity::some_time;
use crate::cli::tls::{ClientTls, OwnTls, ServerTls};
use crate::cli::view::ViewArgs;
use crate::cli::{Usage, address, words};

pub(crate) const EXAMPLES: &str = "\
Examples:
  sockeye relay :8080 localhost:7007                 each client of 8080 gets a connection to 7007
  sockeye relay :8080 unix:/run/app.sock             TCP in front of a UNIX socket
  sockeye relay --frame line udp://:7514 file:log    a line for each datagram
  sockeye relay --dial-both :7019 :7009              join two servers
  sockeye relay --dry-run :8080 localhost:7007       how it would be done
  sockeye relay --hex :8080 localhost:7007           and see every byte
  sockeye relay --sum --once any:9000 file:got.iso   take a file, with its checksum
  sockeye relay --sum file:big.iso there:9000        send it, and compare

A message in a stream, with --frame:
  line           it is a line, its newline included
  nul            a NUL byte ends it
  delim:HEX      these 1 to 16 bytes end it: delim:0d0a
  fixed:SIZE     every SIZE bytes are one, and none is shorter
  len16, len32   its length goes before it, in 2 or 4 bytes, the highest first
  chunk=SIZE     SIZE bytes are one, before a pause or the end fewer; back to a stream
                 the limits are lost";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct RelayFlags {
    /// Listens if it can; each conversation there gets its own TO
    #[arg(value_name = "FROM")]
    from: String,
    /// Connected to once for each conversation
    #[arg(value_name = "TO")]
    to: String,
    /// Connect to FROM as well
    #[arg(long, conflicts_with = "listen_both")]
    dial_both: bool,
    /// Listen on TO as well, and join the peers in pairs
    #[arg(long)]
    listen_both: bool,
    /// One conversation, then the end
    #[arg(long)]
    once: bool,
    /// Print how the two would be joined, and open nothing
    #[arg(long)]
    dry_run: bool,
    /// Say how much has moved while it moves
    #[arg(long)]
    progress: bool,
    /// Say the BLAKE3 checksum of what went each way at the end, as b3sum has it
    #[arg(long)]
    sum: bool,
    /// WebSocket: send what comes from elsewhere as text, which must be UTF-8; else binary
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    framing: FrameFlags,
    /// End a conversation when nothing has moved for this long
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    idle: Option<Duration>,
    /// Give up connecting after this long
    #[arg(long, value_name = "TIME", value_parser = some_time, default_value = "10s")]
    timeout: Duration,
    #[command(flatten)]
    server: ServerFlags,
    #[command(flatten)]
    client_tls: ClientTls,
    #[command(flatten)]
    server_tls: ServerTls,
    #[command(flatten)]
    own_tls: OwnTls,
    #[command(flatten)]
    view: ViewArgs,
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RelayArgs {
    /// One end.
    pub(crate) from: Address,
    /// The other.
    pub(crate) to: Address,
    /// Which of them listens.
    pub(crate) roles: Roles,
    /// One conversation, then the end.
    pub(crate) once: bool,
    /// Only print the plan.
    pub(crate) dry_run: bool,
    /// Say how much has moved.
    pub(crate) progress: bool,
    /// Say the checksum of what went each way.
    pub(crate) sum: bool,
    /// How messages are marked in a stream; always there between a stream and messages.
    pub(crate) frame: Option<Framing>,
    /// The longest message in a stream, bytes.
    pub(crate) max_frame: usize,
    /// What comes from elsewhere goes to a WebSocket as text.
    pub(crate) text: bool,
    /// How long nothing may move in a conversation.
    pub(crate) idle: Option<Duration>,
    /// The deadline of a connect.
    pub(crate) timeout: Duration,
    /// Limits and readiness.
    pub(crate) server: ServerFlags,
    /// The views.
    pub(crate) view: ViewArgs,
}

/// Which end listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Roles {
    /// FROM listens, TO is connected to for each conversation.
    ListenAndDial,
    /// Neither: both are opened or connected to, once.
    DialBoth,
    /// Both: the peers are joined in pairs.
    ListenBoth,
}

impl RelayFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<RelayArgs, Usage> {
        let mut from: Address = self.from.parse()?;
        let mut to: Address = self.to.parse()?;
        let roles = if self.listen_both {
            address::listenable(&from)?;
            address::listenable(&to)?;
            Roles::ListenBoth
        } else if self.dial_both || !from.scheme.can_listen() {
            Roles::DialBoth
        } else {
            Roles::ListenAndDial
        };
        let listens = match roles {
            Roles::ListenAndDial => 1,
            Roles::DialBoth => 0,
            Roles::ListenBoth => 2,
        };
        let mut ends = [&mut from, &mut to];
        let (listening, dialed) = ends.split_at_mut(listens);
        self.client_tls.fill(dialed)?;
        self.server_tls.fill(listening)?;
        self.own_tls.fill(listening, dialed)?;
        if from.scheme == to.scheme && !from.scheme.is_socket() && from.target == to.target {
            return Err(Usage::of(words::RELAY_SAME, &[("address", &from)]));
        }
        let mixed = address::keeps_messages(&from) != address::keeps_messages(&to);
        if mixed && self.framing.frame.is_none() {
            let (messages, stream) = if address::keeps_messages(&from) {
                (&from, &to)
            } else {
                (&to, &from)
            };
            return Err(Usage::of(
                words::RELAY_FRAME,
                &[("messages", &messages.scheme), ("stream", &stream.scheme)],
            ));
        }
        if !mixed && self.framing.frame.is_some() {
            return Err(Usage::of(
                words::RELAY_NO_FRAME,
                &[("from", &from.scheme), ("to", &to.scheme)],
            ));
        }
        Ok(RelayArgs {
            from,
            to,
            roles,
            once: self.once || roles == Roles::DialBoth,
            dry_run: self.dry_run,
            progress: self.progress,
            sum: self.sum,
            frame: self.framing.frame,
            max_frame: self.framing.max_frame,
            text: self.text,
            idle: self.idle,
            timeout: self.timeout,
            server: self.server,
            view: self.view,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Asked, tests::meant};

    fn relay(line: &str) -> Result<RelayArgs, String> {
        match meant(line)? {
            Asked::Relay(args) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_address_listens_if_it_can() {
        assert_eq!(
            relay("relay :8080 :7007").unwrap().roles,
            Roles::ListenAndDial
        );
        assert_eq!(relay("relay - :7007").unwrap().roles, Roles::DialBoth);
        assert!(relay("relay - :7007").unwrap().once);
        assert_eq!(
            relay("relay --dial-both :8080 :7007").unwrap().roles,
            Roles::DialBoth
        );
        assert_eq!(
            relay("relay --listen-both :8080 :7007").unwrap().roles,
            Roles::ListenBoth
        );
        assert!(relay("relay --listen-both :8080 file:x").is_err());
    }

    #[test]
    fn a_stream_and_messages_need_a_frame_and_the_error_names_the_choices() {
        let error = relay("relay udp://:7514 file:log").unwrap_err();
        assert!(
            error.contains("--frame") && error.contains("chunk or chunk=SIZE"),
            "{error}"
        );
        assert_eq!(
            relay("relay --frame nul udp://:7514 file:log")
                .unwrap()
                .frame,
            Some(Framing::Nul)
        );
        assert!(
            relay("relay --frame nul :1 :2")
                .unwrap_err()
                .contains("leave it away")
        );
    }

    #[test]
    fn an_end_is_not_joined_with_itself() {
        assert!(relay("relay - -").unwrap_err().contains("both ends"));
        assert!(relay("relay fd:3 fd:4").is_ok());
    }
}
