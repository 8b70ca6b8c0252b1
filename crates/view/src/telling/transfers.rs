//! The words for what was sent and received, and for calls that wait.

use std::time::Duration;

use sockeye_model::{Call, Event, Payload, SocketAddress, SocketId, Unit};

use super::sockets::waits_to_receive;
use super::{Known, Mark, Reason, Teller, Told, Transport, Way};
use crate::catalogue::{self, Text, narration, reasons};
use crate::escape;
use crate::layout::glued;

impl Teller {
    /// How much it was, and how it begins: `5 B "hola\n"`.
    pub(crate) fn payload(&self, payload: &Payload<'_>) -> String {
        self.payload_within(payload, usize::MAX)
    }

    /// The same in at most `columns` columns: the size always, as much of the beginning as there is room for.
    pub(crate) fn payload_within(&self, payload: &Payload<'_>, columns: usize) -> String {
        if payload.is_empty() && payload.unit() == Unit::Message {
            let empty = self.say(narration::EMPTY);
            if escape::columns(empty) <= columns {
                return empty.to_owned();
            }
        }
        let size = catalogue::bytes(payload.len(), self.language);
        match payload.data() {
            Some(data) if self.preview > 0 && !data.is_empty() => {
                let room = columns.saturating_sub(size.len() + 3).min(self.preview);
                if room < LEAST_PREVIEW.min(data.len()) {
                    return size;
                }
                let shown = escape::preview(data, room, self.ascii);
                format!("{size} \"{shown}\"")
            }
            _ => size,
        }
    }

    pub(super) fn sent(
        &self,
        event: &Event<'_>,
        call: Call,
        payload: &Payload<'_>,
        asked: u64,
        peer: Option<&SocketAddress>,
    ) -> Told {
        let known = self.sockets.of(event.socket);
        let transport = self.transport_of(known, payload.unit());
        let in_part = payload.len() < asked;
        let fact = if in_part {
            let sent = catalogue::bytes(payload.len(), self.language);
            let asked = catalogue::bytes(asked, self.language);
            self.fill(narration::OF_ASKED, &[("sent", &sent), ("asked", &asked)])
        } else {
            self.payload(payload)
        };
        let mut told = Told::new(event, call.name(), fact).way(Way::Out);
        if let Some(peer) = peer {
            told.peer = Some(glued(
                &self.fill(narration::TO, &[("peer", &self.address(peer))]),
            ));
        }
        if let Some(since) = known.and_then(|known| known.waiting_to_send) {
            told = self.with_wait(told, Some(since), event);
        }
        if in_part {
            told = told.because(reasons::SEND_PART, self.language);
        }
        if payload.is_empty() && payload.unit() == Unit::Message {
            told = told.because(reasons::EMPTY_MESSAGE, self.language);
        }
        let reason = match transport {
            Transport::Udp => {
                if peer.is_some() && known.is_some_and(|known| known.first_way == Some(Way::In)) {
                    told = told.because(reasons::UDP_REPLY, self.language);
                }
                reasons::UDP_SEND
            }
            Transport::UnixDatagram | Transport::UnixSeqPacket => reasons::MESSAGE_SEND,
            _ if payload.unit() == Unit::Bytes => reasons::SEND,
            _ => return told,
        };
        told.because(reason, self.language)
    }

    /// With both ends in sight it is known how many sends one recv took, so that is what is said.
    pub(crate) fn joined_or_whole(
        &self,
        socket: SocketId,
        reasons: &mut Vec<Reason>,
        sends: u64,
        whole: bool,
    ) {
        let transport = self.sockets.transport(socket);
        if !transport.is_stream() {
            return;
        }
        let guesses = [
            reasons::RECV_JOINED,
            reasons::RECV_JOINED_UNIX,
            reasons::RECV_ONE_PIECE,
            reasons::RECV_ONE_PIECE_UNIX,
            reasons::RECV_STREAM,
        ];
        reasons.retain(|reason| !guesses.contains(&reason.text));
        let (joined, in_one) = if transport == Transport::UnixStream {
            (reasons::RECV_JOINED_UNIX, reasons::RECV_ONE_PIECE_UNIX)
        } else {
            (reasons::RECV_JOINED, reasons::RECV_ONE_PIECE)
        };
        let text = match (sends, whole) {
            (1, true) => in_one,
            (2.., true) => joined,
            _ => reasons::RECV_STREAM,
        };
        reasons.push(Reason {
            text,
            words: self.fill(text, &[("sends", &sends)]).into(),
        });
    }

    pub(super) fn received(
        &self,
        event: &Event<'_>,
        call: Call,
        payload: &Payload<'_>,
        room: u64,
        truncated_from: Option<u64>,
        peer: Option<&SocketAddress>,
    ) -> Told {
        let known = self.sockets.of(event.socket);
        let transport = self.transport_of(known, payload.unit());
        // The program's own words: how much it asked for decides how much it gets.
        let name = match call {
            Call::Recv if self.traced && room > 0 => format!("{call}({room})"),
            _ => call.name().to_owned(),
        };
        let mut told = Told::new(event, name, self.payload(payload)).way(Way::In);
        if let Some(whole) = truncated_from {
            told.fact = self.cut(payload.len(), whole);
            told = told.mark(Mark::Loss);
        }
        if let Some(peer) = peer {
            told.peer = Some(glued(
                &self.fill(narration::FROM, &[("peer", &self.address(peer))]),
            ));
        }
        let answer = known.and_then(|known| known.answer_time(event.at));
        told = match answer {
            Some(time) => self.with_answer(told, time),
            None => {
                let since = known.and_then(|known| known.waiting_to_receive);
                self.with_wait(told, since, event)
            }
        };
        if truncated_from.is_some() {
            return told.because(reasons::TRUNCATED, self.language);
        }
        if payload.is_empty() && payload.unit() == Unit::Message {
            told = told.because(reasons::EMPTY_MESSAGE, self.language);
        }
        if payload.unit() == Unit::Bytes {
            return self.received_stream(told, known, transport, payload.len(), room);
        }
        match transport {
            Transport::Udp => {
                let other_sender = known
                    .and_then(|known| known.first_sender.as_ref())
                    .is_some_and(|first| peer.is_some_and(|peer| peer != first));
                if other_sender {
                    told = told.because(reasons::UDP_NEW_SENDER, self.language);
                }
                let reason = if peer.is_some() {
                    reasons::UDP_RECV
                } else {
                    reasons::UDP_RECV_CONNECTED
                };
                told.because(reason, self.language)
            }
            Transport::UnixDatagram | Transport::UnixSeqPacket => {
                told.because(reasons::MESSAGE_RECV, self.language)
            }
            _ => told,
        }
    }

    fn received_stream(
        &self,
        told: Told,
        known: Option<&Known>,
        transport: Transport,
        len: u64,
        room: u64,
    ) -> Told {
        let is_unix = transport == Transport::UnixStream;
        if len == room && room > 0 {
            let room = catalogue::bytes(room, self.language);
            return told.because_of(reasons::RECV_FILLED, self.language, &[("room", &room)]);
        }
        let asks = known.filter(|known| known.asks());
        let (sends, bytes) = asks.map_or((0, 0), |known| {
            (known.unanswered_sends, known.unanswered_bytes)
        });
        if sends > 1 && bytes == len {
            let reason = if is_unix {
                reasons::RECV_JOINED_UNIX
            } else {
                reasons::RECV_JOINED
            };
            return told.because_of(reason, self.language, &[("sends", &sends)]);
        }
        let reason = match (sends == 1 && bytes == len, is_unix) {
            (true, false) => reasons::RECV_ONE_PIECE,
            (true, true) => reasons::RECV_ONE_PIECE_UNIX,
            (false, _) => reasons::RECV_STREAM,
        };
        told.because(reason, self.language)
    }

    /// What arrived of a message that was cut.
    fn cut(&self, got: u64, whole: u64) -> String {
        let lost = catalogue::bytes(whole.saturating_sub(got), self.language);
        let whole = catalogue::bytes(whole, self.language);
        let got = catalogue::bytes(got, self.language);
        self.fill(
            narration::CUT,
            &[("got", &got), ("whole", &whole), ("lost", &lost)],
        )
    }

    fn with_answer(&self, told: Told, time: Duration) -> Told {
        let time = catalogue::duration(time, self.language);
        told.more(self.fill(narration::AFTER, &[("time", &time)]))
    }

    /// The transport of a socket; one that is not known is taken for what its payload and address show.
    fn transport_of(&self, known: Option<&Known>, unit: Unit) -> Transport {
        match known {
            Some(known) => known.transport_for(unit),
            None if unit == Unit::Bytes => Transport::Tcp,
            None => Transport::Other,
        }
    }

    pub(super) fn waiting(&self, event: &Event<'_>, call: Call) -> Told {
        let known = self.sockets.of(event.socket);
        let transport = self.sockets.transport(event.socket);
        let anybody = transport.is_datagram() && known.is_none_or(|known| known.peer.is_none());
        let asked = known.is_some_and(|known| known.asked_at.is_some() && known.asks());
        let fact = match call {
            Call::Accept => narration::WAITING_FOR_CLIENT,
            Call::Connect => narration::WAITING_FOR_ANSWER,
            Call::Splice | Call::Poll | Call::Resolve | Call::Close => narration::WAITING,
            _ if !waits_to_receive(call) => match transport {
                Transport::Udp => narration::WAITING_FOR_BUFFER,
                _ => narration::WAITING_TO_SEND,
            },
            _ if asked => narration::WAITING_FOR_ANSWER,
            _ if anybody => narration::WAITING_FOR_MESSAGE,
            _ => narration::WAITING_FOR_PEER,
        };
        let mut told = Told::new(event, call.name(), self.say(fact));
        told.wait = Some(call);
        let (plain, with_command): (Text, Option<Text>) = match call {
            Call::Accept => (reasons::ACCEPT_WAIT, Some(reasons::ACCEPT_TRY)),
            Call::Connect if transport == Transport::Tcp => (reasons::CONNECT_WAIT, None),
            Call::Connect => (reasons::UNIX_CONNECT_WAIT, None),
            Call::Splice | Call::Poll | Call::Resolve => return told,
            Call::Close => (reasons::CLOSE_WAITS, None),
            _ if !waits_to_receive(call) => match transport {
                Transport::Udp => (reasons::UDP_SEND_WAIT, None),
                Transport::UnixStream | Transport::UnixDatagram | Transport::UnixSeqPacket => {
                    (reasons::UNIX_SEND_WAIT, None)
                }
                _ => (reasons::SEND_WAIT, None),
            },
            _ => match transport {
                Transport::Udp if asked => (reasons::UDP_REPLY_WAIT, None),
                Transport::Udp if anybody => (reasons::UDP_RECV_WAIT, Some(reasons::UDP_RECV_TRY)),
                Transport::UnixDatagram => (reasons::MESSAGE_RECV_WAIT, None),
                Transport::Tcp | Transport::UnixStream | Transport::UnixSeqPacket => {
                    let silent = known.is_none_or(|known| known.received == 0);
                    let reason = match (asked, silent) {
                        (true, _) => reasons::ANSWER_WAIT,
                        (false, true) => reasons::RECV_WAIT,
                        (false, false) => reasons::MORE_WAIT,
                    };
                    (reason, None)
                }
                _ => return told,
            },
        };
        match (with_command, known.and_then(command_to_reach)) {
            (Some(text), Some(command)) => {
                let command = self.name(&command);
                // One that is longer than its column breaks between words, and not within one.
                let command = match escape::columns(&command) > REASON {
                    true => command.to_string(),
                    false => glued(&command),
                };
                told.because_of(text, self.language, &[("command", &command)])
            }
            _ => told.because(plain, self.language),
        }
    }
}

/// A preview of fewer columns says nothing.
const LEAST_PREVIEW: usize = 4;

/// The columns of a reason on a terminal of 80.
const REASON: usize = 40;

/// The port of DNS (RFC 1035), and that of `serve dns`.
const DNS_PORTS: [u16; 2] = [53, 7053];

/// The command that reaches a socket that waits, from its own address.
fn command_to_reach(known: &Known) -> Option<String> {
    let local = known.local.as_ref()?;
    let transport = match known.transport {
        Transport::Other if local.port().is_some() => Transport::Tcp,
        transport => transport,
    };
    let scheme = transport.scheme()?;
    let target = match local {
        // What listens there is asked, not typed to.
        _ if local.port().is_some_and(|port| DNS_PORTS.contains(&port)) => {
            let at = match local.is_unspecified() {
                true => format!("localhost:{}", local.port()?),
                false => local.to_string(),
            };
            let scheme = if transport == Transport::Tcp {
                "tcp://"
            } else {
                ""
            };
            return Some(format!("sockeye resolve --server {scheme}{at} . NS"));
        }
        SocketAddress::UnixUnnamed => return None,
        _ if local.is_unspecified() => format!("localhost:{}", local.port()?),
        _ => local.to_string(),
    };
    Some(format!("sockeye connect {scheme}{target}"))
}
