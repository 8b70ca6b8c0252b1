//! What a server says to a question: the algorithm of [RFC 1034, section 4.3.2](https://www.rfc-editor.org/rfc/rfc1034#section-4.3.2).
//!
//! With wildcards of RFC 4592, DNAME of RFC 6672, negative answers of RFC 2308, and the code and AA of an answer that
//! goes through aliases of RFC 6604. Never recursive, and without DNSSEC: such records are given when asked for.

use std::borrow::Cow;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::CNAME;
use hickory_proto::rr::{Name, RData, RecordType};

use super::name::Key;
use super::zone::{Found, Node, RecordSet, Zone, Zones};

/// The three sections, and what the header says of them.
#[derive(Debug)]
pub(crate) struct Answer<'z> {
    pub(crate) code: ResponseCode,
    pub(crate) authoritative: bool,
    pub(crate) answer: Vec<Part<'z>>,
    pub(crate) authority: Vec<Part<'z>>,
    /// The authority section is what was asked for: a referral, or the reason why there is nothing.
    pub(crate) needs_authority: bool,
    pub(crate) additional: Vec<Part<'z>>,
}

/// Records of one name and type.
#[derive(Debug)]
pub(crate) struct Part<'z> {
    pub(crate) owner: Cow<'z, Name>,
    pub(crate) kind: RecordType,
    pub(crate) ttl: u32,
    pub(crate) data: Cow<'z, [RData]>,
}

impl<'z> Part<'z> {
    fn new(owner: Cow<'z, Name>, set: &'z RecordSet) -> Self {
        Self {
            owner,
            kind: set.kind,
            ttl: set.ttl,
            data: Cow::Borrowed(&set.data),
        }
    }

    fn is(&self, owner: &Name, kind: RecordType) -> bool {
        self.kind == kind && *self.owner == *owner
    }
}

/// Answers a question of class IN.
pub(crate) fn answer<'z>(zones: &'z Zones, name: &'z Name, kind: RecordType) -> Answer<'z> {
    let mut answer = Answer {
        authoritative: true,
        ..Answer::of_code(ResponseCode::NoError)
    };
    let mut name = Cow::Borrowed(name);
    for _ in 0..=ALIASES {
        let key = Key::new(&name);
        let Some(zone) = zones.nearest(&key, kind) else {
            // An alias that leads out of here is all that is known.
            if answer.answer.is_empty() {
                answer.code = ResponseCode::Refused;
                answer.authoritative = false;
            }
            return answer;
        };
        match answer.step(zone, &key, name.clone(), kind) {
            Some(next) => name = Cow::Owned(next),
            None => return answer,
        }
    }
    answer
}

impl<'z> Answer<'z> {
    /// Nothing but a code.
    pub(crate) fn of_code(code: ResponseCode) -> Self {
        Self {
            code,
            authoritative: false,
            answer: Vec::new(),
            authority: Vec::new(),
            needs_authority: false,
            additional: Vec::new(),
        }
    }

    /// Whether others are to be asked.
    pub(crate) fn is_referral(&self) -> bool {
        self.needs_authority
            && self
                .authority
                .iter()
                .any(|part| part.kind == RecordType::NS)
    }

    /// Looks up one name; the next one, where it is an alias.
    fn step(
        &mut self,
        zone: &'z Zone,
        key: &Key,
        name: Cow<'z, Name>,
        kind: RecordType,
    ) -> Option<Name> {
        let node = match zone.find(key, kind) {
            Found::Exact(node) | Found::Wildcard(node) => node,
            Found::Nothing => {
                self.code = ResponseCode::NXDomain;
                self.nothing(zone);
                return None;
            }
            Found::Cut(node, servers) => {
                self.refer(zone, node, servers);
                return None;
            }
            Found::Renamed(node, renamed) => return self.rename(node, renamed, name, kind),
        };
        if kind == RecordType::ANY {
            // "select one or a subset of the available RRsets": RFC 8482, section 4.1. All of them would make a small
            // question from a forged address a large answer.
            if let Some(set) = node.sets().first() {
                self.add(name, set);
                return None;
            }
        } else if let Some(alias) = node
            .set(RecordType::CNAME)
            .filter(|_| kind != RecordType::CNAME)
        {
            let RData::CNAME(CNAME(target)) = alias.data.first()? else {
                return None;
            };
            // Aliases that go round in a circle end where they began.
            let is_new = self.add(name, alias);
            return is_new.then(|| target.clone());
        } else if let Some(set) = node.set(kind) {
            self.add(name.clone(), set);
        }
        if self.answer.is_empty() || !self.answer.iter().any(|part| *part.owner == *name) {
            self.nothing(zone);
            return None;
        }
        // Who asks for DS records has come for a cut, and knows this zone's servers.
        if kind != RecordType::DS {
            self.complete(zone);
        }
        None
    }

    fn add(&mut self, owner: Cow<'z, Name>, set: &'z RecordSet) -> bool {
        let is_new = !self.answer.iter().any(|part| part.is(&owner, set.kind));
        if is_new {
            self.answer.push(Part::new(owner, set));
        }
        is_new
    }

    /// The SOA record says how long it may be remembered that there is nothing.
    fn nothing(&mut self, zone: &'z Zone) {
        self.needs_authority = true;
        self.authority
            .push(Part::new(Cow::Borrowed(zone.origin()), zone.negative()));
    }

    /// "we have a referral … Copy the NS RRs for the subzone into the authority section of the reply. Put whatever
    /// addresses are available into the additional section".
    fn refer(&mut self, zone: &'z Zone, node: &'z Node, servers: &'z RecordSet) {
        self.authoritative = !self.answer.is_empty();
        self.needs_authority = true;
        let part = Part::new(Cow::Borrowed(&node.name), servers);
        self.add_addresses(zone, &part);
        self.authority.push(part);
    }

    /// "the server … synthesizes a CNAME record" for the name below a DNAME: RFC 6672, section 3.2.
    fn rename(
        &mut self,
        node: &'z Node,
        renamed: &'z RecordSet,
        name: Cow<'z, Name>,
        kind: RecordType,
    ) -> Option<Name> {
        let is_new = self.add(Cow::Borrowed(&node.name), renamed);
        let target = super::data::target(renamed.data.first()?)?;
        let kept = name.iter().count() - node.name.iter().count();
        let labels = name.iter().take(kept).chain(target.iter());
        let Ok(mut new) = Name::from_labels(labels) else {
            self.code = ResponseCode::YXDomain;
            return None;
        };
        new.set_fqdn(true);
        if !is_new
            && self
                .answer
                .iter()
                .any(|part| part.is(&name, RecordType::CNAME))
        {
            return None;
        }
        self.answer.push(Part {
            owner: name,
            kind: RecordType::CNAME,
            ttl: renamed.ttl,
            data: Cow::Owned(vec![RData::CNAME(CNAME(new.clone()))]),
        });
        (kind != RecordType::CNAME).then_some(new)
    }

    /// The zone's servers, and the addresses of all that is named.
    fn complete(&mut self, zone: &'z Zone) {
        let origin = zone.origin();
        if let Some(servers) = zone.apex_servers()
            && !self
                .answer
                .iter()
                .any(|part| part.is(origin, RecordType::NS))
        {
            self.authority
                .push(Part::new(Cow::Borrowed(origin), servers));
        }
        let (answers, authorities) = (
            std::mem::take(&mut self.answer),
            std::mem::take(&mut self.authority),
        );
        for part in &answers {
            self.add_addresses_unless(zone, part, &answers);
        }
        for part in &authorities {
            self.add_addresses_unless(zone, part, &answers);
        }
        (self.answer, self.authority) = (answers, authorities);
    }

    fn add_addresses(&mut self, zone: &'z Zone, part: &Part<'z>) {
        self.add_addresses_unless(zone, part, &[]);
    }

    /// Additional section processing: RFC 1035, section 3.3, RFC 2782. What is said already is not said again.
    fn add_addresses_unless(&mut self, zone: &'z Zone, part: &Part<'z>, said: &[Part<'z>]) {
        let Cow::Borrowed(data) = part.data else {
            return;
        };
        for data in data {
            let target = match data {
                RData::NS(ns) => &ns.0,
                RData::MX(mx) => &mx.exchange,
                RData::SRV(srv) => &srv.target,
                _ => continue,
            };
            let key = Key::new(target);
            // A server's address may be glue, which is not this zone's to answer with.
            let node = if part.kind == RecordType::NS {
                zone.node(key.octets()).or_else(|| visible(zone, &key))
            } else {
                visible(zone, &key)
            };
            for kind in [RecordType::A, RecordType::AAAA] {
                let Some(set) = node.and_then(|node| node.set(kind)) else {
                    continue;
                };
                let is_said = |part: &Part<'_>| part.is(target, kind);
                if !said.iter().any(is_said) && !self.additional.iter().any(is_said) {
                    self.additional.push(Part::new(Cow::Borrowed(target), set));
                }
            }
        }
    }
}

/// What the zone itself says of a name.
fn visible<'z>(zone: &'z Zone, key: &Key) -> Option<&'z Node> {
    if !zone.holds(key) {
        return None;
    }
    match zone.find(key, RecordType::A) {
        Found::Exact(node) | Found::Wildcard(node) => Some(node),
        _ => None,
    }
}

/// The most aliases that are followed for one question.
const ALIASES: usize = 16;
