//! What holds whatever the members do, and in whichever order they read.

use proptest::prelude::*;
use sockeye_serve::chat::{ChatLimits, Entrance, Tongue};

use crate::hall::Stage;

#[derive(Clone, Debug)]
enum Step {
    Say(usize),
    Move(usize, usize),
    Rename(usize, usize),
    Read(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (member, other) = (0..MEMBERS, 0..4usize);
    prop_oneof![
        4 => member.clone().prop_map(Step::Say),
        1 => (member.clone(), other.clone()).prop_map(|(one, room)| Step::Move(one, room)),
        1 => (member.clone(), other).prop_map(|(one, name)| Step::Rename(one, name)),
        1 => member.prop_map(Step::Read),
    ]
}

const MEMBERS: usize = 5;

proptest! {
    #[test]
    fn each_message_reaches_each_member_of_its_room_once_and_all_in_one_order(
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let mut stage = Stage::new(ChatLimits { burst: 1_000, history_messages: 0, ..ChatLimits::USUAL });
        let places: Vec<usize> = (0..MEMBERS)
            .map(|_| stage.enter(&Entrance::new(Tongue::Json)))
            .collect();
        // Which numbers each should hear, in order: those said in its room while it was there.
        let mut expected: Vec<Vec<usize>> = vec![Vec::new(); MEMBERS];
        let mut rooms = [0usize; MEMBERS];
        let mut heard: Vec<Vec<usize>> = vec![Vec::new(); MEMBERS];
        let mut names: Vec<String> = vec![String::new(); MEMBERS];
        let listen = |stage: &mut Stage, one: usize, heard: &mut Vec<Vec<usize>>| {
            for told in stage.read(places[one]) {
                let object: serde_json::Value = serde_json::from_str(&told).unwrap();
                if object["type"] == "message" {
                    heard[one].push(object["text"].as_str().unwrap().parse().unwrap());
                }
            }
        };
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Say(one) => {
                    stage.hear(places[one], &format!(r#"{{"type":"message","text":"{number}"}}"#));
                    for other in 0..MEMBERS {
                        if rooms[other] == rooms[one] {
                            expected[other].push(number);
                        }
                    }
                }
                Step::Move(one, room) => {
                    let name = if room == 0 { "lobby".to_owned() } else { format!("room-{room}") };
                    stage.hear(places[one], &format!(r#"{{"type":"join","room":"{name}"}}"#));
                    rooms[one] = room;
                }
                Step::Rename(one, name) => {
                    let name = format!("name-{name}");
                    stage.hear(places[one], &format!(r#"{{"type":"name","name":"{name}"}}"#));
                    if !names.contains(&name) {
                        names[one] = name;
                    }
                }
                Step::Read(one) => listen(&mut stage, one, &mut heard),
            }
        }
        for one in 0..MEMBERS {
            listen(&mut stage, one, &mut heard);
        }
        prop_assert_eq!(heard, expected);
        // No name is two members', whoever asked for it.
        let taken: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
        let mut once = taken.clone();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), taken.len());
        for (place, name) in places.iter().zip(&names).filter(|(_, name)| !name.is_empty()) {
            stage.hear(places[0], &format!(r#"{{"type":"private","to":"{name}","text":"you"}}"#));
            let told = stage.read(*place).concat();
            prop_assert!(told.contains(r#""text":"you""#), "{} for {}", told, name);
            listen(&mut stage, 0, &mut vec![Vec::new(); MEMBERS]);
        }
    }
}
