//! `relay`: two addresses joined, for one conversation or for all that come.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sockeye_model::plan::{NeedsFraming, Plan, plan};
use sockeye_model::{
    Address, Carries, Errno, Kind, SocketAddress, SocketId, Tally, Target, Totals,
};
use sockeye_net::channel::{Place, Plain, open_stream, shape};
use sockeye_net::exec::Environment;
use sockeye_net::relay::{Broken, Joined, Joining, Passing, Stream, join};
use sockeye_net::server::{Ended, Limits, Notice, serve_streams};

use sockeye_net::{AsyncSocket, Dialing, Listener, Listening, OpenError, Signals, listen};
use sockeye_view::catalogue;
use tokio::sync::mpsc;

use crate::cli::quantity::duration_text;
use crate::cli::relay::{RelayArgs, Roles};
use crate::commands::{Outcome, ready, runtime};
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::views::Look;
use crate::{advice, stdio, words};

/// Joins, until it is told to stop or the one conversation is over.
pub(crate) fn run(args: &RelayArgs, session: Session) -> ExitCode {
    let mut tally = Tally::default();
    let outcome = match planned(args, &session) {
        Err(failure) => Err(failure),
        Ok(plan) if args.dry_run => Ok(stdio::print(&dry(args, plan, session.look))),
        Ok(plan) => match runtime(session.look.language) {
            Ok(runtime) => runtime.block_on(relay(args, plan, &session, &mut tally)),
            Err(failure) => Err(failure),
        },
    };
    session.finish(tally, outcome)
}

fn planned(args: &RelayArgs, session: &Session) -> Result<Plan, Failure> {
    plan(
        shape(&args.from),
        shape(&args.to),
        session.tap.wants(),
        args.frame.is_some(),
        false,
    )
    .map_err(|needs: NeedsFraming| Failure::new(ExitCode::Usage, needs.to_string()))
}

/// What `--dry-run` prints.
fn dry(args: &RelayArgs, plan: Plan, look: Look) -> String {
    let language = look.language;
    let opened = |side: &str, address: &Address| {
        words::RELAY_PLAN_DIALS.fill(language, &[("side", &side), ("address", address)])
    };
    let listens =
        |address: &Address| words::RELAY_PLAN_LISTENS.fill(language, &[("address", address)]);
    let (from, to) = match args.roles {
        Roles::ListenAndDial => (listens(&args.from), opened("to  ", &args.to)),
        Roles::DialBoth => (opened("from", &args.from), opened("to  ", &args.to)),
        Roles::ListenBoth => (listens(&args.from), listens(&args.to)),
    };
    format!("{from}\n{to}\nplan {plan}\n")
}

async fn relay(args: &RelayArgs, plan: Plan, session: &Session, tally: &mut Tally) -> Outcome {
    session.tap.emit(
        SocketId::NONE,
        None,
        None,
        Kind::Planned {
            plan: plan.to_string().into(),
        },
    );
    match (
        args.roles,
        args.from.scheme.carries(),
        args.to.scheme.carries(),
    ) {
        (Roles::DialBoth, Carries::Stream, Carries::Stream) => once(args, session, tally).await,
        (_, Carries::Stream, Carries::Stream) => many(args, session, tally).await,
        _ => Err(Failure::new(ExitCode::Failure, "not in this build")),
    }
}

/// How TO is connected to.
pub(super) fn dialing(args: &RelayArgs, session: &Session) -> Dialing {
    Dialing {
        timeout: args.timeout,
        ..Dialing::new(session.tap.clone())
    }
}

pub(super) fn not_opened(
    error: &OpenError,
    address: &Address,
    args: &RelayArgs,
    session: &Session,
) -> Failure {
    let language = session.look.language;
    let advice = advice::on_open(&session.tap, error, address.scheme, language);
    Failure::of_open(error, address, args.timeout, language).with_advice(advice)
}

/// Both ends are opened, joined once, and how that came out is the exit code.
async fn once(args: &RelayArgs, session: &Session, tally: &mut Tally) -> Outcome {
    let how = dialing(args, session);
    let open = async |address, place| {
        open_stream(address, place, None, &how)
            .await
            .map_err(|error| not_opened(&error, address, args, session))
    };
    let from = open(&args.from, Place::From).await?;
    let to = open(&args.to, Place::To).await?;
    if [&args.from, &args.to]
        .iter()
        .any(|address| address.target == Target::Stdio)
    {
        stdio::leave_stdout();
    }
    tally.conversations = 1;
    let progress = Arc::new(Progress::default());
    let joining = joining(args, &progress);
    let children = [from.child, to.child];
    let joined = with_progress(
        args,
        session,
        &progress,
        join(from.stream, to.stream, joining),
    )
    .await;
    for mut child in children.into_iter().flatten() {
        if joined.idle {
            child.terminate();
        }
        child.wait().await.map_err(|error| {
            Failure::new(ExitCode::Failure, io_text(&error, session.look.language))
        })?;
    }
    tally.totals = totals(&joined);
    let outcome = came_out(args, &joined, session);
    tally.failed = u64::from(outcome.is_err());
    outcome
}

fn joining(args: &RelayArgs, progress: &Progress) -> Joining {
    let [there, back] = progress.begin();
    Joining {
        left_to_right: Passing {
            moved: there,
            ..Passing::default()
        },
        right_to_left: Passing {
            moved: back,
            ..Passing::default()
        },
        idle: args.idle,
        ..Joining::default()
    }
}

fn totals(joined: &Joined) -> Totals {
    Totals {
        bytes_sent: joined.left_to_right.0,
        bytes_received: joined.right_to_left.0,
        ..Totals::default()
    }
}

/// The exit code of a single conversation, whose failure is the command's.
fn came_out(args: &RelayArgs, joined: &Joined, session: &Session) -> Outcome {
    let language = session.look.language;
    if joined.idle {
        let time = duration_text(args.idle.unwrap_or(Duration::ZERO));
        return Err(Failure::new(
            ExitCode::Idle,
            words::IDLE.fill(language, &[("address", &args.to), ("time", &time)]),
        ));
    }
    let ways = [
        (&joined.left_to_right, &args.from, &args.to),
        (&joined.right_to_left, &args.to, &args.from),
    ];
    for ((moved, result), source, sink) in ways {
        let Some(Err(Broken { writing, error })) = result else {
            continue;
        };
        let at = if *writing { sink } else { source };
        if *writing && !sink.scheme.can_listen() {
            return stdio::written(error, language);
        }
        let call = if *writing {
            sockeye_model::Call::Send
        } else {
            sockeye_model::Call::Recv
        };
        let exit = ExitCode::of_call(call, Errno::from(error));
        let bytes = catalogue::bytes(*moved, language);
        let error = io_text(error, language);
        let line = match (writing, exit) {
            (false, ExitCode::Reset) => {
                words::RESET.fill(language, &[("address", at), ("bytes", &bytes)])
            }
            (false, _) => words::RECV_FAILED.fill(
                language,
                &[("address", at), ("bytes", &bytes), ("error", &error)],
            ),
            (true, _) => words::NOT_ALL_SENT.fill(
                language,
                &[("address", at), ("bytes", &bytes), ("error", &error)],
            ),
        };
        return Err(Failure::new(exit, line));
    }
    for (bytes, source, sink) in [
        (joined.not_taken[0], &args.from, &args.to),
        (joined.not_taken[1], &args.to, &args.from),
    ] {
        if bytes > 0 {
            let bytes = catalogue::bytes(bytes, language);
            let places: [(&str, &dyn std::fmt::Display); 3] =
                [("bytes", &bytes), ("address", source), ("other", sink)];
            session.announce(&words::RELAY_NOT_TAKEN.fill(language, &places));
        }
    }
    Ok(ExitCode::Clean)
}

/// FROM listens; each conversation gets its own TO, or the next client of TO.
async fn many(args: &RelayArgs, session: &Session, tally: &mut Tally) -> Outcome {
    let language = session.look.language;
    let failed = |error: std::io::Error| Failure::new(ExitCode::Failure, io_text(&error, language));
    let listening = Listening::new(session.tap.clone());
    let from = listen(&args.from, &listening)
        .await
        .map_err(|error| not_opened(&error, &args.from, args, session))?;
    let to = match args.roles {
        Roles::ListenBoth => Some(
            listen(&args.to, &listening)
                .await
                .map_err(|error| not_opened(&error, &args.to, args, session))?,
        ),
        _ => None,
    };
    let wider = |from: &str| format!("sockeye relay {from} {}", args.to);
    ready::say(&from, &args.from, &wider, args.server.ready_fd, session)?;
    if let Some(to) = &to {
        let wider = |to: &str| format!("sockeye relay --listen-both {} {to}", args.from);
        ready::say(to, &args.to, &wider, None, session)?;
    }
    let mut signals = Signals::new().map_err(failed)?;
    let (notices, mut noticed) = mpsc::unbounded_channel();
    let (done, mut over) = mpsc::channel::<()>(1);
    let most = if args.once {
        1
    } else {
        args.server.max_conversations as usize
    };
    let limits = Limits {
        notices: Some(notices),
        ..Limits::new(most, args.server.drain)
    };
    let shared = Arc::new(Shared {
        args: args.clone(),
        dialing: dialing(args, session),
        look: session.look,
        to,
        progress: Arc::new(Progress::default()),
        numbers: AtomicU64::new(0),
        once: args.once.then_some(done),
    });
    let stop = async {
        tokio::select! {
            () = signals.stop() => {}
            _ = over.recv(), if args.once => {}
        }
    };
    let serving = serve_streams(from, &limits, stop, |socket, peer| {
        Shared::conversation(Arc::clone(&shared), socket, peer)
    });
    let serving = with_progress(args, session, &shared.progress, serving);
    let mut serving = std::pin::pin!(serving);
    let summary = loop {
        tokio::select! {
            biased;
            summary = &mut serving => break summary,
            Some(notice) = noticed.recv() => say_notice(notice, args.server.drain, session),
        }
    };
    let [there, back] = shared.progress.totals();
    tally.conversations = summary.conversations;
    tally.failed = summary.failed + summary.cut;
    tally.totals = Totals {
        bytes_sent: there,
        bytes_received: back,
        ..Totals::default()
    };
    if summary.cut > 0 {
        let time = duration_text(args.server.drain);
        session.announce(&words::CUT.fill(language, &[("cut", &summary.cut), ("time", &time)]));
    }
    let places: [(&str, &dyn std::fmt::Display); 4] = [
        ("conversations", &summary.conversations),
        ("failed", &tally.failed),
        ("there", &catalogue::bytes(there, language)),
        ("back", &catalogue::bytes(back, language)),
    ];
    session.status(&words::RELAY_SUMMARY.fill(language, &places));
    match summary.accept_failed {
        Some(error) => Err(Failure::of_net(&error, Some(&args.from), language)),
        None if args.once && summary.failed > 0 => Ok(ExitCode::Failure),
        None => Ok(ExitCode::Clean),
    }
}

/// What a server has to say while it serves.
pub(super) fn say_notice(notice: Notice, drain: Duration, session: &Session) {
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

/// What all conversations of a relay share.
struct Shared {
    args: RelayArgs,
    dialing: Dialing,
    look: Look,
    /// With `--listen-both`: where the other peers come from.
    to: Option<Listener>,
    progress: Arc<Progress>,
    numbers: AtomicU64,
    /// With `--once`: told when the one conversation is over.
    once: Option<mpsc::Sender<()>>,
}

impl Shared {
    async fn conversation(shared: Arc<Self>, socket: AsyncSocket, peer: SocketAddress) -> Ended {
        let number = shared.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let ended = shared.converse(number, socket, &peer).await;
        if let Some(once) = &shared.once {
            let _ = once.try_send(());
        }
        ended
    }

    async fn converse(&self, number: u64, socket: AsyncSocket, peer: &SocketAddress) -> Ended {
        let Self { args, look, .. } = self;
        let language = look.language;
        let other = match self.open_other(&socket, peer).await {
            Ok(other) => other,
            Err(failure) => {
                // The client must not take silence for an answer: its connection is reset.
                socket.reset_on_close();
                stdio::say(&format!("sockeye: #{number} {peer}: {}", failure.line));
                return Ended::Failed;
            }
        };
        let says = look.says_status();
        if says {
            stdio::say(&words::RELAY_BEGAN.fill(
                language,
                &[("number", &number), ("peer", peer), ("to", &args.to)],
            ));
        }
        let joined = join(
            Stream::socket(socket),
            other.stream,
            joining(args, &self.progress),
        )
        .await;
        if let Some(mut child) = other.child {
            if joined.idle {
                child.terminate();
            }
            let _ = child.wait().await;
        }
        let there = catalogue::bytes(joined.left_to_right.0, language);
        let back = catalogue::bytes(joined.right_to_left.0, language);
        let places: [(&str, &dyn std::fmt::Display); 4] = [
            ("number", &number),
            ("peer", peer),
            ("there", &there),
            ("back", &back),
        ];
        let broken = [&joined.left_to_right.1, &joined.right_to_left.1]
            .into_iter()
            .find_map(|result| match result {
                Some(Err(broken)) => Some(broken),
                _ => None,
            });
        if let Some(broken) = broken {
            let error = io_text(&broken.error, language);
            let mut places = places.to_vec();
            places.push(("error", &error));
            if says {
                stdio::say(&words::RELAY_BROKE.fill(language, &places));
            }
            return Ended::Failed;
        }
        if says && joined.idle {
            let time = duration_text(args.idle.unwrap_or(Duration::ZERO));
            let mut places = places.to_vec();
            places.push(("time", &time));
            stdio::say(&words::RELAY_IDLE.fill(language, &places));
        } else if says {
            stdio::say(&words::RELAY_ENDED.fill(language, &places));
        }
        Ended::Clean
    }

    async fn open_other(
        &self,
        socket: &AsyncSocket,
        peer: &SocketAddress,
    ) -> Result<Plain, Failure> {
        let language = self.look.language;
        if let Some(to) = &self.to {
            let (socket, _) = to
                .accept()
                .await
                .map_err(|error| Failure::of_net(&error, Some(&self.args.to), language))?;
            return Ok(Plain {
                stream: Stream::socket(socket),
                child: None,
            });
        }
        let local = socket.local_address().unwrap_or(SocketAddress::UnixUnnamed);
        let environment = Environment::new(self.args.from.scheme.name(), &local, peer);
        open_stream(&self.args.to, Place::To, Some(&environment), &self.dialing)
            .await
            .map_err(|error| {
                let advice =
                    advice::on_open(&self.dialing.tap, &error, self.args.to.scheme, language);
                Failure::of_open(&error, &self.args.to, self.args.timeout, language)
                    .with_advice(advice)
            })
    }
}

/// Bytes moved by all conversations, also those still going on.
#[derive(Default)]
pub(super) struct Progress {
    conversations: Mutex<Vec<[Arc<AtomicU64>; 2]>>,
    over: [AtomicU64; 2],
    began: AtomicU64,
}

impl Progress {
    /// The counters of a new conversation.
    fn begin(&self) -> [Arc<AtomicU64>; 2] {
        let counters = [Arc::default(), Arc::default()];
        let mut conversations = self
            .conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Those that nobody else holds are over.
        if conversations.len() >= 64 && conversations.len().is_power_of_two() {
            self.settle(&mut conversations);
        }
        conversations.push(counters.clone());
        self.began.fetch_add(1, Ordering::Relaxed);
        counters
    }

    fn settle(&self, conversations: &mut Vec<[Arc<AtomicU64>; 2]>) {
        conversations.retain(|counters| {
            let going_on = counters
                .iter()
                .any(|counter| Arc::strong_count(counter) > 1);
            if !going_on {
                for (over, counter) in self.over.iter().zip(counters) {
                    over.fetch_add(counter.load(Ordering::Relaxed), Ordering::Relaxed);
                }
            }
            going_on
        });
    }

    fn now(&self) -> usize {
        let mut conversations = self
            .conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.settle(&mut conversations);
        conversations.len()
    }

    /// Bytes there and back.
    fn totals(&self) -> [u64; 2] {
        let conversations = self
            .conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        [0, 1].map(|way| {
            let live: u64 = conversations
                .iter()
                .map(|counters| counters[way].load(Ordering::Relaxed))
                .sum();
            live + self.over[way].load(Ordering::Relaxed)
        })
    }
}

/// Runs `work`, and with `--progress` says every second how much has moved.
async fn with_progress<T>(
    args: &RelayArgs,
    session: &Session,
    progress: &Progress,
    work: impl Future<Output = T>,
) -> T {
    if !args.progress {
        return work.await;
    }
    let language = session.look.language;
    let mut work = std::pin::pin!(work);
    let mut before = 0;
    loop {
        tokio::select! {
            biased;
            result = &mut work => return result,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        let [there, back] = progress.totals();
        let places: [(&str, &dyn std::fmt::Display); 5] = [
            ("now", &progress.now()),
            ("conversations", &progress.began.load(Ordering::Relaxed)),
            ("there", &catalogue::bytes(there, language)),
            ("back", &catalogue::bytes(back, language)),
            ("speed", &catalogue::bytes(there + back - before, language)),
        ];
        before = there + back;
        stdio::say(&words::RELAY_PROGRESS.fill(language, &places));
    }
}
