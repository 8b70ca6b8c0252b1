//! The arguments of `resolve`: as typed, in the order of hands used to dig too, and as meant.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sockeye_local::{Protocol, Services};
use sockeye_model::{Address, Family, Scheme, Target};
use sockeye_names::{
    NotAServer, RecordType, Server, Transport, USUAL, Wanted, read_name, type_named,
};
use sockeye_net::tls::Settings;
use sockeye_view::escape::escape_name;

use crate::cli::quantity::{duration_text, some_time};
use crate::cli::tls::ClientTls;
use crate::cli::view::ViewArgs;
use crate::cli::{Usage, words};
use crate::limits;
use crate::wording::Wording;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sockeye resolve example.org                       its addresses, as this machine finds them
  sockeye resolve example.org MX TXT                records of other types, by name or as TYPE65
  sockeye resolve example.org all                   A, AAAA, MX, NS, TXT, SOA, CAA and HTTPS
  sockeye resolve 192.0.2.1                         the names of an address
  sockeye resolve --server 127.0.0.1:7053 www.example.org
  sockeye resolve --server tls://192.0.2.53 --sni dns.example example.org    over TLS
  sockeye resolve --server 192.0.2.53,198.51.100.53 example.org    who says what
  sockeye resolve --trace www.example.org           from the root down
  sockeye resolve --short @192.0.2.53 example.org MX               in the order of dig";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct ResolveFlags {
    /// A name (with a final dot: no search list), an address or a URL; types, or all; @SERVER
    #[arg(value_name = "NAME|TYPE", required_unless_present = "reverse")]
    words: Vec<String>,
    /// Ask this server, not this machine's: ADDRESS[:PORT], udp://, tcp:// or tls://; several are compared
    #[arg(short, long, value_name = "ADDRESS[,ADDRESS…]", value_delimiter = ',')]
    server: Vec<String>,
    /// The names of this address
    #[arg(short = 'x', value_name = "ADDRESS", value_parser = address)]
    reverse: Option<IpAddr>,
    /// Print the data alone, without aliases: one record a line
    #[arg(long, conflicts_with = "json")]
    short: bool,
    /// Print the answer, and the way to it, as JSON
    #[arg(long)]
    json: bool,
    /// Walk from the root down, as a resolver with an empty cache does, and tell every step
    #[arg(long, conflicts_with = "server")]
    trace: bool,
    /// The port of the servers that name none, as in dig
    #[arg(short = 'p', value_name = "PORT")]
    port: Option<String>,
    /// A type, as in dig
    #[arg(short = 't', value_name = "TYPE")]
    kind: Vec<String>,
    /// Ask a server that has a name at its IPv4 address
    #[arg(short = '4', conflicts_with = "ipv6")]
    ipv4: bool,
    /// Ask a server that has a name at its IPv6 address
    #[arg(short = '6')]
    ipv6: bool,
    /// Walk from this server down; its port then holds for the whole walk
    #[arg(
        long,
        value_name = "ADDRESS[:PORT]",
        value_delimiter = ',',
        conflicts_with = "server"
    )]
    root: Vec<String>,
    /// Walk from the root servers that this file names (named.root)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["server", "root"])]
    hints: Option<PathBuf>,
    /// Ask over TCP only
    #[arg(long)]
    tcp: bool,
    /// Ask for what the server knows itself: it is not to ask others
    #[arg(long)]
    norecurse: bool,
    /// Give up after this long (10s; 30s with --trace)
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    timeout: Option<Duration>,
    #[command(flatten)]
    tls: ClientTls,
    #[command(flatten)]
    view: ViewArgs,
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResolveArgs {
    /// The name or the address, as it was typed.
    pub(crate) typed: String,
    /// What is looked up.
    pub(crate) wanted: Wanted,
    /// The types, each once, at least one.
    pub(crate) kinds: Vec<RecordType>,
    /// Who is asked; nobody is what this machine's programs ask.
    pub(crate) servers: Vec<ServerWord>,
    /// The family that a server with a name is asked over; `None` takes its first address.
    pub(crate) family: Option<Family>,
    /// The data alone.
    pub(crate) short: bool,
    /// JSON.
    pub(crate) json: bool,
    /// TCP only.
    pub(crate) tcp: bool,
    /// The server may ask others.
    pub(crate) recursion: bool,
    /// The deadline of all.
    pub(crate) timeout: Duration,
    /// Whom servers that are asked over TLS must prove themselves to be.
    pub(crate) trust: Settings,
    /// From where the walk goes, if one is asked for.
    pub(crate) trace: Option<Start>,
    /// The views.
    pub(crate) view: ViewArgs,
}

/// Where a walk begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// At the root of the Internet.
    BuiltIn,
    /// At a root of one's own.
    At(Vec<ServerWord>),
    /// At the root servers that a file names.
    Hints(PathBuf),
}

/// A server to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerWord {
    /// By its address.
    Address(Server),
    /// By a name, which this machine looks up first.
    Host {
        /// The name.
        name: String,
        /// What it is asked over.
        transport: Transport,
        /// Its port.
        port: u16,
    },
}

impl ServerWord {
    /// Whether it is asked over TLS.
    fn is_secured(&self) -> bool {
        let (Self::Address(Server { transport, .. }) | Self::Host { transport, .. }) = self;
        *transport == Transport::Tls
    }
}

impl ResolveFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<ResolveArgs, Usage> {
        let mut has_timeout = self.timeout.is_some();
        let port = match &self.port {
            Some(text) => Some(port_of(text, Transport::Udp)?.ok_or_else(|| no_port(text))?),
            None => None,
        };
        // 53, or 853 over TLS, unless it is said.
        let usual = port;
        let roots: Result<Vec<ServerWord>, Usage> =
            self.root.iter().map(|text| server(text, usual)).collect();
        let trace = match self.hints {
            Some(path) => Some(Start::Hints(path)),
            None if !self.root.is_empty() => Some(Start::At(roots?)),
            None => self.trace.then_some(Start::BuiltIn),
        };
        let mut args = ResolveArgs {
            typed: String::new(),
            wanted: Wanted::Address(std::net::Ipv4Addr::LOCALHOST.into()),
            kinds: Vec::new(),
            servers: Vec::new(),
            family: match (self.ipv4, self.ipv6) {
                (true, _) => Some(Family::Inet),
                (_, true) => Some(Family::Inet6),
                _ => None,
            },
            short: self.short,
            json: self.json,
            tcp: self.tcp,
            recursion: !self.norecurse,
            timeout: self.timeout.unwrap_or(limits::RESOLVE_TIMEOUT),
            trust: Settings::default(),
            trace,
            view: self.view,
        };
        let tls = self.tls;
        let mut servers = self.server;
        let mut words = Vec::new();
        for word in self.words {
            if let Some(server) = word.strip_prefix('@') {
                servers.extend(server.split(',').map(str::to_owned));
            } else if let Some(option) = word.strip_prefix('+') {
                has_timeout |= option.starts_with("time");
                args.take_option_of_dig(option)?;
            } else {
                words.push(word);
            }
        }
        for kind in self.kind {
            if type_named(&kind).is_none() && !is_all(&kind) {
                return Err(Usage::of(
                    words::RESOLVE_NO_TYPE,
                    &[("word", &format_args!("{kind:?}"))],
                ));
            }
            words.push(kind);
        }
        let (name, types) = match self.reverse {
            Some(address) => (address.to_string(), words),
            None => name_and_types(words)?,
        };
        (args.typed, args.wanted) = wanted(&name)?;
        args.kinds = kinds(&types, &args.wanted)?;
        if servers.len() > limits::RESOLVE_SERVERS_MAX {
            return Err(Usage::of(
                words::RESOLVE_SERVERS,
                &[("most", &limits::RESOLVE_SERVERS_MAX)],
            ));
        }
        for text in &servers {
            let server = server(text, usual)?;
            if !args.servers.contains(&server) {
                args.servers.push(server);
            }
        }
        let secured = args.servers.iter().any(ServerWord::is_secured);
        let scheme = if secured { Scheme::Tls } else { Scheme::Tcp };
        let mut address = Address::new(scheme, Target::Stdio);
        tls.fill(&mut [&mut address])?;
        args.trust = Settings::of(&address.options);
        if port.is_some() && servers.is_empty() && self.root.is_empty() {
            return Err(Usage::new(words::RESOLVE_PORT));
        }
        if args.trace.is_some() {
            if !args.servers.is_empty() {
                return Err(Usage::new(words::RESOLVE_WALK));
            }
            if !has_timeout {
                args.timeout = limits::RESOLVE_TRACE_TIMEOUT;
            }
        }
        Ok(args)
    }
}

impl ResolveArgs {
    /// An option as dig has it, without its plus.
    fn take_option_of_dig(&mut self, option: &str) -> Result<(), Usage> {
        match option {
            "short" => self.short = true,
            "json" => self.json = true,
            "tcp" | "vc" => self.tcp = true,
            "norecurse" | "norec" | "nordflag" => self.recursion = false,
            // What is printed here, and how is asked here, anyway.
            "noall" | "answer" | "nocmd" | "nocomments" | "noquestion" | "nostats" | "recurse"
            | "rec" | "edns" | "nosplit" | "notcp" | "noshort" | "nodnssec" => {}
            "trace" => {
                self.trace.get_or_insert(Start::BuiltIn);
            }
            other => {
                if let Some(seconds) = other
                    .strip_prefix("time=")
                    .or(other.strip_prefix("timeout="))
                {
                    self.timeout = some_time(seconds).map_err(|why| {
                        Usage::new(Wording::made(|language| {
                            format!("+{}: {}", escape_name(other), why.say(language))
                        }))
                    })?;
                    return Ok(());
                }
                return Err(Usage::of(
                    words::RESOLVE_DIG,
                    &[
                        ("option", &escape_name(other)),
                        ("timeout", &duration_text(self.timeout)),
                    ],
                ));
            }
        }
        Ok(())
    }
}

/// Which word is the name: the one that is no type, wherever it stands; where all could be types, the first.
fn name_and_types(words: Vec<String>) -> Result<(String, Vec<String>), Usage> {
    let is_type = |word: &String| type_named(word).is_some() || is_all(word) || is_class(word);
    let mut others = words.iter().filter(|word| !is_type(word));
    let name = match (others.next(), others.next()) {
        (Some(_), Some(second)) => {
            return Err(Usage::of(
                words::RESOLVE_TWO_NAMES,
                &[("word", &format_args!("{second:?}"))],
            ));
        }
        (Some(name), None) => name,
        (None, _) => match words.first() {
            Some(first) => first,
            None => return Err(Usage::new(words::RESOLVE_NO_NAME)),
        },
    }
    .clone();
    let at = words.iter().position(|word| *word == name);
    let types = words
        .into_iter()
        .enumerate()
        .filter_map(|(index, word)| (Some(index) != at).then_some(word));
    Ok((name, types.collect()))
}

fn address(text: &str) -> Result<IpAddr, Wording> {
    without_zone(text)
        .parse()
        .map_err(|_| words::WANTS_IP.into())
}

fn is_all(word: &str) -> bool {
    word.eq_ignore_ascii_case("all")
}

/// The one class that is asked for: dig lets it be named.
fn is_class(word: &str) -> bool {
    word.eq_ignore_ascii_case("IN")
}

fn kinds(words: &[String], wanted: &Wanted) -> Result<Vec<RecordType>, Usage> {
    let mut kinds = Vec::new();
    for word in words {
        if is_all(word) {
            kinds.extend(USUAL);
        } else if let Some(kind) = type_named(word) {
            if matches!(u16::from(kind), 41 | 249 | 250 | 251 | 252) {
                return Err(Usage::of(
                    words::RESOLVE_NO_RECORD,
                    &[("word", &word.to_uppercase())],
                ));
            }
            kinds.push(kind);
        } else if !is_class(word) {
            return Err(Usage::of(
                words::RESOLVE_NO_TYPE,
                &[("word", &format_args!("{word:?}"))],
            ));
        }
    }
    if kinds.is_empty() {
        kinds = match wanted {
            Wanted::Name(_) => vec![RecordType::A, RecordType::AAAA],
            Wanted::Address(_) => vec![RecordType::PTR],
        };
    }
    let mut once: Vec<RecordType> = Vec::new();
    for kind in kinds {
        if !once.contains(&kind) {
            once.push(kind);
        }
    }
    if once.len() > limits::RESOLVE_TYPES_MAX {
        return Err(Usage::of(
            words::RESOLVE_TYPES,
            &[("most", &limits::RESOLVE_TYPES_MAX)],
        ));
    }
    Ok(once)
}

/// What a word names: an address, or a name, each of them in a URL or with a port behind it too.
fn wanted(word: &str) -> Result<(String, Wanted), Usage> {
    let host = host_of(word);
    if let Ok(address) = without_zone(host).parse::<IpAddr>() {
        return Ok((host.to_owned(), Wanted::Address(address)));
    }
    match read_name(host) {
        Ok(name) => Ok((host.to_owned(), Wanted::Name(name))),
        Err(why) => Err(Usage::of(
            words::RESOLVE_BAD_NAME,
            &[("word", &format_args!("{host:?}")), ("why", &why)],
        )),
    }
}

/// An IPv6 address without its zone, which DNS knows nothing of; anything else as it is.
fn without_zone(text: &str) -> &str {
    match text.split_once('%') {
        Some((address, _)) if address.parse::<std::net::Ipv6Addr>().is_ok() => address,
        _ => text,
    }
}

/// The host of a URL, also of one without its scheme, or of HOST:PORT; anything else as it is.
fn host_of(word: &str) -> &str {
    let authority = match word.split_once("://") {
        Some((_, rest)) => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host)
        }
        None if may_be_pasted(word) => {
            let authority = word.split('/').next().unwrap_or(word);
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host)
        }
        None => word,
    };
    if let Some(rest) = authority.strip_prefix('[')
        && let Some((address, _port)) = rest.split_once(']')
    {
        return address;
    }
    match authority.rsplit_once(':') {
        Some((host, port))
            if !host.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            host
        }
        _ => authority,
    }
}

/// Whether a slash or an @ are no part of the name: they are in the names of parts of a network (RFC 2317), or with a
/// backslash before them.
fn may_be_pasted(word: &str) -> bool {
    let name = word.trim_end_matches('.').to_ascii_lowercase();
    !name.ends_with(".arpa") && !word.contains('\\') && !word.starts_with('/')
}

/// The number of a port, or of a service; `None` for what is neither.
fn port_of(text: &str, transport: Transport) -> Result<Option<u16>, Usage> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.parse() {
            Ok(port @ 1..) => Ok(Some(port)),
            Ok(_) => Ok(None),
            Err(_) => Err(Usage::of(words::RESOLVE_PORT_BIG, &[("port", &text)])),
        };
    }
    let protocol = match transport {
        Transport::Udp => Protocol::Udp,
        Transport::Tcp | Transport::Tls => Protocol::Tcp,
    };
    Ok(Services::of_this_machine().port(text, protocol))
}

fn no_port(text: &str) -> Usage {
    Usage::of(
        words::RESOLVE_NO_PORT,
        &[("port", &format_args!("{text:?}"))],
    )
}

/// A server to ask; `usual` is its port where it names none.
fn server(text: &str, usual: Option<u16>) -> Result<ServerWord, Usage> {
    let (scheme, target) = match text.find("://") {
        Some(at) => text.split_at(at + 3),
        None => ("", text),
    };
    // BIND's way to write it.
    if let Some((address, port)) = target.rsplit_once('#') {
        let address = match address.contains(':') && !address.ends_with(']') {
            true => format!("[{address}]"),
            false => address.to_owned(),
        };
        return server(&format!("{scheme}{address}:{port}"), usual);
    }
    let port = match target.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => Some((host, port)),
        _ => None,
    };
    if let Some((host, port)) = port
        && !port.bytes().all(|byte| byte.is_ascii_digit())
    {
        let transport = match scheme {
            "tcp://" => Transport::Tcp,
            "tls://" => Transport::Tls,
            _ => Transport::Udp,
        };
        let number = port_of(port, transport)?.ok_or_else(|| no_port(port))?;
        return server(&format!("{scheme}{host}:{number}"), usual);
    }
    if let Some((_, port)) = port {
        port_of(port, Transport::Udp)?;
    }
    let error = match text.parse::<Server>() {
        Ok(mut server) => {
            if let (Some(usual), None) = (usual, port) {
                server.address.set_port(usual);
            }
            return Ok(ServerWord::Address(server));
        }
        Err(NotAServer(text)) => Usage::new(NotAServer(text).to_string()),
    };
    let (transport, target) = match text.split_once("://") {
        Some(("udp", target)) => (Transport::Udp, target),
        Some(("tcp", target)) => (Transport::Tcp, target),
        Some(("tls", target)) => (Transport::Tls, target),
        Some(_) => return Err(error),
        None => (Transport::Udp, text),
    };
    let (name, port) = match target.split_once(':') {
        Some((name, port)) => match port.parse() {
            Ok(port @ 1..) => (name, port),
            _ => return Err(error),
        },
        None => (target, usual.unwrap_or(transport.usual_port())),
    };
    // Digits and dots alone are an address gone wrong.
    let is_name = read_name(name).is_ok() && name.contains(|c: char| c.is_alphabetic());
    if !is_name || name.contains(['/', '[', ']']) {
        return Err(error);
    }
    Ok(ServerWord::Host {
        name: name.to_owned(),
        transport,
        port,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Asked, tests::meant};
    use sockeye_names::{name_text, type_name};

    fn resolve(line: &str) -> Result<ResolveArgs, String> {
        match meant(&format!("resolve {line}"))? {
            Asked::Resolve(args) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    /// What is asked for, in one line.
    fn asked(line: &str) -> String {
        let args = resolve(line).unwrap();
        let kinds: Vec<_> = args.kinds.iter().map(|kind| type_name(*kind)).collect();
        format!("{} {}", name_text(&args.wanted.name()), kinds.join(" "))
    }

    #[test]
    fn name_and_types_come_in_any_order() {
        for (line, meant) in [
            ("example.org", "example.org. A AAAA"),
            ("example.org mx TXT", "example.org. MX TXT"),
            ("MX example.org", "example.org. MX"),
            ("IN MX example.org", "example.org. MX"),
            ("example.org TYPE65 type257", "example.org. HTTPS CAA"),
            (
                "example.org all",
                "example.org. A AAAA MX NS TXT SOA CAA HTTPS",
            ),
            ("example.org a A mx a", "example.org. A MX"),
            ("mx", "mx. A AAAA"),
            ("mx ns", "mx. NS"),
            (". NS", ". NS"),
            ("any example.org", "example.org. ANY"),
        ] {
            assert_eq!(asked(line), meant, "{line}");
        }
    }

    #[test]
    fn an_address_is_looked_up_in_reverse() {
        for (line, meant) in [
            ("192.0.2.1", "1.2.0.192.in-addr.arpa. PTR"),
            ("-x 192.0.2.1", "1.2.0.192.in-addr.arpa. PTR"),
            ("192.0.2.1:53", "1.2.0.192.in-addr.arpa. PTR"),
            (
                "fe80::1%lo",
                "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa. PTR",
            ),
            (
                "http://[2001:db8::1]:80/x",
                "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR",
            ),
            (
                "::1 SOA",
                "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa. SOA",
            ),
        ] {
            assert_eq!(asked(line), meant, "{line}");
        }
    }

    #[test]
    fn a_pasted_url_stands_for_its_host() {
        for line in [
            "https://example.org:8443/path",
            "https://example.org",
            "ws://user:p@ss@example.org/?q=a@b:1",
            "example.org:443",
            "example.org/",
            "user@example.org",
            "user:p@ss@example.org:8443/path?q=1",
        ] {
            assert_eq!(asked(line), "example.org. A AAAA", "{line}");
        }
    }

    #[test]
    fn the_words_of_dig_are_understood_in_any_order() {
        let args =
            resolve("@127.0.0.1 +short +tcp +norecurse +time=3 +noall +answer example.org MX")
                .unwrap();
        assert!(args.short && args.tcp && !args.recursion);
        assert_eq!(args.timeout, Duration::from_secs(3));
        let server = ServerWord::Address("127.0.0.1".parse().unwrap());
        assert_eq!(args.servers.as_slice(), std::slice::from_ref(&server));
        assert_eq!(
            resolve("MX example.org @127.0.0.1:53").unwrap().servers,
            [server]
        );
        assert_eq!(resolve("+trace x").unwrap().trace, Some(Start::BuiltIn));
        assert!(resolve("+nsid x").unwrap_err().contains("+nsid"));
    }

    #[test]
    fn a_name_of_a_part_of_a_network_keeps_its_slash() {
        assert_eq!(
            asked("0/25.2.0.192.in-addr.arpa PTR"),
            "0/25.2.0.192.in-addr.arpa. PTR"
        );
    }

    #[test]
    fn a_port_is_a_number_or_a_service_and_goes_where_dig_has_it() {
        for (line, meant) in [
            ("--server 127.0.0.4:domain x", "udp://127.0.0.4:53"),
            ("--server tcp://[::1]:domain x", "tcp://[::1]:53"),
            ("@127.0.0.4#7053 x", "udp://127.0.0.4:7053"),
            ("@::1#7053 x", "udp://[::1]:7053"),
            ("@127.0.0.4 -p 7053 x", "udp://127.0.0.4:7053"),
            ("-p 7053 @127.0.0.4:54 x", "udp://127.0.0.4:54"),
            ("@tcp://::1 -p 7053 x", "tcp://[::1]:7053"),
            ("@fe80::1%lo x", "udp://[fe80::1%1]:53"),
            ("@[fe80::1%lo] x -p 54", "udp://[fe80::1%1]:54"),
        ] {
            let servers = resolve(line).unwrap().servers;
            let [ServerWord::Address(server)] = servers.as_slice() else {
                panic!("{line}: {servers:?}")
            };
            assert_eq!(server.to_string(), meant, "{line}");
        }
        for (line, word) in [
            ("--server 127.0.0.4:99999 x", "99999 is too big"),
            ("@127.0.0.4 -p 99999 x", "99999 is too big"),
            ("@127.0.0.4 -p nonesuch x", "is no port"),
            ("-p 7053 x", "none is named"),
            ("-t MXX x", "MXX"),
        ] {
            let error = resolve(line).unwrap_err();
            assert!(error.contains(word), "{line}: {error}");
        }
        assert_eq!(asked("-t mx x -4"), "x. MX");
        let roots = resolve("--root localhost:7053 x").unwrap().trace;
        let named = ServerWord::Host {
            name: "localhost".into(),
            transport: Transport::Udp,
            port: 7053,
        };
        assert_eq!(roots, Some(Start::At(vec![named])));
    }

    #[test]
    fn servers_are_addresses_or_names_with_a_port() {
        let args =
            resolve("--server 127.0.0.1,tcp://[::1]:7053,dns.example:5353 -s udp://dns.example x")
                .unwrap();
        let host = |port| ServerWord::Host {
            name: "dns.example".into(),
            transport: Transport::Udp,
            port,
        };
        let address = |text: &str| ServerWord::Address(text.parse().unwrap());
        assert_eq!(
            args.servers,
            [
                address("127.0.0.1"),
                address("tcp://[::1]:7053"),
                host(5353),
                host(53)
            ]
        );
        // Over TLS it is 853, unless another is said.
        for (line, port) in [("tls://127.0.0.1", 853), ("tls://127.0.0.1 -p 8853", 8853)] {
            let args = resolve(&format!("x --server {line}")).unwrap();
            let server = Server {
                transport: Transport::Tls,
                address: ([127, 0, 0, 1], port).into(),
            };
            assert_eq!(args.servers, [ServerWord::Address(server)], "{line}");
        }
        for wrong in [
            "quic://127.0.0.1",
            "127.0.0.256",
            "127.0.0.1:0",
            "dns.example:x",
            "",
            "dns.example/",
        ] {
            assert!(resolve(&format!("--server={wrong} x")).is_err(), "{wrong}");
        }
        let many = vec!["127.0.0.1"; limits::RESOLVE_SERVERS_MAX + 1].join(",");
        assert!(resolve(&format!("x --server {many}")).is_err());
    }

    #[test]
    fn what_cannot_be_asked_is_said() {
        for (line, word) in [
            ("", "NAME"),
            ("example.org MXX", "MXX"),
            ("example.org AXFR", "AXFR"),
            ("a..b", "a..b"),
            ("-x example.org", "wants an address"),
            ("--short --json x", "--json"),
            ("IN", "IN"),
        ] {
            let answer = resolve(line);
            if line == "IN" {
                assert!(answer.is_ok());
            } else {
                assert!(answer.unwrap_err().contains(word), "{line}");
            }
        }
    }
}
