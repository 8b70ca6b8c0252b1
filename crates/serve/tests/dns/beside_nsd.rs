//! The same zone files on NSD and here: dig and kdig must see the same codes, flags and sections.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hickory_proto::rr::RecordType;

use crate::message::question;
use crate::server::{PATIENCE, Server, file, skipped, zones};

/// A running NSD; it is killed when dropped, and its directory goes.
struct Nsd {
    child: Child,
    port: u16,
    directory: PathBuf,
}

impl Drop for Nsd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Nsd {
    /// One process, all zones; `None` when there is no NSD here.
    fn start(files: &[(String, PathBuf)]) -> Option<Self> {
        let name = format!("sockeye-nsd-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        // The port may be taken by another between the look and NSD's own bind.
        for _ in 0..5 {
            let port = free_port();
            let nsd = Self::on(port, files, &directory)?;
            if nsd.answers() {
                return Some(nsd);
            }
            std::fs::create_dir_all(&directory).unwrap();
        }
        panic!("NSD did not start");
    }

    fn on(port: u16, files: &[(String, PathBuf)], directory: &Path) -> Option<Self> {
        let at = directory.display();
        let mut conf = format!(
            "server:\n server-count: 1\n ip-address: 127.0.0.1@{port}\n username: \"\"\n chroot: \"\"\n \
             zonesdir: \"{at}\"\n pidfile: \"{at}/pid\"\n database: \"\"\n xfrdfile: \"{at}/xfrd\"\n \
             zonelistfile: \"{at}/list\"\n xfrdir: \"{at}\"\n logfile: \"{at}/log\"\n rrl-ratelimit: 0\n\
             remote-control:\n control-enable: no\n"
        );
        for (zone, file) in files {
            let file = file.display();
            conf.push_str(&format!(
                "zone:\n name: \"{zone}\"\n zonefile: \"{file}\"\n"
            ));
        }
        let path = directory.join("conf");
        std::fs::write(&path, conf).unwrap();
        let child = Command::new("nsd")
            .args(["-d", "-c"])
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        Some(Self {
            child,
            port,
            directory: directory.to_owned(),
        })
    }

    /// Asks until it answers; whether it does at all.
    fn answers(&self) -> bool {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", self.port)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let query = question(1, "corners.test.", RecordType::SOA, None);
        let end = Instant::now() + PATIENCE / 3;
        while Instant::now() < end {
            // A port that nobody has yet refuses, and says so with the next call.
            let _ = socket.send(&query);
            if socket.recv(&mut [0; 512]).is_ok_and(|len| len > 12) {
                return true;
            }
        }
        false
    }
}

/// A port that is free on UDP and TCP.
fn free_port() -> u16 {
    for _ in 0..100 {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = tcp.local_addr().unwrap();
        if UdpSocket::bind(at).is_ok() {
            return at.port();
        }
    }
    panic!("no port is free");
}

/// What dig shows of one answer, by section; records as a set.
type Shown = BTreeMap<String, BTreeSet<String>>;

/// Asks all questions with one dig.
fn dig(port: u16, questions: &Path) -> Option<Vec<Shown>> {
    let output = Command::new("dig")
        .args(["@127.0.0.1", "-p", &port.to_string(), "-f"])
        .arg(questions)
        .env("LC_ALL", "C")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.split(";; Got answer:").skip(1).map(shown).collect())
}

fn shown(text: &str) -> Shown {
    let mut shown = Shown::new();
    let mut section = String::new();
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix(";; ")
            .and_then(|line| line.strip_suffix(" SECTION:"))
        {
            section = name.to_owned();
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let line = words.join(" ");
        if let Some((_, status)) = line.split_once("status: ") {
            // The id behind it is dig's own.
            let status = status.split(',').next().unwrap();
            shown
                .entry("status".to_owned())
                .or_default()
                .insert(status.to_owned());
        } else if line.starts_with(";; flags:")
            || line.starts_with("; EDNS")
            || section == "QUESTION" && line.starts_with(';')
        {
            shown.entry("header".to_owned()).or_default().insert(line);
        } else if !line.is_empty() && !line.starts_with(';') {
            shown.entry(section.clone()).or_default().insert(line);
        }
    }
    shown
}

/// The names of a zone file's records, and some that are not there.
fn questions() -> Vec<String> {
    let mut all = Vec::new();
    let names = "@ ns1 ns2 mail mixed MIXED alias chain1 gone out loop1 self a.b.c.d b.c.d d e.d wild *.wild www.wild \
                 foo.wild foo.www.wild y.wild z.y.wild x.y.wild a.b.wild cwild foo.cwild foo.dangling sub www.sub ns.sub \
                 deep.sub sub2 x.sub2 sub3 to-sub mx-sub srv old www.old nothing.old new olds out2 www.out2 txt many big \
                 huge medium nsx child www.child back.child nothing.child to-child none x.none";
    for name in names.split_whitespace() {
        for kind in "A AAAA NS TXT MX DS CNAME SOA".split_whitespace() {
            // A parent that is served too and has not delegated the zone: NSD says NODATA with the parent's SOA.
            if (name, kind) != ("@", "DS") {
                all.push(format!("{name} {kind}"));
            }
        }
    }
    let more = "https HTTPS,svcb SVCB,unknown TYPE65280,naptr NAPTR,loc TYPE29,hinfo HINFO,rp RP,uri URI,ptr PTR,\
                sshfp SSHFP,tlsa TLSA,old DNAME,caa CAA,srv SRV";
    all.extend(more.split(',').map(str::to_owned));
    for line in &mut all {
        *line = match line.strip_prefix("@ ") {
            Some(kind) => format!("corners.test. {kind}"),
            None => line.replacen(' ', ".corners.test. ", 1),
        };
    }
    let sizes = "big TXT +noedns,big TXT +bufsize=700,big TXT +bufsize=4096,big TXT +tcp,huge TXT +tcp,\
                 medium A +noedns,medium A +bufsize=600,mail A +edns=1 +noednsneg,mail A +dnssec,mail A +cd +ad,\
                 mail A +nsid,mail A +opcode=2,mail MAILB,mail TYPE249";
    all.extend(
        sizes
            .split(',')
            .map(|line| line.replacen(' ', ".corners.test. ", 1)),
    );
    let label = "x".repeat(57);
    all.push(format!("{label}.grow.corners.test. A"));
    all.push(format!("{label}.{label}.grow.corners.test. A"));
    let river = "@ A,@ AAAA,@ MX,@ TXT,@ CAA,@ HTTPS,@ NS,@ SOA,six A,six AAAA,shop A,blog NS,draft.blog TXT,x.blog A,boat1 A,\
                 boat1 TXT,boat1 MX,a.boat1 A,delta A,www.delta A,tick A,_xmpp-client._tcp SRV,_tcp A,lame A";
    for line in river.split(',') {
        all.push(match line.strip_prefix("@ ") {
            Some(kind) => format!("river.example. {kind}"),
            None => line.replacen(' ', ".river.example. ", 1),
        });
    }
    let others = ". NS,. SOA,example. NS,example. DS,lake.example. A,www.lake.example. A,desert.example. A,\
                  www.ocean.sea.example. A,a.b.ocean.sea.example. TXT,big.sea.example. TXT,big.sea.example. TXT +tcp,\
                  nowhere.test. A,example.com. A,corners.test. AXFR,mail.corners.test. A -c CH";
    all.extend(others.split(',').map(str::to_owned));
    all
}

/// The zone of `corners.zone` with sets that fit no datagram.
fn corners(directory: &Path) -> PathBuf {
    let mut text = std::fs::read_to_string(file("corners.zone")).unwrap();
    let fill = |letter: &str, len| letter.repeat(len);
    for number in 0..12 {
        text.push_str(&format!("big TXT \"{number:02} {}\"\n", fill("x", 100)));
    }
    for number in 0..230 {
        text.push_str(&format!("huge TXT \"{number:03} {}\"\n", fill("y", 240)));
    }
    for number in 1..40 {
        text.push_str(&format!("medium A 10.0.0.{number}\n"));
    }
    let path = directory.join("corners.zone");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn every_answer_is_the_one_that_nsd_gives() {
    let directory = std::env::temp_dir().join(format!("sockeye-beside-nsd-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let practice = |name: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("zones")
            .join(name)
    };
    let files: Vec<(String, PathBuf)> = [
        ("corners.test", corners(&directory)),
        ("child.corners.test", file("child.zone")),
        (".", practice("root.zone")),
        ("example", practice("example.zone")),
        ("river.example", practice("river.zone")),
        ("sea.example", practice("sea.zone")),
        ("lake.example", practice("lake.zone")),
    ]
    .map(|(name, file)| (name.to_owned(), file))
    .into();
    let Some(nsd) = Nsd::start(&files) else {
        return skipped("there is no NSD here");
    };
    let paths: Vec<PathBuf> = files.iter().map(|(_, file)| file.clone()).collect();
    let zones = zones(&paths);
    let tcp = Server::start(&zones, "tcp", 0, None);
    let udp = Server::start(&zones, "udp", tcp.at.port(), None);
    let questions = questions();
    let flags = " +norec +nocookie +tries=3 +time=5 +noall +comments +question +answer +authority +additional";
    let lines: String = questions
        .iter()
        .map(|line| {
            // dig forgets +tcp where it is to leave cut answers alone.
            let cut = if line.contains("+tcp") {
                ""
            } else {
                " +ignore"
            };
            format!("{line}{flags}{cut}\n")
        })
        .collect();
    let batch = directory.join("questions");
    std::fs::write(&batch, lines).unwrap();
    let (Some(theirs), Some(ours)) = (dig(nsd.port, &batch), dig(udp.at.port(), &batch)) else {
        return skipped("there is no dig here");
    };
    assert_eq!(
        (theirs.len(), ours.len()),
        (questions.len(), questions.len())
    );
    let mut different = Vec::new();
    for ((question, theirs), ours) in questions.iter().zip(&theirs).zip(&ours) {
        if theirs != ours {
            different.push(format!("{question}\n NSD  {theirs:?}\n ours {ours:?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    // Nothing is compared where nothing is said.
    let said: usize = ours
        .iter()
        .map(|shown| shown.get("ANSWER").map_or(0, BTreeSet::len))
        .sum();
    assert!(said > 400, "{said}");

    let kdig = |port: u16| {
        let output = Command::new("kdig")
            .args(["@127.0.0.1", "-p", &port.to_string(), "+noall", "+answer"])
            .args([
                "river.example.",
                "MX",
                "sea.example.",
                "A",
                "-t",
                "TXT",
                "big.sea.example.",
                "+tcp",
            ])
            .output();
        output
            .ok()
            .map(|output| String::from_utf8(output.stdout).unwrap())
    };
    match (kdig(nsd.port), kdig(udp.at.port())) {
        (Some(theirs), Some(ours)) => {
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
            assert_eq!(lines(&theirs), lines(&ours));
            assert!(ours.contains("backup.sea.example."), "{ours}");
        }
        _ => skipped("there is no kdig here"),
    }
    let served = udp.stop();
    assert!(
        served.totals.sends >= questions.len() as u64 - 10,
        "{served:?}"
    );
    drop(tcp);
    std::fs::remove_dir_all(directory).unwrap();
}
