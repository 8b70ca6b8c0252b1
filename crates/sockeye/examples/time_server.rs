//! A server that speaks first: the time, as [RFC 868](https://www.rfc-editor.org/rfc/rfc868) has it.
//!
//! `cargo run --example time_server`, then `sockeye connect --hex localhost:7037` in a second terminal.
#![expect(clippy::print_stdout, reason = "it tells what happens")]

use std::time::{SystemTime, UNIX_EPOCH};

use sockeye::{Family, Result, Socket, SocketOption, Type};

/// From 1900, where RFC 868 begins to count, to 1970, where Unix does.
const SECONDS_TO_1970: u64 = 2_208_988_800;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7037".into());

    let server = Socket::new(Family::Inet, Type::Stream)?;
    // Whoever closes first keeps the connection's leftover for 60 s. Here that is the server, so it needs this option
    // to be started again at once.
    server.set_option(&SocketOption::Reuseaddr)?;
    let address = server.bind(address)?;
    server.listen(5)?;
    println!("on {address}");
    loop {
        let (conversation, client) = server.accept()?;
        // The client has nothing to ask: to connect is the question.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = now.unwrap_or_default().as_secs() + SECONDS_TO_1970;
        // Four bytes, the highest first, and no text; they start again from 0 in 2036.
        let answer = (seconds as u32).to_be_bytes();
        match conversation.send_all(&answer) {
            Ok(()) => println!("{client} got {answer:02x?}"),
            Err(error) => println!("{client}: {error}"),
        }
    } // `conversation` goes out of scope: it is closed, which tells the client that this was all.
}
