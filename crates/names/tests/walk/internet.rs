//! A small Internet on loopback addresses: servers that answer from zones, or as a script says.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, NS, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use sockeye_names::walk::{Bounds, Hints, Step, Walked, Walker};
use sockeye_names::{Exchange, Question};

pub(crate) type Script = Box<dyn Fn(&Query, Message) -> Option<Message> + Send>;

/// Servers on 127.0.0.N, all on one port, N from 2 on; 127.0.0.2 is the root.
pub(crate) struct Internet {
    port: u16,
    asked: Arc<AtomicU32>,
    sockets: Vec<UdpSocket>,
}

impl Internet {
    /// Binds 127.0.0.2 to 127.0.0.`last`, on a port that is free on all of them.
    pub(crate) fn up_to(last: u8) -> Self {
        for _ in 0..100 {
            let first = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
            let port = first.local_addr().unwrap().port();
            let rest: Result<Vec<UdpSocket>, _> = (3..=last)
                .map(|number| UdpSocket::bind((Ipv4Addr::new(127, 0, 0, number), port)))
                .collect();
            if let Ok(rest) = rest {
                return Self {
                    port,
                    asked: Arc::default(),
                    sockets: std::iter::once(first).chain(rest).collect(),
                };
            }
        }
        panic!("no port is free on all addresses");
    }

    /// Lets 127.0.0.`number` answer as `script` says: to a query and an empty answer to it, with what is to be sent.
    pub(crate) fn serve(&self, number: u8, script: Script) {
        let socket = self.sockets[usize::from(number) - 2].try_clone().unwrap();
        let asked = Arc::clone(&self.asked);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((len, peer)) = socket.recv_from(&mut buffer) {
                asked.fetch_add(1, Ordering::Relaxed);
                let request = Message::from_vec(&buffer[..len]).unwrap();
                let query = request.queries[0].clone();
                assert!(
                    !request.metadata.recursion_desired
                        || query.name.to_ascii().contains("resolver")
                );
                let mut empty = Message::response(request.metadata.id, request.metadata.op_code);
                empty.add_query(query.clone());
                if let Some(answer) = script(&query, empty) {
                    let _ = socket.send_to(&answer.to_vec().unwrap(), peer);
                }
            }
        });
    }

    /// Lets 127.0.0.`number` answer from a zone.
    pub(crate) fn serve_zone(&self, number: u8, zone: Zone) {
        self.serve(
            number,
            Box::new(move |query, answer| Some(zone.answer(query, answer))),
        );
    }

    /// How many questions all servers together have been asked.
    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Walks from the root, with what is told on the way.
    pub(crate) fn walk(&self, name: &str, kind: RecordType) -> Walked {
        self.walk_within(name, kind, Bounds::default())
    }

    pub(crate) fn walk_within(&self, name: &str, kind: RecordType, bounds: Bounds) -> Walked {
        let root = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), self.port));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut heard = 0;
        let walked = runtime.block_on(async {
            let exchange = Exchange {
                timeout: Duration::from_millis(300),
                ..Exchange::default()
            };
            let mut walker =
                Walker::new(&Hints::at(&[root]), exchange, |_| heard += 1).within(bounds);
            walker.walk(&Question::new(self::name(name), kind)).await
        });
        assert_eq!(heard, walked.steps.len());
        walked
    }
}

/// The steps that are questions, as `ZONE@N NAME`.
pub(crate) fn questions(walked: &Walked) -> Vec<String> {
    let each = walked.steps.iter().filter_map(|step| match step {
        Step::Asked(asked) => Some(format!(
            "{}@{} {} {}",
            asked.zone,
            asked
                .server
                .address
                .ip()
                .to_string()
                .rsplit('.')
                .next()
                .unwrap(),
            asked.question.name,
            asked.question.kind,
        )),
        _ => None,
    });
    each.collect()
}

/// A zone that is answered from with authority.
#[derive(Clone)]
pub(crate) struct Zone {
    apex: Name,
    records: Vec<Record>,
}

impl Zone {
    pub(crate) fn new(apex: &str) -> Self {
        Self {
            apex: name(apex),
            records: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, record: Record) -> Self {
        self.records.push(record);
        self
    }

    /// A zone cut, and its one server, with an address of 127.0.0.`number` as glue unless it is 0.
    pub(crate) fn delegate(mut self, cut: &str, server: &str, number: u8) -> Self {
        self.records.push(ns(cut, server));
        if number != 0 {
            self.records.push(a(server, number));
        }
        self
    }

    fn answer(&self, query: &Query, mut answer: Message) -> Message {
        let cut = self.records.iter().find(|record| {
            record.record_type() == RecordType::NS
                && record.name != self.apex
                && record.name.zone_of(&query.name)
                && !(query.query_type == RecordType::DS && record.name == query.name)
        });
        if let Some(cut) = cut {
            for record in self
                .records
                .iter()
                .filter(|record| record.record_type() == RecordType::NS)
            {
                if record.name == cut.name {
                    answer.add_authority(record.clone());
                    let RData::NS(server) = &record.data else {
                        unreachable!()
                    };
                    for glue in self.records.iter().filter(|glue| glue.name == server.0) {
                        answer.add_additional(glue.clone());
                    }
                }
            }
            return answer;
        }
        answer.metadata.authoritative = true;
        let mut owner = query.name.clone();
        for _ in 0..8 {
            let here: Vec<&Record> = self
                .records
                .iter()
                .filter(|record| record.name == owner)
                .collect();
            let alias = here.iter().find_map(|record| match &record.data {
                RData::CNAME(target) => Some((*record, target.0.clone())),
                _ => None,
            });
            match alias {
                Some((record, target)) if query.query_type != RecordType::CNAME => {
                    answer.add_answer(record.clone());
                    owner = target;
                }
                _ => {
                    for record in &here {
                        if record.record_type() == query.query_type {
                            answer.add_answer((*record).clone());
                        }
                    }
                    if answer.answers.is_empty() {
                        answer.add_authority(soa(&self.apex));
                    }
                    let below = self
                        .records
                        .iter()
                        .any(|record| owner.zone_of(&record.name));
                    if !below && owner != self.apex && self.apex.zone_of(&owner) {
                        answer.metadata.response_code = ResponseCode::NXDomain;
                    }
                    break;
                }
            }
        }
        answer
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

pub(crate) fn a(owner: &str, number: u8) -> Record {
    Record::from_rdata(name(owner), 60, RData::A(A::new(127, 0, 0, number)))
}

pub(crate) fn aaaa(owner: &str) -> Record {
    let address = "2001:db8::1".parse().unwrap();
    Record::from_rdata(name(owner), 60, RData::AAAA(AAAA(address)))
}

pub(crate) fn ns(owner: &str, server: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::NS(NS(name(server))))
}

pub(crate) fn cname(owner: &str, target: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
}

pub(crate) fn soa(apex: &Name) -> Record {
    let data = SOA::new(apex.clone(), apex.clone(), 1, 2, 3, 4, 30);
    Record::from_rdata(apex.clone(), 60, RData::SOA(data))
}
