//! The flags of TLS: each is an option of an address by another name, for the addresses that do not have it themselves.

use std::path::PathBuf;

use clap::Args;
use sockeye_model::{Address, SocketOption};

use crate::cli::address_problem;
use crate::cli::{Usage, words};
use crate::wording::Wording;

/// Whom a client accepts, and what it asks for.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ClientTls {
    /// Trust the certificates in this PEM file instead of the system's; same as #ca=
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    ca: Option<PathBuf>,
    /// Accept the one server key with this SHA-256, whatever its certificate says; same as #pin=
    #[arg(long, value_name = "sha256:HEX", help_heading = HEADING, value_parser = pin)]
    pin: Option<SocketOption>,
    /// Accept any certificate: anybody on the way can be the server; same as #insecure
    #[arg(long, help_heading = HEADING)]
    insecure: bool,
    /// Ask for this name and check the certificate against it; same as #sni=
    #[arg(long, value_name = "NAME", help_heading = HEADING, value_parser = sni)]
    sni: Option<SocketOption>,
}

/// Whom a server lets in.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServerTls {
    /// Demand a client certificate that one in this PEM file signed; same as #client-ca=
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    client_ca: Option<PathBuf>,
}

/// What either side has.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct OwnTls {
    /// Our own certificate and its chain, in PEM; a server without one makes one; same as #cert=
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    cert: Option<PathBuf>,
    /// Its private key, in PEM, where the same file does not have it; same as #key=
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    key: Option<PathBuf>,
    /// Protocols to offer or accept, the preferred first: h2+http/1.1; same as #alpn=
    #[arg(long, value_name = "NAME+NAME", help_heading = HEADING, value_parser = alpn)]
    alpn: Option<SocketOption>,
    /// Add the secrets of each handshake to this file, for who reads captured traffic; same as #keylog=
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    keylog: Option<PathBuf>,
}

const HEADING: &str = "TLS";

/// A flag that was given, and the option that it is.
type Given = (&'static str, SocketOption);

impl ClientTls {
    fn given(&self) -> Vec<Given> {
        let ca = self.ca.clone().map(SocketOption::Ca);
        let insecure = self.insecure.then_some(SocketOption::Insecure);
        let all = [
            ("--ca", ca),
            ("--pin", self.pin.clone()),
            ("--insecure", insecure),
            ("--sni", self.sni.clone()),
        ];
        found(all)
    }

    /// Gives what was given to those of these addresses that speak TLS and have it not themselves.
    pub(crate) fn fill(&self, dialed: &mut [&mut Address]) -> Result<(), Usage> {
        fill(self.given(), dialed)
    }
}

impl ServerTls {
    /// The same, for addresses that listen.
    pub(crate) fn fill(&self, listening: &mut [&mut Address]) -> Result<(), Usage> {
        let authority = self.client_ca.clone().map(SocketOption::ClientCa);
        fill(found([("--client-ca", authority)]), listening)
    }
}

impl OwnTls {
    /// The same, for addresses on either side. A certificate is shown by those that listen, or if none of them speaks TLS
    /// by those that are dialed.
    pub(crate) fn fill(
        &self,
        listening: &mut [&mut Address],
        dialed: &mut [&mut Address],
    ) -> Result<(), Usage> {
        let shown = found([
            ("--cert", self.cert.clone().map(SocketOption::Cert)),
            ("--key", self.key.clone().map(SocketOption::Key)),
        ]);
        let both = found([
            ("--alpn", self.alpn.clone()),
            ("--keylog", self.keylog.clone().map(SocketOption::Keylog)),
        ]);
        if listening.iter().any(|address| address.scheme.is_tls()) {
            fill(shown, listening)?;
        } else {
            fill(shown, dialed)?;
        }
        let mut all: Vec<&mut Address> = Vec::new();
        all.extend(listening.iter_mut().map(|address| &mut **address));
        all.extend(dialed.iter_mut().map(|address| &mut **address));
        fill(both, &mut all)
    }
}

fn found<const N: usize>(all: [(&'static str, Option<SocketOption>); N]) -> Vec<Given> {
    all.into_iter()
        .filter_map(|(flag, option)| Some((flag, option?)))
        .collect()
}

fn fill(given: Vec<Given>, addresses: &mut [&mut Address]) -> Result<(), Usage> {
    for (flag, option) in given {
        let mut secured = addresses
            .iter_mut()
            .filter(|address| address.scheme.is_tls())
            .peekable();
        if secured.peek().is_none() {
            return Err(Usage::of(words::TLS_FLAG, &[("flag", &flag)]));
        }
        for address in secured {
            if !address.options.contains(option.name()) {
                address.options.insert(option.clone());
            }
        }
    }
    Ok(())
}

fn pin(text: &str) -> Result<SocketOption, Wording> {
    as_option("pin", text)
}

fn sni(text: &str) -> Result<SocketOption, Wording> {
    as_option("sni", text)
}

fn alpn(text: &str) -> Result<SocketOption, Wording> {
    as_option("alpn", text)
}

/// Reads a value with the parser of addresses, so that flag and option mean the same.
fn as_option(name: &str, value: &str) -> Result<SocketOption, Wording> {
    let parsed = format!("tls://localhost:1#{name}={value}").parse::<Address>();
    let address = parsed.map_err(|error| address_problem::wording(&error.problem))?;
    let mut options = address.options.iter();
    options.next().cloned().ok_or_else(|| "".into())
}

#[cfg(test)]
mod tests {
    use crate::cli::{Command, tests::meant};

    fn connect(line: &str) -> Result<String, String> {
        match meant(line)? {
            Command::Connect(args) => Ok(args.address.to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_flag_is_an_option_of_the_address_that_has_it_not() {
        let hex = "ab".repeat(32);
        assert_eq!(
            connect(&format!(
                "connect tls://h:1 --pin sha256:{hex} --alpn h2+x --sni n"
            ))
            .unwrap(),
            format!("tls://h:1#sni=n,alpn=h2+x,pin=sha256:{hex}")
        );
        assert_eq!(
            connect("connect tls://h:1#ca=own.pem --ca other.pem --insecure").unwrap(),
            "tls://h:1#ca=own.pem,insecure"
        );
        assert!(connect("connect tls://h:1 --pin sha256:12").is_err());
    }

    #[test]
    fn a_flag_that_no_address_can_have_is_an_error_that_says_so() {
        for line in [
            "connect h:1 --ca x",
            "connect h:1 --insecure",
            "listen :1 --cert x",
            "serve echo --key x",
            "relay :1 :2 --keylog x",
        ] {
            let error = meant(line).unwrap_err();
            assert!(error.contains("tls://"), "{line}: {error}");
        }
    }

    #[test]
    fn a_relays_flags_go_to_the_side_that_they_mean() {
        let line = "relay tls://:1 tls://h:2 --cert c --ca r --client-ca m --keylog k";
        match meant(line).unwrap() {
            Command::Relay(args) => {
                assert_eq!(
                    args.from.to_string(),
                    "tls://:1#cert=c,client-ca=m,keylog=k"
                );
                assert_eq!(args.to.to_string(), "tls://h:2#ca=r,keylog=k");
            }
            other => panic!("{other:?}"),
        }
        match meant("relay :1 tls://h:2 --cert c").unwrap() {
            Command::Relay(args) => assert_eq!(args.to.to_string(), "tls://h:2#cert=c"),
            other => panic!("{other:?}"),
        }
    }
}
