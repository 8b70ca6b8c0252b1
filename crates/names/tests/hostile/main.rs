//! One question to a server that means no good: what it sends is bounded in time and in what it costs.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails there")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use hickory_proto::rr::{Name, RecordType};
use sockeye_names::{Exchange, NoReply, Question, Reply, Server, Transport};

/// How long a question may take at most, its own time-out and a slow machine allowed for.
const SOON: Duration = Duration::from_secs(8);

/// Asks a server that is to answer.
fn ask(server: Server) -> Result<Reply, NoReply> {
    ask_within(server, SOON / 2)
}

/// Asks a server that is to be given up.
fn ask_in_vain(server: Server) -> Result<Reply, NoReply> {
    ask_within(server, Duration::from_millis(300))
}

fn ask_within(server: Server, timeout: Duration) -> Result<Reply, NoReply> {
    let exchange = Exchange {
        timeout,
        tries: 1,
        ..Exchange::default()
    };
    let question = Question::new(Name::from_ascii("www.test.").unwrap(), RecordType::A);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let began = Instant::now();
    let reply = runtime.block_on(exchange.ask(server, &question));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    reply
}

/// A server that does with the first question over UDP what it likes.
fn udp(script: impl FnOnce(&UdpSocket, Vec<u8>) + Send + 'static) -> Server {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = Server::udp(socket.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        let (len, peer) = socket.recv_from(&mut buffer).unwrap();
        socket.connect(peer).unwrap();
        script(&socket, buffer[..len].to_vec());
    });
    server
}

/// A server that does with the first question over TCP what it likes.
fn tcp(script: impl FnOnce(TcpStream, Vec<u8>) + Send + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut len = [0; 2];
        stream.read_exact(&mut len).unwrap();
        let mut request = vec![0; usize::from(u16::from_be_bytes(len))];
        stream.read_exact(&mut request).unwrap();
        script(stream, request);
    });
    Server {
        transport: Transport::Tcp,
        address,
    }
}

/// The header and question of an answer to `request`, with these numbers of records.
fn begun(request: &[u8], answers: u16) -> Vec<u8> {
    let question = request[12..].iter().position(|byte| *byte == 0).unwrap() + 12 + 5;
    let mut answer = request[..question].to_vec();
    answer[2] = 0x84;
    answer[3] = 0;
    answer[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
    answer[6..8].copy_from_slice(&answers.to_be_bytes());
    answer
}

#[test]
fn stray_datagrams_without_end_do_not_lengthen_the_wait() {
    let server = udp(|socket, request| {
        // With the right id, so that each costs more to read than to send, and there is always another.
        let mut stray = begun(&request, 0);
        stray[13] ^= 1;
        // Until nobody is there to be answered, and never longer than the test.
        let began = Instant::now();
        while began.elapsed() < 2 * SOON && socket.send(&stray).is_ok() {}
    });
    match ask_in_vain(server) {
        Err(NoReply::TimedOut { strays, .. }) => assert!(strays > 100, "{strays}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_answer_is_found_among_strays() {
    let server = udp(|socket, request| {
        let good = begun(&request, 0);
        let mut another_id = good.clone();
        another_id[1] ^= 1;
        let mut another_name = good.clone();
        another_name[13] ^= 1;
        for datagram in [&[][..], &good[..1], &another_id, &another_name, &request] {
            socket.send(datagram).unwrap();
        }
        socket.send(&good).unwrap();
    });
    assert_eq!(ask(server).unwrap().strays, 5);
}

#[test]
fn a_server_that_sends_a_byte_now_and_then_is_given_up() {
    let server = tcp(|mut stream, request| {
        let answer = begun(&request, 0);
        stream.write_all(&65_535_u16.to_be_bytes()).unwrap();
        // The client says nothing: waiting to hear from it is the pause between two bytes.
        stream
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        for byte in answer.iter().cycle().take(1000) {
            let over = stream.read(&mut [0; 1]).is_ok();
            if over || stream.write_all(&[*byte]).is_err() {
                break;
            }
        }
    });
    assert!(matches!(ask_in_vain(server), Err(NoReply::TimedOut { .. })));
}

#[test]
fn an_answer_of_65_535_bytes_and_thousands_of_records_is_read() {
    let server = tcp(|mut stream, request| {
        let record = [
            &[0xc0, 12][..],
            &[0, 1, 0, 1, 0, 0, 0, 60, 0, 4],
            &[192, 0, 2, 1],
        ]
        .concat();
        let mut answer = begun(&request, 0);
        let count = (65_535 - answer.len()) / record.len();
        answer = begun(&request, u16::try_from(count).unwrap());
        for number in 0..count {
            answer.extend_from_slice(&record[..14]);
            answer.extend_from_slice(&u16::try_from(number).unwrap().to_be_bytes());
        }
        let len = u16::try_from(answer.len()).unwrap();
        stream.write_all(&len.to_be_bytes()).unwrap();
        stream.write_all(&answer).unwrap();
    });
    let reply = ask(server).unwrap();
    assert!(reply.size > 65_500, "{}", reply.size);
    assert_eq!(reply.message.answers.len(), 4094);
}

#[test]
fn a_name_that_points_to_itself_is_no_message() {
    // At the owner: to itself, to what comes after it, and to each other.
    for owner in [[0xc0, 26], [0xc0, 28], [0xff, 0xff]] {
        let server = udp(move |socket, request| {
            let mut answer = begun(&request, 1);
            assert_eq!(answer.len(), 26);
            answer.extend_from_slice(&owner);
            answer.extend_from_slice(&[0xc0, 26, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
            socket.send(&answer).unwrap();
        });
        match ask(server) {
            Err(NoReply::Garbage { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn counts_that_promise_more_than_there_is_are_no_message() {
    for lie in [6, 8, 10] {
        let server = udp(move |socket, request| {
            let mut answer = begun(&request, 0);
            answer[lie..lie + 2].copy_from_slice(&[0xff, 0xff]);
            socket.send(&answer).unwrap();
        });
        assert!(matches!(ask(server), Err(NoReply::Garbage { .. })));
    }
}

#[test]
fn an_answer_in_pieces_is_one() {
    let server = tcp(|mut stream, request| {
        let answer = begun(&request, 0);
        let len = u16::try_from(answer.len()).unwrap();
        for byte in len.to_be_bytes().iter().chain(&answer) {
            stream.write_all(&[*byte]).unwrap();
        }
    });
    assert_eq!(ask(server).unwrap().size, 26);
}

#[test]
fn a_connection_that_ends_early_or_says_nothing_is_said_so() {
    let server = tcp(|mut stream, request| {
        stream.write_all(&[0, 200]).unwrap();
        stream.write_all(&begun(&request, 0)).unwrap();
    });
    assert!(matches!(ask(server), Err(NoReply::Ended { got: 28, .. })));
    let server = tcp(|mut stream, _| stream.write_all(&[0, 0]).unwrap());
    assert!(matches!(ask(server), Err(NoReply::Garbage { .. })));
}

#[test]
fn thousands_of_pointers_in_a_row_cost_little() {
    // A record of unknown type whose data are pointers, each to the one before, and then names that begin at the last.
    let server = tcp(|mut stream, request| {
        let mut answer = begun(&request, 0);
        let rdata_len = 16_000_u16;
        answer.extend_from_slice(&[0xc0, 12, 0xff, 0, 0, 1, 0, 0, 0, 60]);
        answer.extend_from_slice(&rdata_len.to_be_bytes());
        let mut before = 12_u16;
        for _ in 0..rdata_len / 2 {
            let here = u16::try_from(answer.len()).unwrap();
            answer.extend_from_slice(&(0xc000 | before).to_be_bytes());
            before = here;
        }
        let mut count = 1_u16;
        while answer.len() + 16 <= 65_535 {
            answer.extend_from_slice(&(0xc000 | before).to_be_bytes());
            answer.extend_from_slice(&[0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
            count += 1;
        }
        answer[6..8].copy_from_slice(&count.to_be_bytes());
        let len = u16::try_from(answer.len()).unwrap();
        stream.write_all(&len.to_be_bytes()).unwrap();
        stream.write_all(&answer).unwrap();
    });
    assert!(matches!(ask(server), Err(NoReply::Garbage { .. })));
}

#[test]
fn thousands_of_the_longest_names_cost_little() {
    let server = tcp(|mut stream, request| {
        let mut answer = begun(&request, 0);
        let at = u16::try_from(answer.len()).unwrap();
        for _ in 0..127 {
            answer.extend_from_slice(&[1, b'a']);
        }
        answer.push(0);
        answer.extend_from_slice(&[0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
        let mut count = 1_u16;
        while answer.len() + 16 <= 65_535 {
            answer.extend_from_slice(&(0xc000 | at).to_be_bytes());
            answer.extend_from_slice(&[0, 2, 0, 1, 0, 0, 0, 60, 0, 2]);
            answer.extend_from_slice(&(0xc000 | at).to_be_bytes());
            count += 1;
        }
        answer[6..8].copy_from_slice(&count.to_be_bytes());
        let len = u16::try_from(answer.len()).unwrap();
        stream.write_all(&len.to_be_bytes()).unwrap();
        stream.write_all(&answer).unwrap();
    });
    assert_eq!(ask(server).unwrap().message.answers.len(), 4660);
}
