//! The picture that every course draws, alive: two columns, each call in its own as it happens, arrows between them.
//!
//! With both ends in one session the server is on the left and the client on the right; otherwise what is ours is on the
//! left, and arrows go out to a named peer. Memory is bounded as in narration: what is known of a socket goes when it closes.

use std::collections::{HashSet, VecDeque};
use std::io::{self, Write};
use std::time::Duration;

use sockeye_model::{
    Call, End, Event, Flow, Kind, Note, Sink, SocketAddress, SocketId, Tally, Timestamp, Wants,
};

use crate::catalogue::{Language, narration};
use crate::layout::{Paint, phrases_in_lines, to_ascii};
use crate::telling::{Reasons, Said, Summary, Teller, program_name};

mod columns;
mod draw;
pub(crate) mod ends;
pub(crate) mod order;
mod picture;

pub use columns::Columns;
use columns::Undecided;
use ends::{Ends, Side};
use order::{Order, Prologue, moment};
use picture::{Row, Widths};

/// How the diagram looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagramOptions {
    /// The language of texts and figures.
    pub language: Language,
    /// When reasons are given.
    pub reasons: Reasons,
    /// Whether both ends are in this session.
    pub columns: Columns,
    /// The command of the program in the right column, where it is known before that program starts.
    pub partner: Option<String>,
    /// Colours by ANSI escapes.
    pub colour: bool,
    /// Nothing beyond ASCII.
    pub ascii: bool,
    /// Columns of the terminal; from 60 to 140 are used.
    pub width: usize,
}

impl Default for DiagramOptions {
    /// English, reasons once, columns as the events have it, no colour, 100 columns.
    fn default() -> Self {
        Self {
            language: Language::English,
            reasons: Reasons::Once,
            columns: Columns::Auto,
            partner: None,
            colour: false,
            ascii: false,
            width: 100,
        }
    }
}

/// The view behind `--diagram` and `demo`.
///
/// ```
/// use sockeye_model::{Event, Kind, Sink, SocketId, Tally, Timestamp};
/// use sockeye_view::{Diagram, DiagramOptions};
///
/// let mut out = Vec::new();
/// let mut diagram = Diagram::new(&mut out, DiagramOptions::default());
/// diagram.event(&Event {
///     at: Timestamp::START, took: None, socket: SocketId(1), parent: None, by: None, place: None,
///     kind: Kind::Listening { local: "127.0.0.1:7007".parse().unwrap(), backlog: 5 },
/// })?;
/// diagram.finish(&Tally::default())?;
/// assert!(String::from_utf8(out).unwrap().contains("#1 listen 127.0.0.1:7007, queue of 5"));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Diagram<W> {
    out: W,
    options: DiagramOptions,
    widths: Widths,
    undecided: Option<Undecided>,
    ends: Ends,
    order: Order,
    prologue: Prologue,
    teller: Teller,
    said: Said,
    summary: Summary,
    headed: bool,
    /// The heading was drawn with these names before anything was seen of a socket.
    early: Option<(String, String)>,
    /// Something has been drawn.
    begun: bool,
    /// The time of the last row.
    shown: Timestamp,
    pending: Option<Pending>,
    /// Starts of programs, and what they do before they come to a socket of their own.
    opening: Vec<Row>,
    waits_told: HashSet<String>,
    /// Sockets whose connection an arrow has shown to be thrown away by the other end.
    thrown: HashSet<SocketId>,
    /// Of each of the last sockets the call that was drawn last, or that failed, and when; the oldest first.
    calls: VecDeque<(SocketId, String, Timestamp)>,
    /// The socket and the line of the last call that was drawn.
    last: Option<(SocketId, Option<String>)>,
}

/// A row that the next event may still join.
#[derive(Debug)]
struct Pending {
    row: Row,
    expects: Vec<Expected>,
    /// Rows that came while it waited, and stand below it.
    after: Vec<Row>,
    due: Timestamp,
}

impl Pending {
    /// Whether an event is what this row waits for, soon enough to come before what others did meanwhile.
    fn is_for(&self, event: &Event<'_>) -> bool {
        let socket = event.socket;
        let within = |time: Duration| moment(event) <= self.row.at + time;
        self.expects
            .iter()
            .any(|expected| match (expected, &event.kind) {
                (Expected::Receive { by }, Kind::Received { .. })
                | (Expected::End { by }, Kind::HalfClosed { end: End::Peer })
                | (Expected::Upgraded { by }, Kind::Upgraded { .. }) => {
                    *by == socket && within(FIRST)
                }
                (
                    Expected::Connected { socket: of },
                    Kind::Connected { .. }
                    | Kind::Failed { .. }
                    | Kind::Called {
                        call: Call::Connect,
                        ..
                    },
                ) => *of == socket && within(FIRST),
                (Expected::Accept { at }, Kind::Accepted { local, .. }) => {
                    is_same_door(at, local) && within(FIRST)
                }
                // Made already, by the two kernels: the client has but to ask.
                (Expected::Made { client }, Kind::Connected { local, .. }) => {
                    client.canonical() == local.canonical() && within(TOGETHER)
                }
                _ => false,
            })
    }
}

/// Whether the last row, if it waits for something, waits for this event.
fn joins(pending: Option<&Pending>, event: &Event<'_>) -> bool {
    pending.is_some_and(|pending| pending.is_for(event))
}

/// Whether what connects to `at` is accepted at `local`: where one listens at any address, the port has to do.
fn is_same_door(at: &SocketAddress, local: &SocketAddress) -> bool {
    at == local || (at.port().is_some() && at.port() == local.port())
}

/// What a row still waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    /// The receive of what was sent.
    Receive { by: SocketId },
    /// The end that the other side was told of.
    End { by: SocketId },
    /// The other end of a handshake.
    Upgraded { by: SocketId },
    /// The result of a connect.
    Connected { socket: SocketId },
    /// The accept of a connection to this address.
    Accept { at: SocketAddress },
    /// That the client at this address knows of its connection, which was accepted.
    Made { client: SocketAddress },
}

/// What belongs together shares a row when it happens within this time.
const TOGETHER: Duration = Duration::from_millis(50);

/// Within this time what a row waits for comes before what others did meanwhile.
const FIRST: Duration = Duration::from_millis(10);

/// The start of a program that does nothing is drawn after this time.
const OPENING: Duration = Duration::from_secs(1);

/// So many rows wait for the heading at most.
const OPENED: usize = 64;

/// So many sockets are remembered with their last call.
const CALLS: usize = 64;

/// Columns a preview of data may take, where there is room.
const PREVIEW: usize = 40;

impl<W: Write> Diagram<W> {
    /// A diagram drawn into `out`.
    pub fn new(out: W, options: DiagramOptions) -> Self {
        let two = options.columns == Columns::Two;
        Self {
            out,
            widths: Widths::of(&options, two),
            undecided: (options.columns == Columns::Auto).then(Undecided::default),
            ends: Ends::new(two),
            order: Order::default(),
            prologue: Prologue::default(),
            teller: Teller::new(options.language, options.ascii, PREVIEW),
            said: Said::new(options.reasons),
            summary: Summary::default(),
            headed: false,
            early: None,
            begun: false,
            shown: Timestamp::START,
            pending: None,
            opening: Vec::new(),
            waits_told: HashSet::new(),
            thrown: HashSet::new(),
            calls: VecDeque::new(),
            last: None,
            options,
        }
    }

    fn decide(&mut self, two: bool) -> io::Result<()> {
        let Some(undecided) = self.undecided.take() else {
            return Ok(());
        };
        self.widths = Widths::of(&self.options, two);
        self.ends = Ends::new(two);
        for event in undecided.into_events() {
            self.take(&event)?;
        }
        Ok(())
    }

    /// Takes the next event in the order of time, and draws what can be drawn.
    fn take(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.release(event.at)?;
        if self.order.passes(event, &self.ends) {
            self.place(event)?;
        } else {
            self.order.hold(event.clone().into_owned(), ());
        }
        self.release(event.at)
    }

    fn release(&mut self, now: Timestamp) -> io::Result<()> {
        while let Some((event, ())) = self
            .order
            .next(&self.ends, now, |event| joins(self.pending.as_ref(), event))
        {
            self.place(&event)?;
        }
        Ok(())
    }

    fn release_all(&mut self) -> io::Result<()> {
        while let Some((event, ())) = self
            .order
            .last(&self.ends, |event| joins(self.pending.as_ref(), event))
        {
            self.place(&event)?;
        }
        Ok(())
    }

    /// Draws an event, after what waited for its socket's side to be known.
    fn place(&mut self, event: &Event<'_>) -> io::Result<()> {
        // Of a process that ends this is the last chance to know.
        let of_program = self.ends.side_of_program(event);
        self.ends.learn(event);
        if event.socket == SocketId::NONE {
            return self.draw(event, of_program);
        }
        let side = self.ends.side(event.socket);
        let side = side.or_else(|| self.ends.side_of_gone(event.socket).or(of_program));
        let Some(side) = side else {
            if Prologue::is_part(event) {
                self.prologue.push(event.clone().into_owned());
                while let Some(oldest) = self.prologue.oldest(false) {
                    self.draw(&oldest, Some(Side::Left))?;
                }
                return Ok(());
            }
            return self.draw(event, None);
        };
        while let Some(earlier) = self.prologue.next_of(event.socket) {
            self.draw(&earlier, Some(side))?;
        }
        self.draw(event, Some(side))?;
        if matches!(event.kind, Kind::Closed { .. }) {
            self.ends.forget(event.socket);
        }
        Ok(())
    }

    /// Draws the pending row if it is due by `now`.
    fn advance(&mut self, now: Timestamp) -> io::Result<()> {
        if self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.due < now)
        {
            return self.draw_pending();
        }
        Ok(())
    }

    fn draw_pending(&mut self) -> io::Result<()> {
        if let Some(pending) = self.pending.take() {
            self.write(pending.row)?;
            for row in pending.after {
                self.write(row)?;
            }
        }
        Ok(())
    }

    /// Rows never go back in time: what was told too late to stand at its own has the time of the row above.
    fn write(&mut self, row: Row) -> io::Result<()> {
        let mut text = String::new();
        self.head(&mut text);
        self.add(&mut text, row);
        self.put(&text)
    }

    fn add(&mut self, text: &mut String, mut row: Row) {
        self.shown = self.shown.max(row.at);
        row.at = self.shown;
        for row in self.opening.drain(..) {
            picture::row(text, &row, self.widths, &self.options);
        }
        picture::row(text, &row, self.widths, &self.options);
    }

    /// The start of a program waits for its first call: only then it is known what runs there, since a script may have given
    /// way to another program, and the heading has its name.
    fn open(&mut self, row: Row) -> io::Result<()> {
        if self.headed {
            let mut text = String::new();
            self.add(&mut text, row);
            return self.put(&text);
        }
        self.shown = self.shown.max(row.at);
        self.opening.push(row);
        if self.opening.len() > OPENED {
            return self.draw_opening();
        }
        Ok(())
    }

    fn draw_opening(&mut self) -> io::Result<()> {
        match self.opening.pop() {
            Some(row) => {
                self.write(row)?;
                self.early = Some(self.names());
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The names of both columns, above the first row; and once more where a start script had no socket for long and the program
    /// that it gave way to has another name.
    fn head(&mut self, text: &mut String) {
        let early = self.early.take();
        if self.headed && early.is_none() {
            return;
        }
        let names = self.names();
        if self.headed && early.as_ref() == Some(&names) {
            return;
        }
        self.headed = true;
        picture::heading(text, (&names.0, &names.1), self.widths, &self.options);
    }

    fn names(&self) -> (String, String) {
        let names = if self.ends.pairs() {
            (narration::SERVER, narration::CLIENT)
        } else {
            (narration::THIS_END, narration::OTHER_END)
        };
        // A traced program has its own name.
        let partner = self.options.partner.as_deref().map(program_name);
        let partner = partner.filter(|_| self.ends.pairs());
        let left = self.teller.programs.title(0);
        let right = self.teller.programs.title(1).or(partner);
        let right = right.filter(|_| self.ends.pairs());
        let or_say =
            |name: Option<String>, text| name.unwrap_or_else(|| self.teller.say(text).to_owned());
        (or_say(left, names.0), or_say(right, names.1))
    }

    fn title(&mut self, title: &str) -> io::Result<()> {
        self.draw_pending()?;
        self.draw_opening()?;
        let mut text = String::new();
        if self.begun {
            text.push('\n');
        }
        picture::title(&mut text, title, self.widths, &self.options);
        self.headed = false;
        self.early = None;
        self.put(&text)
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        self.begun = true;
        if self.options.ascii {
            self.out.write_all(to_ascii(text).as_bytes())
        } else {
            self.out.write_all(text.as_bytes())
        }
    }
}

impl<W: Write + Send> Sink for Diagram<W> {
    fn wants(&self) -> Wants {
        Wants::BYTES
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        // A column has no room for the kernel's words.
        if let Kind::Noted(Note::Syscall(_)) = event.kind {
            return Ok(Flow::Continue);
        }
        match &mut self.undecided {
            Some(undecided) => {
                if let Some(two) = undecided.hear(event) {
                    self.decide(two)?;
                }
            }
            None => self.take(event)?,
        }
        Ok(Flow::Continue)
    }

    fn tick(&mut self, now: Timestamp) -> io::Result<()> {
        self.decide(false)?;
        self.release(now)?;
        self.advance(now)?;
        if self
            .opening
            .first()
            .is_some_and(|row| row.at + OPENING < now)
        {
            self.draw_opening()?;
        }
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, tally: &Tally) -> io::Result<()> {
        self.decide(false)?;
        self.release_all()?;
        while let Some(event) = self.prologue.oldest(true) {
            self.draw(&event, Some(Side::Left))?;
        }
        self.draw_pending()?;
        self.draw_opening()?;
        if self.teller.traced {
            // Whoever traces sums up by itself, with what there is to correct.
            return self.out.flush();
        }
        let (well, phrases) = std::mem::take(&mut self.summary).phrases(tally, &self.teller);
        let (sign, paint) = if well {
            ("✓", Paint::Well)
        } else {
            ("✗", Paint::Wrong)
        };
        let mut text = String::new();
        let width = self.options.width.clamp(60, 140) - 3;
        for (index, line) in phrases_in_lines(&phrases, width).iter().enumerate() {
            text.push(' ');
            paint.put(
                &mut text,
                if index == 0 { sign } else { " " },
                self.options.colour,
            );
            text.push(' ');
            text.push_str(line);
            text.push('\n');
        }
        self.put(&text)?;
        self.out.flush()
    }
}
