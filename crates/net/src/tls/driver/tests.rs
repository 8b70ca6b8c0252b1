//! Two drivers talk to each other without a socket, in pieces of any size.

use super::*;
use crate::tls::setup::{Client, Server, Settings};

fn pair() -> (Driver, Driver) {
    let server = Server::new(&Settings::default(), &["localhost".to_owned()]).unwrap();
    let trusting = Settings {
        pin: server.throwaway(),
        ..Settings::default()
    };
    let client = Client::new(&trusting, "localhost").unwrap();
    (
        Driver::new(client.machine().unwrap()),
        Driver::new(server.machine().unwrap()),
    )
}

/// Hands on what is outgoing, in pieces of this many bytes; whether there was anything.
fn hand_on(from: &mut Driver, to: &mut Driver, piece: usize) -> bool {
    let bytes = from.outgoing.bytes().to_vec();
    from.outgoing.sent(bytes.len());
    for piece in bytes.chunks(piece) {
        to.incoming.room().unwrap()[..piece.len()].copy_from_slice(piece);
        to.incoming.filled(piece.len());
        to.understand().unwrap();
        // As if nothing more came for a while.
        to.incoming.park();
    }
    !bytes.is_empty()
}

fn shaken(piece: usize) -> (Driver, Driver) {
    let (mut client, mut server) = pair();
    client.understand().unwrap();
    while hand_on(&mut client, &mut server, piece) | hand_on(&mut server, &mut client, piece) {}
    assert!(!client.facts().is_handshaking() && !server.facts().is_handshaking());
    (client, server)
}

#[test]
fn a_handshake_and_its_data_may_come_in_pieces_of_any_size() {
    for piece in [1, 2, 5, 97, 16 << 10, 1 << 20] {
        let (mut client, mut server) = shaken(piece);
        let data: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
        assert_eq!(client.encrypt(&data).unwrap(), data.len());
        let mut came = Vec::new();
        let bytes = client.outgoing.bytes().to_vec();
        for piece in bytes.chunks(piece.max(97)) {
            let mut rest = piece;
            while !rest.is_empty() {
                let room = server.incoming.room().unwrap();
                let len = room.len().min(rest.len());
                room[..len].copy_from_slice(&rest[..len]);
                server.incoming.filled(len);
                server.understand().unwrap();
                if let Some(plain) = server.take_plain() {
                    came.extend_from_slice(&plain);
                }
                rest = &rest[len..];
            }
        }
        assert!(came == data, "in pieces of {piece}: {} B", came.len());
    }
}

#[test]
fn who_waits_keeps_no_more_than_the_beginning_of_a_record() {
    let (mut client, mut server) = shaken(1 << 20);
    assert_eq!(
        (server.incoming.held(), server.outgoing.is_empty()),
        (0, true)
    );
    client.encrypt(b"hola").unwrap();
    let bytes = client.outgoing.bytes().to_vec();
    let room = server.incoming.room().unwrap();
    room[..10].copy_from_slice(&bytes[..10]);
    server.incoming.filled(10);
    server.understand().unwrap();
    server.incoming.park();
    assert!(server.incoming.held() <= 64, "{}", server.incoming.held());
    // A sender in between does not disturb what is half here.
    assert_eq!(server.encrypt(b"x").unwrap(), 1);
    let room = server.incoming.room().unwrap();
    room[..bytes.len() - 10].copy_from_slice(&bytes[10..]);
    server.incoming.filled(bytes.len() - 10);
    server.understand().unwrap();
    assert_eq!(&*server.take_plain().unwrap(), b"hola");
}

#[test]
fn each_side_closes_by_itself_and_the_other_still_speaks() {
    let (mut client, mut server) = shaken(1 << 20);
    client.encrypt(b"last").unwrap();
    client.close().unwrap();
    hand_on(&mut client, &mut server, 1 << 20);
    assert!(server.peer_finished && !client.peer_finished);
    assert_eq!(&*server.take_plain().unwrap(), b"last");
    server.encrypt(b"and yet").unwrap();
    server.close().unwrap();
    hand_on(&mut server, &mut client, 1 << 20);
    assert_eq!(&*client.take_plain().unwrap(), b"and yet");
    assert!(client.peer_finished);
}

#[test]
fn what_was_changed_on_the_way_is_an_error_with_an_alert_for_the_other_side() {
    let (mut client, mut server) = shaken(1 << 20);
    client.encrypt(b"hola").unwrap();
    let mut bytes = client.outgoing.bytes().to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    server.incoming.room().unwrap()[..bytes.len()].copy_from_slice(&bytes);
    server.incoming.filled(bytes.len());
    assert_eq!(server.understand(), Err(Error::DecryptError));
    assert!(server.take_plain().is_none());
    assert!(!server.outgoing.is_empty());
}

#[test]
fn a_handshake_message_that_is_too_long_finds_no_room() {
    let (_, mut server) = pair();
    let mut taken = 0;
    while let Some(room) = server.incoming.room() {
        let len = room.len();
        room.fill(22);
        server.incoming.filled(len);
        taken += len;
        assert!(taken <= MOST_INCOMING);
    }
}
