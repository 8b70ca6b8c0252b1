//! The arguments of `who`: as typed, and as meant.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clap::Args;
use sockeye_local::{Kinds, Protocol, Services, Transport, UnixAddress};

use crate::cli::ports::{self, Query, What as Meant};
use crate::cli::view::LookArgs;
use crate::cli::{Usage, quote, words};
use crate::wording::Wording;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sockeye who                      everything on this machine that waits for others
  sudo sockeye who                 the same, with the processes of all users
  sockeye who 8080                 who has port 8080, and the connections that keep it busy
  sockeye who http udp:53 80,443   by name; in one of the two port spaces; a list, a range: 53-60
  sockeye who 127.0.0.1:8080       one address of this machine
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
    /// A port: 8080, http, udp:53, 53/udp, 53-60, 80,443, 127.0.0.1:8080; or a UNIX socket: unix:PATH, unix:@NAME; none: every listening socket
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
    #[arg(short = 'l', short_aliases = ['n', 'p', 'P'], action = clap::ArgAction::Count, hide = true)]
    usual: u8,
    /// Typed by hands that are used to lsof(8): -i, -i:80, -iTCP:80
    #[arg(short = 'i', value_name = "PORT", num_args = 0..=1, hide = true)]
    lsof: Option<Option<String>>,
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
    /// Only the sockets that have this address.
    pub(crate) ip: Option<IpAddr>,
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
    pub(crate) fn meant(mut self) -> Result<WhoArgs, Usage> {
        match self.lsof.take().flatten() {
            Some(word) if word.eq_ignore_ascii_case("tcp") => self.tcp = true,
            Some(word) if word.eq_ignore_ascii_case("udp") => self.udp = true,
            Some(word) => self.ports.insert(0, word),
            None => {}
        }
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
            .iter()
            .flat_map(|typed| match unix_name(typed) {
                Some(_) => vec![typed.clone()],
                None => ports::each(typed),
            })
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
        let (what, ip) = what(&typed, kinds, services)?;
        Ok(Self { typed, what, ip })
    }
}

/// What stands after `unix:`, or a path.
fn unix_name(typed: &str) -> Option<&str> {
    for scheme in ["unix", "unix-dgram", "unix-seqpacket"] {
        let rest = typed
            .strip_prefix(scheme)
            .and_then(|rest| rest.strip_prefix(':'));
        if let Some(rest) = rest {
            return Some(rest.strip_prefix("//").unwrap_or(rest));
        }
    }
    let path = ["/", "./", "../"];
    path.iter()
        .any(|start| typed.starts_with(start))
        .then_some(typed)
}

fn what(typed: &str, kinds: Kinds, services: &Services) -> Result<(What, Option<IpAddr>), Usage> {
    if let Some(name) = unix_name(typed) {
        let address = match name.strip_prefix('@') {
            _ if name.is_empty() => return Err(unclear(typed)),
            Some(name) => UnixAddress::Abstract(name.as_bytes().to_vec()),
            None => UnixAddress::Path(name.into()),
        };
        return Ok((What::Unix(address), None));
    }
    let (ip, word) = match address(typed) {
        Some((ip, word)) => (Some(ip), word),
        None => (None, typed.to_owned()),
    };
    if word.is_empty() || word == ":" || word.contains(char::is_whitespace) {
        return Err(unclear(typed));
    }
    let query = Query::of(word, 1)?;
    let only = match query.over {
        None => None,
        Some(Transport::Tcp) => Some(Protocol::Tcp),
        Some(Transport::Udp) => Some(Protocol::Udp),
        Some(_) => {
            return Err(Usage::of(
                words::WHO_TRANSPORT,
                &[("typed", &quote::quoted(typed))],
            ));
        }
    };
    let both = [(Protocol::Tcp, kinds.tcp), (Protocol::Udp, kinds.udp)];
    let spaces = both.into_iter().filter_map(|(protocol, wanted)| {
        let wanted = only.map_or(wanted, |only| only == protocol);
        wanted.then_some(protocol)
    });
    let ports: Vec<(Protocol, u16)> = match &query.what {
        Meant::Port(port) => spaces.map(|space| (space, *port)).collect(),
        Meant::Between(first, last) => spaces
            .flat_map(|space| (*first..=*last).map(move |port| (space, port)))
            .collect(),
        Meant::Name(name) => {
            if let Some((_host, port)) = name.rsplit_once(':') {
                return Err(Usage::of(
                    words::WHO_HOST,
                    &[
                        ("typed", &quote::quoted(typed)),
                        ("port", &quote::quoted(port)),
                    ],
                ));
            }
            if name.contains('/') {
                return Err(unclear(typed));
            }
            spaces
                .filter_map(|space| Some((space, services.port(name, space)?)))
                .collect()
        }
    };
    Ok((What::Ports(ports), ip))
}

/// `127.0.0.1:53`, `[::1]:53`, `[fe80::1%eth0]:53`, also behind a scheme: the address, and the port as a word.
fn address(typed: &str) -> Option<(IpAddr, String)> {
    let (scheme, rest) = ["tcp", "udp"]
        .iter()
        .find_map(|scheme| {
            let rest = typed.strip_prefix(scheme)?.strip_prefix(':')?;
            Some((
                format!("{scheme}:"),
                rest.strip_prefix("//").unwrap_or(rest),
            ))
        })
        .unwrap_or((String::new(), typed));
    let (host, port) = rest.rsplit_once(':')?;
    let host = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(six) => six.split('%').next()?.parse::<Ipv6Addr>().ok()?.into(),
        None => host.parse::<Ipv4Addr>().ok()?.into(),
    };
    Some((host, format!("{scheme}{port}")))
}

fn unclear(typed: &str) -> Usage {
    Usage::of(words::WHO_UNCLEAR, &[("typed", &quote::quoted(typed))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Parsed, tests::meant};

    fn asked(line: &str) -> Result<Asked, String> {
        match meant(line)? {
            Parsed::Who(args) => Ok(args.asked),
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
    fn ports_are_typed_as_for_the_command_ports() {
        let tcp = |port| (Protocol::Tcp, port);
        for line in [
            "tcp:53",
            "tcp/53",
            "53/tcp",
            "tcp://:53",
            "-i TCP:53",
            "-t 53",
        ] {
            assert_eq!(one(line), What::Ports(vec![tcp(53)]), "{line}");
        }
        assert_eq!(
            one("53-55/tcp"),
            What::Ports(vec![tcp(53), tcp(54), tcp(55)])
        );
        for line in ["80,443", "-i:80 443"] {
            match asked(&format!("who {line}")).unwrap() {
                Asked::Named(named) => assert_eq!(
                    named
                        .iter()
                        .map(|named| named.what.clone())
                        .collect::<Vec<_>>(),
                    [one("80"), one("443")],
                    "{line}"
                ),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn an_address_of_this_machine_names_a_port_and_its_address() {
        for (line, ip) in [
            ("127.0.0.4:53", "127.0.0.4"),
            ("tcp://[::1]:53", "::1"),
            ("[fe80::1%eth0]:53", "fe80::1"),
        ] {
            match asked(&format!("who {line}")).unwrap() {
                Asked::Named(named) => {
                    assert_eq!(named[0].ip, Some(ip.parse().unwrap()), "{line}");
                    let What::Ports(ports) = &named[0].what else {
                        panic!("{named:?}")
                    };
                    assert!(ports.iter().all(|(_, port)| *port == 53), "{line}");
                }
                other => panic!("{other:?}"),
            }
        }
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
        assert_eq!(kinds("who -tulpn"), (true, true, false));
        assert_eq!(kinds("who -ltnux"), (true, true, true));
        assert_eq!(kinds("who -ctnp"), (true, false, false));
        assert_eq!(kinds("who -iTCP"), (true, false, false));
        assert_eq!(kinds("who -i -nP"), (true, true, true));
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
            ("who 22/foo", "foo is no transport"),
            ("who 22/sctp", "TCP and UDP"),
            ("who 60-53", "53-60"),
            ("who 80,", "is no port"),
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
