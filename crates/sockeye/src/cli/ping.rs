//! The arguments of `ping`: as typed, and as meant.

use std::net::IpAddr;
use std::time::Duration;

use clap::Args;
use sockeye_model::{Address, Family, Host, Scheme, SocketOption, Target};

use crate::cli::quantity::{duration, duration_text, size, size_text, some_time};
use crate::cli::tls::{ClientTls, OwnTls};
use crate::cli::view::ViewArgs;
use crate::cli::{Usage, address, escape, words};
use crate::limits;
use crate::wording::Wording;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sockeye ping localhost                            ICMP echo: until Ctrl-C, on a pipe 4 times
  sockeye ping -c 10 192.0.2.7 '[2001:db8::7]'      two hosts at once
  sockeye ping localhost:7007                       how long a TCP connect takes
  sockeye ping udp://localhost:7007 --data hello    a reply, or that nobody has the port
  sockeye ping --json -c 3 localhost                one JSON object a line (docs/ping.md)

With neither scheme nor port it is ICMP echo. HOST:PORT, unix: and tls:// time a connection with
all its handshakes, udp:// a datagram's reply or that the port is closed, ws:// and wss:// pings
and their pongs on one connection.
Exit code: 0 when each target answered at least once, 13 when one never did.";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct PingFlags {
    /// Whom to ask, one word each: a host, or an address of any kind that can be asked
    #[arg(value_name = "ADDRESS", required = true)]
    targets: Vec<String>,
    /// Probes for each target; without it 4, or until Ctrl-C where stdout is a terminal
    #[arg(short, long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::PING_COUNT_MAX)))]
    count: Option<u32>,
    /// Between two probes of a target, 10 ms at least
    #[arg(short, long, value_name = "TIME", value_parser = interval, default_value = "1s")]
    interval: Duration,
    /// A probe without an answer for this long is lost
    #[arg(long, value_name = "TIME", value_parser = timeout, default_value = "2s")]
    timeout: Duration,
    /// ICMP and UDP: bytes of data in a probe; without it 56 for ICMP and none for UDP
    #[arg(short, long, value_name = "SIZE", value_parser = data_size)]
    size: Option<usize>,
    /// ICMP and UDP: this data; escapes \n \r \t \0 \\ and \xNN are understood
    #[arg(long, value_name = "TEXT", value_parser = data, conflicts_with = "size")]
    #[arg(allow_hyphen_values = true)]
    data: Option<Data>,
    /// How many routers a probe may pass (TTL, hop limit)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    ttl: Option<u8>,
    /// One JSON object a line: each probe as it ends, then a summary of each target (docs/ping.md)
    #[arg(long)]
    json: bool,
    /// Only the IPv4 addresses of names
    #[arg(short = '4', conflicts_with = "ipv6")]
    ipv4: bool,
    /// Only the IPv6 addresses of names
    #[arg(short = '6')]
    ipv6: bool,
    #[command(flatten)]
    tls: ClientTls,
    #[command(flatten)]
    own_tls: OwnTls,
    #[command(flatten)]
    view: ViewArgs,
}

/// Bytes to send; a `Vec` alone would be taken for a flag with several values.
#[derive(Clone, Debug)]
struct Data(Vec<u8>);

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PingArgs {
    /// Whom to ask, at least one.
    pub(crate) targets: Vec<Asked>,
    /// Probes for each; `None` leaves it to what stdout is.
    pub(crate) count: Option<u32>,
    /// From the start of one probe to that of the next.
    pub(crate) interval: Duration,
    /// After which a probe is lost.
    pub(crate) timeout: Duration,
    /// What a probe carries, where it carries anything; `None` for what is usual.
    pub(crate) data: Option<Vec<u8>>,
    /// The addresses of names that count; `None` for all.
    pub(crate) family: Option<Family>,
    /// JSON lines in place of text.
    pub(crate) json: bool,
    /// The views.
    pub(crate) view: ViewArgs,
}

/// One target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// As it was typed.
    pub(crate) typed: String,
    /// As it is meant.
    pub(crate) address: Address,
}

impl PingFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<PingArgs, Usage> {
        if self.targets.len() > limits::PING_TARGETS_MAX {
            let most = limits::PING_TARGETS_MAX;
            return Err(Usage::of(words::PING_TOO_MANY, &[("most", &most)]));
        }
        let family = match (self.ipv4, self.ipv6) {
            (true, _) => Some(Family::Inet),
            (_, true) => Some(Family::Inet6),
            _ => None,
        };
        let mut targets = match self.targets.as_slice() {
            // The two words HOST PORT, where they can mean nothing else.
            [host, port] if is_port(port) && !is_port(host) && !host.contains([':', '/']) => {
                let words = [host.clone(), port.clone()];
                vec![Asked {
                    typed: format!("{host}:{port}"),
                    address: address::of_words(&words)?,
                }]
            }
            words => words
                .iter()
                .map(|word| {
                    Ok(Asked {
                        typed: word.clone(),
                        address: target(word)?,
                    })
                })
                .collect::<Result<Vec<_>, Usage>>()?,
        };
        for asked in &mut targets {
            can_be_asked(&asked.address)?;
            of_family(asked, family)?;
            if let Some(hops) = self.ttl
                && !asked.address.scheme.is_unix()
                && asked.address.options.ttl().is_none()
            {
                asked.address.options.insert(SocketOption::Ttl(hops));
            }
        }
        let mut dialed: Vec<&mut Address> =
            targets.iter_mut().map(|asked| &mut asked.address).collect();
        self.tls.fill(&mut dialed)?;
        self.own_tls.fill(&mut [], &mut dialed)?;
        let pattern = |size| (0..size).map(|at| at as u8).collect();
        Ok(PingArgs {
            targets,
            count: self.count,
            interval: self.interval,
            timeout: self.timeout,
            data: match self.data {
                Some(text) => Some(text.0),
                None => self.size.map(pattern),
            },
            family,
            json: self.json,
            view: self.view,
        })
    }
}

/// A host alone is asked by ICMP; anything else is an address as everywhere.
fn target(word: &str) -> Result<Address, Usage> {
    let (head, options) = word.find('#').map_or((word, ""), |at| word.split_at(at));
    let literal = head.split('%').next().unwrap_or(head);
    let host = match literal.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => Some(head.to_owned()),
        Ok(IpAddr::V6(_)) => Some(format!("[{head}]")),
        Err(_) if head.starts_with('[') && head.ends_with(']') => Some(head.to_owned()),
        Err(_) => {
            let other = head.is_empty() || head == "-" || head == "stdio" || is_port(head);
            (!other && !head.contains([':', '/', '@'])).then(|| head.to_owned())
        }
    };
    Ok(match host {
        Some(host) => format!("icmp://{host}{options}").parse()?,
        None => word.parse()?,
    })
}

fn is_port(word: &str) -> bool {
    word.parse::<u16>().is_ok()
}

/// Refuses what has nobody at its other end who could answer, or nothing that would be an answer.
fn can_be_asked(address: &Address) -> Result<(), Usage> {
    match address.scheme {
        Scheme::Icmp | Scheme::Tcp | Scheme::Udp | Scheme::Unix | Scheme::UnixSeqpacket => Ok(()),
        scheme if scheme.is_layered() => Ok(()),
        _ => Err(Usage::of(words::PING_CANNOT, &[("address", address)])),
    }
}

/// Refuses an address of the family that is not wanted.
fn of_family(asked: &Asked, family: Option<Family>) -> Result<(), Usage> {
    let (Target::Inet { host, .. } | Target::Host(host)) = &asked.address.target else {
        return Ok(());
    };
    match (host, family) {
        (Host::V4(_), Some(Family::Inet6)) | (Host::V6 { .. }, Some(Family::Inet)) => {
            let places: [(&str, &dyn std::fmt::Display); 1] = [("address", &asked.address)];
            Err(Usage::of(words::PING_OTHER_FAMILY, &places))
        }
        _ => Ok(()),
    }
}

/// Reads `--interval`.
fn interval(text: &str) -> Result<Duration, Wording> {
    match duration(text)? {
        time if time < limits::PING_INTERVAL_LEAST => {
            let least = duration_text(limits::PING_INTERVAL_LEAST);
            Err(Wording::of(words::LESS_THAN, &[("least", &least)]))
        }
        time => Ok(time),
    }
}

/// Reads `--timeout`: while a probe waits it is kept in memory.
fn timeout(text: &str) -> Result<Duration, Wording> {
    match some_time(text)? {
        time if time > limits::PING_TIMEOUT_MAX => {
            let most = duration_text(limits::PING_TIMEOUT_MAX);
            Err(Wording::of(words::MORE_THAN, &[("most", &most)]))
        }
        time => Ok(time),
    }
}

/// Reads `--size`.
fn data_size(text: &str) -> Result<usize, Wording> {
    match size(text)? {
        size if size > limits::PING_SIZE_MAX => Err(Wording::of(
            words::MORE_THAN,
            &[("most", &size_text(limits::PING_SIZE_MAX))],
        )),
        size => Ok(size),
    }
}

/// Reads `--data`.
fn data(text: &str) -> Result<Data, Wording> {
    let bytes = escape::unescape(text)?;
    if bytes.len() > limits::PING_SIZE_MAX {
        let most = limits::PING_SIZE_MAX;
        return Err(Wording::of(words::TEXT_TOO_LONG, &[("most", &most)]));
    }
    Ok(Data(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command, tests::meant};

    fn ping(line: &str) -> Result<PingArgs, String> {
        match meant(&format!("ping {line}"))? {
            Command::Ping(args) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    fn addresses(line: &str) -> Vec<String> {
        let args = ping(line).unwrap();
        let text = |asked: &Asked| asked.address.to_string();
        args.targets.iter().map(text).collect()
    }

    #[test]
    fn a_host_alone_is_asked_by_icmp() {
        for (typed, meant) in [
            ("localhost", "icmp://localhost"),
            ("127.0.0.1", "icmp://127.0.0.1"),
            ("::1", "icmp://[::1]"),
            ("[::1]", "icmp://[::1]"),
            ("fe80::1%lo", "icmp://[fe80::1%lo]"),
            ("icmp://localhost", "icmp://localhost"),
            ("localhost#ttl=3", "icmp://localhost#ttl=3"),
            ("localhost:7007", "tcp://localhost:7007"),
            ("7007", "tcp://:7007"),
            ("localhost 7007", "tcp://localhost:7007"),
            ("udp://localhost:7", "udp://localhost:7"),
            ("unix:/run/x", "unix:/run/x"),
        ] {
            assert_eq!(addresses(typed), [meant], "{typed}");
        }
        assert_eq!(addresses("one two"), ["icmp://one", "icmp://two"]);
        assert_eq!(addresses("80 443"), ["tcp://:80", "tcp://:443"]);
    }

    #[test]
    fn what_nobody_can_answer_on_is_refused() {
        for typed in [
            "-",
            "file:x",
            "exec:cat",
            "unix-dgram:/x",
            "raw://h#protocol=253",
        ] {
            let said = ping(typed).unwrap_err();
            assert!(said.contains("nobody"), "{typed}: {said}");
        }
    }

    #[test]
    fn the_ttl_of_the_command_fills_in_what_the_address_has_not() {
        let ttl = |line: &str| ping(line).unwrap().targets[0].address.options.ttl();
        assert_eq!(ttl("--ttl 3 localhost"), Some(3));
        assert_eq!(ttl("--ttl 3 localhost#ttl=9"), Some(9));
        assert_eq!(ttl("--ttl 3 unix:/x"), None);
        assert!(ping("--ttl 0 localhost").is_err());
    }

    #[test]
    fn an_address_of_the_other_family_is_refused() {
        assert!(ping("-6 127.0.0.1").is_err());
        assert!(ping("-4 ::1").is_err());
        assert_eq!(ping("-6 localhost").unwrap().family, Some(Family::Inet6));
    }

    #[test]
    fn probes_are_at_least_ten_milliseconds_apart() {
        assert!(ping("-i 9ms localhost").unwrap_err().contains("10ms"));
        let args = ping("-i 10ms -c 3 --size 8 localhost").unwrap();
        assert_eq!(args.interval, Duration::from_millis(10));
        assert_eq!(args.count, Some(3));
        assert_eq!(args.data.as_deref(), Some(&[0, 1, 2, 3, 4, 5, 6, 7][..]));
        assert!(ping("--size 8 --data x localhost").is_err());
        assert!(ping("--size 70000 localhost").is_err());
    }
}
