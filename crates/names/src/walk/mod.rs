//! The walk from the root to the name: the work of a resolver that has nothing in its cache, with every step told.
//!
//! It believes a server only about its own zone, asks a bounded number of questions, and ends by a deadline, whatever
//! the zones on its way do (loops of aliases or of name servers, glue for other people's names, referrals upward,
//! thousands of servers without an address).

mod cuts;
mod hints;
mod reading;
mod step;

use std::collections::HashSet;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::{Duration, Instant};

use hickory_proto::rr::{Name, Record, RecordType};
use sockeye_model::Errno;

use crate::{Chain, Exchange, NoReply, Question, Server, Transport};
use cuts::{Candidate, Cuts};
use hints::address;
use reading::Reading;

pub use hints::{Hints, NoHints};
pub use reading::{Delegate, Lameness, Proof, Referral};
pub use step::{Asked, Facts, Known, NotAsked, Outcome, Said, Step, Stuck, Walked};

/// How far a walk goes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// For the whole of it.
    pub time: Duration,
    /// Questions put to servers.
    pub questions: u32,
    /// Aliases that are followed one after the other.
    pub aliases: usize,
    /// Walks within walks, for the addresses of name servers.
    pub depth: usize,
    /// Addresses of name servers that are looked for at one zone.
    pub fetches: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            questions: 150,
            aliases: 16,
            depth: 6,
            fetches: 6,
        }
    }
}

/// Walks from the root, and keeps what it has learned for the next question.
pub struct Walker<'a> {
    exchange: Exchange,
    bounds: Bounds,
    port: u16,
    /// Whether to ask, at the end, in which zone the name is where no answer has said so.
    finds_zone: bool,
    cuts: Cuts,
    tell: Box<dyn FnMut(&Step) + 'a>,
    steps: Vec<Step>,
    asked: u32,
    deadline: Instant,
    /// What is being looked for, the outermost first.
    under_way: Vec<Question>,
    /// Addresses that did not answer: asked last from then on.
    silent: HashSet<IpAddr>,
    /// Who gave the last word, and in which zone.
    last: Option<(Name, Candidate)>,
    zone_said: Option<Name>,
}

type Following<'f> = Pin<Box<dyn Future<Output = Result<Found, Stuck>> + 'f>>;

#[derive(Default)]
struct Found {
    aliases: Vec<Record>,
    records: Vec<Record>,
    /// What stands behind a "no".
    no: Option<No>,
}

enum No {
    Data(Proof),
    Name(Proof),
}

impl<'a> Walker<'a> {
    /// A walker that begins at these hints. `exchange` says how servers are asked, except that they are never asked to
    /// ask others; `tell` hears every step when it is done.
    pub fn new(hints: &Hints, mut exchange: Exchange, tell: impl FnMut(&Step) + 'a) -> Self {
        exchange.recursion = false;
        Self {
            exchange,
            bounds: Bounds::default(),
            port: hints.port,
            finds_zone: true,
            cuts: Cuts::new(hints),
            tell: Box::new(tell),
            steps: Vec::new(),
            asked: 0,
            deadline: Instant::now(),
            under_way: Vec::new(),
            silent: HashSet::new(),
            last: None,
            zone_said: None,
        }
    }

    /// Other bounds than [`Bounds::default`].
    #[must_use]
    pub fn within(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Spares the question for the name's own zone, which is put at the end where no answer has named the zone.
    #[must_use]
    pub fn without_zone(mut self) -> Self {
        self.finds_zone = false;
        self
    }

    /// Walks to the answer of one question.
    pub async fn walk(&mut self, question: &Question) -> Walked {
        let began = Instant::now();
        self.deadline = began + self.bounds.time;
        self.asked = 0;
        self.last = None;
        self.zone_said = None;
        let found = self.follow(question.clone(), 0).await;
        let (found, outcome) = match found {
            Ok(mut found) => {
                let outcome = match found.no.take() {
                    None => Outcome::Answered,
                    Some(No::Data(proof)) => Outcome::NoData(proof),
                    Some(No::Name(proof)) => Outcome::NoSuchName(proof),
                };
                (found, outcome)
            }
            Err(stuck) => (Found::default(), Outcome::Failed(stuck)),
        };
        let zone = match outcome {
            Outcome::Failed(_) => None,
            _ => self.zone_of_the_end(question, &found).await,
        };
        Walked {
            question: question.clone(),
            outcome,
            aliases: found.aliases,
            records: found.records,
            zone,
            steps: std::mem::take(&mut self.steps),
            asked: self.asked,
            took: began.elapsed(),
        }
    }

    /// Follows a question to its end, over aliases.
    fn follow(&mut self, question: Question, depth: usize) -> Following<'_> {
        Box::pin(async move {
            self.under_way.push(question.clone());
            let found = self.over_aliases(question, depth).await;
            self.under_way.pop();
            found
        })
    }

    async fn over_aliases(&mut self, mut question: Question, depth: usize) -> Result<Found, Stuck> {
        let mut found = Found::default();
        let mut passed = vec![question.name.clone()];
        loop {
            match self.descend(&question, depth).await? {
                Reading::Answer(chain) => {
                    found.aliases.extend(chain.aliases);
                    found.records = chain.records;
                    return Ok(found);
                }
                Reading::Alias(Chain {
                    aliases,
                    name,
                    loops,
                    ..
                }) => {
                    if loops || passed.contains(&name) {
                        return Err(Stuck::AliasLoop(name));
                    }
                    found.aliases.extend(aliases);
                    if found.aliases.len() > self.bounds.aliases {
                        return Err(Stuck::TooManyAliases);
                    }
                    passed.push(name.clone());
                    question.name = name.clone();
                    let zone = self.cuts.deepest(&question);
                    self.told(Step::Restart { depth, name, zone });
                }
                Reading::NoData(proof) => {
                    found.no = Some(No::Data(proof));
                    return Ok(found);
                }
                Reading::NoSuchName(proof) => {
                    found.no = Some(No::Name(proof));
                    return Ok(found);
                }
                // `descend` goes on at these.
                Reading::Referral(_) | Reading::Lame(_) => {}
            }
        }
    }

    /// From the deepest zone that is known down to the servers that have the last word on a name.
    async fn descend(&mut self, question: &Question, depth: usize) -> Result<Reading, Stuck> {
        let mut zone = self.cuts.deepest(question);
        loop {
            match self.ask_zone(&zone, question, depth).await? {
                // A referral leads below the zone that was asked, so there are at most as many as the name has labels.
                Reading::Referral(referral) => {
                    zone = referral.zone.clone();
                    self.cuts.learn(&referral);
                }
                reading => return Ok(reading),
            }
        }
    }

    /// Asks the servers of a zone one after the other, until one helps.
    async fn ask_zone(
        &mut self,
        zone: &Name,
        question: &Question,
        depth: usize,
    ) -> Result<Reading, Stuck> {
        let mut asking = Asking::default();
        let mut known = self.cuts.candidates(zone);
        known.sort_by_key(|candidate| self.silent.contains(&candidate.address));
        for candidate in known.into_iter().take(MOST_AT_FIRST) {
            let timeout = FIRST_WAIT;
            if let Some(reading) = self
                .ask(zone, &candidate, question, depth, timeout, &mut asking)
                .await?
            {
                return Ok(reading);
            }
        }
        for server in self
            .cuts
            .without_address(zone)
            .into_iter()
            .take(self.bounds.fetches)
        {
            for kind in [RecordType::A, RecordType::AAAA] {
                let addresses = self.fetch(zone, &server, kind, depth).await?;
                for address in addresses.into_iter().take(MOST_FETCHED) {
                    let candidate = Candidate {
                        name: server.clone(),
                        address,
                        known: Known::Fetched,
                    };
                    if asking.tried.contains(&address) {
                        continue;
                    }
                    if let Some(reading) = self
                        .ask(zone, &candidate, question, depth, FIRST_WAIT, &mut asking)
                        .await?
                    {
                        return Ok(reading);
                    }
                }
            }
        }
        self.once_more(zone, question, depth, asking).await
    }

    /// The last resorts: more patience with those who were silent; then those who answer like a resolver, as one; then
    /// those who had nothing to say.
    async fn once_more(
        &mut self,
        zone: &Name,
        question: &Question,
        depth: usize,
        mut asking: Asking,
    ) -> Result<Reading, Stuck> {
        for candidate in std::mem::take(&mut asking.silent)
            .into_iter()
            .take(MOST_AGAIN)
        {
            if let Some(reading) = self
                .ask(zone, &candidate, question, depth, SECOND_WAIT, &mut asking)
                .await?
            {
                return Ok(reading);
            }
        }
        self.exchange.recursion = true;
        for candidate in std::mem::take(&mut asking.resolvers)
            .into_iter()
            .take(MOST_AGAIN)
        {
            let reading = self
                .ask(zone, &candidate, question, depth, SECOND_WAIT, &mut asking)
                .await;
            if !matches!(reading, Ok(None)) {
                self.exchange.recursion = false;
                return reading.map(|reading| reading.unwrap_or(Reading::Lame(Lameness::Resolver)));
            }
        }
        self.exchange.recursion = false;
        if asking.empty {
            return Ok(Reading::NoData(Proof::default()));
        }
        Err(if asking.tried.is_empty() {
            Stuck::NoAddress(zone.clone())
        } else if asking.answered {
            Stuck::NoServerHelped(zone.clone())
        } else {
            match asking.errno {
                Some(errno) if !asking.waited => Stuck::Unreachable(zone.clone(), errno),
                _ => Stuck::Silent(zone.clone()),
            }
        })
    }

    /// Asks one server; a reading that leads on, or `None` when another has to be asked.
    async fn ask(
        &mut self,
        zone: &Name,
        candidate: &Candidate,
        question: &Question,
        depth: usize,
        timeout: Duration,
        asking: &mut Asking,
    ) -> Result<Option<Reading>, Stuck> {
        if !can_be_asked(candidate.address) {
            self.told(Step::NotAsked {
                depth,
                zone: zone.clone(),
                server: candidate.name.clone(),
                why: NotAsked::Unusable,
            });
            return Ok(None);
        }
        asking.tried.insert(candidate.address);
        let (reading, said, facts) =
            match self.exchanged(zone, candidate, question, timeout).await? {
                Ok((reading, facts)) => {
                    asking.answered = true;
                    let said = said(&reading);
                    (Some(reading), said, Some(facts))
                }
                Err(no_reply) => {
                    match &no_reply {
                        NoReply::TimedOut { .. } => {
                            asking.silent.push(candidate.clone());
                            asking.waited = true;
                            self.silent.insert(candidate.address);
                        }
                        NoReply::Call { source, .. } => asking.errno = Some(source.errno()),
                        _ => asking.answered = true,
                    }
                    (None, Said::Nothing(no_reply), None)
                }
            };
        self.told(Step::Asked(Box::new(Asked {
            depth,
            question: question.clone(),
            for_zone: false,
            zone: zone.clone(),
            name: candidate.name.clone(),
            server: self.server(candidate),
            known: candidate.known,
            reply: facts,
            said,
        })));
        Ok(match reading {
            Some(Reading::Lame(lameness)) => {
                match lameness {
                    Lameness::Resolver => asking.resolvers.push(candidate.clone()),
                    Lameness::Empty => asking.empty = true,
                    _ => {}
                }
                None
            }
            Some(reading) => {
                if depth == 0 {
                    self.last = Some((zone.clone(), candidate.clone()));
                }
                Some(reading)
            }
            None => None,
        })
    }

    /// One question to one server, within what is left of the bounds.
    async fn exchanged(
        &mut self,
        zone: &Name,
        candidate: &Candidate,
        question: &Question,
        timeout: Duration,
    ) -> Result<Result<(Reading, Facts), NoReply>, Stuck> {
        if self.asked >= self.bounds.questions {
            return Err(Stuck::TooManyQuestions);
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Stuck::OutOfTime(zone.clone()));
        }
        self.asked += 1;
        let exchange = Exchange {
            timeout: timeout.min(left),
            tries: 1,
            ..self.exchange.clone()
        };
        let reply = match exchange.ask(self.server(candidate), question).await {
            Ok(reply) => reply,
            Err(no_reply) => return Ok(Err(no_reply)),
        };
        let reading = reading::read(question, zone, &reply.message, exchange.recursion);
        self.zone_said = reading::zone_said(question, zone, &reply.message);
        let facts = Facts {
            took: reply.took,
            transport: reply.transport,
            size: reply.size,
            was_cut: reply.was_cut,
            authoritative: reply.message.metadata.authoritative,
            strays: reply.strays,
        };
        Ok(Ok((reading, facts)))
    }

    /// The addresses of a name server, from a walk of its own; none when they can't be found.
    async fn fetch(
        &mut self,
        zone: &Name,
        server: &Name,
        kind: RecordType,
        depth: usize,
    ) -> Result<Vec<IpAddr>, Stuck> {
        if let Some(addresses) = self.cuts.fetched(server, kind) {
            return Ok(addresses);
        }
        let question = Question::new(server.clone(), kind);
        let hindrance = if self.under_way.contains(&question) {
            Some(NotAsked::Loop)
        } else if depth >= self.bounds.depth {
            Some(NotAsked::TooDeep)
        } else {
            None
        };
        let (zone, server) = (zone.clone(), server.clone());
        if let Some(why) = hindrance {
            self.told(Step::NotAsked {
                depth,
                zone,
                server,
                why,
            });
            return Ok(Vec::new());
        }
        self.told(Step::Fetching {
            depth,
            zone: zone.clone(),
            server: server.clone(),
        });
        let (addresses, why) = match self.follow(question, depth + 1).await {
            Ok(found) => {
                let found: Vec<IpAddr> = found
                    .records
                    .iter()
                    .filter_map(|record| address(&record.data))
                    .collect();
                (found, NotAsked::NoAddress)
            }
            // These end the walk as a whole.
            Err(stuck @ (Stuck::TooManyQuestions | Stuck::OutOfTime(_))) => return Err(stuck),
            Err(_) => (Vec::new(), NotAsked::Failed),
        };
        self.cuts.keep(&server, kind, &addresses);
        if addresses.is_empty() {
            self.told(Step::NotAsked {
                depth,
                zone,
                server,
                why,
            });
        }
        Ok(addresses)
    }

    /// The zone that the last name is in: as the answer has said, or as its server says when it is asked for the SOA.
    async fn zone_of_the_end(&mut self, question: &Question, found: &Found) -> Option<Name> {
        if self.zone_said.is_some() {
            return self.zone_said.take();
        }
        let (zone, candidate) = self.last.take()?;
        let mut name = question.name.clone();
        if let Some(last) = found.records.first() {
            name = last.name.clone();
        }
        if name == zone {
            return Some(zone);
        }
        if !self.finds_zone || !zone.zone_of(&name) {
            return None;
        }
        let question = Question::new(name, RecordType::SOA);
        let answer = self
            .exchanged(&zone, &candidate, &question, ZONE_WAIT)
            .await;
        let Ok(Ok((reading, facts))) = answer else {
            return None;
        };
        let said_zone = self.zone_said.take();
        self.told(Step::Asked(Box::new(Asked {
            depth: 0,
            question,
            for_zone: true,
            zone,
            name: candidate.name.clone(),
            server: self.server(&candidate),
            known: candidate.known,
            reply: Some(facts),
            said: said(&reading),
        })));
        said_zone
    }

    fn server(&self, candidate: &Candidate) -> Server {
        Server {
            transport: Transport::Udp,
            address: SocketAddr::new(candidate.address, self.port),
        }
    }

    fn told(&mut self, step: Step) {
        (self.tell)(&step);
        self.steps.push(step);
    }
}

/// What has come of asking the servers of one zone.
#[derive(Default)]
struct Asking {
    tried: HashSet<IpAddr>,
    silent: Vec<Candidate>,
    resolvers: Vec<Candidate>,
    empty: bool,
    answered: bool,
    waited: bool,
    /// Of the last call that failed.
    errno: Option<Errno>,
}

fn said(reading: &Reading) -> Said {
    match reading.clone() {
        Reading::Answer(chain) => Said::Answer {
            aliases: chain.aliases,
            records: chain.records,
        },
        Reading::Alias(chain) => Said::Alias {
            aliases: chain.aliases,
            name: chain.name,
        },
        Reading::Referral(referral) => Said::Referral(referral),
        Reading::NoData(proof) => Said::NoData(proof),
        Reading::NoSuchName(proof) => Said::NoSuchName(proof),
        Reading::Lame(lameness) => Said::Lame(lameness),
    }
}

fn can_be_asked(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !address.is_unspecified() && !address.is_multicast() && !broadcast
}

/// How long the first question to a server waits: another may be quicker.
const FIRST_WAIT: Duration = Duration::from_millis(800);
/// How long a server is waited for when none has answered.
const SECOND_WAIT: Duration = Duration::from_secs(2);
/// For the question in which zone a name is: worth little more than a moment.
const ZONE_WAIT: Duration = Duration::from_millis(500);
/// Addresses of one zone that are asked before others are looked for.
const MOST_AT_FIRST: usize = 8;
/// Addresses of one server whose addresses were looked for.
const MOST_FETCHED: usize = 4;
/// Servers of one zone that are asked again.
const MOST_AGAIN: usize = 4;
