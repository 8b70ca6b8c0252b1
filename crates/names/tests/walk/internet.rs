//! A small Internet on loopback addresses: servers that answer from zones, or as a script says.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, NS, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use sockeye_names::walk::{Asked, Bounds, Hints, Outcome, Said, Step, Stuck, Walked, Walker};
use sockeye_names::{Exchange, Question};

pub(crate) type Script = Box<dyn Fn(&Query, Message) -> Option<Message> + Send>;

/// What a server does with a whole request: the same, or its own bytes.
pub(crate) type RawScript = Box<dyn FnMut(&Message, Message) -> Option<Vec<u8>> + Send>;

/// Servers on 127.0.0.N, all on one port, N from 2 on; 127.0.0.2 is the root.
pub(crate) struct Internet {
    port: u16,
    asked: Arc<AtomicU32>,
    sockets: Vec<UdpSocket>,
    /// For TCP, beside them; who does not serve it leaves its connections waiting.
    listeners: Vec<TcpListener>,
    v6: UdpSocket,
}

impl Internet {
    /// Binds 127.0.0.2 to 127.0.0.`last` and ::1, on a port that is free on all of them.
    pub(crate) fn up_to(last: u8) -> Self {
        for _ in 0..100 {
            let first = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
            let port = first.local_addr().unwrap().port();
            let rest: Result<Vec<UdpSocket>, _> = (3..=last)
                .map(|number| UdpSocket::bind((Ipv4Addr::new(127, 0, 0, number), port)))
                .collect();
            let listeners: Result<Vec<TcpListener>, _> = (2..=last)
                .map(|number| TcpListener::bind((Ipv4Addr::new(127, 0, 0, number), port)))
                .collect();
            let v6 = UdpSocket::bind((Ipv6Addr::LOCALHOST, port));
            if let (Ok(rest), Ok(listeners), Ok(v6)) = (rest, listeners, v6) {
                return Self {
                    port,
                    asked: Arc::default(),
                    sockets: std::iter::once(first).chain(rest).collect(),
                    listeners,
                    v6,
                };
            }
        }
        panic!("no port is free on all addresses");
    }

    /// Lets 127.0.0.`number` answer as `script` says: to a query and an empty answer to it, with what is to be sent.
    pub(crate) fn serve(&self, number: u8, script: Script) {
        self.serve_raw(
            number,
            Box::new(move |request, empty| {
                script(&request.queries[0], empty).map(|answer| answer.to_vec().unwrap())
            }),
        );
    }

    /// Lets 127.0.0.`number` answer with any bytes.
    pub(crate) fn serve_raw(&self, number: u8, script: RawScript) {
        let socket = self.sockets[usize::from(number) - 2].try_clone().unwrap();
        self.serve_on(socket, script);
    }

    /// Lets ::1 answer from a zone.
    pub(crate) fn serve_zone_v6(&self, zone: Zone) {
        self.serve_on(
            self.v6.try_clone().unwrap(),
            Box::new(move |request, empty| {
                let answer = zone.answer(&request.queries[0], empty);
                Some(answer.to_vec().unwrap())
            }),
        );
    }

    fn serve_on(&self, socket: UdpSocket, mut script: RawScript) {
        let asked = Arc::clone(&self.asked);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((len, peer)) = socket.recv_from(&mut buffer) {
                asked.fetch_add(1, Ordering::Relaxed);
                let request = Message::from_vec(&buffer[..len]).unwrap();
                assert!(
                    !request.metadata.recursion_desired
                        || request.queries[0].name.to_ascii().contains("resolver")
                );
                let empty = empty_answer(&request);
                if let Some(answer) = script(&request, empty) {
                    let _ = socket.send_to(&answer, peer);
                }
            }
        });
    }

    /// Lets 127.0.0.`number` answer over TCP, each request that comes first on a connection.
    pub(crate) fn serve_tcp(&self, number: u8, script: Script) {
        let listener = self.listeners[usize::from(number) - 2].try_clone().unwrap();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let request = read_request(&mut stream);
                if let Some(answer) = script(&request.queries[0], empty_answer(&request)) {
                    let is_cut = answer.metadata.truncation;
                    let mut answer = answer.to_vec().unwrap();
                    // What fits no message is left out when it is written: that is no cut of the script's.
                    if !is_cut {
                        answer[2] &= !2;
                    }
                    let len = u16::try_from(answer.len()).unwrap();
                    let _ = stream.write_all(&[&len.to_be_bytes(), &answer[..]].concat());
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
        self.walks(&[name], kind, bounds).remove(0)
    }

    /// One walk after the other, each with what those before have learned.
    pub(crate) fn walk_all(&self, names: &[&str], kind: RecordType) -> Vec<Walked> {
        self.walks(names, kind, Bounds::default())
    }

    fn walks(&self, names: &[&str], kind: RecordType, bounds: Bounds) -> Vec<Walked> {
        let root = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), self.port));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut heard = 0_usize;
        let walked = runtime.block_on(async {
            let exchange = Exchange::default();
            let mut walker =
                Walker::new(&Hints::at(&[root]), exchange, |_| heard += 1).within(bounds);
            let mut walked = Vec::new();
            for name in names {
                let question = Question::new(self::name(name), kind);
                walked.push(walker.walk(&question).await);
            }
            walked
        });
        assert_eq!(heard, walked.iter().map(|walked| walked.steps.len()).sum());
        walked
    }
}

fn empty_answer(request: &Message) -> Message {
    let mut empty = Message::response(request.metadata.id, request.metadata.op_code);
    empty.add_query(request.queries[0].clone());
    empty
}

fn read_request(stream: &mut TcpStream) -> Message {
    let mut len = [0; 2];
    stream.read_exact(&mut len).unwrap();
    let mut request = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut request).unwrap();
    Message::from_vec(&request).unwrap()
}

pub(crate) fn failed(walked: &Walked) -> &Stuck {
    match &walked.outcome {
        Outcome::Failed(stuck) => stuck,
        other => panic!("{other:?}"),
    }
}

/// What each server said, in order.
pub(crate) fn said(walked: &Walked) -> impl Iterator<Item = &Said> {
    asked(walked).map(|asked| &asked.said)
}

/// The steps that are questions.
pub(crate) fn asked(walked: &Walked) -> impl Iterator<Item = &Asked> {
    walked.steps.iter().filter_map(|step| match step {
        Step::Asked(asked) => Some(&**asked),
        _ => None,
    })
}

/// The steps that are questions, as `ZONE@N NAME`.
pub(crate) fn questions(walked: &Walked) -> Vec<String> {
    let each = asked(walked).map(|asked| {
        let address = asked.server.address.ip().to_string();
        let number = address.rsplit('.').next().unwrap();
        let question = &asked.question;
        format!("{}@{number} {question}", asked.zone)
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

/// An answer that is no more than an error code.
pub(crate) fn says(code: ResponseCode) -> Script {
    Box::new(move |_, mut answer| {
        answer.metadata.response_code = code;
        Some(answer)
    })
}

/// Nothing but `record`, with authority, to every question.
pub(crate) fn always(record: Record) -> Script {
    Box::new(move |_, mut answer| {
        answer.metadata.authoritative = true;
        answer.add_answer(record.clone());
        Some(answer)
    })
}

pub(crate) fn aaaa(owner: &str, address: &str) -> Record {
    let address = address.parse().unwrap();
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
