//! Every limit and default in one table: the flags read their defaults here, and `--show-limits` prints it.

use std::fmt;
use std::time::Duration;

use sockeye_names::walk::Bounds;

/// Pages in browsers that are told at once what the sockets do.
pub(crate) const PAGES: usize = 64;
/// Updates that may wait for one page; what comes beyond is missed.
pub(crate) const PAGE_FRAMES: usize = 64;
/// Most sockets that a page lists; the others are counted.
pub(crate) const PAGE_ROWS: usize = 1_000;
/// Bytes of lines and events that are kept for who opens a page later.
pub(crate) const PAGE_PAST: usize = 256 << 10;
/// How long a connect may take, all addresses of a name together.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long `wait` waits for all its addresses.
pub(crate) const WAIT_TIMEOUT: Duration = Duration::from_secs(30);
/// The pause of `wait` between two tries.
pub(crate) const WAIT_INTERVAL: Duration = Duration::from_millis(200);
/// The first pause of `--retry`; it doubles.
pub(crate) const RETRY_DELAY: Duration = Duration::from_millis(200);
/// The longest pause of `--retry`.
pub(crate) const RETRY_DELAY_MAX: Duration = sockeye_net::Dialing::RETRY_DELAY_MAX;
/// The most tries that `--retry` takes.
pub(crate) const RETRY_MAX: u32 = 1_000_000;
/// How long a UDP client stays after its input ended and nothing came.
pub(crate) const QUIET_WAIT: Duration = Duration::from_secs(1);
/// How long a UDP client waits for the first answer after its input ended.
pub(crate) const FIRST_REPLY: Duration = Duration::from_secs(5);
/// After which an idle pipe on stdin is pointed out, once the peer has ended.
pub(crate) const STDIN_NOTE: Duration = Duration::from_secs(5);
/// The most answers that `--reply` takes.
pub(crate) const REPLY_MAX: u32 = 1_000_000_000;
/// How long a server that was told to end lets conversations finish.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);
/// How many conversations a server keeps at once.
pub(crate) const CONVERSATIONS: u32 = 16_384;
/// The most that `--max-conversations` takes.
pub(crate) const CONVERSATIONS_MAX: u32 = 1_000_000;
/// How many UDP peers a server remembers at once.
pub(crate) const UDP_SESSIONS: u32 = 1_024;
/// The most that `--max-udp-sessions` takes.
pub(crate) const UDP_SESSIONS_MAX: u32 = 1_000_000;
/// How long a UDP session may be quiet before it is forgotten.
pub(crate) const UDP_SESSION_IDLE: Duration = Duration::from_secs(60);
/// The longest duration a flag takes: a year of 365 days.
pub(crate) const DURATION_MAX: Duration = Duration::from_secs(365 * 86_400);
/// The size of `--frame chunk` when no size is given, bytes.
const CHUNK: usize = sockeye_net::framing::DEFAULT_CHUNK.get();
/// The largest `--frame chunk`, bytes: the largest message any scheme carries.
pub(crate) const CHUNK_MAX: usize = 16 << 20;
/// The longest message in a stream, bytes.
const FRAME: usize = sockeye_net::framing::MAX_FRAME;
/// The most that `--max-frame` takes.
pub(crate) const FRAME_MAX: usize = 1 << 30;
/// The longest `--send` text, bytes.
pub(crate) const SEND_MAX: usize = 64 << 10;
/// The most addresses that `wait` takes.
pub(crate) const WAIT_ADDRESSES_MAX: usize = 64;
/// The most targets that `ping` asks at once.
pub(crate) const PING_TARGETS_MAX: usize = 64;
/// Probes of `ping` for each target where stdout is no terminal.
pub(crate) const PING_COUNT: u32 = 4;
/// The most probes that `ping --count` takes.
pub(crate) const PING_COUNT_MAX: u32 = 1_000_000_000;
/// From one probe of `ping` to the next.
pub(crate) const PING_INTERVAL: Duration = Duration::from_secs(1);
/// The least that `ping --interval` takes: a hundred probes a second.
pub(crate) const PING_INTERVAL_LEAST: Duration = Duration::from_millis(10);
/// After which a probe of `ping` is lost.
pub(crate) const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// The most that `ping --timeout` takes: a probe that waits is kept in memory.
pub(crate) const PING_TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// Bytes of data in an echo request.
pub(crate) const PING_SIZE: usize = 56;
/// The most bytes of data in a probe of `ping`: what fits a packet over IPv4.
pub(crate) const PING_SIZE_MAX: usize = 65_507;
/// Round-trip times that `ping` keeps for its median, 99th percentile and picture: the last ones.
pub(crate) const PING_TIMES_KEPT: usize = 65_536;
/// How long `resolve` looks for an answer, all servers and tries together.
pub(crate) const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for a walk from the root.
pub(crate) const RESOLVE_TRACE_TIMEOUT: Duration = Duration::from_secs(30);
/// The most types that `resolve` asks for at once.
pub(crate) const RESOLVE_TYPES_MAX: usize = 32;
/// The most servers that `resolve` compares.
pub(crate) const RESOLVE_SERVERS_MAX: usize = 16;
/// How long a view that is blocked may hold up the end of the command.
pub(crate) const VIEW_PATIENCE: Duration = Duration::from_secs(2);

/// How long a peer of `listen --many` may take nothing while the others wait for it.
pub(crate) const NOT_READING: Duration = Duration::from_secs(2);
/// How many bytes may wait to be sent to one peer of `listen --many`.
pub(crate) const PEER_QUEUE: usize = 256 << 10;
/// How many messages may wait for one UDP or unix-dgram session's reader.
const QUEUED_MESSAGES: u32 = 1_024;
/// How many bytes may.
const QUEUED_BYTES: usize = 256 << 10;
/// How many connections may wait to be accepted; the kernel may allow fewer (`net.core.somaxconn`).
const BACKLOG: u32 = 4_096;

/// What a chat keeps to.
const CHAT: sockeye_serve::chat::ChatLimits = sockeye_serve::chat::ChatLimits::USUAL;

/// One value of the table.
#[derive(Clone, Copy)]
enum Amount {
    Time(Duration),
    Count(u32),
    Bytes(usize),
    Unlimited,
}

/// One row: which flag, its default, the most it takes, and what it bounds.
struct Row {
    flag: &'static str,
    default: Amount,
    most: Option<Amount>,
    about: &'static str,
}

const fn row(flag: &'static str, default: Amount, most: Amount, about: &'static str) -> Row {
    Row {
        flag,
        default,
        most: Some(most),
        about,
    }
}

/// A limit that no flag changes.
const fn fixed(default: Amount, about: &'static str) -> Row {
    Row {
        flag: "-",
        default,
        most: None,
        about,
    }
}

use Amount::{Bytes, Count, Time, Unlimited};

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("connect --timeout", Time(CONNECT_TIMEOUT), Time(DURATION_MAX), "connecting, all addresses of a name together"),
    row("connect --retry", Count(0), Count(RETRY_MAX), "further tries after a failed connect"),
    row("connect --retry-delay", Time(RETRY_DELAY), Time(DURATION_MAX), "first pause between tries; it doubles"),
    fixed(Time(RETRY_DELAY_MAX), "longest pause between tries"),
    row("connect --idle", Unlimited, Time(DURATION_MAX), "quiet time that ends a conversation (22)"),
    row("connect --wait", Time(QUIET_WAIT), Time(DURATION_MAX), "UDP: quiet time after the end of input"),
    fixed(Time(FIRST_REPLY), "UDP: wait for a first answer after the end of input"),
    row("connect --reply", Unlimited, Count(REPLY_MAX), "UDP: answers to wait for"),
    row("connect --send", Unlimited, Bytes(SEND_MAX), "first text to send"),
    fixed(Time(STDIN_NOTE), "an idle pipe on stdin is pointed out, once the peer has ended"),
    row("wait --timeout", Time(WAIT_TIMEOUT), Time(DURATION_MAX), "until every address answers"),
    row("wait --interval", Time(WAIT_INTERVAL), Time(DURATION_MAX), "pause between two tries"),
    row("wait ADDRESS…", Unlimited, Count(WAIT_ADDRESSES_MAX as u32), "addresses to wait for"),
    row("ping ADDRESS…", Unlimited, Count(PING_TARGETS_MAX as u32), "targets that are asked at once"),
    row("ping --count", Count(PING_COUNT), Count(PING_COUNT_MAX), "probes for each target; on a terminal until Ctrl-C"),
    row("ping --interval", Time(PING_INTERVAL), Time(DURATION_MAX), "from one probe to the next; 10 ms at least"),
    row("ping --timeout", Time(PING_TIMEOUT), Time(PING_TIMEOUT_MAX), "after which a probe is lost"),
    row("ping --size", Bytes(PING_SIZE), Bytes(PING_SIZE_MAX), "data in an echo request; UDP: none"),
    fixed(Count(PING_TIMES_KEPT as u32), "ping: the last round-trip times, from which median and p99 are made"),
    row("resolve --timeout", Time(RESOLVE_TIMEOUT), Time(DURATION_MAX), "until there is an answer, all servers and tries together"),
    row("resolve --trace", Time(RESOLVE_TRACE_TIMEOUT), Time(DURATION_MAX), "until a walk from the root has ended"),
    row("resolve --trace", Count(Bounds::USUAL.questions), Count(Bounds::USUAL.questions), "questions put to servers in one walk"),
    row("resolve --trace", Count(Bounds::USUAL.aliases as u32), Count(Bounds::USUAL.aliases as u32), "aliases followed one after the other"),
    row("resolve --trace", Count(Bounds::USUAL.depth as u32), Count(Bounds::USUAL.depth as u32), "walks within walks, for the addresses of name servers"),
    row("resolve TYPE…", Unlimited, Count(RESOLVE_TYPES_MAX as u32), "types asked for at once"),
    row("resolve --server", Unlimited, Count(RESOLVE_SERVERS_MAX as u32), "servers that are compared"),
    fixed(Time(sockeye_net::Layers::HANDSHAKE), "a client's handshake of TLS or WebSocket, before it is cut off"),
    row("--max-conversations", Count(CONVERSATIONS), Count(CONVERSATIONS_MAX), "at once; the descriptor limit may be lower"),
    row("--max-udp-sessions", Count(UDP_SESSIONS), Count(UDP_SESSIONS_MAX), "UDP peers remembered; the oldest goes first"),
    fixed(Time(UDP_SESSION_IDLE), "a quiet UDP session is forgotten"),
    row("--drain", Time(DRAIN), Time(DURATION_MAX), "conversations may finish after SIGINT or SIGTERM"),
    row("serve dns --idle", Time(sockeye_serve::dns::IDLE), Time(DURATION_MAX), "a quiet TCP connection is ended; a question comes whole within it"),
    fixed(Bytes(sockeye_serve::dns::UDP_PAYLOAD as usize), "serve dns: a longer answer over UDP is cut, and whole over TCP"),
    row("serve http --idle", Time(sockeye_serve::http::IDLE), Time(DURATION_MAX), "a request's head comes within it, the next request too; a client takes something of an answer"),
    fixed(Bytes(sockeye_serve::http::MAX_HEAD), "serve http: a request's head; 431 beyond"),
    fixed(Count(sockeye_serve::http::MAX_HEADERS as u32), "serve http: header fields of a request; 431 beyond"),
    fixed(Count(sockeye_serve::http::MAX_RANGES as u32), "serve files: ranges in one request; the whole file beyond"),
    fixed(Count(sockeye_serve::http::MAX_NAMES as u32), "serve files: names on a folder's page"),
    row("--max-frame", Bytes(FRAME), Bytes(FRAME_MAX), "bytes of one message in a stream, and what the socket carries if that is less"),
    fixed(Count(CHAT.members as u32), "serve chat: members; as many as --max-conversations where that is more"),
    fixed(Count(CHAT.rooms as u32), "serve chat: rooms at once"),
    fixed(Count(sockeye_serve::chat::NAME_CHARACTERS as u32), "serve chat: characters of a name"),
    fixed(Bytes(CHAT.text), "serve chat: a message; a longer one is told and left out"),
    fixed(Count(CHAT.history_messages as u32), "serve chat: messages that a room keeps for who comes later"),
    fixed(Bytes(CHAT.history_bytes), "serve chat: bytes of them"),
    fixed(Count(CHAT.queued_messages as u32), "serve chat: messages that may wait for one member; more are left out, and told"),
    fixed(Bytes(CHAT.queued_bytes), "serve chat: bytes of them"),
    fixed(Time(CHAT.behind), "serve chat: a member for whom some were left out is dropped unless it receives the others"),
    fixed(Count(CHAT.burst), "serve chat: messages of one member that are heard at once"),
    fixed(Time(CHAT.pace), "serve chat: pause between later ones; they wait, none is lost"),
    fixed(Time(CHAT.silent), "serve chat: a member over datagrams that says nothing has left"),
    fixed(Count(CHAT.told_members as u32), "serve chat: in a room of more, coming and going is not told"),
    fixed(Count(CHAT.listed as u32), "serve chat: names or rooms in one list"),
    row("--frame chunk=SIZE", Bytes(CHUNK), Bytes(CHUNK_MAX), "bytes of one message cut from a stream"),
    row("#max-message=", Bytes(sockeye_net::websocket::MAX_MESSAGE), Bytes(sockeye_model::option::MAX_BYTES), "WebSocket: a message that comes, decompressed; a longer one is refused (1009)"),
    fixed(Bytes(sockeye_net::websocket::FRAGMENT), "WebSocket: a longer message is sent in frames of this"),
    fixed(Bytes(sockeye_net::websocket::handshake::HEAD_MAX), "WebSocket: the head of a request or an answer; 431 beyond"),
    fixed(Count(sockeye_net::websocket::handshake::FIELDS_MAX as u32), "WebSocket: header fields of a request or an answer; 431 beyond"),
    fixed(Time(VIEW_PATIENCE), "a blocked terminal may delay the end"),
    fixed(Bytes(PEER_QUEUE), "listen --many: bytes that may wait to be sent to one peer"),
    fixed(Time(NOT_READING), "listen --many: a peer that takes nothing is cut off, once that is full"),
    fixed(Count(PAGES as u32), "serve http: browsers that are told at once what the sockets do"),
    fixed(Count(PAGE_FRAMES as u32), "serve http: updates that may wait for one browser; it is told how many it missed"),
    fixed(Count(PAGE_ROWS as u32), "serve http: sockets that the page lists; more are counted"),
    fixed(Bytes(PAGE_PAST), "serve http: what was told last is kept for who opens the page later"),
    fixed(Count(QUEUED_MESSAGES), "messages that may wait for one UDP session's reader"),
    fixed(Bytes(QUEUED_BYTES), "bytes that may wait for one UDP session's reader"),
    row("#backlog=N", Count(BACKLOG), Count(i32::MAX as u32), "connections that may wait to be accepted; the kernel may allow fewer"),
    row("#sndbuf=, #rcvbuf=", Unlimited, Bytes(sockeye_model::option::MAX_BYTES), "a socket's buffers; none is the kernel's own choice"),
    fixed(Bytes(sockeye_model::SUN_PATH_MAX), "an abstract name; a longer path is reached through its directory"),
    fixed(Bytes(sockeye_view::record::PAYLOAD_LIMIT), "--record keeps the bytes of one send or receive up to this"),
    fixed(Bytes(sockeye_view::replay::LINE_LIMIT), "show reads lines of a recording up to this"),
    fixed(Count(sockeye_view::PAGE_EVENTS as u32), "--html: events that the page shows; more are counted, findings are all shown"),
    fixed(Bytes(sockeye_view::PAGE_CALL_BYTES), "--html: bytes that the page shows of one call"),
    fixed(Bytes(sockeye_view::PAGE_BYTES), "--html: bytes that the page shows of all calls"),
];

/// The table that `--show-limits` prints.
pub(crate) fn table() -> String {
    let cells: Vec<[String; 4]> =
        std::iter::once(["flag", "default", "most", "what it bounds"].map(str::to_owned))
            .chain(ROWS.iter().map(|row| {
                [
                    row.flag.to_owned(),
                    row.default.to_string(),
                    row.most
                        .map_or_else(|| "-".to_owned(), |most| most.to_string()),
                    row.about.to_owned(),
                ]
            }))
            .collect();
    let width = |column: usize| {
        cells
            .iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let (flags, defaults, mosts) = (width(0), width(1), width(2));
    cells
        .iter()
        .map(|[flag, default, most, about]| {
            format!("{flag:<flags$}  {default:<defaults$}  {most:<mosts$}  {about}\n")
        })
        .collect()
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => f.write_str(&crate::cli::quantity::duration_text(*time)),
            Self::Count(count) => write!(f, "{count}"),
            Self::Bytes(bytes) => f.write_str(&crate::cli::quantity::size_text(*bytes)),
            Self::Unlimited => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_prints_each_limit_in_its_own_units() {
        let table = table();
        assert!(
            table.contains("connect --timeout      10s      365d"),
            "{table}"
        );
        assert!(
            table.contains("--frame chunk=SIZE     1452B    16MiB"),
            "{table}"
        );
        assert!(table.contains("connect --retry-delay  200ms"), "{table}");
        assert_eq!(table.lines().count(), ROWS.len() + 1);
    }

    #[test]
    fn what_is_printed_is_what_the_socket_layer_keeps_to() {
        let sessions = sockeye_net::messages::SessionLimits::default();
        assert_eq!(sessions.sessions, UDP_SESSIONS as usize);
        assert_eq!(sessions.idle, UDP_SESSION_IDLE);
        assert_eq!(sessions.queued_messages, QUEUED_MESSAGES as usize);
        assert_eq!(sessions.queued_bytes, QUEUED_BYTES);
        let listening = sockeye_net::Listening::new(sockeye_net::Tap::off());
        assert_eq!(listening.backlog, BACKLOG);
        let dialing = sockeye_net::Dialing::new(sockeye_net::Tap::off());
        assert_eq!(
            (dialing.timeout, dialing.retry_delay),
            (CONNECT_TIMEOUT, RETRY_DELAY)
        );
    }

    #[test]
    fn no_default_is_beyond_its_own_limit() {
        for row in ROWS {
            let fits = match (row.default, row.most) {
                (Time(default), Some(Time(most))) => default <= most,
                (Count(default), Some(Count(most))) => default <= most,
                (Bytes(default), Some(Bytes(most))) => default <= most,
                (Unlimited, _) | (_, None) => true,
                _ => false,
            };
            assert!(fits, "{}", row.flag);
        }
    }
}
