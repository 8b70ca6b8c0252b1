//! What is started, what is said of it, and what a busy port leads to.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::server::{Server, echo_byte, has, scratch, skipped, sockeye, tcp};

/// Runs a script with `$sockeye` in a network namespace of its own, where every port is free.
pub(crate) fn in_own_network(script: &str) -> Option<String> {
    if !has("unshare") || !has("ip") {
        return None;
    }
    static RUN: AtomicU32 = AtomicU32::new(0);
    let run = RUN.fetch_add(1, Ordering::Relaxed);
    let directory = scratch(&format!("network-{run}"));
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sockeye"), directory.join("sockeye")).unwrap();
    let whole = format!("ip link set lo up || exit 99\n{script}");
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-c", &whole])
        .env("PATH", path)
        .env("LC_ALL", "C")
        .current_dir(&directory)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        skipped(&format!("no network namespace: {stderr}"));
        return None;
    }
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn no_argument_serves_five_services_on_tcp_and_udp_and_each_line_has_a_client_that_works() {
    let script = r#"
        mkfifo ready
        sockeye serve --ready-fd 3 3>ready 2>lines >out & server=$!
        cat ready >bound
        while read -r name scheme v4 v6 try line; do
            echo "== $name $scheme $v4 $v6 $try"
            # At a terminal nothing is typed; here stdin is at its end.
            timeout 20 sh -c "$line" </dev/null >answer 2>errors; echo "rc $?"
            od -An -c answer | head -3; cat errors
        done <lines
        kill -TERM $server; wait $server; echo "server rc $?"
        echo "bound $(wc -l <bound), stdout $(wc -c <out)"
        tail -n +13 lines
    "#;
    let Some(said) = in_own_network(script) else {
        return;
    };
    for (name, port) in [
        ("echo", 7007),
        ("discard", 7009),
        ("daytime", 7013),
        ("chargen", 7019),
        ("time", 7037),
        ("chat", 7094),
    ] {
        for scheme in ["tcp", "udp"] {
            let header = format!("== {name} {scheme} 127.0.0.1:{port} [::1]:{port} try:\nrc 0\n");
            assert!(said.contains(&header), "{header}{said}");
        }
    }
    let answer = |name: &str| {
        let rest = said.split_once(&format!("== {name} ")).unwrap().1;
        rest.split("== ").next().unwrap().to_owned()
    };
    assert!(answer("echo udp").contains("h   o   l   a"), "{said}");
    assert!(answer("daytime tcp").contains("d   a   y"), "{said}");
    assert!(answer("daytime udp").contains("d   a   y"), "{said}");
    assert!(answer("chargen tcp").contains("!   \"   #   $"), "{said}");
    assert!(said.contains("server rc 0"), "{said}");
    assert!(said.contains("bound 24, stdout 0"), "{said}");
    assert!(
        said.contains("echo: datagrams 1, received 5 B, sent 5 B"),
        "{said}"
    );
}

#[test]
fn a_named_service_gets_its_address_and_the_chosen_port_is_said() {
    let directory = scratch("named");
    let unix = format!("echo=unix:{}/e.sock", directory.display());
    let server = Server::start(&["echo=:0", "daytime=udp://127.0.0.1:0", &unix]);
    let echo = server.ready();
    let daytime = server.ready();
    assert_ne!((echo.port(), daytime.port()), (0, 0));
    let line = server.line();
    assert!(
        line.contains("try: sockeye connect unix:") && line.contains("/e.sock"),
        "{line}"
    );
    echo_byte(&mut tcp(echo));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"", daytime).unwrap();
    let mut text = [0; 100];
    let (len, _) = socket.recv_from(&mut text).unwrap();
    assert!(text[..len].ends_with(b" UTC\r\n"));
    let ended = server.stop();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    assert_eq!(
        ended.stderr,
        [
            "echo: conversations 1, received 1 B, sent 1 B",
            &format!("daytime: datagrams 1, received 0 B, sent {len} B"),
        ]
    );
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_busy_port_is_named_with_its_holder_and_the_rest_start() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = busy.local_addr().unwrap();
    let server = Server::start(&[&format!("echo={at}"), "echo=127.0.0.1:0"]);
    let failure = server.line();
    let holder = format!("{at} is held by ");
    let pid = format!("pid {}", std::process::id());
    assert!(failure.starts_with("sockeye: echo: bind"), "{failure}");
    for words in [&holder, &pid, "EADDRINUSE"] {
        assert!(failure.contains(words), "{failure}");
    }
    echo_byte(&mut tcp(server.ready()));
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn nothing_that_could_start_is_code_16_and_the_last_line_names_the_holder() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = busy.local_addr().unwrap();
    let asked = [format!("echo={at}"), format!("time={at}")];
    let output = sockeye().arg("serve").args(asked).output().unwrap();
    assert_eq!(output.status.code(), Some(16));
    assert_eq!(output.stdout, b"");
    let stderr = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{stderr}");
    assert!(
        lines[0].contains("echo:") && lines[1].contains("time:"),
        "{stderr}"
    );
    assert!(lines[1].contains(" is held by "), "{stderr}");
}

#[test]
fn quiet_says_nothing_and_the_ready_descriptor_has_every_address() {
    let script = "exec \"$0\" serve -q --ready-fd 3 echo=:0 echo=udp://127.0.0.1:0 3>&1";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_sockeye")]);
    let server = Server::run(command);
    // Its end is the only moment that says that nothing was said; so it is stopped once it listens.
    let address = loop {
        let held = listening(server.pid());
        if held.len() == 2 {
            break held[0];
        }
        std::thread::yield_now();
    };
    drop(TcpStream::connect(address).unwrap());
    let ended = server.stop();
    assert_eq!((ended.code, ended.stderr.len()), (Some(0), 0), "{ended:?}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{ended:?}");
    assert!(
        lines[0].starts_with("127.0.0.1:") && lines[1].starts_with("[::1]:"),
        "{ended:?}"
    );
}

/// Where a process listens, by the kernel's table of TCP.
fn listening(pid: u32) -> Vec<std::net::SocketAddr> {
    let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    let inodes: Vec<String> = files
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
        .filter_map(|link| {
            let name = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(name.to_owned())
        })
        .collect();
    let mut found = Vec::new();
    for (table, loopback) in [("tcp", "127.0.0.1"), ("tcp6", "[::1]")] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields[3] == "0A" && inodes.iter().any(|inode| inode == fields[9]) {
                let port = fields[1].rsplit(':').next().unwrap();
                let port = u16::from_str_radix(port, 16).unwrap();
                found.push(format!("{loopback}:{port}").parse().unwrap());
            }
        }
    }
    found
}

#[test]
fn what_happens_can_be_recorded_and_told() {
    let directory = scratch("recorded");
    let file = directory.join("session");
    let server = Server::start(&["echo=127.0.0.1:0", "--record", file.to_str().unwrap()]);
    echo_byte(&mut tcp(server.ready()));
    let ended = server.stop();
    assert_eq!(ended.code, Some(0));
    let recording = std::fs::read_to_string(&file).unwrap();
    for event in [
        "listening",
        "accepted",
        "received",
        "sent",
        "half_closed",
        "closed",
    ] {
        assert!(
            recording.contains(&format!("\"event\":\"{event}\"")),
            "{event}: {recording}"
        );
    }
    std::fs::remove_dir_all(directory).unwrap();
}
