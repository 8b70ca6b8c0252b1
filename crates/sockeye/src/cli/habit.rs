//! What hands used to nc and ncat type, answered with the exact line to type here.

use std::ffi::OsString;
use std::fmt::Display;

use crate::cli::{Entry, Usage, quote, words};
use crate::wording::Wording;

/// The short flags of nc (OpenBSD) and ncat that take a value.
const VALUED: &str = "bBceGgiImMoOpPqsTVwWxX";
/// And those that take none.
const BARE: &str = "46CDdFfhklLnNrRStuUvzZ";
/// The short flags that `connect` has itself: a command line with only these is no habit.
const OWN: &str = "hqvVz";

/// What a command line of nc asks for.
#[derive(Default)]
struct Asked {
    listen: bool,
    many: bool,
    udp: bool,
    unix: bool,
    tls: bool,
    /// The options of the TLS that is asked for, as an address has them.
    tls_options: Vec<String>,
    probe: bool,
    crlf: bool,
    no_stdin: bool,
    verbose: bool,
    shell: bool,
    command: Option<String>,
    port: Option<String>,
    source: Option<String>,
    seconds: Option<String>,
    at_most: Option<String>,
    operands: Vec<String>,
    /// Flags that have no counterpart.
    left_out: Vec<String>,
}

/// Answers a command line that was meant for nc: `-lvnp 7000`, `-u host 53`, `nc -zv host 22`.
pub(crate) fn of_another_tool(typed: &[OsString]) -> Option<Usage> {
    let words = texts(typed)?;
    let named = matches!(words.first(), Some(&("nc" | "ncat" | "netcat")));
    let words = if named { &words[1..] } else { &words[..] };
    if !named && !words.first().is_some_and(|first| is_foreign_cluster(first)) {
        return None;
    }
    Asked::read(words).map(|asked| asked.answer())
}

/// Answers nc's flags inside `connect` and `listen`, once clap has refused them.
pub(crate) fn inside_a_command(typed: &[OsString]) -> Option<Usage> {
    let words = texts(typed)?;
    let (listen, words) = match words.split_first()? {
        (&"listen", words) => (true, words),
        (&"connect", words) => (false, words),
        // The flags of other commands are none of nc's.
        (first, _) if Entry::named(first.as_ref()).is_some() => return None,
        _ => (false, &words[..]),
    };
    if !words.iter().any(|word| is_foreign_cluster(word)) {
        return None;
    }
    let mut asked = Asked::read(words)?;
    asked.listen |= listen;
    Some(asked.answer())
}

fn texts(typed: &[OsString]) -> Option<Vec<&str>> {
    typed.iter().map(|word| word.to_str()).collect()
}

/// Whether the word is a cluster of short flags, all of nc's, with one that is not ours as well.
fn is_foreign_cluster(word: &str) -> bool {
    let Some(letters) = word.strip_prefix('-') else {
        return false;
    };
    let mut foreign = false;
    for letter in letters.chars() {
        foreign |= !OWN.contains(letter) && letter != 'k';
        if VALUED.contains(letter) && !OWN.contains(letter) {
            // What follows is its value.
            return true;
        }
        if !BARE.contains(letter) && !OWN.contains(letter) {
            return false;
        }
    }
    foreign || letters == "k"
}

impl Asked {
    /// Reads words as nc does; `None` if a word is neither a flag of nc's nor an operand.
    fn read(words: &[&str]) -> Option<Self> {
        let mut asked = Self::default();
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            if let Some(long) = word.strip_prefix("--") {
                asked.long(long, &mut words)?;
            } else if let (Some(letters), true) = (word.strip_prefix('-'), word.len() > 1) {
                let mut rest = letters.chars();
                while let Some(letter) = rest.next() {
                    let value = if VALUED.contains(letter) {
                        let attached = rest.as_str();
                        rest = "".chars();
                        Some(if attached.is_empty() {
                            words.next()?.to_owned()
                        } else {
                            attached.to_owned()
                        })
                    } else {
                        None
                    };
                    asked.flag(letter, value)?;
                }
            } else {
                asked.operands.push(word.to_owned());
            }
        }
        Some(asked)
    }

    fn long<'a>(&mut self, long: &str, words: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let (name, attached) = long
            .split_once('=')
            .map_or((long, None), |(name, value)| (name, Some(value)));
        let letter = match name {
            "ssl" => {
                self.tls = true;
                return Some(());
            }
            // Here the certificate is checked unless one says otherwise.
            "ssl-verify" => return Some(()),
            "ssl-cert" | "ssl-key" | "ssl-trustfile" | "ssl-servername" | "ssl-alpn" => {
                self.tls = true;
                let value = match attached {
                    Some(value) => value,
                    None => words.next()?,
                };
                self.tls_options.push(tls_option(name, value));
                return Some(());
            }
            "listen" => 'l',
            "keep-open" => 'k',
            "udp" => 'u',
            "unixsock" => 'U',
            "crlf" => 'C',
            "exec" => 'e',
            "sh-exec" => 'c',
            "source" => 's',
            "source-port" => 'p',
            "wait" => 'w',
            "max-conns" => 'm',
            "verbose" => 'v',
            "nodns" => 'n',
            "recv-only" => 'd',
            _ => return None,
        };
        let value = match (VALUED.contains(letter), attached) {
            (true, Some(value)) => Some(value.to_owned()),
            (true, None) => Some(words.next()?.to_owned()),
            (false, _) => None,
        };
        self.flag(letter, value)
    }

    fn flag(&mut self, letter: char, value: Option<String>) -> Option<()> {
        match letter {
            'l' | 'L' => self.listen = true,
            'k' => self.many = true,
            'u' => self.udp = true,
            'U' => self.unix = true,
            'z' => self.probe = true,
            'C' => self.crlf = true,
            'd' => self.no_stdin = true,
            'v' => self.verbose = true,
            'e' => self.command = value,
            'c' => (self.command, self.shell) = (value, true),
            'p' => self.port = value,
            's' => self.source = value,
            'w' => self.seconds = value,
            'm' => self.at_most = value,
            // What they ask for is what sockeye does anyway: numbers are not looked up, the end is passed on.
            'n' | 'N' | 'q' | 'r' => {}
            _ if VALUED.contains(letter) || BARE.contains(letter) => {
                self.left_out.push(format!("-{letter}"))
            }
            _ => return None,
        }
        Some(())
    }

    fn answer(self) -> Usage {
        let (line, note) = if self.listen {
            self.listen_line()
        } else {
            self.connect_line()
        };
        let left_out = match self.left_out.as_slice() {
            [] => Wording::default(),
            flags => Wording::of(words::NC_LEFT_OUT, &[("flags", &flags.join(" "))]),
        };
        Usage::new(Wording::made(|language| {
            let (note, left_out) = (note.say(language), left_out.say(language));
            let places: [(&str, &dyn Display); 3] =
                [("line", &line), ("note", &note), ("left_out", &left_out)];
            words::NC_HABIT.fill(language, &places)
        }))
    }

    fn listen_line(&self) -> (String, Wording) {
        let (host, port) = match (self.operands.as_slice(), &self.port) {
            ([host, port, ..], _) => (host.as_str(), port.as_str()),
            ([only], Some(port)) => (only.as_str(), port.as_str()),
            ([only], None) => ("", only.as_str()),
            ([], Some(port)) => ("", port.as_str()),
            ([], None) => ("", "0"),
        };
        let mut words = vec!["sockeye".to_owned(), "listen".to_owned()];
        if self.many {
            words.push("-k".to_owned());
        }
        self.shared(&mut words);
        if let Some(at_most) = &self.at_most {
            words.extend(["--max-conversations".to_owned(), at_most.clone()]);
        }
        if let Some(seconds) = &self.seconds {
            words.extend(["--idle".to_owned(), format!("{seconds}s")]);
        }
        self.exec(&mut words);
        let address = self.address(host, port);
        words.push(address);
        let note = if host.is_empty() && !self.unix {
            let everyone = self.address("any", port);
            Wording::of(words::NC_EVERYONE, &[("address", &everyone)])
        } else {
            Wording::default()
        };
        (joined(&words), note)
    }

    fn connect_line(&self) -> (String, Wording) {
        let (host, port) = match self.operands.as_slice() {
            [] => ("HOST", "PORT"),
            [only] if self.unix => ("", only.as_str()),
            [only] => (only.as_str(), "PORT"),
            [host, port, ..] => (host.as_str(), port.as_str()),
        };
        // nc takes a range of ports; here each port is asked for by itself.
        let (port, range) = match port.split_once('-') {
            Some((first, last)) if is_number(first) && is_number(last) => (first, true),
            _ => (port, self.operands.len() > 2),
        };
        let mut words = vec!["sockeye".to_owned(), "connect".to_owned()];
        if self.probe {
            words.push("-z".to_owned());
        }
        self.shared(&mut words);
        if let Some(seconds) = &self.seconds {
            words.extend(["--timeout".to_owned(), format!("{seconds}s")]);
            if !self.probe {
                words.extend(["--idle".to_owned(), format!("{seconds}s")]);
            }
        }
        if self.source.is_some() || self.port.is_some() {
            let port = self
                .port
                .as_ref()
                .map_or_else(String::new, |port| format!(":{port}"));
            words.extend([
                "--bind".to_owned(),
                format!("{}{port}", bracketed(self.source.as_deref().unwrap_or(""))),
            ]);
        }
        self.exec(&mut words);
        words.push(self.address(host, port));
        let note = if range {
            words::NC_ONE_PORT.into()
        } else {
            Wording::default()
        };
        (joined(&words), note)
    }

    fn shared(&self, words: &mut Vec<String>) {
        for (asked, flag) in [
            (self.verbose, "-v"),
            (self.crlf, "--crlf"),
            (self.no_stdin, "--no-stdin"),
        ] {
            if asked && !(self.probe && flag == "--no-stdin") {
                words.push(flag.to_owned());
            }
        }
    }

    fn exec(&self, words: &mut Vec<String>) {
        if let Some(command) = &self.command {
            let command = if self.shell {
                joined(&["sh".into(), "-c".into(), command.clone()])
            } else {
                command.clone()
            };
            words.extend(["--exec".to_owned(), command]);
        }
    }

    fn address(&self, host: &str, port: &str) -> String {
        if self.tls {
            let options = match self.tls_options.as_slice() {
                [] => String::new(),
                options => format!("#{}", options.join(",")),
            };
            return match self.unix {
                true => format!("tls:{port}{options}"),
                false => format!("tls://{}:{port}{options}", bracketed(host)),
            };
        }
        match (self.unix, self.udp) {
            (true, false) => format!("unix:{port}"),
            (true, true) => format!("unix-dgram:{port}"),
            (false, true) => format!("udp://{}:{port}", bracketed(host)),
            (false, false) => format!("{}:{port}", bracketed(host)),
        }
    }
}

/// ncat's flag as an option of an address.
fn tls_option(flag: &str, value: &str) -> String {
    match flag {
        "ssl-cert" => format!("cert={}", value.replace(',', "%2C")),
        "ssl-key" => format!("key={}", value.replace(',', "%2C")),
        "ssl-trustfile" => format!("ca={}", value.replace(',', "%2C")),
        "ssl-alpn" => format!("alpn={}", value.replace(',', "+")),
        _ => format!("sni={value}"),
    }
}

/// An IPv6 address gets the brackets that nc does without.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn joined(words: &[String]) -> String {
    quote::line(words.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::meant;

    const TABLE: &[(&str, &str)] = &[
        (
            "-l 7000",
            "sockeye listen :7000 (this machine only; for everyone, as nc does it: sockeye listen any:7000)",
        ),
        ("-lvnp 7000", "sockeye listen -v :7000 ("),
        ("-lp7000", "sockeye listen :7000 ("),
        ("-lk 7000", "sockeye listen -k :7000 ("),
        ("-k -l 0.0.0.0 7000", "sockeye listen -k 0.0.0.0:7000"),
        ("-ul 7000", "sockeye listen udp://:7000 ("),
        ("-lU /tmp/s", "sockeye listen unix:/tmp/s"),
        ("-luU /tmp/s", "sockeye listen unix-dgram:/tmp/s"),
        ("-U /tmp/s", "sockeye connect unix:/tmp/s"),
        ("-u host 53", "sockeye connect udp://host:53"),
        ("nc -zv host 22", "sockeye connect -z -v host:22"),
        ("nc host 22", "sockeye connect host:22"),
        (
            "ncat --listen --keep-open 7000",
            "sockeye listen -k :7000 (",
        ),
        (
            "nc -w 3 host 80",
            "sockeye connect --timeout 3s --idle 3s host:80",
        ),
        ("-zw1 host 80", "sockeye connect -z --timeout 1s host:80"),
        ("nc -p 99 host 80", "sockeye connect --bind :99 host:80"),
        (
            "-s 127.0.0.2 -p 99 host 80",
            "sockeye connect --bind 127.0.0.2:99 host:80",
        ),
        (
            "-e /bin/cat -l 7000",
            "sockeye listen --exec /bin/cat :7000 (",
        ),
        ("-N host 80", "sockeye connect host:80"),
        ("-Cn ::1 80", "sockeye connect --crlf '[::1]:80'"),
        (
            "nc -zv host 20-25",
            "sockeye connect -z -v host:20 (one port at a time)",
        ),
        (
            "-x proxy:1080 host 80",
            "sockeye connect host:80; there is no counterpart of -x",
        ),
        ("ncat --ssl host 443", "sockeye connect tls://host:443"),
        (
            "ncat --ssl-alpn h2,x --ssl-trustfile=a host 443",
            "sockeye connect tls://host:443#alpn=h2+x,ca=a",
        ),
        (
            "-l --ssl --ssl-cert c --ssl-key k 443",
            "sockeye listen tls://:443#cert=c,key=k (",
        ),
        ("-lU --ssl /tmp/s", "sockeye listen tls:/tmp/s"),
        ("listen -l 7000", "sockeye listen :7000 ("),
        ("listen -p 7000", "sockeye listen :7000 ("),
        ("connect -u host 53", "sockeye connect udp://host:53"),
        (
            "host 80 -w 3",
            "sockeye connect --timeout 3s --idle 3s host:80",
        ),
    ];

    #[test]
    fn each_habit_is_answered_with_the_line_to_type() {
        for (typed, answer) in TABLE {
            let error = meant(typed).expect_err(typed);
            assert!(
                error.contains(&format!("here it is: {answer}")),
                "{typed}: {error}"
            );
        }
    }

    #[test]
    fn each_answer_is_a_line_that_is_understood() {
        for (typed, _) in TABLE {
            let error = meant(typed).expect_err(typed);
            let line = error.split("here it is: ").nth(1).unwrap();
            let line = line
                .split(" (")
                .next()
                .unwrap()
                .split("; ")
                .next()
                .unwrap()
                .replace('\'', "");
            assert!(
                meant(line.strip_prefix("sockeye ").unwrap()).is_ok(),
                "{line}"
            );
        }
    }

    #[test]
    fn a_shell_command_is_quoted_twice() {
        let words = ["-lc", "tr a-z A-Z | cat", "7000"].map(OsString::from);
        let usage = of_another_tool(&words).unwrap();
        assert!(
            usage
                .problem
                .english
                .contains(r"--exec 'sh -c '\''tr a-z A-Z | cat'\''' :7000"),
            "{}",
            usage.problem.english
        );
    }

    #[test]
    fn our_own_flags_are_no_habit() {
        for line in ["-zv host 22", "-v :7", "-q :7", "-z :7", "--hex :7"] {
            assert!(meant(line).is_ok(), "{line}");
        }
    }
}
