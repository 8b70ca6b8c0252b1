//! What a walk has learned: where zones begin, who serves them, and at which addresses.

use std::collections::HashMap;
use std::net::IpAddr;

use hickory_proto::rr::{Name, RecordType};

use super::{Hints, Known, Referral};
use crate::Question;

/// The zone cuts that are known, the root among them from the start.
pub(super) struct Cuts {
    zones: HashMap<Name, Vec<Server>>,
    fetched: HashMap<(Name, RecordType), Vec<IpAddr>>,
}

struct Server {
    name: Name,
    addresses: Vec<IpAddr>,
    known: Known,
}

/// A server that can be asked.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) name: Name,
    pub(super) address: IpAddr,
    pub(super) known: Known,
}

impl Cuts {
    pub(super) fn new(hints: &Hints) -> Self {
        let roots = hints
            .servers
            .iter()
            .map(|(name, addresses)| Server {
                name: name.clone(),
                addresses: addresses.clone(),
                known: Known::Hint,
            })
            .collect();
        Self {
            zones: HashMap::from([(Name::root(), roots)]),
            fetched: HashMap::new(),
        }
    }

    /// The deepest known zone that the question belongs to, but none of `closed`. DS records belong to the zone above
    /// (RFC 4035 section 2.4).
    pub(super) fn deepest<'z>(
        &self,
        question: &Question,
        closed: impl Iterator<Item = &'z Name> + Clone,
    ) -> Name {
        let mut name = question.name.clone();
        if question.kind == RecordType::DS && !name.is_root() {
            name = name.base_name();
        }
        while !name.is_root()
            && (!self.zones.contains_key(&name) || closed.clone().any(|zone| *zone == name))
        {
            name = name.base_name();
        }
        name.set_fqdn(true);
        name
    }

    pub(super) fn learn(&mut self, referral: &Referral) {
        let servers = referral
            .servers
            .iter()
            .map(|server| Server {
                name: server.name.clone(),
                addresses: server.glue.clone(),
                known: Known::Glue,
            })
            .collect();
        self.zones.insert(referral.zone.clone(), servers);
    }

    /// The servers of a zone whose addresses came with them.
    pub(super) fn candidates(&self, zone: &Name) -> Vec<Candidate> {
        let servers = self.zones.get(zone).map_or(&[][..], Vec::as_slice);
        let each = servers.iter().flat_map(|server| {
            server.addresses.iter().map(|address| Candidate {
                name: server.name.clone(),
                address: *address,
                known: server.known,
            })
        });
        each.collect()
    }

    /// The servers of a zone whose addresses have to be looked for.
    pub(super) fn without_address(&self, zone: &Name) -> Vec<Name> {
        let servers = self.zones.get(zone).map_or(&[][..], Vec::as_slice);
        servers
            .iter()
            .filter(|server| server.addresses.is_empty())
            .map(|server| server.name.clone())
            .collect()
    }

    /// What zones above have said of the addresses of this zone's servers, wherever they were asked about them.
    pub(super) fn glue(&self, zone: &Name) -> Vec<Candidate> {
        let servers = self.zones.get(zone).map_or(&[][..], Vec::as_slice);
        let each = servers.iter().flat_map(|server| {
            self.zones
                .values()
                .flatten()
                .filter(|known| known.name == server.name)
                .flat_map(|known| {
                    known.addresses.iter().map(|address| Candidate {
                        name: known.name.clone(),
                        address: *address,
                        known: known.known,
                    })
                })
        });
        each.collect()
    }

    /// The addresses that were found for a server, empty when there are none; `None` when nobody has looked.
    pub(super) fn fetched(&self, server: &Name, kind: RecordType) -> Option<Vec<IpAddr>> {
        self.fetched.get(&(server.clone(), kind)).cloned()
    }

    pub(super) fn keep(&mut self, server: &Name, kind: RecordType, addresses: &[IpAddr]) {
        self.fetched
            .insert((server.clone(), kind), addresses.to_vec());
    }
}
