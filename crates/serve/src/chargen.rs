//! Character generator, [RFC 864](https://www.rfc-editor.org/rfc/rfc864): lines of letters, for whoever wants data.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use crate::linger;
use crate::visitor::Visitor;
use sockeye_net::server::Ended;
use sockeye_net::{Lent, Link, Result};

/// "Once a connection is established a stream of data is sent out the connection (and any data received is thrown
/// away). This continues until the calling user terminates the connection."
///
/// A visitor that ends only its own direction goes on listening, and is sent more; a server that stops ends it.
pub(crate) async fn converse(visitor: Visitor, stopping: Arc<AtomicBool>) -> Ended {
    tokio::select! {
        // The end of the connection is the only one there is, so an error is how it should end.
        sent = send_lines(&visitor, &stopping) => if sent.is_ok() {
            linger(&visitor).await;
        },
        () = throw_away(&visitor) => {}
    }
    Ended::Clean
}

async fn send_lines(visitor: &Visitor, stopping: &AtomicBool) -> Result<()> {
    let mut at = 0;
    while !stopping.load(Ordering::Relaxed) {
        // A message is one line.
        let end = match &**visitor {
            Link::Stream(_) => LINES.len(),
            Link::Messages(_) => at + LINE,
        };
        at = (at + visitor.send(&LINES[at..end]).await?) % PERIOD;
        // A send that finds room never waits: the others have their turn here.
        tokio::task::yield_now().await;
    }
    visitor.finish().await
}

/// Returns when the connection has failed; the end of the visitor's direction is none.
async fn throw_away(visitor: &Visitor) {
    loop {
        match visitor.recv().await {
            Ok(Lent::Data(_)) => {}
            Ok(Lent::End) => std::future::pending().await,
            Err(_) => return,
        }
    }
}

/// What a datagram is answered with.
pub(crate) struct Line {
    seed: u64,
}

impl Line {
    pub(crate) fn new() -> Self {
        // Keyed by the system's random numbers; any odd number does for the generator.
        let seed = RandomState::new().hash_one(0) | 1;
        Self { seed }
    }

    /// "When a datagram is received, an answering datagram is sent containing a random number (between 0 and 512) of
    /// characters (the data in the received datagram is ignored)."
    pub(crate) fn random_stretch(&mut self) -> &'static [u8] {
        &LINES[..self.random(MOST + 1)]
    }

    /// Below `end`, which is small: the high bits of a multiplicative congruential generator.
    fn random(&mut self, end: usize) -> usize {
        self.seed = self.seed.wrapping_mul(0xda94_2042_e4dd_58b5);
        usize::try_from(((self.seed >> 32) * end as u64) >> 32).unwrap_or(0)
    }
}

/// The popular pattern of the RFC: lines of 72 of the 95 printing characters, each beginning one further in their ring,
/// ended by CR LF. It repeats after 95 lines; here is enough of it for a large send.
static LINES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let ring: Vec<u8> = (b' '..=b'~').collect();
    let line = |first: usize| {
        let letters = ring.iter().cycle().skip(first).take(LETTERS);
        letters.copied().chain(*b"\r\n").collect::<Vec<u8>>()
    };
    let period: Vec<u8> = (0..ring.len()).flat_map(line).collect();
    period.repeat(PERIODS)
});

const LETTERS: usize = 72;
const LINE: usize = LETTERS + 2;
const PERIOD: usize = 95 * LINE;
/// About 64 KiB.
const PERIODS: usize = 9;
/// The most characters of a datagram.
const MOST: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_are_those_of_the_rfc() {
        let text = std::str::from_utf8(&LINES[..PERIOD]).unwrap();
        let lines: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 95);
        assert!(lines.iter().all(|line| line.len() == 72));
        assert_eq!(
            lines[0],
            " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg"
        );
        assert_eq!(
            lines[1],
            "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh"
        );
        assert_eq!(&lines[94][..3], "~ !");
        assert!(lines[23].ends_with('~') && lines[24].ends_with("~ "));
    }

    #[test]
    fn a_datagram_has_from_0_to_512_letters_and_not_always_as_many() {
        let mut line = Line::new();
        let lengths: Vec<usize> = (0..20_000).map(|_| line.random_stretch().len()).collect();
        assert!(lengths.contains(&0) && lengths.contains(&512));
        assert!(lengths.iter().all(|len| *len <= 512));
        let mean = lengths.iter().sum::<usize>() / lengths.len();
        assert!((236..276).contains(&mean), "{mean}");
    }
}
