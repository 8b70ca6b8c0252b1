//! A TCP server for many clients in one thread: an event loop waits for all sockets at once.
//!
//! `cargo run --example echo_async`, then `sockeye connect localhost:7007` in several terminals.
#![expect(clippy::print_stdout, reason = "it tells what happens")]

use sockeye::{AsyncSocket, Family, Lent, Result, Socket, SocketOption, Type};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:7007".into());

    let server = Socket::new(Family::Inet, Type::Stream)?;
    server.set_option(&SocketOption::Reuseaddr)?;
    let address = server.bind(address)?;
    server.listen(128)?;
    println!("on {address}");
    let server = server.into_async()?;
    loop {
        // The same calls; `await` lets the others go on while this one waits.
        let (conversation, client) = server.accept().await?;
        println!("{client} came");
        tokio::spawn(async move {
            match echo(&conversation).await {
                Ok(()) => println!("{client} has gone"),
                Err(error) => println!("{client}: {error}"),
            }
        });
    }
}

async fn echo(conversation: &AsyncSocket) -> Result<()> {
    // A lent buffer comes when there is something to put into it: ten thousand silent clients hold none.
    while let Lent::Data(bytes) = conversation.recv_lease().await? {
        conversation.send_all(&bytes).await?;
    }
    Ok(())
}
