//! What holds for every address: it prints and parses back, and no text makes the parser panic.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use sockeye_model::{
    Address, BindTo, Host, OptionName, Options, Port, SCHEMES, Scheme, SocketOption, Target,
    TlsVersion, UnixName,
};

#[path = "../../../fuzz/properties/address.rs"]
mod property;

fn host() -> impl Strategy<Value = Host> {
    let v6 = (
        any::<std::net::Ipv6Addr>(),
        option::of("[a-z0-9._%~-]{1,15}"),
    )
        .prop_filter("an interface", |(_, zone)| {
            !zone
                .as_deref()
                .is_some_and(|zone| zone.contains('%') || zone == "." || zone == "..")
        })
        .prop_map(|(address, zone)| Host::V6 { address, zone });
    let name = "[a-zA-Z_é][a-zA-Z0-9_é-]{0,20}(\\.[a-z0-9-]{1,9}){0,3}\\.?"
        .prop_filter("any is every interface", |name: &String| {
            !name.eq_ignore_ascii_case("any")
        })
        .prop_map(Host::Name);
    prop_oneof![
        Just(Host::Empty),
        Just(Host::Any),
        name,
        any::<std::net::Ipv4Addr>().prop_map(Host::V4),
        v6,
    ]
}

fn port() -> impl Strategy<Value = Port> {
    prop_oneof![
        any::<u16>().prop_map(Port::Number),
        "[0-9]{0,3}[a-zA-Z][a-zA-Z0-9._+-]{0,15}".prop_map(Port::Service),
    ]
}

/// Bytes that a name may have, with more of those that mean something in an address.
fn bytes(from: u8, most: usize) -> impl Strategy<Value = Vec<u8>> {
    let special = proptest::sample::select(b"%#@/,:=? '\"\\ab09F\n\x7f\xff".to_vec());
    let utf8 = any::<char>()
        .prop_filter("above the least byte", move |c| {
            *c as u32 >= u32::from(from)
        })
        .prop_map(|c| c.to_string().into_bytes());
    let piece = prop_oneof![
        4 => special.prop_map(|byte| vec![byte]),
        1 => (from..=255).prop_map(|byte| vec![byte]),
        1 => utf8,
    ];
    vec(piece, 1..40).prop_map(move |pieces| {
        let mut bytes = pieces.concat();
        bytes.truncate(most);
        bytes
    })
}

fn path() -> impl Strategy<Value = PathBuf> {
    bytes(1, 4096).prop_map(|bytes| OsString::from_vec(bytes).into())
}

fn unix_name() -> impl Strategy<Value = UnixName> {
    prop_oneof![
        path().prop_map(UnixName::Path),
        bytes(0, 107).prop_map(UnixName::Abstract),
    ]
}

fn target(scheme: Scheme) -> BoxedStrategy<Target> {
    match scheme {
        Scheme::Tcp | Scheme::Udp => (host(), port())
            .prop_map(|(host, port)| Target::Inet { host, port })
            .boxed(),
        Scheme::Tls | Scheme::Ws | Scheme::Wss => prop_oneof![
            (host(), port()).prop_map(|(host, port)| Target::Inet { host, port }),
            unix_name().prop_map(Target::Unix),
        ]
        .boxed(),
        Scheme::Icmp | Scheme::Raw => host()
            .prop_filter("a host", |host| *host != Host::Empty)
            .prop_map(Target::Host)
            .boxed(),
        Scheme::Unix | Scheme::UnixDgram | Scheme::UnixSeqpacket => {
            unix_name().prop_map(Target::Unix).boxed()
        }
        Scheme::Stdio => Just(Target::Stdio).boxed(),
        Scheme::File => path().prop_map(Target::File).boxed(),
        Scheme::Exec => vec("[^\0]{0,3}|[a-z#%/'\"\\\\ $|-]{0,12}", 1..5)
            .prop_map(Target::Exec)
            .boxed(),
        Scheme::Fd => (0..=i32::MAX).prop_map(Target::Fd).boxed(),
    }
}

fn bind_to(over: Scheme) -> BoxedStrategy<BindTo> {
    if over.is_unix() {
        return unix_name().prop_map(BindTo::Unix).boxed();
    }
    let port = if over.is_portless() {
        Just(None).boxed()
    } else {
        option::of(port()).boxed()
    };
    (host(), port)
        .prop_filter("some of both", |(host, port)| {
            *host != Host::Empty || port.is_some()
        })
        .prop_map(|(host, port)| BindTo::Inet { host, port })
        .boxed()
}

/// One to three names, none there twice.
fn names(pattern: &'static str) -> impl Strategy<Value = Vec<String>> {
    proptest::collection::hash_set(pattern, 1..4).prop_map(|names| names.into_iter().collect())
}

/// The options whose value is more than a number.
fn text(option: OptionName, over: Scheme, number: u32) -> Option<BoxedStrategy<SocketOption>> {
    let file = |of: fn(PathBuf) -> SocketOption| path().prop_map(of).boxed();
    Some(match option {
        OptionName::Sni => "[a-zA-Z_é][a-zA-Z0-9_é-]{0,20}(\\.[a-z0-9-]{1,9}){0,3}\\.?"
            .prop_filter("any is every interface", |name: &String| {
                !name.eq_ignore_ascii_case("any")
            })
            .prop_map(SocketOption::Sni)
            .boxed(),
        OptionName::Alpn => names("[!-~]{1,20}").prop_map(SocketOption::Alpn).boxed(),
        OptionName::Subprotocol => names("[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,20}")
            .prop_map(SocketOption::Subprotocol)
            .boxed(),
        OptionName::Origin => {
            names("[a-z][a-z0-9+.-]{0,5}://([a-z0-9.-]{1,9}|\\[::1\\])(:[0-9]{1,5})?|null")
                .prop_map(SocketOption::Origin)
                .boxed()
        }
        OptionName::Ca => file(SocketOption::Ca),
        OptionName::Cert => file(SocketOption::Cert),
        OptionName::Key => file(SocketOption::Key),
        OptionName::ClientCa => file(SocketOption::ClientCa),
        OptionName::Keylog => file(SocketOption::Keylog),
        OptionName::Header => file(SocketOption::Header),
        OptionName::Auth => file(SocketOption::Auth),
        OptionName::Pin => any::<[u8; 32]>().prop_map(SocketOption::Pin).boxed(),
        OptionName::Tls if number & 1 == 0 => Just(SocketOption::Tls(TlsVersion::V12)).boxed(),
        OptionName::Tls => Just(SocketOption::Tls(TlsVersion::V13)).boxed(),
        OptionName::Ping => {
            let time = Duration::from_millis(u64::from(number) % 86_400_000 + 1);
            Just(SocketOption::Ping(time)).boxed()
        }
        // In an option the comma would end it.
        OptionName::Path if over.is_unix() => "/([a-z0-9._~!$&'()*+;=:@/?-]|%[0-9a-fA-F]{2}){1,20}"
            .prop_map(SocketOption::Path)
            .boxed(),
        OptionName::Path => "/([a-z0-9._~!$&'()*+,;=:@/?-]|%[0-9a-fA-F]{2}){1,20}"
            .prop_map(SocketOption::Path)
            .boxed(),
        _ => return None,
    })
}

fn value(over: Scheme, option: OptionName, number: u32) -> BoxedStrategy<SocketOption> {
    if let Some(text) = text(option, over, number) {
        return text;
    }
    let byte = number as u8;
    let bytes = (number as usize % 0x7fff_ffff) + 1;
    match option {
        OptionName::Bind => return bind_to(over).prop_map(SocketOption::Bind).boxed(),
        OptionName::Interface => {
            return "[a-z][a-z0-9.@_-]{0,14}"
                .prop_map(SocketOption::Interface)
                .boxed();
        }
        OptionName::Reuseaddr => Just(SocketOption::Reuseaddr),
        OptionName::Reuseport => Just(SocketOption::Reuseport),
        OptionName::V6only => Just(SocketOption::V6only),
        OptionName::Backlog => Just(SocketOption::Backlog(number >> 1)),
        OptionName::Mode => Just(SocketOption::Mode(number & 0o7777)),
        OptionName::Nodelay => Just(SocketOption::Nodelay),
        OptionName::Keepalive => Just(SocketOption::Keepalive),
        OptionName::Linger => Just(SocketOption::Linger(number as u16)),
        OptionName::Broadcast => Just(SocketOption::Broadcast),
        OptionName::MulticastTtl => Just(SocketOption::MulticastTtl(byte)),
        OptionName::MulticastLoop => Just(SocketOption::MulticastLoop(number & 1 == 1)),
        OptionName::Sndbuf => Just(SocketOption::Sndbuf(bytes)),
        OptionName::Rcvbuf => Just(SocketOption::Rcvbuf(bytes)),
        OptionName::Ttl => Just(SocketOption::Ttl(byte.max(1))),
        OptionName::Tos => Just(SocketOption::Tos(byte)),
        OptionName::Mark => Just(SocketOption::Mark(number)),
        OptionName::Protocol => Just(SocketOption::Protocol(byte)),
        OptionName::Hdrincl => Just(SocketOption::Hdrincl),
        OptionName::Insecure => Just(SocketOption::Insecure),
        OptionName::Deflate => Just(SocketOption::Deflate),
        OptionName::MaxMessage => Just(SocketOption::MaxMessage(bytes)),
        OptionName::Sni
        | OptionName::Alpn
        | OptionName::Ca
        | OptionName::Pin
        | OptionName::Cert
        | OptionName::Key
        | OptionName::ClientCa
        | OptionName::Keylog
        | OptionName::Tls
        | OptionName::Path
        | OptionName::Subprotocol
        | OptionName::Origin
        | OptionName::Header
        | OptionName::Auth
        | OptionName::Ping => unreachable!("{option} is no number"),
        OptionName::Append => Just(SocketOption::Append),
        OptionName::Excl => Just(SocketOption::Excl),
    }
    .boxed()
}

fn options(scheme: Scheme, over: Scheme) -> BoxedStrategy<Options> {
    let of = |scheme: Scheme, name: &OptionName| scheme.row().options.contains(name);
    let elsewhere =
        |name: &OptionName| !of(over, name) && (of(Scheme::Tcp, name) || of(Scheme::Unix, name));
    let names: Vec<OptionName> = scheme
        .row()
        .options
        .iter()
        .filter(|name| over == scheme || !elsewhere(name))
        .copied()
        .collect();
    if names.is_empty() {
        return Just(Options::new()).boxed();
    }
    btree_map(proptest::sample::select(names), any::<u32>(), 0..5)
        .prop_flat_map(move |chosen| {
            let values: Vec<_> = chosen
                .into_iter()
                .map(|(name, number)| value(over, name, number))
                .collect();
            values.prop_map(|values| values.into_iter().collect())
        })
        .boxed()
}

fn address() -> impl Strategy<Value = Address> {
    proptest::sample::select(SCHEMES)
        .prop_map(|row| row.scheme)
        .prop_flat_map(|scheme| (Just(scheme), target(scheme)))
        .prop_flat_map(|(scheme, target)| {
            let over = Address::new(scheme, target.clone()).transport();
            (
                Just(scheme),
                Just(target),
                options(scheme, over),
                any::<u8>(),
            )
        })
        .prop_map(|(scheme, target, mut options, number)| {
            if scheme == Scheme::Raw {
                options.insert(SocketOption::Protocol(number));
            }
            Address {
                scheme,
                target,
                options,
            }
        })
        .prop_filter("an abstract name has no permissions", |address| {
            let named = matches!(address.target, Target::Unix(UnixName::Abstract(_)));
            !(named && address.options.mode().is_some())
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn every_address_prints_and_parses_back(address in address()) {
        property::check_address(&address);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        property::check(&text);
    }

    #[test]
    fn no_text_of_the_grammars_own_pieces_makes_the_parser_panic(
        text in "(tcp|udp|unix|unix-dgram|tls|ws|wss|icmp|raw|file|exec|fd|stdio|-|http|TCP-LISTEN|tpc)?:?(//)?([\\[\\]:%@#,=/?+ '\"\\\\0-9a-f]|::1|lo|bind|ttl|mode|path|alpn|ping|%2[0-9a-f]|6553[0-9]){0,12}"
    ) {
        property::check(&text);
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the corpus of the fuzz target is files"
)]
fn the_corpus_of_the_fuzz_target_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/address");
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        if let Ok(text) = str::from_utf8(&bytes) {
            property::check(text);
            replayed += 1;
        }
    }
    assert!(replayed >= 40, "only {replayed} in {}", folder.display());
}
