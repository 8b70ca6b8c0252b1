//! The arguments of `wait`: as typed, and as meant.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use sockeye_model::Address;

use crate::cli::quantity::{duration, some_time};
use crate::cli::view::ViewArgs;
use crate::cli::{Usage, address, words};
use crate::limits;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sockeye wait localhost:7007                       until the echo service answers, 30 s at most
  sockeye wait --timeout 5s :7007 :7013 && echo up  until both answer
  sockeye wait unix:/run/app.sock -- ./client       then run a program, and end with its code";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct WaitFlags {
    /// What must answer; one word each
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<String>,
    /// Give up after this long
    #[arg(long, value_name = "TIME", value_parser = some_time, default_value = "30s")]
    timeout: Duration,
    /// Pause between two tries
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "200ms")]
    interval: Duration,
    /// Run this when all have answered; its exit code is ours
    #[arg(value_name = "CMD", last = true)]
    command: Vec<OsString>,
    #[command(flatten)]
    view: ViewArgs,
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitArgs {
    /// What must answer; at least one, each a socket that can be connected.
    pub(crate) addresses: Vec<Address>,
    /// The deadline of all.
    pub(crate) timeout: Duration,
    /// The pause between two tries.
    pub(crate) interval: Duration,
    /// The program to run afterwards; empty is none.
    pub(crate) command: Vec<OsString>,
    /// The views.
    pub(crate) view: ViewArgs,
}

impl WaitFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<WaitArgs, Usage> {
        if self.addresses.len() > limits::WAIT_ADDRESSES_MAX {
            return Err(Usage::of(
                words::WAIT_TOO_MANY,
                &[("most", &limits::WAIT_ADDRESSES_MAX)],
            ));
        }
        let addresses = match self.addresses.as_slice() {
            // The two words HOST PORT, where they can mean nothing else.
            [host, port] if host.parse::<Address>().is_err() => {
                vec![address::of_words(&[host.clone(), port.clone()])?]
            }
            words => words
                .iter()
                .map(|word| word.parse())
                .collect::<Result<Vec<Address>, _>>()?,
        };
        for address in &addresses {
            address::connectable(address)?;
            if address.scheme.is_datagram() && !address.scheme.is_unix() {
                return Err(Usage::of(words::WAIT_UDP, &[("address", address)]));
            }
        }
        Ok(WaitArgs {
            addresses,
            timeout: self.timeout,
            interval: self.interval,
            command: self.command,
            view: self.view,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Asked, tests::meant};

    fn wait(line: &str) -> Result<WaitArgs, String> {
        match meant(line)? {
            Asked::Wait(args) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_follows_two_dashes_is_the_program() {
        let args = wait("wait :1 :2 --timeout 5s -- ls -l --timeout 9s").unwrap();
        assert_eq!(args.addresses.len(), 2);
        assert_eq!(args.timeout, Duration::from_secs(5));
        assert_eq!(args.command, ["ls", "-l", "--timeout", "9s"]);
    }

    #[test]
    fn host_and_port_may_be_two_words() {
        assert_eq!(
            wait("wait localhost 7007").unwrap().addresses[0].to_string(),
            "tcp://localhost:7007"
        );
        assert_eq!(wait("wait 7007 7013").unwrap().addresses.len(), 2);
    }

    #[test]
    fn udp_cannot_be_waited_for() {
        assert!(wait("wait udp://:7007").unwrap_err().contains("--reply 1"));
        assert!(wait("wait file:x").is_err());
    }
}
