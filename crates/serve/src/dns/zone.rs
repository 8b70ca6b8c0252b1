//! A zone: its records by name, with what RFC 1034 says about the names in it. It does not change while it is served.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use hickory_proto::rr::{Name, RData, RecordType};

use sockeye_names::name_text;

use super::error::{Reason, ZoneError};
use super::master::{self, Place, Record};
use super::name::Key;

/// The records of one name and one type: RFC 2181, section 5.
#[derive(Debug)]
pub(crate) struct RecordSet {
    pub(crate) kind: RecordType,
    pub(crate) ttl: u32,
    pub(crate) data: Vec<RData>,
}

/// A name of the zone. Without records it is there because a longer one is: an "empty non-terminal".
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: Name,
    sets: Vec<RecordSet>,
}

impl Node {
    pub(crate) fn set(&self, kind: RecordType) -> Option<&RecordSet> {
        self.sets.iter().find(|set| set.kind == kind)
    }

    pub(crate) fn sets(&self) -> &[RecordSet] {
        &self.sets
    }
}

/// Where a name leads in a zone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'z> {
    /// The name is there.
    Exact(&'z Node),
    /// It is not, but a wildcard covers it: RFC 4592.
    Wildcard(&'z Node),
    /// It is at or below a zone cut: others are asked.
    Cut(&'z Node, &'z RecordSet),
    /// It is below a name with a DNAME: RFC 6672.
    Renamed(&'z Node, &'z RecordSet),
    /// There is no such name.
    Nothing,
}

/// A zone, read from a master file.
#[derive(Debug)]
pub struct Zone {
    name: Name,
    key: Key,
    labels: usize,
    nodes: HashMap<Box<[u8]>, Node>,
    /// The SOA record as negative answers carry it: RFC 2308, section 3.
    negative: RecordSet,
}

impl Zone {
    /// Reads a master file: RFC 1035, section 5. Its zone is the name of its SOA record, and relative names end in
    /// `name`, until `$ORIGIN` says otherwise.
    ///
    /// # Errors
    /// Why it is no zone, with file and line.
    pub fn read(file: &Path, name: Option<&str>) -> Result<Self, ZoneError> {
        let name = name.map(|name| origin(file, name)).transpose()?;
        let records = master::read_file(file, name.as_ref())?;
        Self::new(records, file, name.as_ref())
    }

    /// The same from a text; errors call it `file`.
    ///
    /// # Errors
    /// As for [`Zone::read`].
    ///
    /// ```
    /// use std::path::Path;
    /// use sockeye_serve::dns::Zone;
    /// let text = b"$TTL 1h\n@ SOA ns hostmaster 1 1h 15m 4w 5m\n  NS ns\nns A 192.0.2.1\n";
    /// let zone = Zone::parse(text, Path::new("river.zone"), Some("river.example"))?;
    /// assert_eq!(zone.name(), "river.example.");
    /// # Ok::<(), sockeye_serve::dns::ZoneError>(())
    /// ```
    pub fn parse(text: &[u8], file: &Path, name: Option<&str>) -> Result<Self, ZoneError> {
        let name = name.map(|name| origin(file, name)).transpose()?;
        let records = master::read(text, file, name.as_ref())?;
        Self::new(records, file, name.as_ref())
    }

    fn new(records: Vec<Record>, file: &Path, asked: Option<&Name>) -> Result<Self, ZoneError> {
        let whole = |reason| ZoneError {
            file: file.to_path_buf(),
            line: None,
            reason,
        };
        let mut soas = records
            .iter()
            .filter(|record| record.data.record_type() == RecordType::SOA);
        let soa = soas.next().ok_or_else(|| whole(Reason::NoSoa))?;
        if let Some(second) =
            soas.find(|second| second.data != soa.data || second.owner != soa.owner)
        {
            return Err(second.place.error(Reason::SecondSoa));
        }
        let name = soa.owner.clone();
        if let Some(asked) = asked.filter(|asked| **asked != name) {
            return Err(soa.place.error(Reason::OtherZone {
                found: name_text(&name),
                asked: name_text(asked),
            }));
        }
        let minimum = match &soa.data {
            RData::SOA(soa) => soa.minimum,
            _ => soa.ttl,
        };
        let key = Key::new(&name);
        let mut zone = Self {
            labels: key.labels().count(),
            negative: RecordSet {
                kind: RecordType::SOA,
                ttl: soa.ttl.min(minimum),
                data: vec![soa.data.clone()],
            },
            name,
            key,
            nodes: HashMap::new(),
        };
        let mut places: HashMap<Box<[u8]>, Place> = HashMap::new();
        for record in records {
            zone.insert(record, &mut places)?;
        }
        zone.check(&places)?;
        if zone.apex_servers().is_none() {
            return Err(whole(Reason::NoNs(name_text(&zone.name))));
        }
        Ok(zone)
    }

    fn insert(
        &mut self,
        record: Record,
        places: &mut HashMap<Box<[u8]>, Place>,
    ) -> Result<(), ZoneError> {
        let Record {
            owner,
            ttl,
            data,
            place,
        } = record;
        let key = Key::new(&owner);
        if !self.holds(&key) {
            return Err(place.error(Reason::OutOfZone {
                name: name_text(&owner),
                zone: name_text(&self.name),
            }));
        }
        // The names between it and the zone's exist as well.
        let below = key.labels().count() - self.labels;
        for (depth, at) in key.labels().enumerate().take(below + 1).skip(1) {
            let between = &key.octets()[at..];
            if self.nodes.contains_key(between) {
                break;
            }
            let name = owner.trim_to(owner.iter().count() - depth);
            let node = Node {
                name,
                sets: Vec::new(),
            };
            self.nodes.insert(between.into(), node);
        }
        let node = match self.nodes.entry(key.octets().into()) {
            Entry::Occupied(node) => node.into_mut(),
            Entry::Vacant(free) => free.insert(Node {
                name: owner,
                sets: Vec::new(),
            }),
        };
        let kind = data.record_type();
        let clash = match kind {
            RecordType::CNAME => node
                .sets
                .iter()
                .any(|set| set.kind != kind || !set.data.contains(&data)),
            _ => node.set(RecordType::CNAME).is_some(),
        };
        if clash {
            return Err(place.error(Reason::BesideCname(name_text(&node.name))));
        }
        match node.sets.iter_mut().find(|set| set.kind == kind) {
            None => node.sets.push(RecordSet {
                kind,
                ttl,
                data: vec![data],
            }),
            Some(set) => {
                // RFC 2181, section 5.2: the TTLs of one set are one.
                set.ttl = set.ttl.min(ttl);
                if !set.data.contains(&data) {
                    if kind == DNAME {
                        return Err(place.error(Reason::BesideDname(name_text(&node.name))));
                    }
                    set.data.push(data);
                }
            }
        }
        places.entry(key.octets().into()).or_insert(place);
        Ok(())
    }

    /// No name is below one with a DNAME.
    fn check(&self, places: &HashMap<Box<[u8]>, Place>) -> Result<(), ZoneError> {
        for (key, place) in places {
            let mut at = usize::from(key[0]) + 1;
            while at < key.len() {
                let above = self.nodes.get(&key[at..]);
                if let Some(renamed) = above.filter(|node| node.set(DNAME).is_some()) {
                    return Err(place.error(Reason::BesideDname(name_text(&renamed.name))));
                }
                at += usize::from(key[at]) + 1;
            }
        }
        Ok(())
    }

    /// Its name, with the final dot.
    pub fn name(&self) -> String {
        name_text(&self.name)
    }

    pub(crate) fn origin(&self) -> &Name {
        &self.name
    }

    /// How many records it has.
    pub fn records(&self) -> usize {
        let sets = self.nodes.values().flat_map(Node::sets);
        sets.map(|set| set.data.len()).sum()
    }

    pub(crate) fn negative(&self) -> &RecordSet {
        &self.negative
    }

    /// The NS records of the zone itself.
    pub(crate) fn apex_servers(&self) -> Option<&RecordSet> {
        self.nodes.get(self.key.octets())?.set(RecordType::NS)
    }

    /// Whether the name is the zone's, or below it.
    pub(crate) fn holds(&self, key: &Key) -> bool {
        key.labels()
            .any(|at| &key.octets()[at..] == self.key.octets())
    }

    /// The node of that name, below a cut or not: what additional records are made of.
    pub(crate) fn node(&self, key: &[u8]) -> Option<&Node> {
        self.nodes.get(key)
    }

    /// RFC 1034, section 4.3.2, step 3: "start matching down, label by label, in the zone". `key` is in the zone.
    pub(crate) fn find(&self, key: &Key, kind: RecordType) -> Found<'_> {
        let mut encloser = None;
        for at in key.labels().rev().skip(self.labels - 1) {
            let octets = &key.octets()[at..];
            let Some(node) = self.nodes.get(octets) else {
                // The closest encloser's wildcard alone may cover it: RFC 4592, section 3.3.1.
                let wildcard = encloser.and_then(Key::wildcard);
                let wildcard = wildcard.and_then(|key| self.nodes.get(key.octets()));
                return wildcard.map_or(Found::Nothing, Found::Wildcard);
            };
            let is_whole = at == 0;
            if encloser.is_some()
                && let Some(servers) = node.set(RecordType::NS)
            {
                // RFC 4035, section 3.1.4.1: DS alone belongs to the parent's side of a cut.
                if !(is_whole && kind == RecordType::DS) {
                    return Found::Cut(node, servers);
                }
            }
            if is_whole {
                return Found::Exact(node);
            }
            if let Some(renamed) = node.set(DNAME) {
                return Found::Renamed(node, renamed);
            }
            encloser = Some(octets);
        }
        Found::Nothing
    }
}

/// The name on the command line, which needs no final dot.
fn origin(file: &Path, name: &str) -> Result<Name, ZoneError> {
    let text = if name.ends_with('.') {
        name.to_owned()
    } else {
        format!("{name}.")
    };
    let word = super::text::Word {
        text: text.as_bytes(),
        quoted: false,
        line: 1,
    };
    super::name::read(word, None).map_err(|reason| ZoneError {
        file: file.to_path_buf(),
        line: None,
        reason,
    })
}

/// The zones of one server.
#[derive(Debug, Default)]
pub struct Zones {
    zones: HashMap<Box<[u8]>, Zone>,
}

impl Zones {
    /// A server of these zones. With none it is lame: it answers REFUSED to everything.
    ///
    /// # Errors
    /// The name of a zone that is there twice.
    pub fn new(zones: impl IntoIterator<Item = Zone>) -> Result<Self, Reason> {
        let mut all = HashMap::new();
        for zone in zones {
            let name = zone.name();
            if all.insert(zone.key.octets().into(), zone).is_some() {
                return Err(Reason::Twice(name));
            }
        }
        Ok(Self { zones: all })
    }

    /// The zones, in the order of their names.
    pub fn all(&self) -> Vec<&Zone> {
        let mut all: Vec<&Zone> = self.zones.values().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// RFC 1034, section 4.3.2, step 2: "search the available zones for the zone which is the nearest ancestor".
    pub(crate) fn nearest(&self, key: &Key, kind: RecordType) -> Option<&Zone> {
        let mut ancestors = key
            .labels()
            .filter_map(|at| Some((at, self.zones.get(&key.octets()[at..])?)));
        let (at, nearest) = ancestors.next()?;
        // The DS records of a zone are in its parent, if that has delegated it.
        if at == 0
            && kind == RecordType::DS
            && let Some((_, parent)) = ancestors.next()
            && matches!(parent.find(key, RecordType::NS), Found::Cut(..))
        {
            return Some(parent);
        }
        Some(nearest)
    }
}

pub(crate) const DNAME: RecordType = RecordType::DNAME;
