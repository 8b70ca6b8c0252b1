//! Asking by ICMP echo: one socket, requests one after the other, and whatever comes back to any of them.

use sockeye_net::icmp::{Echoes, Heard};
use sockeye_net::{OpenError, dial};
use tokio::time::{Instant, sleep_until};

use super::asking::Asking;
use super::outcome::{Answer, By, End, Replied, What};
use super::requests::{Moment, Requests};

/// Asks until all probes have ended; what can't be asked is told.
pub(super) async fn ask(asking: Asking) {
    if let Err(error) = asked(&asking).await {
        asking.tell(What::NotOpened(error));
    }
}

async fn asked(asking: &Asking) -> Result<(), OpenError> {
    let dialed = dial(&asking.address, &asking.dialing).await?;
    let echoes = Echoes::over(dialed.socket)?;
    let address = echoes.socket().peer_address()?;
    asking.tell(What::Opened {
        address: address
            .inet()
            .map_or_else(|| address.to_string(), |inet| inet.ip().to_string()),
        by: By::Icmp(echoes.way(), asking.data.len()),
    });
    let mut requests = Requests::default();
    let mut number = 0;
    let mut due = Instant::now();
    let mut hearing = Box::pin(echoes.recv());
    loop {
        let goes_on = asking.goes_on_after(number);
        let oldest = requests.oldest();
        if !goes_on && oldest.is_none() {
            return Ok(());
        }
        let lost_at = oldest.map_or(due, |oldest| oldest + asking.timeout);
        tokio::select! {
            heard = &mut hearing => {
                hearing = Box::pin(echoes.recv());
                match heard? {
                    Heard::Reply(reply) => {
                        let answer = Answer {
                            from: reply.from.to_string(),
                            what: Replied::Echo {
                                hops: reply.hops,
                                changed: *reply.data != *asking.data,
                            },
                        };
                        requests.answered(asking, reply.sequence, reply.at, answer);
                    }
                    Heard::Undelivered { sequence, report } => {
                        let (why, from) = (report.why, report.from);
                        requests.ends(asking, sequence, report.at, End::Undelivered { why, from });
                    }
                }
            }
            () = sleep_until(due), if goes_on => {
                number += 1;
                due = asking.next_after(due);
                send(asking, &echoes, &mut requests, number).await;
            }
            () = sleep_until(lost_at), if oldest.is_some() => requests.lose_oldest(asking),
        }
    }
}

async fn send(asking: &Asking, echoes: &Echoes, requests: &mut Requests, number: u64) {
    asking.tell(What::Sent);
    let at = Moment::now();
    match echoes.send(&asking.data).await {
        Ok(sequence) => requests.sent(sequence, number, at),
        Err(error) => asking.tell(What::Probe {
            number,
            end: End::Failed(error.into()),
            took: at.until(None),
        }),
    }
}
