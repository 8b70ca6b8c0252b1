//! A UDP server: sends each message back to whoever sent it. One socket serves everybody.
//!
//! `cargo run --example udp_server`, then `cargo run --example udp_client` in a second terminal.
#![expect(clippy::print_stdout, reason = "it tells what happens")]

use sockeye::{Family, Result, Socket, Type};

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7007".into());

    let server = Socket::new(Family::Inet, Type::Datagram)?;
    println!("on {}", server.bind(address)?);
    // No listen, no accept: there are no connections in UDP.
    let mut buffer = [0; 65_535]; // Longer than any message: what doesn't fit into the buffer is lost.
    loop {
        // One whole message, never half of one and never two; it may be empty.
        let (n, peer) = server.recv_from(&mut buffer)?;
        println!("{n} bytes from {peer}");
        // That address is all there is to know who to answer.
        if let Err(error) = server.send_to(&buffer[..n], peer) {
            println!("{error}"); // One peer's trouble must not end the server.
        }
    }
}
