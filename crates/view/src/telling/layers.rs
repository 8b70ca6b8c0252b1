//! The words for what stands above a socket: the handshake of TLS or WebSocket, and the calls it makes beneath.

use sockeye_model::{Call, Detail, Errno, Event, Kind};

use super::{Teller, Told};
use crate::catalogue::{self, Text, narration, reasons};
use crate::layout::shorten;

/// Columns that one value may take: a peer's path or names may be long.
const VALUE: usize = 240;

/// One thing that a handshake agreed on.
#[derive(Clone, Debug)]
pub(crate) struct Agreed {
    /// What, in the language of the view.
    pub(crate) label: String,
    pub(crate) value: String,
    /// What it is good for, where it is one that is known here.
    pub(crate) why: Option<Text>,
}

/// Whether an event is a call that a layer made to move its own bytes: what they carry is told by the layer.
pub(crate) fn is_beneath(kind: &Kind<'_>) -> bool {
    match kind {
        Kind::Called { call, result } => beneath(*call, *result).is_some(),
        _ => false,
    }
}

/// How many bytes a layer moved by this call.
fn beneath(call: Call, result: Result<i64, Errno>) -> Option<u64> {
    let moves = matches!(
        call,
        Call::Send
            | Call::SendTo
            | Call::SendMsg
            | Call::Write
            | Call::Recv
            | Call::RecvFrom
            | Call::RecvMsg
            | Call::Read
    );
    let bytes = u64::try_from(result.ok()?).ok()?;
    (moves && bytes > 0).then_some(bytes)
}

impl Teller {
    pub(super) fn upgraded(&self, event: &Event<'_>, protocol: &str) -> Told {
        let told = Told::new(event, self.say(narration::LAYER), self.name(protocol));
        let told = self.with_time(told, event.took);
        match reasons::of_layer(protocol) {
            Some(reason) => told.because(reason, self.language),
            None => told,
        }
    }

    /// What a call beneath a layer moved, where it is one.
    pub(super) fn beneath(
        &self,
        event: &Event<'_>,
        call: Call,
        result: Result<i64, Errno>,
    ) -> Option<Told> {
        let bytes = catalogue::bytes(beneath(call, result)?, self.language);
        let fact = self.fill(narration::BENEATH, &[("bytes", &bytes)]);
        Some(Told::new(event, call.name(), fact).because(reasons::BENEATH, self.language))
    }

    /// What a handshake agreed on, in its order.
    pub(crate) fn agreed(&self, details: &[Detail]) -> Vec<Agreed> {
        details
            .iter()
            .map(|(name, value)| {
                let (label, why) = match reasons::of_detail(name) {
                    Some((label, why)) => (self.say(label).to_owned(), Some(why)),
                    None => (shorten(&self.name(name), VALUE), None),
                };
                let value = match (&**name, &**value, value.parse::<u32>()) {
                    ("days left", _, Ok(1)) => self.say(narration::IN_A_DAY).to_owned(),
                    ("days left", _, Ok(days)) => self.fill(narration::IN_DAYS, &[("days", &days)]),
                    ("resumed", "yes", _) => self.say(narration::YES).to_owned(),
                    _ => shorten(&self.name(value), VALUE),
                };
                Agreed { label, value, why }
            })
            .collect()
    }

    /// All that was agreed on, in one line.
    pub(crate) fn agreed_in_line(agreed: &[Agreed]) -> String {
        let phrases: Vec<String> = agreed
            .iter()
            .map(|agreed| format!("{} {}", agreed.label, agreed.value))
            .collect();
        phrases.join(", ")
    }
}
