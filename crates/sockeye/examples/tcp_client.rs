//! A TCP client: sends a line, says that it was all, and prints what comes back.
//!
//! `cargo run --example tcp_client -- 127.0.0.1:7007 hola`, with `tcp_server` or `sockeye serve` in another terminal.
#![expect(clippy::print_stdout, reason = "it tells what happens")]

use sockeye::{Family, Result, Shutdown, Socket, Type};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:7007".into());
    let text = arguments.next().unwrap_or("hola".into());

    let client = Socket::new(Family::Inet, Type::Stream)?;
    // Returns when the other machine's *kernel* has answered; its program may not have called accept yet.
    client.connect(address)?;
    // Now the bytes are with our kernel. That says nothing about whether anybody has read them.
    client.send_all(text.as_bytes())?;
    // "I will send no more." It ends one direction only: we can still receive.
    client.shutdown(Shutdown::Write)?;

    // The answer may come in pieces, whatever pieces we sent: collect until the end, which is 0 bytes.
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    loop {
        let n = client.recv(&mut buffer)?;
        if n == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..n]);
    }
    println!("{}", String::from_utf8_lossy(&answer));
    Ok(())
}
