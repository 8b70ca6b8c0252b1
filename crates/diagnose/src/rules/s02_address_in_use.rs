//! S02: bind() was refused because the address is taken; says who has it.

use sockeye_model::{Call, Errno, Event, Finding, Kind, Note, Saying, Value, Weight};

use super::{Words, at_call};
use crate::rule::{About, Rule, RuleRow};
use crate::scene::Scene;

pub(super) const ROW: RuleRow = RuleRow {
    about: ABOUT,
    make: || Box::new(AddressInUse::default()),
};

const ABOUT: About = About {
    id: "S02",
    weight: Weight::Mistake,
    title: words::TITLE,
};

/// Waits, after a refused bind, for the note that says who holds the address.
#[derive(Default)]
struct AddressInUse {
    refused: Option<Event<'static>>,
}

impl Rule for AddressInUse {
    fn event(&mut self, event: &Event<'_>, _scene: &Scene, found: &mut Vec<Finding>) {
        match &event.kind {
            Kind::Failed {
                call: Call::Bind,
                errno: Errno::EADDRINUSE,
                ..
            } => self.refused = Some(event.clone().into_owned()),
            Kind::Noted(Note::Holder {
                address,
                process,
                resting,
            }) => {
                let Some(refused) = self.refused.take() else {
                    return;
                };
                let place = Value::Address(address.clone());
                let holder = match process {
                    Some(process) => Saying::of(words::HELD)
                        .with("address", place)
                        .with("name", Value::Name(process.name.clone().into_owned()))
                        .with("pid", Value::Count(process.pid.into())),
                    None if *resting > 0 => Saying::of(words::RESTING)
                        .with("address", place)
                        .with("count", Value::Count((*resting).into())),
                    None => Saying::of(words::UNSEEN).with("address", place),
                };
                let fix = match (process, *resting) {
                    (None, 1..) => words::FIX_RESTING,
                    _ => words::FIX_HELD,
                };
                found.push(at_call(
                    &ABOUT,
                    Weight::Mistake,
                    &refused,
                    Words {
                        short: Saying::of(words::SHORT),
                        happened: holder,
                        why: Saying::of(words::WHY),
                        fix: Saying::of(fix),
                    },
                ));
            }
            _ => {}
        }
    }
}

mod words {
    sockeye_model::texts! {
        TITLE = "the address is taken" | "la dirección está ocupada";
        SHORT = "the address is taken" | "la dirección está ocupada";
        HELD = "{address} is held by {name} (pid {pid})" | "{address} lo tiene {name} (pid {pid})";
        RESTING = "nobody listens on {address}: {count} old connections rest there in TIME_WAIT"
            | "nadie escucha en {address}: {count} conexiones antiguas reposan allí en TIME_WAIT";
        UNSEEN = "{address} is held by a process that may not be seen from here"
            | "{address} lo tiene un proceso que desde aquí no se puede ver";
        WHY = "an address and port belong to one listening socket at a time"
            | "una dirección con su puerto pertenece a un solo socket que escucha a la vez";
        FIX_HELD = "end that process, or bind another port" | "termina ese proceso o usa otro puerto en bind";
        FIX_RESTING = "wait a minute, and set SO_REUSEADDR before bind() in every run"
            | "espera un minuto y activa SO_REUSEADDR antes de bind() en cada ejecución";
    }
}
