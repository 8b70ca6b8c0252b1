//! What a server's message means to somebody who walks from the root: the answer, a way on, or nothing to go by.
//!
//! Pure: a question, the zone that was asked about, and a message. A server is believed only about names in the zone
//! it was asked as a server of; whatever else a message holds is left out.

use std::net::IpAddr;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::Said;
use super::hints::address;
use crate::{Chain, Question};

/// What a message means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The records that were asked for, perhaps behind aliases.
    Answer(Chain),
    /// Aliases that lead on. Records of the name they lead to may be there too, and its own zone has the last word.
    Alias(Chain),
    /// Other servers know more.
    Referral(Referral),
    /// The name exists, and has no record of this type.
    NoData(Proof),
    /// The name does not exist.
    NoSuchName(Proof),
    /// The server is of no use for this zone.
    Lame(Lameness),
}

impl Reading {
    /// The same, as it is told.
    pub(super) fn said(&self) -> Said {
        match self.clone() {
            Self::Answer(chain) => Said::Answer {
                aliases: chain.aliases,
                records: chain.records,
            },
            Self::Alias(chain) => Said::Alias {
                aliases: chain.aliases,
                name: chain.name,
            },
            Self::Referral(referral) => Said::Referral(referral),
            Self::NoData(proof) => Said::NoData(proof),
            Self::NoSuchName(proof) => Said::NoSuchName(proof),
            Self::Lame(lameness) => Said::Lame(lameness),
        }
    }
}

/// What a walk takes a message for that has come from a server of `zone`: the answer, a way on, or nothing to go by.
///
/// Nothing is asked; [`Walker`](super::Walker) goes by the same.
pub fn understood(question: &Question, zone: &Name, message: &Message) -> Said {
    read(question, zone, message, false).said()
}

/// Other servers, for a zone below the one that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// The zone that begins there.
    pub zone: Name,
    /// Its servers, as the zone above names them.
    pub servers: Vec<Delegate>,
    /// How long this may be kept, in seconds.
    pub ttl: u32,
    /// Servers beyond the most that are looked at.
    pub left_out: usize,
}

/// One server of a zone, as the zone above names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegate {
    /// Its name.
    pub name: Name,
    /// Its addresses, where the message held them (glue) and the server may speak for that name.
    pub glue: Vec<IpAddr>,
    /// Addresses that came along for a name outside of the zone that was asked: not believed.
    pub foreign_glue: Vec<IpAddr>,
}

/// What stands behind a "no": the zone's SOA record (RFC 2308), or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The zone whose server said so, and how long that may be kept, in seconds.
    pub soa: Option<(Name, u32)>,
}

/// Why a server is of no use for the zone that it was named as a server of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lameness {
    /// It answered with an error.
    Code(ResponseCode),
    /// It answers as a resolver does, out of what it has heard elsewhere, and not as a server of the zone.
    Resolver,
    /// It refers to a zone that is not below the one it was asked about.
    Upward(Name),
    /// It refers to the zone's own servers, and so to itself, without an answer.
    Itself,
    /// It says nothing at all: no record, and no proof that there is none.
    Empty,
    /// It has two DNAME records where there can be one (RFC 6672 section 2.4): no telling where they lead.
    TwoWays,
}

/// Reads a message. `as_resolver`: the server was asked to ask others.
pub(super) fn read(
    question: &Question,
    zone: &Name,
    message: &Message,
    as_resolver: bool,
) -> Reading {
    let meta = &message.metadata;
    let hearsay = meta.recursion_available && !meta.authoritative && !as_resolver;
    let chain = Chain::read(question, &message.answers, |owner| zone.zone_of(owner));
    // "only the record describing that alias is necessarily authoritative" (RFC 2181 section 5.4.1): what stands behind
    // an alias is asked for again. A resolver has done so already.
    let asked_again = chain.records.is_empty() || !as_resolver;
    let leads_on = !chain.aliases.is_empty() && asked_again;
    if chain.two_ways {
        return Reading::Lame(Lameness::TwoWays);
    }
    match meta.response_code {
        // It says so of its own accord (RFC 6672 section 2.2), and the DNAME bears it out.
        ResponseCode::YXDomain if chain.too_long => return Reading::Alias(chain),
        ResponseCode::NXDomain if hearsay => return Reading::Lame(Lameness::Resolver),
        // The error code is about the end of the aliases (RFC 6604); its own zone has the last word on that name.
        ResponseCode::NXDomain if leads_on => return Reading::Alias(chain),
        ResponseCode::NXDomain => return Reading::NoSuchName(proof(question, zone, message)),
        ResponseCode::NoError => {}
        code => return Reading::Lame(Lameness::Code(code)),
    }
    if leads_on {
        return Reading::Alias(chain);
    }
    if !chain.records.is_empty() && (meta.authoritative || as_resolver) {
        return Reading::Answer(chain);
    }
    // Asked for the servers of a zone below, a server that is none of them tells what it would refer to.
    let cut = question.kind == RecordType::NS && question.name != *zone && chain.aliases.is_empty();
    if cut && !chain.records.is_empty() {
        return Reading::Referral(referral(&question.name, zone, message, &chain.records));
    }
    let answered = !chain.records.is_empty();
    for record in &message.authorities {
        match record.record_type() {
            RecordType::SOA
                if record.name.zone_of(&question.name) && zone.zone_of(&record.name) =>
            {
                return match (hearsay, answered) {
                    (true, _) => Reading::Lame(Lameness::Resolver),
                    (false, true) => Reading::Answer(chain),
                    (false, false) => Reading::NoData(proof(question, zone, message)),
                };
            }
            RecordType::NS if record.name == *zone => {
                return match (hearsay, answered) {
                    (true, _) => Reading::Lame(Lameness::Resolver),
                    (false, true) => Reading::Answer(chain),
                    (false, false) if meta.authoritative => Reading::NoData(Proof::default()),
                    (false, false) => Reading::Lame(Lameness::Itself),
                };
            }
            RecordType::NS if record.name.zone_of(zone) => {
                return match (hearsay, answered) {
                    (true, true) => Reading::Lame(Lameness::Resolver),
                    // It thinks its zone begins further up. What it says of the name itself holds all the same.
                    (false, true) => Reading::Answer(chain),
                    (_, false) => Reading::Lame(Lameness::Upward(record.name.clone())),
                };
            }
            RecordType::NS if zone.zone_of(&record.name) && record.name.zone_of(&question.name) => {
                let servers = &message.authorities;
                return Reading::Referral(referral(&record.name, zone, message, servers));
            }
            _ => {}
        }
    }
    match (hearsay, answered) {
        (true, _) => Reading::Lame(Lameness::Resolver),
        (false, true) => Reading::Answer(chain),
        (false, false) => Reading::Lame(elsewhere(message)),
    }
}

/// What a message is that says nothing of the name: one that names servers all the same sends elsewhere.
fn elsewhere(message: &Message) -> Lameness {
    let mut servers = message.authorities.iter();
    let server = servers.find(|record| record.record_type() == RecordType::NS);
    match server {
        Some(server) if !message.metadata.authoritative => Lameness::Upward(server.name.clone()),
        _ => Lameness::Empty,
    }
}

/// The zone that a message itself says the name is in: the owner of its SOA or NS records, if they are in `zone`.
pub(super) fn zone_said(question: &Question, zone: &Name, message: &Message) -> Option<Name> {
    message
        .authorities
        .iter()
        .chain(&message.answers)
        .filter(|record| matches!(record.record_type(), RecordType::SOA | RecordType::NS))
        .map(|record| &record.name)
        .find(|owner| zone.zone_of(owner) && owner.zone_of(&question.name))
        .cloned()
}

fn proof(question: &Question, zone: &Name, message: &Message) -> Proof {
    let soa = message.authorities.iter().find_map(|record| {
        let RData::SOA(soa) = &record.data else {
            return None;
        };
        let fits = zone.zone_of(&record.name) && record.name.zone_of(&question.name);
        // Kept for the lesser of the two (RFC 2308 section 5).
        fits.then(|| (record.name.clone(), record.ttl.min(soa.minimum)))
    });
    Proof { soa }
}

fn referral(cut: &Name, zone: &Name, message: &Message, among: &[Record]) -> Referral {
    let named: Vec<&Record> = among
        .iter()
        .filter(|record| record.name == *cut && record.dns_class == DNSClass::IN)
        .collect();
    let mut servers: Vec<Delegate> = Vec::new();
    let mut left_out = 0;
    for record in &named {
        let RData::NS(server) = &record.data else {
            continue;
        };
        let mut name = server.0.clone();
        name.set_fqdn(true);
        if servers.iter().any(|known| known.name == name) {
            continue;
        }
        if servers.len() == MOST_SERVERS {
            left_out += 1;
            continue;
        }
        let addresses: Vec<IpAddr> = message
            .additionals
            .iter()
            .filter(|record| record.name == name)
            .filter_map(|record| address(&record.data))
            .take(MOST_ADDRESSES)
            .collect();
        let (glue, foreign_glue) = if zone.zone_of(&name) {
            (addresses, Vec::new())
        } else {
            (Vec::new(), addresses)
        };
        servers.push(Delegate {
            name,
            glue,
            foreign_glue,
        });
    }
    Referral {
        zone: cut.clone(),
        servers,
        ttl: named.iter().map(|record| record.ttl).min().unwrap_or(0),
        left_out,
    }
}

/// Of one zone; the root and the largest top-level domains have 13.
const MOST_SERVERS: usize = 20;
/// Of one server.
const MOST_ADDRESSES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::op::{MessageType, OpCode};
    use hickory_proto::rr::rdata::{A, CNAME, NS, SOA};

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn a(owner: &str, last: u8) -> Record {
        Record::from_rdata(name(owner), 60, RData::A(A::new(192, 0, 2, last)))
    }

    fn ns(owner: &str, server: &str) -> Record {
        Record::from_rdata(name(owner), 60, RData::NS(NS(name(server))))
    }

    fn soa(owner: &str) -> Record {
        let data = SOA::new(name("ns.test."), name("root.test."), 1, 2, 3, 4, 30);
        Record::from_rdata(name(owner), 60, RData::SOA(data))
    }

    fn cname(owner: &str, target: &str) -> Record {
        Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
    }

    struct Said(Message);

    fn message() -> Said {
        Said(Message::new(1, MessageType::Response, OpCode::Query))
    }

    impl Said {
        fn authoritative(mut self) -> Self {
            self.0.metadata.authoritative = true;
            self
        }

        fn by_resolver(mut self) -> Self {
            self.0.metadata.recursion_available = true;
            self
        }

        fn code(mut self, code: ResponseCode) -> Self {
            self.0.metadata.response_code = code;
            self
        }

        fn answer(mut self, record: Record) -> Self {
            self.0.add_answer(record);
            self
        }

        fn authority(mut self, record: Record) -> Self {
            self.0.add_authority(record);
            self
        }

        fn additional(mut self, record: Record) -> Self {
            self.0.add_additional(record);
            self
        }

        fn read(&self, asked: &str, zone: &str) -> Reading {
            let question = Question::new(name(asked), RecordType::A);
            read(&question, &name(zone), &self.0, false)
        }
    }

    #[test]
    fn records_with_authority_are_the_answer() {
        let said = message().authoritative().answer(a("www.test.", 1));
        assert!(
            matches!(said.read("www.test.", "test."), Reading::Answer(chain) if chain.records.len() == 1)
        );
    }

    #[test]
    fn records_without_authority_beside_a_referral_are_a_referral() {
        let said = message()
            .answer(a("www.sub.test.", 1))
            .authority(ns("sub.test.", "ns.sub.test."));
        assert!(matches!(
            said.read("www.sub.test.", "test."),
            Reading::Referral(_)
        ));
    }

    #[test]
    fn records_of_names_outside_the_zone_are_no_answer() {
        let said = message().authoritative().answer(a("www.bank.", 1));
        assert_eq!(
            said.read("www.bank.", "test."),
            Reading::Lame(Lameness::Empty)
        );
    }

    #[test]
    fn a_referral_keeps_glue_of_its_own_zone_and_sets_foreign_glue_apart() {
        let said = message()
            .authority(ns("sub.test.", "ns.sub.test."))
            .authority(ns("sub.test.", "ns.bank."))
            .authority(ns("sub.test.", "ns.sub.test."))
            .authority(ns("other.test.", "ns.other.test."))
            .additional(a("ns.sub.test.", 1))
            .additional(a("ns.bank.", 2))
            .additional(a("www.bank.", 3));
        let Reading::Referral(referral) = said.read("www.sub.test.", "test.") else {
            panic!()
        };
        assert_eq!(referral.zone, name("sub.test."));
        assert_eq!(referral.servers.len(), 2);
        assert_eq!(referral.servers[0].glue.len(), 1);
        assert!(referral.servers[1].glue.is_empty());
        assert_eq!(referral.servers[1].foreign_glue.len(), 1);
    }

    #[test]
    fn a_referral_upward_sideways_or_to_itself_leads_nowhere() {
        let up = message().authority(ns(".", "a.root."));
        assert_eq!(
            up.read("www.test.", "test."),
            Reading::Lame(Lameness::Upward(Name::root()))
        );
        let itself = message().authority(ns("test.", "ns.test."));
        assert_eq!(
            itself.read("www.test.", "test."),
            Reading::Lame(Lameness::Itself)
        );
        let sideways = message().authority(ns("other.", "ns.other."));
        assert_eq!(
            sideways.read("www.test.", "test."),
            Reading::Lame(Lameness::Upward(name("other.")))
        );
    }

    #[test]
    fn an_answer_holds_though_the_server_takes_its_zone_to_begin_further_up() {
        let said = message()
            .answer(a("www.sub.test.", 1))
            .authority(ns("test.", "ns.test."));
        assert!(matches!(
            said.read("www.sub.test.", "sub.test."),
            Reading::Answer(_)
        ));
        assert_eq!(
            said.by_resolver().read("www.sub.test.", "sub.test."),
            Reading::Lame(Lameness::Resolver)
        );
    }

    #[test]
    fn the_servers_of_a_zone_below_are_a_referral_also_where_they_were_asked_for() {
        let said = message()
            .answer(ns("sub.test.", "ns.sub.test."))
            .additional(a("ns.sub.test.", 1));
        let question = Question::new(name("sub.test."), RecordType::NS);
        let above = read(&question, &name("test."), &said.0, false);
        assert!(
            matches!(&above, Reading::Referral(referral)
                if referral.zone == name("sub.test.") && referral.servers[0].glue.len() == 1),
            "{above:?}"
        );
        let own = read(&question, &name("sub.test."), &said.0, false);
        assert!(matches!(own, Reading::Answer(_)), "{own:?}");
        let with_authority = said.authoritative();
        let above = read(&question, &name("test."), &with_authority.0, false);
        assert!(matches!(above, Reading::Answer(_)), "{above:?}");
    }

    #[test]
    fn a_no_is_read_with_its_proof() {
        let no_data = message().authoritative().authority(soa("test."));
        let proof = Proof {
            soa: Some((name("test."), 30)),
        };
        assert_eq!(
            no_data.read("www.test.", "test."),
            Reading::NoData(proof.clone())
        );
        let no_name = no_data.code(ResponseCode::NXDomain);
        assert_eq!(
            no_name.read("www.test.", "test."),
            Reading::NoSuchName(proof)
        );
    }

    #[test]
    fn what_a_resolver_has_heard_counts_for_nothing() {
        for said in [
            message().by_resolver().answer(a("www.test.", 1)),
            message().by_resolver().authority(soa("test.")),
            message().by_resolver().code(ResponseCode::NXDomain),
            message().by_resolver(),
        ] {
            assert_eq!(
                said.read("www.test.", "test."),
                Reading::Lame(Lameness::Resolver)
            );
        }
    }

    #[test]
    fn aliases_lead_on_also_where_the_error_is_about_their_end() {
        let said = message()
            .authoritative()
            .answer(cname("www.test.", "www.other."))
            .code(ResponseCode::NXDomain);
        assert!(matches!(
            said.read("www.test.", "test."),
            Reading::Alias(chain) if chain.name == name("www.other.")
        ));
    }

    #[test]
    fn no_more_servers_are_taken_than_there_is_use_for() {
        let mut said = message();
        for number in 0..2 * MOST_SERVERS {
            said = said.authority(ns("sub.test.", &format!("ns{number}.sub.test.")));
        }
        let Reading::Referral(referral) = said.read("www.sub.test.", "test.") else {
            panic!()
        };
        assert_eq!(referral.servers.len(), MOST_SERVERS);
        assert_eq!(referral.left_out, MOST_SERVERS);
    }
}
