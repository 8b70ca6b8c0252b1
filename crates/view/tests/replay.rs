//! A recording in any state is read as far as it goes, and what is wrong with it is said.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod record_samples;

use std::io::{self, BufReader, Read};

use record_samples::{events, header, tally};
use sockeye_model::{Sink, SocketId};
use sockeye_view::replay::Reason;
use sockeye_view::{Record, Replay};

const HEADER: &str = r#"{"sockeye":"recording","schema":1,"version":"9","started":0,"command":[]}"#;
const WAITING: &str = r#"{"at":1,"socket":1,"event":"waiting","call":"recv"}"#;
const END: &str = r#"{"event":"end","lasted":0,"bytes_sent":0,"bytes_received":0,"sends":0,"receives":0,"conversations":0,"failed":0,"unshown":0}"#;

fn refused(text: &str) -> String {
    Replay::new(text.as_bytes()).unwrap_err().to_string()
}

/// How many events there were, and the errors in words.
fn read(lines: &[&str]) -> (usize, Vec<String>) {
    let text = lines.join("\n") + "\n";
    let (events, errors): (Vec<_>, Vec<_>) = Replay::new(text.as_bytes())
        .unwrap()
        .partition(Result::is_ok);
    let errors = errors
        .into_iter()
        .map(|error| error.unwrap_err().to_string())
        .collect();
    (events.len(), errors)
}

#[test]
fn what_is_no_recording_is_refused_by_its_first_line() {
    assert_eq!(refused(""), "line 1: the recording is empty");
    for text in [
        "\n",
        "GET / HTTP/1.1\r\n",
        "{}\n",
        "[1]\n",
        "{\"sockeye\":\"something else\",\"schema\":1}\n",
        "{\"sockeye\":\"recording\",\"schema\":0}\n",
        "{\"sockeye\":\"recording\",\"schema\":\"1\"}\n",
    ] {
        assert_eq!(
            refused(text),
            "line 1: this is no recording: one begins with {\"sockeye\":\"recording\",\"schema\":1",
            "{text}"
        );
    }
    assert_eq!(
        refused(&HEADER[..40]),
        "line 1: the recording was cut off within this line"
    );
}

#[test]
fn a_newer_schema_is_refused_whatever_else_its_header_says() {
    assert_eq!(
        refused("{\"sockeye\":\"recording\",\"schema\":2,\"version\":[2,0]}\n"),
        "line 1: the recording has schema 2, and this version reads schema 1: use the sockeye that made it, or a newer one"
    );
}

#[test]
fn fields_that_are_not_known_are_passed_over() {
    let header = HEADER.replace("\"schema\"", "\"later\":{\"a\":[1,2]},\"schema\"");
    let event = WAITING.replace("\"call\"", "\"later\":[{}],\"call\"");
    assert_eq!(read(&[&header, &event, END]), (1, vec![]));
}

#[test]
fn kinds_and_words_of_a_newer_version_are_left_out_and_counted() {
    let text = [
        HEADER,
        r#"{"at":1,"event":"teleported","name":{"not":"a text"}}"#,
        r#"{"at":1,"event":"migrated"}"#,
        r#"{"at":1,"event":"waiting","call":"io_uring_enter"}"#,
        r#"{"at":1,"event":"noted","note":"overheard"}"#,
        r#"{"at":1,"event":"created","family":"AF_VSOCK","type":"SOCK_STREAM","protocol":0}"#,
        WAITING,
        END,
    ]
    .join("\n");
    let mut replay = Replay::new(text.as_bytes()).unwrap();
    assert_eq!(replay.by_ref().map(Result::unwrap).count(), 1);
    assert_eq!(replay.unknown(), 5);
    assert!(replay.is_whole());
}

#[test]
fn a_damaged_line_is_said_and_the_next_is_read() {
    let damaged = [
        (WAITING.replace("\"at\":1,", ""), "the field \"at\" is missing"),
        (WAITING.replace(r#","call":"recv""#, ""), "the field \"call\" is missing"),
        (r#"{"at":1}"#.into(), "the field \"event\" is missing"),
        (
            r#"{"at":1,"event":"sent","call":"send","asked":2,"unit":"bytes","bytes":3,"data":{"text":"hi"}}"#.into(),
            "the field \"bytes\" can't be right",
        ),
        (
            r#"{"at":1,"event":"sent","call":"send","asked":2,"unit":"bytes","bytes":2,"data":{"text":"hi","base64":"aGk="}}"#.into(),
            "the field \"data\" can't be right",
        ),
        (
            r#"{"at":1,"event":"sent","call":"send","asked":2,"unit":"bytes","bytes":2,"data":{"base64":"hi"}}"#.into(),
            "the field \"base64\" can't be right",
        ),
        (
            r#"{"at":1,"event":"called","call":"poll","returned":0,"errno":{"number":4}}"#.into(),
            "the field \"errno\" can't be right",
        ),
        (r#"{"at":1,"event":"exited","pid":1}"#.into(), "the field \"code\" is missing"),
    ];
    for (line, reason) in &damaged {
        assert_eq!(
            read(&[HEADER, WAITING, line, WAITING, END]),
            (2, vec![format!("line 3: {reason}")])
        );
    }
    for line in [
        "{",
        "\u{feff}{}",
        r#"{"at":-1,"event":"waiting","call":"recv"}"#,
        "nonsense",
    ] {
        let (events, errors) = read(&[HEADER, line, WAITING, END]);
        assert_eq!(events, 1);
        assert_eq!(errors.len(), 1);
        assert!(
            errors[0].starts_with("line 2: not an event: "),
            "{errors:?}"
        );
    }
}

#[test]
fn an_address_that_is_none_is_said() {
    let (_, errors) = read(&[
        HEADER,
        r#"{"at":1,"event":"bound","local":"127.0.0.1:99999"}"#,
    ]);
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].contains("\"127.0.0.1:99999\" is no socket address"),
        "{errors:?}"
    );
}

#[test]
fn lines_after_the_end_are_refused() {
    assert_eq!(
        read(&[HEADER, END, WAITING, WAITING]),
        (
            0,
            vec!["line 3: more lines after the end of the recording".into()]
        )
    );
}

#[test]
fn empty_lines_and_carriage_returns_do_no_harm() {
    assert_eq!(
        read(&[HEADER, "", "\r", &format!("{WAITING}\r"), END, ""]),
        (1, vec![])
    );
}

#[test]
fn a_last_line_that_was_cut_off_is_said_and_those_before_it_are_given() {
    let text = format!("{HEADER}\n{WAITING}\n{}", &WAITING[..20]);
    let mut replay = Replay::new(text.as_bytes()).unwrap();
    assert!(replay.next().unwrap().is_ok());
    let error = replay.next().unwrap().unwrap_err();
    assert!(matches!(error.reason, Reason::CutOff));
    assert_eq!(error.line, 3);
    assert!(replay.next().is_none());
    assert!(!replay.is_whole());
}

#[test]
fn a_line_without_end_is_given_up_at_the_limit() {
    let endless = HEADER
        .as_bytes()
        .chain(&b"\n\""[..])
        .chain(io::repeat(b'x'));
    let mut replay = Replay::new(BufReader::with_capacity(1 << 20, endless)).unwrap();
    let error = replay.next().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2: longer than 64 MiB, the limit of a line"
    );
    assert!(replay.next().is_none());

    let header = BufReader::with_capacity(1 << 20, io::repeat(b'{'));
    assert_eq!(
        Replay::new(header).unwrap_err().to_string(),
        "line 1: longer than 16 MiB, the limit of a line"
    );
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow_of_the_stack() {
    let deep = format!(
        r#"{{"at":1,"event":"waiting","later":{}"#,
        "[".repeat(1 << 20)
    );
    let (events, errors) = read(&[HEADER, &deep, WAITING]);
    assert_eq!((events, errors.len()), (1, 1));
}

#[test]
fn an_error_of_the_file_ends_the_reading() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let text = format!("{HEADER}\n{WAITING}\n");
    let mut replay = Replay::new(BufReader::new(text.as_bytes().chain(Broken))).unwrap();
    assert!(replay.next().unwrap().is_ok());
    assert!(matches!(
        replay.next().unwrap().unwrap_err().reason,
        Reason::Io(_)
    ));
    assert!(replay.next().is_none());
}

#[test]
fn without_an_end_line_the_figures_come_from_the_events() {
    let mut out = Vec::new();
    let mut record = Record::new(&mut out, &header());
    for event in events() {
        // The socket with totals of its own, and one that was never closed.
        if event.socket == SocketId(1) || event.socket == SocketId(6) {
            record.event(&event).unwrap();
        }
    }
    record.flush().unwrap();
    let mut replay = Replay::new(&out[..]).unwrap();
    assert!(replay.by_ref().all(|event| event.is_ok()));
    assert!(!replay.is_whole());
    let figures = replay.tally();
    assert_eq!(figures.totals.bytes_sent, 65542);
    assert_eq!(figures.totals.bytes_received, 9 + 5);
    assert_eq!((figures.totals.sends, figures.totals.receives), (3, 2));
    assert_eq!((figures.conversations, figures.failed), (1, 0));
    assert_eq!(figures.lasted.as_millis(), 33);
}

#[test]
fn showing_a_recording_as_json_gives_the_recording() {
    let mut first = Vec::new();
    let mut record = Record::new(&mut first, &header());
    for event in events() {
        record.event(&event).unwrap();
    }
    record.finish(&tally()).unwrap();

    let mut second = Vec::new();
    let mut replay = Replay::new(&first[..]).unwrap();
    let mut again = Record::new(&mut second, replay.header());
    for event in replay.by_ref() {
        again.event(&event.unwrap()).unwrap();
    }
    again.finish(&replay.tally()).unwrap();
    assert_eq!(String::from_utf8(second), String::from_utf8(first));
}
