//! Narration and diagram of traced programs, with what is wrong at its place.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod scenes;

use std::time::Duration;

use scenes::{Scene, address};
use sockeye_model::text::Text;
use sockeye_model::{
    Call, Caller, Came, Errno, Event, Family, Finding, Kind, Note, Payload, Place, ProcessName,
    Queues, Saying, SocketId, Syscall, Totals, Type, Unit, Weight,
};
use sockeye_view::catalogue::Language;
use sockeye_view::{Columns, Diagram, DiagramOptions, Explain, ExplainOptions};

const SERVER: u32 = 3139;
const CLIENT: u32 = 3150;

/// Makes what was told last a call of this process, at this line.
fn by<'a>(event: &'a mut Event<'static>, pid: u32, line: u32) -> &'a mut Event<'static> {
    event.by = Some(Caller {
        process: pid,
        thread: pid,
    });
    event.place = (line > 0).then(|| Place {
        file: "server.py".into(),
        line,
        function: None,
    });
    event
}

fn finding(rule: &'static str, weight: Weight, words: Text, socket: u32) -> Kind<'static> {
    Kind::Diagnosed(Box::new(Finding {
        rule,
        weight,
        socket: SocketId(socket),
        by: None,
        place: None,
        times: 1,
        again: false,
        short: Saying::of(words),
        happened: Saying::of(words),
        why: Saying::of(words),
        fix: Saying::of(words),
    }))
}

/// A server that takes recv(10) for the whole message and closes.
fn server(lines: bool) -> Scene {
    let mut scene = Scene::default();
    let line = |line| if lines { line } else { 0 };
    let bytes = |data: &'static [u8]| Payload::Bytes {
        data: data.into(),
        unit: Unit::Bytes,
    };
    let started = Kind::Started {
        pid: SERVER,
        command: "python3 server.py".into(),
    };
    by(scene.at(0, 0, started), SERVER, 0);
    let created = Kind::Created {
        family: Family::Inet,
        kind: Type::Stream,
        protocol: Default::default(),
    };
    by(scene.at(100, 1, created), SERVER, line(2));
    let descriptor = Kind::Noted(Note::Descriptor {
        number: 3,
        came: Came::Made,
    });
    by(scene.at(100, 1, descriptor), SERVER, line(2));
    let bound = Kind::Bound {
        local: address("127.0.0.1:5000"),
    };
    by(scene.at(2_000, 1, bound), SERVER, line(3));
    const HERE: Text = Text::new(
        "only programs on this computer can connect",
        "solo pueden conectar programas de este ordenador",
    );
    const REUSE: Text = Text::new("no SO_REUSEADDR", "falta SO_REUSEADDR");
    by(
        scene.at(2_000, 1, finding("S03", Weight::Hint, HERE, 1)),
        SERVER,
        line(3),
    );
    by(
        scene.at(2_000, 1, finding("S01", Weight::Risk, REUSE, 1)),
        SERVER,
        line(3),
    );
    let listening = Kind::Listening {
        local: address("127.0.0.1:5000"),
        backlog: 1,
    };
    by(scene.at(4_000, 1, listening), SERVER, line(4));
    let waiting = Kind::Waiting { call: Call::Accept };
    by(scene.at(6_000, 1, waiting), SERVER, line(6));
    let accepted = Kind::Accepted {
        local: address("127.0.0.1:5000"),
        peer: address("127.0.0.1:44888"),
    };
    let event = by(scene.at(896_000, 2, accepted), SERVER, line(6));
    event.parent = Some(SocketId(1));
    event.took = Some(Duration::from_millis(890));
    let peer = Kind::Noted(Note::PeerProcess(ProcessName {
        pid: CLIENT,
        name: "client.py".into(),
    }));
    by(scene.at(896_000, 2, peer), SERVER, line(6));
    let polled = Kind::Called {
        call: Call::Poll,
        result: Ok(0),
    };
    by(scene.at(900_000, 0, polled), SERVER, line(7));
    let received = Kind::Received {
        call: Call::Recv,
        payload: bytes(b"0123456789"),
        room: 10,
        truncated_from: None,
        peer: None,
    };
    by(scene.at(912_000, 2, received), SERVER, line(7));
    let sent = Kind::Sent {
        call: Call::Send,
        payload: bytes(b"0123456789"),
        asked: 10,
        buffer: Some(4096),
        peer: None,
    };
    by(scene.at(919_000, 2, sent), SERVER, line(8));
    let queued = Kind::Queued(Queues::Data {
        unread: 18,
        unsent: 0,
    });
    by(scene.at(920_000, 2, queued), SERVER, line(9));
    let closed = Kind::Closed {
        totals: Totals {
            bytes_sent: 10,
            bytes_received: 10,
            sends: 1,
            receives: 1,
        },
        first: None,
    };
    by(scene.at(920_000, 2, closed), SERVER, line(9)).took = Some(Duration::from_micros(30));
    const UNREAD: Text = Text::new("18 B were not read", "18 B quedaron sin leer");
    by(
        scene.at(920_000, 2, finding("S09", Weight::Mistake, UNREAD, 2)),
        SERVER,
        line(9),
    );
    scene
}

fn narrated(scene: &Scene, options: ExplainOptions) -> String {
    let mut out = Vec::new();
    scene.show(Explain::new(&mut out, options));
    String::from_utf8(out).unwrap()
}

fn options(language: Language, width: usize) -> ExplainOptions {
    ExplainOptions {
        language,
        width,
        ..ExplainOptions::default()
    }
}

#[test]
fn a_traced_server_reads_as_a_lesson_with_its_lines_and_mistakes() {
    let scene = server(true);
    for (language, name) in [(Language::English, "en"), (Language::Spanish, "es")] {
        for width in [80, 120] {
            let text = narrated(&scene, options(language, width));
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{line}");
            }
            insta::assert_snapshot!(format!("traced_server_{name}_{width}"), text);
        }
    }
}

#[test]
fn a_finding_stands_at_the_call_that_showed_it() {
    let text = narrated(&server(true), options(Language::English, 120));
    let line = |words: &str| text.lines().find(|line| line.contains(words)).unwrap();
    assert!(
        line("S03").contains(":3") && line("S03").contains("bind"),
        "{text}"
    );
    assert!(
        line("S09").contains(":9") && line("S09").contains("18 B NOT READ"),
        "{text}"
    );
}

/// Calls of a program, each from a file and a line.
fn calls_from(places: &[(&'static str, u32)]) -> Scene {
    let mut scene = Scene::default();
    let started = Kind::Started {
        pid: SERVER,
        command: "python3 server.py".into(),
    };
    by(scene.at(0, 0, started), SERVER, 0);
    for (index, (file, line)) in places.iter().enumerate() {
        let created = Kind::Created {
            family: Family::Inet,
            kind: Type::Stream,
            protocol: Default::default(),
        };
        let number = u32::try_from(index).unwrap() + 1;
        let event = by(scene.at(index as u64, number, created), SERVER, *line);
        event.place.as_mut().unwrap().file = (*file).into();
    }
    scene
}

#[test]
fn in_columns_too_a_line_stands_alone_only_where_its_file_is_in_the_heading() {
    let mut out = Vec::new();
    let scene = calls_from(&[("lib.py", 505), ("server.py", 7)]);
    scene.show(Diagram::new(&mut out, DiagramOptions::default()));
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("#1 lib.py:505 socket"), "{text}");
    assert!(text.contains("#2 :7 socket"), "{text}");
}

#[test]
fn a_line_stands_alone_only_where_its_file_is_in_the_heading() {
    let places = [("lib.py", 505), ("server.py", 7), ("other/server.py", 8)];
    let text = narrated(&calls_from(&places), options(Language::English, 120));
    let line = |number: &str| text.lines().find(|line| line.contains(number)).unwrap();
    assert!(line("#1").contains("(lib.py:505)"), "{text}");
    assert!(line("#2").contains(" :7 "), "{text}");
    assert!(line("#3").contains("(server.py:8)"), "{text}");
    let name = |number: &str| line(number).find("socket ").unwrap();
    assert_eq!(name("#1"), name("#2"), "{text}");
    assert_eq!(name("#2"), name("#3"), "{text}");
}

#[test]
fn a_long_line_number_moves_nothing_behind_it() {
    let places = [("server.py", 12_345), ("server.py", 7), ("lib.py", 7)];
    let text = narrated(&calls_from(&places), options(Language::English, 120));
    assert!(text.contains(":12345 #1"), "{text}");
    let starts: Vec<_> = text.lines().filter_map(|line| line.find('#')).collect();
    assert_eq!(starts, [starts[0]; 3], "{text}");
}

#[test]
fn without_lines_there_is_no_column_for_them() {
    let text = narrated(&server(false), options(Language::English, 120));
    assert!(text.contains(" 0.002 #1  bind "), "{text}");
}

#[test]
fn what_says_nothing_by_itself_is_told_on_request_and_polls_never() {
    let scene = server(true);
    let short = narrated(&scene, options(Language::English, 120));
    assert!(!short.contains("descriptor 3"), "{short}");
    let everything = ExplainOptions {
        everything: true,
        ..options(Language::English, 120)
    };
    let long = narrated(&scene, everything);
    assert!(long.contains("descriptor 3"), "{long}");
    assert!(!long.contains("poll"), "{long}");
}

#[test]
fn two_programs_have_their_names_and_a_column_each() {
    let mut scene = Scene::default();
    for (pid, command) in [(SERVER, "python3 server.py"), (CLIENT, "python3 client.py")] {
        let command = command.into();
        by(scene.at(0, 0, Kind::Started { pid, command }), pid, 0);
    }
    for (socket, pid) in [(1, SERVER), (2, CLIENT)] {
        let failed = Kind::Failed {
            call: Call::Connect,
            errno: Errno::ECONNREFUSED,
            address: Some(address("127.0.0.1:9")),
        };
        by(scene.at(10, socket, failed), pid, 0);
    }
    let text = narrated(&scene, options(Language::English, 120));
    assert!(text.contains("server.py  #1"), "{text}");
    assert!(text.contains("client.py  #2"), "{text}");

    let mut out = Vec::new();
    let two = DiagramOptions {
        columns: Columns::Two,
        ..DiagramOptions::default()
    };
    scene.show(Diagram::new(&mut out, two));
    let picture = String::from_utf8(out).unwrap();
    let column = |words: &str| {
        let line = picture.lines().find(|line| line.contains(words)).unwrap();
        line.find(words).unwrap() < line.find('│').unwrap()
    };
    assert!(column("#1 connect") && !column("#2 connect"), "{picture}");
}

#[test]
fn what_a_process_did_stands_in_its_column_and_above_its_end_even_where_it_was_told_late() {
    let mut scene = Scene::default();
    for (pid, command) in [(SERVER, "python3 server.py"), (CLIENT, "python3 client.py")] {
        let command = command.into();
        by(scene.at(0, 0, Kind::Started { pid, command }), pid, 0);
    }
    let (ours, theirs) = ("127.0.0.1:44888", "127.0.0.1:5000");
    let connected = Kind::Connected {
        local: address(ours),
        peer: address(theirs),
    };
    by(scene.at(10, 2, connected), CLIENT, 0);
    let accepted = Kind::Accepted {
        local: address(theirs),
        peer: address(ours),
    };
    by(scene.at(20, 3, accepted), SERVER, 0);
    let payload = || Payload::Bytes {
        data: b"hello".as_slice().into(),
        unit: Unit::Bytes,
    };
    let received = Kind::Received {
        call: Call::Recv,
        payload: payload(),
        room: 10,
        truncated_from: None,
        peer: None,
    };
    by(scene.at(30, 2, received), CLIENT, 0);
    let failed = Kind::Failed {
        call: Call::SetSockOpt,
        errno: Errno::EINVAL,
        address: None,
    };
    by(scene.at(35, 2, failed), CLIENT, 0);
    let ended = Kind::Exited {
        pid: CLIENT,
        status: Ok(0),
    };
    by(scene.at(40, 0, ended), CLIENT, 0);
    let sent = Kind::Sent {
        call: Call::Send,
        payload: payload(),
        asked: 5,
        buffer: None,
        peer: None,
    };
    by(scene.at(50, 3, sent), SERVER, 0);
    let late = Kind::Failed {
        call: Call::Connect,
        errno: Errno::ECONNREFUSED,
        address: None,
    };
    by(scene.at(60, 4, late), CLIENT, 0);
    let mut out = Vec::new();
    let two = DiagramOptions {
        columns: Columns::Two,
        ..DiagramOptions::default()
    };
    scene.show(Diagram::new(&mut out, two));
    let picture = String::from_utf8(out).unwrap();
    let row = |words: &str| {
        let found = picture.lines().position(|line| line.contains(words));
        found.unwrap_or_else(|| panic!("no {words} in {picture}"))
    };
    let is_right = |words: &str| {
        let line = picture.lines().nth(row(words)).unwrap();
        line.find(words).unwrap() > line.rfind('│').unwrap()
    };
    assert!(row("#2 setsockopt") < row("exit"), "{picture}");
    for words in ["#2 setsockopt", "exit", "#4 connect"] {
        assert!(is_right(words), "{words}: {picture}");
    }
}

/// A call of the kernel by this process, over at this moment.
fn kernels(scene: &mut Scene, at: u64, socket: u32, text: (&'static str, &[&str], i64)) {
    let (name, arguments, returned) = text;
    let syscall = Syscall {
        name: name.into(),
        number: 44,
        arguments: arguments.iter().map(ToString::to_string).collect(),
        result: match returned {
            0.. => Ok(returned),
            _ => Err(Errno(i32::try_from(-returned).unwrap())),
        },
    };
    let note = Kind::Noted(Note::Syscall(Box::new(syscall)));
    by(scene.at(at, socket, note), CLIENT, 0).took = Some(Duration::from_millis(200));
}

/// A client that waits in vain, sends, and receives once poll has said that there is something.
fn client() -> Scene {
    let mut scene = Scene::default();
    let started = Kind::Started {
        pid: CLIENT,
        command: "python3 client.py".into(),
    };
    by(scene.at(0, 0, started), CLIENT, 0);
    let created = Kind::Created {
        family: Family::Inet,
        kind: Type::Stream,
        protocol: Default::default(),
    };
    by(scene.at(100, 1, created), CLIENT, 0);
    kernels(
        &mut scene,
        100,
        1,
        ("socket", &["AF_INET", "SOCK_STREAM", "IPPROTO_IP"], 3),
    );
    let flag = Kind::Configured {
        option: "O_NONBLOCK".into(),
        value: "1".into(),
    };
    by(scene.at(200, 1, flag), CLIENT, 0);
    kernels(&mut scene, 200, 1, ("ioctl", &["3", "FIONBIO", "[1]"], 0));
    let nothing = "[{fd=3, events=POLLIN, revents=0}]";
    kernels(&mut scene, 200_000, 1, ("poll", &[nothing, "1", "200"], 0));
    kernels(&mut scene, 400_000, 1, ("poll", &[nothing, "1", "200"], 0));
    for at in [500_000, 500_100] {
        let sent = Kind::Sent {
            call: Call::Send,
            payload: Payload::Bytes {
                data: b"hola\n".into(),
                unit: Unit::Bytes,
            },
            asked: 5,
            buffer: None,
            peer: None,
        };
        by(scene.at(at, 1, sent), CLIENT, 0);
        let arguments = ["3", "\"hola\\n\"", "5", "MSG_NOSIGNAL", "NULL", "0"];
        kernels(&mut scene, at, 1, ("sendto", &arguments, 5));
    }
    let there = "[{fd=3, events=POLLIN, revents=POLLIN}]";
    kernels(
        &mut scene,
        550_000,
        1,
        ("poll", &["[{fd=3, events=POLLIN}]", "1", "200"], -4),
    );
    kernels(&mut scene, 600_000, 1, ("poll", &[there, "1", "200"], 1));
    let received = Kind::Received {
        call: Call::Recv,
        payload: Payload::Bytes {
            data: "añ\n".as_bytes().into(),
            unit: Unit::Bytes,
        },
        room: 10,
        truncated_from: None,
        peer: None,
    };
    by(scene.at(700_000, 1, received), CLIENT, 0);
    kernels(
        &mut scene,
        700_000,
        1,
        (
            "recvfrom",
            &["3", "\"añ\\n\"", "10", "0", "NULL", "NULL"],
            4,
        ),
    );
    let failed = Kind::Failed {
        call: Call::Send,
        errno: Errno::EPIPE,
        address: None,
    };
    by(scene.at(800_000, 1, failed), CLIENT, 0);
    kernels(
        &mut scene,
        800_000,
        1,
        ("sendto", &["3", "\"x\"", "1", "0", "NULL", "0"], -32),
    );
    scene
}

#[test]
fn the_kernels_call_stands_below_the_programs_and_a_wait_above_it() {
    for (language, name) in [(Language::English, "en"), (Language::Spanish, "es")] {
        let text = narrated(&client(), options(language, 80));
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        insta::assert_snapshot!(format!("traced_syscalls_{name}"), text);
    }
}

#[test]
fn the_kernels_call_of_what_is_not_told_is_told_on_request() {
    let short = narrated(&client(), options(Language::English, 100));
    assert!(!short.contains("ioctl"), "{short}");
    let everything = ExplainOptions {
        everything: true,
        ..options(Language::English, 100)
    };
    let long = narrated(&client(), everything);
    assert!(long.contains("ioctl(3, FIONBIO, [1]) = 0   [44]"), "{long}");
}

#[test]
fn without_unicode_the_kernels_data_is_escaped_and_not_changed() {
    let ascii = ExplainOptions {
        ascii: true,
        ..options(Language::English, 100)
    };
    let text = narrated(&client(), ascii);
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains(r#"recvfrom(3, "a\u{f1}\n", 10"#), "{text}");
}

#[test]
fn pictures_leave_the_kernels_calls_out() {
    let mut out = Vec::new();
    client().show(Diagram::new(&mut out, DiagramOptions::default()));
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("send") && !text.contains("sendto"), "{text}");
}
