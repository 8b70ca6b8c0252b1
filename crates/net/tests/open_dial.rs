//! Opening a client's socket: every address of a name, one deadline, tries that are told.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

mod open_scene;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use open_scene::{Asked, Closed, Dead, Kept, Knows, address, in_loop, ipv4_only_server, quiet};
use sockeye_model::{Call, Errno, SocketAddress};
use sockeye_net::{
    Dialing, Family, NameError, OpenError, Resolve, Resolving, Socket, SystemResolver, Tap, Type,
    Unusable, dial,
};

fn tcp(port: u16) -> sockeye_model::Address {
    address(&format!("tcp://name.example:{port}"))
}

#[test]
fn a_dial_by_name_tells_the_look_up_then_the_socket_then_the_connect() {
    let (kept, tap, viewer) = Kept::start();
    in_loop(async {
        let (_server, port) = ipv4_only_server();
        let how = Knows::dialing(&["127.0.0.1"], tap.clone());
        let target = address(&format!("tcp://name.example:{port}#nodelay,bind=127.0.0.1"));
        dial(&target, &how).await.unwrap();
    });
    assert_eq!(
        kept.story(viewer),
        "#0 name.example=127.0.0.1, #1 socket, #1 TCP_NODELAY=1, #1 bound(127.0.0.1), \
         #1 connecting(127.0.0.1), #1 connected(127.0.0.1), #1 closed"
    );
}

#[test]
fn after_a_refusal_the_next_address_is_tried_at_once_and_ipv6_comes_first() {
    let (kept, tap, viewer) = Kept::start();
    in_loop(async {
        let (_server, port) = ipv4_only_server();
        let how = Knows::dialing(&["127.0.0.1", "::1"], tap.clone());
        let dialed = dial(&tcp(port), &how).await.unwrap();
        let peer = dialed.socket.peer_address().unwrap();
        assert_eq!(peer.inet().unwrap().ip(), Ipv4Addr::LOCALHOST);
    });
    assert_eq!(
        kept.story(viewer),
        "#0 name.example=::1+127.0.0.1, #1 socket, #1 connecting(::1), #1 failed(connect,ECONNREFUSED), \
         #1 closed, #2 socket, #2 connecting(127.0.0.1), #2 connected(127.0.0.1), #2 closed"
    );
}

#[test]
fn many_addresses_that_refuse_cost_no_quarter_of_a_second_each() {
    let refusing: Vec<_> = (2..42).map(|last| format!("127.0.0.{last}")).collect();
    let refusing: Vec<_> = refusing.iter().map(String::as_str).collect();
    let began = Instant::now();
    let how = Knows::dialing(&refusing, Tap::off());
    let closed = Closed::new();
    let error = in_loop(async { dial(&tcp(closed.port), &how).await.unwrap_err() });
    assert_eq!(error.failures().len(), 40, "{error}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_silent_first_address_costs_a_quarter_of_a_second_and_its_socket_is_closed() {
    let (kept, tap, viewer) = Kept::start();
    let (_server, port) = ipv4_only_server();
    let _dead = Dead::at("::1", port);
    let began = Instant::now();
    in_loop(async {
        let how = Knows::dialing(&["::1", "127.0.0.1"], tap.clone());
        dial(&tcp(port), &how).await.unwrap();
    });
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(250), "{took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(
        kept.story(viewer),
        "#0 name.example=::1+127.0.0.1, #1 socket, #1 connecting(::1), #2 socket, #2 connecting(127.0.0.1), \
         #2 connected(127.0.0.1), #1 failed(connect,ECANCELED), #1 closed, #2 closed"
    );
}

#[test]
fn an_empty_host_is_this_machine_in_both_families() {
    in_loop(async {
        let (_server, port) = ipv4_only_server();
        let dialed = dial(&address(&format!(":{port}")), &quiet()).await.unwrap();
        assert_eq!(
            dialed.socket.peer_address().unwrap().to_string(),
            format!("127.0.0.1:{port}")
        );
        let closed = Closed::new();
        let error = dial(&address(&format!(":{}", closed.port)), &quiet())
            .await
            .unwrap_err();
        assert_eq!(error.cause(), Some((Call::Connect, Errno::ECONNREFUSED)));
        assert_eq!(error.failures().len(), 2, "{error}");
    });
}

#[test]
fn the_deadline_ends_a_connect_that_nobody_answers_and_says_so() {
    let (kept, tap, viewer) = Kept::start();
    let dead = Dead::at("127.0.0.1", 0);
    let began = Instant::now();
    let error = in_loop(async {
        let how = Dialing {
            timeout: Duration::from_millis(150),
            ..Dialing::new(tap.clone())
        };
        dial(&address(&dead.local.to_string()), &how)
            .await
            .unwrap_err()
    });
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(error.cause(), Some((Call::Connect, Errno::ETIMEDOUT)));
    assert!(error.may_pass());
    assert_eq!(
        error.to_string(),
        format!(
            "connect to {}: Connection timed out (os error 110)",
            dead.local
        )
    );
    assert_eq!(
        kept.story(viewer),
        "#1 socket, #1 connecting(127.0.0.1), #1 failed(connect,ETIMEDOUT), #1 closed"
    );
}

#[test]
fn refused_is_said_only_if_all_refused_and_every_address_is_named() {
    let (_server, port) = ipv4_only_server();
    let _dead = Dead::at("::1", port);
    let how = Dialing {
        timeout: Duration::from_millis(400),
        ..Knows::dialing(&["::1", "127.0.0.2"], Tap::off())
    };
    let error = in_loop(async { dial(&tcp(port), &how).await.unwrap_err() });
    assert_eq!(error.cause(), Some((Call::Connect, Errno::ETIMEDOUT)));
    assert_eq!(
        error.to_string(),
        format!(
            "connect to name.example:{port}: 127.0.0.2:{port}: Connection refused (os error 111); \
             [::1]:{port}: Connection timed out (os error 110)"
        )
    );
}

struct Never;
impl Resolve for Never {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn a_look_up_without_an_answer_ends_at_the_same_deadline() {
    let (kept, tap, viewer) = Kept::start();
    let how = Dialing {
        timeout: Duration::from_millis(50),
        resolver: Arc::new(Never),
        ..Dialing::new(tap)
    };
    let error = in_loop(async { dial(&tcp(1), &how).await.unwrap_err() });
    drop(how);
    assert_eq!(error.cause(), Some((Call::Resolve, Errno::ETIMEDOUT)));
    assert_eq!(
        kept.story(viewer),
        "#0 waiting(getaddrinfo), #0 failed(getaddrinfo,ETIMEDOUT)"
    );
}

#[test]
fn no_such_name_and_no_name_server_are_two_answers() {
    for (errno, cause) in [
        (Errno::ENOENT, "no such name, or it has no address"),
        (
            Errno::EAGAIN,
            "no answer from the name servers now (EAI_AGAIN)",
        ),
    ] {
        let asked = Asked::new(move |_| Err(io::Error::from_raw_os_error(errno.0)));
        let how = Dialing {
            resolver: Arc::new(asked),
            ..quiet()
        };
        let error = in_loop(async { dial(&tcp(1), &how).await.unwrap_err() });
        assert_eq!(error.cause(), Some((Call::Resolve, errno)));
        assert_eq!(error.to_string(), format!("look up name.example: {cause}"));
    }
}

#[test]
fn a_server_that_is_not_there_yet_gets_the_tries_it_was_promised() {
    // Closed until it listens.
    let server = Socket::new(Family::Inet, Type::Stream).unwrap();
    let local = server.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let port = local.port().unwrap();
    let resolver = Arc::new(Asked::new(move |time| {
        if time == 3 {
            server.listen(1).unwrap();
        }
        Ok(vec![IpAddr::from([127, 0, 0, 1])])
    }));
    let how = |retries| Dialing {
        retries,
        retry_delay: Duration::from_millis(1),
        resolver: resolver.clone(),
        ..quiet()
    };
    in_loop(async {
        let error = dial(&tcp(port), &how(1)).await.unwrap_err();
        assert_eq!(error.cause(), Some((Call::Connect, Errno::ECONNREFUSED)));
        assert_eq!(resolver.times(), 2);
        dial(&tcp(port), &how(9)).await.unwrap();
        assert_eq!(resolver.times(), 3);
    });
}

#[test]
fn what_time_does_not_heal_is_not_tried_again() {
    let resolver = Arc::new(Asked::new(|_| Ok(vec![IpAddr::from([127, 0, 0, 1])])));
    let how = Dialing {
        retries: 5,
        retry_delay: Duration::from_millis(1),
        resolver: resolver.clone(),
        ..quiet()
    };
    let target = address("tcp://name.example:1#bind=192.0.2.1");
    let error = in_loop(async { dial(&target, &how).await.unwrap_err() });
    assert_eq!(error.cause(), Some((Call::Bind, Errno::EADDRNOTAVAIL)));
    assert_eq!(resolver.times(), 1);
}

struct MustNotBeAsked;
impl Resolve for MustNotBeAsked {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        panic!("asked for {name}")
    }
}

#[test]
fn an_address_in_digits_asks_nobody() {
    in_loop(async {
        let (_server, port) = ipv4_only_server();
        let how = Dialing {
            resolver: Arc::new(MustNotBeAsked),
            ..quiet()
        };
        for target in [format!("127.0.0.1:{port}"), format!(":{port}")] {
            dial(&address(&target), &how).await.unwrap();
        }
    });
}

#[test]
fn the_systems_resolver_says_who_knew() {
    in_loop(async {
        use sockeye_model::Source;
        let known = SystemResolver.resolve("localhost").await.unwrap();
        assert_eq!(known.1, Source::HostsFile);
        assert!(known.0.iter().all(IpAddr::is_loopback), "{known:?}");
        let digits = SystemResolver.resolve("::1").await.unwrap();
        assert_eq!(digits.1, Source::Literal);
        // An address that only getaddrinfo(3) reads: no server is asked for it.
        let odd = SystemResolver.resolve("127.1").await.unwrap();
        assert_eq!(odd, (vec![IpAddr::from([127, 0, 0, 1])], Source::System));
    });
}

#[test]
fn bind_chooses_the_peers_of_its_own_family() {
    in_loop(async {
        let (server, port) = ipv4_only_server();
        let how = Knows::dialing(&["::1", "127.0.0.1"], Tap::off());
        let target = address(&format!("tcp://name.example:{port}#bind=127.0.0.2"));
        dial(&target, &how).await.unwrap();
        let (_, peer) = server.accept().unwrap();
        assert_eq!(peer.inet().unwrap().ip().to_string(), "127.0.0.2");
        let target = address(&format!("tcp://127.0.0.1:{port}#bind=[::1]"));
        let error = dial(&target, &quiet()).await.unwrap_err();
        assert!(matches!(error, OpenError::Unusable(Unusable::BindFamily)));
        assert_eq!(error.cause(), None);
    });
}

#[test]
fn a_socket_that_would_talk_to_itself_was_refused() {
    in_loop(async {
        let mut cause = None;
        // Whoever takes the port meanwhile makes it another test.
        for _ in 0..10 {
            let port = Closed::new().port;
            let target = address(&format!("tcp://127.0.0.1:{port}#bind=127.0.0.1:{port}"));
            cause = dial(&target, &quiet()).await.unwrap_err().cause();
            if cause != Some((Call::Bind, Errno::EADDRINUSE)) {
                break;
            }
        }
        assert_eq!(cause, Some((Call::Connect, Errno::ECONNREFUSED)));
    });
}

#[test]
fn a_port_by_name_is_looked_up_and_an_unknown_one_is_said() {
    in_loop(async {
        let error = dial(&address("tcp://127.0.0.1:no-such-service"), &quiet())
            .await
            .unwrap_err();
        assert!(matches!(error, OpenError::UnknownService { .. }), "{error}");
        assert_eq!(error.cause(), Some((Call::Resolve, Errno::ENOENT)));
        assert!(!error.may_pass());
        let dialed = dial(&address("udp://127.0.0.1:domain"), &quiet())
            .await
            .unwrap();
        assert_eq!(dialed.socket.peer_address().unwrap().port(), Some(53));
    });
}

#[test]
fn what_is_no_socket_and_port_0_are_no_place_to_connect_to() {
    in_loop(async {
        for (text, why) in [
            ("stdio", Unusable::NoSocket(sockeye_model::Scheme::Stdio)),
            ("tcp://127.0.0.1:0", Unusable::PortZero),
        ] {
            let error = dial(&address(text), &quiet()).await.unwrap_err();
            assert!(
                matches!(error, OpenError::Unusable(found) if found == why),
                "{error}"
            );
        }
    });
}

#[test]
fn udp_is_connected_and_an_empty_host_is_ipv4() {
    in_loop(async {
        let server = Socket::new(Family::Inet, Type::Datagram).unwrap();
        let local = server
            .bind("127.0.0.1:0".parse::<SocketAddr>().unwrap())
            .unwrap();
        let target = address(&format!("udp://:{}", local.port().unwrap()));
        let client = dial(&target, &quiet()).await.unwrap();
        assert_eq!(client.towards, None);
        client.socket.send(b"").await.unwrap();
        let (n, peer) = server.recv_from(&mut [0; 8]).unwrap();
        assert_eq!((n, peer), (0, client.socket.local_address().unwrap()));
    });
}

#[test]
fn a_broadcast_address_is_sent_towards_and_not_connected_to() {
    in_loop(async {
        let refused = dial(&address("udp://127.255.255.255:9"), &quiet())
            .await
            .unwrap_err();
        assert_eq!(refused.cause(), Some((Call::Connect, Errno::EACCES)));
        let many = dial(&address("udp://127.255.255.255:9#broadcast"), &quiet())
            .await
            .unwrap();
        let towards = many.towards.unwrap();
        assert_eq!(
            towards,
            "127.255.255.255:9".parse::<SocketAddress>().unwrap()
        );
        assert!(many.socket.peer_address().is_err());
        assert_eq!(many.socket.send_to(b"to all", &towards).await.unwrap(), 6);
    });
}

#[test]
fn a_resolver_that_fails_is_quoted() {
    let how = Dialing {
        resolver: Arc::new(Asked::new(|_| Err(io::Error::other("odd")))),
        ..quiet()
    };
    let error = in_loop(async { dial(&tcp(1), &how).await.unwrap_err() });
    assert!(matches!(
        &error,
        OpenError::Name {
            why: NameError::Failed(_),
            ..
        }
    ));
    assert_eq!(error.to_string(), "look up name.example: odd");
}

#[test]
fn a_dial_may_run_on_any_thread() {
    fn may_move<T: Send>(value: T) -> T {
        value
    }
    let (target, how) = (address("127.0.0.1:1"), quiet());
    drop(may_move(dial(&target, &how)));
    let listening = open_scene::silent();
    let server = address("127.0.0.1:0");
    let opening = may_move(sockeye_net::listen(&server, &listening));
    let listener = in_loop(opening).unwrap();
    drop(may_move(listener.accept()));
}
