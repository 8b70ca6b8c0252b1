//! Everything that is known about one port, gathered before any of it is written.

use std::net::SocketAddr;

use sockeye_local::{
    Class, Holder, Owner, Protocol, Registered, Services, Transport, Transports, customary_names,
    listeners_on, registered,
};
use sockeye_view::catalogue::{Language, Text};
use sockeye_view::escape::escape_name;

use super::uses::{self, By, Use};
use super::{sisters, verdicts, words};
use crate::report::io_text;

/// One port.
pub(super) struct Entry {
    pub(super) port: u16,
    pub(super) class: Class,
    /// What IANA says; empty where it is unassigned.
    pub(super) registered: Vec<Registered>,
    /// What `/etc/services` of this machine says.
    pub(super) services: Vec<Listed>,
    /// Names that people use and IANA does not.
    pub(super) also: Vec<&'static str>,
    pub(super) uses: Vec<&'static Use>,
    pub(super) secure: Option<u16>,
    pub(super) plain: Vec<u16>,
    pub(super) verdict: Option<Text>,
}

/// What the services file calls a port.
pub(super) struct Listed {
    pub(super) protocol: Protocol,
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
}

impl Entry {
    /// What is known of `port`; with `over`, of this transport alone.
    pub(super) fn of(port: u16, over: Option<Transport>, services: &Services) -> Self {
        let wanted = |transport: Transport| over.is_none_or(|over| over == transport);
        let listed = PROTOCOLS.iter().filter_map(|(protocol, transport)| {
            let (name, aliases) = services.listed_names(port, *protocol).split_first()?;
            wanted(*transport).then(|| Listed {
                protocol: *protocol,
                name: name.clone(),
                aliases: aliases.to_vec(),
            })
        });
        let mut registered = registered(port);
        registered.retain(|row| row.transports.iter().any(wanted));
        let is_registered = |name: &&str| registered.iter().any(|row| row.name == Some(*name));
        let also: Vec<&'static str> = customary_names(port)
            .filter(|name| !is_registered(name))
            .collect();
        Self {
            port,
            class: Class::of(port),
            registered,
            services: listed.collect(),
            also,
            uses: uses::of(port)
                .filter(|used| used.transports.iter().any(wanted))
                .collect(),
            secure: sisters::secure(port),
            plain: sisters::plain(port).collect(),
            verdict: verdicts::on(port),
        }
    }

    /// The names of the file that IANA does not have for this port.
    pub(super) fn differing(&self) -> impl Iterator<Item = &Listed> {
        self.services.iter().filter(|listed| {
            !self.registered.iter().any(|row| {
                row.name
                    .is_some_and(|name| name.eq_ignore_ascii_case(&listed.name))
            })
        })
    }

    /// The uses that IANA knows nothing of.
    pub(super) fn customs(&self) -> impl Iterator<Item = &'static Use> {
        let uses = self.uses.iter().copied();
        uses.filter(|used| used.by == By::Custom)
    }
}

/// The name to call a port by, over the first of these transports: IANA's, else its number.
pub(super) fn name_over(port: u16, transports: Transports) -> String {
    let rows = registered(port);
    let mut over = transports.iter();
    let name = over.find_map(|transport| {
        let has_it = |row: &&Registered| row.name.is_some() && row.transports.contains(transport);
        rows.iter().find(has_it)?.name
    });
    name.map_or_else(|| port.to_string(), str::to_owned)
}

/// The name to call a port by; see [`name_over`].
pub(super) fn name_of(port: u16) -> String {
    name_over(port, Transports::BOTH)
}

/// Who has a port on this machine now.
pub(super) struct Here {
    /// Those that take connections, or datagrams from anyone.
    pub(super) open: Vec<Holder>,
    /// Why not everything could be read.
    pub(super) error: Option<std::io::Error>,
}

impl Here {
    /// Looks now.
    pub(super) fn on(port: u16, over: Option<Transport>) -> Self {
        let mut here = Self {
            open: Vec::new(),
            error: None,
        };
        for (protocol, transport) in PROTOCOLS {
            if over.is_some_and(|over| over != *transport) {
                continue;
            }
            match listeners_on(*protocol, port) {
                Ok(held) => here.open.extend(held),
                Err(error) => here.error = Some(error),
            }
        }
        here
    }

    /// In one line.
    pub(super) fn line(&self, port: u16, language: Language) -> String {
        let mut parts: Vec<String> = self
            .open
            .iter()
            .take(SHOWN)
            .map(|holder| {
                let address = short(holder.local);
                words::HELD.fill(
                    language,
                    &[
                        ("transport", &holder.protocol),
                        ("address", &address),
                        ("holder", &owner(&holder.owner, language)),
                    ],
                )
            })
            .collect();
        if self.open.len() > SHOWN {
            let count = self.open.len() - SHOWN;
            parts.push(words::MORE_HOLD.fill(language, &[("count", &count), ("port", &port)]));
        }
        if let Some(error) = &self.error {
            let error = io_text(error, language);
            parts.push(words::CANNOT_TELL.fill(language, &[("error", &error)]));
        }
        match parts.as_slice() {
            [] => words::NOBODY.say(language).to_owned(),
            parts => parts.join("; "),
        }
    }
}

/// Whose a socket is, in words.
fn owner(owner: &Owner, language: Language) -> String {
    match (owner.process(), owner) {
        (Some(process), _) => format!("{}, pid {}", escape_name(&process.name), process.pid),
        (None, Owner::NotPermitted) => words::OF_OTHER_USER.say(language).to_owned(),
        (None, _) => words::UNSEEN.say(language).to_owned(),
    }
}

/// An address, with `*` for every address of its family.
fn short(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("*:{}", v4.port()),
        other => other.to_string(),
    }
}

/// Both spaces of ports that a program of this machine may hold.
pub(super) const PROTOCOLS: &[(Protocol, Transport)] = &[
    (Protocol::Tcp, Transport::Tcp),
    (Protocol::Udp, Transport::Udp),
];

/// Holders that the line names.
const SHOWN: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_file_that_iana_has_too_is_no_difference() {
        let services = Services::parse("HTTPS 443/tcp\nmine 443/udp other\nfsp 21/udp\n");
        let https = Entry::of(443, None, &services);
        let differing: Vec<&str> = https.differing().map(|listed| &*listed.name).collect();
        assert_eq!(differing, ["mine"]);
        let tcp = Entry::of(21, Some(Transport::Tcp), &services);
        assert_eq!(tcp.differing().count(), 0);
        assert_eq!(tcp.registered.len(), 1);
    }

    #[test]
    fn a_port_is_called_by_its_name_over_the_transport_that_is_meant() {
        assert_eq!(name_of(514), "shell");
        assert_eq!(name_over(514, Transports::UDP), "syslog");
        assert_eq!(name_of(6881), "6881");
        let alternate = Entry::of(8080, None, &Services::default());
        assert!(alternate.also.is_empty());
        assert_eq!(Entry::of(53, None, &Services::default()).also, ["dns"]);
    }

    #[test]
    fn who_has_a_port_is_said_in_one_line() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let here = Here::on(address.port(), None);
        let line = here.line(address.port(), Language::English);
        assert!(line.starts_with(&format!("tcp {address} ")), "{line}");
        assert!(
            line.contains(&format!("pid {}", std::process::id())),
            "{line}"
        );
        let over = Here::on(address.port(), Some(Transport::Udp));
        assert!(over.open.is_empty());
    }

    #[test]
    fn a_machine_where_nobody_has_it_says_so() {
        let nobody = Here {
            open: Vec::new(),
            error: None,
        };
        assert_eq!(nobody.line(1, Language::English), "nobody listens here");
    }
}
