//! From stdin to the peers: what is piped goes to all, a person says to whom.

use std::io;
use std::sync::Arc;

use sockeye_net::framing::{Decoder, Framing};
use sockeye_net::relay::{Crlf, Filter};

use super::Shared;
use super::hall::NotHere;
use super::typed::{Typed, typed};
use crate::commands::input::Input;
use crate::words;

/// Gives what comes from stdin to the peers, to its end.
///
/// What is piped waits for the first peer, and for whoever reads slowly; nothing of it is lost for those who are here.
/// A person is told when nobody is here.
pub(super) async fn give(shared: &Shared, input: Option<Input>) -> io::Result<()> {
    let Some(input) = input else {
        return Ok(());
    };
    let result = if input.typed {
        from_person(shared, input).await
    } else {
        from_pipe(shared, input).await
    };
    shared.hall.end_input();
    result
}

async fn from_pipe(shared: &Shared, mut input: Input) -> io::Result<()> {
    let mut cutter = Cutter::new(shared);
    loop {
        let piece = input.next().await.transpose()?;
        if let Some(piece) = &piece {
            cutter.push(piece);
        }
        while let Some(piece) = cutter.next(piece.is_none())? {
            shared.hall.somebody().await;
            // Whoever was here may have gone since: then it waits for the next one.
            while shared.hall.tell_all(&piece) == Err(NotHere) {
                shared.hall.somebody().await;
            }
            shared.hall.room().await;
        }
        if piece.is_none() {
            return Ok(());
        }
    }
}

async fn from_person(shared: &Shared, mut input: Input) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(piece) = input.next().await.transpose()? {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if line.last() == Some(&b'\n') {
                say(shared, &line).await;
                line.clear();
            }
        }
    }
    if !line.is_empty() {
        say(shared, &line).await;
    }
    Ok(())
}

/// Says one line to whom it is meant for.
async fn say(shared: &Shared, line: &[u8]) {
    let language = shared.look.language;
    let (text, whom) = match typed(line) {
        Typed::All(text) => (text, None),
        Typed::One(number, text) => (text, Some(number)),
        Typed::Nobody(name) => {
            let name = String::from_utf8_lossy(name);
            return not_said(shared, &name).await;
        }
    };
    let mut cutter = Cutter::new(shared);
    cutter.push(text);
    loop {
        let piece = match cutter.next(true) {
            Ok(Some(piece)) => piece,
            Ok(None) => return,
            Err(error) => {
                let _over = shared.announce(&error.to_string()).await;
                return;
            }
        };
        let told = match whom {
            None => shared.hall.tell_all(&piece),
            Some(number) => shared.hall.tell(number, &piece),
        };
        if told == Err(NotHere) {
            let _over = match whom {
                None => shared.announce(words::MANY_NOBODY.say(language)).await,
                Some(number) => {
                    not_said(shared, &number.to_string()).await;
                    Ok(())
                }
            };
            return;
        }
        shared.hall.room().await;
    }
}

/// Says who is here, and that nothing was sent.
async fn not_said(shared: &Shared, name: &str) {
    let language = shared.look.language;
    let here = shared.hall.here();
    let listed: Vec<String> = here
        .iter()
        .take(LISTED)
        .map(|peer| format!("#{} {}", peer.number, peer.address))
        .collect();
    let mut peers = listed.join(", ");
    if here.len() > LISTED {
        peers.push_str(&format!(", … ({})", here.len()));
    }
    let line = match (name, here.is_empty()) {
        (_, true) => words::MANY_NOBODY.say(language).to_owned(),
        ("", false) => words::MANY_HERE.fill(language, &[("peers", &peers)]),
        (name, false) => {
            let name = sockeye_view::escape::escape_name(name);
            words::MANY_NO_SUCH.fill(language, &[("name", &name), ("peers", &peers)])
        }
    };
    let _over = shared.announce(&line).await;
}

/// Cuts input into what is sent at once: pieces of a stream as they come, or whole messages.
struct Cutter {
    crlf: Option<Crlf>,
    messages: Option<Decoder>,
    /// The next piece of a stream.
    piece: Option<Arc<[u8]>>,
}

impl Cutter {
    fn new(shared: &Shared) -> Self {
        Self {
            crlf: shared.crlf.then(Crlf::default),
            messages: shared
                .keeps_messages
                .then(|| Decoder::new(shared.frame.unwrap_or(Framing::Line), shared.max_frame)),
            piece: None,
        }
    }

    /// Takes input; all of it should be taken out before the next.
    fn push(&mut self, bytes: &[u8]) {
        let mut changed = Vec::new();
        let bytes = match &mut self.crlf {
            Some(crlf) => {
                crlf.pass(bytes, &mut changed);
                &changed
            }
            None => bytes,
        };
        match &mut self.messages {
            Some(messages) => messages.push(bytes),
            None => self.piece = Some(bytes.into()),
        }
    }

    /// What can be sent now; at the end also what is left.
    fn next(&mut self, at_end: bool) -> io::Result<Option<Arc<[u8]>>> {
        let Some(messages) = &mut self.messages else {
            return Ok(self.piece.take());
        };
        if let Some(message) = messages.next_message().map_err(io::Error::other)? {
            return Ok(Some(message.into()));
        }
        if !at_end {
            return Ok(None);
        }
        let last = messages.finish().map_err(io::Error::other)?;
        Ok(last.map(Arc::from))
    }
}

/// Peers that are named one by one.
const LISTED: usize = 8;
