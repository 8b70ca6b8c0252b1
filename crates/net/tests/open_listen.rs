//! Opening a server's sockets: which addresses, on one port, and accepting from all of them.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

mod open_scene;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use open_scene::{Kept, Knows, address, in_loop, quiet, silent};
use sockeye_model::{Call, Errno, OptionName, SocketOption};
use sockeye_net::{Listening, Reach, Shutdown, dial, listen};

fn locals(listener: &sockeye_net::Listener) -> Vec<SocketAddr> {
    let locals = listener.local_addresses().iter();
    locals.map(|local| local.inet().unwrap()).collect()
}

#[test]
fn an_empty_host_is_both_loopback_addresses_on_the_port_that_was_chosen_once() {
    let (kept, tap, viewer) = Kept::start();
    in_loop(async {
        let listener = listen(&address(":0"), &Listening::new(tap.clone()))
            .await
            .unwrap();
        let [four, six] = locals(&listener)[..] else {
            panic!("{listener:?}")
        };
        assert_eq!(four.port(), six.port());
        assert_ne!(four.port(), 0);
        assert_eq!(listener.reach(), Reach::ThisMachine);
        assert!(listener.left_out().is_empty());
    });
    assert_eq!(
        kept.story(viewer),
        "#1 socket, #1 SO_REUSEADDR=1, #1 bound(127.0.0.1), #2 socket, #2 SO_REUSEADDR=1, #2 bound(::1), \
         #1 listening, #2 listening, #1 closed, #2 closed"
    );
}

#[test]
fn any_is_every_interface_with_a_socket_for_each_family() {
    in_loop(async {
        let listener = listen(&address("any:0"), &silent()).await.unwrap();
        assert_eq!(listener.reach(), Reach::Everyone);
        let [four, six] = locals(&listener)[..] else {
            panic!("{listener:?}")
        };
        assert!(four.is_ipv4() && six.is_ipv6() && four.port() == six.port());
        for host in ["127.0.0.1", "[::1]"] {
            let target = address(&format!("{host}:{}", four.port()));
            let client = dial(&target, &quiet()).await.unwrap();
            let (accepted, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, client.socket.local_address().unwrap());
            assert_eq!(
                accepted.local_address().unwrap(),
                client.socket.peer_address().unwrap()
            );
        }
        let v6only = listener.sockets()[1].option(OptionName::V6only).unwrap();
        assert_eq!(v6only, Some(SocketOption::V6only));
    });
}

#[test]
fn a_name_is_all_its_addresses_and_a_particular_address_is_neither_loopback_nor_everyone() {
    in_loop(async {
        let resolver = Knows(vec!["127.0.0.3".parse().unwrap(), "::1".parse().unwrap()]);
        let how = Listening {
            resolver: Arc::new(resolver),
            ..silent()
        };
        let listener = listen(&address("tcp://name.example:0"), &how)
            .await
            .unwrap();
        let ips: Vec<_> = locals(&listener).iter().map(SocketAddr::ip).collect();
        assert_eq!(ips[0].to_string(), "127.0.0.3");
        assert_eq!(ips[1].to_string(), "::1");
    });
}

#[test]
fn a_port_that_is_busy_in_one_family_is_busy() {
    in_loop(async {
        let other = listen(&address("[::1]:0"), &silent()).await.unwrap();
        let port = other.local_addresses()[0].port().unwrap();
        let error = listen(&address(&format!(":{port}")), &silent())
            .await
            .unwrap_err();
        let (call, errno) = error.cause().unwrap();
        assert!(matches!(call, Call::Bind | Call::Listen));
        assert_eq!(errno, Errno::EADDRINUSE);
        assert!(
            error.to_string().contains(&format!("[::1]:{port}")),
            "{error}"
        );
        dial(&address(&format!("[::1]:{port}")), &quiet())
            .await
            .unwrap();
        let refused = dial(&address(&format!("127.0.0.1:{port}")), &quiet()).await;
        assert!(refused.is_err(), "the half that was free was left open");
    });
}

#[test]
fn a_tcp_server_restarts_at_once() {
    in_loop(async {
        let first = listen(&address("127.0.0.1:0"), &silent()).await.unwrap();
        let local = first.local_addresses()[0].clone();
        let target = address(&local.to_string());
        let client = dial(&target, &quiet()).await.unwrap();
        let (accepted, _) = first.accept().await.unwrap();
        // The server's side ends first and rests in TIME_WAIT on the port.
        accepted.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.socket.recv(&mut [0; 1]).await.unwrap(), 0);
        drop(client);
        assert_eq!(accepted.recv(&mut [0; 1]).await.unwrap(), 0);
        drop((accepted, first));
        listen(&target, &silent()).await.unwrap();
    });
}

#[test]
fn two_udp_servers_never_share_a_port_by_accident() {
    in_loop(async {
        let first = listen(&address("udp://127.0.0.1:0"), &silent())
            .await
            .unwrap();
        let target = address(&format!("udp://{}", first.local_addresses()[0]));
        let error = listen(&target, &silent()).await.unwrap_err();
        assert_eq!(error.cause(), Some((Call::Bind, Errno::EADDRINUSE)));
        let refused = first.accept().await.unwrap_err();
        assert_eq!(refused.errno(), Errno::EOPNOTSUPP);
    });
}

#[test]
fn with_reuseport_two_servers_share_a_ports_clients() {
    in_loop(async {
        let first = listen(&address("127.0.0.1:0#reuseport"), &silent())
            .await
            .unwrap();
        let local = first.local_addresses()[0].clone();
        let second = listen(&address(&format!("{local}#reuseport")), &silent())
            .await
            .unwrap();
        let mut clients = Vec::new();
        for _ in 0..64 {
            clients.push(dial(&address(&local.to_string()), &quiet()).await.unwrap());
        }
        for server in [&first, &second] {
            // A share of 64 that is empty has the probability 2^-63.
            tokio::time::timeout(Duration::from_secs(5), server.accept())
                .await
                .unwrap()
                .unwrap();
        }
    });
}

#[test]
fn each_socket_of_a_listener_gets_its_turn() {
    in_loop(async {
        let listener = listen(&address(":0"), &silent()).await.unwrap();
        let mut clients = Vec::new();
        for local in locals(&listener) {
            for _ in 0..4 {
                clients.push(dial(&address(&local.to_string()), &quiet()).await.unwrap());
            }
        }
        let mut families = String::new();
        for _ in 0..8 {
            let (_, peer) = listener.accept().await.unwrap();
            let six = peer.inet().unwrap().is_ipv6();
            families.push(if six { '6' } else { '4' });
        }
        assert_eq!(families, "46464646");
    });
}

#[test]
fn accept_says_once_that_it_waits_and_a_dropped_accept_loses_no_client() {
    let (kept, tap, viewer) = Kept::start();
    in_loop(async {
        let listener = listen(&address("127.0.0.1:0"), &Listening::new(tap.clone()))
            .await
            .unwrap();
        for _ in 0..3 {
            let given_up = tokio::time::timeout(Duration::from_millis(5), listener.accept()).await;
            assert!(given_up.is_err());
        }
        let target = address(&listener.local_addresses()[0].to_string());
        let _client = dial(&target, &quiet()).await.unwrap();
        listener.accept().await.unwrap();
    });
    assert_eq!(
        kept.story(viewer),
        "#1 socket, #1 SO_REUSEADDR=1, #1 bound(127.0.0.1), #1 listening, #1 waiting(accept), #2 accepted, \
         #2 closed, #1 closed"
    );
}

#[test]
fn an_accepted_connection_has_the_options_of_its_listener() {
    in_loop(async {
        let target = address("127.0.0.1:0#nodelay,keepalive,linger=7,ttl=9,tos=0x10");
        let listener = listen(&target, &silent()).await.unwrap();
        let target = address(&listener.local_addresses()[0].to_string());
        let _client = dial(&target, &quiet()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        for option in [
            SocketOption::Nodelay,
            SocketOption::Keepalive,
            SocketOption::Linger(7),
            SocketOption::Ttl(9),
            SocketOption::Tos(0x10),
        ] {
            assert_eq!(accepted.option(option.name()).unwrap(), Some(option));
        }
    });
}

#[test]
fn the_backlog_is_the_addresss_or_else_the_callers() {
    use sockeye_model::{Kind, Tally, Wants};
    struct Backlogs(Arc<std::sync::Mutex<Vec<u32>>>);
    impl sockeye_model::Sink for Backlogs {
        fn wants(&self) -> Wants {
            Wants::LIFECYCLE
        }
        fn event(
            &mut self,
            event: &sockeye_model::Event<'_>,
        ) -> std::io::Result<sockeye_model::Flow> {
            if let Kind::Listening { backlog, .. } = event.kind {
                self.0.lock().unwrap().push(backlog);
            }
            Ok(sockeye_model::Flow::Continue)
        }
    }
    let seen = Arc::default();
    let sink = Box::new(Backlogs(Arc::clone(&seen)));
    let (tap, viewer) =
        sockeye_tap::start(vec![sink], sockeye_tap::Policy::Lossless, None).unwrap();
    in_loop(async {
        for target in ["127.0.0.1:0", "127.0.0.1:0#backlog=3"] {
            listen(&address(target), &Listening::new(tap.clone()))
                .await
                .unwrap();
        }
    });
    viewer.finish(Tally::default(), None).unwrap();
    assert_eq!(*seen.lock().unwrap(), [4096, 3]);
}

/// In a process of its own, since the limit is the whole process's.
#[test]
fn a_process_without_descriptors_left_waits_instead_of_spinning() {
    const CHILD: &str = "SOCKEYE_TEST_NO_DESCRIPTORS";
    if std::env::var_os(CHILD).is_none() {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_process_without_descriptors_left_waits_instead_of_spinning",
                "--nocapture",
            ])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "{output}");
        assert!(output.contains("1 passed"), "{output}");
        return;
    }
    let (kept, tap, viewer) = Kept::start();
    let cpu = in_loop(async {
        let listener = listen(&address("127.0.0.1:0"), &Listening::new(tap.clone()))
            .await
            .unwrap();
        let target = address(&listener.local_addresses()[0].to_string());
        let client = dial(&target, &quiet()).await.unwrap();
        let mut all = Vec::new();
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let current = Some(64);
        setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            all.push(file);
        }
        let before = cpu_time();
        let accept = tokio::time::timeout(Duration::from_millis(400), listener.accept()).await;
        assert!(accept.is_err());
        let cpu = cpu_time() - before;
        drop(all);
        let (accepted, _) = listener.accept().await.unwrap();
        client.socket.send(b"at last").await.unwrap();
        assert_eq!(accepted.recv(&mut [0; 16]).await.unwrap(), 7);
        cpu
    });
    assert!(cpu < Duration::from_millis(100), "spent {cpu:?} of 400 ms");
    let story = kept.story(viewer);
    let told = story.matches("failed(accept,EMFILE)").count();
    assert_eq!(told, 1, "{story}");
}

fn cpu_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap(),
        u32::try_from(now.tv_nsec).unwrap(),
    )
}

#[test]
fn an_address_of_another_machine_cannot_be_listened_on() {
    in_loop(async {
        let error = listen(&address("192.0.2.1:0"), &silent())
            .await
            .unwrap_err();
        assert_eq!(error.cause(), Some((Call::Bind, Errno::EADDRNOTAVAIL)));
        assert_eq!(
            error.to_string(),
            "bind to 192.0.2.1:0: Cannot assign requested address (os error 99)"
        );
    });
}
