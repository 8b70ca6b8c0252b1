//! From the octets of a query to the octets of its reply.

use std::sync::Arc;

use hickory_proto::op::{Edns, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, RecordType};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder};

use sockeye_names::UDP_PAYLOAD;

use super::answer::{Answer, Part, answer};
use super::cache::Cache;
use super::zone::Zones;

/// Over what a query came: it decides how long a reply may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams: 512 octets, or what EDNS says, up to [`UDP_PAYLOAD`].
    Udp,
    /// A stream: up to 65535 octets.
    Stream,
}

/// Answers queries from its zones.
///
/// ```
/// use std::{path::Path, sync::Arc};
/// use sockeye_serve::dns::{Responder, Transport, Zone, Zones};
/// let text = b"$TTL 1h\n@ SOA ns hostmaster 1 1h 15m 4w 5m\n  NS ns\nns A 192.0.2.1\n";
/// let zone = Zone::parse(text, Path::new("river.zone"), Some("river.example"))?;
/// let mut responder = Responder::new(Arc::new(Zones::new([zone])?));
/// // ns.river.example, type A, class IN; id 7.
/// let query = b"\0\x07\0\0\0\x01\0\0\0\0\0\0\x02ns\x05river\x07example\0\0\x01\0\x01";
/// let reply = responder.reply(query, Transport::Udp).expect("a query has a reply");
/// assert_eq!((reply[1], &reply[6..8]), (7, &[0, 1][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Responder {
    zones: Arc<Zones>,
    cache: Cache,
    reply: Vec<u8>,
}

impl Responder {
    /// A responder for these zones.
    pub fn new(zones: Arc<Zones>) -> Self {
        Self {
            zones,
            cache: Cache::new(),
            reply: Vec::new(),
        }
    }

    /// The reply to a query; `None` for what must not be answered: a reply, or what has not even a header.
    ///
    /// It never fails: what is no query gets FORMERR, other operations NOTIMP, names of other zones REFUSED.
    pub fn reply(&mut self, query: &[u8], transport: Transport) -> Option<&[u8]> {
        if !is_query(query) {
            return None;
        }
        if transport == Transport::Udp && self.cache.copy(query, &mut self.reply) {
            return Some(&self.reply);
        }
        make(&self.zones, query, transport, &mut self.reply);
        if transport == Transport::Udp {
            self.cache.keep(query, &self.reply);
        }
        Some(&self.reply)
    }
}

/// The reply, made anew; whether there is one.
pub(crate) fn reply_into(
    zones: &Zones,
    query: &[u8],
    transport: Transport,
    out: &mut Vec<u8>,
) -> bool {
    let is_query = is_query(query);
    if is_query {
        make(zones, query, transport, out);
    }
    is_query
}

/// Whether these octets have a header, and it is not a response's: RFC 1035, section 4.1.1.
fn is_query(octets: &[u8]) -> bool {
    octets.len() >= HEADER && octets[2] & QR == 0
}

/// Writes the reply to a query that has a header.
fn make(zones: &Zones, query: &[u8], transport: Transport, out: &mut Vec<u8>) {
    let opcode = OpCode::from_u8(query[2] >> 3 & 0x0f);
    if opcode != OpCode::Query {
        return refuse(query, ResponseCode::NotImp, out);
    }
    let Ok(message) = sockeye_names::read_message(query) else {
        return refuse(query, ResponseCode::FormErr, out);
    };
    let [question] = &message.queries[..] else {
        return refuse(query, ResponseCode::FormErr, out);
    };
    if message.metadata.message_type != MessageType::Query || !message.answers.is_empty() {
        return refuse(query, ResponseCode::FormErr, out);
    }
    let edns = message.edns.as_ref();
    let limit = match (transport, edns) {
        (Transport::Stream, _) => u16::MAX,
        (Transport::Udp, None) => 512,
        (Transport::Udp, Some(edns)) => edns.max_payload().clamp(512, UDP_PAYLOAD),
    };
    let kind = question.query_type();
    let said = if edns.is_some_and(|edns| edns.version() > 0) {
        Answer::of_code(ResponseCode::BADVERS)
    } else if question.query_class() != DNSClass::IN
        || matches!(kind, RecordType::AXFR | RecordType::IXFR)
    {
        Answer::of_code(ResponseCode::Refused)
    } else {
        answer(zones, question.name(), kind)
    };
    let reply = Reply {
        query,
        question,
        edns: edns.map(|edns| Opt {
            code: said.code,
            wants_dnssec: edns.flags().dnssec_ok,
        }),
        limit,
    };
    if reply.write(&said, out).is_none() {
        refuse(query, ResponseCode::ServFail, out);
    }
}

/// A header and nothing else.
fn refuse(query: &[u8], code: ResponseCode, out: &mut Vec<u8>) {
    out.clear();
    out.extend(&query[..2]);
    out.extend([query[2] & (OPCODE | RD) | QR, code.low()]);
    out.extend([0; 8]);
}

/// What goes round the records.
struct Reply<'q> {
    query: &'q [u8],
    question: &'q Query,
    edns: Option<Opt>,
    limit: u16,
}

/// The OPT record: RFC 6891, section 6.1.
struct Opt {
    code: ResponseCode,
    wants_dnssec: bool,
}

impl Reply<'_> {
    /// `None` when not even the question fits, or a record is broken.
    fn write(&self, said: &Answer<'_>, out: &mut Vec<u8>) -> Option<()> {
        out.clear();
        let opt = if self.edns.is_some() { OPT } else { 0 };
        let mut encoder = BinEncoder::new(out);
        encoder.set_max_size(self.limit - opt);
        encoder.emit_vec(&[0; HEADER]).ok()?;
        self.question.emit(&mut encoder).ok()?;
        let mut counts = [1_u16, 0, 0, 0];
        let truncated = 'sections: {
            for part in &said.answer {
                match add(&mut encoder, part) {
                    Some(count) => counts[1] += count,
                    None => break 'sections true,
                }
            }
            for part in &said.authority {
                match add(&mut encoder, part) {
                    Some(count) => counts[2] += count,
                    None if said.needs_authority => break 'sections true,
                    None => break 'sections false,
                }
            }
            for part in &said.additional {
                match add(&mut encoder, part) {
                    Some(count) => counts[3] += count,
                    // RFC 9471, section 3.1: a referral without all its glue is truncated.
                    None => break 'sections said.is_referral(),
                }
            }
            false
        };
        if let Some(opt) = &self.edns {
            encoder.set_max_size(self.limit);
            let mut edns = Edns::new();
            edns.set_max_payload(UDP_PAYLOAD)
                .set_rcode_high(opt.code.high())
                .set_dnssec_ok(opt.wants_dnssec);
            edns.emit(&mut encoder).ok()?;
            counts[3] += 1;
        }
        drop(encoder);
        out[..2].copy_from_slice(&self.query[..2]);
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        out[2] =
            QR | self.query[2] & (OPCODE | RD) | flag(said.authoritative, AA) | flag(truncated, TC);
        // RFC 4035, section 3.1.6: AD and CD are clear in an authoritative response.
        out[3] = said.code.low();
        for (slot, count) in out[4..HEADER].chunks_exact_mut(2).zip(counts) {
            slot.copy_from_slice(&count.to_be_bytes());
        }
        Some(())
    }
}

/// Adds all records of a name and type, or none: RFC 2181, section 9. How many, or `None` where there is no room.
fn add(encoder: &mut BinEncoder<'_>, part: &Part<'_>) -> Option<u16> {
    let start = encoder.offset();
    for data in &*part.data {
        let added = (|| {
            part.owner.emit(encoder)?;
            part.kind.emit(encoder)?;
            DNSClass::IN.emit(encoder)?;
            encoder.emit_u32(part.ttl)?;
            let place = encoder.place::<u16>()?;
            data.emit(encoder)?;
            let len = encoder.len_since_place(&place) as u16;
            place.replace(encoder, len)
        })();
        if added.is_err() {
            encoder.set_offset(start);
            encoder.trim();
            return None;
        }
    }
    u16::try_from(part.data.len()).ok()
}

/// The octets of a header.
const HEADER: usize = 12;
/// The octets of an OPT record without options.
const OPT: u16 = 11;
/// In the third octet: this is a response; the operation; an authoritative answer; cut; recursion is wanted.
const QR: u8 = 0x80;
const OPCODE: u8 = 0x78;
const AA: u8 = 0x04;
const TC: u8 = 0x02;
const RD: u8 = 0x01;
