//! A UDP client: sends a message, waits for the answer, sends again if none comes.
//!
//! `cargo run --example udp_client -- 127.0.0.1:7007 hola`, with `udp_server` or `sockeye serve` in another terminal.
#![expect(clippy::print_stdout, reason = "it tells what happens")]

use std::time::Duration;

use sockeye::{Errno, Family, Result, Socket, Type};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().unwrap_or("127.0.0.1:7007".into());
    let text = arguments.next().unwrap_or("hola".into());

    let client = Socket::new(Family::Inet, Type::Datagram)?;
    // Sends nothing. The kernel remembers the server, and passes on no other's messages: anybody may write to our port.
    client.connect(server)?;
    // A message or its answer may get lost, and nobody tells: so don't wait for ever.
    client.set_timeout(Some(Duration::from_secs(1)));
    let mut buffer = [0; 65_535];
    for attempt in 1..=3 {
        client.send(text.as_bytes())?;
        match client.recv(&mut buffer) {
            Ok(n) => {
                println!("{}", String::from_utf8_lossy(&buffer[..n]));
                return Ok(());
            }
            Err(error) if error.errno() == Errno::ETIMEDOUT => {
                println!("no answer to message {attempt}: lost, or nobody there, or silent");
            }
            // "Connection refused": the machine is there, and says that no program has this port.
            Err(error) => return Err(error),
        }
    }
    std::process::exit(1)
}
