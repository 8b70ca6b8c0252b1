//! What may be done to the bytes of a direction on their way: only where a person asked for it.

/// Changes the bytes of one direction. It must keep its state over any split of them.
pub trait Filter: Send + Sync {
    /// Appends to `out` what `data` becomes.
    fn pass(&mut self, data: &[u8], out: &mut Vec<u8>);

    /// The end: appends what was held back.
    fn finish(&mut self, _out: &mut Vec<u8>) {}
}

/// `--crlf`: each line end becomes CR LF, as text protocols want it; one that is CR LF already stays so.
#[derive(Debug, Default)]
pub struct Crlf {
    after_cr: bool,
}

impl Filter for Crlf {
    fn pass(&mut self, data: &[u8], out: &mut Vec<u8>) {
        for &byte in data {
            if byte == b'\n' && !self.after_cr {
                out.push(b'\r');
            }
            self.after_cr = byte == b'\r';
            out.push(byte);
        }
    }
}

/// For a terminal: what a peer sends is shown and never acted on. Text passes, control characters and what could
/// reorder a line are escaped.
#[derive(Default)]
pub struct Printable {
    /// The beginning of a character whose rest has not come yet.
    partial: Vec<u8>,
}

impl Filter for Printable {
    fn pass(&mut self, data: &[u8], out: &mut Vec<u8>) {
        self.partial.extend_from_slice(data);
        let bytes = std::mem::take(&mut self.partial);
        let mut rest = bytes.as_slice();
        while let Some(chunk) = rest.utf8_chunks().next() {
            chunk
                .valid()
                .chars()
                .for_each(|character| print(character, out));
            let invalid = chunk.invalid();
            let seen = chunk.valid().len() + invalid.len();
            rest = &rest[seen..];
            if rest.is_empty() && could_go_on(invalid) {
                self.partial.extend_from_slice(invalid);
            } else {
                invalid.iter().for_each(|byte| escape_byte(*byte, out));
            }
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        for byte in std::mem::take(&mut self.partial) {
            escape_byte(byte, out);
        }
    }
}

/// Whether these bytes are the beginning of a character that more bytes could complete.
fn could_go_on(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

fn print(character: char, out: &mut Vec<u8>) {
    let reorders = matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match character {
        '\n' | '\t' => out.push(character as u8),
        // A terminal goes to the line's start at CR: before LF that is harmless, alone it would overwrite.
        '\r' => out.push(b'\r'),
        _ if reorders || (character.is_control() && !character.is_ascii()) => {
            out.extend_from_slice(format!("\\u{{{:x}}}", u32::from(character)).as_bytes());
        }
        _ if character.is_control() => escape_byte(character as u8, out),
        _ => {
            let mut utf8 = [0; 4];
            out.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
        }
    }
}

fn escape_byte(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(filter: &mut dyn Filter, pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        for piece in pieces {
            filter.pass(piece, &mut out);
        }
        filter.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_end_split_over_two_reads_becomes_one_crlf() {
        assert_eq!(
            through(&mut Crlf::default(), &[b"a\r", b"\nb\n", b"\n\rc"]),
            "a\r\nb\r\n\r\n\rc"
        );
    }

    #[test]
    fn a_terminal_is_never_told_to_do_anything() {
        let shown = through(
            &mut Printable::default(),
            &[b"ok\x1b[2J\x07\n", "é\u{202e}\u{9b}".as_bytes()],
        );
        assert_eq!(shown, "ok\\x1b[2J\\x07\né\\u{202e}\\u{9b}");
    }

    #[test]
    fn a_character_that_comes_in_pieces_is_shown_whole() {
        let euro = "€".as_bytes();
        assert_eq!(
            through(
                &mut Printable::default(),
                &[&euro[..1], &euro[1..2], &euro[2..]]
            ),
            "€"
        );
        assert_eq!(
            through(&mut Printable::default(), &[&euro[..2], b"x"]),
            "\\xe2\\x82x"
        );
        assert_eq!(
            through(&mut Printable::default(), &[&euro[..2]]),
            "\\xe2\\x82"
        );
    }
}
