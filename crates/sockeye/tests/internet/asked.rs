//! What dig is told, and what the tool says, in the same fields.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A record without its TTL: name, type, data.
pub(crate) type Data = (String, String, String);

/// Records with their TTLs.
pub(crate) type Records = BTreeMap<Data, u32>;

/// A question to a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) server: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    /// Options of dig.
    pub(crate) options: &'static str,
}

/// What a server said, by dig.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) status: String,
    pub(crate) flags: BTreeSet<String>,
    pub(crate) answer: Records,
    pub(crate) authority: Records,
    pub(crate) additional: Records,
    pub(crate) size: usize,
    pub(crate) was_cut: bool,
}

/// Asks one question after the other, all with one dig; each has to be answered.
pub(crate) fn dig(questions: &[Asked], directory: &Path) -> Vec<Heard> {
    let batch = directory.join("batch");
    let lines: String = questions
        .iter()
        .map(|asked| {
            format!(
                "@{} {} {} {}\n",
                asked.server, asked.name, asked.kind, asked.options
            )
        })
        .collect();
    std::fs::write(&batch, lines).unwrap();
    let output = Command::new("dig")
        .args([
            "+nocookie",
            "+bufsize=1232",
            "+noidnin",
            "+noidnout",
            "+nosplit",
            "+tries=2",
            "-f",
        ])
        .arg(&batch)
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let heard: Vec<Heard> = text.split(";; Got answer:").skip(1).map(heard).collect();
    assert_eq!(
        heard.len(),
        questions.len(),
        "{}{text}",
        String::from_utf8_lossy(&output.stderr)
    );
    // What is said before an answer belongs to it.
    let before = text.split(";; Got answer:").map(|part| {
        let last = part.rfind("MSG SIZE").map_or(part, |at| &part[at..]);
        last.contains("Truncated, retrying in TCP mode")
    });
    heard
        .into_iter()
        .zip(before)
        .map(|(heard, was_cut)| Heard { was_cut, ..heard })
        .collect()
}

/// Asks a server with kdig, and gives the code and the answer section of each.
pub(crate) fn kdig(server: &str, questions: &[(&str, &str)]) -> Vec<Heard> {
    let mut command = Command::new("kdig");
    command
        .env("LC_ALL", "C")
        .args([&format!("@{server}"), "+noidn", "+bufsize=1232"]);
    for (name, kind) in questions {
        command.args([name, kind]);
    }
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let parts = text.split(";; ->>HEADER<<-").skip(1);
    let mut all: Vec<Heard> = parts.map(heard).collect();
    assert_eq!(all.len(), questions.len(), "{text}");
    for heard in &mut all {
        heard.answer = as_kdig_writes(&heard.answer);
    }
    all
}

/// The records with the data of four types as kdig writes them.
pub(crate) fn as_kdig_writes(records: &Records) -> Records {
    let each = records.iter().map(|((name, kind, data), ttl)| {
        let data = match kind.as_str() {
            "HTTPS" | "SVCB" => data.replace('"', ""),
            "LOC" => data.replace(".000 ", " ").replace(".00m", "m"),
            "EUI48" => data.to_uppercase(),
            _ => data.clone(),
        };
        ((name.clone(), kind.clone(), data), *ttl)
    });
    each.collect()
}

fn heard(text: &str) -> Heard {
    let mut heard = Heard::default();
    let mut section = "";
    for line in text.lines() {
        if let Some((_, status)) = line.split_once("status: ") {
            heard.status = status.split([',', ';']).next().unwrap().to_owned();
        } else if let Some((_, flags)) = line.split_once(";; flags: ") {
            let flags = flags.split(';').next().unwrap();
            heard.flags = flags.split(' ').map(str::to_owned).collect();
        } else if let Some((_, size)) = line.split_once("MSG SIZE  rcvd: ") {
            heard.size = size.trim().parse().unwrap();
            break;
        } else if line.starts_with(";; ") && line.ends_with(" SECTION:") {
            section = line;
        } else if let (Some((data, ttl)), false) = (record(line), line.starts_with(';')) {
            let records = match section {
                ";; ANSWER SECTION:" => &mut heard.answer,
                ";; AUTHORITY SECTION:" => &mut heard.authority,
                ";; ADDITIONAL SECTION:" => &mut heard.additional,
                _ => continue,
            };
            records.insert(data, ttl);
        }
    }
    heard
}

/// A line of a zone file, as dig prints it.
pub(crate) fn record(line: &str) -> Option<(Data, u32)> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let ttl = words.next()?.parse().ok()?;
    (words.next()? == "IN").then_some(())?;
    let kind = words.next()?.to_owned();
    let data: Vec<&str> = words.collect();
    Some(((name, kind, data.join(" ")), ttl))
}

/// The records of a list in the tool's JSON.
pub(crate) fn records(list: &Value) -> Records {
    let each = list.as_array().unwrap().iter().map(|record| {
        let text = |member: &str| record[member].as_str().unwrap();
        let data: Vec<&str> = text("data").split_whitespace().collect();
        let key = (
            text("name").to_owned(),
            text("type").to_owned(),
            data.join(" "),
        );
        (key, u32::try_from(record["ttl"].as_u64().unwrap()).unwrap())
    });
    each.collect()
}

/// The records without their TTLs.
pub(crate) fn data(records: &Records) -> BTreeSet<&Data> {
    records.keys().collect()
}
