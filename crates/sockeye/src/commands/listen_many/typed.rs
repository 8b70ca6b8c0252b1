//! A line typed on a terminal: to whom it goes.

/// What a line asks for. The text keeps its newline.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed<'a> {
    /// To everybody who is here.
    All(&'a [u8]),
    /// To the peer with this number.
    One(u64, &'a [u8]),
    /// `@` and a word that names nobody; empty for `@` alone, which asks who is here.
    Nobody(&'a [u8]),
}

/// Reads a line: `@2 text`, `@all text`, `@@text` for a line that begins with an @, or plain text for everybody.
pub(super) fn typed(line: &[u8]) -> Typed<'_> {
    let Some(rest) = line.strip_prefix(b"@") else {
        return Typed::All(line);
    };
    if rest.starts_with(b"@") {
        return Typed::All(rest);
    }
    let end = rest
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(rest.len());
    let (name, text) = rest.split_at(end);
    // One space parts the name from the text; a newline belongs to the text.
    let text = text
        .strip_prefix(b" ")
        .or_else(|| text.strip_prefix(b"\t"))
        .unwrap_or(text);
    let number = str::from_utf8(name).ok().and_then(|name| name.parse().ok());
    match (name, number) {
        (b"all", _) => Typed::All(text),
        (_, Some(number)) => Typed::One(number, text),
        _ => Typed::Nobody(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_goes_to_everybody() {
        assert_eq!(typed(b"hola\n"), Typed::All(b"hola\n"));
        assert_eq!(typed(b" @2 x\n"), Typed::All(b" @2 x\n"));
        assert_eq!(typed(b"\n"), Typed::All(b"\n"));
        assert_eq!(typed(b"@all hola  you\n"), Typed::All(b"hola  you\n"));
    }

    #[test]
    fn a_number_names_one_peer_and_one_space_belongs_to_it() {
        assert_eq!(typed(b"@2 hola\n"), Typed::One(2, b"hola\n"));
        assert_eq!(typed(b"@12  hola\n"), Typed::One(12, b" hola\n"));
        assert_eq!(typed(b"@2\n"), Typed::One(2, b"\n"));
        assert_eq!(typed(b"@2"), Typed::One(2, b""));
    }

    #[test]
    fn two_ats_are_a_plain_one() {
        assert_eq!(typed(b"@@2 x\n"), Typed::All(b"@2 x\n"));
        assert_eq!(typed(b"@@@\n"), Typed::All(b"@@\n"));
    }

    #[test]
    fn what_names_nobody_is_not_sent_to_anybody() {
        assert_eq!(typed(b"@ana hi\n"), Typed::Nobody(b"ana"));
        assert_eq!(typed(b"@\n"), Typed::Nobody(b""));
        assert_eq!(typed(b"@2x hi\n"), Typed::Nobody(b"2x"));
        assert_eq!(typed(b"@-1 hi\n"), Typed::Nobody(b"-1"));
    }
}
