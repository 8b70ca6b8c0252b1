//! The arguments of `who`: as typed, and as meant.

use clap::Args;
use sockeye_local::{Kinds, Protocol, Services, UnixAddress};

use crate::cli::view::LookArgs;
use crate::cli::{Usage, quote, words};
use crate::wording::Wording;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sockeye who                      everything on this machine that waits for others
  sudo sockeye who                 the same, with the processes of all users
  sockeye who 8080                 who has port 8080, and the connections that keep it busy
  sockeye who http udp:53          by name; or in one of the two port spaces
  sockeye who unix:/run/app.sock   who has a UNIX socket
  sockeye who --connections        who talks to whom, with round-trip times
  sockeye who --addresses          this machine's interfaces with their addresses
  sockeye who --watch              a live table; q ends it

It says what is bound here, never who can connect: a firewall is not seen. AGE is the process's.
QUEUE is connections that wait for accept and how many may; of others, bytes not read and not sent;
of UDP, the kernel's memory for what was not read, which is more than its bytes.
On a pipe an empty cell is - and every cell but COMMAND is one word.
A port that nobody holds is code 10, as is a name that no service has.";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct WhoFlags {
    /// A port: 8080, http, tcp:8080, udp:53; or a UNIX socket: unix:PATH, unix:@NAME; none: every listening socket
    #[arg(value_name = "PORT", conflicts_with = "addresses")]
    ports: Vec<String>,
    /// The connections there are, with round-trip times and, where both ends are here, both processes
    #[arg(short, long, conflicts_with = "addresses")]
    connections: bool,
    /// The interfaces of this machine: addresses, MAC, MTU
    #[arg(short, long)]
    addresses: bool,
    /// Only TCP; may stand beside --udp and --unix
    #[arg(short, long, conflicts_with = "addresses")]
    tcp: bool,
    /// Only UDP
    #[arg(short, long, conflicts_with = "addresses")]
    udp: bool,
    /// Only UNIX sockets, all of them
    #[arg(short = 'x', long, conflicts_with = "addresses")]
    unix: bool,
    /// Typed by hands that are used to ss(8) and netstat(8): listening, numbers, processes are always shown
    #[arg(short = 'l', short_aliases = ['n', 'p'], action = clap::ArgAction::Count, hide = true)]
    #[arg(conflicts_with_all = ["connections", "addresses"])]
    usual: u8,
    /// The answer as JSON, as docs/who.md describes it
    #[arg(long)]
    json: bool,
    /// A table that is renewed every second, until q or Ctrl-C
    #[arg(short, long, conflicts_with = "json")]
    watch: bool,
    #[command(flatten)]
    look: LookArgs,
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WhoArgs {
    /// What is asked.
    pub(crate) asked: Asked,
    /// JSON, no text.
    pub(crate) json: bool,
    /// Again and again.
    pub(crate) watch: bool,
    /// In which words.
    pub(crate) look: LookArgs,
}

/// A question about this machine's sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// What waits for others, of these kinds.
    Listening {
        /// Which kinds.
        kinds: Kinds,
        /// All UNIX sockets, also on a terminal: they were asked for by name.
        every_unix: bool,
    },
    /// Who has each of these; at least one.
    Named(Vec<Named>),
    /// What is connected, of these kinds; where ports are given, only what has one of them at either end.
    Connections {
        /// Which kinds.
        kinds: Kinds,
        /// With these ports; empty is every one.
        ports: Vec<(Protocol, u16)>,
    },
    /// The interfaces.
    Addresses,
}

/// One word of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// As it was typed.
    pub(crate) typed: String,
    /// What it means.
    pub(crate) what: What,
}

/// What a word means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// These ports: one, in one port space or in both; or those that a service has. Empty: no service has this name.
    Ports(Vec<(Protocol, u16)>),
    /// A UNIX socket.
    Unix(UnixAddress),
}

impl WhoFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<WhoArgs, Usage> {
        let any = self.tcp || self.udp || self.unix;
        let kinds = match any {
            true => Kinds {
                tcp: self.tcp,
                udp: self.udp,
                unix: self.unix,
            },
            // Pairs of UNIX sockets are within programs, mostly: they are shown where they are asked for.
            false => Kinds {
                tcp: true,
                udp: true,
                unix: !self.connections,
            },
        };
        let services = match self.ports.is_empty() {
            true => Services::default(),
            false => Services::of_this_machine(),
        };
        let named = self
            .ports
            .into_iter()
            .map(|typed| Named::of(typed, kinds, &services))
            .collect::<Result<Vec<_>, _>>()?;
        let asked = match (self.addresses, self.connections) {
            (true, _) => Asked::Addresses,
            (_, true) => Asked::Connections {
                kinds,
                ports: ports_of(&named)?,
            },
            _ if named.is_empty() => Asked::Listening {
                kinds,
                every_unix: self.unix,
            },
            _ => Asked::Named(named),
        };
        Ok(WhoArgs {
            asked,
            json: self.json,
            watch: self.watch,
            look: self.look,
        })
    }
}

/// The ports of `--connections PORT…`.
fn ports_of(named: &[Named]) -> Result<Vec<(Protocol, u16)>, Usage> {
    let mut all = Vec::new();
    for named in named {
        match &named.what {
            What::Ports(ports) if ports.is_empty() => {
                return Err(Usage::new(no_service(&named.typed)));
            }
            What::Ports(ports) => all.extend(ports),
            What::Unix(_) => {
                return Err(Usage::of(
                    words::WHO_CONNECTIONS,
                    &[("typed", &quote::quoted(&named.typed))],
                ));
            }
        }
    }
    Ok(all)
}

fn no_service(typed: &str) -> Wording {
    Wording::of(words::WHO_NO_SERVICE, &[("typed", &quote::quoted(typed))])
}

impl Named {
    fn of(typed: String, kinds: Kinds, services: &Services) -> Result<Self, Usage> {
        let what = what(&typed, kinds, services)?;
        Ok(Self { typed, what })
    }
}

fn what(typed: &str, kinds: Kinds, services: &Services) -> Result<What, Usage> {
    let strip = |scheme: &str| {
        let rest = typed.strip_prefix(scheme)?.strip_prefix(':')?;
        Some(rest.strip_prefix("//").unwrap_or(rest))
    };
    let unix = strip("unix")
        .or_else(|| strip("unix-dgram"))
        .or_else(|| strip("unix-seqpacket"))
        .or_else(|| {
            typed.contains('/').then_some(typed).filter(|path| {
                path.starts_with('/') || path.starts_with("./") || path.starts_with("../")
            })
        });
    if let Some(name) = unix {
        return match name.strip_prefix('@') {
            _ if name.is_empty() => Err(unclear(typed)),
            Some(name) => Ok(What::Unix(UnixAddress::Abstract(name.as_bytes().to_vec()))),
            None => Ok(What::Unix(UnixAddress::Path(name.into()))),
        };
    }
    let (word, only) = match (strip("tcp"), strip("udp")) {
        (Some(word), _) => (word, Some(Protocol::Tcp)),
        (_, Some(word)) => (word, Some(Protocol::Udp)),
        _ => match typed.rsplit_once('/') {
            Some((word, "tcp")) => (word, Some(Protocol::Tcp)),
            Some((word, "udp")) => (word, Some(Protocol::Udp)),
            _ => (typed, None),
        },
    };
    let word = word.strip_prefix(':').unwrap_or(word);
    let both = [(Protocol::Tcp, kinds.tcp), (Protocol::Udp, kinds.udp)];
    let spaces = both.into_iter().filter_map(|(protocol, wanted)| {
        let wanted = only.map_or(wanted, |only| only == protocol);
        wanted.then_some(protocol)
    });
    if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return match word.parse() {
            Ok(port @ 1..) => Ok(What::Ports(spaces.map(|space| (space, port)).collect())),
            _ => Err(Usage::of(
                words::PORTS_FROM,
                &[("typed", &typed), ("first", &1)],
            )),
        };
    }
    if let Some((_host, port)) = word.rsplit_once(':') {
        return Err(Usage::of(
            words::WHO_HOST,
            &[
                ("typed", &quote::quoted(typed)),
                ("port", &quote::quoted(port)),
            ],
        ));
    }
    if word.is_empty() || word.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err(unclear(typed));
    }
    let ports = spaces.filter_map(|space| Some((space, services.port(word, space)?)));
    Ok(What::Ports(ports.collect()))
}

fn unclear(typed: &str) -> Usage {
    Usage::of(words::WHO_UNCLEAR, &[("typed", &quote::quoted(typed))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Meant, tests::meant};

    fn asked(line: &str) -> Result<Asked, String> {
        match meant(line)? {
            Meant::Who(args) => Ok(args.asked),
            other => panic!("{other:?}"),
        }
    }

    fn one(line: &str) -> What {
        match asked(&format!("who {line}")).unwrap() {
            Asked::Named(named) => named[0].what.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_port_is_of_both_spaces_unless_one_is_named() {
        let (tcp, udp) = ((Protocol::Tcp, 53), (Protocol::Udp, 53));
        assert_eq!(one("53"), What::Ports(vec![tcp, udp]));
        assert_eq!(one(":53"), What::Ports(vec![tcp, udp]));
        for line in ["udp:53", "udp://:53", "53/udp", "-u 53", "udp:domain"] {
            assert_eq!(one(line), What::Ports(vec![udp]), "{line}");
        }
        assert_eq!(one("domain"), What::Ports(vec![tcp, udp]));
        assert_eq!(one("no-such-service"), What::Ports(vec![]));
    }

    #[test]
    fn a_path_is_a_unix_socket() {
        let path = |path: &str| What::Unix(UnixAddress::Path(path.into()));
        assert_eq!(one("unix:/run/a"), path("/run/a"));
        assert_eq!(one("/run/a"), path("/run/a"));
        assert_eq!(one("./a"), path("./a"));
        assert_eq!(
            one("unix:@a"),
            What::Unix(UnixAddress::Abstract(b"a".to_vec()))
        );
    }

    #[test]
    fn nothing_named_is_all_that_listens() {
        let kinds = |line: &str| match asked(line).unwrap() {
            Asked::Listening { kinds, .. } | Asked::Connections { kinds, .. } => {
                (kinds.tcp, kinds.udp, kinds.unix)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(kinds("who"), (true, true, true));
        assert_eq!(kinds("who -t"), (true, false, false));
        assert_eq!(kinds("who -ux"), (false, true, true));
        assert_eq!(kinds("who -ltnp"), (true, false, false));
        assert_eq!(kinds("who --connections"), (true, true, false));
        assert_eq!(kinds("who --connections --unix"), (false, false, true));
        assert_eq!(asked("who --addresses"), Ok(Asked::Addresses));
    }

    #[test]
    fn what_cannot_be_meant_is_answered_with_what_can() {
        for (line, answer) in [
            ("who 0", "1 to 65535"),
            ("who 65536", "1 to 65535"),
            ("who localhost:8080", "sockeye who 8080"),
            ("who tcp://[::1]:80", "sockeye who 80"),
            ("who unix:", "unix:/run/app.sock"),
            ("who --connections /run/a", "sockeye who /run/a"),
            ("who --connections no-such-service", "no-such-service"),
            ("who --watch --json", "--json"),
            ("who --addresses 80", "--addresses"),
        ] {
            let error = asked(line).unwrap_err();
            assert!(error.contains(answer), "{line}: {error}");
        }
    }
}
