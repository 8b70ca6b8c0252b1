//! What users, interfaces, processes and times are called, each looked up once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use sockeye_local::{Holder, Interface, Link, Owner, Process, UnixAddress, user_name};
use sockeye_view::catalogue::Language;

use super::words;

/// Names that were looked up.
pub(super) struct Names {
    pub(super) language: Language,
    users: RefCell<HashMap<u32, String>>,
    interfaces: OnceCell<Vec<Interface>>,
    links: OnceCell<Vec<Link>>,
}

impl Names {
    pub(super) fn new(language: Language) -> Self {
        Self {
            language,
            users: RefCell::default(),
            interfaces: OnceCell::new(),
            links: OnceCell::new(),
        }
    }

    /// The user's name, or number where it has none.
    pub(super) fn user(&self, user_id: u32) -> String {
        let mut users = self.users.borrow_mut();
        let known = users.entry(user_id);
        known
            .or_insert_with(|| user_name(user_id).unwrap_or_else(|| user_id.to_string()))
            .clone()
    }

    /// The interface's name, or number where it has none any more.
    pub(super) fn interface(&self, index: u32) -> String {
        let all = self.interfaces.get_or_init(sockeye_local::interfaces);
        let found = all.iter().find(|interface| interface.index == index);
        found.map_or_else(|| index.to_string(), |interface| interface.name.clone())
    }

    /// The interface that has this address.
    pub(super) fn interface_of(&self, ip: IpAddr) -> Option<&str> {
        let links = self
            .links
            .get_or_init(|| sockeye_local::links().map_or_else(|_| Vec::new(), |(links, _)| links));
        let has = |link: &&Link| link.addresses.iter().any(|assigned| assigned.ip == ip);
        links.iter().find(has).map(|link| link.name.as_str())
    }

    /// Its address as it is typed, with the name of its zone.
    pub(super) fn address(&self, address: std::net::SocketAddr) -> String {
        match address {
            std::net::SocketAddr::V6(six) if six.scope_id() != 0 => {
                let zone = self.interface(six.scope_id());
                format!("[{}%{zone}]:{}", six.ip(), six.port())
            }
            other => other.to_string(),
        }
    }

    /// What the socket is bound to.
    pub(super) fn bound(&self, holder: &Holder) -> Bound {
        let ip = holder.local.ip();
        let plain = ip.to_canonical();
        if ip.is_unspecified() {
            return match (ip, holder.v6_only) {
                (IpAddr::V4(_), _) => Bound::EveryIpv4,
                (_, Some(true)) => Bound::EveryIpv6,
                (_, Some(false)) => Bound::Every,
                (_, None) => Bound::EveryIpv6OrBoth,
            };
        }
        if plain.is_loopback() {
            Bound::Loopback
        } else if plain.is_multicast() {
            Bound::Multicast
        } else {
            let index = holder.interface.map(|index| self.interface(index));
            Bound::Address(index.or_else(|| self.interface_of(plain).map(str::to_owned)))
        }
    }
}

/// What a socket is bound to: what packets must be addressed to, never who may send them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Loopback,
    Every,
    EveryIpv4,
    EveryIpv6,
    /// It is not known whether IPv4 is meant too.
    EveryIpv6OrBoth,
    Multicast,
    /// One address, and the interface that has it.
    Address(Option<String>),
}

impl Bound {
    /// In a column.
    pub(super) fn short(&self, language: Language) -> &str {
        match self {
            Self::Loopback => words::LOOPBACK.say(language),
            Self::Every => words::EVERY.say(language),
            Self::EveryIpv4 => words::EVERY_IPV4.say(language),
            Self::EveryIpv6 | Self::EveryIpv6OrBoth => words::EVERY_IPV6.say(language),
            Self::Multicast => words::MULTICAST.say(language),
            Self::Address(Some(interface)) => interface,
            Self::Address(None) => words::ONE_ADDRESS.say(language),
        }
    }

    /// In a sentence.
    pub(super) fn long(&self, language: Language) -> String {
        let text = match self {
            Self::Loopback => words::ON_LOOPBACK,
            Self::Every => words::ON_EVERY,
            Self::EveryIpv4 => words::ON_EVERY_IPV4,
            Self::EveryIpv6 => words::ON_EVERY_IPV6,
            Self::EveryIpv6OrBoth => words::ON_EVERY_IPV6_OR_BOTH,
            Self::Multicast => words::ON_MULTICAST,
            Self::Address(Some(interface)) => {
                return words::ON_ADDRESS_OF.fill(language, &[("interface", interface)]);
            }
            Self::Address(None) => words::ON_ADDRESS,
        };
        text.say(language).to_owned()
    }

    /// In JSON.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Every => "every",
            Self::EveryIpv4 => "every-ipv4",
            Self::EveryIpv6 | Self::EveryIpv6OrBoth => "every-ipv6",
            Self::Multicast => "multicast",
            Self::Address(_) => "address",
        }
    }
}

/// The name of a UNIX socket as it is typed after `unix:`; empty for one without.
pub(super) fn unix_name(address: Option<&UnixAddress>) -> String {
    match address {
        Some(UnixAddress::Path(path)) => path.to_string_lossy().into_owned(),
        Some(UnixAddress::Abstract(name)) => {
            // A NUL at its end is part of the name, and most often an accident of the program.
            format!("@{}", String::from_utf8_lossy(name).replace('\0', "@"))
        }
        None => String::new(),
    }
}

/// `python3`, `nginx,php`: each name once; with `short`, that of the first. `?` and `-` as the notes explain them.
pub(super) fn process_names(owner: &Owner, short: bool) -> String {
    let mut names: Vec<&str> = Vec::new();
    let most = if short { 1 } else { usize::MAX };
    for opener in owner.openers().iter().take(most) {
        if !names.contains(&opener.process.name.as_str()) {
            names.push(&opener.process.name);
        }
    }
    match owner {
        Owner::NotPermitted => "?".to_owned(),
        _ if names.is_empty() => "-".to_owned(),
        _ => names.join(","),
    }
}

/// `812,813`; with `short`, `812 +1`.
pub(super) fn pids(owner: &Owner, short: bool) -> String {
    let openers = owner.openers();
    match openers.first() {
        None => "-".to_owned(),
        Some(first) if short && openers.len() > 1 => {
            format!("{} +{}", first.process.pid, openers.len() - 1)
        }
        Some(_) => {
            let each = openers.iter().map(|opener| opener.process.pid.to_string());
            each.collect::<Vec<_>>().join(",")
        }
    }
}

/// The words that a process was started with, or its name where it shows none.
pub(super) fn command(process: &Process) -> String {
    if process.command_line.is_empty() {
        return format!("[{}]", process.name);
    }
    process.command_line.join(" ")
}

/// `41 s`, `12 min`, `3 h`, `12 d`: whole units, rounded down. The units are the same in both languages.
pub(super) fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_in_the_unit_that_suits_it() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (172_799, "47 h"),
            (172_800, "2 d"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn an_abstract_name_shows_its_nuls_as_the_kernel_does() {
        let name = UnixAddress::Abstract(b"a\0b".to_vec());
        assert_eq!(unix_name(Some(&name)), "@a@b");
        assert_eq!(unix_name(None), "");
    }
}
