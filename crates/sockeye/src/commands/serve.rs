//! `serve`: ready partners on their own ports, until a signal.

mod chat;
pub(crate) mod dns;
mod feed;
mod http;
mod lines;
mod words;

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sockeye_model::{Address, Host, Port, Scheme, SocketAddress, Tally, Target};
use sockeye_net::server::{Limits, Notice, Seats};
use sockeye_net::tls::{self, Pin};
use sockeye_net::{Layers, Listener, Listening, NotBegun, OpenError, Reach, Signals, listen};
use sockeye_serve::chat::Chat;
use sockeye_serve::http::Access;
use sockeye_serve::{Post, Served, Service, Serving};
use sockeye_view::catalogue::Language;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::cli::ServeArgs;
use crate::cli::quantity::duration_text;
use crate::cli::serve::{CHAT, FILES, HTTP};
use crate::commands::{Outcome, ready, runtime};
use crate::exit::ExitCode;
use crate::limits::CONNECT_TIMEOUT;
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::{advice, words as common};

pub(crate) use feed::Feed;

/// What the page is told, if there will be one.
pub(crate) fn feed(args: &ServeArgs) -> Option<Feed> {
    let has_page = args.services.iter().any(|named| named.name == HTTP);
    has_page.then(Feed::new)
}

/// Serves until it is told to stop.
pub(crate) fn run(args: &ServeArgs, feed: Option<Feed>, session: Session) -> ExitCode {
    let mut tally = Tally::default();
    let outcome = runtime(session.look.language)
        .and_then(|runtime| runtime.block_on(serve(args, feed.as_ref(), &session, &mut tally)));
    session.finish(tally, outcome)
}

/// A service on one address, as asked for.
#[derive(Clone)]
struct Asked {
    partner: Partner,
    address: Address,
    /// The next one is the same over another scheme, and has the same port.
    with_next: bool,
}

/// Who answers.
#[derive(Clone, Debug)]
enum Partner {
    Simple(Service),
    Dns(dns::Server),
    Http(http::Server),
    Chat(Chat),
}

impl Partner {
    fn name(&self) -> &'static str {
        match self {
            Self::Simple(service) => service.name(),
            Self::Dns(_) => "dns",
            Self::Http(server) => server.name,
            Self::Chat(_) => CHAT,
        }
    }

    fn on(&self, listener: Listener, layers: Layers) -> Result<Post, OpenError> {
        Ok(match self {
            Self::Simple(service) => service.on(listener, layers)?,
            Self::Dns(server) => Post::dns(Arc::clone(&server.zones), listener, layers)?,
            Self::Http(server) => Post::http(Arc::clone(&server.site), listener, layers)?,
            Self::Chat(chat) => Post::chat(chat.clone(), listener, layers)?,
        })
    }
}

/// What was asked for; nothing is the simple services and the chat.
fn asked(
    args: &ServeArgs,
    feed: Option<&Feed>,
    accesses: Option<&mpsc::Sender<Access>>,
    language: Language,
) -> Result<Vec<Asked>, Failure> {
    let own = |service: Service| {
        [Scheme::Tcp, Scheme::Udp].map(|scheme| {
            let target = Target::Inet {
                host: Host::Empty,
                port: Port::Number(service.own_port()),
            };
            Asked {
                partner: Partner::Simple(service),
                address: Address::new(scheme, target),
                with_next: false,
            }
        })
    };
    let chat = chat::shared(args, language);
    if args.services.is_empty() {
        let simple = Service::ALL.into_iter().flat_map(own);
        return Ok(simple.chain(chat::own(&chat)).collect());
    }
    let mut all = Vec::new();
    for named in &args.services {
        match (Service::named(named.name), &named.address) {
            (None, _) if matches!(named.name, HTTP | FILES) => {
                all.push(http::asked(named, args, feed, &chat, accesses, language)?);
            }
            (None, _) if named.name == CHAT => all.extend(chat::asked(named, &chat)),
            (None, _) => all.extend(dns::asked(named, &args.zones)?),
            (Some(service), None) => all.extend(own(service)),
            (Some(service), Some(address)) => all.push(Asked {
                partner: Partner::Simple(service),
                address: address.clone(),
                with_next: false,
            }),
        }
    }
    Ok(all)
}

/// One that listens.
struct Open {
    asked: Asked,
    reach: Reach,
    /// The key of a certificate that was made for this run.
    pin: Option<Pin>,
    post: Post,
    /// Those who came and failed in a handshake.
    not_begun: mpsc::Receiver<NotBegun>,
}

async fn serve(
    args: &ServeArgs,
    feed: Option<&Feed>,
    session: &Session,
    tally: &mut Tally,
) -> Outcome {
    let language = session.look.language;
    // Caught before anybody is told that it can be stopped.
    let mut signals = Signals::new()
        .map_err(|error| Failure::new(ExitCode::Failure, io_text(&error, language)))?;
    let (tell_accesses, mut accesses) = mpsc::channel(http::ACCESSES);
    let tell_accesses = session.look.is_verbose().then_some(tell_accesses);
    let open = open(args, feed, tell_accesses.as_ref(), session).await?;
    drop(tell_accesses);
    for (open, at) in open
        .iter()
        .flat_map(|open| open.post.local_addresses().iter().map(move |at| (open, at)))
    {
        if let Some(feed) = feed {
            let of_page = open.asked.partner.name() == HTTP;
            feed.serve(at, open.asked.partner.name(), of_page);
        }
    }
    lines::say_ready(&open, session);
    let bound: Vec<SocketAddress> = open
        .iter()
        .flat_map(|open| open.post.local_addresses())
        .cloned()
        .collect();
    ready::tell(&bound, args.server.ready_fd, language)?;

    let (notices, mut noticed) = mpsc::unbounded_channel();
    let (stop, stopped) = watch::channel(false);
    let seats = Seats::new(conversations(args.server.max_conversations, session));
    let mut all_seats = vec![seats.clone()];
    let mut running = JoinSet::new();
    let mut services = Vec::new();
    let mut failing = JoinSet::new();
    for open in open {
        let Open {
            asked,
            post,
            not_begun,
            ..
        } = open;
        let (address, name) = (asked.address.clone(), asked.partner.name());
        failing.spawn(next_not_begun(name, address, not_begun));
        let limits = if args.one_at_a_time {
            let one = Seats::new(1);
            all_seats.push(one.clone());
            Limits {
                seats: one,
                ..Limits::new(1, args.server.drain)
            }
        } else {
            Limits {
                seats: seats.clone(),
                notices: Some(notices.clone()),
                ..Limits::new(1, args.server.drain)
            }
        };
        let how = Serving {
            limits,
            idle: args.idle,
        };
        let place = services.len();
        services.push((asked, Served::default()));
        let mut stopped = stopped.clone();
        running.spawn(async move {
            let stopped = async {
                // The sender outlives this task.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            (place, post.serve(&how, stopped).await)
        });
    }

    let mut outcome = Ok(ExitCode::Clean);
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            ended = running.join_next() => match ended {
                None => break,
                Some(Ok((place, served))) => {
                    let (asked, slot) = &mut services[place];
                    let (served, failed) = broken(served);
                    *slot = served;
                    if let Some(error) = failed {
                        let failure = Failure::of_net(&error, Some(&asked.address), language);
                        // The others go on; the last one is said at the end.
                        if !running.is_empty() {
                            failure.say();
                        }
                        outcome = Err(failure);
                    }
                }
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
            },
            Some(Ok(failed)) = failing.join_next() => {
                if let Some((name, address, told, not_begun)) = failed {
                    say_not_begun(name, &address, &told, session);
                    failing.spawn(next_not_begun(name, address, not_begun));
                }
            }
            Some(access) = accesses.recv() => {
                session.announce(&http::access_line(&access, language));
            }
            Some(notice) = noticed.recv() => {
                // Draining is said once for all.
                if let Notice::Full { most } = notice {
                    session.status(&common::FULL.fill(language, &[("most", &most)]));
                }
            }
            () = signals.stop(), if !stopping => {
                stopping = true;
                // A page that is open would be a conversation without an end.
                if let Some(feed) = feed {
                    feed.end();
                }
                let conversations: usize = all_seats.iter().map(Seats::taken).sum();
                if conversations > 0 {
                    let time = duration_text(args.server.drain);
                    let places: [(&str, &dyn std::fmt::Display); 2] =
                        [("conversations", &conversations), ("time", &time)];
                    session.status(&common::DRAINING.fill(language, &places));
                }
                let _ = stop.send(true);
            }
        }
    }
    lines::say_served(&services, args.server.drain, session);
    for (_, served) in &services {
        tally.totals += served.totals;
        tally.conversations += served.conversations.conversations;
        tally.failed += served.conversations.failed + served.conversations.cut;
    }
    outcome
}

/// Waits for the next whose handshake fails; `None` when nobody can come any more.
async fn next_not_begun(
    name: &'static str,
    address: Address,
    mut not_begun: mpsc::Receiver<NotBegun>,
) -> Option<(&'static str, Address, NotBegun, mpsc::Receiver<NotBegun>)> {
    let told = not_begun.recv().await?;
    Some((name, address, told, not_begun))
}

/// Says that nobody has come, as far as the service knows: a handshake failed.
fn say_not_begun(name: &str, address: &Address, told: &NotBegun, session: &Session) {
    let failure = Failure::of_open(&told.error, address, CONNECT_TIMEOUT, session.look.language);
    session.status(&format!("{name}: {}: {}", told.peer, failure.line));
}

/// How many conversations there may be at once: as many as were asked for, and the limit of open files allows.
///
/// That limit is raised as far as this process may, `RLIMIT_NOFILE` of
/// [getrlimit(2)](https://man7.org/linux/man-pages/man2/getrlimit.2.html); beyond it an accept would fail.
fn conversations(asked: u32, session: &Session) -> usize {
    let wanted = u64::from(asked) + OTHER_DESCRIPTORS;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|soft| soft < wanted) {
        let most = limit.maximum.map_or(wanted, |hard| hard.min(wanted));
        let raised = Rlimit {
            current: Some(most),
            ..limit
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = raised;
        }
    }
    let allowed = limit.current.unwrap_or(wanted).min(wanted);
    let most = allowed.saturating_sub(OTHER_DESCRIPTORS).max(1);
    if most < u64::from(asked) {
        let places: [(&str, &dyn std::fmt::Display); 2] = [("most", &most), ("asked", &asked)];
        session.status(&words::OPEN_FILES.fill(session.look.language, &places));
    }
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// What it did, and why it could not go on.
fn broken(mut served: Served) -> (Served, Option<sockeye_net::Error>) {
    let accept = served.conversations.accept_failed.take();
    let failed = served.failed.take().or(accept);
    (served, failed)
}

/// Opens every post; what can't be opened is said with its reason and holder, and the rest start.
///
/// # Errors
/// When a zone file is wrong, or nothing could be opened: the last failure, with its own code if all agree on it, else "can't bind".
async fn open(
    args: &ServeArgs,
    feed: Option<&Feed>,
    accesses: Option<&mpsc::Sender<Access>>,
    session: &Session,
) -> Result<Vec<Open>, Failure> {
    let listening = Listening::new(session.tap.clone());
    let mut open: Vec<Open> = Vec::new();
    let mut failures: Vec<Failure> = Vec::new();
    let mut running = false;
    let mut wanted = asked(args, feed, accesses, session.look.language)?.into_iter();
    while let Some(first) = wanted.next() {
        let second = if first.with_next { wanted.next() } else { None };
        let practice = dns::practice_address(&first);
        if practice.is_some() && running {
            continue;
        }
        for opened in open_together(first, second, &listening, session).await {
            match opened {
                Ok(one) => open.push(one),
                Err(failure) => {
                    let again = practice
                        .filter(|_| failure.exit == ExitCode::CannotBind)
                        .and_then(|address| dns::running_already(address, session.look.language));
                    running = again.is_some();
                    failures.push(again.unwrap_or(failure));
                    // Its other addresses are taken as well; one line says so.
                    if running {
                        break;
                    }
                }
            }
        }
    }
    let last = if open.is_empty() {
        failures.pop()
    } else {
        None
    };
    failures.iter().for_each(Failure::say);
    match last {
        None => Ok(open),
        Some(last) => {
            let agreed = failures.iter().all(|failure| failure.exit == last.exit);
            let exit = if agreed {
                last.exit
            } else {
                ExitCode::CannotBind
            };
            Err(Failure { exit, ..last })
        }
    }
}

/// Opens one, and perhaps a second that has the port of the first; a port that was chosen is chosen again when the
/// second finds it taken.
async fn open_together(
    first: Asked,
    second: Option<Asked>,
    listening: &Listening,
    session: &Session,
) -> Vec<Result<Open, Failure>> {
    let Some(second) = second else {
        return vec![open_one(first, listening, session).await];
    };
    let chosen = matches!(
        first.address.target,
        Target::Inet {
            port: Port::Number(0),
            ..
        }
    );
    let mut tries = 0;
    loop {
        tries += 1;
        let one = open_one(first.clone(), listening, session).await;
        let mut other = second.clone();
        if let (true, Ok(one)) = (chosen, &one) {
            other.address = dns::at_port_of(&other.address, one.post.local_addresses());
        }
        let other = open_one(other, listening, session).await;
        let again = chosen && one.is_ok() && tries < PORT_TRIES;
        if !(again
            && other
                .as_ref()
                .is_err_and(|error| error.exit == ExitCode::CannotBind))
        {
            return vec![one, other];
        }
    }
}

async fn open_one(asked: Asked, listening: &Listening, session: &Session) -> Result<Open, Failure> {
    let language = session.look.language;
    let opened = listen(&asked.address, listening).await;
    let opened = opened.and_then(|listener| {
        lines::say_left_out(&listener, session);
        let reach = listener.reach();
        let layers = Layers::of(&asked.address, &listener)?;
        let pin = layers.tls().and_then(tls::Server::throwaway);
        let (teller, not_begun) = mpsc::channel(NOT_BEGUN);
        let post = asked.partner.on(listener, layers.telling(teller))?;
        Ok((reach, pin, post, not_begun))
    });
    opened
        .map(|(reach, pin, post, not_begun)| Open {
            asked: asked.clone(),
            reach,
            pin,
            post,
            not_begun,
        })
        .map_err(|error| {
            let advice = advice::on_open(&session.tap, &error, asked.address.scheme, language);
            let failure = Failure::of_open(&error, &asked.address, CONNECT_TIMEOUT, language);
            let line = format!("{}: {}", asked.partner.name(), failure.line);
            Failure { line, ..failure }.with_advice(advice)
        })
}

/// Failed handshakes that wait to be said, for each service; what goes beyond is only counted.
const NOT_BEGUN: usize = 64;
/// How often a port is chosen that both schemes can have.
const PORT_TRIES: u32 = 8;
/// Descriptors kept for what is no conversation: standard streams, listeners, the event loop, a recording.
const OTHER_DESCRIPTORS: u64 = 64;
