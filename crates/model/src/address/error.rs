//! What is wrong with an address that was typed, and what to type instead.

use std::fmt::{self, Write as _};

use super::SUN_PATH_MAX;
use super::print::is_visible;
use crate::option::OptionName;
use crate::scheme::{SCHEMES, Scheme};

/// A text that is no address. It prints as one line: the text, what is wrong, what to try.
///
/// ```
/// let error = "tcp://localhost".parse::<sockeye_model::Address>().unwrap_err();
/// assert_eq!(error.to_string(), "tcp://localhost: a port is needed; try tcp://localhost:7007");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    /// The text as it was typed.
    pub typed: String,
    /// What is wrong with it.
    pub problem: AddressProblem,
}

/// What is wrong with an address. The variants carry all that a message needs, in any language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressProblem {
    /// Nothing was typed.
    Empty,
    /// There is a NUL where the kernel takes none: a path, a command, a host.
    Nul,
    /// The word before `://` is no scheme.
    UnknownScheme {
        /// The word.
        scheme: String,
        /// The scheme that is spelt most like it.
        nearest: Option<Scheme>,
    },
    /// A web page's URL.
    WebPage {
        /// `http` or `https`.
        scheme: &'static str,
        /// An address for the bytes below it.
        below: String,
        /// The address of a WebSocket there.
        websocket: String,
    },
    /// A name or password before an `@` in a URL, where every other user can read it.
    Credentials {
        /// The address without it, and with the option that takes a file.
        instead: String,
    },
    /// A path that no URL can have.
    BadUrlPath {
        /// The first character that can't be there.
        character: char,
        /// Where it stands in the path, counted in characters from 0.
        at: usize,
    },
    /// A port where there is none: icmp and raw.
    UnwantedPort {
        /// The scheme.
        scheme: Scheme,
        /// The address without it.
        instead: String,
    },
    /// raw without `protocol=`.
    MissingProtocol {
        /// The address with one.
        example: String,
    },
    /// An option of TCP over a UNIX socket, or the other way round.
    OtherTransport {
        /// Which one.
        option: OptionName,
        /// Whose option it could be.
        scheme: Scheme,
        /// What it runs over here: tcp or unix.
        transport: Scheme,
    },
    /// Another tool's way to write it.
    Foreign {
        /// The tool.
        tool: &'static str,
        /// The word of the tool's, as typed.
        word: String,
        /// The same as an address.
        address: String,
        /// Whether it waits for peers, and for how many.
        listens: Listens,
    },
    /// A flag of nc's where an address should be.
    Flag {
        /// What to write instead.
        instead: &'static str,
    },
    /// It isn't an address, but this is.
    Instead {
        /// The address that was probably meant.
        address: String,
    },
    /// A host without a port.
    MissingPort {
        /// An address with one.
        example: String,
    },
    /// The port is a number over 65535.
    PortTooBig {
        /// The number.
        port: String,
    },
    /// The port is neither a number nor the name of a service.
    BadPort {
        /// What stands there.
        port: String,
    },
    /// An IPv6 address without brackets, so that the port can't be told from it.
    BareIpv6 {
        /// The bracketed form.
        example: String,
    },
    /// `[]` holds nothing.
    EmptyBrackets,
    /// `[` without `]`.
    UnclosedBracket,
    /// Something other than an IPv6 address stands in brackets.
    NotIpv6 {
        /// What stands there.
        host: String,
    },
    /// Something other than a colon and a port follows the `]`.
    AfterBracket {
        /// What follows.
        rest: String,
    },
    /// Numbers and dots that are not four numbers 0-255.
    BadIpv4 {
        /// What stands there.
        host: String,
    },
    /// No name of a machine.
    BadHost {
        /// What stands there.
        host: String,
    },
    /// The zone of an IPv6 address can't be an interface.
    BadZone {
        /// What stands there.
        zone: String,
    },
    /// A path behind the port, which only a URL has.
    UnwantedPath {
        /// The address without it.
        instead: String,
    },
    /// socat's comma before the options.
    Comma {
        /// The address with `#` in its place.
        instead: String,
    },
    /// Nothing follows the scheme.
    MissingTarget {
        /// The scheme.
        scheme: Scheme,
    },
    /// Something follows `stdio:`.
    UnwantedTarget {
        /// The scheme.
        scheme: Scheme,
    },
    /// An abstract name that doesn't fit into `sun_path`.
    AbstractTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Permissions for an abstract name, which has no file.
    ModeOnAbstract,
    /// No number of a descriptor.
    BadFd {
        /// What stands there.
        fd: String,
    },
    /// A quote in a command is not closed.
    UnclosedQuote {
        /// Which one: `'` or `"`.
        quote: char,
    },
    /// A command ends in a backslash.
    TrailingBackslash,
    /// An operator of the shell in a command that starts no shell.
    ShellOperator {
        /// Which one.
        operator: char,
    },
    /// Nothing stands behind `#` or between two commas.
    EmptyOption {
        /// Whose options they are.
        scheme: Scheme,
    },
    /// An option that doesn't exist, or not for this scheme.
    UnknownOption {
        /// The word.
        option: String,
        /// Whose options they are.
        scheme: Scheme,
        /// The option of this scheme that was probably meant.
        nearest: Option<OptionName>,
    },
    /// An option is given twice.
    RepeatedOption {
        /// Which one.
        option: OptionName,
    },
    /// An option needs a value and has none.
    MissingValue {
        /// Which one.
        option: OptionName,
    },
    /// An option has a value that it can't have.
    BadValue {
        /// Which one.
        option: OptionName,
        /// The value.
        value: String,
    },
}

/// Whether a foreign address waits for peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listens {
    /// It connects.
    No,
    /// It waits for one peer.
    Once,
    /// It serves many, as socat's `fork` does.
    Many,
}

impl std::error::Error for AddressError {}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.typed.is_empty() {
            write!(f, "{}: ", Shown(&self.typed))?;
        }
        self.problem.fmt(f)
    }
}

impl fmt::Display for AddressProblem {
    #[expect(clippy::too_many_lines, reason = "one message a variant")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an address is missing; try localhost:7007"),
            Self::Nul => f.write_str("a NUL byte can stand only in an abstract name (unix:@NAME)"),
            Self::UnknownScheme {
                scheme,
                nearest: Some(nearest),
            } => {
                write!(f, "{} is no scheme; did you mean {nearest}?", Shown(scheme))
            }
            Self::UnknownScheme {
                scheme,
                nearest: None,
            } => {
                write!(f, "{} is no scheme; known: ", Shown(scheme))?;
                list(f, SCHEMES.iter().map(|row| row.name))
            }
            Self::WebPage {
                scheme,
                below,
                websocket,
            } => write!(
                f,
                "{scheme} is no scheme here; for a WebSocket there {}; for the bytes below it try {}",
                Shown(websocket),
                Shown(below)
            ),
            Self::Credentials { instead } => write!(
                f,
                "a name or password in an address can be read by every user of this machine; \
                 put it into a file of mode 600 and try {}",
                Shown(instead)
            ),
            Self::BadUrlPath { character, at } => write!(
                f,
                "\"{}\", character {} of the path, can't stand in a URL; write {}",
                Shown(character.encode_utf8(&mut [0; 4])),
                at + 1,
                PercentEncoded(*character)
            ),
            Self::UnwantedPort { scheme, instead } => write!(
                f,
                "{scheme} has no ports, TCP and UDP have; try {}",
                Shown(instead)
            ),
            Self::MissingProtocol { example } => write!(
                f,
                "raw needs the protocol number of the IP header; try {}",
                Shown(example)
            ),
            Self::OtherTransport {
                option,
                scheme,
                transport,
            } => write!(
                f,
                "{option} is an option of {}, and this {scheme} runs over {transport}; leave it away",
                other(*transport)
            ),
            Self::Foreign {
                tool,
                word,
                address,
                listens,
            } => {
                write!(
                    f,
                    "{} is {tool}'s word; here it is {}",
                    Shown(word),
                    Shown(address)
                )?;
                match listens {
                    Listens::No => Ok(()),
                    Listens::Once => write!(f, " (sockeye listen {})", Shown(address)),
                    Listens::Many => write!(f, " (sockeye listen --many {})", Shown(address)),
                }
            }
            Self::Flag { instead } => write!(f, "an address has no flags; try {instead}"),
            Self::Instead { address } => {
                write!(f, "not an address; did you mean {}?", Shown(address))
            }
            Self::MissingPort { example } => write!(f, "a port is needed; try {}", Shown(example)),
            Self::PortTooBig { port } => {
                write!(f, "port {} is too big; the greatest is 65535", Shown(port))
            }
            Self::BadPort { port } => {
                write!(
                    f,
                    "\"{}\" is no port; try a number 0-65535 or a service name such as http",
                    Shown(port)
                )
            }
            Self::BareIpv6 { example } => {
                write!(f, "an IPv6 address needs brackets; try {}", Shown(example))
            }
            Self::EmptyBrackets => {
                f.write_str("the brackets are empty; try [::1]:7007, or :7007 for this machine")
            }
            Self::UnclosedBracket => f.write_str("the bracket is not closed; try [::1]:7007"),
            Self::NotIpv6 { host } => {
                write!(
                    f,
                    "brackets are for IPv6 addresses, and \"{}\" is none; try [::1]:7007",
                    Shown(host)
                )
            }
            Self::AfterBracket { rest } => {
                write!(
                    f,
                    "a colon and the port must follow the bracket, not \"{}\"; try [::1]:7007",
                    Shown(rest)
                )
            }
            Self::BadIpv4 { host } => {
                write!(
                    f,
                    "{} is no IPv4 address: four numbers 0-255 without leading zeros; try 127.0.0.1",
                    Shown(host)
                )
            }
            Self::BadHost { host } => {
                write!(
                    f,
                    "\"{}\" is no host: letters, digits, - and . make a name; try localhost",
                    Shown(host)
                )
            }
            Self::BadZone { zone } => {
                write!(
                    f,
                    "\"{}\" is no interface; try its name or number, as in [fe80::1%eth0]",
                    Shown(zone)
                )
            }
            Self::UnwantedPath { instead } => {
                write!(f, "no path can follow the port; try {}", Shown(instead))
            }
            Self::Comma { instead } => {
                write!(f, "options stand behind a #; try {}", Shown(instead))
            }
            Self::MissingTarget { scheme } => {
                let what = match scheme {
                    Scheme::Unix | Scheme::UnixDgram | Scheme::UnixSeqpacket => "a path or @NAME",
                    Scheme::File => "a path",
                    Scheme::Exec => "a command",
                    Scheme::Fd => "a number",
                    Scheme::Tcp | Scheme::Udp => "a host and a port",
                    Scheme::Tls | Scheme::Ws | Scheme::Wss => "a host and a port, a path or @NAME",
                    Scheme::Icmp | Scheme::Raw => "a host",
                    Scheme::Stdio => "nothing",
                };
                write!(
                    f,
                    "{what} is needed behind {scheme}:; try {}",
                    scheme.row().example
                )
            }
            Self::UnwantedTarget { scheme } => {
                write!(f, "nothing can follow {scheme}; try {scheme} alone")
            }
            Self::AbstractTooLong { length } => {
                write!(
                    f,
                    "the abstract name has {length} bytes; the most is {SUN_PATH_MAX}, try a shorter one"
                )
            }
            Self::ModeOnAbstract => {
                f.write_str("an abstract name has no permissions; leave mode= away, or use a path")
            }
            Self::BadFd { fd } => write!(
                f,
                "\"{}\" is no descriptor; try its number, as in fd:3",
                Shown(fd)
            ),
            Self::UnclosedQuote { quote } => {
                write!(
                    f,
                    "the quote {quote} is not closed; close it, or write \\{quote} for the character itself"
                )
            }
            Self::TrailingBackslash => {
                f.write_str("the command ends in a backslash; write \\\\ for the character itself")
            }
            Self::ShellOperator { operator } => {
                write!(
                    f,
                    "exec starts no shell that knows {operator}; quote it, or try exec:sh -c '…'"
                )
            }
            Self::EmptyOption { scheme } => {
                f.write_str("an option is missing behind # or between commas; ")?;
                known(f, *scheme)
            }
            Self::UnknownOption {
                option,
                scheme,
                nearest,
            } => {
                write!(f, "\"{}\" is no option of {scheme}; ", Shown(option))?;
                if let Some(nearest) = nearest {
                    write!(f, "did you mean {nearest}? ")?;
                }
                known(f, *scheme)
            }
            Self::RepeatedOption { option } => write!(f, "{option} is given twice; once is enough"),
            Self::MissingValue { option } => {
                let row = option.row();
                write!(
                    f,
                    "{option} wants {}; try {option}{}",
                    row.value,
                    row.value.placeholder()
                )
            }
            Self::BadValue { option, value } => {
                write!(
                    f,
                    "{option} wants {}, not \"{}\"",
                    option.row().value,
                    Shown(value)
                )
            }
        }
    }
}

/// Of tcp and unix, that which it does not run over.
fn other(transport: Scheme) -> Scheme {
    match transport {
        Scheme::Unix => Scheme::Tcp,
        _ => Scheme::Unix,
    }
}

/// What a URL has in the place of a character.
struct PercentEncoded(char);

impl fmt::Display for PercentEncoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 4];
        let bytes = self.0.encode_utf8(&mut bytes).bytes();
        bytes
            .into_iter()
            .try_for_each(|byte| write!(f, "%{byte:02X}"))
    }
}

fn known(f: &mut fmt::Formatter<'_>, scheme: Scheme) -> fmt::Result {
    if scheme.row().options.is_empty() {
        write!(f, "{scheme} has none")?;
        return match scheme {
            Scheme::Exec => f.write_str(" (a # for the command itself is written '#')"),
            _ => Ok(()),
        };
    }
    f.write_str("known: ")?;
    list(f, scheme.row().options.iter().map(|option| option.name()))?;
    if scheme.is_unix() || scheme == Scheme::File {
        f.write_str(" (a # in the path is written %23)")?;
    }
    Ok(())
}

fn list<'a>(f: &mut fmt::Formatter<'_>, names: impl Iterator<Item = &'a str>) -> fmt::Result {
    for (index, name) in names.enumerate() {
        write!(f, "{}{name}", if index > 0 { ", " } else { "" })?;
    }
    Ok(())
}

/// A piece of what was typed, safe to print and not longer than a line.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, c) in self.0.chars().enumerate() {
            if count == 120 {
                return f.write_char('…');
            }
            if c == ' ' || is_visible(c) {
                f.write_char(c)?;
            } else {
                write!(f, "{}", c.escape_unicode())?;
            }
        }
        Ok(())
    }
}
