//! A thousand members at once.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::scene::{PATIENCE, Running};

#[test]
fn a_thousand_members_in_twenty_rooms_each_hear_their_room_once_and_in_order() {
    const ROOMS: usize = 20;
    const EACH: usize = 50;
    raise_descriptors();
    let server = Running::start(&["tcp://127.0.0.1:0"]);
    let at = server.inet(0);
    let rooms: Vec<_> = (0..ROOMS)
        .map(|room| {
            std::thread::spawn(move || {
                let mut members: Vec<BufReader<TcpStream>> = (0..EACH)
                    .map(|_| {
                        let mut stream = TcpStream::connect(at).unwrap();
                        stream.set_read_timeout(Some(PATIENCE)).unwrap();
                        writeln!(stream, "/join room-{room}").unwrap();
                        BufReader::new(stream)
                    })
                    .collect();
                for member in &mut members {
                    until(member, &format!("in the room room-{room}"));
                }
                for (number, member) in members.iter_mut().enumerate() {
                    writeln!(member.get_mut(), "a{number} r{room}").unwrap();
                }
                let mut orders: Vec<Vec<String>> = Vec::new();
                for (number, member) in members.iter_mut().enumerate() {
                    let mut heard = Vec::new();
                    while heard.len() < EACH - 1 {
                        let line = until(member, ": a");
                        assert!(line.ends_with(&format!(" r{room}")), "{line}");
                        heard.push(line);
                    }
                    // In its own place, so that all can be compared.
                    let own = format!(": a{number} ");
                    assert!(heard.iter().all(|line| !line.contains(&own)));
                    orders.push(heard);
                }
                let place: HashMap<&str, usize> = orders[0]
                    .iter()
                    .enumerate()
                    .map(|(place, line)| (line.as_str(), place))
                    .collect();
                for order in &orders {
                    let places: Vec<usize> = order
                        .iter()
                        .filter_map(|line| place.get(line.as_str()).copied())
                        .collect();
                    assert!(places.len() >= EACH - 2);
                    assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
                }
                members
            })
        })
        .collect();
    let members: Vec<_> = rooms.into_iter().map(|room| room.join().unwrap()).collect();
    assert_eq!(server.chat.here(), ROOMS * EACH);
    drop(members);
    let (served, counts) = server.stop();
    assert_eq!(served[0].conversations.conversations, (ROOMS * EACH) as u64);
    assert_eq!(counts.delivered, (ROOMS * EACH * (EACH - 1)) as u64);
    assert_eq!((counts.left_out, counts.dropped), (0, 0));
}

fn until(member: &mut BufReader<TcpStream>, part: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(
            member.read_line(&mut line).unwrap() > 0,
            "ended before {part:?}"
        );
        if line.contains(part) {
            return line.trim_end().to_owned();
        }
    }
}

/// Both ends of each connection are in this process.
fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(4_096, |most| most.min(4_096));
    if limit.current.is_some_and(|soft| soft < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            ..limit
        };
        setrlimit(Resource::Nofile, raised).unwrap();
    }
}
