//! A TCP server for many clients at once: a thread for each conversation, and one that accepts.
//!
//! `cargo run --example many_clients`, then `sockeye connect localhost:7007` in several terminals.
//! With `tcp_server` in its place the second client waits until the first has gone.
#![expect(clippy::print_stdout, reason = "it tells what happens")]

use std::thread;

use sockeye::{Family, Result, Socket, SocketOption, Type};

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7007".into());

    let server = Socket::new(Family::Inet, Type::Stream)?;
    server.set_option(&SocketOption::Reuseaddr)?;
    let address = server.bind(address)?;
    server.listen(128)?;
    println!("on {address}");
    loop {
        // accept alone doesn't make a server serve many: it only gives a socket for each. Somebody has to wait at
        // every one of them; here, a thread. For thousands of clients, see `echo_async`.
        let (conversation, client) = server.accept()?;
        println!("{client} came");
        thread::spawn(move || {
            match echo(&conversation) {
                Ok(()) => println!("{client} has gone"),
                Err(error) => println!("{client}: {error}"),
            } // The thread owns the socket: its end closes it.
        });
    }
}

fn echo(conversation: &Socket) -> Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let n = conversation.recv(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        conversation.send_all(&buffer[..n])?;
    }
}
