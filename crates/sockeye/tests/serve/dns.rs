//! `serve dns`: zone files, what is wrong with them, and the offline Internet.

use std::io::{Read, Write};
use std::net::UdpSocket;

use crate::server::{Server, scratch, sockeye, tcp};
use crate::start::in_own_network;

const ZONE: &str = "$TTL 1h\n@ SOA ns hostmaster 1 1h 15m 4w 5m\n  NS ns\nns A 192.0.2.1\n";
/// ns.river.example, type A, class IN; id 7.
const QUESTION: &[u8] = b"\0\x07\0\0\0\x01\0\0\0\0\0\0\x02ns\x05river\x07example\0\0\x01\0\x01";

#[test]
fn a_zone_file_is_served_over_tcp_and_udp_on_one_port() {
    let directory = scratch("zone");
    let file = directory.join("river.zone");
    std::fs::write(&file, ZONE).unwrap();
    let zone = format!("river.example={}", file.display());
    let server = Server::start(&["dns=127.0.0.1:0", "--zone", &zone]);
    let (first, second) = (server.ready(), server.ready());
    assert_eq!(first, second);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(first).unwrap();
    socket.send(QUESTION).unwrap();
    let mut datagram = [0; 512];
    let len = socket.recv(&mut datagram).unwrap();
    let datagram = &datagram[..len];
    // Its id, one answer, and the address in it.
    assert_eq!((datagram[1], &datagram[6..8]), (7, &[0, 1][..]));
    assert!(datagram.windows(4).any(|octets| octets == [192, 0, 2, 1]));
    let mut stream = tcp(first);
    stream.write_all(&[0, QUESTION.len() as u8]).unwrap();
    stream.write_all(QUESTION).unwrap();
    let mut answer = vec![0; 2 + len];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer[..2], (len as u16).to_be_bytes());
    assert_eq!(&answer[2..], datagram);
    drop(stream);
    let ended = server.stop();
    assert_eq!(ended.code, Some(0));
    let last = ended.stderr.join("\n");
    assert!(
        last.contains("dns: datagrams 1") && last.contains("dns: conversations 1"),
        "{last}"
    );
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_zone_file_that_is_wrong_is_a_usage_error_with_its_line() {
    let directory = scratch("wrong");
    let wrong = |text: &str, name: &str| {
        std::fs::write(directory.join("z"), text).unwrap();
        let output = sockeye()
            .args(["serve", "dns=127.0.0.1:0", "--zone", name])
            .current_dir(&directory)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    for (text, name, said) in [
        (ZONE, "z", "sockeye: z:2: \"@\" has no final dot"),
        ("a. 1 A 192.0.2.1\n", "z", "sockeye: z: no SOA record"),
        (
            "a. 1 SOA a. a. 1 2 3 4 5\n",
            "z",
            "sockeye: z: no NS record for a.",
        ),
        (
            "a. 1 SOA a. a. 1 2 3 4 5\n  NS b.\nb. A 192.0.2.1\n",
            "z",
            "sockeye: z:3: b. is not in the zone a.",
        ),
        (
            "a. 1 SOA a. a. 1 2 3 4 5\n  NS b.\n  A 192.0.2\n",
            "z",
            "sockeye: z:3: A takes an IPv4 address",
        ),
        (
            "a. 1 SOA a. a. 1 2 3 4 5\n  NS b.\n  CNAME b.\n",
            "z",
            "sockeye: z:3: a. has a CNAME record",
        ),
        (
            "a. 1 SOA a. a. 1 2 3 4 5\n  NS b.\n  DNAME b.\nx.a. A 192.0.2.1",
            "z",
            "sockeye: z:4: a. has a DNAME record",
        ),
        (
            "a. 1 SOA a. a. 1 2 3 4 5\nb.a. SOA a. a. 1 2 3 4 5\n",
            "z",
            "sockeye: z:2: a second SOA",
        ),
        (
            "a. 1 SOA a. a. 1 2 3 4 5\n  NS b.\n",
            "b=z",
            "sockeye: z:1: its SOA record is for a., not b.",
        ),
        ("", "nowhere", "sockeye: nowhere: No such file"),
    ] {
        let stderr = wrong(text, name);
        let last = stderr.lines().last().unwrap();
        assert!(last.starts_with(said), "{text}: {last}");
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn the_offline_internet_started_twice_is_one_line_and_waits_for_questions() {
    let script = r#"
        mkfifo ready
        sockeye serve dns --explain --ready-fd 3 3>ready 2>lines >out & server=$!
        cat ready >bound
        LC_ALL=C sockeye serve dns 2>&1; echo "rc $?"
        LC_ALL=es_ES.UTF-8 sockeye serve dns 2>&1; echo "rc $?"
        kill -TERM $server; wait $server
        echo "resolve $(tr -s ' \n' ' ' <lines | grep -c 'try: sockeye resolve --server tcp://127.0.0.2:7053 . NS')"
        echo "connect $(grep -c 'sockeye connect' lines)"
        echo "pid $server"
    "#;
    let Some(said) = in_own_network(script) else {
        return;
    };
    let pid = said.trim_end().rsplit(' ').next().unwrap();
    let english = format!(
        "sockeye: the offline Internet is running already (sockeye, pid {pid}): 127.0.0.2:7053 is taken\nrc 16\n"
    );
    let spanish = format!(
        "sockeye: la Internet de prueba ya está en marcha (sockeye, pid {pid}): 127.0.0.2:7053 está ocupada\nrc 16\n"
    );
    assert!(said.starts_with(&(english + &spanish)), "{said}");
    assert!(said.contains("resolve 1\nconnect 0"), "{said}");
}

#[test]
fn each_line_that_the_offline_internet_says_to_try_works_as_printed() {
    let script = r#"
        mkfifo ready
        sockeye serve dns --ready-fd 3 3>ready 2>lines >out & server=$!
        cat ready >bound
        sed -n 's/^try: //p' lines | while read -r line; do
            echo "== $line"
            timeout 20 sh -c "$line" </dev/null 2>&1; echo "rc $?"
        done
        kill -TERM $server; wait $server; echo "server rc $?"
        echo "bound $(wc -l <bound), stdout $(wc -c <out)"
    "#;
    let Some(said) = in_own_network(script) else {
        return;
    };
    assert!(said.contains("server rc 0\nbound 10, stdout 0"), "{said}");
    let lines: Vec<&str> = said.split("== ").skip(1).collect();
    assert_eq!(lines.len(), 6, "{said}");
    for (line, code, shows) in [
        (lines[0], 0, "192.0.2.31"),
        (lines[1], 0, "192.0.2.50"),
        (lines[2], 0, "no zone of its own"),
        (lines[3], 0, "four zones to get here"),
        (lines[4], 0, "10 mail.river.example."),
        (lines[5], 0, "The end of the sea."),
    ] {
        let (_, output) = line.split_once('\n').unwrap();
        assert!(output.contains(shows), "{line}");
        assert!(output.contains(&format!("rc {code}\n")), "{line}");
    }
    assert!(lines[3].contains("REFUSED"), "{}", lines[3]);
}

#[test]
fn the_zone_files_of_the_offline_internet_can_be_read_and_served() {
    let output = sockeye()
        .args(["serve", "dns", "--print-zones"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let directory = scratch("print-zones");
    let mut names = Vec::new();
    for part in text.split("; ---- ").skip(1) {
        let (name, zone) = part.split_once('\n').unwrap();
        std::fs::write(directory.join(name), zone).unwrap();
        names.push(directory.join(name).display().to_string());
    }
    assert_eq!(names.len(), 6);
    let mut arguments = vec!["dns=udp://127.0.0.1:0"];
    arguments.extend(names.iter().flat_map(|name| ["--zone", name.as_str()]));
    let server = Server::start(&arguments);
    assert!(server.line().starts_with("dns  udp  127.0.0.1:"));
    std::fs::remove_dir_all(directory).unwrap();
}
