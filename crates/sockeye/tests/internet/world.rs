//! The servers: a root, two top-level domains and the zones below, each on a loopback address of its own, and a
//! resolver that starts at that root.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::network::in_own_network;
use crate::tool::{PATIENCE, Tool, skipped};

/// Where the root is.
pub(crate) const ROOT: &str = "127.0.1.1";

/// Where the resolver is.
pub(crate) const RESOLVER: &str = "127.0.0.53";

/// Each server, and the zones it has.
const SERVERS: &[Server] = &[
    (ROOT, Program::Nsd, &[(".", "root")]),
    ("fd00:53::1", Program::Nsd, &[(".", "root")]),
    ("127.0.2.1", Program::Knot, &[("example.", "example")]),
    ("127.0.2.2", Program::Nsd, &[("example.", "example")]),
    ("127.0.2.3", Program::Knot, &[("test.", "test")]),
    (
        "127.0.3.1",
        Program::Nsd,
        &[
            ("river.example.", "river"),
            ("blog.river.example.", "blog"),
            ("half.example.", "half"),
        ],
    ),
    (
        "127.0.3.2",
        Program::Knot,
        &[("delta.river.example.", "delta")],
    ),
    ("127.0.3.3", Program::Nsd, &[("port.test.", "port")]),
    (
        "127.0.3.4",
        Program::Knot,
        &[
            ("sea.example.", "sea"),
            ("2.0.192.in-addr.arpa.", "reverse"),
        ],
    ),
    ("fd00:53::6", Program::Knot, &[("six.example.", "six")]),
    (
        "127.0.3.8",
        Program::Nsd,
        &[("elsewhere.test.", "elsewhere")],
    ),
];

/// A server's address, who it is, and the zones it has, each with its file.
type Server = (
    &'static str,
    Program,
    &'static [(&'static str, &'static str)],
);

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Nsd,
    Knot,
}

/// Whose servers the Internet is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// NSD and Knot.
    OfOthers,
    /// `serve dns --zone`.
    OfOurs,
}

/// The servers while they run; dropping it ends them.
pub(crate) struct World {
    programs: Vec<Running>,
    ours: Vec<Tool>,
    pub(crate) directory: PathBuf,
}

/// A program that is asked to end when it is dropped, or when the test is killed.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let end = Instant::now() + PATIENCE / 4;
        while matches!(self.0.try_wait(), Ok(None)) {
            if Instant::now() > end {
                let _ = self.0.kill();
                let _ = self.0.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Runs a test in a network of its own that has the addresses of this Internet; says so where a program is missing.
pub(crate) fn in_an_internet(name: &str, test: impl FnOnce()) {
    for program in [
        "nsd", "knotd", "unbound", "dig", "kdig", "setpriv", "prlimit", "python3",
    ] {
        let found = std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path)
                .chain(["/usr/sbin".into()])
                .any(|directory| directory.join(program).is_file())
        });
        if !found {
            return skipped(&format!("{program} is not installed"));
        }
    }
    let addresses = [
        // One that is not 127.0.0.1, without which programs take it that there is no IPv4 here (AI_ADDRCONFIG).
        "addr add 127.0.1.1/32 dev lo",
        "-6 addr add fd00:53::1/128 dev lo nodad",
        "-6 addr add fd00:53::6/128 dev lo nodad",
    ];
    in_own_network(name, &addresses, test);
}

impl World {
    /// Starts every server, and waits until each answers.
    pub(crate) fn start(made: Made) -> Self {
        let mut world = Self::empty();
        for (at, (address, program, zones)) in SERVERS.iter().enumerate() {
            match (made, program) {
                (Made::OfOthers, Program::Nsd) => world.nsd(at, address, zones),
                (Made::OfOthers, Program::Knot) => world.knot(at, address, zones),
                (Made::OfOurs, _) => world.ours(address, zones),
            }
        }
        for (address, _, zones) in SERVERS {
            answers(address, zones[0].0);
        }
        world
    }

    /// No server yet; a directory for their files.
    pub(crate) fn empty() -> Self {
        let directory =
            std::env::temp_dir().join(format!("sockeye-internet-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        Self {
            programs: Vec::new(),
            ours: Vec::new(),
            directory,
        }
    }

    fn nsd(&mut self, at: usize, address: &str, zones: &[(&str, &str)]) {
        let own = self.own_directory(at);
        let dir = own.display();
        let mut conf = format!(
            "server:\n server-count: 1\n ip-address: {address}\n username: \"\"\n chroot: \"\"\n zonesdir: \"{dir}\"\n \
             pidfile: \"{dir}/pid\"\n database: \"\"\n xfrdfile: \"{dir}/xfrd\"\n zonelistfile: \"{dir}/list\"\n \
             xfrdir: \"{dir}\"\n logfile: \"{dir}/log\"\n rrl-ratelimit: 0\nremote-control:\n control-enable: no\n"
        );
        for (zone, file) in zones {
            let file = zone_file(file);
            conf.push_str(&format!(
                "zone:\n name: \"{zone}\"\n zonefile: \"{}\"\n",
                file.display()
            ));
        }
        self.run("nsd", &["-d", "-c"], &own.join("conf"), &conf);
    }

    fn knot(&mut self, at: usize, address: &str, zones: &[(&str, &str)]) {
        let own = self.own_directory(at);
        let dir = own.display();
        let mut conf = format!(
            "server:\n  rundir: \"{dir}\"\n  listen: \"{address}@53\"\n  udp-workers: 1\n  tcp-workers: 1\n  \
             background-workers: 1\nlog:\n  - target: \"{dir}/log\"\n    any: info\ndatabase:\n  storage: \"{dir}\"\n\
             template:\n  - id: default\n    zonefile-sync: -1\n    journal-content: none\nzone:\n"
        );
        for (zone, file) in zones {
            let file = zone_file(file);
            conf.push_str(&format!(
                "  - domain: \"{zone}\"\n    file: \"{}\"\n",
                file.display()
            ));
        }
        self.run("knotd", &["-c"], &own.join("conf"), &conf);
    }

    fn ours(&mut self, address: &str, zones: &[(&str, &str)]) {
        let host = match address.contains(':') {
            true => format!("[{address}]"),
            false => address.to_owned(),
        };
        let mut arguments = vec![
            "serve".to_owned(),
            format!("dns={host}:53"),
            "-q".to_owned(),
        ];
        for (zone, file) in zones {
            arguments.push("--zone".to_owned());
            arguments.push(format!("{zone}={}", zone_file(file).display()));
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.ours.push(Tool::serve(&arguments).0);
    }

    /// The offline Internet of `serve dns`.
    pub(crate) fn offline(&mut self) {
        self.ours.push(Tool::serve(&["serve", "dns", "-q"]).0);
    }

    /// Starts a resolver on [`RESOLVER`] that begins at [`ROOT`].
    pub(crate) fn resolver(&mut self) {
        self.resolver_with(&format!(
            "stub-zone:\n name: \".\"\n stub-addr: {ROOT}\n stub-prime: yes\n"
        ));
    }

    /// Starts a resolver that knows of some zones where their servers are, of the root at least.
    pub(crate) fn resolver_with(&mut self, zones: &str) {
        let own = self.own_directory(100);
        let dir = own.display();
        let conf = format!(
            "server:\n interface: {RESOLVER}\n access-control: 127.0.0.0/8 allow\n username: \"\"\n chroot: \"\"\n \
             directory: \"{dir}\"\n pidfile: \"\"\n use-syslog: no\n logfile: \"{dir}/log\"\n log-queries: yes\n \
             verbosity: 1\n num-threads: 1\n outgoing-range: 64\n msg-cache-size: 1m\n rrset-cache-size: 1m\n \
             do-not-query-localhost: no\n module-config: \"iterator\"\n \
             local-zone: \"test.\" nodefault\n local-zone: \"2.0.192.in-addr.arpa.\" nodefault\n \
             rrset-roundrobin: no\nremote-control:\n control-enable: no\n{zones}"
        );
        self.run("unbound", &["-d", "-p", "-c"], &own.join("conf"), &conf);
        answers(RESOLVER, "version.bind.");
    }

    /// What the resolver was asked, one question a line: `NAME TYPE CLASS`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let log = std::fs::File::open(self.directory.join("100/log")).unwrap();
        let lines = BufReader::new(log).lines().map(Result::unwrap);
        lines
            .filter_map(|line| {
                Some(
                    line.split_once(" info: 127.0.")?
                        .1
                        .split_once(' ')?
                        .1
                        .to_owned(),
                )
            })
            .collect()
    }

    /// What every program wrote into its log.
    pub(crate) fn logs(&self) -> String {
        let mut all = String::new();
        for entry in std::fs::read_dir(&self.directory).unwrap() {
            let path = entry.unwrap().path().join("log");
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            all.push_str(&format!("{}:\n{text}", path.display()));
        }
        all
    }

    fn own_directory(&self, at: usize) -> PathBuf {
        let own = self.directory.join(at.to_string());
        std::fs::create_dir_all(&own).unwrap();
        own
    }

    fn run(&mut self, program: &str, arguments: &[&str], conf: &Path, text: &str) {
        std::fs::write(conf, text).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "--", program])
            .args(arguments)
            .arg(conf)
            .env("PATH", format!("{path}:/usr/sbin"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.programs.push(Running(child));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = self.logs();
            let said = logs.lines().filter(|line| line.contains("rror"));
            crate::ran::skipped(&said.collect::<Vec<_>>().join("\n"));
        }
        self.programs.clear();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Puts `text` in the place of a file of /etc, for this test alone. It may be written anew as often as is wanted.
pub(crate) fn with_file(directory: &Path, name: &str, text: &str) {
    let own = directory.join(name);
    let is_there = own.exists();
    std::fs::write(&own, text).unwrap();
    if !is_there {
        let at = Path::new("/etc").join(name);
        let done = Command::new("mount")
            .arg("--bind")
            .args([&own, &at])
            .status();
        assert!(done.unwrap().success(), "{}", at.display());
    }
}

fn zone_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/internet/zones")
        .join(format!("{name}.zone"))
}

/// Asks a server for the SOA of a zone until it answers.
fn answers(address: &str, zone: &str) {
    let server = SocketAddr::new(address.parse().unwrap(), 53);
    let local = if server.is_ipv4() {
        "127.0.0.1:0"
    } else {
        "[::1]:0"
    };
    let mut query = vec![0x50, 0x0c, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in zone.split('.').filter(|label| !label.is_empty()) {
        query.push(u8::try_from(label.len()).unwrap());
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, 6, 0, 1]);
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let socket = UdpSocket::bind(local).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        socket.connect(server).unwrap();
        let _ = socket.send(&query);
        // Where nobody is yet the datagram is refused at once.
        if socket.recv(&mut [0; 512]).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{address} does not answer for {zone}");
}
