//! A relay that serves: each conversation of FROM gets its own TO, or the next client of TO.

use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sockeye_model::{Address, OptionName, Scheme, SocketAddress, SocketOption, Tally, Totals};
use sockeye_net::channel::{self, Channel, JoinChannels, Opened, Place, join_channels};
use sockeye_net::exec::Environment;
use sockeye_net::messages::{MessageServer, Messages, Session as MessageSession, SessionLimits};
use sockeye_net::server::{Ended, Limits, Notice, Summary, serve_streams};
use sockeye_net::{Dialing, Layers, Listener, Listening, OpenError, Signals, listen};
use sockeye_view::catalogue;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::once::joining;
use super::progress::{Progress, with_progress};
use super::sum::Sums;
use super::{dialing, not_opened};
use crate::cli::quantity::duration_text;
use crate::cli::relay::{RelayArgs, Roles};
use crate::commands::{Outcome, ready};
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::views::Look;
use crate::{advice, frame_text, stdio, words};

pub(super) async fn run(args: &RelayArgs, session: &Session, tally: &mut Tally) -> Outcome {
    let language = session.look.language;
    let failed = |error: io::Error| Failure::new(ExitCode::Failure, io_text(&error, language));
    let listening = Listening::new(session.tap.clone());
    let open = async |address| {
        listen(address, &listening)
            .await
            .map_err(|error| not_opened(&error, address, args, session))
    };
    // Caught before anybody is told that it can be stopped.
    let mut signals = Signals::new().map_err(failed)?;
    let from = open(&args.from).await?;
    let to = match args.roles {
        Roles::ListenBoth => Some(open(&args.to).await?),
        Roles::ListenAndDial | Roles::DialBoth => None,
    };
    let mut opened_to = args.to.clone();
    if args.to.scheme == Scheme::File {
        let how = dialing(args, session);
        begin_file(&mut opened_to, &how)
            .await
            .map_err(|error| not_opened(&error, &args.to, args, session))?;
    }
    let wider = |from: &str| format!("sockeye relay {from} {}", args.to);
    let of = |address, listener: &Listener| {
        Layers::of(address, listener).map_err(|error| not_opened(&error, address, args, session))
    };
    let layers = of(&args.from, &from)?;
    ready::announce(&from, &layers, &args.from, &wider, session);
    let to = match to {
        Some(to) => {
            let layers = of(&args.to, &to)?;
            let wider = |to: &str| format!("sockeye relay --listen-both {} {to}", args.from);
            ready::announce(&to, &layers, &args.to, &wider, session);
            Some((to, layers))
        }
        None => None,
    };
    let bound: Vec<SocketAddress> = std::iter::once(&from)
        .chain(to.as_ref().map(|(listener, _)| listener))
        .flat_map(|listener| listener.local_addresses())
        .cloned()
        .collect();
    ready::tell(&bound, args.server.ready_fd, language)?;
    let others = match to {
        Some((to, layers)) => Others::Come(
            Peers::of(to, layers, args)
                .map_err(|error| not_opened(&error.into(), &args.to, args, session))?,
        ),
        None => Others::AreDialed(dialing(args, session)),
    };
    let (done, mut over) = mpsc::channel(1);
    let shared = Arc::new(Shared {
        args: args.clone(),
        to: opened_to,
        look: session.look,
        layers,
        others,
        progress: Arc::new(Progress::default()),
        numbers: AtomicU64::new(0),
        once: args.once.then_some(done),
        stop: watch::Sender::new(false),
    });
    let stop = async {
        tokio::select! {
            () = signals.stop() => {}
            () = first_is_over(&mut over), if args.once => {}
        }
    };
    let serving = serve(from, &shared, stop, session);
    let summary = with_progress(args, session, &shared.progress, serving)
        .await
        .map_err(|error| Failure::of_net(&error, Some(&args.from), language))?;
    let [there, back] = shared.progress.totals();
    tally.conversations = summary.conversations;
    tally.failed = summary.failed + summary.cut;
    tally.totals = Totals {
        bytes_sent: there,
        bytes_received: back,
        ..Totals::default()
    };
    say_summary(&summary, [there, back], args, session);
    match summary.accept_failed {
        Some(error) => Err(Failure::of_net(&error, Some(&args.from), language)),
        None if args.once && summary.failed > 0 => Ok(ExitCode::Failure),
        None => Ok(ExitCode::Clean),
    }
}

/// A file that all conversations write to is made and emptied once, before the first; then each appends.
async fn begin_file(to: &mut Address, how: &Dialing) -> Result<(), OpenError> {
    drop(channel::open(to, Place::To, None, how).await?);
    let others = to
        .options
        .iter()
        .filter(|option| option.name() != OptionName::Excl);
    to.options = others.cloned().chain([SocketOption::Append]).collect();
    Ok(())
}

async fn first_is_over(over: &mut Receiver<()>) {
    let _ = over.recv().await;
}

async fn serve(
    from: Listener,
    shared: &Arc<Shared>,
    stop: impl Future<Output = ()>,
    session: &Session,
) -> sockeye_net::Result<Summary> {
    let args = &shared.args;
    if !args.from.scheme.connects() {
        return serve_sessions(from, shared, stop).await;
    }
    let most = if args.once {
        1
    } else {
        args.server.max_conversations as usize
    };
    let (notices, mut noticed) = mpsc::unbounded_channel();
    let limits = Limits {
        notices: Some(notices),
        ..Limits::new(most, args.server.drain)
    };
    let layers = shared.layers.clone();
    let serving = serve_streams(from, &limits, stop, |socket, peer| {
        let local = socket.local_address().unwrap_or(SocketAddress::UnixUnnamed);
        let (layers, shared) = (layers.clone(), Arc::clone(shared));
        async move {
            match layers.accept(socket).await {
                Ok(link) => Shared::conversation(shared, link.into(), local, peer).await,
                Err(error) => {
                    shared.say_not_begun(&peer, &error);
                    Ended::Failed
                }
            }
        }
    });
    let mut serving = std::pin::pin!(serving);
    Ok(loop {
        tokio::select! {
            biased;
            summary = &mut serving => break summary,
            // With --once nobody waits for a place.
            Some(notice) = noticed.recv() => if !(args.once && matches!(notice, Notice::Full { .. })) {
                say_notice(notice, args.server.drain, session);
            },
        }
    })
}

/// Each peer of a socket of messages is a conversation. They have no end to wait for, so a stop is at once.
async fn serve_sessions(
    from: Listener,
    shared: &Arc<Shared>,
    stop: impl Future<Output = ()>,
) -> sockeye_net::Result<Summary> {
    let (sockets, _path) = from.into_sockets();
    let server = MessageServer::with_limits(sockets, session_limits(&shared.args))?;
    let mut stop = std::pin::pin!(stop);
    let mut conversations = JoinSet::new();
    let mut summary = Summary::default();
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = conversations.join_next() => {
                summary.failed += u64::from(!matches!(ended, Ok(Ended::Clean)));
            }
            session = server.accept() => match session {
                Ok(session) => {
                    summary.conversations += 1;
                    conversations.spawn(of_session(Arc::clone(shared), session));
                    summary.most_at_once = summary.most_at_once.max(conversations.len());
                }
                Err(error) => {
                    summary.accept_failed = Some(error);
                    break;
                }
            },
        }
    }
    shared.stop.send_replace(true);
    drop(server);
    while let Some(ended) = conversations.join_next().await {
        summary.failed += u64::from(!matches!(ended, Ok(Ended::Clean)));
    }
    Ok(summary)
}

async fn of_session(shared: Arc<Shared>, session: MessageSession) -> Ended {
    let (local, peer) = (session.local_address(), session.peer().clone());
    Shared::conversation(
        shared,
        Channel::Messages(Messages::Session(session)),
        local,
        peer,
    )
    .await
}

fn session_limits(args: &RelayArgs) -> SessionLimits {
    let defaults = SessionLimits::default();
    SessionLimits {
        sessions: args.server.max_udp_sessions as usize,
        idle: args.idle.unwrap_or(defaults.idle),
        ..defaults
    }
}

fn say_summary(summary: &Summary, [there, back]: [u64; 2], args: &RelayArgs, session: &Session) {
    let language = session.look.language;
    if summary.cut > 0 {
        let time = duration_text(args.server.drain);
        session.announce(&words::CUT.fill(language, &[("cut", &summary.cut), ("time", &time)]));
    }
    let places: [(&str, &dyn Display); 4] = [
        ("conversations", &summary.conversations),
        ("failed", &(summary.failed + summary.cut)),
        ("there", &catalogue::bytes(there, language)),
        ("back", &catalogue::bytes(back, language)),
    ];
    session.status(&words::RELAY_SUMMARY.fill(language, &places));
}

/// What a server has to say while it serves.
pub(in crate::commands) fn say_notice(notice: Notice, drain: Duration, session: &Session) {
    let language = session.look.language;
    session.status(&match notice {
        Notice::Full { most } => words::FULL.fill(language, &[("most", &most)]),
        Notice::Draining { conversations } => {
            let time = duration_text(drain);
            words::DRAINING.fill(
                language,
                &[("conversations", &conversations), ("time", &time)],
            )
        }
    });
}

/// Where the other ends come from.
enum Others {
    /// TO is opened once a conversation.
    AreDialed(Dialing),
    /// `--listen-both`: they connect as well.
    Come(Peers),
}

/// The peers of a listener, of whatever kind.
enum Peers {
    Connect(Listener, Layers),
    Write(MessageServer),
}

impl Peers {
    fn of(listener: Listener, layers: Layers, args: &RelayArgs) -> sockeye_net::Result<Self> {
        if !args.to.scheme.connects() {
            let (sockets, _path) = listener.into_sockets();
            return Ok(Self::Write(MessageServer::with_limits(
                sockets,
                session_limits(args),
            )?));
        }
        Ok(Self::Connect(listener, layers))
    }

    async fn next(&self) -> Result<Channel, OpenError> {
        match self {
            Self::Connect(listener, layers) => {
                let (socket, _) = listener.accept().await?;
                Ok(layers.accept(socket).await?.into())
            }
            Self::Write(server) => Ok(Channel::Messages(Messages::Session(server.accept().await?))),
        }
    }
}

/// What all conversations of a relay share.
struct Shared {
    args: RelayArgs,
    /// TO as it is opened for each conversation.
    to: Address,
    look: Look,
    /// What stands above each connection of FROM.
    layers: Layers,
    others: Others,
    progress: Arc<Progress>,
    numbers: AtomicU64,
    /// With `--once`: told when the one conversation is over.
    once: Option<Sender<()>>,
    /// Turns true when conversations that have no end are to be over.
    stop: watch::Sender<bool>,
}

impl Shared {
    /// Says that a handshake failed: there is nothing to relay.
    fn say_not_begun(&self, peer: &SocketAddress, error: &OpenError) {
        let failure = Failure::of_open(
            error,
            &self.args.from,
            self.args.timeout,
            self.look.language,
        );
        stdio::say(&format!("sockeye: {peer}: {}", failure.line));
    }

    async fn conversation(
        shared: Arc<Self>,
        left: Channel,
        local: SocketAddress,
        peer: SocketAddress,
    ) -> Ended {
        let number = shared.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let ended = shared.converse(number, left, &local, &peer).await;
        if let Some(once) = &shared.once {
            let _ = once.try_send(());
        }
        ended
    }

    async fn converse(
        &self,
        number: u64,
        left: Channel,
        local: &SocketAddress,
        peer: &SocketAddress,
    ) -> Ended {
        let Self { args, look, .. } = self;
        let language = look.language;
        let says = look.says_status();
        let other = match self.open_other(local, peer).await {
            Ok(other) => other,
            Err(failure) => {
                // The client must not take silence for an answer: its connection is reset.
                left.reset_on_close();
                stdio::say(&format!("sockeye: #{number} {peer}: {}", failure.line));
                return Ended::Failed;
            }
        };
        if args.once {
            stdio::leave(&args.to);
        }
        if says {
            let places: [(&str, &dyn Display); 3] =
                [("number", &number), ("peer", peer), ("to", &args.to)];
            let began = words::RELAY_BEGAN.fill(language, &places);
            stdio::say(&format!("{}{began}", look.margin()));
        }
        let sums = Sums::of(args);
        let how = JoinChannels {
            witnesses: sums.witnesses(),
            stop: Some(self.stop.subscribe()),
            ..joining(args, &self.progress)
        };
        let joined = join_channels(left, other.channel, how).await;
        let outcome = match joined {
            Ok(outcome) => outcome,
            Err(error) => {
                stdio::say(&format!(
                    "sockeye: #{number} {peer}: {}",
                    io_text(&error, language)
                ));
                return Ended::Failed;
            }
        };
        if let Some(mut child) = other.child {
            if outcome.idle {
                child.terminate();
            }
            let _ = child.wait().await;
        }
        sums.say(peer, args, (!args.once).then_some(number));
        let ways = [&outcome.there, &outcome.back];
        let lost = ways.iter().any(|way| way.dropped.0 > 0);
        // A message that was not sent on is always said: nobody else knows of it.
        if says || lost {
            let ended = self.ended_text(number, peer, &outcome);
            stdio::say(&format!("{}{ended}", look.margin()));
        }
        let whole = !lost && ways.iter().all(|way| way.broken.is_none());
        if whole { Ended::Clean } else { Ended::Failed }
    }

    fn ended_text(&self, number: u64, peer: &SocketAddress, outcome: &channel::Outcome) -> String {
        let language = self.look.language;
        let there = catalogue::bytes(outcome.there.bytes, language);
        let back = catalogue::bytes(outcome.back.bytes, language);
        let mut places: Vec<(&str, &dyn Display)> = vec![
            ("number", &number),
            ("peer", peer),
            ("there", &there),
            ("back", &back),
        ];
        let ways = [&outcome.there, &outcome.back];
        let broken = ways.iter().find_map(|way| {
            way.broken
                .as_ref()
                .map(|broken| io_text(&broken.error, language))
        });
        let dropped = ways
            .iter()
            .find_map(|way| way.dropped.1.as_ref())
            .map(|error| match frame_text::of(&error.source, language) {
                Some(text) => text,
                None => error.to_string(),
            });
        if let Some(error) = broken.or(dropped) {
            places.push(("error", &error));
            return words::RELAY_BROKE.fill(language, &places);
        }
        if outcome.idle {
            let time = duration_text(self.args.idle.unwrap_or(Duration::ZERO));
            places.push(("time", &time));
            return words::RELAY_IDLE.fill(language, &places);
        }
        words::RELAY_ENDED.fill(language, &places)
    }

    async fn open_other(
        &self,
        local: &SocketAddress,
        peer: &SocketAddress,
    ) -> Result<Opened, Failure> {
        let (args, language) = (&self.args, self.look.language);
        match &self.others {
            Others::Come(peers) => match peers.next().await {
                Ok(channel) => Ok(channel.into()),
                Err(error) => Err(Failure::of_open(&error, &args.to, args.timeout, language)),
            },
            Others::AreDialed(dialing) => {
                let environment = Environment::new(args.from.scheme.name(), local, peer);
                channel::open(&self.to, Place::To, Some(&environment), dialing)
                    .await
                    .map_err(|error| {
                        let advice =
                            advice::on_open(&dialing.tap, &error, args.to.scheme, language);
                        Failure::of_open(&error, &args.to, args.timeout, language)
                            .with_advice(advice)
                    })
            }
        }
    }
}
