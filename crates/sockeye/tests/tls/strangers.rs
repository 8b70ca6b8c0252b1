//! Clients that mean harm, or nothing at all: the others are served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::ran::sockeye_with;
use crate::world::World;

#[test]
fn a_thousand_handshakes_that_never_go_on_cost_little_delay_nobody_and_are_cut_off() {
    let world = World::new();
    let (tool, port) = world.server(&["serve", "echo=tls://127.0.0.1:0"], &[]);
    let ca = world.path("ca.pem");
    let address = format!("tls://localhost:{port}");
    let echoed = || {
        let ran = sockeye_with(&["connect", &address, "--ca", &ca], b"hola");
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "hola"),
            "{ran:?}"
        );
    };
    echoed();
    let before = tool.status("VmRSS");
    let began = Instant::now();
    // Half of a ClientHello: enough to look like one, and for ever too little.
    let half = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 7, 7, 7];
    let mut strangers: Vec<TcpStream> = (0..1_000)
        .map(|_| {
            let mut stranger = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stranger.write_all(&half).unwrap();
            stranger
        })
        .collect();
    echoed();
    let grown = tool.status("VmRSS").saturating_sub(before);
    // A debug build's futures are larger than what is shipped.
    assert!(grown < 24 << 10, "{grown} kB for a thousand");
    let last = strangers.last_mut().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut rest = Vec::new();
    // Cut off by an end or a reset.
    let _ = last.read_to_end(&mut rest);
    let took = began.elapsed();
    assert!(
        took > Duration::from_secs(8) && took < Duration::from_secs(19),
        "{took:?}"
    );
    echoed();
}

#[test]
fn nonsense_of_every_kind_leaves_the_server_as_it_is() {
    let world = World::new();
    let (tool, port) = world.server(&["serve", "echo=tls://127.0.0.1:0"], &[]);
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    for round in 0..60 {
        let mut stranger = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut bytes: Vec<u8> = (0..40 + usize::from(next()) * 8).map(|_| next()).collect();
        if round % 2 == 0 {
            // A record's header in front, sometimes a ClientHello's.
            let len = (bytes.len() as u16).to_be_bytes();
            bytes.splice(0..0, [22, 3, 1, len[0], len[1]]);
            bytes[5] = if round % 4 == 0 { 1 } else { bytes[5] };
        }
        // It may have been refused by then.
        let _ = stranger.write_all(&bytes);
    }
    let ran = sockeye_with(
        &[
            "connect",
            &format!("tls://localhost:{port}"),
            "--ca",
            &world.path("ca.pem"),
        ],
        b"hola",
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "hola"),
        "{ran:?}"
    );
    drop(tool);
}
