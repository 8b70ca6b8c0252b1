//! `ping`: round-trip times of several targets at once, by ICMP echo, by connecting, or by a datagram's answer.

mod asking;
mod connecting;
mod echo;
mod json;
mod lines;
mod outcome;
mod requests;
mod score;
mod times;
mod websocket;
mod words;

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;

use sockeye_model::{Scheme, Tally};
use sockeye_net::websocket::Fault;
use sockeye_net::{Dialing, OpenError, Signals};
use sockeye_view::escape::{columns, escape_name};
use tokio::sync::mpsc;

use crate::cli::PingArgs;
use crate::commands::{Outcome, runtime};
use crate::exit::ExitCode;
use crate::limits::{CONNECT_TIMEOUT, PING_COUNT, PING_SIZE};
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::stdio;
use crate::views::Look;
use asking::Asking;
use outcome::{By, End, Told, What};
use score::Score;

/// Asks, tells of each probe as it ends, and sums up.
pub(crate) fn run(args: &PingArgs, session: Session) -> ExitCode {
    let look = Look::on(&io::stdout(), &args.view.look);
    let mut scores: Vec<Score> = args.targets.iter().cloned().map(Score::new).collect();
    let language = look.language;
    let outcome = runtime(language).and_then(|runtime| {
        let asked = ask(args, &session, look, &mut scores);
        // Sockets that are still open are closed with the runtime, before the views end.
        runtime.block_on(asked)
    });
    session.finish_with(Tally::default(), || match outcome? {
        Stop::Gone => Ok(ExitCode::Clean),
        Stop::Over => {
            if let Err(error) = sum_up(args, &scores, look) {
                return stdio::written(&error, language);
            }
            verdict(args, &scores, look)
        }
    })
}

/// Why it ended.
enum Stop {
    /// All was asked, or it was told to stop.
    Over,
    /// Nobody reads stdout any more.
    Gone,
}

async fn ask(
    args: &PingArgs,
    session: &Session,
    look: Look,
    scores: &mut [Score],
) -> Result<Stop, Failure> {
    let mut signals = Signals::new()
        .map_err(|error| Failure::new(ExitCode::Failure, io_text(&error, look.language)))?;
    let (tell, mut told) = mpsc::unbounded_channel();
    for (target, asked) in args.targets.iter().enumerate() {
        tokio::spawn(asked_one(
            asking(args, target, session, look, &tell),
            args.family,
        ));
        debug_assert_eq!(&scores[target].asked, asked);
    }
    drop(tell);
    let label = |score: &Score| columns(&escape_name(&score.asked.typed));
    let width = scores.iter().map(label).max().unwrap_or(0);
    loop {
        let news = tokio::select! {
            biased;
            () = signals.stop() => return Ok(Stop::Over),
            news = told.recv() => news,
        };
        let Some(Told { target, what }) = news else {
            return Ok(Stop::Over);
        };
        let Some(score) = scores.get_mut(target) else {
            continue;
        };
        if let Some(line) = heard(score, what, args, session, look, width) {
            let mut stdout = io::stdout().lock();
            let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
            if let Err(error) = written {
                return stdio::written(&error, look.language).map(|_| Stop::Gone);
            }
        }
    }
}

fn asking(
    args: &PingArgs,
    target: usize,
    session: &Session,
    look: Look,
    tell: &mpsc::UnboundedSender<Told>,
) -> Asking {
    let address = args.targets[target].address.clone();
    let usual = match address.scheme {
        Scheme::Icmp => (0..PING_SIZE).map(|at| at as u8).collect(),
        _ => Vec::new(),
    };
    let data: Arc<[u8]> = args.data.clone().unwrap_or(usual).into();
    Asking {
        target,
        count: match args.count {
            None if !look.terminal => Some(PING_COUNT),
            count => count,
        },
        interval: args.interval,
        timeout: args.timeout,
        data,
        dialing: Dialing {
            // An ICMP socket is connected without a word on the network; a TCP connect is the probe itself.
            timeout: match address.scheme {
                Scheme::Icmp => CONNECT_TIMEOUT,
                _ => args.timeout,
            },
            ..Dialing::new(session.tap.clone())
        },
        address,
        tell: tell.clone(),
    }
}

async fn asked_one(mut asking: Asking, family: Option<sockeye_model::Family>) {
    match asking.look_up(family).await {
        Err(error) => asking.tell(What::NotOpened(error)),
        Ok(_) if asking.address.scheme == Scheme::Icmp => echo::ask(asking).await,
        Ok(_) if asking.address.scheme.is_websocket() => websocket::ask(asking).await,
        Ok(addresses) => {
            let each: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            let address = match each.is_empty() {
                true => asking.address.to_string(),
                false => each.join(", "),
            };
            connecting::ask(asking, address).await;
        }
    }
}

/// Counts what is new; gives the line to print, if there is one.
fn heard(
    score: &mut Score,
    what: What,
    args: &PingArgs,
    session: &Session,
    look: Look,
    width: usize,
) -> Option<String> {
    match what {
        What::Opened { address, by } => {
            let language = session.look.language;
            session.status(&lines::opened(&score.asked.typed, &address, by, language));
            score.address = address;
            score.by = Some(by);
            None
        }
        What::NotOpened(error) => {
            score.error = Some(error);
            None
        }
        What::Sent => {
            score.sent += 1;
            None
        }
        What::Probe { number, end, took } => {
            score.count(&end, took);
            if !matches!(end, End::Answered(_) | End::Again(_) | End::Late(_)) {
                score.last = Some(lines::why(score, &end, args.timeout, look.language));
            }
            let timeout = args.timeout;
            if args.json {
                Some(json::probe(
                    score,
                    number,
                    &end,
                    took,
                    timeout,
                    look.language,
                ))
            } else if look.quiet {
                None
            } else {
                Some(lines::probe(
                    score, width, number, &end, took, timeout, look,
                ))
            }
        }
    }
}

fn sum_up(args: &PingArgs, scores: &[Score], look: Look) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if args.json {
        for score in scores {
            let error = not_asked(score, look).map(|failure| failure.line);
            writeln!(stdout, "{}", json::summary(score, error))?;
        }
    } else {
        lines::summary(&mut stdout, scores, look)?;
    }
    stdout.flush()
}

/// Why a target could not be asked.
fn not_asked(score: &Score, look: Look) -> Option<Failure> {
    let error = score.error.as_ref()?;
    let address = &score.asked.address;
    Some(match error {
        // A WebSocket that ended while it was asked.
        OpenError::Call(call) if Fault::of(call).is_some() => {
            Failure::of_net(call, Some(address), look.language)
        }
        error => Failure::of_open(error, address, CONNECT_TIMEOUT, look.language),
    })
}

/// 0 when each has answered; else the reason, of all that have not.
fn verdict(args: &PingArgs, scores: &[Score], look: Look) -> Outcome {
    let language = look.language;
    let silent = |score: &&Score| matches!(score.by, Some(By::Udp(_))) && score.lost > 0;
    if !args.json && !look.quiet && scores.iter().any(|score| silent(&score)) {
        stdio::say(words::UDP_SILENCE.say(language));
    }
    let failures: Vec<Failure> = scores
        .iter()
        .filter(|score| score.answered == 0 || score.error.is_some())
        .map(|score| {
            not_asked(score, look).unwrap_or_else(|| {
                let target = escape_name(&score.asked.typed);
                let sent = score.sent;
                let last = score.last.as_deref().unwrap_or_default();
                let places: [(&str, &dyn Display); 3] =
                    [("target", &target), ("sent", &sent), ("last", &last)];
                let text = match (sent, last) {
                    (0, _) => words::NEVER_SENT,
                    (_, "") => words::NEVER,
                    _ => words::NEVER_LAST,
                };
                Failure::new(ExitCode::TimedOut, text.fill(language, &places))
            })
        })
        .collect();
    // What keeps a target from being asked at all tells more than silence: the first such reason has the last line.
    let telling = failures
        .iter()
        .position(|failure| failure.exit != ExitCode::TimedOut)
        .unwrap_or(failures.len().saturating_sub(1));
    let mut last = None;
    for (at, failure) in failures.into_iter().enumerate() {
        if at == telling {
            last = Some(failure);
        } else {
            failure.say();
        }
    }
    last.map_or(Ok(ExitCode::Clean), Err)
}
