//! The answer of `ports` as one JSON document; docs/ports.md describes it.

use std::io::{self, Write};
use std::ops::RangeInclusive;

use serde::Serialize;
use sockeye_local::{Class, Holder, Limits, Owner, Registered, Transports};
use sockeye_view::catalogue::Language;
use sockeye_view::escape::escape_json;

use super::entry::{Entry, Here, Listed, name_of};

/// The document.
#[derive(Serialize)]
pub(super) struct Document {
    version: u32,
    ports: Vec<Port>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<Unknown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ranges: Option<Ranges>,
}

#[derive(Serialize)]
struct Port {
    port: u16,
    class: &'static str,
    registered: Vec<OfRegistry>,
    also: Vec<&'static str>,
    services: Vec<OfServices>,
    custom: Vec<OfCustom>,
    secure: Option<Sister>,
    plain: Vec<Sister>,
    note: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    here: Option<Vec<Held>>,
}

#[derive(Serialize)]
struct OfRegistry {
    name: Option<&'static str>,
    transports: Vec<&'static str>,
    description: &'static str,
}

#[derive(Serialize)]
struct OfServices {
    name: String,
    transport: &'static str,
    aliases: Vec<String>,
}

#[derive(Serialize)]
struct OfCustom {
    #[serde(rename = "use")]
    what: &'static str,
    transports: Vec<&'static str>,
}

#[derive(Serialize)]
struct Sister {
    port: u16,
    name: String,
}

#[derive(Serialize)]
struct Held {
    transport: &'static str,
    address: String,
    pid: Option<u32>,
    process: Option<String>,
    why_unknown: Option<&'static str>,
}

#[derive(Serialize)]
struct Unknown {
    name: String,
    near: Vec<&'static str>,
}

#[derive(Serialize)]
struct Ranges {
    classes: Vec<OfClass>,
    chosen: Option<[u16; 2]>,
    first_unprivileged: Option<u16>,
    kept: Option<Vec<[u16; 2]>>,
}

#[derive(Serialize)]
struct OfClass {
    class: &'static str,
    first: u16,
    last: u16,
}

impl Document {
    pub(super) fn new() -> Self {
        Self {
            version: 1,
            ports: Vec::new(),
            unknown: Vec::new(),
            ranges: None,
        }
    }

    /// Adds a port; `here` where it was looked for.
    pub(super) fn port(&mut self, entry: Entry, here: Option<Here>, language: Language) {
        let custom = entry.customs().map(|used| OfCustom {
            what: used.what.say(language),
            transports: names(used.transports),
        });
        let sister = |port| Sister {
            port,
            name: name_of(port),
        };
        self.ports.push(Port {
            port: entry.port,
            class: word(entry.class),
            registered: entry.registered.iter().map(of_registry).collect(),
            custom: custom.collect(),
            also: entry.also,
            services: entry.services.into_iter().map(of_services).collect(),
            secure: entry.secure.map(sister),
            plain: entry.plain.into_iter().map(sister).collect(),
            note: entry.verdict.map(|text| text.say(language)),
            here: here.map(|here| here.open.iter().map(held).collect()),
        });
    }

    /// Adds a name that there is no service of.
    pub(super) fn unknown(&mut self, name: &str, near: Vec<&'static str>) {
        let name = name.to_owned();
        self.unknown.push(Unknown { name, near });
    }

    /// Adds the classes and what this machine says.
    pub(super) fn ranges(&mut self, limits: &Limits) {
        let ends = |range: &RangeInclusive<u16>| [*range.start(), *range.end()];
        let classes = Class::ALL.iter().map(|class| {
            let (first, last) = class.ends();
            OfClass {
                class: word(*class),
                first,
                last,
            }
        });
        self.ranges = Some(Ranges {
            classes: classes.collect(),
            chosen: limits.chosen_ports.as_ref().map(ends),
            first_unprivileged: limits.first_unprivileged_port,
            kept: limits
                .reserved_ports
                .as_ref()
                .map(|ranges| ranges.iter().map(ends).collect()),
        });
    }

    /// Writes it as one line.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = serde_json::to_string(self)?;
        writeln!(out, "{}", escape_json(&text))
    }
}

fn of_registry(row: &Registered) -> OfRegistry {
    OfRegistry {
        name: row.name,
        transports: names(row.transports),
        description: row.description,
    }
}

fn of_services(listed: Listed) -> OfServices {
    OfServices {
        name: listed.name,
        transport: listed.protocol.name(),
        aliases: listed.aliases,
    }
}

fn held(holder: &Holder) -> Held {
    let process = holder.process();
    Held {
        transport: holder.protocol.name(),
        address: holder.local.to_string(),
        pid: process.map(|process| process.pid),
        process: process.map(|process| process.name.clone()),
        why_unknown: match &holder.owner {
            Owner::Processes(_) => None,
            Owner::NotPermitted => Some("not permitted"),
            Owner::Unseen => Some("unseen"),
            Owner::Nobody => Some("nobody"),
        },
    }
}

fn names(transports: Transports) -> Vec<&'static str> {
    transports
        .iter()
        .map(|transport| transport.name())
        .collect()
}

fn word(class: Class) -> &'static str {
    match class {
        Class::WellKnown => "well-known",
        Class::Registered => "registered",
        Class::Dynamic => "dynamic",
    }
}
