//! What is said about a text that is no address: what was typed, what is wrong, what to try.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use sockeye_model::Address;

fn message(text: &str) -> String {
    match text.parse::<Address>() {
        Ok(address) => panic!("{text:?} was taken for {address}"),
        Err(error) => error.to_string(),
    }
}

/// What was typed, and a part of the message.
#[rustfmt::skip]
const BAD: &[(&str, &str)] = &[
    ("", "an address is missing; try localhost:7007"),
    ("a\0b:1", "NUL"),
    // Ports.
    ("tcp://", "a port is needed; try tcp://:7007"),
    ("tcp:", "a port is needed"),
    ("localhost", "a port is needed; try localhost:7007"),
    ("localhost:", "a port is needed; try localhost:7007"),
    ("udp://example.org", "a port is needed; try udp://example.org:7007"),
    ("127.0.0.1", "a port is needed; try 127.0.0.1:7007"),
    ("[::1]", "a port is needed; try [::1]:7007"),
    ("tcp://[::1]:", "a port is needed; try tcp://[::1]:7007"),
    (":", "a port is needed"),
    ("any", "a port is needed; try any:7007"),
    ("localhost:65536", "port 65536 is too big; the greatest is 65535"),
    ("99999999999999999999", "is too big"),
    ("localhost:-1", "\"-1\" is no port"),
    ("localhost:+1", "\"+1\" is no port"),
    ("localhost:80x!", "\"80x!\" is no port"),
    // IPv6.
    ("::1:7000", "an IPv6 address needs brackets; try [::1]:7000"),
    ("tcp://fe80::1%eth0:80", "try tcp://[fe80::1%eth0]:80"),
    ("::1", "try [::1]:7007"),
    ("2001:db8::1", "try [2001:db8::1]:7007"),
    (":::7000", "try [::]:7000"),
    ("[]:80", "the brackets are empty"),
    ("[::1", "the bracket is not closed"),
    ("[127.0.0.1]:80", "\"127.0.0.1\" is none"),
    ("[::g]:80", "brackets are for IPv6"),
    ("[::1]80", "must follow the bracket, not \"80\""),
    ("[fe80::1%]:80", "is no interface"),
    ("[fe80::1%a/b]:80", "\"a/b\" is no interface"),
    ("[fe80::1%0123456789abcdef]:80", "is no interface"),
    // Hosts.
    ("1.2.3:80", "1.2.3 is no IPv4 address"),
    ("256.1.1.1:80", "four numbers 0-255"),
    ("010.0.0.1:80", "without leading zeros"),
    ("a..b:80", "\"a..b\" is no host"),
    ("tcp://-a:80", "\"-a\" is no host"),
    ("us er:80", "\"us er\" is no host"),
    ("me@host:80", "\"me@host\" is no host"),
    ("a:b:c", "\"a:b\" is no host"),
    ("a\u{202e}b:80", r#""a\u{202e}b" is no host"#),
    // Other tools' habits.
    ("localhost 7000", "did you mean localhost:7000?"),
    ("tcp://localhost:80/", "no path can follow the port; try tcp://localhost:80"),
    ("localhost:80/index.html", "try localhost:80"),
    ("localhost:80,nodelay", "options stand behind a #; try localhost:80#nodelay"),
    ("/run/app.sock", "did you mean unix:/run/app.sock?"),
    ("./app.sock", "did you mean unix:./app.sock?"),
    ("@app", "did you mean unix:@app?"),
    ("/dev/tcp/localhost/80", "did you mean tcp://localhost:80?"),
    ("/dev/udp/localhost/53", "did you mean udp://localhost:53?"),
    ("-u", "an address has no flags; try udp://HOST:PORT"),
    ("-lk", "sockeye listen --many"),
    ("TCP-LISTEN:7000,reuseaddr,fork",
     "TCP-LISTEN is socat's word; here it is tcp://any:7000 (sockeye listen --many tcp://any:7000)"),
    ("TCP4-LISTEN:7000,bind=127.0.0.1", "tcp://127.0.0.1:7000 (sockeye listen tcp://127.0.0.1:7000)"),
    ("tcp-l:7000", "tcp://any:7000"),
    ("TCP:localhost:80,nodelay", "here it is tcp://localhost:80"),
    ("TCP4:localhost:80", "here it is tcp://localhost:80"),
    ("tcp6-connect:[::1]:80", "here it is tcp://[::1]:80"),
    ("UDP-RECVFROM:53,fork", "here it is udp://any:53"),
    ("UDP4-SENDTO:localhost:53", "here it is udp://localhost:53"),
    ("UNIX-CONNECT:/run/a", "here it is unix:/run/a"),
    ("UNIX-LISTEN:/run/a,fork", "unix:/run/a (sockeye listen --many unix:/run/a)"),
    ("UNIX-SENDTO:/run/a", "here it is unix-dgram:/run/a"),
    ("ABSTRACT-CONNECT:a", "here it is unix:@a"),
    ("EXEC:cat,pty", "here it is exec:cat"),
    ("SYSTEM:cat | wc", "here it is exec:sh -c 'cat | wc'"),
    ("OPEN:/tmp/a,creat", "here it is file:/tmp/a"),
    ("FD:3", "here it is fd:3"),
    ("STDIO", "did you mean stdio?"),
    ("STDIN:", "here it is stdio"),
    ("UNIX-DGRAM:/run/a", "did you mean unix-dgram:/run/a?"),
    // Schemes.
    ("tpc://localhost:80", "tpc is no scheme; did you mean tcp?"),
    ("unixs:///run/a", "did you mean unix?"),
    ("gopher://h:70", "gopher is no scheme; known: tcp, udp, unix,"),
    ("http://[::1]/", "for a WebSocket there ws://[::1]:80/; for the bytes below it try tcp://[::1]:80"),
    ("https://example.org", "wss://example.org:443; for the bytes below it try tls://example.org:443"),
    ("http://u:p@h:8/a?b#c", "ws://h:8/a?b; for the bytes below it try tcp://h:8"),
    ("http:", "try tcp://HOST:80"),
    ("ssl://h:443", "did you mean tls://h:443?"),
    ("SSL:h:443", "here it is tls://h:443"),
    ("OPENSSL:h:443,verify=0", "OPENSSL is socat's word; here it is tls://h:443"),
    ("OPENSSL-LISTEN:443,fork,cert=a", "tls://any:443 (sockeye listen --many tls://any:443)"),
    ("ws-l:127.0.0.1:80", "ws-l is websocat's word; here it is ws://127.0.0.1:80 (sockeye listen --many ws"),
    ("wss-c://h/a", "wss-c is websocat's word; here it is wss://h/a"),
    ("WS://h", "did you mean ws:h?"),
    // TLS, WebSocket, ICMP, raw.
    ("tls://h", "a port is needed; try tls://h:443"),
    ("tls://[::1]", "a port is needed; try tls://[::1]:443"),
    ("tls://", "a host and a port, a path or @NAME is needed behind tls:; try tls://example.org:443"),
    ("ws:", "a host and a port, a path or @NAME is needed"),
    ("tls://h:443/", "no path can follow the port; try tls://h:443"),
    ("tls://h:443,insecure", "options stand behind a #; try tls://h:443#insecure"),
    ("tls:/a#nodelay", "nodelay is an option of tcp, and this tls runs over unix; leave it away"),
    ("ws://h#mode=600", "mode is an option of unix, and this ws runs over tcp; leave it away"),
    ("tls:@a#mode=600", "an abstract name has no permissions"),
    ("tls://h:1#broadcast", "\"broadcast\" is no option of tls"),
    ("ws://h#sni=a", "\"sni\" is no option of ws"),
    ("tls://h:1#sni=1.2.3.4", "sni wants a name such as example.org, not \"1.2.3.4\""),
    ("tls://h:1#alpn=h2+h2", "alpn wants one or more names"),
    ("tls://h:1#alpn=", "try alpn=NAME+NAME"),
    ("tls://h:1#pin=00", "pin wants sha256: and 64 hexadecimal digits"),
    ("tls://h:1#pin=sha256:é0112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff", "pin wants"),
    ("tls://h:1#pin=sha256:00:112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff", "pin wants"),
    ("tls://h:1#tls=1.1", "tls wants 1.2 or 1.3"),
    ("tls://h:1#ca=a%00", "NUL"),
    ("wss://h/a b", "\" \", character 3 of the path, can't stand in a URL; write %20"),
    ("ws://h/é%zz", "\"%\", character 3 of the path, can't stand in a URL; write %25"),
    ("ws://h/a\tb", "can't stand in a URL; write %09"),
    ("ws://h#path=chat", "path wants a path such as /chat?room=1"),
    ("ws://h/a#path=/b", "path is given twice"),
    ("ws://h/a#b", "\"b\" is no option of ws"),
    ("ws://h:/a:b#ping=30", "ping wants a time up to 24 h, such as 500ms"),
    ("ws://h#ping=0s", "ping wants a time"),
    ("ws://h#ping=25h", "ping wants a time"),
    ("ws://h#ping=ms", "ping wants a time"),
    ("ws://h#origin=h", "origin wants one or more origins"),
    ("ws://h#origin=https://h/", "origin wants one or more origins"),
    ("ws://h#subprotocol=a/b", "subprotocol wants"),
    ("ws://a:b:c/d", "\"a:b\" is no host"),
    ("ws://::1/d", "needs brackets; try ws://[::1]"),
    ("icmp:", "a host is needed behind icmp:; try icmp://127.0.0.1"),
    ("icmp://h:80", "icmp has no ports, TCP and UDP have; try icmp://h"),
    ("icmp://[::1]:80", "try icmp://[::1]"),
    ("icmp://h/a", "\"h/a\" is no host"),
    ("icmp://h#bind=127.0.0.1:80", "bind wants a local address"),
    ("icmp://h#nodelay", "\"nodelay\" is no option of icmp"),
    ("raw://h", "raw needs the protocol number of the IP header; try raw://h#protocol=253"),
    ("raw://h#ttl=3", "try raw://h#ttl=3,protocol=253"),
    ("raw://h:80#protocol=3", "raw has no ports, TCP and UDP have; try raw://h#protocol=3"),
    ("raw://h:80", "try raw://h#protocol=253"),
    ("raw://h#protocol=256", "protocol wants a number 0-255"),
    ("raw://h#IP_HDRINCL,protocol=255", "did you mean hdrincl?"),
    // Targets.
    ("unix:", "a path or @NAME is needed behind unix:; try unix:/run/app.sock"),
    ("unix:@", "a path or @NAME is needed"),
    ("unix:#mode=600", "a path or @NAME is needed"),
    ("unix:a%00b", "NUL"),
    ("unix:@a#mode=600", "an abstract name has no permissions"),
    ("file:", "a path is needed"),
    ("file:a%00b", "NUL"),
    ("exec:", "a command is needed behind exec:"),
    ("exec:  ", "a command is needed"),
    ("exec:cat 'a", "the quote ' is not closed"),
    ("exec:cat \"a", "the quote \" is not closed"),
    ("exec:cat \"a\\", "the quote \" is not closed"),
    ("exec:cat a\\", "ends in a backslash"),
    ("exec:cat a | wc", "exec starts no shell that knows |; quote it, or try exec:sh -c"),
    ("exec:cat >out", "no shell that knows >"),
    ("exec:cat #pty", "\"pty\" is no option of exec; exec has none (a # for the command itself is written '#')"),
    ("fd:", "a number is needed behind fd:; try fd:3"),
    ("fd:x", "\"x\" is no descriptor"),
    ("fd:-1", "\"-1\" is no descriptor"),
    ("fd:2147483648", "is no descriptor"),
    ("stdio:x", "nothing can follow stdio"),
    // Options.
    ("h:1#", "an option is missing"),
    ("h:1#nodelay,,ttl=1", "an option is missing"),
    ("h:1#=1", "an option is missing"),
    ("h:1#nodelai", "\"nodelai\" is no option of tcp; did you mean nodelay? known: bind, interface,"),
    ("h:1#TCP_NODELAY", "did you mean nodelay?"),
    ("h:1#SO_SNDBUF=1", "did you mean sndbuf?"),
    ("udp://h:1#nodelay", "\"nodelay\" is no option of udp; known: bind,"),
    ("h:1#nodelay#ttl=1", "is no option of tcp"),
    ("unix:a#b", "(a # in the path is written %23)"),
    ("-#nodelay", "is no option of stdio; stdio has none"),
    ("h:1#nodelay,nodelay", "nodelay is given twice"),
    ("h:1#nodelay=1", "nodelay wants no value, not \"1\""),
    ("h:1#ttl", "ttl wants a number 1-255; try ttl=N"),
    ("h:1#ttl=", "ttl wants a number 1-255"),
    ("h:1#ttl=0", "ttl wants a number 1-255, not \"0\""),
    ("h:1#ttl=256", "not \"256\""),
    ("h:1#ttl=+5", "not \"+5\""),
    ("h:1#tos=0x100", "tos wants a number 0-255 or 0x0-0xff"),
    ("h:1#tos=0x", "tos wants"),
    ("h:1#linger=65536", "linger wants a number 0-65535"),
    ("h:1#sndbuf=0", "sndbuf wants a number of bytes"),
    ("h:1#sndbuf=k", "sndbuf wants"),
    ("h:1#sndbuf=2g", "sndbuf wants"),
    ("h:1#sndbuf=4096m", "sndbuf wants"),
    ("unix:a#mode=8", "mode wants permissions in octal"),
    ("unix:a#mode=10000", "mode wants"),
    ("udp://h:1#multicast-loop=2", "multicast-loop wants 0 or 1"),
    ("h:1#interface=a/b", "interface wants an interface's name"),
    ("h:1#bind=5000", "bind wants a local address, not \"5000\""),
    ("h:1#bind=::1", "needs brackets; try [::1]:7007"),
    ("h:1#bind=127.0.0.1:70000", "too big"),
    ("unix-dgram:a#bind=@", "a path or @NAME is needed"),
];

#[test]
fn bad_addresses_say_what_was_typed_and_what_to_try() {
    for (typed, part) in BAD {
        let message = message(typed);
        assert!(
            message.contains(part),
            "{typed:?}: {message:?} lacks {part:?}"
        );
        assert!(
            !message.contains(char::is_control),
            "{typed:?}: {message:?}"
        );
        let printable = !typed.contains(|c: char| c.is_control() || c == '\u{202e}');
        if printable && !typed.is_empty() {
            assert!(message.starts_with(&format!("{typed}: ")), "{message:?}");
        }
    }
}

#[test]
fn every_form_that_a_message_suggests_is_an_address() {
    let mut tried = 0;
    for (typed, _) in BAD {
        let message = message(typed);
        for lead in ["try ", "did you mean ", "here it is "] {
            let Some((_, suggestion)) = message.rsplit_once(lead) else {
                continue;
            };
            let suggestion = suggestion.split(" (").next().unwrap();
            let suggestion = suggestion.strip_suffix('?').unwrap_or(suggestion);
            if suggestion.contains(':') && !suggestion.contains("HOST") && !suggestion.contains(' ')
            {
                assert!(
                    suggestion.parse::<Address>().is_ok(),
                    "{typed:?} leads to {suggestion:?}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "only {tried} suggestions were found");
}

#[test]
fn a_very_long_text_is_shortened_in_its_message() {
    let message = message(&"x!".repeat(10_000));
    assert!(message.len() < 400, "{message}");
    assert!(message.contains('…'));
}

#[test]
fn two_words_that_are_no_host_and_port_give_the_message_that_helps() {
    let message = |words: &[&str]| Address::parse_words(words).unwrap_err().to_string();
    assert!(message(&[]).starts_with("an address is missing"));
    assert!(message(&["localhost", "localhost:80"]).starts_with("localhost: a port is needed"));
    assert_eq!(
        message(&["localhost", "70000"]),
        "localhost 70000: port 70000 is too big; the greatest is 65535"
    );
    assert!(message(&["localhost", "80#x"]).contains("\"x\" is no option of tcp"));
    assert!(message(&["::1:7000"]).contains("try [::1]:7000"));
    assert!(message(&["tcp://localhost", "80"]).contains("try tcp://localhost:7007"));
}

#[test]
fn a_password_in_an_address_is_refused_and_not_repeated() {
    for (typed, said) in [
        (
            "ws://me:secret@h:80/chat",
            "ws://…@h:80/chat: a name or password in an address can be read by every user of this machine; put it \
             into a file of mode 600 and try ws://h:80/chat#auth=FILE",
        ),
        ("wss:me:sec@ret@h#nodelay", "try wss://h#nodelay,auth=FILE"),
        ("ws://me@h/", "try ws://h/#auth=FILE"),
    ] {
        let message = message(typed);
        assert!(message.contains(said), "{message}");
        assert!(!message.contains("sec"), "{message}");
        let suggestion = message.rsplit("try ").next().unwrap();
        assert!(suggestion.parse::<Address>().is_ok(), "{suggestion}");
    }
}
