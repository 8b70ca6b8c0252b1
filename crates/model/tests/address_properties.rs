//! What holds for every address: it prints and parses back, and no text makes the parser panic.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use sockeye_model::{
    Address, BindTo, Host, OptionName, Options, Port, SCHEMES, Scheme, SocketOption, Target,
    UnixName,
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

fn bind_to(scheme: Scheme) -> BoxedStrategy<BindTo> {
    if scheme.is_unix() {
        return unix_name().prop_map(BindTo::Unix).boxed();
    }
    (host(), option::of(port()))
        .prop_filter("some of both", |(host, port)| {
            *host != Host::Empty || port.is_some()
        })
        .prop_map(|(host, port)| BindTo::Inet { host, port })
        .boxed()
}

fn value(scheme: Scheme, option: OptionName, number: u32) -> BoxedStrategy<SocketOption> {
    let byte = number as u8;
    let bytes = (number as usize % 0x7fff_ffff) + 1;
    match option {
        OptionName::Bind => return bind_to(scheme).prop_map(SocketOption::Bind).boxed(),
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
        OptionName::Append => Just(SocketOption::Append),
        OptionName::Excl => Just(SocketOption::Excl),
    }
    .boxed()
}

fn options(scheme: Scheme) -> BoxedStrategy<Options> {
    let names = scheme.row().options;
    if names.is_empty() {
        return Just(Options::new()).boxed();
    }
    btree_map(proptest::sample::select(names), any::<u32>(), 0..5)
        .prop_flat_map(move |chosen| {
            let values: Vec<_> = chosen
                .into_iter()
                .map(|(name, number)| value(scheme, name, number))
                .collect();
            values.prop_map(|values| values.into_iter().collect())
        })
        .boxed()
}

fn address() -> impl Strategy<Value = Address> {
    proptest::sample::select(SCHEMES)
        .prop_map(|row| row.scheme)
        .prop_flat_map(|scheme| (Just(scheme), target(scheme), options(scheme)))
        .prop_map(|(scheme, target, options)| Address {
            scheme,
            target,
            options,
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
        text in "(tcp|udp|unix|unix-dgram|file|exec|fd|stdio|-|http|TCP-LISTEN|tpc)?:?(//)?([\\[\\]:%@#,=/ '\"\\\\0-9a-f]|::1|lo|bind|ttl|mode|%2[0-9a-f]|6553[0-9]){0,12}"
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
