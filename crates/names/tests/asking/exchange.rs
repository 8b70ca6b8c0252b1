//! One question to one server that may be broken or hostile.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::opt::EdnsCode;
use sockeye_model::Errno;
use sockeye_names::{Answer, Exchange, NoReply, Question, Reply, Server, Transport, Verdict};

use crate::scripted::{Scripted, address, answer, bytes, framed, name};

fn question() -> Question {
    Question::new(name("www.test."), RecordType::A)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

/// Asks a server that answers; no busy machine is so slow that the question is repeated.
fn ask(server: &Scripted, transport: Transport) -> Result<Reply, NoReply> {
    ask_within(server, transport, Duration::from_secs(20))
}

/// Asks a server that leaves a question without its answer, with little patience.
fn ask_in_vain(server: &Scripted, transport: Transport) -> Result<Reply, NoReply> {
    ask_within(server, transport, Duration::from_millis(300))
}

fn ask_within(
    server: &Scripted,
    transport: Transport,
    timeout: Duration,
) -> Result<Reply, NoReply> {
    let exchange = Exchange {
        timeout,
        tries: 2,
        ..Exchange::default()
    };
    let server = Server {
        transport,
        address: server.address,
    };
    block_on(exchange.ask(server, &question()))
}

#[test]
fn an_answer_over_udp_is_taken_with_its_way() {
    let server = Scripted::udp(|question| vec![bytes(&address(question, 1))]);
    let reply = ask(&server, Transport::Udp).unwrap();
    assert_eq!(
        (reply.transport, reply.tries, reply.strays),
        (Transport::Udp, 1, 0)
    );
    assert!(!reply.was_cut && !reply.without_edns);
    assert_eq!(reply.size, bytes(&reply.message).len());
    assert_eq!(Answer::of(question(), reply).verdict, Verdict::Records);
    let heard = server.heard.lock().unwrap();
    assert!(heard[0].metadata.recursion_desired);
    assert_eq!(heard[0].edns.as_ref().unwrap().max_payload(), 1232);
    assert_eq!(
        heard[0].queries,
        [Query::query(name("www.test."), RecordType::A)]
    );
}

#[test]
fn answers_with_another_id_or_to_another_question_are_counted_and_not_believed() {
    let server = Scripted::udp(|question| {
        let mut other_id = address(question, 66);
        other_id.metadata.id ^= 1;
        let mut other_name = address(question, 66);
        other_name.queries = vec![Query::query(name("bank.test."), RecordType::A)];
        let mut other_type = address(question, 66);
        other_type.queries = vec![Query::query(name("www.test."), RecordType::MX)];
        let mut two = address(question, 66);
        two.add_query(Query::query(name("www.test."), RecordType::A));
        let no_answer = question.clone();
        let unasked = {
            let mut answer = address(question, 66);
            answer.queries.clear();
            answer
        };
        let lies = [other_id, other_name, other_type, two, no_answer, unasked];
        lies.iter()
            .chain([&address(question, 1)])
            .map(bytes)
            .chain([])
            .collect()
    });
    let reply = ask(&server, Transport::Udp).unwrap();
    assert_eq!(reply.strays, 6);
    let records = Answer::of(question(), reply).chain.records;
    assert_eq!(records[0].data.to_string(), "192.0.2.1");
}

#[test]
fn noise_before_the_answer_does_no_harm() {
    let server = Scripted::udp(|question| {
        vec![
            Vec::new(),
            vec![0],
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            bytes(&address(question, 1)),
        ]
    });
    let reply = ask(&server, Transport::Udp).unwrap();
    assert_eq!(reply.strays, 3);
}

#[test]
fn a_stranger_is_not_heard() {
    // The answer comes from another port than the one that was asked.
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let asked = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = Server::udp(asked.local_addr().unwrap());
    let liar = std::thread::spawn(move || {
        let mut buffer = [0; 512];
        let (len, peer) = asked.recv_from(&mut buffer).unwrap();
        let lie = bytes(&address(&Message::from_vec(&buffer[..len]).unwrap(), 66));
        stranger.send_to(&lie, peer).unwrap();
        asked
    });
    let exchange = Exchange {
        timeout: Duration::from_millis(200),
        tries: 1,
        ..Exchange::default()
    };
    let error = block_on(exchange.ask(server, &question())).unwrap_err();
    assert!(
        matches!(error, NoReply::TimedOut { strays: 0, .. }),
        "{error}"
    );
    liar.join().unwrap();
}

#[test]
fn an_answer_that_was_cut_is_asked_for_again_over_tcp() {
    // Cut where a record begins, and in the middle of one.
    for leftover in [0, 9] {
        let server = Scripted::new(
            move |question| {
                let mut cut = address(question, 66);
                cut.metadata.truncation = true;
                let mut bytes = bytes(&cut);
                bytes.truncate(bytes.len() - leftover);
                vec![bytes]
            },
            |question, stream| {
                // In two pieces, with the length itself cut in two.
                use std::io::Write;
                let whole = framed(&address(question, 1));
                stream.set_nodelay(true).unwrap();
                stream.write_all(&whole[..1]).unwrap();
                stream.write_all(&whole[1..]).unwrap();
            },
        );
        let reply = ask(&server, Transport::Udp).unwrap();
        assert!(reply.was_cut);
        assert_eq!(reply.transport, Transport::Tcp);
        let records = Answer::of(question(), reply).chain.records;
        assert_eq!(records[0].data.to_string(), "192.0.2.1");
        assert_eq!(server.count(), 2);
    }
}

#[test]
fn a_server_that_knows_no_edns_is_asked_again_without() {
    for code in [ResponseCode::FormErr, ResponseCode::NotImp] {
        let server = Scripted::udp(move |question| {
            let mut said = answer(question);
            if question.edns.is_some() {
                said.metadata.response_code = code;
                // It could not read the question, and repeats nothing.
                said.queries.clear();
            } else {
                said = address(question, 1);
            }
            vec![bytes(&said)]
        });
        let reply = ask(&server, Transport::Udp).unwrap();
        assert!(reply.without_edns);
        assert_eq!(reply.message.answers.len(), 1);
        assert_eq!(reply.tries, 2);
    }
}

#[test]
fn a_server_that_refuses_with_edns_and_is_silent_without_has_refused() {
    let server = Scripted::udp(|question| {
        let mut said = answer(question);
        said.metadata.response_code = ResponseCode::FormErr;
        if question.edns.is_some() {
            vec![bytes(&said)]
        } else {
            Vec::new()
        }
    });
    let reply = ask_in_vain(&server, Transport::Udp).unwrap();
    assert_eq!(reply.message.metadata.response_code, ResponseCode::FormErr);
}

#[test]
fn silence_is_bounded_and_the_question_was_repeated() {
    let server = Scripted::udp(|_| Vec::new());
    let began = Instant::now();
    let error = ask_in_vain(&server, Transport::Udp).unwrap_err();
    let took = began.elapsed();
    assert!(matches!(error, NoReply::TimedOut { .. }), "{error}");
    assert!(
        (Duration::from_millis(600)..Duration::from_secs(5)).contains(&took),
        "{took:?}"
    );
    let heard = server.heard.lock().unwrap();
    assert_eq!(heard.len(), 2);
    // Each try is another guess for whoever wants to forge the answer.
    assert_ne!(heard[0].metadata.id, heard[1].metadata.id);
}

#[test]
fn a_flood_of_strays_does_not_prolong_the_wait() {
    let server = Scripted::udp(|question| {
        let mut stray = address(question, 66);
        stray.metadata.id ^= 1;
        vec![bytes(&stray); 300]
    });
    let began = Instant::now();
    let error = ask_in_vain(&server, Transport::Udp).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(5));
    let NoReply::TimedOut { strays, .. } = error else {
        panic!("{error}")
    };
    assert!(strays > 0);
}

#[test]
fn a_second_try_is_answered() {
    let mut count = 0;
    let server = Scripted::udp(move |question| {
        count += 1;
        if count == 1 {
            Vec::new()
        } else {
            vec![bytes(&address(question, 1))]
        }
    });
    assert_eq!(ask_in_vain(&server, Transport::Udp).unwrap().tries, 2);
}

#[test]
fn a_slow_answer_to_the_first_try_counts_while_others_are_open() {
    // It answers the first question only, and not before the third has come.
    let mut first = None;
    let mut count = 0;
    let server = Scripted::udp(move |question| {
        count += 1;
        let first = first.get_or_insert_with(|| bytes(&address(question, 1)));
        match count {
            3 => vec![first.clone()],
            _ => Vec::new(),
        }
    });
    let exchange = Exchange {
        timeout: Duration::from_millis(300),
        tries: 3,
        ..Exchange::default()
    };
    let reply = block_on(exchange.ask(Server::udp(server.address), &question())).unwrap();
    assert_eq!((reply.tries, reply.strays), (3, 0));
    // The time is that of all tries.
    assert!(reply.took >= Duration::from_millis(600), "{:?}", reply.took);
}

#[test]
fn an_answer_that_was_cut_and_is_not_there_over_tcp_is_told_as_both() {
    fn cut(question: &Message) -> Vec<Vec<u8>> {
        let mut cut = answer(question);
        cut.metadata.truncation = true;
        vec![bytes(&cut)]
    }
    let silent = Scripted::new(cut, |_, stream| {
        use std::io::Read;
        let _ = stream.read(&mut [0]);
    });
    let error = ask_in_vain(&silent, Transport::Udp).unwrap_err();
    assert!(
        matches!(&error, NoReply::CutShort { over_tcp, .. } if matches!(**over_tcp, NoReply::TimedOut { .. })),
        "{error}"
    );
}

#[test]
fn an_unreadable_answer_with_the_right_id_ends_the_wait() {
    let server = Scripted::udp(|question| {
        let mut broken = bytes(&address(question, 1));
        broken.truncate(broken.len() - 1);
        vec![broken]
    });
    let began = Instant::now();
    let error = ask(&server, Transport::Udp).unwrap_err();
    assert!(matches!(error, NoReply::Garbage { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_is_no_answer_over_tcp_is_said() {
    let garbage: [fn(&Message) -> Vec<u8>; 4] = [
        |_| b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(800),
        |_| vec![0, 0],
        |question| {
            let mut other = address(question, 66);
            other.metadata.id ^= 1;
            framed(&other)
        },
        |question| {
            let mut other = address(question, 66);
            other.queries = vec![Query::query(name("bank.test."), RecordType::A)];
            framed(&other)
        },
    ];
    for (at, script) in garbage.into_iter().enumerate() {
        let error = ask(&Scripted::tcp(script), Transport::Tcp).unwrap_err();
        assert!(matches!(error, NoReply::Garbage { .. }), "{at}: {error}");
    }
}

#[test]
fn an_answer_that_is_cut_over_tcp_too_is_none() {
    let server = Scripted::tcp(|question| {
        let mut cut = answer(question);
        cut.metadata.truncation = true;
        framed(&cut)
    });
    let Err(NoReply::Garbage { why, .. }) = ask(&server, Transport::Tcp) else {
        panic!("an answer that was cut");
    };
    assert_eq!(why, "cut short (TC), over TCP too");
}

#[test]
fn a_connection_that_is_cut_says_how_much_had_come() {
    for (sent, script) in [
        (0, (|_| Vec::new()) as fn(&Message) -> Vec<u8>),
        (1, |question| framed(&address(question, 1))[..1].to_vec()),
        (20, |question| framed(&address(question, 1))[..20].to_vec()),
    ] {
        let error = ask(&Scripted::tcp(script), Transport::Tcp).unwrap_err();
        assert!(
            matches!(error, NoReply::Ended { got, .. } if got == sent),
            "{error}"
        );
    }
}

#[test]
fn a_connection_that_says_nothing_times_out() {
    let server = Scripted::new(
        |_| Vec::new(),
        |_, stream| {
            // Until the other side has had enough.
            use std::io::Read;
            let _ = stream.read(&mut [0]);
        },
    );
    let error = ask_in_vain(&server, Transport::Tcp).unwrap_err();
    assert!(matches!(error, NoReply::TimedOut { .. }), "{error}");
}

#[test]
fn a_closed_port_refuses_over_both() {
    // The port is a socket's that talks to itself alone: nobody else can get it, over UDP.
    let socket = UdpSocket::bind("127.77.1.1:0").unwrap();
    let closed = socket.local_addr().unwrap();
    socket.connect(closed).unwrap();
    for transport in [Transport::Udp, Transport::Tcp] {
        let server = Server {
            transport,
            address: closed,
        };
        let error = block_on(Exchange::default().ask(server, &question())).unwrap_err();
        let NoReply::Call { source, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(source.errno(), Errno::ECONNREFUSED);
    }
}

#[test]
fn what_a_server_adds_to_its_error_is_read() {
    use hickory_proto::op::Edns;
    use hickory_proto::rr::rdata::opt::EdnsOption;
    let server = Scripted::udp(|question| {
        let mut said = answer(question);
        said.metadata.response_code = ResponseCode::ServFail;
        let mut edns = Edns::new();
        edns.options_mut()
            .insert(EdnsOption::Unknown(15, b"\0\x06no\x1b[2J\0".to_vec()));
        said.set_edns(edns);
        vec![bytes(&said)]
    });
    let reply = ask(&server, Transport::Udp).unwrap();
    assert!(
        reply
            .message
            .edns
            .as_ref()
            .unwrap()
            .option(EdnsCode::Unknown(15))
            .is_some()
    );
    let answer = Answer::of(question(), reply);
    assert_eq!(answer.verdict, Verdict::Error(ResponseCode::ServFail));
    let errors = answer.extended_errors();
    assert_eq!((errors[0].code, errors[0].text.as_str()), (6, "no\x1b[2J"));
}
