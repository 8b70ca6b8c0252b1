//! What addresses mean, and the one form each prints in.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use sockeye_model::{
    Address, BindTo, Host, Port, SUN_PATH_MAX, Scheme, Target, TlsVersion, UnixName,
};

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
    // TLS: as TCP, or as a UNIX socket where the target can be no host.
    ("tls://example.org:443", "tls://example.org:443"),
    ("tls:443", "tls://:443"),
    ("tls://any:https#alpn=h2+http/1.1", "tls://any:https#alpn=h2+http/1.1"),
    ("tls:/run/app.sock", "tls:/run/app.sock"),
    ("tls:///run/app.sock", "tls:/run/app.sock"),
    ("tls:////app.sock", "tls:////app.sock"),
    ("tls:./app.sock", "tls:./app.sock"),
    ("tls:@app#backlog=3", "tls:@app#backlog=3"),
    ("tls:%40app", "tls:%40app"),
    ("tls:%61pp.sock", "tls:%61pp.sock"),
    ("tls:%2", "tls:%252"),
    ("tls:/a#mode=600", "tls:/a#mode=600"),
    ("tls:@a#bind=@b,sndbuf=1", "tls:@a#bind=@b,sndbuf=1"),
    ("tls://h:1#bind=[::1]:5,nodelay", "tls://h:1#bind=[::1]:5,nodelay"),
    ("tls://h:1#tls=1.3,insecure,sni=Example.org,ca=/a b%2Cc,cert=c.pem,key=k=1,client-ca=%23a",
     "tls://h:1#sni=Example.org,ca=/a%20b%2Cc,cert=c.pem,key=k=1,client-ca=%23a,insecure,tls=1.3"),
    ("tls://h:1#pin=sha256:00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff",
     "tls://h:1#pin=sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
    ("tls://h:1#pin=sha256:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
     "tls://h:1#pin=sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
    ("tls://h:1#alpn=a%2Bb+c%2Cd", "tls://h:1#alpn=a%2Bb+c%2Cd"),
    // WebSocket: a URL, whose port may be left out.
    ("ws://localhost:7080/chat?room=1", "ws://localhost:7080/chat?room=1"),
    ("ws:localhost:7080", "ws://localhost:7080"),
    ("ws://localhost", "ws://localhost:80"),
    ("wss://localhost", "wss://localhost:443"),
    ("wss://localhost:/", "wss://localhost:443"),
    ("ws://[::1]", "ws://[::1]:80"),
    ("ws://[::1%lo]:8/a", "ws://[::1%lo]:8/a"),
    ("ws://h/", "ws://h:80"),
    ("ws://h?a=1", "ws://h:80/?a=1"),
    ("ws://h/a,b;c/%2c/é?x=[1]", "ws://h:80/a,b;c/%2c/%C3%A9?x=%5B1%5D"),
    ("ws://h//", "ws://h:80//"),
    ("ws://h#path=/a?b", "ws://h:80/a?b"),
    ("ws://h/#path=/", "ws://h:80"),
    ("ws://any:7080/chat#ping=30s,nodelay", "ws://any:7080/chat#nodelay,ping=30s"),
    ("ws:8080", "ws://:8080"),
    ("ws:@app", "ws:@app"),
    ("wss:/run/app.sock#path=/chat?x=1,mode=660", "wss:/run/app.sock#mode=660,path=/chat?x=1"),
    ("ws:/run/app.sock#path=/", "ws:/run/app.sock"),
    ("ws://h#ping=1m,max-message=1m,deflate,subprotocol=b+a,origin=https://a.example:1+null,header=h,auth=~/a",
     "ws://h:80#subprotocol=b+a,origin=https://a.example:1+null,header=h,auth=%7E/a,deflate,ping=60s,max-message=1048576"),
    ("ws://h#ping=1500ms", "ws://h:80#ping=1500ms"),
    // ICMP and raw IP: a host alone, so IPv6 needs no brackets.
    ("icmp://127.0.0.1", "icmp://127.0.0.1"),
    ("icmp:localhost", "icmp://localhost"),
    ("icmp://::1", "icmp://[::1]"),
    ("icmp://[fe80::1%lo]#ttl=3", "icmp://[fe80::1%lo]#ttl=3"),
    ("raw://127.0.0.1#protocol=253", "raw://127.0.0.1#protocol=253"),
    ("raw:::1#hdrincl,protocol=0,bind=::1", "raw://[::1]#bind=[::1],protocol=0,hdrincl"),
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

    let tls = parse("tls://h:1#sni=a.example,alpn=h2+x,ca=a%2Cb,cert=c,key=k,client-ca=d,tls=1.2")
        .options;
    assert_eq!(tls.sni(), Some("a.example"));
    assert_eq!(tls.alpn(), Some(&["h2".to_owned(), "x".to_owned()][..]));
    assert_eq!(tls.ca(), Some(Path::new("a,b")));
    assert_eq!(
        (tls.cert(), tls.key()),
        (Some(Path::new("c")), Some(Path::new("k")))
    );
    assert_eq!(
        (tls.client_ca(), tls.tls()),
        (Some(Path::new("d")), Some(TlsVersion::V12))
    );
    let pin = format!("tls://h:1#pin=sha256:0f{}", "00".repeat(31));
    let pin = parse(&pin).options.pin().unwrap();
    assert_eq!((pin[0], pin[1], tls.pin()), (15, 0, None));
    assert!(!tls.insecure() && parse("wss://h#insecure").options.insecure());

    let ws = parse("ws://h/a?b#subprotocol=x,origin=null,header=h,auth=a,ping=500ms,max-message=7")
        .options;
    assert_eq!(ws.path(), Some("/a?b"));
    assert_eq!(ws.subprotocol(), Some(&["x".to_owned()][..]));
    assert_eq!(ws.origin(), Some(&["null".to_owned()][..]));
    assert_eq!(
        (ws.header(), ws.auth()),
        (Some(Path::new("h")), Some(Path::new("a")))
    );
    assert_eq!(
        (ws.ping(), ws.max_message()),
        (Some(Duration::from_millis(500)), Some(7))
    );
    assert!(!ws.deflate());

    let raw = parse("raw://h#protocol=255,hdrincl").options;
    assert_eq!((raw.protocol(), raw.hdrincl()), (Some(255), true));

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

#[test]
fn tls_and_websockets_run_over_tcp_or_over_unix_by_their_target() {
    for (typed, transport) in [
        ("tls://h:1", Scheme::Tcp),
        ("ws://h", Scheme::Tcp),
        ("wss:./a", Scheme::Unix),
        ("tls:@a", Scheme::Unix),
        ("udp://h:1", Scheme::Udp),
        ("unix-seqpacket:@a", Scheme::UnixSeqpacket),
        ("icmp://h", Scheme::Icmp),
    ] {
        assert_eq!(parse(typed).transport(), transport, "{typed}");
    }
}
