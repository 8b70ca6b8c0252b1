//! What a handshake has agreed on, as it is told.

use rustls::{CommonState, HandshakeKind, ProtocolVersion};

use super::certificate::{Certificate, Moment};

/// What the two sides of a TLS connection have agreed on. The texts of certificates, the name and the protocol are the
/// peer's: escape them before showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// `TLS 1.3` or `TLS 1.2`.
    pub version: &'static str,
    /// The cipher suite, as IANA's table of them calls it.
    pub suite: String,
    /// How the key was agreed on; `None` in a session of TLS 1.2 that was resumed.
    pub group: Option<String>,
    /// The application protocol (ALPN).
    pub alpn: Option<String>,
    /// The server's name: the one that was asked for.
    pub name: Option<String>,
    /// The certificates that the other side has shown, its own first; none from a client that need not.
    pub chain: Vec<Certificate>,
    /// A session of before goes on: nothing was verified anew.
    pub resumed: bool,
}

impl Agreed {
    pub(super) fn of(facts: &CommonState, name: Option<String>) -> Self {
        let suite = facts.negotiated_cipher_suite();
        let chain = facts.peer_certificates().unwrap_or_default();
        Self {
            version: match facts.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "TLS 1.3",
            },
            suite: suite.map_or_else(String::new, |suite| {
                format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1)
            }),
            group: facts
                .negotiated_key_exchange_group()
                .map(|group| format!("{:?}", group.name())),
            alpn: facts
                .alpn_protocol()
                .map(|alpn| String::from_utf8_lossy(alpn).into_owned()),
            name,
            chain: chain
                .iter()
                .filter_map(|der| Certificate::read(der))
                .collect(),
            resumed: facts.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }

    /// The same as names and values, in the order in which they are told.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        let mut details = vec![("suite", self.suite.clone())];
        details.extend(self.group.clone().map(|group| ("group", group)));
        details.extend(self.alpn.clone().map(|alpn| ("alpn", alpn)));
        details.extend(self.name.clone().map(|name| ("name", name)));
        if let (Some(own), Some(last)) = (self.chain.first(), self.chain.last()) {
            let mut chain: Vec<&str> = self.chain.iter().map(Certificate::shown).collect();
            // A root is mostly not sent: who signed the last is known all the same.
            if !last.self_issued {
                chain.push(&last.issuer);
            }
            details.push(("chain", chain.join(" < ")));
            details.push(("days left", own.days_left(Moment::now()).to_string()));
        }
        let resumed = if self.resumed { "yes" } else { "no" };
        details.push(("resumed", resumed.to_owned()));
        details
    }
}

impl Certificate {
    /// Its subject; for one without any, its first name.
    pub fn shown(&self) -> &str {
        match self.names.first() {
            Some(name) if self.subject.is_empty() => name,
            _ => &self.subject,
        }
    }
}
