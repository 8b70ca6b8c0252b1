//! What a view is told: each message, and behind it what it says.

use std::io::{self, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};

use hickory_proto::rr::RecordType;
use sockeye_model::{Event, Flow, Kind, Note, Sink, Tally, Wants};

use crate::message::{framed, question};
use crate::server::{PATIENCE, Server, file, zones};

/// Messages and their meanings, in the order they were told.
struct Words(Arc<Mutex<Vec<String>>>);

impl Sink for Words {
    fn wants(&self) -> Wants {
        Wants::EACH_IO
    }

    fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        let word = match &event.kind {
            Kind::Received { .. } => "received".to_owned(),
            Kind::Sent { .. } => "sent".to_owned(),
            Kind::Noted(Note::Meaning { protocol, text }) => format!("{protocol}: {text}"),
            _ => return Ok(Flow::Continue),
        };
        self.0.lock().unwrap().push(word);
        Ok(Flow::Continue)
    }
}

/// What is told while `talk` runs.
fn told(scheme: &str, talk: impl FnOnce(&Server)) -> Vec<String> {
    let words = Arc::new(Mutex::new(Vec::new()));
    let sink = Box::new(Words(Arc::clone(&words)));
    let (tap, viewer) =
        sockeye_tap::start(vec![sink], sockeye_tap::Policy::Lossless, None).unwrap();
    let server = Server::told(&zones(&[file("corners.zone")]), scheme, 0, None, tap);
    talk(&server);
    server.stop();
    viewer.finish(Tally::default(), None).unwrap();
    let words = words.lock().unwrap();
    words.clone()
}

#[test]
fn a_datagram_and_its_answer_are_each_followed_by_what_they_say() {
    let words = told("udp", |server| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(server.at).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        for name in ["alias.corners.test.", "none.corners.test."] {
            socket
                .send(&question(1, name, RecordType::A, None))
                .unwrap();
            socket.recv(&mut [0; 512]).unwrap();
        }
    });
    assert_eq!(
        words,
        [
            "received",
            "dns: alias.corners.test. A?",
            "sent",
            "dns: NOERROR aa: alias.corners.test. CNAME mail.corners.test., mail.corners.test. A 192.0.2.3",
            "received",
            "dns: none.corners.test. A?",
            "sent",
            "dns: NXDOMAIN aa: corners.test. SOA",
        ]
    );
}

#[test]
fn so_are_the_messages_in_a_stream() {
    let words = told("tcp", |server| {
        let mut stream = TcpStream::connect(server.at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let query = question(1, "www.sub.corners.test.", RecordType::A, None);
        stream.write_all(&framed(&query)).unwrap();
        let mut len = [0; 2];
        stream.read_exact(&mut len).unwrap();
        stream
            .read_exact(&mut vec![0; usize::from(u16::from_be_bytes(len))])
            .unwrap();
    });
    assert_eq!(words[0], "received");
    assert_eq!(words[1], "dns: www.sub.corners.test. A?");
    assert_eq!(words[2], "sent");
    assert!(
        words[3].starts_with("dns: NOERROR: → sub.corners.test. NS "),
        "{words:?}"
    );
}
