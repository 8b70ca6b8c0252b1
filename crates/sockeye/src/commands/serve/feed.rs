//! What the page is told: the events of this server's sockets as server-sent events, to whoever has the page open.
//!
//! It is a view like any other: it is told events in their order, and what it sends is made of the same words as
//! narration and recording. A page that reads slowly is told how much it missed; it makes nobody wait. What the sockets
//! move that carry the page itself is not told: telling it would make them move more.

mod sockets;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sockeye_model::{
    Event, Flow, Kind, Payload, Sink, SocketAddress, Tally, Timestamp, Wants, escape,
};
use sockeye_view::catalogue::Language;
use sockeye_view::record::json::Object;
use sockeye_view::{Explain, ExplainOptions, Form, Header, Reasons, Record};
use tokio::sync::mpsc;

use crate::limits::{PAGE_FRAMES, PAGE_PAST, PAGES};
use sockets::Sockets;

/// One thing to be sent to a page: a whole server-sent event.
pub(crate) type Frame = Arc<[u8]>;

/// Where pages come to be told. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub(crate) struct Feed(Arc<Mutex<State>>);

struct State {
    now: Timestamp,
    sockets: Sockets,
    explain: [Explain<Vec<u8>>; 2],
    record: Record<Vec<u8>>,
    /// What was told and not yet sent.
    news: News,
    /// When news were sent last.
    sent: Timestamp,
    /// The last things that were told, for who comes late.
    past: VecDeque<Told>,
    past_bytes: usize,
    watchers: Vec<Watcher>,
    ended: bool,
}

/// Something that happened, ready to be sent.
#[derive(Clone)]
enum Told {
    /// A line of narration in both languages, as a list of two.
    Line(Arc<[u8]>),
    /// An event as a recording has it, with a preview of what it moved.
    Event(Arc<[u8]>),
}

#[derive(Default)]
struct News {
    told: Vec<Told>,
    left_out: u64,
}

/// One open page.
struct Watcher {
    to: mpsc::Sender<Frame>,
    missed: u64,
}

impl Feed {
    /// A feed that knows of nothing yet.
    pub(crate) fn new() -> Self {
        let narration = |language| {
            let options = ExplainOptions {
                language,
                // Each page says a reason once.
                reasons: Reasons::All,
                form: Form::Json,
                ..ExplainOptions::default()
            };
            Explain::new(Vec::new(), options)
        };
        Self(Arc::new(Mutex::new(State {
            now: Timestamp::START,
            sockets: Sockets::default(),
            explain: [Language::English, Language::Spanish].map(narration),
            record: Record::new(Vec::new(), &Header::default()),
            news: News::default(),
            sent: Timestamp::START,
            past: VecDeque::new(),
            past_bytes: 0,
            watchers: Vec::new(),
            ended: false,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names what is served at an address. With `of_page`, connections to it carry the page, until they become WebSockets.
    pub(crate) fn serve(&self, at: &SocketAddress, service: &str, of_page: bool) {
        self.lock().sockets.serve(at, service, of_page);
    }

    /// One more page: first it gets what there is, then what happens. `None` when there are [`PAGES`] already.
    pub(crate) fn subscribe(&self) -> Option<mpsc::Receiver<Frame>> {
        let mut state = self.lock();
        state.watchers.retain(|watcher| !watcher.to.is_closed());
        if state.ended || state.watchers.len() >= PAGES {
            return None;
        }
        let (to, frames) = mpsc::channel(PAGE_FRAMES);
        // There is room in a new channel.
        let _ = to.try_send(state.hello());
        let _ = to.try_send(frame("past", &told(&state.past)));
        state.watchers.push(Watcher { to, missed: 0 });
        Some(frames)
    }

    /// No more is told to anybody: the server stops.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        state.watchers.clear();
    }

    /// The view to be put behind the tap.
    pub(crate) fn sink(&self) -> Box<dyn Sink> {
        Box::new(self.clone())
    }
}

impl Sink for Feed {
    fn wants(&self) -> Wants {
        // With no page open it only counts, and a file may go its short way past this program.
        if self.lock().watchers.is_empty() {
            Wants::EACH_IO
        } else {
            Wants::BYTES
        }
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        self.lock().event(event)?;
        Ok(Flow::Continue)
    }

    fn tick(&mut self, now: Timestamp) -> io::Result<()> {
        let mut state = self.lock();
        state.now = state.now.max(now);
        for explain in &mut state.explain {
            explain.tick(now)?;
        }
        state.take_lines();
        state.send_news(Duration::ZERO);
        let silent = now.since(state.sent);
        if silent >= SILENCE {
            state.send(&frame("still", b"{}"));
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().send_news(APART);
        Ok(())
    }

    fn finish(&mut self, _tally: &Tally) -> io::Result<()> {
        self.end();
        Ok(())
    }
}

impl State {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.now = self.now.max(event.at);
        let was_of_page = self.is_of_page(event);
        self.sockets.fold(event);
        if self.is_of_page(event) {
            if matches!(event.kind, Kind::Accepted { .. })
                && let Some(row) = self.sockets.of(event.socket)
            {
                row.birth = Some(Box::new(event.clone().into_owned()));
            }
            return Ok(());
        }
        if was_of_page
            && let Some(birth) = self
                .sockets
                .of(event.socket)
                .and_then(|row| row.birth.take())
        {
            self.tell(&birth)?;
        }
        // With no page open, what moves is not worth the words; how sockets come and go is kept for who comes.
        let moves = matches!(
            event.kind,
            Kind::Sent { .. } | Kind::Received { .. } | Kind::Called { .. } | Kind::Waiting { .. }
        );
        if moves && self.watchers.is_empty() {
            return Ok(());
        }
        self.tell(event)
    }

    fn is_of_page(&mut self, event: &Event<'_>) -> bool {
        self.sockets
            .of(event.socket)
            .is_some_and(|row| row.carries_page())
    }

    fn tell(&mut self, event: &Event<'_>) -> io::Result<()> {
        for explain in &mut self.explain {
            explain.event(event)?;
        }
        self.take_lines();
        if matches!(
            event.kind,
            Kind::Sampled { .. } | Kind::Called { .. } | Kind::Waiting { .. }
        ) {
            return Ok(());
        }
        let line = self.recorded(event)?;
        self.keep(Told::Event(line.into()));
        Ok(())
    }

    /// The event as a recording has it, but for the bytes: a preview stands beside it.
    fn recorded(&mut self, event: &Event<'_>) -> io::Result<Vec<u8>> {
        let preview = match &event.kind {
            Kind::Sent { payload, .. } | Kind::Received { payload, .. } => payload.data(),
            _ => None,
        };
        let preview = preview.map(|data| escape::preview(data, PREVIEW, false));
        // Also what was written of the header, the first time.
        self.record.flush()?;
        self.record.get_mut().clear();
        self.record.event(&without_bytes(event))?;
        self.record.flush()?;
        let mut out = b"{\"told\":".to_vec();
        out.extend_from_slice(self.record.get_mut().trim_ascii_end());
        if let Some(preview) = preview {
            let mut beside = Vec::new();
            let mut object = Object::open(&mut beside);
            object.text("preview", &preview);
            object.close();
            out.push(b',');
            out.extend_from_slice(&beside[1..]);
        } else {
            out.push(b'}');
        }
        Ok(out)
    }

    /// Takes the lines of narration that are ready: as many in one language as in the other.
    fn take_lines(&mut self) {
        let [english, spanish] = &mut self.explain;
        let english = std::mem::take(english.get_mut());
        let spanish = std::mem::take(spanish.get_mut());
        let lines = english.split(|byte| *byte == b'\n');
        for (english, spanish) in lines.zip(spanish.split(|byte| *byte == b'\n')) {
            if english.is_empty() {
                continue;
            }
            let mut both = Vec::with_capacity(english.len() + spanish.len() + 3);
            both.push(b'[');
            both.extend_from_slice(english);
            both.push(b',');
            both.extend_from_slice(spanish);
            both.push(b']');
            self.keep(Told::Line(both.into()));
        }
    }

    fn keep(&mut self, told: Told) {
        self.past_bytes += told.len();
        self.past.push_back(told.clone());
        while self.past.len() > PAST || self.past_bytes > PAGE_PAST {
            let Some(oldest) = self.past.pop_front() else {
                break;
            };
            self.past_bytes -= oldest.len();
        }
        if self.watchers.is_empty() {
            return;
        }
        if self.news.told.len() < NEWS {
            self.news.told.push(told);
        } else {
            self.news.left_out += 1;
        }
    }

    /// What a page needs first: the sockets there are.
    fn hello(&self) -> Frame {
        let mut out = Vec::new();
        let mut hello = Object::open(&mut out);
        hello.number("now", self.now.as_nanos());
        hello.plain("version", env!("CARGO_PKG_VERSION"));
        hello.number("more", self.sockets.more());
        hello.close();
        with_list(&mut out, "rows", |out| self.sockets.write_all(out));
        frame("hello", &out)
    }

    /// Sends what has come together, unless it is less than `apart` since the last time: a page need not be told more
    /// often than a person can see.
    fn send_news(&mut self, apart: Duration) {
        if self.watchers.is_empty() {
            self.news = News::default();
            self.sockets.settle();
            return;
        }
        let is_empty = self.news.told.is_empty() && self.news.left_out == 0;
        if (is_empty && !self.sockets.has_news()) || self.now.since(self.sent) < apart {
            return;
        }
        let news = std::mem::take(&mut self.news);
        let mut out = told(&news.told);
        out.pop();
        out.push(b',');
        let mut rest = Vec::new();
        let mut object = Object::open(&mut rest);
        object.number("now", self.now.as_nanos());
        object.number("more", self.sockets.more());
        object.number("left_out", news.left_out);
        object.close();
        with_list(&mut rest, "rows", |out| self.sockets.write_news(out));
        out.extend_from_slice(&rest[1..]);
        self.send(&frame("news", &out));
    }

    /// Sends to every page; one that has no room for it misses it, and is told so when it has.
    fn send(&mut self, news: &Frame) {
        self.sent = self.now;
        let mut watchers = std::mem::take(&mut self.watchers);
        watchers.retain_mut(|watcher| {
            // How much was missed and what there is now, then it goes on.
            if watcher.missed > 0 && watcher.to.capacity() >= PAGE_FRAMES / 2 {
                let mut missed = Vec::new();
                let mut object = Object::open(&mut missed);
                object.number("updates", watcher.missed);
                object.close();
                let _ = watcher.to.try_send(frame("missed", &missed));
                let _ = watcher.to.try_send(self.hello());
                watcher.missed = 0;
            }
            if watcher.missed > 0 {
                watcher.missed += 1;
                return !watcher.to.is_closed();
            }
            match watcher.to.try_send(Arc::clone(news)) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    watcher.missed = 1;
                    true
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            }
        });
        self.watchers = watchers;
    }
}

impl Told {
    fn len(&self) -> usize {
        match self {
            Self::Line(line) | Self::Event(line) => line.len(),
        }
    }
}

/// What was told, as an object with two lists.
fn told<'t>(all: impl IntoIterator<Item = &'t Told> + Copy) -> Vec<u8> {
    let mut out = b"{\"lines\":".to_vec();
    let lines = all.into_iter().filter_map(|told| match told {
        Told::Line(line) => Some(&**line),
        Told::Event(_) => None,
    });
    list(&mut out, lines);
    out.extend_from_slice(b",\"events\":");
    let events = all.into_iter().filter_map(|told| match told {
        Told::Event(event) => Some(&**event),
        Told::Line(_) => None,
    });
    list(&mut out, events);
    out.push(b'}');
    out
}

fn list<'t>(out: &mut Vec<u8>, items: impl Iterator<Item = &'t [u8]>) {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.push(b']');
}

/// Adds a list to an object that has members already.
fn with_list(object: &mut Vec<u8>, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
    object.pop();
    object.extend_from_slice(b",\"");
    object.extend_from_slice(name.as_bytes());
    object.extend_from_slice(b"\":");
    write(object);
    object.push(b'}');
}

/// A [server-sent event](https://html.spec.whatwg.org/multipage/server-sent-events.html) of one line of JSON.
fn frame(name: &str, json: &[u8]) -> Frame {
    let mut out = Vec::with_capacity(json.len() + name.len() + 16);
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    out.extend_from_slice(json);
    out.extend_from_slice(b"\n\n");
    out.into()
}

/// The same event with the number of bytes alone.
fn without_bytes<'e>(event: &Event<'e>) -> Event<'e> {
    let unseen = |payload: &Payload<'_>| Payload::Unseen {
        len: payload.len(),
        unit: payload.unit(),
    };
    let mut event = event.clone();
    if let Kind::Sent { payload, .. } | Kind::Received { payload, .. } = &mut event.kind {
        *payload = unseen(payload);
    }
    event
}

/// Lines and events that are kept for who comes late.
const PAST: usize = 400;
/// Most lines and events in one frame; the rest is counted.
const NEWS: usize = 400;
/// Frames are at least so far apart.
const APART: Duration = Duration::from_millis(50);
/// After so long without news a page is told that all is well.
const SILENCE: Duration = Duration::from_secs(10);
/// Columns of what was moved that are shown.
const PREVIEW: usize = 60;

#[cfg(test)]
mod tests;
