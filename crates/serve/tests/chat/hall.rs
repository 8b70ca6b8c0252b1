//! The machine alone, with a clock of the test's own.

use std::task::Waker;
use std::time::{Duration, UNIX_EPOCH};

use sockeye_model::Timestamp;
use sockeye_model::text::Language;
use sockeye_serve::chat::{ChatLimits, Entrance, Hall, InProcess, Moment, Problem, Tongue, Why};

/// A hall and its time.
pub(crate) struct Stage {
    pub(crate) hall: Hall,
    pub(crate) now: Timestamp,
}

impl Stage {
    pub(crate) fn new(limits: ChatLimits) -> Self {
        Self::speaking(Language::English, limits)
    }

    pub(crate) fn speaking(language: Language, limits: ChatLimits) -> Self {
        Self {
            hall: Hall::new(language, limits, Box::new(InProcess::default())),
            now: Timestamp::START,
        }
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment {
            at: self.now,
            date: UNIX_EPOCH + Duration::from_secs(14 * 3600) + self.now.since_start(),
        }
    }

    pub(crate) fn act<T>(&mut self, act: impl FnOnce(&mut Hall, Moment) -> T) -> T {
        let now = self.moment();
        let done = act(&mut self.hall, now);
        self.hall.deliver(now);
        done
    }

    pub(crate) fn enter(&mut self, how: &Entrance) -> usize {
        self.act(|hall, now| hall.enter(how, now)).unwrap()
    }

    /// Comes in with this name, in lines, and has read the greeting.
    pub(crate) fn named(&mut self, name: &str) -> usize {
        let how = Entrance {
            name: Some(name.to_owned()),
            ..Entrance::new(Tongue::Lines)
        };
        let place = self.enter(&how);
        self.read(place);
        place
    }

    pub(crate) fn hear(&mut self, place: usize, input: &str) {
        self.act(|hall, now| hall.hear(place, input.as_bytes(), now));
    }

    /// All that waits for this member, a frame each.
    pub(crate) fn read(&mut self, place: usize) -> Vec<String> {
        let mut frames = Vec::new();
        while let Ok(frame) = self.hall.take(place, Waker::noop()) {
            frames.push(String::from_utf8(frame.to_vec()).unwrap());
        }
        frames
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.act(Hall::tick);
    }
}

pub(crate) fn guest() -> Entrance {
    Entrance::new(Tongue::Lines)
}

#[test]
fn everybody_in_a_room_hears_what_is_said_there_and_nobody_else() {
    let mut stage = Stage::new(ChatLimits::USUAL);
    let (ana, ben, eva) = (stage.named("ana"), stage.named("ben"), stage.named("eva"));
    assert_eq!(stage.read(ana), ["* ben joined\n", "* eva joined\n"]);
    stage.hear(eva, "/join rust");
    assert_eq!(
        stage.read(eva),
        ["* you are eva, in the room rust; nobody else is here\n"]
    );
    stage.hear(ana, "hola");
    stage.hear(ben, "qué tal");
    assert_eq!(stage.read(ana), ["* eva left\n", "ben: qué tal\n"]);
    assert_eq!(
        stage.read(ben),
        ["* eva joined\n", "* eva left\n", "ana: hola\n"]
    );
    assert_eq!(stage.read(eva), [""; 0]);
}

#[test]
fn whoever_comes_late_hears_what_was_said_with_its_time() {
    let mut stage = Stage::new(ChatLimits::USUAL);
    let ana = stage.named("ana");
    stage.hear(ana, "one");
    stage.now = stage.now + Duration::from_secs(120);
    stage.hear(ana, "two");
    let ben = stage.enter(&guest());
    assert_eq!(
        stage.read(ben),
        [
            "* you are guest-2, in the room lobby; here: ana\n* /name NAME gives you a name, /help says what else there is\n",
            "* said before you came:\n14:00Z ana: one\n14:02Z ana: two\n",
        ]
    );
    let json = stage.enter(&Entrance::new(Tongue::Json));
    assert_eq!(
        stage.read(json),
        [
            r#"{"type":"entered","room":"lobby","name":"guest-3","who":["ana","guest-2"],"more":0}"#,
            concat!(
                r#"{"type":"history","room":"lobby","messages":["#,
                r#"{"from":"ana","text":"one","at":"1970-01-01T14:00:00.000Z"},"#,
                r#"{"from":"ana","text":"two","at":"1970-01-01T14:02:00.000Z"}]}"#
            ),
        ]
    );
}

#[test]
fn a_history_is_bounded_in_messages_and_in_bytes() {
    let limits = ChatLimits {
        history_messages: 3,
        history_bytes: 40,
        ..ChatLimits::USUAL
    };
    let mut stage = Stage::new(limits);
    let ana = stage.named("ana");
    let late = |stage: &mut Stage| {
        let place = stage.enter(&guest());
        let told = stage.read(place).pop().unwrap();
        stage.act(|hall, now| hall.forget(place, now));
        told
    };
    for text in ["one", "two", "three", "four"] {
        stage.hear(ana, text);
    }
    assert_eq!(
        late(&mut stage),
        "* said before you came:\n14:00Z ana: two\n14:00Z ana: three\n14:00Z ana: four\n"
    );
    stage.hear(ana, &"x".repeat(30));
    assert_eq!(
        late(&mut stage),
        format!(
            "* said before you came:\n14:00Z ana: four\n14:00Z ana: {}\n",
            "x".repeat(30)
        )
    );
    // With its name it is longer than all that is kept.
    stage.hear(ana, &"x".repeat(38));
    assert!(late(&mut stage).starts_with("* you are"));
}

#[test]
fn a_name_is_one_members_alone_and_a_taken_one_is_refused() {
    let mut stage = Stage::new(ChatLimits::USUAL);
    let (ana, ben) = (stage.named("Ana"), stage.named("ben"));
    stage.read(ana);
    stage.hear(ben, "/name ANA");
    stage.hear(ben, "/name a b");
    stage.hear(ben, "/name a\u{202e}b");
    stage.hear(ben, "/name");
    stage.hear(ben, &format!("/name {}", "x".repeat(33)));
    stage.hear(ben, "/name a:");
    assert_eq!(
        stage.read(ben),
        [
            "* the name ANA is taken\n",
            "* a name has only visible characters, and no spaces\n",
            "* a name has only visible characters, and no spaces\n",
            "* a name is missing: it has 1 to 32 visible characters\n",
            "* a name has at most 32 characters\n",
            "* a name has no :\n",
        ]
    );
    assert_eq!(stage.read(ana), [""; 0]);
    // One's own name in another spelling is free, and so is one that somebody gave up.
    stage.hear(ana, "/name ana");
    assert_eq!(stage.read(ana), ["* Ana is now ana\n"]);
    stage.hear(ana, "/name eva");
    stage.hear(ben, "/name Ana");
    assert_eq!(
        stage.read(ana),
        ["* ana is now eva\n", "* ben is now Ana\n"]
    );
    let wanted = Entrance {
        name: Some("EVA".to_owned()),
        ..guest()
    };
    let late = stage.enter(&wanted);
    let told = stage.read(late);
    assert_eq!(told[0], "* the name EVA is taken\n");
    assert!(told[1].starts_with("* you are guest-3, in the room lobby; here: Ana, eva\n"));
}

#[test]
fn a_private_message_reaches_one_alone() {
    let mut stage = Stage::new(ChatLimits::USUAL);
    let (ana, ben, eva) = (stage.named("ana"), stage.named("ben"), stage.named("eva"));
    let json = stage.enter(&Entrance::new(Tongue::Json));
    for place in [ana, ben, eva, json] {
        stage.read(place);
    }
    stage.hear(ben, "/join elsewhere");
    for place in [ana, ben, eva, json] {
        stage.read(place);
    }
    stage.hear(ana, "/msg Ben  the secret ");
    stage.hear(ana, "/msg guest-4 hi");
    stage.hear(ana, "/msg nobody hi");
    stage.hear(ana, "/msg ben");
    assert_eq!(
        stage.read(ana),
        [
            "[you → ben] the secret\n",
            "[you → guest-4] hi\n",
            "* nobody here is called nobody; /who says who is in the room\n",
            "* there is no text: /msg NAME TEXT\n",
        ]
    );
    assert_eq!(stage.read(ben), ["[ana → you] the secret\n"]);
    assert_eq!(
        stage.read(json),
        [
            r#"{"type":"private","from":"ana","to":"guest-4","text":"hi","at":"1970-01-01T14:00:00.000Z"}"#
        ]
    );
    assert_eq!(stage.read(eva), [""; 0]);
}

#[test]
fn rooms_are_made_on_demand_and_gone_with_their_last_member() {
    let limits = ChatLimits {
        rooms: 4,
        ..ChatLimits::USUAL
    };
    let mut stage = Stage::new(limits);
    let (ana, ben) = (stage.named("ana"), stage.named("ben"));
    stage.hear(ana, "/join #Rust");
    stage.hear(ana, "said in Rust");
    stage.hear(ben, "/join C");
    stage.read(ana);
    stage.read(ben);
    // The lobby is gone with the last one who was there; it can always be made again.
    stage.hear(ben, "/rooms");
    assert_eq!(stage.read(ben), ["* rooms, with members: C 1, Rust 1\n"]);
    let eva = stage.named("eva");
    stage.hear(eva, "/join more");
    stage.hear(eva, "/join rust");
    stage.hear(eva, "/who");
    stage.hear(eva, "/who c");
    stage.hear(eva, "/join RUST");
    let told = stage.read(eva);
    assert_eq!(
        told[0],
        "* you are eva, in the room more; nobody else is here\n"
    );
    assert_eq!(told[1], "* you are eva, in the room Rust; here: ana\n");
    assert_eq!(
        told[2],
        "* said before you came:\n14:00Z ana: said in Rust\n"
    );
    assert_eq!(told[3], "* in Rust: ana, eva\n");
    assert_eq!(told[4], "* in C: ben\n");
    assert_eq!(told[5], "* you are in Rust already\n");
    let (late, later) = (stage.named("late"), stage.named("later"));
    stage.hear(late, "/join fourth");
    stage.read(later);
    stage.hear(later, "/join fifth");
    assert_eq!(
        stage.read(later),
        ["* there are 4 rooms, and no more can be made\n"]
    );
    // What was said there is gone with the room.
    stage.hear(ana, "/leave");
    stage.hear(eva, "/leave");
    stage.read(eva);
    stage.hear(eva, "/join rust");
    assert_eq!(
        stage.read(eva),
        ["* you are eva, in the room rust; nobody else is here\n"]
    );
}

#[test]
fn there_are_no_more_members_than_there_may_be() {
    let limits = ChatLimits {
        members: 2,
        ..ChatLimits::USUAL
    };
    let mut stage = Stage::new(limits);
    let (ana, _) = (stage.named("ana"), stage.named("ben"));
    let full = stage.act(|hall, now| hall.enter(&guest(), now));
    assert_eq!(full, Err(Problem::Full));
    stage.act(|hall, now| hall.forget(ana, now));
    assert_eq!(stage.enter(&guest()), ana, "a free place is taken again");
}

#[test]
fn a_slow_reader_is_told_what_it_missed_where_it_missed_it() {
    let limits = ChatLimits {
        queued_messages: 3,
        ..ChatLimits::USUAL
    };
    let mut stage = Stage::new(limits);
    let (ana, ben) = (stage.named("ana"), stage.named("ben"));
    for text in ["1", "2", "3", "4", "5"] {
        stage.hear(ana, text);
    }
    assert_eq!(
        stage.read(ben),
        [
            "ana: 1\n",
            "ana: 2\n",
            "ana: 3\n",
            "* you fell behind: 2 messages left out\n"
        ]
    );
    stage.hear(ana, "6");
    assert_eq!(stage.read(ben), ["ana: 6\n"]);
    for text in ["1", "2", "3", "4"] {
        stage.hear(ana, text);
    }
    assert_eq!(&*stage.hall.take(ben, Waker::noop()).unwrap(), b"ana: 1\n");
    stage.hear(ana, "5");
    assert_eq!(
        stage.read(ben),
        [
            "ana: 2\n",
            "ana: 3\n",
            "* you fell behind: 1 message left out\n",
            "ana: 5\n"
        ]
    );
    assert_eq!(stage.hall.counts().left_out, 3);
}

#[test]
fn a_queue_is_bounded_in_bytes_too() {
    let limits = ChatLimits {
        queued_bytes: 100,
        ..ChatLimits::USUAL
    };
    let mut stage = Stage::new(limits);
    let (ana, ben) = (stage.named("ana"), stage.named("ben"));
    stage.hear(ana, &"x".repeat(200));
    stage.hear(ana, "y");
    let told = stage.read(ben);
    assert_eq!(
        told[0].len(),
        206,
        "a single one is taken however long it is"
    );
    assert_eq!(told[1], "* you fell behind: 1 message left out\n");
}

#[test]
fn a_reader_that_stays_behind_is_dropped_and_one_that_recovers_is_not() {
    let limits = ChatLimits {
        queued_messages: 2,
        ..ChatLimits::USUAL
    };
    let mut stage = Stage::new(limits);
    let (ana, ben, eva) = (stage.named("ana"), stage.named("ben"), stage.named("eva"));
    stage.read(ana);
    for text in ["1", "2", "3", "4"] {
        stage.hear(ana, text);
    }
    stage.pass(Duration::from_secs(9));
    stage.read(eva);
    // Taking one of two is not enough: whoever takes a byte now and then is behind as well.
    stage.hall.take(ben, Waker::noop()).unwrap();
    stage.pass(Duration::from_secs(1));
    assert_eq!(
        stage.read(ana),
        ["* ben was dropped: fell too far behind\n"]
    );
    assert_eq!(stage.hall.counts().dropped, 1);
    assert_eq!(stage.read(ben), [""; 0], "nothing is kept for it");
    assert!(matches!(
        stage.hall.take(ben, Waker::noop()),
        Err(sockeye_serve::chat::Taken::Over(Why::Behind))
    ));
    stage.pass(Duration::from_secs(60));
    stage.hear(ana, "5");
    assert!(stage.read(eva).contains(&"ana: 5\n".to_owned()));
    // Its name is free.
    stage.named("ben");
}

#[test]
fn a_member_is_heard_at_its_pace_after_a_burst() {
    let limits = ChatLimits {
        burst: 3,
        pace: Duration::from_millis(100),
        ..ChatLimits::USUAL
    };
    let mut stage = Stage::new(limits);
    let ana = stage.named("ana");
    for _ in 0..3 {
        assert_eq!(stage.act(|hall, now| hall.pause(ana, now)), None);
        stage.hear(ana, "x");
    }
    assert_eq!(
        stage.act(|hall, now| hall.pause(ana, now)),
        None,
        "exactly the burst"
    );
    stage.hear(ana, "x");
    let pause = stage.act(|hall, now| hall.pause(ana, now));
    assert_eq!(pause, Some(Duration::from_millis(100)));
    stage.pass(Duration::from_millis(100));
    assert_eq!(stage.act(|hall, now| hall.pause(ana, now)), None);
}

#[test]
fn a_peer_of_datagrams_that_says_nothing_has_left_and_others_may_be_silent() {
    let mut stage = Stage::new(ChatLimits::USUAL);
    let ana = stage.named("ana");
    let how = Entrance {
        can_vanish: true,
        ..guest()
    };
    let (one, two) = (stage.enter(&how), stage.enter(&how));
    for place in [ana, one, two] {
        stage.read(place);
    }
    stage.pass(Duration::from_secs(300));
    stage.hear(two, "");
    stage.pass(Duration::from_secs(300));
    assert_eq!(
        stage.read(ana),
        ["* guest-2 left: said nothing for too long\n"]
    );
    assert_eq!(
        stage.read(one),
        ["* you said nothing for 10 min, so you have left; say anything to come back\n"]
    );
}

#[test]
fn a_server_that_ends_says_goodbye_to_each_and_takes_in_nobody() {
    let mut stage = Stage::speaking(Language::Spanish, ChatLimits::USUAL);
    let ana = stage.named("ana");
    let json = stage.enter(&Entrance::new(Tongue::Json));
    stage.read(json);
    stage.read(ana);
    stage.act(Hall::close);
    assert_eq!(stage.read(ana), ["* el servidor termina; adiós\n"]);
    assert_eq!(
        stage.read(json),
        [r#"{"type":"goodbye","why":"closing","text":"el servidor termina; adiós"}"#]
    );
    let late = stage.act(|hall, now| hall.enter(&guest(), now));
    assert_eq!(late, Err(Problem::Closing));
    assert_eq!(stage.hall.here(), 0);
}

#[test]
fn comings_and_goings_of_a_crowd_are_not_told_one_by_one() {
    let limits = ChatLimits {
        told_members: 3,
        listed: 2,
        ..ChatLimits::USUAL
    };
    let mut stage = Stage::new(limits);
    let ana = stage.named("ana");
    for _ in 0..5 {
        stage.enter(&guest());
    }
    assert_eq!(
        stage.read(ana),
        ["* guest-2 joined\n", "* guest-3 joined\n"]
    );
    stage.hear(ana, "/who");
    assert_eq!(stage.read(ana), ["* in lobby: ana, guest-2 and 4 more\n"]);
}

#[test]
fn a_program_speaks_json_and_hears_its_own_messages() {
    let mut stage = Stage::new(ChatLimits::USUAL);
    let json = stage.enter(&Entrance::new(Tongue::Json));
    let ana = stage.named("ana");
    stage.read(json);
    for asked in [
        r#"{"type":"message","text":"a\nb\u202e"}"#,
        r#"{"type":"name","name":"Ana"}"#,
        r#"{"type":"rooms"}"#,
        r#"{"type":"shout"}"#,
        "hola",
        r#"{"type":"name","name":"eva"}"#,
        r#"{"type":"quit"}"#,
    ] {
        stage.hear(json, asked);
    }
    assert_eq!(
        stage.read(json),
        [
            r#"{"type":"message","room":"lobby","from":"guest-1","text":"a\\nb\\u{202e}","at":"1970-01-01T14:00:00.000Z"}"#,
            r#"{"type":"error","error":"name-taken","text":"the name Ana is taken"}"#,
            r#"{"type":"rooms","rooms":[{"name":"lobby","members":2}],"more":0}"#,
            r#"{"type":"error","error":"no-type","text":"there is no type shout; there are message, name, join, leave, rooms, who, private, help, quit"}"#,
            r#"{"type":"error","error":"not-json","text":"that is no JSON object; to write lines, ask for no subprotocol"}"#,
            r#"{"type":"renamed","room":"lobby","was":"guest-1","name":"eva","at":"1970-01-01T14:00:00.000Z"}"#,
            r#"{"type":"goodbye","why":"quit","text":"goodbye"}"#,
        ]
    );
    assert_eq!(
        stage.read(ana),
        [
            "guest-1: a\\nb\\u{202e}\n",
            "* guest-1 is now eva\n",
            "* eva quit\n"
        ]
    );
}

#[test]
fn what_peers_send_cannot_act_on_a_terminal_or_look_like_the_server() {
    let mut stage = Stage::new(ChatLimits::USUAL);
    let (ana, ben) = (stage.named("ana"), stage.named("ben"));
    stage.hear(ana, "\u{1b}[2J\u{202e}\r* ben quit\u{2028}* x");
    stage.act(|hall, now| hall.hear(ana, b"\xff\xfe\0", now));
    stage.hear(ana, "/\u{1b}[2J");
    assert_eq!(
        stage.read(ben),
        [
            "ana: \\x1b[2J\\u{202e}\\r* ben quit\\u{2028}* x\n",
            "ana: \\xff\\xfe\\x00\n"
        ]
    );
    let told = stage.read(ana).concat();
    assert!(told.contains("no command /\\x1b[2J;"), "{told}");
}

#[test]
fn a_request_of_a_browser_is_not_said_in_a_room() {
    let mut stage = Stage::new(ChatLimits::USUAL);
    let ana = stage.named("ana");
    let stranger = stage.enter(&guest());
    stage.read(ana);
    stage.hear(stranger, "POST / HTTP/1.1\r");
    stage.hear(stranger, "ana: everything must go");
    assert_eq!(stage.read(ana), ["* guest-2 quit\n"]);
}
