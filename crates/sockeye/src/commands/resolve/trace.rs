//! `resolve --trace`: the walk from the root, told as it goes.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use sockeye_names::walk::{Bounds, Hints, Outcome as End, Walked, Walker};
use sockeye_names::{Exchange, Question};
use sockeye_view::escape::escape_name;
use tokio::time::Instant;

use super::told::{self, Telling};
use super::{Spoken, json, lines, walk_json, walk_words as words};
use crate::cli::ResolveArgs;
use crate::cli::quantity::duration_text;
use crate::cli::resolve::Start;
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};
use crate::session::Session;
use crate::views::Look;

/// Walks to each of the types in turn; a later one begins where the way is known already.
pub(super) async fn walk(
    args: &ResolveArgs,
    start: &Start,
    session: &Session,
    exchange: Exchange,
) -> Result<Spoken, Failure> {
    let look = session.look;
    let language = look.language;
    let hints = hints(args, start, session).await?;
    let on_stdout = Look::on(&io::stdout(), &args.view.look);
    let columns = on_stdout.terminal.then_some(on_stdout.width);
    let live = Live {
        telling: RefCell::new(Telling::new(language, columns, look.ascii)),
        off: Cell::new(args.short || args.json),
    };
    let deadline = Instant::now() + args.timeout;
    let mut walker = Walker::new(&hints, exchange, |step| {
        live.put(|telling| telling.step(step))
    });
    if args.tcp {
        walker = walker.over_tcp();
    }
    if args.short {
        walker = walker.without_zone();
    }
    let mut walks: Vec<Walked> = Vec::new();
    for kind in &args.kinds {
        if !walks.is_empty() {
            live.telling.borrow_mut().next(*kind);
        }
        walker = walker.within(Bounds {
            time: deadline.saturating_duration_since(Instant::now()),
            ..Bounds::USUAL
        });
        let question = Question::new(args.wanted.name(), *kind);
        walks.push(walker.walk(&question).await);
    }
    let answer = if args.json {
        json::text(&walk_json::Document::of(args, &walks))
    } else {
        let records = walks
            .iter()
            .flat_map(|walked| walked.aliases.iter().chain(&walked.records));
        if args.short {
            lines::short_text(walks.iter().flat_map(|walked| &walked.records))
        } else {
            let table = lines::table_of(records);
            let gap = if table.is_empty() { "" } else { "\n" };
            format!("\n{table}{gap}{}", told::end(&walks, language, columns))
        }
    };
    Ok(Spoken {
        answer,
        lines: Vec::new(),
        outcome: outcome(args, &walks, session),
    })
}

/// What is told while the walk goes on, on stdout.
struct Live {
    telling: RefCell<Telling>,
    /// Nothing is to be told, or the reader has left: that is found out again when the answer is written.
    off: Cell<bool>,
}

impl Live {
    fn put(&self, text: impl FnOnce(&mut Telling) -> String) {
        if self.off.get() {
            return;
        }
        let text = text(&mut self.telling.borrow_mut());
        let mut stdout = io::stdout().lock();
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
        self.off.set(written.is_err());
    }
}

/// 0 when one of the types was answered; else why the first was not, unless it was for lack of such a record and another
/// had a worse reason.
fn outcome(args: &ResolveArgs, walks: &[Walked], session: &Session) -> crate::commands::Outcome {
    let answered = |walked: &Walked| walked.outcome == End::Answered;
    if walks.iter().any(answered) {
        return Ok(ExitCode::Clean);
    }
    let time = duration_text(args.timeout);
    let worst = walks
        .iter()
        .find(|walked| !matches!(walked.outcome, End::NoData(_)))
        .or(walks.first());
    let failure =
        worst.and_then(|walked| told::failure(walked, &args.kinds, &time, session.look.language));
    match failure {
        Some(failure) => Err(failure),
        None => Ok(ExitCode::Clean),
    }
}

async fn hints(args: &ResolveArgs, start: &Start, session: &Session) -> Result<Hints, Failure> {
    let language = session.look.language;
    match start {
        Start::BuiltIn => Ok(Hints::built_in()),
        Start::At(roots) => {
            let deadline = Instant::now() + args.timeout;
            let mut addresses = Vec::new();
            for root in roots {
                addresses.push(super::server(root, args, session, deadline).await?.address);
            }
            Ok(Hints::at(&addresses))
        }
        Start::Hints(path) => {
            let shown = path.to_string_lossy();
            let shown = escape_name(&shown);
            let failed = |exit, error: &dyn std::fmt::Display| {
                let places: [(&str, &dyn std::fmt::Display); 2] =
                    [("path", &shown), ("error", error)];
                Failure::new(exit, words::HINTS_FAILED.fill(language, &places))
            };
            let text = std::fs::read(path)
                .map_err(|error| failed(ExitCode::Usage, &io_text(&error, language)))?;
            Hints::parse(&String::from_utf8_lossy(&text))
                .map_err(|error| failed(ExitCode::Usage, &error))
        }
    }
}
