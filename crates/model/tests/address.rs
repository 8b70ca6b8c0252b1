//! What addresses mean, and the one form each prints in.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use sockeye_model::{Address, BindTo, Host, Port, SUN_PATH_MAX, Scheme, Target, UnixName};

fn parse(text: &str) -> Address {
    text.parse()
        .unwrap_or_else(|error| panic!("{text:?} was refused: {error}"))
}

/// What was typed, and its canonical form.
#[rustfmt::skip]
const GOOD: &[(&str, &str)] = &[
    // The short forms, all TCP, and stdio.
    ("localhost:7007", "tcp://localhost:7007"),
    (":7007", "tcp://:7007"),
    ("7007", "tcp://:7007"),
    ("0", "tcp://:0"),
    (":echo", "tcp://:echo"),
    ("localhost:http", "tcp://localhost:http"),
    ("any:7000", "tcp://any:7000"),
    ("*:7000", "tcp://any:7000"),
    ("ANY:7000", "tcp://any:7000"),
    ("7007#nodelay", "tcp://:7007#nodelay"),
    ("-", "stdio"),
    ("stdio", "stdio"),
    ("stdio:", "stdio"),
    ("stdio://", "stdio"),
    // A colon, or a colon and two strokes.
    ("tcp:localhost:7007", "tcp://localhost:7007"),
    ("tcp://localhost:7007", "tcp://localhost:7007"),
    ("tcp:7007", "tcp://:7007"),
    ("tcp://:0", "tcp://:0"),
    ("udp::53", "udp://:53"),
    ("udp:53", "udp://:53"),
    // Hosts.
    ("127.0.0.1:65535", "tcp://127.0.0.1:65535"),
    ("0.0.0.0:00080", "tcp://0.0.0.0:80"),
    ("[::1]:7007", "tcp://[::1]:7007"),
    ("[::]:7007", "tcp://[::]:7007"),
    ("[0:0::0:1]:7007", "tcp://[::1]:7007"),
    ("[::ffff:127.0.0.1]:80", "tcp://[::ffff:127.0.0.1]:80"),
    ("[fe80::1%eth0]:80", "tcp://[fe80::1%eth0]:80"),
    ("udp://[fe80::1%3]:80", "udp://[fe80::1%3]:80"),
    ("tcp://[fe80::1%eb0]:80", "tcp://[fe80::1%eb0]:80"),
    ("Example.ORG.:80", "tcp://Example.ORG.:80"),
    ("_sip._tcp.example:80", "tcp://_sip._tcp.example:80"),
    ("bücher.example:80", "tcp://bücher.example:80"),
    ("tcp://unix:80", "tcp://unix:80"),
    ("open:80", "tcp://open:80"),
    ("local:80", "tcp://local:80"),
    // UNIX names.
    ("unix:/run/app.sock", "unix:/run/app.sock"),
    ("unix:///run/app.sock", "unix:/run/app.sock"),
    ("unix:app.sock", "unix:app.sock"),
    ("unix://app.sock", "unix:app.sock"),
    ("unix:////app.sock", "unix:////app.sock"),
    ("unix:./a:b", "unix:./a:b"),
    ("unix:@name", "unix:@name"),
    ("unix://@name", "unix:@name"),
    ("unix:@@name", "unix:@@name"),
    ("unix:@a%00b", "unix:@a%00b"),
    ("unix:%40name", "unix:%40name"),
    ("unix:%23name", "unix:%23name"),
    ("unix:a b", "unix:a%20b"),
    ("unix:100%", "unix:100%"),
    ("unix:100%25", "unix:100%"),
    ("unix:%2541", "unix:%2541"),
    ("unix:%4", "unix:%4"),
    ("unix:%41", "unix:A"),
    ("unix:%fF", "unix:%FF"),
    ("unix:naïve", "unix:naïve"),
    ("unix:a%E2%80%AEb", "unix:a%E2%80%AEb"),
    ("unix-dgram:/run/log.sock", "unix-dgram:/run/log.sock"),
    ("unix-seqpacket:@app", "unix-seqpacket:@app"),
    ("unix:/run/a#mode=0660", "unix:/run/a#mode=660"),
    ("unix-dgram:a#mode=7,bind=%40b%2Cc%23", "unix-dgram:a#bind=%40b%2Cc%23,mode=007"),
    // Files and descriptors.
    ("file:big.iso", "file:big.iso"),
    ("file:///tmp/a b#append", "file:/tmp/a%20b#append"),
    ("file:@a", "file:@a"),
    ("file:-", "file:-"),
    ("file:out#excl,mode=600", "file:out#mode=600,excl"),
    ("fd:3", "fd:3"),
    ("fd://03", "fd:3"),
    // Commands: quotes as in a shell, % and # as they are.
    ("exec:cat", "exec:cat"),
    ("exec://cat", "exec:cat"),
    ("exec:///bin/cat", "exec:/bin/cat"),
    ("exec:  tr  a-z\tA-Z ", "exec:tr a-z A-Z"),
    ("exec:sh -c 'echo hi | tr a b'", "exec:sh -c 'echo hi | tr a b'"),
    (r#"exec:sh -c "echo \"\$HOME\" \n""#, r#"exec:sh -c 'echo "$HOME" \n'"#),
    (r"exec:echo it\'s a\ b", r"exec:echo 'it'\''s' 'a b'"),
    (r#"exec:echo '' """#, "exec:echo '' ''"),
    ("exec:date +%H:%M#%41", "exec:date +%H:%M#%41"),
    ("exec:awk '#'", "exec:awk '#'"),
    (r"exec:awk \#x", "exec:awk '#x'"),
    ("exec:'//x'", "exec:'//x'"),
    (r#"exec:a'b'"c"\d"#, "exec:abcd"),
    // Options, in the order of their table.
    ("tcp://h:1#ttl=5,nodelay,bind=127.0.0.1", "tcp://h:1#bind=127.0.0.1,nodelay,ttl=5"),
    ("h:1#bind=:5000", "tcp://h:1#bind=:5000"),
    ("h:1#bind=[::1]", "tcp://h:1#bind=[::1]"),
    ("h:1#bind=[fe80::1%eb0]:ftp", "tcp://h:1#bind=[fe80::1%eb0]:ftp"),
    ("h:1#bind=localhost:0", "tcp://h:1#bind=localhost:0"),
    ("udp://239.1.2.3:5000#interface=lo,multicast-loop=on,multicast-ttl=0",
     "udp://239.1.2.3:5000#interface=lo,multicast-ttl=0,multicast-loop=1"),
    ("h:1#sndbuf=64k,rcvbuf=1M,tos=16,mark=0xfF,linger=0,backlog=0",
     "tcp://h:1#backlog=0,linger=0,sndbuf=65536,rcvbuf=1048576,tos=0x10,mark=0xff"),
];

#[test]
fn good_addresses_print_in_their_canonical_form() {
    for (typed, canonical) in GOOD {
        let address = parse(typed);
        assert_eq!(&address.to_string(), canonical, "typed {typed:?}");
        assert_eq!(parse(canonical), address, "typed {typed:?}");
        assert_eq!(parse(canonical).to_string(), *canonical);
    }
}

#[test]
fn hosts_and_ports_are_told_apart() {
    let inet = |text: &str| match parse(text).target {
        Target::Inet { host, port } => (host, port),
        other => panic!("{text}: {other:?}"),
    };
    let name = Host::Name("h".into());
    assert_eq!(inet(":0"), (Host::Empty, Port::Number(0)));
    assert_eq!(inet("any:80"), (Host::Any, Port::Number(80)));
    assert_eq!(inet("h:http"), (name, Port::Service("http".into())));
    assert_eq!(inet("127.0.0.1:1").0, Host::V4(Ipv4Addr::LOCALHOST));
    let zone = Some("eth0".to_owned());
    let address: Ipv6Addr = "fe80::1".parse().unwrap();
    assert_eq!(inet("[fe80::1%eth0]:1").0, Host::V6 { address, zone });
}

#[test]
fn two_words_are_a_host_and_a_port_and_anything_else_is_one_word() {
    let cases: &[(&[&str], &str, usize)] = &[
        (&["localhost", "7000"], "tcp://localhost:7000", 2),
        (&["localhost", "http", "more"], "tcp://localhost:http", 2),
        (&["::1", "7000"], "tcp://[::1]:7000", 2),
        (&["fe80::1%lo", "7000"], "tcp://[fe80::1%lo]:7000", 2),
        (&["[::1]", "7000#nodelay"], "tcp://[::1]:7000#nodelay", 2),
        (&["any", "7000"], "tcp://any:7000", 2),
        (&["7000", "8000"], "tcp://:7000", 1),
        (&["localhost:7000", "8000"], "tcp://localhost:7000", 1),
        (&["udp://:7000", "localhost", "8000"], "udp://:7000", 1),
        (&["-", "7000"], "stdio", 1),
        (&["exec:cat x", "7000"], "exec:cat x", 1),
    ];
    for (words, canonical, taken) in cases {
        let (address, count) = Address::parse_words(words).unwrap();
        assert_eq!((address.to_string().as_str(), count), (*canonical, *taken));
    }
}

#[test]
fn commands_are_split_into_the_words_a_shell_would_give() {
    let words = |text: &str| match parse(text).target {
        Target::Exec(words) => words,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(
        words("exec:printf '%s #1\n' \"a  b\" c\\ d"),
        ["printf", "%s #1\n", "a  b", "c d"]
    );
    assert_eq!(words("exec:a\\\nb \"c\\\nd\""), ["ab", "cd"]);
    assert_eq!(
        words("exec:ls *.c $HOME ~"),
        ["ls", "*.c", "$HOME", "~"],
        "nothing is expanded"
    );
    assert_eq!(
        words("exec:curl http://h/#top"),
        ["curl", "http://h/#top"],
        "a # inside a word is a #"
    );
}

#[test]
fn a_unix_path_of_107_bytes_fits_and_a_longer_one_is_kept_whole() {
    for (length, fits) in [(106, true), (107, true), (108, false), (109, false)] {
        let path = format!("/{}", "x".repeat(length - 1));
        let Target::Unix(name) = parse(&format!("unix:{path}")).target else {
            panic!("no UNIX name");
        };
        assert_eq!((name.len(), name.fits()), (length, fits));
        assert_eq!(name, UnixName::Path(path.into()));
    }
}

#[test]
fn an_abstract_name_of_107_bytes_is_taken_and_a_longer_one_refused() {
    let name = |length: usize| format!("unix:@a%00{}", "x".repeat(length - 2));
    let Target::Unix(UnixName::Abstract(bytes)) = parse(&name(SUN_PATH_MAX)).target else {
        panic!("no abstract name");
    };
    assert_eq!(bytes.len(), SUN_PATH_MAX);
    assert!(bytes.starts_with(b"a\0x"));
    for length in [108, 109] {
        let error = name(length).parse::<Address>().unwrap_err().to_string();
        let said = format!("has {length} bytes; the most is 107, try a shorter one");
        assert!(error.ends_with(&said), "{error}");
    }
}

#[test]
fn a_path_that_is_not_utf8_survives() {
    let Target::File(path) = parse("file:/tmp/%ff%fe").target else {
        panic!("no file");
    };
    assert_eq!(path.as_os_str().as_bytes(), b"/tmp/\xff\xfe");
}

#[test]
fn options_are_read_through_typed_getters() {
    let tcp = parse(
        "h:1#bind=[::1]:5000,linger=3,backlog=9,sndbuf=1k,rcvbuf=7,ttl=8,tos=0x10,mark=1,keepalive",
    )
    .options;
    assert_eq!(
        tcp.bind(),
        Some(&BindTo::Inet {
            host: Host::V6 {
                address: Ipv6Addr::LOCALHOST,
                zone: None
            },
            port: Some(Port::Number(5000)),
        })
    );
    assert_eq!(tcp.linger(), Some(Duration::from_secs(3)));
    assert_eq!(
        (tcp.backlog(), tcp.sndbuf(), tcp.rcvbuf()),
        (Some(9), Some(1024), Some(7))
    );
    assert_eq!(
        (tcp.ttl(), tcp.tos(), tcp.mark()),
        (Some(8), Some(16), Some(1))
    );
    assert!(tcp.keepalive() && !tcp.nodelay());
    assert!(!tcp.reuseport() && !tcp.reuseaddr() && !tcp.v6only());

    let udp = parse("udp://h:1#interface=lo,broadcast,multicast-loop=off,multicast-ttl=2").options;
    assert_eq!((udp.interface(), udp.broadcast()), (Some("lo"), true));
    assert_eq!(udp.multicast_loop(), Some(false));
    assert_eq!(udp.multicast_ttl(), Some(2));

    let unix = parse("unix-dgram:a#mode=640,bind=@b").options;
    assert_eq!(unix.mode(), Some(0o640));
    let b = UnixName::Abstract(b"b".to_vec());
    assert_eq!(unix.bind(), Some(&BindTo::Unix(b)));

    let file = parse("file:a#append").options;
    assert!(file.append() && !file.excl());
}

#[test]
fn a_known_socket_address_becomes_an_address_with_its_zone() {
    let v6: SocketAddrV6 = "[fe80::1%3]:80".parse().unwrap();
    let address = Address::from_socket_addr(Scheme::Udp, v6.into());
    assert_eq!(address.to_string(), "udp://[fe80::1%3]:80");
    assert_eq!(parse("udp://[fe80::1%3]:80"), address);
    let v4 = Address::from_socket_addr(Scheme::Tcp, "127.0.0.1:7".parse().unwrap());
    assert_eq!(v4.to_string(), "tcp://127.0.0.1:7");
}
