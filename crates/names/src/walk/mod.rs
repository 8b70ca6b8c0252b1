//! The walk from the root to the name: the work of a resolver that has nothing in its cache, with every step told.
//!
//! It believes a server only about its own zone, asks a bounded number of questions, and ends by a deadline, whatever
//! the zones on its way do (loops of aliases or of name servers, glue for other people's names, referrals upward,
//! thousands of servers without an address).

mod cuts;
mod hints;
mod reading;
mod servers;
mod step;

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::{Duration, Instant};

use hickory_proto::rr::{Name, Record, RecordType};

use crate::{Exchange, Question, Server, Transport};
use cuts::{Candidate, Cuts};
use reading::Reading;
use servers::Manner;

pub use hints::{Hints, NoHints};
pub use reading::{Delegate, Lameness, Proof, Referral, understood};
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

impl Bounds {
    /// Far more than a name needs whose zones are in order.
    pub const USUAL: Self = Self {
        time: Duration::from_secs(30),
        questions: 150,
        aliases: 16,
        depth: 6,
        fetches: 6,
    };
}

impl Default for Bounds {
    fn default() -> Self {
        Self::USUAL
    }
}

/// Walks from the root, and keeps what it has learned for the next question.
pub struct Walker<'a> {
    exchange: Exchange,
    bounds: Bounds,
    port: u16,
    transport: Transport,
    /// Whether to ask, at the end, in which zone the name is where no answer has said so.
    finds_zone: bool,
    cuts: Cuts,
    tell: Box<dyn FnMut(&Step) + 'a>,
    steps: Vec<Step>,
    asked: u32,
    deadline: Instant,
    /// What is being looked for, the outermost first.
    under_way: Vec<Question>,
    /// The servers whose addresses are being looked for, each with the zone it is for.
    seeking: Vec<(Name, Name)>,
    /// How often an address did not answer: asked last from then on, and no more once both waits were in vain.
    silent: HashMap<IpAddr, u32>,
    /// Who gave the last word, and in which zone.
    last: Option<(Name, Candidate)>,
    zone_said: Option<Name>,
}

type Following<'f> = Pin<Box<dyn Future<Output = (Found, Result<(), Stuck>)> + 'f>>;

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
            transport: Transport::Udp,
            finds_zone: true,
            cuts: Cuts::new(hints),
            tell: Box::new(tell),
            steps: Vec::new(),
            asked: 0,
            deadline: Instant::now(),
            under_way: Vec::new(),
            seeking: Vec::new(),
            silent: HashMap::new(),
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

    /// Asks every server over TCP.
    #[must_use]
    pub fn over_tcp(mut self) -> Self {
        self.transport = Transport::Tcp;
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
        let (mut found, end) = self.follow(question.clone(), 0).await;
        let outcome = match (end, found.no.take()) {
            (Ok(()), None) => Outcome::Answered,
            (Ok(()), Some(No::Data(proof))) => Outcome::NoData(proof),
            (Ok(()), Some(No::Name(proof))) => Outcome::NoSuchName(proof),
            (Err(stuck), _) => Outcome::Failed(stuck),
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
            let mut found = Found::default();
            let end = self.over_aliases(question, depth, &mut found).await;
            self.under_way.pop();
            (found, end)
        })
    }

    async fn over_aliases(
        &mut self,
        mut question: Question,
        depth: usize,
        found: &mut Found,
    ) -> Result<(), Stuck> {
        let mut passed = vec![question.name.clone()];
        let mut beside_alias = Vec::new();
        loop {
            let reading = match self.descend(&question, depth).await {
                Ok(reading) => reading,
                // Nobody can be asked again, so what came with the alias has to do.
                Err(_) if !beside_alias.is_empty() => {
                    found.records = beside_alias;
                    return Ok(());
                }
                Err(stuck) => return Err(stuck),
            };
            match reading {
                Reading::Answer(chain) => {
                    found.pass(chain.aliases);
                    found.records = chain.records;
                    return Ok(());
                }
                Reading::Alias(chain) => {
                    let last = chain.aliases.last().map(|alias| alias.name.clone());
                    found.pass(chain.aliases);
                    if chain.too_long {
                        return Err(Stuck::AliasTooLong(last.unwrap_or_default()));
                    }
                    if found.cnames() > self.bounds.aliases {
                        return Err(Stuck::TooManyAliases);
                    }
                    let name = chain.name;
                    if chain.loops || passed.contains(&name) {
                        return Err(Stuck::AliasLoop(name));
                    }
                    passed.push(name.clone());
                    beside_alias = chain.records;
                    question.name = name.clone();
                    let zone = self.start(&question);
                    self.told(Step::Restart { depth, name, zone });
                }
                Reading::NoData(proof) => {
                    found.no = Some(No::Data(proof));
                    return Ok(());
                }
                Reading::NoSuchName(proof) => {
                    found.no = Some(No::Name(proof));
                    return Ok(());
                }
                // `descend` goes on at these.
                Reading::Referral(_) | Reading::Lame(_) => {}
            }
        }
    }

    /// The zone to begin at: the deepest that is known. Not one whose servers are being looked for just now: where
    /// its own servers are in it, only the zone above can say where they are.
    fn start(&self, question: &Question) -> Name {
        let closed = self.seeking.iter().map(|(zone, _)| zone);
        self.cuts.deepest(question, closed)
    }

    /// From the deepest zone that is known down to the servers that have the last word on a name.
    async fn descend(&mut self, question: &Question, depth: usize) -> Result<Reading, Stuck> {
        let mut zone = self.start(question);
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
            .exchanged(&zone, &candidate, &question, Manner::ForZone)
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
            said: reading.said(),
        })));
        said_zone
    }

    fn server(&self, candidate: &Candidate) -> Server {
        Server {
            transport: self.transport,
            address: SocketAddr::new(candidate.address, self.port),
        }
    }

    fn told(&mut self, step: Step) {
        (self.tell)(&step);
        self.steps.push(step);
    }
}

impl Found {
    fn pass(&mut self, aliases: Vec<Record>) {
        for alias in aliases {
            // The same DNAME may be passed again.
            if !self.aliases.contains(&alias) {
                self.aliases.push(alias);
            }
        }
    }

    /// The aliases, without the DNAMEs that some of them stand for.
    fn cnames(&self) -> usize {
        let aliases = self.aliases.iter();
        aliases
            .filter(|alias| alias.record_type() == RecordType::CNAME)
            .count()
    }
}
