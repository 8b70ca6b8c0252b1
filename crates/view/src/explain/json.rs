//! A line of narration as an object of JSON: the same words, for whoever lays them out by itself.

use sockeye_model::SocketId;

use super::line::Place;
use crate::catalogue::{self, Language};
use crate::layout::GLUE;
use crate::record::json::Object;
use crate::telling::{Mark, Said, Told, Way};

/// One line, with its line feed.
pub(super) fn line(told: Told, place: &Place, said: &mut Said, language: Language) -> Vec<u8> {
    let mut out = Vec::new();
    let mut line = Object::open(&mut out);
    line.number("at", told.at.as_nanos());
    if told.below {
        line.plain("below", "yes");
    } else {
        line.plain("time", &catalogue::seconds(told.at, language));
    }
    if told.socket != SocketId::NONE {
        line.number("socket", told.socket.0.into());
    }
    match told.way {
        Some(Way::Out) => line.plain("way", "out"),
        Some(Way::In) => line.plain("way", "in"),
        None => {}
    }
    match told.mark {
        Mark::Plain => {}
        Mark::Loss => line.plain("mark", "loss"),
        Mark::Failure => line.plain("mark", "failure"),
    }
    line.text("name", &told.name);
    line.text("fact", &unglued(&told.whole_fact()));
    if let Some(place) = place.text() {
        line.text("place", place);
    }
    let why = said.unsaid(told.reasons);
    let words: Vec<String> = why.iter().map(|reason| unglued(&reason.words)).collect();
    let names = why.iter().map(|reason| reason.text.english);
    line.pairs("why", names.zip(words.iter().map(String::as_str)));
    line.close();
    out.push(b'\n');
    out
}

/// The last line, with its line feed.
pub(super) fn summary(well: bool, phrases: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut line = Object::open(&mut out);
    line.plain("ended", if well { "well" } else { "badly" });
    line.list("summary", phrases.iter().map(String::as_str));
    line.close();
    out.push(b'\n');
    out
}

/// A phrase that is laid out elsewhere has spaces between its words.
fn unglued(text: &str) -> String {
    text.replace(GLUE, " ")
}
