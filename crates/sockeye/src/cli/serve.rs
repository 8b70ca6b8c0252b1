//! The arguments of `serve`: as typed, and as meant.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use sockeye_model::{Address, Carries, Scheme};
use sockeye_view::escape::escape_name;

use crate::cli::listen::ServerFlags;
use crate::cli::nearest::nearest;
use crate::cli::quantity::some_time;
use crate::cli::tls::{OwnTls, ServerTls};
use crate::cli::view::ViewArgs;
use crate::cli::{Usage, address, quote, words};
use crate::wording::Wording;

pub(crate) const EXAMPLES: &str = "\
Services and their ports, each on TCP and UDP, on this machine only:
  echo 7007      sends back what it gets          (RFC 862)
  discard 7009   throws away what it gets         (RFC 863)
  daytime 7013   says the time in words           (RFC 867)
  chargen 7019   says letters without end         (RFC 864)
  time 7037      says the seconds since 1900      (RFC 868)
  chat 7094      rooms where people write lines; say /help there
And when it is named:
  dns 7053       answers for the zones of --zone; without one it is
                 an Internet to learn on, on 127.0.0.2 to 127.0.0.6
  http 7080      a page for a browser, and the folder of --dir at /files/
  files 7080     the folder of --dir and nothing else

Examples:
  sockeye serve                                            all but dns, http and files
  sockeye serve echo daytime                               these two
  sockeye serve echo=any:7007                              for everyone who can reach this machine
  sockeye serve echo=tcp://:7007 echo=unix:/tmp/e.sock     one service on two addresses
  sockeye serve --one-at-a-time --explain echo             what a server that is not concurrent does
  sockeye serve chat chat=unix:/tmp/chat.sock              one chat over TCP, UDP and a UNIX socket
  sockeye serve dns                                        an Internet to learn on
  sockeye serve dns --print-zones                          its zone files, to read
  sockeye serve dns --zone river.example=river.zone        your own zone, on UDP and TCP
  sockeye serve http                                       open http://localhost:7080/
  sockeye serve files --dir .                              this folder, for a browser or curl
  sockeye serve dns=127.0.0.1:5300 --zone a.zone --zone b.zone";

/// The names that `serve` knows.
pub(crate) const SERVICES: &[&str] = &[
    "echo", "discard", "daytime", "chargen", "time", DNS, HTTP, FILES, CHAT,
];

const DNS: &str = "dns";
pub(crate) const HTTP: &str = "http";
pub(crate) const FILES: &str = "files";
pub(crate) const CHAT: &str = "chat";

/// As typed.
#[derive(Args, Debug)]
pub(crate) struct ServeFlags {
    /// What to serve, and where if not on its own port; none is all but dns, http and files
    #[arg(value_name = "SERVICE[=ADDRESS]")]
    services: Vec<String>,
    /// dns: a zone file to answer from; NAME is its zone, where the file does not say it
    #[arg(long, value_name = "[NAME=]FILE")]
    zone: Vec<OsString>,
    /// dns: print the zone files of the offline Internet and end
    #[arg(long, conflicts_with = "zone")]
    print_zones: bool,
    /// files, http: the folder to serve; links that lead out of it lead nowhere
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// files, http: serve names that begin with a dot as well
    #[arg(long, requires = "dir")]
    hidden: bool,
    /// One conversation after the other, to show what concurrency is for
    #[arg(long)]
    one_at_a_time: bool,
    /// End a conversation when nothing has moved for this long
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    idle: Option<Duration>,
    #[command(flatten)]
    server: ServerFlags,
    #[command(flatten)]
    tls: ServerTls,
    #[command(flatten)]
    own_tls: OwnTls,
    #[command(flatten)]
    view: ViewArgs,
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServeArgs {
    /// What to serve; empty is the standard set.
    pub(crate) services: Vec<ServiceAt>,
    /// The zones of dns; none is the offline Internet.
    pub(crate) zones: Vec<ZoneFile>,
    /// Only print the zone files of the offline Internet.
    pub(crate) print_zones: bool,
    /// The folder of files and http.
    pub(crate) folder: Option<FolderAt>,
    /// One conversation after the other.
    pub(crate) one_at_a_time: bool,
    /// How long nothing may move in a conversation.
    pub(crate) idle: Option<Duration>,
    /// Limits and readiness.
    pub(crate) server: ServerFlags,
    /// The views.
    pub(crate) view: ViewArgs,
}

/// A folder to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FolderAt {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Names that begin with a dot are served too.
    pub(crate) hidden: bool,
}

/// A zone file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ZoneFile {
    /// The zone's name, where it was given.
    pub(crate) name: Option<String>,
    /// The file.
    pub(crate) file: PathBuf,
}

/// A service, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceAt {
    /// Its name, one of [`SERVICES`].
    pub(crate) name: &'static str,
    /// Where; `None` is its own port on TCP and UDP. A scheme that can listen.
    pub(crate) address: Option<Address>,
    /// Of dns: over TCP and UDP, for nothing was said before the host.
    pub(crate) both: bool,
}

impl ServeFlags {
    /// What is meant, or why it cannot be.
    pub(crate) fn meant(self) -> Result<ServeArgs, Usage> {
        let mut services = self
            .services
            .iter()
            .map(|word| service_at(word))
            .collect::<Result<Vec<_>, _>>()?;
        let addresses = services.iter_mut();
        let mut listening: Vec<&mut Address> = addresses
            .filter_map(|service| service.address.as_mut())
            .collect();
        self.tls.fill(&mut listening)?;
        self.own_tls.fill(&mut listening, &mut [])?;
        let dns: Vec<&ServiceAt> = services
            .iter()
            .filter(|service| service.name == DNS)
            .collect();
        if let Some(named) = dns.iter().find_map(|service| service.address.as_ref()) {
            if self.zone.is_empty() && !self.print_zones {
                return Err(Usage::of(words::DNS_NEEDS_ZONE, &[("address", named)]));
            }
        } else if dns.is_empty() && (self.print_zones || !self.zone.is_empty()) {
            let flag = if self.print_zones {
                "--print-zones"
            } else {
                "--zone"
            };
            return Err(Usage::of(words::FOR_DNS, &[("flag", &flag)]));
        }
        let is_named = |name| services.iter().any(|service| service.name == name);
        match &self.dir {
            None if is_named(FILES) => return Err(Usage::of(words::FILES_NEED_DIR, &[])),
            Some(_) if !is_named(FILES) && !is_named(HTTP) => {
                return Err(Usage::of(words::FOR_FILES, &[]));
            }
            _ => {}
        }
        for (index, service) in services.iter().enumerate() {
            if let (Some(address), true) = (&service.address, services[..index].contains(service)) {
                return Err(Usage::of(
                    words::SERVICE_TWICE,
                    &[("service", &format_args!("{}={address}", service.name))],
                ));
            }
        }
        Ok(ServeArgs {
            services,
            zones: self.zone.iter().map(|word| zone_file(word)).collect(),
            print_zones: self.print_zones,
            folder: self.dir.map(|path| FolderAt {
                path,
                hidden: self.hidden,
            }),
            one_at_a_time: self.one_at_a_time,
            idle: self.idle,
            server: self.server,
            view: self.view,
        })
    }
}

fn service_at(word: &str) -> Result<ServiceAt, Usage> {
    let (typed, address) = word
        .split_once('=')
        .map_or((word, None), |(name, address)| (name, Some(address)));
    let Some(name) = SERVICES.iter().copied().find(|name| *name == typed) else {
        let known = SERVICES.join(", ");
        let meant = nearest(&typed.to_ascii_lowercase(), SERVICES.iter().copied());
        let is_file = !word.contains("://")
            && (word.ends_with(".zone") || word.contains('/') || Path::new(word).is_file());
        let hint = match (meant, word.parse::<Address>()) {
            _ if is_file => {
                let line = quote::line(["sockeye", "serve", DNS, "--zone", word]);
                Wording::of(words::ZONE_FILE, &[("line", &line)])
            }
            (Some(meant), _) => {
                let meant = format!("sockeye serve {meant}{}", escape_name(&word[typed.len()..]));
                Wording::of(words::DID_YOU_MEAN, &[("meant", &meant)])
            }
            (None, Ok(address)) if word.contains(':') => {
                Wording::of(words::SERVICE_AT, &[("address", &address)])
            }
            _ => Wording::default(),
        };
        let typed = escape_name(typed);
        return Err(Usage::new(Wording::made(|language| {
            let places: [(&str, &dyn Display); 2] = [("word", &typed), ("known", &known)];
            words::NO_SERVICE.fill(language, &places) + hint.say(language)
        })));
    };
    let Some(text) = address else {
        return Ok(ServiceAt {
            name,
            address: None,
            both: true,
        });
    };
    let address: Address = text.parse()?;
    address::listenable(&address)?;
    if name == DNS && !matches!(address.scheme, Scheme::Tcp | Scheme::Udp | Scheme::Tls) {
        return Err(Usage::of(words::DNS_OVER, &[("scheme", &address.scheme)]));
    }
    if matches!(name, HTTP | FILES) && address.scheme.carries() != Carries::Stream {
        let places: [(&str, &dyn Display); 2] = [("service", &name), ("scheme", &address.scheme)];
        return Err(Usage::of(words::OVER_STREAMS, &places));
    }
    let both = !text.starts_with(&format!("{}:", address.scheme));
    Ok(ServiceAt {
        name,
        address: Some(address),
        both,
    })
}

/// `NAME=FILE` or `FILE`; a file whose name has a `=` is named with a `/` before it.
fn zone_file(word: &OsStr) -> ZoneFile {
    let named = word.to_str().and_then(|word| word.split_once('='));
    match named.filter(|(name, _)| !name.contains('/')) {
        Some((name, file)) => ZoneFile {
            name: Some(name.to_owned()),
            file: file.into(),
        },
        None => ZoneFile {
            name: None,
            file: word.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Asked, tests::meant};

    #[test]
    fn a_zone_file_without_its_flag_is_answered_with_the_flag() {
        for line in ["serve dns z/river.zone", "serve dns river.zone"] {
            let error = serve(line).unwrap_err();
            let file = line.rsplit(' ').next().unwrap();
            let hint = format!("sockeye serve dns --zone {file}");
            assert!(error.contains(&hint), "{error}");
        }
        assert!(!serve("serve dsn").unwrap_err().contains("--zone"));
    }

    fn serve(line: &str) -> Result<ServeArgs, String> {
        match meant(line)? {
            Asked::Serve(args) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_service_may_be_named_for_several_addresses() {
        let args = serve("serve echo=tcp://:7007 echo=unix:/tmp/e.sock daytime").unwrap();
        let shown: Vec<String> = args
            .services
            .iter()
            .map(|service| {
                let address = service
                    .address
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), ToString::to_string);
                format!("{} {address}", service.name)
            })
            .collect();
        assert_eq!(
            shown,
            ["echo tcp://:7007", "echo unix:/tmp/e.sock", "daytime -"]
        );
        assert_eq!(serve("serve").unwrap().services, []);
    }

    #[test]
    fn dns_takes_zones_and_both_transports_unless_one_is_named() {
        let args = serve("serve dns=:5300 --zone river.example=a.zone --zone ./b=c.zone").unwrap();
        assert!(args.services[0].both);
        assert_eq!(args.zones[0].name.as_deref(), Some("river.example"));
        assert_eq!(args.zones[0].file, PathBuf::from("a.zone"));
        assert_eq!(
            (&args.zones[1].name, args.zones[1].file.as_path()),
            (&None, "./b=c.zone".as_ref())
        );
        assert!(!serve("serve dns=udp://:5300 --zone a").unwrap().services[0].both);
        assert!(serve("serve dns").unwrap().zones.is_empty());
        for (line, said) in [
            ("serve dns=:5300", "needs --zone FILE"),
            ("serve echo --zone a", "is for dns"),
            ("serve --zone a", "is for dns"),
            ("serve dns=unix:/tmp/d --zone a", "over udp, tcp and tls"),
        ] {
            assert!(serve(line).unwrap_err().contains(said), "{line}");
        }
    }

    #[test]
    fn a_folder_is_served_only_when_it_is_named() {
        let args = serve("serve files=:0 --dir site --hidden").unwrap();
        let folder = args.folder.unwrap();
        assert_eq!((folder.path, folder.hidden), (PathBuf::from("site"), true));
        assert_eq!(serve("serve http").unwrap().folder, None);
        for (line, said) in [
            ("serve files", "--dir"),
            ("serve echo --dir .", "is for files and http"),
            ("serve --dir .", "is for files and http"),
            ("serve http --hidden", "--dir"),
            ("serve http=udp://:0", "udp"),
        ] {
            let error = serve(line).unwrap_err();
            assert!(error.contains(said), "{line}: {error}");
        }
    }

    #[test]
    fn an_unknown_service_is_answered_with_those_there_are() {
        assert!(
            serve("serve eco")
                .unwrap_err()
                .contains("echo, discard, daytime, chargen, time, dns, http, files")
        );
        assert!(
            serve("serve ecoh")
                .unwrap_err()
                .ends_with("did you mean sockeye serve echo?")
        );
        assert!(
            serve("serve Chargen=any:7019")
                .unwrap_err()
                .ends_with("did you mean sockeye serve chargen=any:7019?")
        );
        assert!(
            serve("serve :7007")
                .unwrap_err()
                .contains("sockeye serve echo=tcp://:7007")
        );
        assert!(
            serve("serve echo=exec:cat")
                .unwrap_err()
                .contains("cannot wait for peers")
        );
        assert!(
            serve("serve echo=:7 echo=:7")
                .unwrap_err()
                .contains("twice")
        );
    }
}
