//! Asking the servers of one zone, one after the other, until one helps; and finding the addresses of those that come
//! without.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use hickory_proto::rr::{Name, RecordType};
use sockeye_model::Errno;

use super::cuts::Candidate;
use super::hints::address;
use super::reading::{self, Reading};
use super::{Asked, Facts, Known, Lameness, No, NotAsked, Proof, Said, Step, Stuck, Walker};
use crate::{Exchange, NoReply, Question};

impl Walker<'_> {
    /// Asks the servers of a zone one after the other, until one helps.
    pub(super) async fn ask_zone(
        &mut self,
        zone: &Name,
        question: &Question,
        depth: usize,
    ) -> Result<Reading, Stuck> {
        let mut asking = Asking::of(zone, question, depth);
        let mut known = self.cuts.candidates(zone);
        known.sort_by_key(|candidate| self.silent.get(&candidate.address).copied());
        for candidate in known.into_iter().take(MOST_AT_FIRST) {
            if asking.silent.len() == MOST_SILENT {
                break;
            }
            if let Some(reading) = self.ask(&mut asking, &candidate, Manner::First).await? {
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
                let Some(addresses) = self.fetch(zone, &server, kind, depth).await? else {
                    break;
                };
                for address in addresses.into_iter().take(MOST_FETCHED) {
                    let candidate = Candidate {
                        name: server.clone(),
                        address,
                        known: Known::Fetched,
                    };
                    if let Some(reading) = self.ask(&mut asking, &candidate, Manner::First).await? {
                        return Ok(reading);
                    }
                }
            }
        }
        // A server's own zone may say where it is, and be wrong, where the zone above is right (RFC 2181 section
        // 5.4.1 has its own zone first).
        for candidate in self.cuts.glue(zone).into_iter().take(MOST_FETCHED) {
            if let Some(reading) = self.ask(&mut asking, &candidate, Manner::First).await? {
                return Ok(reading);
            }
        }
        self.once_more(asking).await
    }

    /// The last resorts: more patience with those who were silent; then those who answer like a resolver, as one; then
    /// those who had nothing to say.
    async fn once_more(&mut self, mut asking: Asking<'_>) -> Result<Reading, Stuck> {
        let zone = asking.zone;
        let silent = std::mem::take(&mut asking.silent);
        let resolvers = std::mem::take(&mut asking.resolvers);
        let each = silent
            .into_iter()
            .take(MOST_AGAIN)
            .map(|candidate| (Manner::Again, candidate))
            .chain(
                resolvers
                    .into_iter()
                    .take(MOST_AGAIN)
                    .map(|candidate| (Manner::AsResolver, candidate)),
            );
        for (manner, candidate) in each {
            if let Some(reading) = self.ask(&mut asking, &candidate, manner).await? {
                return Ok(reading);
            }
        }
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
        asking: &mut Asking<'_>,
        candidate: &Candidate,
        manner: Manner,
    ) -> Result<Option<Reading>, Stuck> {
        let (zone, question, depth) = (asking.zone, asking.question, asking.depth);
        if manner == Manner::First && asking.tried.contains(&candidate.address) {
            return Ok(None);
        }
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
        if self.silent.get(&candidate.address) >= Some(&MOST_IN_VAIN) {
            asking.waited = true;
            return Ok(None);
        }
        let (reading, said, facts) = match self.exchanged(zone, candidate, question, manner).await?
        {
            Ok((reading, facts)) => {
                asking.answered = true;
                let said = reading.said();
                (Some(reading), said, Some(facts))
            }
            Err(no_reply) => {
                match &no_reply {
                    NoReply::TimedOut { .. } => {
                        asking.silent.push(candidate.clone());
                        asking.waited = true;
                        *self.silent.entry(candidate.address).or_default() += 1;
                    }
                    NoReply::Call { source, .. } => asking.errno = Some(source.errno()),
                    NoReply::CutShort { over_tcp, .. } => {
                        asking.answered = true;
                        // With more patience TCP may yet do.
                        if matches!(**over_tcp, NoReply::TimedOut { .. }) {
                            asking.silent.push(candidate.clone());
                        }
                    }
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
    pub(super) async fn exchanged(
        &mut self,
        zone: &Name,
        candidate: &Candidate,
        question: &Question,
        manner: Manner,
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
            timeout: manner.wait().min(left),
            tries: 1,
            recursion: manner == Manner::AsResolver,
            // Some let a question with EDNS disappear.
            payload: self.exchange.payload.filter(|_| manner != Manner::Again),
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
            without_edns: reply.without_edns || exchange.payload.is_none(),
            authoritative: reply.message.metadata.authoritative,
            strays: reply.strays,
        };
        Ok(Ok((reading, facts)))
    }

    /// The addresses of a name server, from a walk of its own; none when they can't be found, and `None` when they
    /// can't be looked for.
    async fn fetch(
        &mut self,
        zone: &Name,
        server: &Name,
        kind: RecordType,
        depth: usize,
    ) -> Result<Option<Vec<IpAddr>>, Stuck> {
        if let Some(addresses) = self.cuts.fetched(server, kind) {
            return Ok(Some(addresses));
        }
        let question = Question::new(server.clone(), kind);
        let sought = self.seeking.iter().any(|(_, sought)| sought == server);
        let hindrance = if sought || self.under_way.contains(&question) {
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
            return Ok(None);
        }
        self.told(Step::Fetching {
            depth,
            zone: zone.clone(),
            server: server.clone(),
            kind,
        });
        self.seeking.push((zone.clone(), server.clone()));
        let (found, end) = self.follow(question, depth + 1).await;
        self.seeking.pop();
        let why = match end {
            Ok(()) => NotAsked::NoAddress,
            // These end the walk as a whole.
            Err(stuck @ (Stuck::TooManyQuestions | Stuck::OutOfTime(_))) => return Err(stuck),
            Err(_) => NotAsked::Failed,
        };
        let addresses: Vec<IpAddr> = found
            .records
            .iter()
            .filter_map(|record| address(&record.data))
            .collect();
        self.cuts.keep(&server, kind, &addresses);
        if matches!(found.no, Some(No::Name(_))) {
            // A name that is not there has no address of the other family either.
            self.cuts.keep(&server, RecordType::A, &[]);
            self.cuts.keep(&server, RecordType::AAAA, &[]);
        }
        if addresses.is_empty() {
            self.told(Step::NotAsked {
                depth,
                zone,
                server,
                why,
            });
        }
        Ok(Some(addresses))
    }
}

/// In which way a server is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// For the first time: another may be quicker, so it is not waited for long.
    First,
    /// It was silent, and so were the others: with more patience, and without EDNS.
    Again,
    /// It answers as a resolver does, and nobody else helps: as one.
    AsResolver,
    /// In which zone a name is: worth little more than a moment.
    ForZone,
}

impl Manner {
    fn wait(self) -> Duration {
        Duration::from_millis(match self {
            Self::First => 800,
            Self::Again | Self::AsResolver => 2000,
            Self::ForZone => 500,
        })
    }
}

/// One question to the servers of one zone, and what has come of it.
struct Asking<'q> {
    zone: &'q Name,
    question: &'q Question,
    /// How deep in walks within walks.
    depth: usize,
    tried: HashSet<IpAddr>,
    silent: Vec<Candidate>,
    resolvers: Vec<Candidate>,
    empty: bool,
    answered: bool,
    waited: bool,
    /// Of the last call that failed.
    errno: Option<Errno>,
}

impl<'q> Asking<'q> {
    fn of(zone: &'q Name, question: &'q Question, depth: usize) -> Self {
        Self {
            zone,
            question,
            depth,
            tried: HashSet::new(),
            silent: Vec::new(),
            resolvers: Vec::new(),
            empty: false,
            answered: false,
            waited: false,
            errno: None,
        }
    }
}

fn can_be_asked(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !address.is_unspecified() && !address.is_multicast() && !broadcast
}

/// Addresses of one zone that are asked before others are looked for.
const MOST_AT_FIRST: usize = 20;
/// Of these, those that are waited for in vain.
const MOST_SILENT: usize = 8;
/// Addresses of one server whose addresses were looked for.
const MOST_FETCHED: usize = 4;
/// Servers of one zone that are asked again.
const MOST_AGAIN: usize = 4;
/// How often an address is waited for in vain before it is left alone.
const MOST_IN_VAIN: u32 = 2;
