//! What a peer sends, on its way to a terminal: shown, and never acted on.

use sockeye_net::relay::Filter;
use sockeye_view::escape::{escape_text, incomplete_tail};

/// Escapes control characters and what could reorder a line; text, line ends and tabs pass.
#[derive(Debug, Default)]
pub(crate) struct Printable {
    /// The beginning of a character, or a CR whose LF may follow, kept for the next piece.
    kept: Vec<u8>,
}

impl Filter for Printable {
    fn pass(&mut self, data: &[u8], out: &mut Vec<u8>) {
        self.kept.extend_from_slice(data);
        let tail = match self.kept.last() {
            Some(b'\r') => 1,
            _ => incomplete_tail(&self.kept),
        };
        let rest = self.kept.split_off(self.kept.len() - tail);
        out.extend_from_slice(escape_text(&self.kept).as_bytes());
        self.kept = rest;
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(escape_text(&std::mem::take(&mut self.kept)).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(pieces: &[&[u8]]) -> String {
        let mut filter = Printable::default();
        let mut out = Vec::new();
        for piece in pieces {
            filter.pass(piece, &mut out);
        }
        filter.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_terminal_is_never_told_to_do_anything() {
        let shown = through(&[b"ok\x1b[2J\x07\n", "é\u{202e}".as_bytes()]);
        assert!(shown.starts_with("ok\\x1b[2J\\x07\né\\u"), "{shown}");
    }

    #[test]
    fn a_character_or_a_line_end_that_comes_in_pieces_is_shown_whole() {
        let euro = "€".as_bytes();
        assert_eq!(through(&[&euro[..1], &euro[1..2], &euro[2..]]), "€");
        assert_eq!(through(&[b"a\r", b"\nb"]), "a\r\nb");
    }

    #[test]
    fn what_never_becomes_a_character_is_shown_as_bytes() {
        let euro = "€".as_bytes();
        assert_eq!(through(&[&euro[..2], b"x"]), "\\xe2\\x82x");
        assert_eq!(through(&[&euro[..2]]), "\\xe2\\x82");
        assert_eq!(through(&[b"over\r", b"write"]), "over\\rwrite");
    }
}
