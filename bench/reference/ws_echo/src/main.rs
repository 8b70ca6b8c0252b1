//! The bare WebSocket echo: tokio-tungstenite on one thread, each message sent back as it came.
//! ws_echo PORT READ_BUFFER: it clears so many bytes before each read, so a buffer far longer than the messages is dear.

use std::net::Ipv4Addr;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{Error, protocol::WebSocketConfig};

/// Sends what has arrived before it flushes, so that messages that came together leave together.
async fn echo(stream: TcpStream, read_buffer: usize) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let limits = WebSocketConfig::default()
        .read_buffer_size(read_buffer)
        .max_frame_size(None)
        .max_message_size(None);
    let mut socket = tokio_tungstenite::accept_async_with_config(stream, Some(limits)).await?;
    while let Some(mut message) = socket.next().await {
        loop {
            match message? {
                kept if kept.is_text() || kept.is_binary() => socket.feed(kept).await?,
                _ => {}
            }
            match socket.next().now_or_never() {
                Some(Some(next)) => message = next,
                Some(None) => return Ok(()),
                None => break,
            }
        }
        socket.flush().await?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let word = |which| {
        std::env::args()
            .nth(which)
            .ok_or("ws_echo PORT READ_BUFFER")
    };
    let (port, read_buffer): (u16, usize) = (word(1)?.parse()?, word(2)?.parse()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            // A conversation that breaks is the load's to notice.
            tokio::spawn(echo(stream, read_buffer).map(drop));
        }
    })
}
