//! Rooms and nothing else: the first line of a connection names its room, every later one goes to all others there.
//!
//! One thread; a task a connection; a `tokio::sync::broadcast` channel a room; each line is sent as it comes.
//!
//! broadcast PORT

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{self, error::RecvError};

type Line = (u64, Arc<[u8]>);
type Rooms = Arc<Mutex<HashMap<String, broadcast::Sender<Line>>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).unwrap_or_default();
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let rooms = Rooms::default();
    let mut number = 0;
    loop {
        let (stream, _) = listener.accept().await?;
        number += 1;
        tokio::spawn(member(stream, number, Arc::clone(&rooms)));
    }
}

async fn member(stream: TcpStream, number: u64, rooms: Rooms) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    // As small as a line needs: the default would be 8 KiB a member.
    let mut reading = BufReader::with_capacity(512, reading);
    let mut line = Vec::new();
    reading.read_until(b'\n', &mut line).await?;
    let room = String::from_utf8_lossy(&line).into_owned();
    let sender = {
        let mut rooms = rooms.lock().unwrap_or_else(|broken| broken.into_inner());
        let made = || broadcast::channel(QUEUED).0;
        rooms.entry(room).or_insert_with(made).clone()
    };
    let mut receiver = sender.subscribe();
    writing.write_all(b"* in\n").await?;
    line.clear();
    loop {
        tokio::select! {
            received = receiver.recv() => match received {
                Ok((from, text)) if from != number => writing.write_all(&text).await?,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
            read = reading.read_until(b'\n', &mut line) => {
                if read? == 0 {
                    return Ok(());
                }
                let _ = sender.send((number, Arc::from(&*line)));
                line.clear();
            }
        }
    }
}

/// Messages that may wait in a room, as many as a member of sockeye's may have.
const QUEUED: usize = 512;
