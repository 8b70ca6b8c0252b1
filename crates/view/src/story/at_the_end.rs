//! What a view does that writes once, when the session is over.

use std::io::{self, Write};

use sockeye_model::{Event, Flow, Tally};

use super::{Kept, Story};
use crate::catalogue::Language;

/// The events until then, and where the text goes.
#[derive(Debug)]
pub(crate) struct AtTheEnd<W> {
    out: W,
    kept: Option<Kept>,
}

impl<W: Write> AtTheEnd<W> {
    /// Room for so many events.
    pub(crate) fn new(out: W, limit: usize) -> Self {
        Self {
            out,
            kept: Some(Kept::new(limit)),
        }
    }

    pub(crate) fn event(&mut self, event: &Event<'_>) -> io::Result<Flow> {
        if let Some(kept) = &mut self.kept {
            kept.keep(event);
        }
        Ok(Flow::Continue)
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes what `text` makes of the session, the first time.
    pub(crate) fn finish(
        &mut self,
        tally: &Tally,
        language: Language,
        text: impl FnOnce(&Story) -> String,
    ) -> io::Result<()> {
        let Some(kept) = self.kept.take() else {
            return Ok(());
        };
        let story = Story::of(kept, tally, language);
        self.out.write_all(text(&story).as_bytes())?;
        self.out.flush()
    }
}
