//! The line `hosts:` of nsswitch.conf(5): who is asked for the names of hosts, and when that is the end.

/// Whom the C library asks for the names of hosts, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The services, in the order of the line.
    pub services: Vec<Service>,
}

/// A service with its actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `files`, `dns`, `mdns4_minimal`, …
    pub name: String,
    /// The search ends here if it does not know the name.
    ends_not_found: bool,
    /// The search ends here if it can't be asked.
    ends_unavailable: bool,
}

impl Service {
    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ends_not_found: false,
            ends_unavailable: false,
        }
    }

    /// Whether the search ends with this service when it did not know the name (`readable`) or could not be asked.
    pub fn ends(&self, readable: bool) -> bool {
        if readable {
            self.ends_not_found
        } else {
            self.ends_unavailable
        }
    }

    /// Takes `[NOTFOUND=return !UNAVAIL=continue]`, without the brackets.
    fn act(&mut self, actions: &str) {
        for action in actions.split_ascii_whitespace() {
            let Some((status, what)) = action.split_once('=') else {
                continue;
            };
            let returns = what.eq_ignore_ascii_case("return");
            let (negated, status) = match status.strip_prefix('!') {
                Some(status) => (true, status),
                None => (false, status),
            };
            let meant = |name: &str| status.eq_ignore_ascii_case(name) != negated;
            if meant("NOTFOUND") {
                self.ends_not_found = returns;
            }
            if meant("UNAVAIL") {
                self.ends_unavailable = returns;
            }
        }
    }
}

impl Order {
    /// Reads the file; without a line for hosts it is what the C library does then: files, dns.
    pub fn parse(text: &str) -> Self {
        let line = text.lines().find_map(|line| {
            let line = line.split('#').next().unwrap_or_default();
            let (database, services) = line.split_once(':')?;
            database
                .trim()
                .eq_ignore_ascii_case("hosts")
                .then_some(services)
        });
        let Some(line) = line else {
            return Self {
                services: vec![Service::named("files"), Service::named("dns")],
            };
        };
        let mut services: Vec<Service> = Vec::new();
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            if let Some(actions) = rest.strip_prefix('[') {
                let (actions, after) = actions.split_once(']').unwrap_or((actions, ""));
                if let Some(service) = services.last_mut() {
                    service.act(actions);
                }
                rest = after;
            } else {
                let end = rest.find([' ', '\t', '[']).unwrap_or(rest.len());
                services.push(Service::named(&rest[..end]));
                rest = &rest[end..];
            }
            rest = rest.trim_start();
        }
        Self { services }
    }

    /// Whether the hosts file is asked after DNS has told no address: because there is none (`reached`), or because no
    /// server could say.
    pub fn asks_files_behind_dns(&self, reached: bool) -> bool {
        let mut services = self.services.iter();
        let dns = services.find(|service| service.name == "dns");
        dns.is_some_and(|dns| !dns.ends(reached))
            && services.any(|service| service.name == "files")
            && !self.asks_files_before_dns()
    }

    fn asks_files_before_dns(&self) -> bool {
        let mut before = self
            .services
            .iter()
            .take_while(|service| service.name != "dns");
        before.any(|service| service.name == "files")
    }

    /// Whether DNS is asked: as such, or by systemd-resolved, which asks it for its clients.
    pub fn asks_dns(&self) -> bool {
        let asks = |service: &Service| matches!(service.name.as_str(), "dns" | "resolve");
        self.services.iter().any(asks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<String> {
        let order = Order::parse(text);
        order
            .services
            .into_iter()
            .map(|service| service.name)
            .collect()
    }

    #[test]
    fn the_line_of_hosts_is_read_among_others() {
        let text = "passwd: files systemd\n# hosts: nis\nhosts:\tfiles mdns4_minimal [NOTFOUND=return] dns # x\nhosts: nis\n";
        assert_eq!(names(text), ["files", "mdns4_minimal", "dns"]);
        assert_eq!(names("Hosts :files"), ["files"]);
        assert_eq!(names(""), ["files", "dns"]);
        assert_eq!(names("hosts:"), [] as [&str; 0]);
    }

    #[test]
    fn actions_say_where_the_search_ends() {
        let ends = |text| {
            let order = Order::parse(text);
            (order.services[0].ends(true), order.services[0].ends(false))
        };
        assert_eq!(ends("hosts: files dns"), (false, false));
        assert_eq!(ends("hosts: files [NOTFOUND=return] dns"), (true, false));
        assert_eq!(ends("hosts: files [!UNAVAIL=return] dns"), (true, false));
        assert_eq!(
            ends("hosts: files[notfound=return unavail=return]dns"),
            (true, true)
        );
        assert_eq!(
            ends("hosts: files [!SUCCESS=return NOTFOUND=continue"),
            (false, true)
        );
        assert_eq!(ends("hosts: files [] [=] [=return] dns"), (false, false));
    }

    #[test]
    fn the_hosts_file_may_stand_behind_dns() {
        let asks = |text: &str| {
            let order = Order::parse(text);
            (
                order.asks_files_behind_dns(true),
                order.asks_files_behind_dns(false),
            )
        };
        assert_eq!(asks("hosts: dns files"), (true, true));
        assert_eq!(asks("hosts: dns [NOTFOUND=return] files"), (false, true));
        assert_eq!(asks("hosts: dns [!UNAVAIL=return] files"), (false, true));
        assert_eq!(asks("hosts: files dns"), (false, false));
        assert_eq!(asks("hosts: files dns files"), (false, false));
        assert_eq!(asks("hosts: files"), (false, false));
    }

    #[test]
    fn systemd_resolved_asks_dns_for_its_clients() {
        assert!(Order::parse("hosts: files resolve").asks_dns());
        assert!(!Order::parse("hosts: files mymachines").asks_dns());
    }

    proptest! {
        #[test]
        fn any_content_is_survived(text in "[ -~\\n\\t\u{0}é]{0,80}") {
            let order = Order::parse(&format!("hosts:{text}"));
            prop_assert!(order.services.iter().all(|service| !service.name.is_empty()));
        }
    }
}
