//! Whether two texts are the same for a reader: word by word, but for what no two runs share.

/// What a duration is told in.
const UNITS: [&str; 4] = ["ms", "µs", "s", "min"];

/// Whether `shown` is what `written` says.
///
/// Left out are margins, leaders (`....`) and where lines are cut; any time of day, duration, time since the start, port
/// chosen by the system (32768 and up), process number, descriptor, pin of a key and number of segments stands for any other. A line `...` stands
/// for any words. Without one, data and what has a margin may meet in any order, as they do on a screen.
pub(crate) fn matches(written: &[String], shown: &str) -> bool {
    let shown: Vec<_> = shown.lines().collect();
    let written: Vec<_> = written.iter().map(String::as_str).collect();
    let mut pieces = written.split(|line| *line == "...");
    if pieces.clone().count() == 1 {
        let (told, data) = apart(&shown);
        let (wanted_told, wanted_data) = apart(&written);
        return words(&told) == words(&wanted_told) && words(&data) == words(&wanted_data);
    }
    let shown = words(&shown);
    let first = words(pieces.next().unwrap_or_default());
    let last = words(pieces.next_back().unwrap_or_default());
    let Some(rest) = shown.strip_prefix(&first[..]) else {
        return false;
    };
    let Some(mut rest) = rest.strip_suffix(&last[..]) else {
        return false;
    };
    for piece in pieces.map(words).filter(|piece| !piece.is_empty()) {
        let Some(at) = rest.windows(piece.len()).position(|it| it == piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    true
}

fn apart<'a>(lines: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    lines.iter().partition(|line| line.starts_with('┊'))
}

fn words(lines: &[&str]) -> Vec<String> {
    let all = lines
        .iter()
        .flat_map(|line| line.trim_start_matches('┊').split_whitespace())
        .filter(|word| word.len() < 4 || word.chars().any(|letter| letter != '.'))
        .collect::<Vec<_>>();
    let mut words = Vec::new();
    for (at, word) in all.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |at| all[at]);
        let after = all.get(at + 1).copied().unwrap_or_default();
        let bare = |word: &str| {
            word.trim_matches(|letter: char| !letter.is_alphanumeric())
                .to_owned()
        };
        let counted = UNITS.contains(&&*bare(after))
            || after.starts_with("segment")
            || (["and", "y"].contains(&before)
                && ["in,", "in", "recibidos,", "recibidos"].contains(&after));
        // Which number a descriptor gets depends on what this process was started with.
        if ["pid", "fd"].contains(&before) {
            words.push(word.replace(|letter: char| letter.is_ascii_digit(), ""));
        } else if is_number(word) && (counted || word.contains(['.', ','])) {
            words.push("N".into());
        } else if word
            .strip_suffix("ms")
            .is_some_and(|number| is_number(number) && number.contains(['.', ',']))
        {
            words.push("ms".into());
        } else if UNITS.contains(&&*bare(word)) {
            words.push(word.replace(&bare(word), "ms"));
        } else {
            words.push(plain(word));
        }
    }
    words
}

fn is_number(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_ascii_digit())
        && word
            .chars()
            .all(|letter| letter.is_ascii_digit() || ".,".contains(letter))
}

/// The pin of a key in `text`: each server that makes its own has another.
pub(crate) fn pin(text: &str) -> Option<&str> {
    const DIGITS: usize = 64;
    let (_, rest) = text.split_once("sha256:")?;
    let pin = rest.get(..DIGITS)?;
    pin.bytes().all(|it| it.is_ascii_hexdigit()).then_some(pin)
}

/// The word with the ports that the system chose, times of day and pins of keys made equal.
fn plain(word: &str) -> String {
    if let Some(pin) = pin(word) {
        return plain(&word.replace(pin, "pin"));
    }
    let mut plain = String::new();
    let mut rest = word;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let digits = |text: &str| {
            text.find(|it: char| !it.is_ascii_digit())
                .unwrap_or(text.len())
        };
        let length = digits(rest);
        let (number, after) = rest.split_at(length);
        let minutes = after
            .strip_prefix(':')
            .is_some_and(|after| digits(after) == 2);
        if length == 2 && minutes {
            plain.push_str("hh");
        } else if length == 5 && number.parse::<u32>().is_ok_and(|port| port >= 32_768) {
            plain.push_str("port");
        } else if length == 2 && plain.ends_with("hh:") {
            plain.push_str("mm");
        } else {
            plain.push_str(number);
        }
        rest = after;
    }
    plain + rest
}

#[test]
fn a_byte_more_a_word_less_or_another_order_is_noticed() {
    let page = ["┊ 0.481 send  5 B \"hola\"".to_owned(), "hola".to_owned()];
    assert!(matches(&page, "hola\n┊ 1.002   send 5 B\n┊ \"hola\""));
    assert!(!matches(&page, "hola\n┊ 0.481 send 6 B \"hola\""));
    assert!(!matches(&page, "hola\n┊ 0.481 send 5 B"));
    assert!(!matches(&page, "hola\nhola\n┊ 0.481 send 5 B \"hola\""));
    assert!(!matches(&page, "┊ 0.481 5 B send \"hola\"\nhola"));
}

#[test]
fn what_no_two_runs_share_is_equal_and_ports_with_a_meaning_are_not() {
    let same = |left: &str, right: &str| matches(&[left.to_owned()], right);
    assert!(same(
        "from 127.0.0.1:37402 in 0.44 ms, pid 4121 fd 11",
        "from 127.0.0.1:60001 in 12 µs, pid 9 fd 3"
    ));
    assert!(same(
        "12:02 UTC, 8 segments out and 5 in, MSS",
        "23:59 UTC, 7 segments out and 6 in, MSS"
    ));
    assert!(same("started 15 s ago", "started 1 min ago"));
    assert!(!same("to 127.0.0.1:7007", "to 127.0.0.1:7009"));
    assert!(!same("rests ~60 s", "rests ~61 s"));
}

#[test]
fn dots_stand_for_any_words_between_what_is_written() {
    let page = ["a", "...", "c d", "...", "f"].map(str::to_owned);
    assert!(matches(&page, "a\nb\nc d\ne\nf"));
    assert!(matches(&page, "a c d f"));
    assert!(!matches(&page, "a b c e f"));
    assert!(!matches(&page, "a c d f g"));
}
