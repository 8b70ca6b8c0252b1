//! Narration: a line an event, facts left and reasons right, each reason once, a summary at the end.
//!
//! What it says depends on the events and their times alone, never on when it was told of them, so a recording gives
//! the same words as the live session. Its memory is bounded: what is known of a socket goes when the socket closes
//! (65,536 open ones are remembered at most), reasons are as many as there are texts, answer times are thinned out.

use std::collections::HashSet;
use std::io::{self, Write};
use std::time::Duration;

use sockeye_model::{Call, Event, Flow, Kind, Note, Sink, SocketId, Tally, Timestamp, Wants};

use crate::catalogue::{self, Language, narration};
use crate::layout::to_ascii;
use crate::telling::{Agreed, Mark, Reason, Said, Summary, Teller, Told, Worth, is_beneath, worth};

mod gather;
mod held;
mod json;
mod kernel;
mod line;

pub use crate::telling::Reasons;
use gather::Pending;
use held::Held;
use kernel::Kernel;
use line::Place;

/// What a line of narration is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// Text in columns, for a terminal.
    #[default]
    Columns,
    /// A JSON object a line, for a program that lays it out by itself, such as a page: `at` in nanoseconds, `time` as a
    /// person reads it, `socket`, `name`, `fact`, and `why`, a list of objects whose `name` is the same in every language
    /// and whose `value` is the reason. Calls beneath a layer are left out.
    Json,
}

/// How narration looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainOptions {
    /// The language of texts and figures.
    pub language: Language,
    /// When reasons are given.
    pub reasons: Reasons,
    /// Starts each line with `┊`, so that on a terminal it is never taken for data.
    pub margin: bool,
    /// Colours by ANSI escapes.
    pub colour: bool,
    /// Nothing beyond ASCII.
    pub ascii: bool,
    /// Output is a terminal and `tick` is called: a wait is counted while it lasts.
    pub live: bool,
    /// Columns of the terminal, 40 at least; 100 where there is none. From 92 on reasons stand at the right, else below.
    pub width: usize,
    /// Shows the beginning of what is sent and received; asks for [`Wants::BYTES`] to do so.
    pub previews: bool,
    /// Of a traced program also the calls that say nothing by themselves, and what waits in queues.
    pub everything: bool,
    /// The rules have looked at what is told: where they found nothing, the summary says so.
    pub rules: bool,
    /// Columns or JSON; the latter has no use for margin, colours and width.
    pub form: Form,
}

impl Default for ExplainOptions {
    /// English, reasons once, 100 columns, previews; no margin, no colour, not live, no asides.
    fn default() -> Self {
        Self {
            language: Language::English,
            reasons: Reasons::Once,
            margin: false,
            colour: false,
            ascii: false,
            live: false,
            width: 100,
            previews: true,
            everything: false,
            rules: false,
            form: Form::Columns,
        }
    }
}

/// The view behind `--explain`.
///
/// ```
/// use sockeye_model::{Event, Kind, Sink, SocketId, Tally, Timestamp};
/// use sockeye_view::{Explain, ExplainOptions};
///
/// let mut out = Vec::new();
/// let mut explain = Explain::new(&mut out, ExplainOptions::default());
/// explain.event(&Event {
///     at: Timestamp::START, took: None, socket: SocketId(1), parent: None, by: None, place: None,
///     kind: Kind::Bound { local: "127.0.0.1:7007".parse().unwrap() },
/// })?;
/// explain.finish(&Tally::default())?;
/// assert!(String::from_utf8(out).unwrap().contains("only programs on this machine"));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Explain<W> {
    out: W,
    options: ExplainOptions,
    teller: Teller,
    said: Said,
    headed: bool,
    /// Something has happened.
    eventful: bool,
    /// A line that the next event may still join.
    pending: Option<Pending>,
    /// The first wait of its kind, told if it lasts.
    patience: Option<(Timestamp, Told, Place)>,
    /// Waits whose words were told already.
    waits_told: HashSet<String>,
    counter: Option<Counter>,
    summary: Summary,
    /// The last line, which what is wrong with it may still join.
    held: Option<Held>,
    /// Columns for lines: none before the first one was seen, and never fewer than before.
    line_columns: usize,
    /// A mistake or a risk was found.
    wrong: bool,
    kernel: Kernel,
}

/// A wait that is counted on a terminal while nothing else happens.
#[derive(Debug)]
struct Counter {
    socket: SocketId,
    call: Call,
    since: Timestamp,
    /// Columns drawn, to be wiped before the next line.
    drawn: usize,
    text: String,
}

/// A wait for the other side is told when it has lasted this long.
const PATIENCE: Duration = Duration::from_secs(1);

/// Columns a preview of data may take.
const PREVIEW: usize = 40;

impl<W: Write> Explain<W> {
    /// Narration into `out`.
    pub fn new(out: W, options: ExplainOptions) -> Self {
        let preview = if options.previews { PREVIEW } else { 0 };
        Self {
            out,
            teller: Teller::new(options.language, options.ascii, preview),
            said: Said::new(options.reasons),
            headed: false,
            eventful: false,
            pending: None,
            patience: None,
            waits_told: HashSet::new(),
            counter: None,
            summary: Summary::default(),
            held: None,
            line_columns: 0,
            wrong: false,
            kernel: Kernel::default(),
            options,
        }
    }

    /// The writer that was given.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// Whether calls beneath a layer are told.
    fn tells_beneath(&self) -> bool {
        self.options.form == Form::Columns && self.said.tells_beneath()
    }

    /// Tells what has become due by `now`, in the order in which it became due.
    fn advance(&mut self, now: Timestamp) -> io::Result<()> {
        loop {
            let pending = self.pending.as_ref().map(Pending::due);
            let patience = self.patience.as_ref().map(|(since, ..)| *since + PATIENCE);
            match (pending, patience) {
                (Some(due), other) if due < now && other.is_none_or(|other| due <= other) => {
                    self.tell_pending()?;
                }
                (_, Some(due)) if due <= now => self.tell_patience()?,
                _ => return Ok(()),
            }
        }
    }

    fn tell_pending(&mut self) -> io::Result<()> {
        match self.pending.take() {
            Some(pending) => {
                let place = pending.place().clone();
                let told = pending.into_told(&self.teller);
                self.write(told, &place)
            }
            None => Ok(()),
        }
    }

    /// The line of a connect that has its result now: the result's line says it all.
    fn forget_connecting(&mut self, socket: SocketId) {
        if let Some(pending) = &self.pending
            && pending.is_connecting(socket)
        {
            self.pending = None;
        }
    }

    fn tell_patience(&mut self) -> io::Result<()> {
        match self.patience.take() {
            Some((_, told, place)) => {
                self.waits_told.insert(told.fact.clone());
                self.write(told, &place)
            }
            None => Ok(()),
        }
    }

    fn waiting(&mut self, event: &Event<'_>, call: Call, told: Told) -> io::Result<()> {
        self.counter = Some(Counter {
            socket: event.socket,
            call,
            since: event.at,
            drawn: self.counter.as_ref().map_or(0, |counter| counter.drawn),
            text: told.fact.clone(),
        });
        if self.waits_told.contains(&told.fact) {
            return Ok(());
        }
        let at_once = call == Call::Accept
            || told.fact == self.teller.say(narration::WAITING_FOR_MESSAGE)
            || told.fact == self.teller.say(narration::WAITING_TO_SEND)
            || told.fact == self.teller.say(narration::WAITING_FOR_BUFFER);
        let place = self.place(event);
        if at_once {
            self.tell_pending()?;
            self.waits_told.insert(told.fact.clone());
            return self.write(told, &place);
        }
        if self.patience.is_none() {
            self.patience = Some((event.at, told, place));
        }
        Ok(())
    }

    /// Forgets the waits that this event ends.
    fn end_waits(&mut self, event: &Event<'_>) {
        let ends = |socket: SocketId| match &event.kind {
            Kind::Accepted { .. } => event.parent == Some(socket),
            Kind::Sampled { .. } | Kind::Waiting { .. } | Kind::Noted(_) => false,
            _ => event.socket == socket,
        };
        if self
            .patience
            .as_ref()
            .is_some_and(|(_, told, _)| ends(told.socket))
        {
            self.patience = None;
        }
        if let Some(counter) = &mut self.counter
            && ends(counter.socket)
        {
            counter.socket = SocketId::NONE;
        }
    }

    /// What a handshake agreed on: a line for each thing that is explained, and one for the rest.
    fn write_agreed(
        &mut self,
        event: &Event<'_>,
        agreed: Vec<Agreed>,
        place: &Place,
    ) -> io::Result<()> {
        let language = self.options.language;
        let mut rest = Vec::new();
        for agreed in agreed {
            match agreed.why {
                Some(why) if self.said.would_say(why) => {
                    let told = Told::new(event, agreed.label, agreed.value).below();
                    self.write(told.because(why, language), place)?;
                }
                _ => rest.push(agreed),
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        let name = self.teller.say(narration::AGREED);
        let told = Told::new(event, name, Teller::agreed_in_line(&rest)).below();
        self.write(told, place)
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        if self.options.ascii {
            self.out.write_all(to_ascii(text).as_bytes())
        } else {
            self.out.write_all(text.as_bytes())
        }
    }

    /// What wipes a counter off its line.
    fn wiped(&mut self) -> String {
        match &mut self.counter {
            Some(counter) if counter.drawn > 0 => {
                let blank = " ".repeat(std::mem::take(&mut counter.drawn));
                format!("\r{blank}\r")
            }
            _ => String::new(),
        }
    }

    fn draw_counter(&mut self, now: Timestamp) -> io::Result<()> {
        // While a conversation is open, the line belongs to whoever types.
        let talking = self
            .teller
            .sockets
            .iter()
            .any(|(_, known)| known.peer.is_some() && known.local.is_some());
        let Some(counter) = &self.counter else {
            return Ok(());
        };
        let waited = now.since(counter.since);
        if counter.socket == SocketId::NONE || talking || waited < PATIENCE {
            let text = self.wiped();
            return self.put(&text);
        }
        let time = catalogue::count(waited.as_secs(), self.options.language) + " s";
        let margin = if self.options.margin { "┊ " } else { "" };
        let shown = format!("{margin}       {} {}, {time}", counter.call, counter.text);
        let shown = crate::layout::shorten(&shown, self.options.width.saturating_sub(1));
        let mut text = self.wiped();
        if let Some(counter) = &mut self.counter {
            counter.drawn = crate::escape::columns(&shown);
        }
        text.push_str(&shown);
        self.put(&text)?;
        self.out.flush()
    }
}

impl<W: Write + Send> Sink for Explain<W> {
    fn wants(&self) -> Wants {
        if self.options.previews {
            Wants::BYTES
        } else {
            Wants::EACH_IO
        }
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        self.eventful = true;
        self.advance(event.at)?;
        if let Kind::Noted(Note::Syscall(syscall)) = &event.kind {
            self.syscall(event, syscall)?;
            return Ok(Flow::Continue);
        }
        self.end_waits(event);
        self.summary.before(event, &self.teller.sockets);
        let worth = worth(event, &self.teller.programs);
        if worth == Worth::Nothing || (worth == Worth::Aside && !self.options.everything) {
            let _ = self.teller.tell(event);
            return Ok(Flow::Continue);
        }
        self.kernel.told(event);
        let place = self.place(event);
        match &event.kind {
            Kind::Started { pid, command }
                if event.by.is_some() && !self.headed && self.options.form == Form::Columns =>
            {
                let _ = self.teller.tell(event);
                self.title(*pid, command)?;
            }
            Kind::Diagnosed(finding) if finding.again => {}
            Kind::Diagnosed(finding) => {
                let told = self.teller.tell(event);
                self.diagnosed(event, finding, told)?;
            }
            // Kept for the summary.
            Kind::Sampled { .. } => {
                let _ = self.teller.tell(event);
            }
            Kind::Waiting { call } => {
                let told = self.teller.tell(event);
                self.waiting(event, *call, told)?;
            }
            Kind::Noted(Note::Polling { call, .. }) => {
                let told = self.teller.tell(event);
                if event.socket == SocketId::NONE {
                    self.tell_pending()?;
                    if self.waits_told.insert(told.fact.clone()) {
                        self.write(told, &place)?;
                    }
                } else {
                    self.waiting(event, *call, told)?;
                }
            }
            Kind::Connecting { .. } => {
                let told = self.teller.tell(event);
                self.tell_pending()?;
                self.pending = Some(Pending::connecting(told, place));
            }
            Kind::Connected { local, .. } => {
                self.forget_connecting(event.socket);
                let end = self.teller.own_end(event, local);
                let told = self.teller.tell(event);
                self.tell_pending()?;
                self.write(line::with_dots(told), &place)?;
                if let Some(end) = end {
                    self.write(end, &Place::default())?;
                }
            }
            Kind::Upgraded { details, .. } => {
                let agreed = self.teller.agreed(details);
                let told = self.teller.tell(event);
                self.tell_pending()?;
                self.write(line::with_dots(told), &place)?;
                self.write_agreed(event, agreed, &Place::default())?;
            }
            kind if is_beneath(kind) && !self.tells_beneath() => {
                let _ = self.teller.tell(event);
            }
            Kind::Sent { payload, .. } | Kind::Received { payload, .. } => {
                let len = payload.len();
                let told = self.teller.tell(event);
                let joined = match &mut self.pending {
                    Some(pending) => pending.join(&told, len),
                    None => false,
                };
                if !joined {
                    self.tell_pending()?;
                    if told.mark == Mark::Plain {
                        self.pending = Some(Pending::run(told, len, place));
                    } else {
                        self.write(told, &place)?;
                    }
                }
            }
            Kind::Failed { .. }
            | Kind::Called {
                call: Call::Connect,
                ..
            } => {
                let told = self.teller.tell(event);
                self.forget_connecting(event.socket);
                self.tell_pending()?;
                self.write(told, &place)?;
            }
            _ => {
                let told = self.teller.tell(event);
                self.tell_pending()?;
                self.write(told, &place)?;
            }
        }
        Ok(Flow::Continue)
    }

    fn tick(&mut self, now: Timestamp) -> io::Result<()> {
        self.advance(now)?;
        self.release()?;
        if self.options.live && self.options.form == Form::Columns {
            self.draw_counter(now)?;
        }
        self.out.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        // A call and what is wrong with it are told together: nothing of it comes after this.
        self.release()?;
        self.out.flush()
    }

    fn finish(&mut self, tally: &Tally) -> io::Result<()> {
        self.tell_pending()?;
        self.release()?;
        if self.teller.traced && self.options.form == Form::Columns {
            // Whoever traces sums up by itself, with what there is to correct.
            let text = self.wiped();
            self.put(&text)?;
            return self.out.flush();
        }
        if !self.eventful && tally.conversations == 0 && tally.unshown == 0 {
            // Nothing was opened, so there is nothing to sum up.
            return self.out.flush();
        }
        let summary = std::mem::take(&mut self.summary);
        let (well, mut phrases) = summary.phrases(tally, &self.teller);
        if well && self.options.rules && !self.wrong {
            phrases.push(self.teller.say(narration::SUM_NOTHING_WRONG).to_owned());
        }
        if self.options.form == Form::Json {
            self.out.write_all(&json::summary(well, &phrases))?;
            return self.out.flush();
        }
        let mut text = self.wiped();
        line::summary(&mut text, well, &phrases, &self.options);
        self.put(&text)?;
        self.out.flush()
    }
}

/// The reasons of two lines that became one, each once.
fn merge_reasons(into: &mut Vec<Reason>, more: &[Reason]) {
    for reason in more {
        if into.iter().all(|known| known.text != reason.text) {
            into.push(reason.clone());
        }
    }
}
