//! Several servers, asked the same at the same time, and who says the same as whom.

use std::collections::BTreeSet;

use hickory_proto::rr::Record;
use tokio::time::Instant;

use crate::exchange::Attempt;
use crate::together::together;
use crate::{Answer, Exchange, NoReply, Question, Server, data_bytes, name_text};

impl Exchange {
    /// Asks every server every question, all at once, until `deadline`: for each server, in order, what it said to each
    /// question, in order.
    pub async fn ask_each(
        &self,
        servers: &[Server],
        questions: &[Question],
        deadline: Instant,
    ) -> Vec<Vec<Result<Answer, NoReply>>> {
        together(servers.iter().map(|server| {
            together(
                questions
                    .iter()
                    .map(|question| self.ask_until(*server, question, deadline)),
            )
        }))
        .await
    }

    /// Asks, and gives up at `deadline` whatever is left of tries and time.
    async fn ask_until(
        &self,
        server: Server,
        question: &Question,
        deadline: Instant,
    ) -> Result<Answer, NoReply> {
        Attempt::new(self, server, question).until(deadline).await
    }
}

/// What an answer says, without what may differ between two servers that agree: the order of the records and what is
/// left of their TTLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    code: u16,
    records: BTreeSet<(String, u16, Vec<u8>)>,
}

impl Said {
    /// By an answer.
    pub fn of(answer: &Answer) -> Self {
        Self {
            code: answer.reply.message.metadata.response_code.into(),
            records: answer.records().map(key).collect(),
        }
    }

    /// Whether it has this record, whatever its TTL.
    pub fn has(&self, record: &Record) -> bool {
        self.records.contains(&key(record))
    }
}

fn key(record: &Record) -> (String, u16, Vec<u8>) {
    (
        name_text(&record.name).to_ascii_lowercase(),
        record.record_type().into(),
        // The capitals of a name in the data make no other record either.
        data_bytes(&lower_case(record)),
    )
}

fn lower_case(record: &Record) -> hickory_proto::rr::RData {
    use hickory_proto::rr::RData;
    use hickory_proto::rr::rdata::{CNAME, MX, NS, PTR};
    match &record.data {
        RData::CNAME(name) => RData::CNAME(CNAME(name.0.to_lowercase())),
        RData::NS(name) => RData::NS(NS(name.0.to_lowercase())),
        RData::PTR(name) => RData::PTR(PTR(name.0.to_lowercase())),
        RData::MX(mx) => RData::MX(MX::new(mx.preference, mx.exchange.to_lowercase())),
        other => other.clone(),
    }
}
