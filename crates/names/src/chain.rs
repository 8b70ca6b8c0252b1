//! From the answer section to the answer: the aliases in their order, then the records of the type that was asked.

use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use crate::Question;

/// An answer section, read from the question on. What does not belong to it is left out: a server may add records
/// that nobody asked for, and those prove nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The aliases that were followed, in order: CNAME, and DNAME with the CNAME it stands for (RFC 6672).
    pub aliases: Vec<Record>,
    /// The records of the type that was asked, of the last name.
    pub records: Vec<Record>,
    /// The last name: the one that was asked, or where the aliases lead.
    pub name: Name,
    /// The aliases lead back to a name that was passed already.
    pub loops: bool,
}

impl Chain {
    /// Reads an answer section. `keep` says of an owner whether the server may speak for it; records of others are
    /// left out.
    pub fn read(question: &Question, answers: &[Record], keep: impl Fn(&Name) -> bool) -> Self {
        let usable: Vec<&Record> = answers
            .iter()
            .filter(|record| record.dns_class == DNSClass::IN && keep(&record.name))
            .collect();
        let mut chain = Self {
            name: question.name.clone(),
            ..Self::default()
        };
        let mut passed = vec![question.name.clone()];
        let follows = question.kind != RecordType::CNAME && question.kind != RecordType::ANY;
        loop {
            chain.records = usable
                .iter()
                .filter(|record| record.name == chain.name && question.wants(record.record_type()))
                .map(|record| (*record).clone())
                .collect();
            if !chain.records.is_empty() || !follows {
                return chain;
            }
            let Some((alias, target)) = step(&usable, &chain.name) else {
                return chain;
            };
            chain.aliases.extend(alias);
            chain.name = target.clone();
            if passed.contains(&target) {
                chain.loops = true;
                return chain;
            }
            passed.push(target);
        }
    }
}

/// The alias at `name`, with the name it leads to: its CNAME, or the DNAME of a name above it.
fn step(records: &[&Record], name: &Name) -> Option<(Vec<Record>, Name)> {
    let above = records.iter().find_map(|record| {
        let target = dname_target(record)?;
        if record.name == *name || !record.name.zone_of(name) {
            return None;
        }
        Some((*record, replaced(name, &record.name, &target)?))
    });
    if let Some((dname, target)) = above {
        // What the DNAME says holds, whatever CNAME the server has made of it (RFC 6672 section 3.1).
        let made = Record::from_rdata(
            name.clone(),
            dname.ttl,
            RData::CNAME(hickory_proto::rr::rdata::CNAME(target.clone())),
        );
        return Some((vec![dname.clone(), made], target));
    }
    records.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if record.name == *name => {
            let mut target = target.0.clone();
            target.set_fqdn(true);
            Some((vec![(*record).clone()], target))
        }
        _ => None,
    })
}

/// Where a DNAME record leads to (RFC 6672 section 2.1); `None` for every other record.
pub fn dname_target(record: &Record) -> Option<Name> {
    match &record.data {
        RData::Unknown { code, rdata } if *code == RecordType::DNAME => {
            let mut decoder = BinDecoder::new(&rdata.anything);
            Name::read(&mut decoder).ok()
        }
        _ => None,
    }
}

/// `name` with the labels of `owner` at its end replaced by those of `target`; `None` where that grows too long.
fn replaced(name: &Name, owner: &Name, target: &Name) -> Option<Name> {
    let own = usize::from(name.num_labels().checked_sub(owner.num_labels())?);
    let labels = name.iter().take(own).chain(target.iter());
    let mut made = Name::from_labels(labels).ok()?;
    made.set_fqdn(true);
    Some(made)
}

impl Question {
    /// Whether a record of this type answers the question.
    pub(crate) fn wants(&self, kind: RecordType) -> bool {
        self.kind == kind || self.kind == RecordType::ANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::rr::rdata::{A, CNAME, NULL};

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn question(text: &str) -> Question {
        Question::new(name(text), RecordType::A)
    }

    fn a(owner: &str) -> Record {
        Record::from_rdata(name(owner), 60, RData::A(A::new(192, 0, 2, 1)))
    }

    fn cname(owner: &str, target: &str) -> Record {
        Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
    }

    fn dname(owner: &str, target: &str) -> Record {
        let rdata = name(target)
            .iter()
            .flat_map(|label| [&[label.len() as u8], label].concat())
            .chain([0])
            .collect();
        let rdata = RData::Unknown {
            code: RecordType::DNAME,
            rdata: NULL::with(rdata),
        };
        Record::from_rdata(name(owner), 60, rdata)
    }

    #[test]
    fn aliases_are_followed_in_their_order_not_in_that_of_the_section() {
        let answers = [a("c."), cname("b.", "C."), cname("a.", "b."), a("x.")];
        let chain = Chain::read(&question("A."), &answers, |_| true);
        assert_eq!(chain.aliases, [answers[2].clone(), answers[1].clone()]);
        assert_eq!(chain.records, [answers[0].clone()]);
        assert_eq!(chain.name, name("c."));
    }

    #[test]
    fn a_loop_of_aliases_ends_and_is_said() {
        let answers = [cname("a.", "b."), cname("b.", "a.")];
        let chain = Chain::read(&question("a."), &answers, |_| true);
        assert!(chain.loops && chain.records.is_empty());
        let own = Chain::read(&question("a."), &[cname("a.", "a.")], |_| true);
        assert!(own.loops);
    }

    #[test]
    fn owners_the_server_may_not_speak_for_are_left_out() {
        let answers = [cname("www.example.", "bank.test."), a("bank.test.")];
        let chain = Chain::read(&question("www.example."), &answers, |owner| {
            name("example.").zone_of(owner)
        });
        assert_eq!(chain.aliases.len(), 1);
        assert!(chain.records.is_empty());
        assert_eq!(chain.name, name("bank.test."));
    }

    #[test]
    fn a_dname_leads_every_name_below_it_elsewhere_whatever_cname_is_beside_it() {
        let answers = [
            dname("old.example.", "new.test."),
            cname("a.b.old.example.", "evil.test."),
            a("a.b.new.test."),
        ];
        let chain = Chain::read(&question("a.b.old.example."), &answers, |_| true);
        assert_eq!(chain.name, name("a.b.new.test."));
        assert_eq!(chain.records.len(), 1);
        let itself = Chain::read(&question("old.example."), &answers, |_| true);
        assert!(itself.aliases.is_empty());
    }

    #[test]
    fn a_question_for_the_alias_itself_follows_nothing() {
        let asked = Question::new(name("a."), RecordType::CNAME);
        let chain = Chain::read(&asked, &[cname("a.", "b.")], |_| true);
        assert_eq!(chain.records.len(), 1);
        assert!(chain.aliases.is_empty());
    }
}
