//! Two traced programs that meet: a server that takes recv(10) for the whole message, and its client.

use sockeye_model::text::Text;
use sockeye_model::{Caller, Came, Finding, Place, Queues, Saying, Value, Weight};

use super::*;

const SERVER: u32 = 3139;
const CLIENT: u32 = 3150;

/// Makes what was told last a call of this process, at this line of this file.
fn by<'a>(
    event: &'a mut Event<'static>,
    pid: u32,
    file: &'static str,
    line: u32,
) -> &'a mut Event<'static> {
    event.by = Some(Caller {
        process: pid,
        thread: pid,
    });
    event.place = (line > 0).then(|| Place {
        file: file.into(),
        line,
        function: None,
    });
    event
}

struct Words {
    short: Text,
    happened: Text,
    why: Text,
    fix: Text,
}

fn found(
    rule: &'static str,
    weight: Weight,
    socket: u32,
    line: u32,
    words: Words,
) -> Kind<'static> {
    Kind::Diagnosed(Box::new(Finding {
        rule,
        weight,
        socket: SocketId(socket),
        by: Some(Caller {
            process: SERVER,
            thread: SERVER,
        }),
        place: Some(Place {
            file: "server.py".into(),
            line,
            function: None,
        }),
        times: 1,
        again: false,
        short: Saying::of(words.short),
        happened: Saying::of(words.happened).with("unread", Value::Bytes(18)),
        why: Saying::of(words.why),
        fix: Saying::of(words.fix),
    }))
}

/// A server that closes with bytes unread, and the client that is reset; each with its lines.
pub(crate) fn two_programs() -> Scene {
    let mut scene = Scene::default();
    let server = |event: &mut Event<'static>, line| {
        by(event, SERVER, "server.py", line);
    };
    let client = |event: &mut Event<'static>, line| {
        by(event, CLIENT, "client.py", line);
    };
    let started = |pid, command: &'static str| Kind::Started {
        pid,
        command: command.into(),
    };
    server(scene.at(0, 0, started(SERVER, "python3 server.py")), 0);
    scene.created(100, 1, Family::Inet, Type::Stream);
    server(scene.events.last_mut().unwrap(), 2);
    let descriptor = Kind::Noted(Note::Descriptor {
        number: 3,
        came: Came::Made,
    });
    server(scene.at(110, 1, descriptor), 2);
    scene.bound(2_000, 1, "127.0.0.1:5000");
    server(scene.events.last_mut().unwrap(), 3);
    let reuse = Words {
        short: Text::new("no SO_REUSEADDR", "falta SO_REUSEADDR"),
        happened: Text::new(
            "after a clean close by the server, a restart within 60 s gets EADDRINUSE",
            "si el servidor cierra primero y limpio, al reiniciarlo antes de 60 s dará EADDRINUSE",
        ),
        why: Text::new(
            "the connections it closed rest in TIME_WAIT, and hold the address",
            "las conexiones que cerró reposan en TIME_WAIT y retienen la dirección",
        ),
        fix: Text::new(
            "before bind(): s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
            "antes de bind(): s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
        ),
    };
    server(
        scene.at(2_000, 1, found("S01", Weight::Risk, 1, 3, reuse)),
        3,
    );
    scene.listening(4_000, 1, "127.0.0.1:5000");
    server(scene.events.last_mut().unwrap(), 4);
    scene.waiting(6_000, 1, Call::Accept);
    server(scene.events.last_mut().unwrap(), 6);
    client(
        scene.at(500_000, 0, started(CLIENT, "python3 client.py")),
        0,
    );
    scene.created(890_000, 2, Family::Inet, Type::Stream);
    client(scene.events.last_mut().unwrap(), 2);
    scene.connecting(895_000, 2, "127.0.0.1:5000");
    client(scene.events.last_mut().unwrap(), 3);
    scene.connected(895_900, 2, "127.0.0.1:44888", "127.0.0.1:5000", 90);
    client(scene.events.last_mut().unwrap(), 3);
    scene.accepted(896_000, 1, 3, "127.0.0.1:5000", "127.0.0.1:44888");
    server(scene.events.last_mut().unwrap(), 6);
    scene.sent(905_000, 2, b"a message of 28 bytes\r\nbye\r\n");
    client(scene.events.last_mut().unwrap(), 4);
    scene.received(912_000, 3, b"a message ");
    server(scene.events.last_mut().unwrap(), 7);
    scene.sent(919_000, 3, b"A MESSAGE ");
    server(scene.events.last_mut().unwrap(), 8);
    scene.received(919_300, 2, b"A MESSAGE ");
    client(scene.events.last_mut().unwrap(), 5);
    let unread = Kind::Queued(Queues::Data {
        unread: 18,
        unsent: 0,
    });
    server(scene.at(920_000, 3, unread), 9);
    scene.closed(920_000, 3, 10, 10, None);
    server(scene.events.last_mut().unwrap(), 9);
    scene.events.last_mut().unwrap().took = Some(Duration::from_micros(30));
    let lost = Words {
        short: Text::new("18 B were not read", "18 B quedaron sin leer"),
        happened: Text::new(
            "close() while {unread} were waiting to be read",
            "close() con {unread} esperando a ser leídos",
        ),
        why: Text::new(
            "the kernel then sends RST, not FIN: the client got 10 B and then ECONNRESET",
            "el núcleo envía entonces RST, no FIN: el cliente recibió 10 B y después ECONNRESET",
        ),
        fix: Text::new(
            "read until your message's end (a line, a length) or b''",
            "lee hasta el final de tu mensaje (una línea, una longitud) o hasta b''",
        ),
    };
    server(
        scene.at(920_000, 3, found("S09", Weight::Mistake, 3, 9, lost)),
        9,
    );
    scene.failed(920_400, 2, Call::Recv, Errno::ECONNRESET, None);
    client(scene.events.last_mut().unwrap(), 6);
    scene.closed(921_000, 2, 28, 10, None);
    client(scene.events.last_mut().unwrap(), 7);
    client(
        scene.at(
            930_000,
            0,
            Kind::Exited {
                pid: CLIENT,
                status: Ok(1),
            },
        ),
        0,
    );
    scene.waiting(931_000, 1, Call::Accept);
    server(scene.events.last_mut().unwrap(), 6);
    scene.closed(1_400_000, 1, 0, 0, None);
    server(scene.events.last_mut().unwrap(), 0);
    server(
        scene.at(
            1_400_100,
            0,
            Kind::Exited {
                pid: SERVER,
                status: Err(2),
            },
        ),
        0,
    );
    scene.tally((2, 38), (2, 20), 1, 0);
    scene
}

/// Whatever a peer may send that could be taken for markup, in every place where words of others stand.
pub(crate) fn hostile_to_pages() -> Scene {
    const BAD: &str = "</pre></details></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&#60;\u{202e}";
    let mut scene = Scene::default();
    let started = Kind::Started {
        pid: SERVER,
        command: BAD.into(),
    };
    by(scene.at(0, 0, started), SERVER, BAD, 1);
    scene.created(10, 1, Family::Unix, Type::Stream);
    by(scene.events.last_mut().unwrap(), SERVER, BAD, 2);
    let option = Kind::Configured {
        option: BAD.into(),
        value: BAD.into(),
    };
    by(scene.at(20, 1, option), SERVER, BAD, 3);
    let path = SocketAddress::UnixPath(std::path::Path::new(BAD).into());
    by(
        scene.at(30, 1, Kind::Connecting { peer: path.clone() }),
        SERVER,
        BAD,
        4,
    );
    by(
        scene.at(
            40,
            1,
            Kind::Connected {
                local: SocketAddress::UnixUnnamed,
                peer: path,
            },
        ),
        SERVER,
        BAD,
        4,
    );
    let peer = Kind::Noted(Note::PeerProcess(ProcessName {
        pid: 66,
        name: BAD.into(),
    }));
    by(scene.at(50, 1, peer), SERVER, BAD, 4);
    scene.received(60, 1, BAD.as_bytes());
    by(scene.events.last_mut().unwrap(), SERVER, BAD, 5);
    scene.sent(70, 1, b"\n\n\x00\x1b[2J\xff\xfe<b>");
    by(scene.events.last_mut().unwrap(), SERVER, BAD, 6);
    let upgraded = Kind::Upgraded {
        protocol: BAD.into(),
        details: Cow::Owned(vec![(BAD.into(), BAD.into())]),
    };
    by(scene.at(80, 1, upgraded), SERVER, BAD, 7);
    let meaning = Kind::Noted(Note::Meaning {
        protocol: BAD.into(),
        text: BAD.into(),
    });
    by(scene.at(90, 1, meaning), SERVER, BAD, 8);
    let name = Text::new("{name} is not there", "{name} no está");
    let finding = Finding {
        rule: "S09",
        weight: Weight::Mistake,
        socket: SocketId(1),
        by: None,
        place: Some(Place {
            file: BAD.into(),
            line: 0,
            function: Some(BAD.into()),
        }),
        times: 3,
        again: false,
        short: Saying::of(name).with("name", Value::Name(BAD.into())),
        happened: Saying::of(name).with("name", Value::Name(BAD.into())),
        why: Saying::of(name).with("name", Value::Name(BAD.into())),
        fix: Saying::of(name).with("name", Value::Name(BAD.into())),
    };
    scene.at(100, 1, Kind::Diagnosed(Box::new(finding)));
    scene
}
