//! A TCP server: sends back what a client sends, one client after another.
//!
//! `cargo run --example tcp_server`, then `cargo run --example tcp_client` in a second terminal.
#![expect(clippy::print_stdout, reason = "it tells what happens")]

use sockeye::{Family, Result, Socket, SocketOption, Type};

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7007".into());

    let server = Socket::new(Family::Inet, Type::Stream)?;
    // Without this, a server that is started again has to wait until its old connections are forgotten (60 s).
    server.set_option(&SocketOption::Reuseaddr)?;
    // 127.0.0.1 is for programs of this machine; 0.0.0.0 would be for everyone.
    let address = server.bind(address)?;
    // Doesn't wait: from now on the kernel answers handshakes, and lines up the clients that wait for accept.
    server.listen(5)?;
    println!("on {address}");
    loop {
        // Here it waits. What comes is a second socket, for this client alone, on the same port.
        let (conversation, client) = server.accept()?;
        println!("{client} came");
        if let Err(error) = echo(&conversation) {
            println!("{client}: {error}"); // One client's trouble must not end the server.
        }
        println!("{client} has gone");
    } // `conversation` goes out of scope: it is closed.
}

fn echo(conversation: &Socket) -> Result<()> {
    let mut buffer = [0; 1024];
    loop {
        // Not "the message", but what is there: from 1 byte to 1024. 0 is the end: the client sends no more.
        let n = conversation.recv(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        conversation.send_all(&buffer[..n])?;
    }
}
