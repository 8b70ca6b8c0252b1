//! Which web pages may talk to a server: a browser opens a WebSocket to any host for any page, and only says whose.

use std::net::{IpAddr, Ipv6Addr};

/// What a server asks of `Origin`, which browsers send and other programs need not.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum OriginRule {
    /// Pages of this server itself; on loopback also pages of this machine. Whoever sends no `Origin` is no browser.
    #[default]
    Same,
    /// These, written as browsers do: `http://example.org:8080`, `null`; `any` is any.
    Only(Vec<String>),
}

impl OriginRule {
    /// Whether a page of `origin` may talk to the server that it calls `host`; `loopback` when it came over loopback.
    ///
    /// Over loopback the host must be one of loopback too: a name that only now leads to 127.0.0.1 (DNS rebinding) is
    /// somebody else's page.
    pub fn admits(&self, origin: Option<&str>, host: &str, loopback: bool) -> bool {
        let Some(origin) = origin else {
            return true;
        };
        match self {
            Self::Only(allowed) => allowed
                .iter()
                .any(|one| one == "any" || one.eq_ignore_ascii_case(origin)),
            Self::Same => {
                let authority = ["http://", "https://"]
                    .iter()
                    .find_map(|scheme| origin.strip_prefix(scheme));
                match authority {
                    None => false,
                    Some(authority) if loopback => {
                        is_loopback_host(authority) && is_loopback_host(host)
                    }
                    Some(authority) => authority.eq_ignore_ascii_case(host),
                }
            }
        }
    }
}

/// Whether `HOST` or `HOST:PORT` is this machine without asking anybody: `localhost` and names below it, 127.0.0.0/8,
/// `[::1]`.
pub fn is_loopback_host(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(literal) => {
            let Some((literal, port)) = literal.split_once(']') else {
                return false;
            };
            let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_number);
            return is_port && literal.parse() == Ok(Ipv6Addr::LOCALHOST);
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) if is_number(port) => host,
            Some(_) => return false,
            None => authority,
        },
    };
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn is_number(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_elsewhere_are_kept_out_unless_they_are_named() {
        let same = OriginRule::Same;
        for (origin, host, loopback, admitted) in [
            (None, "localhost:7007", true, true),
            (Some("http://localhost:7007"), "localhost:7007", true, true),
            (Some("http://localhost:8000"), "127.0.0.1:7007", true, true),
            (Some("http://[::1]:8000"), "[::1]:7007", true, true),
            (Some("http://evil.example"), "localhost:7007", true, false),
            (
                Some("http://evil.example:7007"),
                "evil.example:7007",
                true,
                false,
            ),
            (
                Some("http://localhost.evil.example"),
                "localhost:7007",
                true,
                false,
            ),
            (
                Some("http://localhost:7007@evil.example"),
                "localhost:7007",
                true,
                false,
            ),
            (Some("null"), "localhost:7007", true, false),
            (Some("file://localhost"), "localhost:7007", true, false),
            (
                Some("http://localhost:8000"),
                "box.example:7007",
                false,
                false,
            ),
            (Some("https://box.example"), "box.example", false, true),
            (
                Some("http://box.example:81"),
                "box.example:80",
                false,
                false,
            ),
        ] {
            assert_eq!(
                same.admits(origin, host, loopback),
                admitted,
                "{origin:?} {host}"
            );
        }
        let only = OriginRule::Only(vec!["https://a.example".to_owned(), "null".to_owned()]);
        assert!(only.admits(Some("HTTPS://a.example"), "x", true));
        assert!(only.admits(Some("null"), "x", true));
        assert!(!only.admits(Some("http://localhost"), "localhost", true));
        assert!(OriginRule::Only(vec!["any".to_owned()]).admits(Some("http://x"), "y", false));
    }
}
