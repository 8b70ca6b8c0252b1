//! The loop around waitpid(2): starts and stops threads, keeps filters in place, hands calls to the world.

mod arming;
mod attach;
pub(crate) mod filter;
mod looking;
mod orphans;
mod programs;
mod start;
mod stops;
mod target;
mod tasks;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::marker::PhantomData;
use std::time::Duration;

use rustc_hash::FxHashMap;
use sockeye_model::{Blind, Caller, Event, Kind, Note, SocketId, Timestamp};

use crate::place::{Binaries, Lacking};
use crate::sys::signals::{self, Signals};
use crate::sys::wait::Status;
use crate::tracee::Tracee;
use crate::world::World;
use looking::Looking;
use orphans::{Adopt, Early};
use start::Fresh;
use tasks::{Process, Task};

/// How a program is traced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Look up the line of the program that makes each call.
    pub lines: bool,
    /// Watch `read`, `write` and their kin on sockets too; without, a program that uses them on sockets shows no data.
    pub read_write: bool,
    /// Ask for the bytes of what is sent and received.
    pub bytes: bool,
    /// Tell the kernel's own call behind each event, as [`sockeye_model::Note::Syscall`].
    pub syscalls: bool,
}

/// What [`Tracer::run`] tells.
#[derive(Debug)]
pub enum Heard<'a> {
    /// What a traced program did, in the order of time.
    Event(Event<'a>),
    /// Nothing has happened for a while, up to this moment: told at least once a second while a program runs and is quiet.
    Quiet(Timestamp),
    /// A program that [`Next::Start`] asked for could not be started; the others go on.
    NotStarted(StartError),
}

/// What the tracer does after it has told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Goes on.
    GoOn,
    /// Starts another program beside the first.
    Start(Vec<OsString>),
}

/// How the first program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this code.
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
}

/// Why a program could not be started or traced.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no such program; or no such process, by its number.
    #[error("{0:?}: not found")]
    NotFound(OsString),
    /// It can't be executed.
    #[error("{0:?}: {1}")]
    NotExecutable(OsString, std::io::Error),
    /// The system forbids to trace.
    #[error("ptrace: {0}")]
    Forbidden(std::io::Error),
}

/// Runs programs and tells what their sockets do.
///
/// It stays on the thread that made it: the kernel lets nobody else trace what that thread has started.
///
/// ```no_run
/// use sockeye_trace::{Ended, Heard, Next, Options, Tracer};
///
/// let mut tracer = Tracer::new(Options { read_write: true, ..Options::default() });
/// tracer.start(&["curl".into(), "http://localhost/".into()])?;
/// let begun = std::time::Instant::now();
/// let now = || sockeye_model::Timestamp::START + begun.elapsed();
/// let mut calls = 0;
/// let ended = tracer.run(&now, &mut |heard| {
///     if let Heard::Event(_) = heard {
///         calls += 1;
///     }
///     Next::GoOn
/// })?;
/// assert_eq!(ended, Ended::Code(0));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Tracer {
    options: Options,
    world: World,
    tasks: FxHashMap<u32, Task>,
    processes: FxHashMap<u32, Process>,
    /// Started, and stopped before their first instruction.
    fresh: Vec<Fresh>,
    /// New threads that stopped before their parent told of them.
    early: FxHashMap<u32, Early>,
    /// Stops that came while another was waited for.
    deferred: VecDeque<(u32, Status)>,
    /// Attached to, and not begun with.
    attached: Vec<u32>,
    first: Option<u32>,
    ended: Option<Ended>,
    /// What the tracer itself has to tell.
    told: Vec<Event<'static>>,
    /// When the first program last got each signal.
    got: [Option<Timestamp>; 32],
    /// Signals that somebody sent to us, and when.
    meant: Vec<(i32, Timestamp)>,
    /// The terminal stopped the program: we stop as well.
    stops_at: Option<Timestamp>,
    /// Ctrl-Z has reached the program, which may ignore it.
    asked_to_stop: bool,
    detaching: bool,
    binaries: Binaries,
    lacking: Vec<(String, Lacking)>,
    pace: Pace,
    _one_thread: PhantomData<*const ()>,
}

/// How often the tracer wakes up by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// While calls wait that may have to be told.
    Quick,
    /// While nothing does.
    Slow,
}

/// Between two looks while calls are under way.
const QUICK: Duration = Duration::from_millis(20);
/// Between two looks while nothing happens.
const SLOW: Duration = Duration::from_millis(500);

type Clock<'a> = &'a dyn Fn() -> Timestamp;

impl Tracer {
    /// A tracer without programs yet.
    pub fn new(options: Options) -> Self {
        let mut world = World::new(options.bytes);
        if options.syscalls {
            world.tell_syscalls();
        }
        Self {
            options,
            world,
            tasks: FxHashMap::default(),
            processes: FxHashMap::default(),
            fresh: Vec::new(),
            early: FxHashMap::default(),
            deferred: VecDeque::new(),
            attached: Vec::new(),
            first: None,
            ended: None,
            told: Vec::new(),
            got: [None; 32],
            meant: Vec::new(),
            stops_at: None,
            asked_to_stop: false,
            detaching: false,
            binaries: Binaries::default(),
            lacking: Vec::new(),
            pace: Pace::Slow,
            _one_thread: PhantomData,
        }
    }

    /// Traces until all programs have ended. What happens is given to `each`, in the order of time; `now` is the clock of
    /// the events. Gives how the program that was started first ended; 0 for a process that was attached to and let go.
    ///
    /// # Errors
    /// Tracing itself failed.
    pub fn run(
        &mut self,
        now: &dyn Fn() -> Timestamp,
        each: &mut dyn FnMut(Heard<'_>) -> Next,
    ) -> io::Result<Ended> {
        let signals = Signals::take()?;
        signals.tick(SLOW);
        let mut heard_at = now();
        let mut looking = Looking::new();
        self.begin(now);
        loop {
            if self.tell(now, each) {
                heard_at = now();
            }
            if self.tasks.is_empty() && !self.adopt(now(), Adopt::All) {
                break;
            }
            if signals.ticked() {
                let at = now();
                self.look(at, &signals);
                if !self.tell(now, each) && at.since(heard_at) >= SLOW {
                    heard_at = at;
                    self.hear(Heard::Quiet(at), now, each);
                }
            }
            let may_wait =
                |tracer: &Self| tracer.tasks.values().any(Task::in_call) || tracer.world.may_wait();
            if self.pace == Pace::Slow && may_wait(self) {
                // Set back by the look that finds nothing to wait for.
                self.pace = Pace::Quick;
                signals.tick(QUICK);
            }
            let next = match self.deferred.pop_front() {
                Some(next) => Ok(next),
                None => looking.wait(),
            };
            match next {
                Ok((thread, status)) => self.stopped(thread, status, now),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Nothing is traced any more; what we knew of ended unseen.
                Err(error) if error.raw_os_error() == Some(libc::ECHILD) => self.forget_all(now),
                Err(error) => return Err(error),
            }
        }
        self.tell(now, each);
        Ok(self.ended.take().unwrap_or(Ended::Code(0)))
    }

    /// The programs whose lines were asked for and could not be told, each with the reason; once they have ended.
    pub fn without_lines(&self) -> &[(String, Lacking)] {
        &self.lacking
    }

    /// Hands on what there is to tell; whether there was anything.
    fn tell(&mut self, now: Clock<'_>, each: &mut dyn FnMut(Heard<'_>) -> Next) -> bool {
        let mut any = false;
        loop {
            let mut events = std::mem::take(&mut self.told);
            events.extend(self.world.take_events());
            if events.is_empty() {
                return any;
            }
            any = true;
            for event in events {
                self.hear(Heard::Event(event), now, each);
            }
        }
    }

    fn hear(&mut self, heard: Heard<'_>, now: Clock<'_>, each: &mut dyn FnMut(Heard<'_>) -> Next) {
        let mut heard = heard;
        // A program that can't be started is told as well, and may be answered with another one.
        while let Next::Start(command) = each(heard) {
            match self.start(&command) {
                Ok(_) => return self.begin(now),
                Err(error) => heard = Heard::NotStarted(error),
            }
        }
    }

    /// A moment in which nothing stopped: waits are told, signals passed on.
    fn look(&mut self, at: Timestamp, signals: &Signals) {
        let processes = &self.processes;
        let next = self.world.idle(at, &|pid| {
            let target = processes.get(&pid)?.target(pid, pid);
            Some(Box::new(target) as Box<dyn Tracee>)
        });
        self.note_wanted();
        self.adopt(at, Adopt::Waiting);
        self.pass_on(at, signals);
        let busy = next.is_some_and(|next| next.since(at) <= 2 * QUICK)
            || !self.meant.is_empty()
            || self.stops_at.is_some();
        let (pace, period) = if busy {
            (Pace::Quick, QUICK)
        } else {
            let wait = next.map_or(SLOW, |next| next.since(at));
            (Pace::Slow, wait.clamp(QUICK, SLOW))
        };
        self.pace = pace;
        signals.tick(period);
    }

    /// Signals that were sent to us alone are meant for the program; from a terminal it has them already.
    fn pass_on(&mut self, at: Timestamp, signals: &Signals) {
        if self.processes.values().any(|process| process.attached) {
            let ends = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];
            // Not `any`, which would leave some of them for later.
            if ends.into_iter().filter(|&end| signals.came(end)).count() > 0 {
                self.detach();
            }
            return;
        }
        let Some(first) = self.first.filter(|_| self.ended.is_none()) else {
            return;
        };
        for (signal, sent) in std::mem::take(&mut self.meant) {
            let got = self.got[signal.cast_unsigned() as usize & 31];
            // Whoever signals the whole group has reached the program too, a little earlier or later.
            if got.is_none_or(|got| sent.since(got) > SLOW) {
                signals::send(first, signal);
            }
        }
        self.meant.extend(signals.sent().map(|signal| (signal, at)));
        if self.stops_at.is_some_and(|when| at >= when) {
            self.stops_at = None;
            signals::stop_ourselves();
        }
    }

    /// The tracer's own word on a process.
    fn blind(&mut self, at: Timestamp, by: Caller, blind: Blind) {
        self.told.push(Event {
            at,
            took: None,
            socket: SocketId::NONE,
            parent: None,
            by: Some(by),
            place: None,
            kind: Kind::Noted(Note::Blind(blind)),
        });
    }
}
