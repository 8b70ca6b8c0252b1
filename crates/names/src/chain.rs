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
    /// The aliases lead back to a name that was passed already, or are more than anybody follows.
    pub loops: bool,
    /// A DNAME makes a name of more than 255 bytes (RFC 6672 section 2.2 has the error YXDOMAIN for that).
    pub too_long: bool,
    /// A name has two DNAMEs, and there can be one (RFC 6672 section 2.4): no telling which is meant.
    pub two_ways: bool,
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
            match step(&usable, &chain.name) {
                Step::End => return chain,
                Step::TwoWays => {
                    chain.two_ways = true;
                    return chain;
                }
                Step::TooLong(dname) => {
                    chain.aliases.push(dname.clone());
                    chain.too_long = true;
                    return chain;
                }
                Step::To { dname, cname } => {
                    // One DNAME can be passed more than once.
                    chain.aliases.extend(
                        dname
                            .filter(|dname| !chain.aliases.contains(dname))
                            .cloned(),
                    );
                    let Some(target) = cname_target(&cname) else {
                        return chain;
                    };
                    chain.aliases.push(*cname);
                    chain.name = target.clone();
                    if passed.contains(&target) || passed.len() == MOST_ALIASES {
                        chain.loops = true;
                        return chain;
                    }
                    passed.push(target);
                }
            }
        }
    }
}

/// One step from a name to the name it is an alias of.
enum Step<'a> {
    /// There is no alias.
    End,
    /// By a CNAME, perhaps one that a DNAME stands for.
    To {
        dname: Option<&'a Record>,
        cname: Box<Record>,
    },
    /// This DNAME makes too long a name.
    TooLong(&'a Record),
    /// Two DNAMEs lead to different names.
    TwoWays,
}

/// The alias at `name`: its CNAME, or the DNAME of a name above it.
fn step<'a>(records: &[&'a Record], name: &Name) -> Step<'a> {
    let mut above = records.iter().filter_map(|record| {
        let below = record.name != *name && record.name.zone_of(name);
        Some((*record, below.then(|| dname_target(record))??))
    });
    if let Some((dname, target)) = above.next() {
        if above.any(|(other, elsewhere)| other.name == dname.name && elsewhere != target) {
            return Step::TwoWays;
        }
        let Some(target) = replaced(name, &dname.name, &target) else {
            return Step::TooLong(dname);
        };
        // What the DNAME says holds, whatever CNAME the server has made of it (RFC 6672 section 3.1).
        let made = RData::CNAME(hickory_proto::rr::rdata::CNAME(target));
        return Step::To {
            dname: Some(dname),
            cname: Box::new(Record::from_rdata(name.clone(), dname.ttl, made)),
        };
    }
    let cname = records
        .iter()
        .find(|record| record.name == *name && record.record_type() == RecordType::CNAME);
    match cname {
        Some(cname) => Step::To {
            dname: None,
            cname: Box::new((*cname).clone()),
        },
        None => Step::End,
    }
}

fn cname_target(record: &Record) -> Option<Name> {
    let RData::CNAME(target) = &record.data else {
        return None;
    };
    let mut target = target.0.clone();
    target.set_fqdn(true);
    Some(target)
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

/// Aliases in one message: more are not read, however many 65,535 bytes hold.
const MOST_ALIASES: usize = 64;

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
    fn one_dname_that_is_passed_twice_is_told_once() {
        let answers = [dname("x.", "."), a("end.")];
        let chain = Chain::read(&question("end.x.x."), &answers, |_| true);
        assert_eq!(chain.name, name("end."));
        let kinds: Vec<RecordType> = chain.aliases.iter().map(Record::record_type).collect();
        assert_eq!(
            kinds,
            [RecordType::DNAME, RecordType::CNAME, RecordType::CNAME]
        );
        assert_eq!(chain.records.len(), 1);
    }

    #[test]
    fn a_dname_that_makes_too_long_a_name_ends_the_chain() {
        let long = vec!["a".repeat(62); 4].join(".") + ".";
        let chain = Chain::read(&question("b.old."), &[dname("old.", &long)], |_| true);
        // Two more bytes make 255, which is allowed.
        assert_eq!((chain.too_long, chain.aliases.len()), (false, 2));
        let chain = Chain::read(&question("bb.old."), &[dname("old.", &long)], |_| true);
        assert!(chain.too_long);
        assert_eq!(chain.aliases, [dname("old.", &long)]);
    }

    #[test]
    fn of_two_dnames_neither_is_followed() {
        let answers = [dname("old.", "one."), dname("old.", "two."), a("b.one.")];
        let chain = Chain::read(&question("b.old."), &answers, |_| true);
        assert!(chain.two_ways && chain.records.is_empty());
        let same = [dname("old.", "one."), dname("old.", "ONE."), a("b.one.")];
        let chain = Chain::read(&question("b.old."), &same, |_| true);
        assert!(!chain.two_ways && chain.records.len() == 1);
    }

    #[test]
    fn thousands_of_aliases_in_one_message_are_not_followed() {
        let answers: Vec<Record> = (0..4000)
            .map(|number| cname(&format!("{number}."), &format!("{}.", number + 1)))
            .collect();
        let chain = Chain::read(&question("0."), &answers, |_| true);
        assert!(chain.loops);
        assert_eq!(chain.aliases.len(), MOST_ALIASES);
    }

    #[test]
    fn a_question_for_the_alias_itself_follows_nothing() {
        let asked = Question::new(name("a."), RecordType::CNAME);
        let chain = Chain::read(&asked, &[cname("a.", "b.")], |_| true);
        assert_eq!(chain.records.len(), 1);
        assert!(chain.aliases.is_empty());
    }
}
