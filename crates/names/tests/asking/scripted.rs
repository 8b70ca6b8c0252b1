//! A name server that does what a test tells it, on sockets of the standard library.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::{A, SOA};
use hickory_proto::rr::{Name, RData, Record};

/// A question as it came, over UDP or TCP.
pub(crate) type Heard = Arc<Mutex<Vec<Message>>>;

/// Runs until it is dropped.
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    /// Every question, in the order they came.
    pub(crate) heard: Heard,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Scripted {
    /// Answers each datagram with what `udp` says to it, nothing or several messages, and each connection with `tcp`.
    pub(crate) fn new(
        udp: impl FnMut(&Message) -> Vec<Vec<u8>> + Send + 'static,
        tcp: impl FnMut(&Message, &mut TcpStream) + Send + 'static,
    ) -> Self {
        Self::at(Ipv4Addr::LOCALHOST, 0, udp, tcp).unwrap()
    }

    /// The same at an address; `None` when the port is taken there.
    pub(crate) fn at(
        ip: Ipv4Addr,
        port: u16,
        mut udp: impl FnMut(&Message) -> Vec<Vec<u8>> + Send + 'static,
        mut tcp: impl FnMut(&Message, &mut TcpStream) + Send + 'static,
    ) -> Option<Self> {
        let (datagrams, connections) = (0..50).find_map(|_| {
            let datagrams = UdpSocket::bind((ip, port)).ok()?;
            let connections = TcpListener::bind(datagrams.local_addr().ok()?).ok()?;
            Some((datagrams, connections))
        })?;
        let address = datagrams.local_addr().unwrap();
        let heard = Heard::default();
        let over = Arc::new(AtomicBool::new(false));
        let (heard_udp, heard_tcp) = (heard.clone(), heard.clone());
        let (over_udp, over_tcp) = (over.clone(), over.clone());
        let udp = std::thread::spawn(move || {
            let mut buffer = [0; 65_535];
            // An answer goes to whoever has asked with its id, also when it comes late.
            let mut askers = HashMap::new();
            loop {
                let (len, peer) = datagrams.recv_from(&mut buffer).unwrap();
                if over_udp.load(Ordering::SeqCst) {
                    return;
                }
                let question = Message::from_vec(&buffer[..len]).unwrap();
                heard_udp.lock().unwrap().push(question.clone());
                askers.insert(question.metadata.id.to_be_bytes().to_vec(), peer);
                for answer in udp(&question) {
                    let asker = askers
                        .get(answer.get(..2).unwrap_or_default())
                        .unwrap_or(&peer);
                    datagrams.send_to(&answer, asker).unwrap();
                }
            }
        });
        let tcp = std::thread::spawn(move || {
            for stream in connections.incoming() {
                if over_tcp.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let mut len = [0; 2];
                // Somebody who leaves at once has asked nothing.
                if stream.read_exact(&mut len).is_err() {
                    continue;
                }
                let mut question = vec![0; usize::from(u16::from_be_bytes(len))];
                stream.read_exact(&mut question).unwrap();
                let question = Message::from_vec(&question).unwrap();
                heard_tcp.lock().unwrap().push(question.clone());
                tcp(&question, &mut stream);
            }
        });
        Some(Self {
            address,
            heard,
            over,
            threads: vec![udp, tcp],
        })
    }

    /// Over UDP only.
    pub(crate) fn udp(udp: impl FnMut(&Message) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        Self::new(udp, |_, _| {})
    }

    /// Over TCP only: the bytes that are written to the connection, which then ends.
    pub(crate) fn tcp(mut tcp: impl FnMut(&Message) -> Vec<u8> + Send + 'static) -> Self {
        Self::new(
            |_| Vec::new(),
            move |question, stream| stream.write_all(&tcp(question)).unwrap(),
        )
    }

    /// How many questions have come.
    pub(crate) fn count(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let ip: IpAddr = self.address.ip();
        let waker = UdpSocket::bind((ip, 0)).unwrap();
        waker.send_to(b"", self.address).unwrap();
        let _woken = TcpStream::connect(self.address).unwrap();
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// An answer to this question, still empty.
pub(crate) fn answer(question: &Message) -> Message {
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.add_queries(question.queries.clone());
    answer.metadata.recursion_available = true;
    answer
}

/// One with an address.
pub(crate) fn address(question: &Message, last: u8) -> Message {
    let mut answer = answer(question);
    let owner = question.queries[0].name().clone();
    answer.add_answer(Record::from_rdata(
        owner,
        60,
        RData::A(A::new(192, 0, 2, last)),
    ));
    answer
}

/// The zone's record that proves a "no".
pub(crate) fn proof(mut answer: Message) -> Message {
    let soa = SOA::new(name("ns.test."), name("host.test."), 1, 2, 3, 4, 5);
    answer.add_authority(Record::from_rdata(name("test."), 60, RData::SOA(soa)));
    answer
}

pub(crate) fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().unwrap()
}

/// A message with its length before it.
pub(crate) fn framed(message: &Message) -> Vec<u8> {
    let bytes = bytes(message);
    let len = u16::try_from(bytes.len()).unwrap();
    [&len.to_be_bytes(), bytes.as_slice()].concat()
}
