//! A client that speaks first: asks a web server for a page, as HTTP/1.0 has it, and prints all that it answers.
//!
//! `cargo run --example web_client -- HOST:PORT /PATH`; there has to be a web server, `python3 -m http.server` perhaps.

use std::error::Error;
use std::io::Write;
use std::net::ToSocketAddrs;

use sockeye::{Socket, SocketAddress, Type};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().unwrap_or("localhost:8000".into());
    let path = arguments.next().unwrap_or("/".into());

    // A socket takes addresses, not names: looking the name up is a step of its own, and it may have several.
    let client = connect(server.to_socket_addrs()?)?;
    // HTTP is what the two *say*; the socket carries bytes and knows nothing of it.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {server}\r\n\r\n");
    client.send_all(request.as_bytes())?;
    // No shutdown: some web servers take that for a client that has left. In HTTP/1.0 the server closes when it is done.
    let mut buffer = [0; 16_384];
    loop {
        let n = client.recv(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        std::io::stdout().write_all(&buffer[..n])?;
    }
}

/// The first of the addresses that answers. Each try takes a new socket: one whose connect failed is of no use.
fn connect(
    addresses: impl Iterator<Item = std::net::SocketAddr>,
) -> Result<Socket, Box<dyn Error>> {
    let mut failure = "the name has no address".into();
    for address in addresses {
        let client = Socket::new(SocketAddress::from(address).family(), Type::Stream)?;
        match client.connect(address) {
            Ok(()) => return Ok(client),
            Err(error) => failure = error.into(),
        }
    }
    Err(failure)
}
