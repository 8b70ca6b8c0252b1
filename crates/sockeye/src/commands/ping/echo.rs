//! Asking by ICMP echo: one socket, requests one after the other, and whatever comes back to any of them.

use std::collections::{HashMap, VecDeque};

use sockeye_net::icmp::{Echoes, Heard, Returned};
use sockeye_net::{OpenError, dial};
use tokio::time::{Instant, sleep_until};

use super::asking::Asking;
use super::outcome::{Answer, By, End, Replied, What};

/// Requests that were sent.
#[derive(Default)]
struct Requests {
    /// By sequence number: those of long ago are overwritten, since there are only so many numbers.
    sent: HashMap<u16, Request>,
    /// Those without an answer, the oldest first.
    waiting: VecDeque<u16>,
}

struct Request {
    number: u64,
    at: Instant,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Answered,
    Lost,
}

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
                let now = Instant::now();
                match heard {
                    Ok(Heard::Reply(reply)) => requests.reply(asking, reply, now),
                    Ok(Heard::Undelivered { sequence, report }) => {
                        if let Some(request) = requests.ends(sequence) {
                            let (why, from) = (report.why, report.from);
                            tell(asking, request, now, End::Undelivered { why, from });
                        }
                    }
                    // It belongs to no request, and the next call may well succeed.
                    Err(error) => return Err(error.into()),
                }
            }
            () = sleep_until(due), if goes_on => {
                number += 1;
                due = asking.next_after(due);
                send(asking, &echoes, &mut requests, number).await;
            }
            () = sleep_until(lost_at), if oldest.is_some() => {
                if let Some(request) = requests.lose() {
                    tell(asking, request, Instant::now(), End::Lost);
                }
            }
        }
    }
}

async fn send(asking: &Asking, echoes: &Echoes, requests: &mut Requests, number: u64) {
    let at = Instant::now();
    asking.tell(What::Sent);
    match echoes.send(&asking.data).await {
        Ok(sequence) => requests.sent(sequence, number, at),
        Err(error) => asking.tell(What::Probe {
            number,
            end: End::Failed(error.into()),
            took: at.elapsed(),
        }),
    }
}

fn tell(asking: &Asking, request: &Request, now: Instant, end: End) {
    asking.tell(What::Probe {
        number: request.number,
        end,
        took: now - request.at,
    });
}

impl Requests {
    fn sent(&mut self, sequence: u16, number: u64, at: Instant) {
        let state = State::Waiting;
        let request = Request { number, at, state };
        self.sent.insert(sequence, request);
        self.waiting.push_back(sequence);
    }

    /// When the oldest was sent that waits.
    fn oldest(&mut self) -> Option<Instant> {
        while let Some(sequence) = self.waiting.front() {
            match self.sent.get(sequence) {
                Some(request) if request.state == State::Waiting => return Some(request.at),
                _ => drop(self.waiting.pop_front()),
            }
        }
        None
    }

    /// The oldest that waits waits no more.
    fn lose(&mut self) -> Option<&Request> {
        let sequence = self.waiting.pop_front()?;
        let request = self.sent.get_mut(&sequence)?;
        request.state = State::Lost;
        Some(request)
    }

    /// There will be no answer to this one; `None` if that is no news.
    fn ends(&mut self, sequence: u16) -> Option<&Request> {
        let request = self.sent.get_mut(&sequence)?;
        if request.state != State::Waiting {
            return None;
        }
        request.state = State::Lost;
        Some(request)
    }

    fn reply(&mut self, asking: &Asking, reply: Returned, now: Instant) {
        // A reply to what was never asked, or so long ago that its number was used again.
        let Some(request) = self.sent.get_mut(&reply.sequence) else {
            return;
        };
        let answer = Answer {
            from: reply.from.to_string(),
            what: Replied::Echo {
                hops: reply.hops,
                changed: *reply.data != *asking.data,
            },
        };
        let end = match request.state {
            State::Waiting => End::Answered(answer),
            State::Answered => End::Again(answer),
            State::Lost => End::Late(answer),
        };
        request.state = State::Answered;
        tell(asking, request, now, end);
    }
}
