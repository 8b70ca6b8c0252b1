//! A name looked up with files of the test's own, and servers that follow a script.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use sockeye_names::{
    Files, Found, NoReply, Step, Stub, Told, Wanted, data_text, name_text, read_name,
};
use tokio::time::Instant;

use crate::scripted::{Scripted, address, answer, bytes, proof};

/// A machine of the test's own: its files in a folder that goes with it.
struct Machine {
    folder: PathBuf,
    stub: Stub,
}

impl Machine {
    fn new(test: &str, hosts: &str, order: &str, servers: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("sockeye-stub-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let files = Files {
            hosts: write("hosts", hosts),
            order: write("nsswitch.conf", order),
            servers: write("resolv.conf", servers),
            host_name: write("hostname", "box.home.test\n"),
        };
        let stub = Stub {
            files,
            ..Stub::default()
        };
        Self { folder, stub }
    }

    fn asks(mut self, server: &Scripted) -> Self {
        self.stub.port = server.address.port();
        self
    }

    fn look_up(&self, wanted: &str, kinds: &[RecordType]) -> Found {
        self.look_up_within(wanted, kinds, Duration::from_secs(20))
    }

    fn look_up_within(&self, wanted: &str, kinds: &[RecordType], time: Duration) -> Found {
        let wanted = match wanted.parse() {
            Ok(address) => Wanted::Address(address),
            Err(_) => Wanted::Name(read_name(wanted).unwrap()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            self.stub
                .look_up(&wanted, kinds, Instant::now() + time)
                .await
        })
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const ADDRESSES: [RecordType; 2] = [RecordType::A, RecordType::AAAA];

/// The steps in short.
fn steps(found: &Found) -> Vec<String> {
    let each = found.steps.iter().map(|step| match step {
        Step::Hosts {
            found: Ok(count), ..
        } => format!("hosts {count}"),
        Step::Hosts {
            found: Err(error), ..
        } => format!("hosts {:?}", error.kind()),
        Step::Localhost => "localhost".to_owned(),
        Step::LeftOut { service } => format!("not {service}"),
        Step::Ended { service } => format!("end {service}"),
        Step::NoDns => "no dns".to_owned(),
        Step::Configured {
            names,
            servers,
            error,
            ..
        } => {
            let names: Vec<String> = names.iter().map(name_text).collect();
            let missing = if error.is_some() { ", no file" } else { "" };
            format!("try {} at {}{missing}", names.join(" "), servers.len())
        }
        Step::Asked(asked) => {
            let said = match &asked.outcome {
                Ok(answer) => format!("{:?}", answer.verdict),
                Err(NoReply::TimedOut { .. }) => "timed out".to_owned(),
                Err(error) => error.to_string(),
            };
            format!("{} {} {said}", asked.server.address.ip(), asked.question)
        }
    });
    each.collect()
}

/// What was told of each type.
fn told(found: &Found) -> Vec<String> {
    let each = found.told.iter().map(|told| match told {
        Told::Here { kind, records } => {
            let data: Vec<String> = records
                .iter()
                .map(|record| data_text(&record.data))
                .collect();
            format!("here {kind}: {}", data.join(" "))
        }
        Told::NotAsked { kind } => format!("not asked {kind}"),
        Told::Asked(_) => match &found.asked(told).unwrap().outcome {
            Ok(answer) => format!("{} {:?}", answer.question, answer.verdict),
            Err(error) => error.to_string(),
        },
    });
    each.collect()
}

fn asked_name(question: &Message) -> String {
    name_text(question.queries[0].name())
}

/// Knows one name, and says of every other that it is not there.
fn knows(known: &'static str) -> impl FnMut(&Message) -> Vec<Vec<u8>> + Send {
    move |question| {
        let kind = question.queries[0].query_type();
        let said = if asked_name(question) != known {
            let mut said = proof(answer(question));
            said.metadata.response_code = ResponseCode::NXDomain;
            said
        } else if kind == RecordType::A {
            address(question, 1)
        } else {
            proof(answer(question))
        };
        vec![bytes(&said)]
    }
}

#[test]
fn the_hosts_file_answers_before_dns_and_for_both_families() {
    let machine = Machine::new("hosts", "192.0.2.7 box box.test\n::1 other\n", "", "");
    let found = machine.look_up("BOX.test", &ADDRESSES);
    assert_eq!(steps(&found), ["hosts 1"]);
    assert_eq!(told(&found), ["here A: 192.0.2.7", "here AAAA: "]);
    let names = machine.look_up("192.0.2.7", &[RecordType::PTR]);
    assert_eq!(told(&names), ["here PTR: box. box.test."]);
}

#[test]
fn other_types_are_asked_of_dns_whatever_the_hosts_file_has() {
    let server = Scripted::udp(knows("box.test."));
    let machine = Machine::new(
        "types",
        "192.0.2.7 box.test\n",
        "",
        "nameserver 127.0.0.1\n",
    )
    .asks(&server);
    let found = machine.look_up("box.test.", &[RecordType::A, RecordType::MX]);
    assert_eq!(
        steps(&found),
        [
            "hosts 1",
            "try box.test. at 1",
            "127.0.0.1 box.test. MX NoData"
        ]
    );
    assert_eq!(told(&found), ["here A: 192.0.2.7", "box.test. MX NoData"]);
}

#[test]
fn a_name_without_dots_is_found_below_a_domain_of_the_search_list() {
    let server = Scripted::udp(knows("www.b.test."));
    let conf = "nameserver 127.0.0.1\nsearch a.test b.test c.test\n";
    let machine = Machine::new("search", "", "", conf).asks(&server);
    let found = machine.look_up("www", &ADDRESSES);
    assert_eq!(
        steps(&found),
        [
            "hosts 0",
            "try www.a.test. www.b.test. www.c.test. www. at 1",
            "127.0.0.1 www.a.test. A NoName",
            "127.0.0.1 www.a.test. AAAA NoName",
            "127.0.0.1 www.b.test. A Records",
            "127.0.0.1 www.b.test. AAAA NoData",
        ]
    );
    assert_eq!(
        told(&found),
        ["www.b.test. A Records", "www.b.test. AAAA NoData"]
    );
}

#[test]
fn a_final_dot_or_enough_dots_come_before_the_search_list() {
    let server = Scripted::udp(knows("www.x.test."));
    let conf = "nameserver 127.0.0.1\nsearch test\n";
    let machine = Machine::new("dots", "", "", conf).asks(&server);
    let absolute = machine.look_up("www.x.", &[RecordType::A]);
    assert_eq!(told(&absolute), ["www.x. A NoName"]);
    assert_eq!(server.count(), 1);
    let searched = machine.look_up("www.x", &[RecordType::A]);
    assert_eq!(told(&searched), ["www.x.test. A Records"]);
    assert_eq!(server.count(), 3);
}

#[test]
fn a_name_that_exists_without_the_type_says_more_than_one_that_does_not() {
    let server = Scripted::udp(knows("www.a.test."));
    let machine = Machine::new(
        "nodata",
        "",
        "",
        "nameserver 127.0.0.1\nsearch a.test b.test\n",
    )
    .asks(&server);
    let found = machine.look_up("www", &[RecordType::MX]);
    assert_eq!(told(&found), ["www.a.test. MX NoData"]);
    assert_eq!(server.count(), 3);
}

#[test]
fn of_several_names_that_exist_without_the_type_the_first_is_told() {
    let server = Scripted::udp(|question| vec![bytes(&proof(answer(question)))]);
    let conf = "nameserver 127.0.0.1\nsearch a.test b.test\n";
    let machine = Machine::new("first", "", "", conf).asks(&server);
    let found = machine.look_up("www", &[RecordType::MX]);
    assert_eq!(told(&found), ["www.a.test. MX NoData"]);
}

#[test]
fn the_domain_of_the_machine_is_searched_where_no_other_is_named() {
    let server = Scripted::udp(knows("www.home.test."));
    let machine = Machine::new("domain", "", "", "nameserver 127.0.0.1\n").asks(&server);
    assert_eq!(
        told(&machine.look_up("www", &[RecordType::A])),
        ["www.home.test. A Records"]
    );
}

#[test]
fn the_environment_goes_before_resolv_conf() {
    let server = Scripted::udp(knows("www.env.test."));
    let mut machine = Machine::new(
        "environment",
        "",
        "",
        "nameserver 127.0.0.1\nsearch a.test\n",
    )
    .asks(&server);
    machine.stub.local_domain = Some("env.test x.test".to_owned());
    machine.stub.options = Some("ndots:5".to_owned());
    assert_eq!(
        told(&machine.look_up("www", &[RecordType::A])),
        ["www.env.test. A Records"]
    );
    assert_eq!(server.count(), 1);
}

/// Two servers on one port of two addresses.
fn two(
    first: impl FnMut(&Message) -> Vec<Vec<u8>> + Send + Clone + 'static,
    second: impl FnMut(&Message) -> Vec<Vec<u8>> + Send + Clone + 'static,
) -> (Scripted, Scripted) {
    (0..50)
        .find_map(|_| {
            let one = Scripted::new(first.clone(), |_, _| {});
            let at = Ipv4Addr::new(127, 0, 0, 2);
            let two = Scripted::at(at, one.address.port(), second.clone(), |_, _| {})?;
            Some((one, two))
        })
        .unwrap()
}

#[test]
fn the_next_server_is_asked_when_one_fails_or_refuses() {
    for code in [
        ResponseCode::ServFail,
        ResponseCode::Refused,
        ResponseCode::NotImp,
    ] {
        let fails = move |question: &Message| {
            let mut said = answer(question);
            said.metadata.response_code = code;
            // Whether it knows EDNS is not the question here.
            said.edns = question.edns.clone();
            vec![bytes(&said)]
        };
        let (one, two) = two(fails, |question: &Message| {
            vec![bytes(&address(question, 2))]
        });
        let machine = Machine::new(
            "next",
            "",
            "",
            "nameserver 127.0.0.1\nnameserver 127.0.0.2\n",
        )
        .asks(&one);
        let found = machine.look_up("www.test.", &[RecordType::A]);
        assert_eq!(told(&found), ["www.test. A Records"], "{code}");
        assert_eq!((one.count(), two.count()), (1, 1));
    }
}

#[test]
fn the_next_server_is_asked_when_one_is_silent_and_a_silent_one_again() {
    let (one, two) = two(
        |_: &Message| Vec::new(),
        |question: &Message| {
            let mut said = answer(question);
            said.metadata.response_code = ResponseCode::ServFail;
            vec![bytes(&said)]
        },
    );
    let conf = "nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:1 attempts:2\n";
    let machine = Machine::new("silent", "", "", conf).asks(&one);
    let found = machine.look_up("www.test.", &[RecordType::A]);
    assert_eq!(told(&found), ["www.test. A Error(ServFail)"]);
    assert_eq!((one.count(), two.count()), (2, 1));
}

#[test]
fn a_slow_answer_to_the_first_round_counts_in_the_second() {
    let mut first = None;
    let server = Scripted::udp(move |question| match &first {
        None => {
            first = Some(bytes(&address(question, 1)));
            Vec::new()
        }
        Some(answer) => vec![answer.clone()],
    });
    let conf = "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n";
    let machine = Machine::new("slow", "", "", conf).asks(&server);
    let found = machine.look_up("www.test.", &[RecordType::A]);
    assert_eq!(told(&found), ["www.test. A Records"]);
    let Ok(answer) = &found.asked(&found.told[0]).unwrap().outcome else {
        panic!("{found:?}")
    };
    // The time is that of both rounds.
    assert!(answer.reply.took >= Duration::from_secs(1) && found.took >= answer.reply.took);
    assert_eq!((answer.reply.tries, answer.reply.strays), (2, 0));
}

#[test]
fn a_closed_port_leads_to_the_next_server_at_once() {
    let server = Scripted::udp(|question| vec![bytes(&address(question, 1))]);
    let machine = Machine::new(
        "closed",
        "",
        "",
        "nameserver 127.0.0.9\nnameserver 127.0.0.1\n",
    )
    .asks(&server);
    let found = machine.look_up("www.test.", &[RecordType::A]);
    assert_eq!(told(&found), ["www.test. A Records"]);
}

#[test]
fn the_deadline_holds_however_patient_resolv_conf_is() {
    let server = Scripted::udp(|_| Vec::new());
    let conf = "nameserver 127.0.0.1\nsearch a.test b.test c.test\noptions timeout:30 attempts:5\n";
    let machine = Machine::new("deadline", "", "", conf).asks(&server);
    let began = Instant::now();
    let found = machine.look_up_within("www", &ADDRESSES, Duration::from_millis(300));
    assert!(began.elapsed() < Duration::from_secs(10));
    // Nobody answers: the other names of the search list would say no more.
    assert_eq!(server.count(), 2);
    let last = found.asked(&found.told[0]).unwrap();
    assert!(matches!(last.outcome, Err(NoReply::TimedOut { .. })));
}

#[test]
fn use_vc_means_tcp() {
    let server = Scripted::tcp(|question| crate::scripted::framed(&address(question, 1)));
    let machine =
        Machine::new("vc", "", "", "nameserver 127.0.0.1\noptions use-vc\n").asks(&server);
    assert_eq!(
        told(&machine.look_up("www.test.", &[RecordType::A])),
        ["www.test. A Records"]
    );
}

#[test]
fn all_types_are_asked_at_once() {
    // Nothing is answered before both questions are there.
    let mut first: Option<Message> = None;
    let server = Scripted::udp(move |question| match first.take() {
        None => {
            first = Some(question.clone());
            Vec::new()
        }
        Some(first) => vec![
            bytes(&proof(answer(question))),
            bytes(&proof(answer(&first))),
        ],
    });
    let conf = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";
    let machine = Machine::new("together", "", "", conf).asks(&server);
    let found = machine.look_up("www.test.", &ADDRESSES);
    assert_eq!(
        told(&found),
        ["www.test. A NoData", "www.test. AAAA NoData"]
    );
}

#[test]
fn localhost_is_this_machine_and_nobody_is_asked() {
    let machine = Machine::new("localhost", "127.0.0.1 other\n", "", "");
    let found = machine.look_up(
        "app.localhost",
        &[RecordType::A, RecordType::AAAA, RecordType::MX],
    );
    assert_eq!(steps(&found), ["hosts 0", "localhost"]);
    assert_eq!(
        told(&found),
        ["here A: 127.0.0.1", "here AAAA: ::1", "here MX: "]
    );
    let listed = Machine::new("listed", "127.0.0.1 localhost\n", "", "");
    let found = listed.look_up("localhost.", &ADDRESSES);
    assert_eq!(steps(&found), ["hosts 1"]);
    assert_eq!(told(&found), ["here A: 127.0.0.1", "here AAAA: "]);
}

#[test]
fn nsswitch_decides_who_is_asked_and_where_it_ends() {
    let server = Scripted::udp(knows("box.test."));
    let conf = "nameserver 127.0.0.1\n";
    let with = |test, order: &str| {
        let machine = Machine::new(test, "192.0.2.7 hosted.test\n", order, conf).asks(&server);
        machine.look_up("box.test.", &[RecordType::A])
    };
    let found = with(
        "mdns",
        "hosts: files mdns4_minimal [NOTFOUND=return] dns myhostname\n",
    );
    assert_eq!(
        steps(&found),
        [
            "hosts 0",
            "not mdns4_minimal",
            "try box.test. at 1",
            "127.0.0.1 box.test. A Records"
        ]
    );
    let found = with("end", "hosts: files [NOTFOUND=return] dns\n");
    assert_eq!(
        (steps(&found), told(&found)),
        (
            vec!["hosts 0".into(), "end files".into()],
            vec!["here A: ".into()]
        )
    );
    let found = with("nodns", "hosts: files\n");
    assert_eq!(
        (steps(&found), told(&found)),
        (
            vec!["hosts 0".into(), "no dns".into()],
            vec!["not asked A".into()]
        )
    );
    let found = with("resolved", "hosts: files resolve\n");
    assert_eq!(told(&found), ["box.test. A Records"]);
    // DNS first: the hosts file counts for what DNS does not know.
    let hosts = "192.0.2.7 box.test alone.test\n";
    let machine = Machine::new("dnsfirst", hosts, "hosts: dns files\n", conf).asks(&server);
    let found = machine.look_up("box.test.", &[RecordType::A]);
    assert_eq!(told(&found), ["box.test. A Records"]);
    let found = machine.look_up("alone.test.", &[RecordType::A]);
    assert_eq!(told(&found), ["here A: 192.0.2.7"]);
    assert_eq!(steps(&found).last().unwrap(), "hosts 1");
    let found = machine.look_up("nothing.test.", &[RecordType::A]);
    assert_eq!(told(&found), ["nothing.test. A NoName"]);
    let order = "hosts: dns [NOTFOUND=return] files\n";
    let machine = Machine::new("dnsonly", hosts, order, conf).asks(&server);
    let found = machine.look_up("alone.test.", &[RecordType::A]);
    assert_eq!(told(&found), ["alone.test. A NoName"]);
}

#[test]
fn without_files_the_server_on_this_machine_is_asked() {
    let server = Scripted::udp(knows("box.test."));
    let mut machine = Machine::new("nofiles", "", "", "").asks(&server);
    let missing = machine.folder.join("missing");
    machine.stub.files = Files {
        hosts: missing.clone(),
        order: missing.clone(),
        servers: missing.clone(),
        host_name: missing,
    };
    let found = machine.look_up("box.test", &[RecordType::A]);
    assert_eq!(
        steps(&found),
        [
            "hosts NotFound",
            "try box.test. at 1, no file",
            "127.0.0.1 box.test. A Records"
        ]
    );
}
