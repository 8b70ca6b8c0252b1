//! One event after the other becomes a step, or joins the one before: a send and its receive, a connect and its accept.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use sockeye_model::{Call, Event, Kind, SocketAddress, SocketId, Timestamp};

use super::cast::Cast;
use super::kept::Data;
use super::sorted::{Sorted, SortedEvent};
use super::{Arrow, ArrowKind, Cell, Found, Gap, Shape, Step};
use crate::catalogue::{self, Language};
use crate::escape;
use crate::finding::place_text;
use crate::layout::GLUE;
use crate::telling::{Said, Teller, Told, Transport, Worth, worth};

mod joining;
mod transfers;

/// Columns that a preview of data may take.
pub(super) const PREVIEW: usize = 40;

/// What belongs together shares a step when it happens within this time.
const TOGETHER: Duration = Duration::from_millis(50);

/// Rules about a call that failed, which are held until the program has tried something else.
const ABOUT_FAILURES: [&str; 4] = ["S02", "S05", "S07", "S41"];

/// What the last step still waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    /// The receive of what was sent.
    Receive(SocketId),
    /// The end that the other side was told of, or its reset.
    End(SocketId),
    /// The other end of a handshake.
    Upgraded(SocketId),
    /// The result of a connect.
    Connected(SocketId),
    /// The accept of a connection to this address.
    Accept(SocketAddress),
}

/// The steps so far, and what the next event needs to know.
pub(super) struct Steps<'a> {
    pub(super) steps: Vec<Step>,
    pub(super) findings: Vec<Found>,
    pub(super) teller: Teller,
    pub(super) said: Said,
    sorted: &'a Sorted,
    cast: &'a Cast,
    data: &'a [Data],
    language: Language,
    /// A silence as long as this is shown.
    worth_a_gap: Duration,
    /// When the last of what is shown was over.
    last: Timestamp,
    expects: Vec<Expected>,
    expects_until: Timestamp,
    waits: BTreeMap<SocketId, (usize, Call, Timestamp)>,
    listeners: HashSet<SocketId>,
    joined: HashSet<SocketId>,
    ended: HashSet<SocketId>,
    peer_ended: HashSet<SocketId>,
    /// Sockets whose connection an arrow has shown to be thrown away.
    thrown: HashSet<SocketId>,
    gone: HashSet<SocketId>,
    layers: HashMap<SocketId, u32>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        sorted: &'a Sorted,
        cast: &'a Cast,
        data: &'a [Data],
        teller: Teller,
        said: Said,
        worth_a_gap: Duration,
    ) -> Self {
        Self {
            steps: Vec::new(),
            findings: Vec::new(),
            language: teller.language,
            teller,
            said,
            sorted,
            cast,
            data,
            worth_a_gap,
            last: Timestamp::START,
            expects: Vec::new(),
            expects_until: Timestamp::START,
            waits: BTreeMap::new(),
            listeners: HashSet::new(),
            joined: HashSet::new(),
            ended: HashSet::new(),
            peer_ended: HashSet::new(),
            thrown: HashSet::new(),
            gone: HashSet::new(),
            layers: HashMap::new(),
        }
    }

    /// The next event, in the order in which they are drawn.
    pub(super) fn event(&mut self, sorted: &SortedEvent) {
        let event = &sorted.event;
        let transport = self.teller.sockets.transport(event.socket);
        let worth = worth(event, &self.teller.programs);
        let told = self.teller.tell(event);
        match &event.kind {
            Kind::Waiting { call } | Kind::Noted(sockeye_model::Note::Polling { call, .. })
                if event.took.is_none() && event.socket != SocketId::NONE =>
            {
                let lane = self.cast.lane_of(event);
                self.waits.insert(event.socket, (lane, *call, event.at));
                self.last = self.last.max(event.at);
            }
            Kind::Diagnosed(finding) => self.find(finding.as_ref().clone()),
            Kind::Queued(queues) => self.queued(event, told, *queues),
            kind if is_silent(kind) || worth != Worth::Telling => {}
            Kind::Connecting { peer } => self.connecting(event, told, peer),
            Kind::Connected { .. } => self.connected(event, told),
            Kind::Accepted { local, peer } => self.accepted(event, told, local, peer),
            Kind::Upgraded { protocol, details } => self.upgraded(event, told, protocol, details),
            Kind::Sent { payload, peer, .. } => {
                self.sent(sorted, told, payload, peer.as_ref());
            }
            Kind::Received {
                payload,
                peer,
                truncated_from,
                ..
            } => self.received(sorted, told, payload, *truncated_from, peer.as_ref()),
            Kind::HalfClosed { end } => self.half_closed(event, told, *end),
            Kind::Closed { .. } => self.closed(event, told, transport),
            Kind::Failed {
                call,
                errno,
                address,
            } => self.failed(event, told, *call, *errno, address.as_ref()),
            Kind::Planned { .. } if event.socket == SocketId::NONE => {
                self.lone(event, told, Shape::Title);
            }
            Kind::Forked { child, .. } => self.forked(event, told, *child),
            Kind::Listening { .. } => {
                self.listeners.insert(event.socket);
                self.lone(event, told, Shape::Named);
            }
            Kind::Bound { .. } => self.lone(event, told, Shape::Named),
            Kind::Started { .. }
            | Kind::Exited { .. }
            | Kind::Replaced { .. }
            | Kind::Resolved { .. }
            | Kind::Planned { .. }
            | Kind::Noted(_) => self.lone(event, told, Shape::Note),
            _ => self.lone(event, told, Shape::Dot),
        }
        self.end_wait(event);
    }

    /// A step of one cell, without an arrow; the same again and again is one.
    fn lone(&mut self, event: &Event<'_>, told: Told, shape: Shape) {
        let cell = self.cell(event, told, shape);
        if let Some(last) = self.steps.last_mut()
            && let ([before], None) = (last.cells.as_mut_slice(), &last.arrow)
            && before.socket == cell.socket
            && before.lane == cell.lane
            && before.name == cell.name
            && before.fact == cell.fact
            && before.place == cell.place
            && before.findings.is_empty()
        {
            before.times += 1;
            self.last = self.last.max(event.at);
            return;
        }
        self.step(event.at, event.at, cell, None, Vec::new());
    }

    /// One more step, from `at` until `over`; it waits for what it `expects`.
    fn step(
        &mut self,
        at: Timestamp,
        over: Timestamp,
        cell: Cell,
        arrow: Option<Arrow>,
        expects: Vec<Expected>,
    ) {
        let silence = at.since(self.last);
        let gap = (silence >= self.worth_a_gap && !self.steps.is_empty()).then(|| Gap {
            lasted: silence,
            waits: self
                .waits
                .iter()
                .filter(|(_, (.., since))| *since < at)
                .map(|(socket, (lane, call, _))| (*lane, *socket, *call))
                .collect(),
        });
        self.last = self.last.max(over);
        self.expects = expects;
        self.expects_until = over + TOGETHER;
        self.steps.push(Step {
            at,
            gap,
            cells: vec![cell],
            arrow,
        });
    }

    /// Whether the last step waits for this; it does so no longer.
    fn meets(&mut self, at: Timestamp, matches: impl Fn(&Expected) -> bool) -> bool {
        if at > self.expects_until {
            return false;
        }
        let index = self.expects.iter().position(matches);
        index.map(|index| self.expects.swap_remove(index)).is_some()
    }

    /// Puts a cell into the last step.
    fn join(&mut self, at: Timestamp, cell: Cell) {
        self.last = self.last.max(at);
        self.expects_until = self.expects_until.max(at + TOGETHER);
        if let Some(step) = self.steps.last_mut() {
            step.cells.push(cell);
        }
    }

    /// The words of a call, as a cell.
    fn cell(&mut self, event: &Event<'_>, told: Told, shape: Shape) -> Cell {
        let shape = match told.mark {
            crate::telling::Mark::Failure => Shape::Failed,
            _ => shape,
        };
        let more = told.peer.into_iter().chain(told.more);
        Cell {
            lane: self.cast.lane_of(event),
            socket: told.socket,
            name: unglued(told.name.into_owned()),
            way: told.way,
            fact: unglued(told.fact),
            more: more.map(unglued).collect(),
            reasons: self
                .said
                .select(told.reasons)
                .into_iter()
                .map(unglued)
                .collect(),
            mark: told.mark,
            place: event.place.as_ref().map(place_text),
            data: None,
            findings: Vec::new(),
            shape,
            times: 1,
        }
    }

    fn arrow(
        &self,
        kind: ArrowKind,
        from: Option<usize>,
        to: Option<usize>,
        label: impl Into<String>,
    ) -> Option<Arrow> {
        let (from, to) = (from?, to?);
        (from != to).then(|| Arrow {
            kind,
            from,
            to,
            label: unglued(label.into()),
        })
    }

    /// How much it was, and how it begins, where the words could not quote it.
    fn quoted(&self, fact: String, data: Option<usize>, len: u64) -> String {
        let size = catalogue::bytes(len, self.language);
        match data.and_then(|index| self.data.get(index)) {
            Some(data) if fact == size => {
                let preview = escape::preview(&data.head, PREVIEW, false);
                format!("{size} \"{preview}\"")
            }
            _ => fact,
        }
    }

    /// A finding belongs to the last call of its socket at its place.
    fn find(&mut self, finding: sockeye_model::Finding) {
        // The same again: it has happened more often, or weighs more by now.
        let same = |found: &&mut Found| {
            let known = &found.finding;
            (known.rule, known.socket, known.by) == (finding.rule, finding.socket, finding.by)
                && known.place == finding.place
                && (finding.again || known.weight < finding.weight)
        };
        if let Some(found) = self.findings.iter_mut().find(same) {
            found.finding = finding;
            return;
        }
        if finding.again {
            return;
        }
        let place = finding.place.as_ref().map(place_text);
        let cell_fits = |cell: &Cell| cell.socket == finding.socket;
        let fits = |step: &Step, with_place: bool| {
            step.cells
                .iter()
                .position(|cell| cell_fits(cell) && (!with_place || cell.place == place))
        };
        let search = |with_place: bool| {
            let steps = self.steps.iter().enumerate().rev();
            let mut found =
                steps.filter_map(|(index, step)| fits(step, with_place).map(|cell| (index, cell)));
            found.next()
        };
        let with_place = place.is_some().then(|| search(true)).flatten();
        let last = self.steps.len().checked_sub(1).map(|index| (index, 0));
        // Told once the socket is closed, and about the call that failed.
        let failure = || {
            let mut steps = self.steps.iter().enumerate().rev();
            steps.find_map(|(index, step)| {
                let failed = |cell: &Cell| cell_fits(cell) && cell.shape == Shape::Failed;
                Some((index, step.cells.iter().position(failed)?))
            })
        };
        let is_of_failure = ABOUT_FAILURES.contains(&finding.rule);
        let with_place = is_of_failure.then(failure).flatten().or(with_place);
        let shown = with_place.or_else(|| search(false)).or(last);
        let number = self.findings.len();
        if let Some((step, cell)) = shown {
            self.steps[step].cells[cell].findings.push(number);
        }
        self.findings.push(Found {
            finding,
            step: shown.map(|(step, _)| step),
        });
    }

    fn end_wait(&mut self, event: &Event<'_>) {
        if let Kind::Accepted { .. } = event.kind
            && let Some(listener) = event.parent
        {
            self.waits.remove(&listener);
            return;
        }
        let goes_on = matches!(
            event.kind,
            Kind::Waiting { .. }
                | Kind::Noted(_)
                | Kind::Queued(_)
                | Kind::Diagnosed(_)
                | Kind::Sampled { .. }
                | Kind::Connecting { .. }
        );
        if !goes_on {
            self.waits.remove(&event.socket);
        }
    }

    fn transport(&self, socket: SocketId) -> Transport {
        self.teller.sockets.transport(socket)
    }
}

/// Whether an event is no step: calls that only ask, and what is said of a socket in other places.
fn is_silent(kind: &Kind<'_>) -> bool {
    use sockeye_model::{Came, Note};
    match kind {
        Kind::Sampled { .. } | Kind::Unshown { .. } => true,
        Kind::Noted(note) => matches!(
            note,
            Note::Descriptor {
                came: Came::Made | Came::Inherited | Came::Found,
                ..
            } | Note::PeerProcess(_)
                | Note::Polling { .. }
        ),
        Kind::Called { call, result } => {
            let asks = matches!(
                call,
                Call::Poll
                    | Call::Select
                    | Call::EpollWait
                    | Call::GetSockName
                    | Call::GetPeerName
                    | Call::GetSockOpt
                    | Call::Fcntl
                    | Call::Ioctl
            );
            (asks && result.is_ok()) || crate::telling::is_beneath(kind)
        }
        _ => false,
    }
}

/// Spaces at which no line may be broken are no-break spaces here.
fn unglued(text: String) -> String {
    if text.contains(GLUE) {
        return text.replace(GLUE, "\u{a0}");
    }
    text
}
