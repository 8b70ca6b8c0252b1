//! Servers that do not know EDNS, in each way of not knowing it (RFC 6891 section 7).

use hickory_proto::op::{Edns, Message, ResponseCode};
use hickory_proto::rr::RecordType;
use sockeye_names::walk::Walked;

use crate::internet::{Internet, Zone, a, asked, failed};

/// Walks to a zone whose server treats a question with EDNS as `to_edns` says, and answers one without.
fn walk_past(to_edns: impl Fn(Message) -> Option<Message> + Send + 'static) -> Walked {
    let net = Internet::up_to(3);
    net.serve_zone(2, Zone::new(".").delegate("test.", "ns.test.", 3));
    net.serve_raw(
        3,
        Box::new(move |request, mut answer| {
            let answer = match request.edns {
                Some(_) => to_edns(answer),
                None => {
                    answer.metadata.authoritative = true;
                    answer.add_answer(a("www.test.", 9));
                    Some(answer)
                }
            };
            answer.map(|answer| answer.to_vec().unwrap())
        }),
    );
    net.walk("www.test", RecordType::A)
}

fn assert_answered_without(walked: &Walked) {
    assert_eq!(walked.records, [a("www.test.", 9)]);
    let facts = asked(walked)
        .filter(|asked| !asked.for_zone)
        .filter_map(|asked| asked.reply)
        .last()
        .unwrap();
    assert!(facts.without_edns);
}

#[test]
fn a_server_that_finds_edns_wrong_is_asked_without() {
    for code in [ResponseCode::FormErr, ResponseCode::NotImp] {
        assert_answered_without(&walk_past(move |mut answer| {
            answer.metadata.response_code = code;
            Some(answer)
        }));
    }
}

#[test]
fn a_server_that_can_not_even_repeat_the_question_is_asked_without() {
    assert_answered_without(&walk_past(|mut answer| {
        answer.metadata.response_code = ResponseCode::FormErr;
        answer.queries.clear();
        Some(answer)
    }));
}

#[test]
fn a_server_that_knows_another_version_is_asked_without() {
    assert_answered_without(&walk_past(|mut answer| {
        answer.metadata.response_code = ResponseCode::BADVERS;
        answer.set_edns(Edns::new());
        Some(answer)
    }));
}

#[test]
fn a_server_that_is_silent_to_edns_is_asked_without() {
    assert_answered_without(&walk_past(|_| None));
}

#[test]
fn a_server_that_knows_edns_and_finds_the_question_wrong_is_believed() {
    let walked = walk_past(|mut answer| {
        answer.metadata.response_code = ResponseCode::FormErr;
        answer.set_edns(Edns::new());
        Some(answer)
    });
    failed(&walked);
}
