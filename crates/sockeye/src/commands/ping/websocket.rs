//! Asking by WebSocket: one connection, and a ping on it for each probe.

use std::io;
use std::time::Duration;

use sockeye_model::Call;
use sockeye_net::messages::Messages;
use sockeye_net::websocket::{Close, CloseCode, Event, Fault, WebSocket};
use sockeye_net::{Link, OpenError, connect};
use tokio::time::{Instant, sleep_until, timeout};

use super::asking::Asking;
use super::outcome::{Answer, By, Replied, What};
use super::requests::{Moment, Requests};

/// Asks until all probes have ended; a connection that can't be had, or that breaks, is told.
pub(super) async fn ask(asking: Asking) {
    let connected = connect(&asking.address, &asking.dialing).await;
    let asked = match connected {
        Err(error) => Err(error),
        Ok(connected) => {
            let address = connected.link.peer_address().to_string();
            let path = connected.path;
            let asked = match connected.link {
                Link::Messages(messages) => match *messages {
                    Messages::WebSocket(websocket) => asked(&asking, &websocket, address).await,
                    _ => Ok(()),
                },
                Link::Stream(_) => Ok(()),
            };
            drop(path);
            asked
        }
    };
    if let Err(error) = asked {
        asking.tell(What::NotOpened(error));
    }
}

async fn asked(asking: &Asking, websocket: &WebSocket, address: String) -> Result<(), OpenError> {
    asking.tell(What::Opened {
        address: address.clone(),
        by: By::WebSocket,
    });
    let mut requests = Requests::default();
    let mut number = 0;
    let mut due = Instant::now();
    let mut hearing = Box::pin(websocket.event());
    loop {
        let goes_on = asking.goes_on_after(number);
        let oldest = requests.oldest();
        if !goes_on && oldest.is_none() {
            drop(hearing);
            goodbye(websocket).await;
            return Ok(());
        }
        let lost_at = oldest.map_or(due, |oldest| oldest + asking.timeout);
        tokio::select! {
            event = &mut hearing => {
                hearing = Box::pin(websocket.event());
                match event? {
                    Event::Pong(payload, _) => {
                        let answer = Answer {
                            from: address.clone(),
                            what: Replied::Pong,
                        };
                        if let Ok(number) = payload.as_slice().try_into().map(u64::from_be_bytes) {
                            requests.answered(asking, number as u16, None, answer);
                        }
                    }
                    // It may say goodbye as it ought to, and still leaves what was to be asked.
                    Event::Closed(close) => {
                        let closed = io::Error::from(Fault::Closed(close));
                        return Err(sockeye_net::Error::new(Call::Recv, closed).into());
                    }
                    // It says what it likes; nobody has asked for it.
                    Event::Message(..) | Event::Ping(_) => {}
                }
            }
            () = sleep_until(due), if goes_on => {
                number += 1;
                due = asking.next_after(due);
                asking.tell(What::Sent);
                requests.sent(number as u16, number, Moment::now());
                websocket.ping(&number.to_be_bytes()).await?;
            }
            () = sleep_until(lost_at), if oldest.is_some() => requests.lose_oldest(asking),
        }
    }
}

/// Closes as the protocol wants it, and gives the other side a moment to do the same.
async fn goodbye(websocket: &WebSocket) {
    let close = Close::new(CloseCode::NORMAL, "");
    let closing = async {
        websocket.close(&close).await?;
        while !matches!(websocket.recv().await?, Event::Closed(_)) {}
        sockeye_net::Result::Ok(())
    };
    // All was asked and answered: how it ends changes nothing.
    let _ = timeout(PATIENCE, closing).await;
}

/// How long the other side has to answer a close.
const PATIENCE: Duration = Duration::from_secs(1);
