//! `listen --many`: any number of peers at once, each with a number, and none that delays another.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sockeye_model::{Address, Carries, Errno, SocketAddress, Tally};
use sockeye_net::server::{Ended, Limits, Summary, serve_streams};
use sockeye_net::{Layers, Link, Listener, Listening, OpenError, Signals, listen as open};
use sockeye_tap::Tap;
use sockeye_view::catalogue;
use tokio::sync::mpsc;

use crate::cli::connect::Command;
use crate::cli::frame::Framing;
use crate::cli::listen::{ListenArgs, Many, Output as Asked};
use crate::cli::quantity::duration_text;
use crate::cli::websocket::credentials;
use crate::commands::input::Input;
use crate::commands::output::{NotWritten, Output, Over, To, Writing};
use crate::commands::relay::say_notice;
use crate::commands::{Outcome, ready};
use crate::exit::ExitCode;
use crate::limits::{CONNECT_TIMEOUT, NOT_READING};
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::views::Look;
use crate::{advice, stdio, words};

use hall::{Hall, Peer};
use scribe::Style;
use wire::Wire;

mod giving;
mod hall;
mod program;
mod queue;
mod scribe;
mod sessions;
mod talk;
mod typed;
mod wire;

/// What all conversations share.
struct Shared {
    address: Address,
    look: Look,
    tap: Tap,
    /// What stands above each connection.
    layers: Layers,
    hall: Hall,
    output: Output,
    style: Style,
    /// A person types.
    typed: bool,
    idle: Option<Duration>,
    /// How messages are marked where their bytes are written as a stream.
    frame: Option<Framing>,
    /// The longest message in a stream, bytes.
    max_frame: usize,
    /// Lines end in CR LF on the wire.
    crlf: bool,
    /// Each piece of input is a message.
    keeps_messages: bool,
    /// Told of a file that can't be made: the end of all.
    not_made: mpsc::UnboundedSender<NotWritten>,
}

/// How a conversation ended.
#[derive(Debug)]
enum Came {
    /// Both sides have ended.
    Ended,
    /// Nothing moved for as long as `--idle` allows.
    Idle,
    /// It took nothing while others waited for it, and was cut off.
    NotReading,
    /// It was still going on when the drain was over.
    Stopped,
    /// A reset, or another error.
    Broke(io::Error),
}

/// Listens until told to stop, then lets everybody finish.
pub(super) async fn many(args: &ListenArgs, session: &Session, tally: &mut Tally) -> Outcome {
    let language = session.look.language;
    let failed = |error: io::Error| Failure::new(ExitCode::Failure, io_text(&error, language));
    let style = style(args, session)?;
    if let Style::Files(directory) = &style {
        scribe::prepare(directory)
            .map_err(|error| not_written_at(directory, &io_text(&error, language), language))?;
    }
    let mut input = if args.stdin && args.exec.is_none() {
        Some(Input::start().await.map_err(failed)?)
    } else {
        None
    };
    let typed = input.as_ref().is_some_and(|input| input.typed);
    if input.as_ref().is_some_and(Input::is_empty) {
        input = None;
    }
    let uses_stdout = !matches!(style, Style::Files(_) | Style::Nowhere);
    let (output, writing) = Output::start(uses_stdout).map_err(failed)?;
    let not_opened = |error: OpenError| {
        let advice = advice::on_open(&session.tap, &error, args.address.scheme, language);
        Failure::of_open(&error, &args.address, CONNECT_TIMEOUT, language).with_advice(advice)
    };
    let listener = open(&args.address, &Listening::new(session.tap.clone()))
        .await
        .map_err(not_opened)?;
    let layers = Layers::of(&args.address, &listener)
        .map_err(not_opened)?
        .with_credentials(credentials(&args.address).as_ref());
    let signals = Signals::new().map_err(failed)?;
    let wider = |address: &str| format!("sockeye listen --many {address}");
    let ready_fd = args.server.ready_fd;
    ready::say(&listener, &layers, &args.address, &wider, ready_fd, session)?;
    if typed {
        session.status(words::MANY_TYPE.say(language));
    }
    if style == Style::Json {
        let heading = scribe::heading(listener.local_addresses());
        let _over = output.write(To::Stdout, heading).await;
    }
    let (not_made, broken) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared {
        address: args.address.clone(),
        look: session.look,
        tap: session.tap.clone(),
        layers,
        hall: Hall::new(input.is_some()),
        output,
        style,
        typed,
        idle: args.idle,
        frame: args.frame,
        max_frame: args.max_frame,
        crlf: args.crlf,
        keeps_messages: args.address.scheme.carries() == Carries::Messages,
        not_made,
    });
    let serving = Serving {
        args,
        session,
        shared,
        writing,
        broken,
    };
    serving.run(listener, input, signals, tally).await
}

/// Everything that goes on while it serves.
struct Serving<'a> {
    args: &'a ListenArgs,
    session: &'a Session,
    shared: Arc<Shared>,
    writing: Writing,
    broken: mpsc::UnboundedReceiver<NotWritten>,
}

impl Serving<'_> {
    async fn run(
        mut self,
        listener: Listener,
        input: Option<Input>,
        signals: Signals,
        tally: &mut Tally,
    ) -> Outcome {
        let language = self.session.look.language;
        let (summary, given) = match self.serve(listener, input, signals).await {
            Ok(served) => served,
            Err(not_written) => return said(not_written, language),
        };
        let Self {
            args,
            session,
            shared,
            writing,
            ..
        } = self;
        for peer in shared.hall.here() {
            let (output, style) = (&shared.output, &shared.style);
            let _over = scribe::write_end(output, style, &peer, &Came::Stopped).await;
            shared.hall.leave(&peer);
        }
        tally.totals = shared.hall.totals();
        tally.conversations = summary.conversations;
        tally.failed = summary.failed + summary.cut;
        // The last way to the thread that writes: it ends when it has written all.
        drop(shared);
        let written = writing.finish(args.server.drain.max(LAST_WRITE)).await;
        sum_up(args, session, &summary, tally);
        if let Err(not_written) = written {
            return said(not_written, language);
        }
        match (summary.accept_failed, given) {
            (Some(error), _) => Err(Failure::of_net(&error, Some(&args.address), language)),
            (None, Some(Err(error))) => Err(input_failed(&error, language)),
            _ => Ok(ExitCode::Clean),
        }
    }

    /// Serves until told to stop and everybody has finished; and how reading stdin came out, if it has ended.
    async fn serve(
        &mut self,
        listener: Listener,
        input: Option<Input>,
        mut signals: Signals,
    ) -> Result<(Summary, Option<io::Result<()>>), NotWritten> {
        let shared = Arc::clone(&self.shared);
        let drain = self.args.server.drain;
        let (notices, mut noticed) = mpsc::unbounded_channel();
        let most = match self.args.many {
            Many::InTurn => 1,
            Many::AtOnce | Many::Once => self.args.server.max_conversations as usize,
        };
        let limits = Limits {
            notices: Some(notices),
            ..Limits::new(most, drain)
        };
        let stop = async {
            signals.stop().await;
            shared.hall.stop();
        };
        let mut serving = std::pin::pin!(serve(self.args, listener, &limits, stop, &shared));
        let mut giving = std::pin::pin!(giving::give(&shared, input));
        let mut given = None;
        loop {
            tokio::select! {
                biased;
                not_written = self.writing.failed() => return Err(not_written),
                Some(not_made) = self.broken.recv() => return Err(not_made),
                Some(notice) = noticed.recv() => say_notice(notice, drain, self.session),
                summary = &mut serving => return Ok((summary, given)),
                result = &mut giving, if given.is_none() => given = Some(result),
            }
        }
    }
}

/// Connections, or sessions on a socket that hears everybody.
async fn serve(
    args: &ListenArgs,
    listener: Listener,
    limits: &Limits,
    stop: impl Future<Output = ()>,
    shared: &Arc<Shared>,
) -> Summary {
    if !args.address.scheme.connects() {
        return sessions::serve(args, listener, limits, stop, shared).await;
    }
    let layers = shared.layers.clone();
    let begin = |socket, peer: SocketAddress| {
        let (layers, shared, exec) = (layers.clone(), Arc::clone(shared), args.exec.clone());
        let websocket = args.websocket.clone();
        async move {
            match layers.accept(socket).await {
                Ok(mut link) => {
                    if let Link::Messages(messages) = &mut link {
                        websocket.dress(messages);
                    }
                    converse(exec, shared, link.into(), peer).await
                }
                Err(error) => {
                    shared.say_not_begun(&peer, &error).await;
                    Ended::Failed
                }
            }
        }
    };
    serve_streams(listener, limits, stop, begin).await
}

/// One conversation: with a program, or with our own stdin and stdout. In a box each, so that neither is as large as
/// the other.
fn converse(
    exec: Option<Command>,
    shared: Arc<Shared>,
    wire: Wire,
    peer: SocketAddress,
) -> Pin<Box<dyn Future<Output = Ended> + Send>> {
    match exec {
        Some(command) => Box::pin(program::converse(shared, command, wire, peer)),
        None => Box::pin(talk::converse(shared, wire, peer)),
    }
}

fn style(args: &ListenArgs, session: &Session) -> Result<Style, Failure> {
    use std::io::IsTerminal;
    Ok(match &args.output {
        _ if args.exec.is_some() => Style::Nowhere,
        Asked::Directory(directory) => Style::Files(directory.clone()),
        Asked::Raw => Style::Raw,
        Asked::Labelled if io::stdout().is_terminal() => Style::Labelled {
            ascii: session.look.ascii,
        },
        Asked::Labelled => Style::Json,
    })
}

fn sum_up(args: &ListenArgs, session: &Session, summary: &Summary, tally: &Tally) {
    let language = session.look.language;
    if summary.cut > 0 {
        let time = duration_text(args.server.drain);
        session.announce(&words::CUT.fill(language, &[("cut", &summary.cut), ("time", &time)]));
    }
    let places: [(&str, &dyn std::fmt::Display); 4] = [
        ("conversations", &tally.conversations),
        ("failed", &tally.failed),
        (
            "received",
            &catalogue::bytes(tally.totals.bytes_received, language),
        ),
        ("sent", &catalogue::bytes(tally.totals.bytes_sent, language)),
    ];
    session.status(&words::MANY_SUMMARY.fill(language, &places));
}

/// What a failed write of output means for the command.
fn said(not_written: NotWritten, language: catalogue::Language) -> Outcome {
    match not_written.path {
        None => stdio::written(&not_written.error, language),
        Some(path) => Err(not_written_at(
            &path,
            &io_text(&not_written.error, language),
            language,
        )),
    }
}

fn not_written_at(path: &Path, error: &str, language: catalogue::Language) -> Failure {
    let places: [(&str, &dyn std::fmt::Display); 2] =
        [("path", &path.display()), ("error", &error)];
    Failure::new(
        ExitCode::OutputFailed,
        words::FILE_FAILED.fill(language, &places),
    )
}

fn input_failed(error: &io::Error, language: catalogue::Language) -> Failure {
    let error = io_text(error, language);
    let line = words::INPUT_FAILED.fill(language, &[("error", &error)]);
    Failure::new(ExitCode::Failure, line)
}

impl Shared {
    /// Ends the command: the file of a peer could not be made.
    fn give_up(&self, (path, error): (PathBuf, io::Error)) {
        let path = Some(path);
        let _ = self.not_made.send(NotWritten { path, error });
    }

    /// Says that somebody has come, to a person.
    async fn say_came(&self, peer: &Peer) -> Result<(), Over> {
        self.status(|language| {
            let places: [(&str, &dyn std::fmt::Display); 2] =
                [("number", &peer.number), ("peer", &peer.address)];
            words::MANY_CAME.fill(language, &places)
        })
        .await
    }

    /// Says that somebody has gone, and how; that somebody was cut off is said to everybody.
    async fn say_went(&self, peer: &Peer, came: &Came) -> Result<(), Over> {
        let line = self.went(peer, came);
        if matches!(came, Came::NotReading) {
            self.announce(&line).await
        } else {
            self.status(|_| line).await
        }
    }

    fn went(&self, peer: &Peer, came: &Came) -> String {
        let language = self.look.language;
        let error = match came {
            Came::Broke(error) => io_text(error, language),
            _ => String::new(),
        };
        let time = match came {
            Came::NotReading => NOT_READING,
            _ => self.idle.unwrap_or(Duration::ZERO),
        };
        let places: [(&str, &dyn std::fmt::Display); 7] = [
            ("number", &peer.number),
            ("peer", &peer.address),
            ("received", &catalogue::bytes(peer.received(), language)),
            ("sent", &catalogue::bytes(peer.sent(), language)),
            ("unsent", &catalogue::bytes(peer.queue.unsent(), language)),
            ("time", &duration_text(time)),
            ("error", &error),
        ];
        let text = match came {
            Came::Ended | Came::Stopped => words::MANY_WENT,
            Came::Idle => words::MANY_IDLE,
            Came::NotReading => words::MANY_CUT,
            Came::Broke(_) => words::MANY_BROKE,
        };
        text.fill(language, &places)
    }

    /// Says that an empty message has come: there is nothing of it to be seen.
    async fn say_empty(&self, peer: &Peer) -> Result<(), Over> {
        if !matches!(self.style, Style::Labelled { .. }) {
            return Ok(());
        }
        self.status(|language| words::MANY_EMPTY.fill(language, &[("number", &peer.number)]))
            .await
    }

    /// A line about one peer that everybody should know of.
    async fn announce_about(&self, peer: &Peer, line: &str) {
        let _over = self
            .announce(&format!("#{} {}: {line}", peer.number, peer.address))
            .await;
    }

    /// Says that a handshake failed: nobody has come.
    async fn say_not_begun(&self, peer: &SocketAddress, error: &OpenError) {
        let language = self.look.language;
        let failure = Failure::of_open(error, &self.address, CONNECT_TIMEOUT, language);
        let _over = self.announce(&format!("{peer}: {}", failure.line)).await;
    }

    /// A line about what goes well, behind what has been received so far.
    async fn status(&self, line: impl FnOnce(catalogue::Language) -> String) -> Result<(), Over> {
        if !self.look.says_status() {
            return Ok(());
        }
        let line = line(self.look.language);
        self.say(&line).await
    }

    /// A line about what does not, unless told to be quiet.
    async fn announce(&self, line: &str) -> Result<(), Over> {
        if self.look.quiet {
            return Ok(());
        }
        self.say(line).await
    }

    async fn say(&self, line: &str) -> Result<(), Over> {
        let line = format!("{}{line}\n", self.look.margin());
        self.output.write(To::Stderr, line.into_bytes()).await
    }
}

impl Came {
    /// In a word, for programs; `None` when all went as it should.
    fn why(&self) -> Option<String> {
        match self {
            Self::Ended => None,
            Self::Idle => Some("idle".to_owned()),
            Self::NotReading => Some("not-reading".to_owned()),
            Self::Stopped => Some("stopped".to_owned()),
            Self::Broke(error) => Some(match Errno::from(error) {
                Errno(0) => error.to_string(),
                errno => errno.to_string(),
            }),
        }
    }

    fn is_clean(&self) -> bool {
        matches!(self, Self::Ended | Self::Idle)
    }
}

/// How long the last output may take, when `--drain` is shorter.
const LAST_WRITE: Duration = Duration::from_secs(1);
