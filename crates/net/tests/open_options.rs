//! Every option of an address that is a socket's is set on the socket, told, and really there.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod open_scene;

use open_scene::{Folder, Kept, address, in_loop, quiet, silent};
use sockeye_model::{
    Call, Errno, OptionName, SCHEMES, Scheme, SchemeRow, SocketOption, option::OptionValue,
};
use sockeye_net::{AsyncSocket, Dialing, Family, Listening, Socket, Tap, Type, dial, listen};

/// An option's word with a value that is not the kernel's default; `None` for what no socket has.
fn example(name: OptionName) -> Option<String> {
    let value = match name {
        name if !name.is_of_sockets() => return None,
        OptionName::Interface => "lo",
        OptionName::Linger => "7",
        OptionName::MulticastTtl => "5",
        OptionName::MulticastLoop => "0",
        OptionName::Sndbuf => "20000",
        OptionName::Rcvbuf => "30000",
        OptionName::Ttl => "9",
        OptionName::Tos => "0x10",
        OptionName::Mark => "0x2a",
        flag => {
            assert_eq!(flag.row().value, OptionValue::None);
            return Some(flag.name().to_owned());
        }
    };
    Some(format!("{name}={value}"))
}

/// What getsockopt(2) should say of it.
fn expected(option: &SocketOption) -> SocketOption {
    match option {
        SocketOption::Sndbuf(bytes) => SocketOption::Sndbuf(bytes * 2),
        SocketOption::Rcvbuf(bytes) => SocketOption::Rcvbuf(bytes * 2),
        other => other.clone(),
    }
}

fn assert_has(socket: &AsyncSocket, option: &SocketOption) {
    let found = socket.option(option.name()).unwrap();
    assert_eq!(found, Some(expected(option)), "{socket:?}");
}

fn may_mark() -> bool {
    let socket = Socket::new(Family::Inet, Type::Stream).unwrap();
    socket.set_option(&SocketOption::Mark(1)).is_ok()
}

#[test]
fn every_option_of_every_scheme_is_set_on_clients_and_servers() {
    let folder = Folder::new("options");
    let mark = may_mark();
    let mut seen = 0;
    in_loop(async {
        // What runs over another scheme's socket has its options.
        let own = |row: &&SchemeRow| row.can_listen && !row.scheme.is_layered();
        for row in SCHEMES.iter().filter(own) {
            for name in row.options {
                let Some(word) = example(*name) else { continue };
                if *name == OptionName::Mark && !mark {
                    println!("skipped: mark needs CAP_NET_ADMIN");
                    assert!(std::env::var_os("SOCKEYE_NO_SKIP").is_none());
                    continue;
                }
                let hosts = match row.scheme {
                    Scheme::Tcp | Scheme::Udp => vec!["//127.0.0.1:0", "//[::1]:0"],
                    _ => vec![folder.0.to_str().unwrap()],
                };
                for host in hosts {
                    let host = match row.scheme.is_unix() {
                        true => format!("{host}/{name}"),
                        false => host.to_owned(),
                    };
                    if *name == OptionName::V6only && !host.contains("::") {
                        continue;
                    }
                    let text = format!("{}:{host}#{word}", row.name);
                    let listener = listen(&address(&text), &silent())
                        .await
                        .unwrap_or_else(|error| panic!("{text}: {error}"));
                    let option = address(&text).options.get(*name).unwrap().clone();
                    assert_has(&listener.sockets()[0], &option);
                    let mut peer = address(&text);
                    if let Some(inet) = listener.local_addresses()[0].inet() {
                        let options = peer.options;
                        peer = sockeye_model::Address::from_socket_addr(row.scheme, inet);
                        peer.options = options;
                    }
                    let client = dial(&peer, &quiet())
                        .await
                        .unwrap_or_else(|error| panic!("{text}: {error}"));
                    assert_has(&client.socket, &option);
                    seen += 1;
                }
            }
        }
    });
    assert!(seen > 40, "{seen}");
}

#[test]
fn each_option_is_one_event_in_the_manuals_words_before_bind_and_connect() {
    let (kept, tap, viewer) = Kept::start();
    in_loop(async {
        let listener = listen(
            &address("[::1]:0#ttl=9,v6only"),
            &Listening::new(tap.clone()),
        )
        .await
        .unwrap();
        let local = &listener.local_addresses()[0];
        let target = address(&format!("{local}#bind=[::1],sndbuf=20k,tos=16,linger=0"));
        dial(&target, &Dialing::new(tap.clone())).await.unwrap();
    });
    assert_eq!(
        kept.story(viewer),
        "#1 socket, #1 IPV6_V6ONLY=1, #1 IPV6_UNICAST_HOPS=9, #1 SO_REUSEADDR=1, #1 bound(::1), #1 listening, \
         #2 socket, #2 SO_LINGER=0, #2 SO_SNDBUF=20480, #2 IPV6_TCLASS=0x10, #2 bound(::1), #2 connecting(::1), \
         #2 connected(::1), #2 closed, #1 closed"
    );
}

#[test]
fn an_option_that_fails_is_told_and_the_error_names_the_call() {
    let (kept, tap, viewer) = Kept::start();
    {
        let socket = Socket::with_protocol(
            Family::Unix,
            Type::Stream,
            sockeye_net::Protocol::DEFAULT,
            &tap,
        )
        .unwrap();
        let error = socket.set_option(&SocketOption::Nodelay).unwrap_err();
        assert_eq!(
            (error.call, error.errno()),
            (Call::SetSockOpt, Errno::EOPNOTSUPP)
        );
        let error = socket.set_option(&SocketOption::Backlog(1)).unwrap_err();
        assert_eq!(error.errno(), Errno::EINVAL);
        assert_eq!(
            socket.option(OptionName::Append).unwrap_err().errno(),
            Errno::EINVAL
        );
    }
    drop(tap);
    assert_eq!(
        kept.story(viewer),
        "#1 socket, #1 failed(setsockopt,EOPNOTSUPP), #1 failed(setsockopt,EINVAL), #1 closed"
    );
}

#[test]
fn an_option_that_is_off_reads_as_none() {
    let socket = Socket::with_protocol(
        Family::Inet,
        Type::Stream,
        sockeye_net::Protocol::DEFAULT,
        &Tap::off(),
    )
    .unwrap();
    for name in [
        OptionName::Nodelay,
        OptionName::Keepalive,
        OptionName::Linger,
        OptionName::Interface,
        OptionName::Reuseport,
    ] {
        assert_eq!(socket.option(name).unwrap(), None, "{name}");
    }
}
