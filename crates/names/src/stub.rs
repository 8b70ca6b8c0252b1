//! A name as the programs of this machine look it up: the hosts file, then DNS by resolv.conf, in the order of
//! nsswitch.conf (nsswitch.conf(5), hosts(5), resolv.conf(5)).

mod order;
mod resolv_conf;
mod search;

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hickory_proto::rr::rdata::{A, AAAA, PTR};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use sockeye_local::Hosts;
use tokio::time::Instant;

use crate::exchange::Attempt;
use crate::together::together;
use crate::{
    Answer, Exchange, NoReply, Question, Server, Transport, Verdict, name_text, read_name,
};

pub use order::{Order, Service};
pub use resolv_conf::ResolvConf;
pub use search::candidates;

/// The files that say how a name is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// hosts(5).
    pub hosts: PathBuf,
    /// nsswitch.conf(5).
    pub order: PathBuf,
    /// resolv.conf(5).
    pub servers: PathBuf,
    /// Where this machine's own name is read: its domain is searched where resolv.conf names none.
    pub host_name: PathBuf,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            hosts: "/etc/hosts".into(),
            order: "/etc/nsswitch.conf".into(),
            servers: "/etc/resolv.conf".into(),
            host_name: "/proc/sys/kernel/hostname".into(),
        }
    }
}

/// How a name is looked up.
#[derive(Clone, Debug)]
pub struct Stub {
    /// Where it is read.
    pub files: Files,
    /// How servers are asked; the time of a try, their number and the transport come from resolv.conf.
    pub exchange: Exchange,
    /// The search list in place of resolv.conf's, its domains separated by spaces (`LOCALDOMAIN`, resolv.conf(5)).
    pub local_domain: Option<String>,
    /// Options in addition to resolv.conf's (`RES_OPTIONS`, resolv.conf(5)).
    pub options: Option<String>,
    /// The port of resolv.conf's servers: the file can name no other than 53.
    pub port: u16,
}

impl Default for Stub {
    fn default() -> Self {
        Self {
            files: Files::default(),
            exchange: Exchange::default(),
            local_domain: None,
            options: None,
            port: Server::PORT,
        }
    }
}

/// What is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A name; one that is absolute ([`Name::is_fqdn`]) is not searched for below other domains.
    Name(Name),
    /// The names of an address.
    Address(IpAddr),
}

impl Wanted {
    /// The name that DNS is asked for: for an address the one below `in-addr.arpa` (RFC 1035 section 3.5) or
    /// `ip6.arpa` (RFC 3596 section 2.5).
    pub fn name(&self) -> Name {
        match self {
            Self::Name(name) => name.clone(),
            Self::Address(address) => Name::from(*address),
        }
    }
}

/// What was found, and on which way.
#[derive(Debug, Default)]
pub struct Found {
    /// Everything that was done, in order.
    pub steps: Vec<Step>,
    /// For each type that was wanted, in order: who told, or nobody.
    pub told: Vec<Told>,
    /// From the beginning to the end, all servers and tries included.
    pub took: Duration,
}

/// Who answered for one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The hosts file, or the rule of localhost; the records may be none, when it knows the name with other types only.
    Here {
        /// The type that was wanted.
        kind: RecordType,
        /// The records, with a TTL of 0: those of a file have none.
        records: Vec<Record>,
    },
    /// A server: the step with this number, a [`Step::Asked`].
    Asked(usize),
    /// Nobody: nsswitch.conf asks no DNS for the names of hosts, or ends before.
    NotAsked {
        /// The type that was wanted.
        kind: RecordType,
    },
}

/// Something that was done.
#[derive(Debug)]
pub enum Step {
    /// The hosts file was looked at.
    Hosts {
        /// Which file.
        path: PathBuf,
        /// How many records of the name it has, or why it can't be read.
        found: io::Result<usize>,
    },
    /// A name that is this machine by rule, whatever DNS would say (RFC 6761 section 6.3).
    Localhost,
    /// A service of nsswitch.conf that only the C library's own modules ask: multicast DNS, systemd-resolved.
    LeftOut {
        /// Its name in the file.
        service: String,
    },
    /// nsswitch.conf ends the search after this service.
    Ended {
        /// Its name in the file.
        service: String,
    },
    /// nsswitch.conf names no DNS for hosts.
    NoDns,
    /// resolv.conf was read.
    Configured {
        /// Which file.
        path: PathBuf,
        /// Why it can't be read; the server is then the one on this machine.
        error: Option<io::Error>,
        /// The names that are tried, in order.
        names: Vec<Name>,
        /// The servers, in order.
        servers: Vec<Server>,
        /// The file names them; else it is the one on this machine.
        named: bool,
    },
    /// A server was asked.
    Asked(Box<Asked>),
}

/// One question to one server.
#[derive(Debug)]
pub struct Asked {
    /// What.
    pub question: Question,
    /// Which.
    pub server: Server,
    /// What it said.
    pub outcome: Result<Answer, NoReply>,
}

impl Found {
    /// What was asked and said, for [`Told::Asked`].
    pub fn asked(&self, told: &Told) -> Option<&Asked> {
        let Told::Asked(at) = told else { return None };
        match self.steps.get(*at)? {
            Step::Asked(asked) => Some(asked),
            _ => None,
        }
    }
}

impl Stub {
    /// Looks a name up, all types at once, until `deadline`.
    ///
    /// The hosts file is asked for addresses, and for the names of an address; every other type is DNS's alone, but for
    /// those of localhost, which nobody is asked for. A name
    /// is tried below each domain of the search list in turn, as res_search(3) does it, until one has a record of one of
    /// the types.
    pub async fn look_up(&self, wanted: &Wanted, kinds: &[RecordType], deadline: Instant) -> Found {
        let began = Instant::now();
        let mut found = Found::default();
        let mut told: Vec<Option<Told>> = kinds.iter().map(|_| None).collect();
        let of_hosts = |kind: &RecordType| match wanted {
            Wanted::Name(_) => kind.is_ip_addr(),
            Wanted::Address(_) => *kind == RecordType::PTR,
        };
        if let Wanted::Name(name) = wanted
            && name.is_localhost()
        {
            self.localhost(name, kinds, &mut found, &mut told);
        } else if kinds.iter().any(of_hosts) {
            self.in_order(wanted, kinds, of_hosts, &mut found, &mut told);
        }
        let open: Vec<RecordType> = kinds
            .iter()
            .zip(&told)
            .filter_map(|(kind, told)| told.is_none().then_some(*kind))
            .collect();
        if !open.is_empty() {
            let mut asked = self
                .ask(wanted, &open, deadline, &mut found.steps)
                .await
                .into_iter();
            for told in told.iter_mut().filter(|told| told.is_none()) {
                *told = asked.next().map(Told::Asked);
            }
            self.behind_dns(wanted, kinds, of_hosts, &mut found, &mut told);
        }
        found.told = told.into_iter().flatten().collect();
        found.took = began.elapsed();
        found
    }

    /// RFC 6761 section 6.3: addresses are loopback, and nothing else is asked for; what the hosts file says counts.
    fn localhost(
        &self,
        name: &Name,
        kinds: &[RecordType],
        found: &mut Found,
        told: &mut [Option<Told>],
    ) {
        let wanted = Wanted::Name(name.clone());
        let (hosts, step) = self.hosts();
        let listed = records(&hosts, &wanted, &[RecordType::A, RecordType::AAAA], true);
        found.steps.push(Step::Hosts {
            path: self.files.hosts.clone(),
            found: step.map(|()| listed.len()),
        });
        if listed.is_empty() {
            found.steps.push(Step::Localhost);
        }
        for (kind, told) in kinds.iter().zip(told) {
            *told = Some(Told::Here {
                kind: *kind,
                records: records(&hosts, &wanted, &[*kind], false),
            });
        }
    }

    /// Asks what nsswitch.conf names before DNS, in its order.
    fn in_order(
        &self,
        wanted: &Wanted,
        kinds: &[RecordType],
        of_hosts: impl Fn(&RecordType) -> bool,
        found: &mut Found,
        told: &mut [Option<Told>],
    ) {
        let order = Order::parse(&read(&self.files.order).unwrap_or_default());
        let asks_dns = order.asks_dns();
        for service in &order.services {
            match service.name.as_str() {
                "files" => {
                    let (hosts, step) = self.hosts();
                    let here: Vec<RecordType> = kinds.iter().copied().filter(&of_hosts).collect();
                    let all = records(&hosts, wanted, &here, true);
                    let readable = step.is_ok();
                    found.steps.push(Step::Hosts {
                        path: self.files.hosts.clone(),
                        found: step.map(|()| all.len()),
                    });
                    let ends = service.ends(readable);
                    if all.is_empty() && !ends {
                        continue;
                    }
                    if all.is_empty() {
                        found.steps.push(Step::Ended {
                            service: service.name.clone(),
                        });
                    }
                    for (kind, told) in kinds.iter().zip(told).filter(|(kind, _)| of_hosts(kind)) {
                        *told = Some(Told::Here {
                            kind: *kind,
                            records: records(&hosts, wanted, &[*kind], true),
                        });
                    }
                    return;
                }
                // What stands behind DNS is asked after it.
                "dns" => return,
                other => found.steps.push(Step::LeftOut {
                    service: other.to_owned(),
                }),
            }
        }
        if !asks_dns {
            found.steps.push(Step::NoDns);
            for (kind, told) in kinds.iter().zip(told).filter(|(kind, _)| of_hosts(kind)) {
                *told = Some(Told::NotAsked { kind: *kind });
            }
        }
    }

    /// Looks into the hosts file after DNS, where nsswitch.conf has it there and DNS has told no address.
    fn behind_dns(
        &self,
        wanted: &Wanted,
        kinds: &[RecordType],
        of_hosts: impl Fn(&RecordType) -> bool,
        found: &mut Found,
        told: &mut [Option<Told>],
    ) {
        let order = Order::parse(&read(&self.files.order).unwrap_or_default());
        let best = kinds
            .iter()
            .zip(told.iter())
            .filter(|(kind, _)| of_hosts(kind))
            .filter_map(|(_, told)| match told {
                Some(Told::Asked(at)) => Some(rank(found.steps.get(*at)?)),
                _ => None,
            })
            .max();
        // Silence is no answer to "is it there?" either.
        let reached = match best {
            Some(Rank::NoName | Rank::NoData) => true,
            Some(Rank::Silence | Rank::Error) => false,
            Some(Rank::Records) | None => return,
        };
        if !order.asks_files_behind_dns(reached) {
            return;
        }
        let (hosts, step) = self.hosts();
        let here: Vec<RecordType> = kinds.iter().copied().filter(&of_hosts).collect();
        let all = records(&hosts, wanted, &here, true);
        found.steps.push(Step::Hosts {
            path: self.files.hosts.clone(),
            found: step.map(|()| all.len()),
        });
        if all.is_empty() {
            return;
        }
        for (kind, told) in kinds.iter().zip(told).filter(|(kind, _)| of_hosts(kind)) {
            *told = Some(Told::Here {
                kind: *kind,
                records: records(&hosts, wanted, &[*kind], true),
            });
        }
    }

    fn hosts(&self) -> (Hosts, io::Result<()>) {
        match read(&self.files.hosts) {
            Ok(text) => (Hosts::parse(&text), Ok(())),
            Err(error) => (Hosts::default(), Err(error)),
        }
    }

    /// Asks the servers of resolv.conf; for each type, the number of the step that tells.
    async fn ask(
        &self,
        wanted: &Wanted,
        kinds: &[RecordType],
        deadline: Instant,
        steps: &mut Vec<Step>,
    ) -> Vec<usize> {
        let (conf, error) = self.conf(wanted);
        let names = match wanted {
            Wanted::Name(name) => candidates(name, &conf),
            Wanted::Address(_) => vec![wanted.name()],
        };
        steps.push(Step::Configured {
            path: self.files.servers.clone(),
            error,
            names: names.clone(),
            servers: conf.servers(),
            named: conf.names_servers,
        });
        let mut best: Option<(Rank, Vec<usize>)> = None;
        for name in &names {
            let each = together(kinds.iter().map(|kind| {
                let question = Question::new(name.clone(), *kind);
                self.ask_servers(question, &conf, deadline)
            }))
            .await;
            let mut told = Vec::new();
            for tries in each {
                let from = steps.len();
                steps.extend(tries);
                told.push(telling(steps, from));
            }
            let rank = told.iter().map(|at| rank(&steps[*at])).max();
            let rank = rank.unwrap_or(Rank::Silence);
            // A name that exists is better than none; of several that do not, the last is the one as it was typed.
            let better = best.as_ref().is_none_or(|(before, _)| {
                rank > *before || (rank == *before && rank < Rank::NoData)
            });
            if better {
                best = Some((rank, told));
            }
            // Nobody there, or nothing more to look for.
            if matches!(rank, Rank::Silence | Rank::Records) {
                break;
            }
        }
        best.map(|(_, told)| told).unwrap_or_default()
    }

    fn conf(&self, wanted: &Wanted) -> (ResolvConf, Option<io::Error>) {
        let (text, error) = match read(&self.files.servers) {
            Ok(text) => (text, None),
            Err(error) => (String::new(), Some(error)),
        };
        let mut conf = ResolvConf::parse(&text);
        for address in &mut conf.addresses {
            address.set_port(self.port);
        }
        if let Some(options) = &self.options {
            conf.set_options(options);
        }
        if let Some(domains) = &self.local_domain {
            conf.search = Some(resolv_conf::domains(domains));
        }
        let searches = matches!(wanted, Wanted::Name(name) if !name.is_fqdn());
        if searches && conf.search.is_none() {
            let own = read(&self.files.host_name).unwrap_or_default();
            let domain = own.trim().split_once('.').map(|(_, domain)| domain);
            conf.search = Some(domain.map(resolv_conf::domains).unwrap_or_default());
        }
        (conf, error)
    }

    /// One question to the servers in their order, until one answers: each in every round, but for those that have said
    /// that they can't.
    async fn ask_servers(
        &self,
        question: Question,
        conf: &ResolvConf,
        deadline: Instant,
    ) -> Vec<Step> {
        let exchange = Exchange {
            tries: 1,
            ..self.exchange.clone()
        };
        let mut left: Vec<(Server, Option<Attempt<'_>>)> = conf
            .servers()
            .into_iter()
            .map(|server| (server, None))
            .collect();
        let mut steps = Vec::new();
        for round in 0..conf.attempts {
            let mut silent = Vec::new();
            for (server, begun) in left {
                // What comes late to the question of an earlier round is an answer.
                let mut attempt =
                    begun.unwrap_or_else(|| Attempt::new(&exchange, server, &question));
                attempt.timeout = conf.timeout_of(round);
                let outcome = attempt.until(deadline).await;
                let answered =
                    matches!(&outcome, Ok(answer) if !matches!(answer.verdict, Verdict::Error(_)));
                if matches!(&outcome, Err(NoReply::TimedOut { .. })) {
                    silent.push((server, Some(attempt)));
                }
                steps.push(Step::Asked(Box::new(Asked {
                    question: question.clone(),
                    server,
                    outcome,
                })));
                if answered || Instant::now() >= deadline {
                    return steps;
                }
            }
            if silent.is_empty() {
                break;
            }
            left = silent;
        }
        steps
    }
}

/// Of the steps from `from` on, all for one question, the one that tells the most: the last of the best.
fn telling(steps: &[Step], from: usize) -> usize {
    let each = steps.iter().enumerate().skip(from);
    each.max_by_key(|(_, step)| rank(step))
        .map_or(from, |(at, _)| at)
}

/// How much an outcome tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Silence,
    Error,
    NoName,
    NoData,
    Records,
}

fn rank(step: &Step) -> Rank {
    let Step::Asked(asked) = step else {
        return Rank::Silence;
    };
    match &asked.outcome {
        Err(_) => Rank::Silence,
        Ok(answer) => match answer.verdict {
            Verdict::Records | Verdict::Elsewhere | Verdict::Loop => Rank::Records,
            Verdict::NoData | Verdict::Referral => Rank::NoData,
            Verdict::NoName => Rank::NoName,
            Verdict::Error(_) => Rank::Error,
        },
    }
}

/// What the hosts file has of the name or the address; `listed` leaves out what holds of localhost without a line.
fn records(hosts: &Hosts, wanted: &Wanted, kinds: &[RecordType], listed: bool) -> Vec<Record> {
    let name = wanted.name();
    let data: Vec<RData> = match wanted {
        Wanted::Name(name) => {
            let text = name_text(name);
            let addresses = if listed {
                hosts.listed(&text)
            } else {
                hosts.addresses(&text)
            };
            addresses
                .into_iter()
                .map(|address| match address {
                    IpAddr::V4(address) => RData::A(A(address)),
                    IpAddr::V6(address) => RData::AAAA(AAAA(address)),
                })
                .collect()
        }
        Wanted::Address(address) => hosts
            .names(*address)
            .into_iter()
            .filter_map(|name| {
                let mut name = read_name(name).ok()?;
                name.set_fqdn(true);
                Some(RData::PTR(PTR(name)))
            })
            .collect(),
    };
    data.into_iter()
        .filter(|data| kinds.contains(&data.record_type()))
        .map(|data| {
            let mut name = name.clone();
            name.set_fqdn(true);
            Record::from_rdata(name, 0, data)
        })
        .collect()
}

/// A file as text, as far as it is read at all.
fn read(path: &Path) -> io::Result<String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(LONGEST)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How much of a file is read, in bytes: large lists of blocked names are hosts files of some MiB.
const LONGEST: u64 = 64 << 20;

/// Over what the servers are asked, and for how long: resolv.conf's options.
impl ResolvConf {
    /// The servers in the order in which they are asked.
    pub fn servers(&self) -> Vec<Server> {
        let mut servers: Vec<Server> = self
            .addresses
            .iter()
            .map(|address| Server {
                transport: if self.tcp {
                    Transport::Tcp
                } else {
                    Transport::Udp
                },
                address: *address,
            })
            .collect();
        if self.rotate && servers.len() > 1 {
            // Another one first each time; which one is anybody's guess.
            let turn = std::process::id() as usize % servers.len();
            servers.rotate_left(turn);
        }
        servers
    }

    /// How long one server is waited for in round 0, 1, …: as res_send(3) doubles it and shares it out.
    fn timeout_of(&self, round: u32) -> Duration {
        match round {
            0 => self.timeout,
            _ => {
                let servers = u32::try_from(self.addresses.len()).unwrap_or(1).max(1);
                (self.timeout * 2_u32.pow(round.min(5)) / servers).max(Duration::from_secs(1))
            }
        }
    }
}
