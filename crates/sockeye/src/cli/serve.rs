//! The arguments of `serve`: as typed, and as meant.

use std::time::Duration;

use clap::Args;
use sockeye_model::Address;

use crate::cli::listen::ServerFlags;
use crate::cli::quantity::some_time;
use crate::cli::view::ViewArgs;
use crate::cli::{Usage, address};

pub(crate) const EXAMPLES: &str = "\
Services and their ports, each on TCP and UDP, on this machine only:
  echo 7007      sends back what it gets          (RFC 862)
  discard 7009   throws away what it gets         (RFC 863)
  daytime 7013   says the time in words           (RFC 867)
  chargen 7019   says letters without end         (RFC 864)
  time 7037      says the seconds since 1900      (RFC 868)

Examples:
  sockeye serve                                            all of them
  sockeye serve echo daytime                               these two
  sockeye serve echo=any:7007                              for everyone who can reach this machine
  sockeye serve echo=tcp://:7007 echo=unix:/tmp/e.sock     one service on two addresses
  sockeye serve --one-at-a-time --explain echo             what a server that is not concurrent does";

/// The names that `serve` knows.
pub(crate) const SERVICES: &[&str] = &["echo", "discard", "daytime", "chargen", "time"];

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct ServeFlags {
    /// What to serve, and where if not on its own port; none is all
    #[arg(value_name = "SERVICE[=ADDRESS]")]
    services: Vec<String>,
    /// One conversation after the other, to show what concurrency is for
    #[arg(long)]
    one_at_a_time: bool,
    /// End a conversation when nothing has moved for this long
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    idle: Option<Duration>,
    #[command(flatten)]
    server: ServerFlags,
    #[command(flatten)]
    view: ViewArgs,
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServeArgs {
    /// What to serve; empty is the standard set.
    pub(crate) services: Vec<ServiceAt>,
    /// One conversation after the other.
    pub(crate) one_at_a_time: bool,
    /// How long nothing may move in a conversation.
    pub(crate) idle: Option<Duration>,
    /// Limits and readiness.
    pub(crate) server: ServerFlags,
    /// The views.
    pub(crate) view: ViewArgs,
}

/// A service, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceAt {
    /// Its name, one of [`SERVICES`].
    pub(crate) name: &'static str,
    /// Where; `None` is its own port on TCP and UDP. A scheme that can listen.
    pub(crate) address: Option<Address>,
}

impl ServeFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<ServeArgs, Usage> {
        let services = self
            .services
            .iter()
            .map(|word| service_at(word))
            .collect::<Result<Vec<_>, _>>()?;
        for (index, service) in services.iter().enumerate() {
            if let (Some(address), true) = (&service.address, services[..index].contains(service)) {
                return Err(Usage::new(format!(
                    "{}={address} is given twice; once is enough",
                    service.name
                )));
            }
        }
        Ok(ServeArgs {
            services,
            one_at_a_time: self.one_at_a_time,
            idle: self.idle,
            server: self.server,
            view: self.view,
        })
    }
}

fn service_at(word: &str) -> Result<ServiceAt, Usage> {
    let (typed, address) = word
        .split_once('=')
        .map_or((word, None), |(name, address)| (name, Some(address)));
    let Some(name) = SERVICES.iter().copied().find(|name| *name == typed) else {
        let known = SERVICES.join(", ");
        let hint = match word.parse::<Address>() {
            Ok(address) if word.contains(':') => {
                format!("; on that address: sockeye serve echo={address}")
            }
            _ => String::new(),
        };
        return Err(Usage::new(format!(
            "\"{}\" is no service; known: {known}{hint}",
            typed.escape_debug()
        )));
    };
    let address = match address {
        None => None,
        Some(text) => {
            let address: Address = text.parse()?;
            address::listenable(&address)?;
            Some(address)
        }
    };
    Ok(ServiceAt { name, address })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Asked, tests::meant};

    fn serve(line: &str) -> Result<ServeArgs, String> {
        match meant(line)? {
            Asked::Serve(args) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_service_may_be_named_for_several_addresses() {
        let args = serve("serve echo=tcp://:7007 echo=unix:/tmp/e.sock daytime").unwrap();
        let shown: Vec<String> = args
            .services
            .iter()
            .map(|service| {
                let address = service
                    .address
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), ToString::to_string);
                format!("{} {address}", service.name)
            })
            .collect();
        assert_eq!(
            shown,
            ["echo tcp://:7007", "echo unix:/tmp/e.sock", "daytime -"]
        );
        assert_eq!(serve("serve").unwrap().services, []);
    }

    #[test]
    fn an_unknown_service_is_answered_with_those_there_are() {
        assert!(
            serve("serve eco")
                .unwrap_err()
                .contains("echo, discard, daytime, chargen, time")
        );
        assert!(
            serve("serve :7007")
                .unwrap_err()
                .contains("sockeye serve echo=tcp://:7007")
        );
        assert!(
            serve("serve echo=exec:cat")
                .unwrap_err()
                .contains("cannot wait for peers")
        );
        assert!(
            serve("serve echo=:7 echo=:7")
                .unwrap_err()
                .contains("twice")
        );
    }
}
