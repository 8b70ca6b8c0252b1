//! `demo`: a real server and a real client talk through the kernel, and the picture of it is drawn as they do.
//!
//! Each part is two threads of this process with blocking sockets, as a course would write them. All that is shown comes
//! from the events of their calls; nothing is drawn that did not happen.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sockeye_model::{
    Call, Event, Family, Flow, Kind, Sink, SocketAddress, SocketId, Tally, Type, Wants,
};
use sockeye_net::{Error, Protocol, Result, Shutdown, Socket, Tap};
use sockeye_view::catalogue::{Language, Text};

use crate::cli::offline::DemoArgs;
use crate::exit::ExitCode;
use crate::report::Failure;
use crate::session::Session;
use crate::stdio;
use crate::views::Look;

mod text;

/// Plays the parts, one after the other; then says what to try next.
pub(crate) fn run(args: &DemoArgs) -> ExitCode {
    let talks = !args.view.look.quiet;
    let language = Look::on(&io::stdout(), &args.view.look).language;
    // A dump has bytes, and no calls to speak of.
    if talks && !args.view.hex {
        match stdio::print(text::INTRO.say(language)) {
            ExitCode::Clean => {}
            exit => return exit,
        }
    }
    match show(args) {
        ExitCode::Clean if talks => stdio::print(text::NEXT.say(language)),
        exit => exit,
    }
}

fn show(args: &DemoArgs) -> ExitCode {
    let heard = Heard::default();
    let session = match Session::of_picture(&args.view, Box::new(heard.clone())) {
        Ok(session) => session,
        Err(failure) => {
            failure.say();
            return failure.exit;
        }
    };
    let stage = Stage {
        tap: session.tap.clone(),
        language: session.look.language,
        heard,
        pause: if session.look.terminal {
            PAUSE
        } else {
            Duration::ZERO
        },
    };
    let mut tally = Tally::default();
    let played = PARTS.iter().try_for_each(|part| {
        part.play(&stage)?;
        tally.conversations += part.conversations;
        Ok(())
    });
    let outcome = played.map_err(|error: Error| {
        tally.failed = 1;
        Failure::of_net(&error, None, stage.language)
    });
    session.finish(tally, outcome.map(|()| ExitCode::Clean))
}

/// One conversation or two, between a server and whoever asks it.
struct Part {
    title: Text,
    conversations: u64,
    server: fn(&Stage, &Sender<Asked>, &Receiver<()>) -> Result<()>,
    client: fn(&Stage, &Asked) -> Result<()>,
}

/// Whom a client turns to.
struct Asked {
    address: SocketAddress,
    socket: SocketId,
}

const PARTS: &[Part] = &[
    Part {
        title: text::SERVER_FIRST,
        conversations: 1,
        server: daytime_server,
        client: daytime_client,
    },
    Part {
        title: text::CLIENT_FIRST,
        conversations: 1,
        server: echo_server,
        client: echo_client,
    },
    Part {
        title: text::UDP,
        conversations: UDP_PEERS.len() as u64,
        server: udp_server,
        client: udp_peers,
    },
];

impl Part {
    /// The server on a thread of its own, the client on this one.
    fn play(&self, stage: &Stage) -> Result<()> {
        let plan = self.title.say(stage.language).into();
        stage
            .tap
            .emit(SocketId::NONE, None, None, Kind::Planned { plan });
        let (ready, asked) = mpsc::channel();
        let (done, client_is_done) = mpsc::channel();
        let server = {
            let (part, stage) = (self.server, stage.clone());
            thread::Builder::new()
                .name("server".to_owned())
                .spawn(move || part(&stage, &ready, &client_is_done))
                .map_err(|source| Error::new(Call::Fork, source))?
        };
        if let Ok(server) = asked.recv() {
            // A client that failed leaves a server that waits for it: the end of the process ends that too.
            (self.client)(stage, &server)?;
            let _server_has_failed = done.send(());
        }
        match server.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// A server that speaks first: [RFC 867](https://www.rfc-editor.org/rfc/rfc867).
fn daytime_server(
    stage: &Stage,
    ready: &Sender<Asked>,
    client_is_done: &Receiver<()>,
) -> Result<()> {
    let server = stage.socket(Type::Stream)?;
    let address = server.bind(("127.0.0.1", 0))?;
    server.listen(5)?;
    let _nobody_asks = ready.send(Asked {
        address,
        socket: server.id(),
    });
    let (conversation, _client) = server.accept()?;
    stage.until_client_parked(&server, &conversation);
    stage.pause();
    conversation.send_all(time_of_day().as_bytes())?;
    conversation.close();
    let _gone = client_is_done.recv();
    server.close();
    Ok(())
}

fn daytime_client(stage: &Stage, server: &Asked) -> Result<()> {
    stage
        .heard
        .until(|cue| *cue == Cue::Parked(server.socket, Call::Accept));
    let client = stage.socket(Type::Stream)?;
    client.connect(&server.address)?;
    let mut buffer = [0; 1024];
    while client.recv(&mut buffer)? > 0 {}
    client.close();
    Ok(())
}

/// A client that speaks first: [RFC 862](https://www.rfc-editor.org/rfc/rfc862).
fn echo_server(stage: &Stage, ready: &Sender<Asked>, client_is_done: &Receiver<()>) -> Result<()> {
    let server = stage.socket(Type::Stream)?;
    let address = server.bind(("127.0.0.1", 0))?;
    server.listen(5)?;
    let _nobody_asks = ready.send(Asked {
        address,
        socket: server.id(),
    });
    let (conversation, _client) = server.accept()?;
    // While a server is busy, what comes collects in the kernel; then one recv gets it all.
    let both = stage.say(text::ONE).len() + stage.say(text::TWO).len();
    until_unread(&conversation, both as u64);
    let mut buffer = [0; 1024];
    loop {
        let n = conversation.recv(&mut buffer)?;
        if n == 0 {
            break;
        }
        stage.until_client_parked(&server, &conversation);
        conversation.send_all(&buffer[..n])?;
    }
    stage.pause();
    conversation.send_all(stage.say(text::GOODBYE))?;
    conversation.close();
    let _gone = client_is_done.recv();
    server.close();
    Ok(())
}

fn echo_client(stage: &Stage, server: &Asked) -> Result<()> {
    let client = stage.socket(Type::Stream)?;
    client.connect(&server.address)?;
    stage
        .heard
        .until(|cue| *cue == Cue::Accepted(server.socket));
    stage.pause();
    let mut missing = 0;
    for text in [text::ONE, text::TWO] {
        client.send_all(stage.say(text))?;
        missing += stage.say(text).len();
    }
    let mut buffer = [0; 1024];
    while missing > 0 {
        missing -= client.recv(&mut buffer)?.clamp(1, missing);
    }
    stage.pause();
    client.shutdown(Shutdown::Write)?;
    while client.recv(&mut buffer)? > 0 {}
    client.close();
    Ok(())
}

/// One socket that everybody writes to, and that answers each.
fn udp_server(stage: &Stage, ready: &Sender<Asked>, peers_are_done: &Receiver<()>) -> Result<()> {
    let server = stage.socket(Type::Datagram)?;
    let address = server.bind(("127.0.0.1", 0))?;
    let _nobody_asks = ready.send(Asked {
        address,
        socket: server.id(),
    });
    let mut buffer = [0; 65_535];
    for _ in UDP_PEERS {
        let (n, peer) = server.recv_from(&mut buffer)?;
        server.send_to(&buffer[..n].to_ascii_uppercase(), peer)?;
    }
    let _gone = peers_are_done.recv();
    server.close();
    Ok(())
}

/// What each peer says.
const UDP_PEERS: [Text; 2] = [text::FROM_A, text::FROM_B];

fn udp_peers(stage: &Stage, server: &Asked) -> Result<()> {
    stage
        .heard
        .until(|cue| *cue == Cue::Parked(server.socket, Call::RecvFrom));
    let mut buffer = [0; 65_535];
    let mut peers = Vec::new();
    for (answers, text) in UDP_PEERS.into_iter().enumerate() {
        let peer = stage.socket(Type::Datagram)?;
        peer.send_to(stage.say(text), &server.address)?;
        peer.recv_from(&mut buffer)?;
        peers.push(peer);
        // An answer can be here before its sendto has returned.
        let answered = |cue: &Cue| *cue == Cue::Sent(server.socket);
        stage.heard.until_times(answers + 1, answered);
    }
    stage.pause();
    peers.into_iter().for_each(Socket::close);
    Ok(())
}

/// What both sides of a part share.
#[derive(Clone)]
struct Stage {
    tap: Tap,
    language: Language,
    heard: Heard,
    pause: Duration,
}

impl Stage {
    fn socket(&self, kind: Type) -> Result<Socket> {
        self.pause();
        let socket = Socket::with_protocol(Family::Inet, kind, Protocol::DEFAULT, &self.tap)?;
        socket.set_timeout(Some(PATIENCE));
        Ok(socket)
    }

    fn say(&self, text: Text) -> &'static [u8] {
        text.say(self.language).as_bytes()
    }

    /// Lets a person read what has been drawn. What one side does unasked waits; what the other answers does not, so that
    /// the times of the answers are true.
    fn pause(&self) {
        thread::sleep(self.pause);
    }

    /// Until the client's recv waits for this server to speak: the picture shows who waits for whom.
    fn until_client_parked(&self, server: &Socket, conversation: &Socket) {
        // Numbers are given in order of birth: a socket of an earlier part has a lower one than the server.
        self.heard.until(|cue| match cue {
            Cue::Parked(socket, Call::Recv) => {
                *socket > server.id() && *socket != conversation.id()
            }
            _ => false,
        });
    }
}

/// What one side of a part may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cue {
    /// The call can't go on yet.
    Parked(SocketId, Call),
    /// This listener has accepted a connection.
    Accepted(SocketId),
    /// This socket has sent something.
    Sent(SocketId),
}

/// The cues so far: what the picture is told is told here too.
#[derive(Clone, Default)]
struct Heard(Arc<(Mutex<Vec<Cue>>, Condvar)>);

impl Heard {
    fn cues(&self) -> MutexGuard<'_, Vec<Cue>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn until(&self, wanted: impl Fn(&Cue) -> bool) {
        self.until_times(1, wanted);
    }

    fn until_times(&self, times: usize, wanted: impl Fn(&Cue) -> bool) {
        let not_yet = |cues: &mut Vec<Cue>| cues.iter().filter(|cue| wanted(cue)).count() < times;
        // The other side, which may be in a call, waits for longer than this one waits for a cue.
        let _in_time = (self.0.1).wait_timeout_while(self.cues(), PATIENCE / 2, not_yet);
    }
}

impl Sink for Heard {
    /// Also when nobody looks at the picture any more.
    fn wants(&self) -> Wants {
        Wants::EACH_IO
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        let cue = match event.kind {
            Kind::Waiting { call } => Some(Cue::Parked(event.socket, call)),
            Kind::Accepted { .. } => event.parent.map(Cue::Accepted),
            Kind::Sent { .. } => Some(Cue::Sent(event.socket)),
            _ => None,
        };
        if let Some(cue) = cue {
            self.cues().push(cue);
            self.0.1.notify_all();
        }
        Ok(Flow::Continue)
    }
}

/// Until so many bytes wait to be received, or 200 ms have passed: what was sent need not have arrived.
fn until_unread(conversation: &Socket, bytes: u64) {
    for _ in 0..200 {
        if conversation
            .tcp_sample()
            .is_none_or(|sample| sample.unread >= bytes)
        {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// "11:31 UTC". RFC 867 asks for no particular form.
fn time_of_day() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let minutes = now.as_secs() / 60 % (24 * 60);
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// How long a picture on a terminal stands still before the next thing happens.
const PAUSE: Duration = Duration::from_millis(120);

/// No call waits longer: a part that can't go on ends.
const PATIENCE: Duration = Duration::from_secs(5);
