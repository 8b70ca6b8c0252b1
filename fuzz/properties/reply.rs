//! What holds for any bytes that may be a name server's answer; the fuzz target and the ordinary tests both check it.

use sockeye_names::walk::{Referral, Said, understood};
use sockeye_names::{
    Chain, Message, Name, Question, Record, RecordType, read_message, record_text,
};

/// Panics if what is made of `bytes` breaks a promise of a walk: a server is believed about its own zone alone, and no
/// answer leads on for ever.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(message) = read_message(bytes) else {
        return;
    };
    for record in message.answers.iter().chain(&message.authorities) {
        assert!(!record_text(record).contains(['\n', '\x1b']));
    }
    let asked = message.queries.first();
    let name = asked.map_or_else(Name::root, |query| query.name().clone());
    let kind = asked.map_or(RecordType::A, |query| query.query_type());
    for kind in [kind, RecordType::A, RecordType::NS, RecordType::ANY] {
        let question = Question::new(name.clone(), kind);
        let mut zone = question.name.clone();
        loop {
            check_chain(&question, &zone, &message);
            check_said(&question, &zone, &message);
            if zone.is_root() {
                break;
            }
            zone = zone.base_name();
        }
    }
}

fn check_chain(question: &Question, zone: &Name, message: &Message) {
    let chain = Chain::read(question, &message.answers, |owner| zone.zone_of(owner));
    assert!(chain.aliases.len() <= 2 * 64 + 1, "{}", chain.aliases.len());
    assert_own(&chain.aliases, zone);
    assert_own(&chain.records, zone);
    assert!(chain.records.iter().all(|record| record.name == chain.name));
    assert!(!chain.loops || chain.records.is_empty());
    if chain.aliases.is_empty() {
        assert_eq!(chain.name, question.name);
    }
}

fn check_said(question: &Question, zone: &Name, message: &Message) {
    match understood(question, zone, message) {
        Said::Answer { aliases, records } => {
            assert!(!records.is_empty());
            assert_own(&aliases, zone);
            assert_own(&records, zone);
            let right = |record: &Record| {
                record.record_type() == question.kind || question.kind == RecordType::ANY
            };
            assert!(records.iter().all(right));
        }
        Said::Alias { aliases, .. } => assert!(!aliases.is_empty()),
        Said::Referral(referral) => check_referral(question, zone, &referral),
        Said::NoData(proof) | Said::NoSuchName(proof) => {
            if let Some((owner, _)) = proof.soa {
                assert!(zone.zone_of(&owner) && owner.zone_of(&question.name));
            }
        }
        Said::Lame(_) => {}
        Said::Nothing(_) => unreachable!("there is a message"),
    }
}

/// Down, and not past the name: so there are no more of them than the name has labels.
fn check_referral(question: &Question, zone: &Name, referral: &Referral) {
    assert!(zone.zone_of(&referral.zone) && *zone != referral.zone);
    assert!(referral.zone.zone_of(&question.name));
    assert!(referral.servers.len() <= 20);
    for server in &referral.servers {
        assert!(server.glue.len() + server.foreign_glue.len() <= 8);
        assert!(server.glue.is_empty() || zone.zone_of(&server.name));
    }
}

fn assert_own(records: &[Record], zone: &Name) {
    for record in records {
        // A CNAME that a DNAME stands for is at the name that was asked, or at one that an alias has led to.
        let made = record.record_type() == RecordType::CNAME;
        assert!(zone.zone_of(&record.name) || made, "{record}");
    }
}
