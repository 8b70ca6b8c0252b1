//! The handshake of either side, and what it failed of.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use rustls::{AlertDescription, Error, HandshakeType, InvalidMessage, PeerIncompatible};
use sockeye_model::{Call, Kind, Note, SocketOption};

use super::agreed::Agreed;
use super::driver::{Driver, Machine};
use super::error::{Alert, Common, Peer, TlsError};
use super::flaw::{Flaw, spaced};
use super::setup::{Client, Server};
use super::socket::{State, TlsSocket};
use super::verify::Seen;
use crate::async_socket::AsyncSocket;

/// Makes a client's handshake over a connected stream socket.
///
/// Whoever wants a deadline drops the future: the socket goes with it.
///
/// # Errors
/// [`TlsError`]; the other side has been told of it by an alert, as far as it listens.
pub async fn connect(socket: AsyncSocket, client: &Client) -> Result<TlsSocket, TlsError> {
    let alone = Alone {
        alpn: &client.alpn,
        name: Some(client.name()),
    };
    alone.shake_hands(socket, client.machine()?).await
}

/// Makes a server's handshake over a stream socket that was accepted.
///
/// # Errors
/// As for [`connect`].
pub async fn accept(socket: AsyncSocket, server: &Server) -> Result<TlsSocket, TlsError> {
    let alone = Alone {
        alpn: &server.alpn,
        name: None,
    };
    alone.shake_hands(socket, server.machine()?).await
}

/// What this side knows before the other has said anything.
struct Alone<'a> {
    alpn: &'a [String],
    name: Option<String>,
}

/// A handshake under way.
struct Hands {
    state: State,
    seen: Seen,
    /// The first bytes that came, for whoever wonders what the other side speaks.
    first: Vec<u8>,
}

impl Alone<'_> {
    async fn shake_hands(
        self,
        socket: AsyncSocket,
        machine: Machine,
    ) -> Result<TlsSocket, TlsError> {
        let handle = socket.handle();
        handle.veil();
        // A server's tickets stand between its handshake and its first answer: with Nagle's algorithm that would wait for
        // their acknowledgement, which the client delays. Records are gathered as well as they can be already.
        if handle.is_tcp() && !rustix::net::sockopt::tcp_nodelay(handle).unwrap_or(true) {
            let _ = handle.set_option(&SocketOption::Nodelay);
        }
        let began = handle.tap.now();
        let mut hands = Hands {
            state: State::new(Driver::new(machine)),
            seen: Seen::default(),
            first: Vec::new(),
        };
        let shaken = poll_fn(|context| hands.poll(&socket, context)).await;
        if let Err(failed) = shaken {
            let error = self.explained(failed, &socket, hands);
            let text = error.to_string().into();
            let protocol = "tls".into();
            let told = Kind::Noted(Note::Meaning { protocol, text });
            socket.handle().emit(began, told);
            return Err(error);
        }
        let name = self.name.or(hands.seen.name);
        let agreed = Agreed::of(hands.state.driver.facts(), name);
        if socket.tap().is_on() {
            let details = agreed.details().into_iter();
            let upgraded = Kind::Upgraded {
                protocol: agreed.version.into(),
                details: details
                    .map(|(name, value)| (name.into(), value.into()))
                    .collect(),
            };
            socket.handle().emit(began, upgraded);
        }
        Ok(TlsSocket::new(socket, hands.state, agreed))
    }

    fn explained(&self, failed: Failed, socket: &AsyncSocket, hands: Hands) -> TlsError {
        let error = match failed {
            Failed::Call(call, error) => return TlsError::Call(socket.about_peer(call, error)),
            Failed::Ended if looks_foreign(&hands.first) => {
                return self.not_tls(hands.first);
            }
            Failed::Ended => return TlsError::EndedEarly,
            Failed::Tls(error) => error,
        };
        let ours = || self.alpn.to_vec();
        // It says more than rustls does.
        if let (Error::InvalidCertificate(_) | Error::General(_), Some(refused)) =
            (&error, hands.seen.refused)
        {
            return refused;
        }
        match error {
            Error::InvalidMessage(_) if looks_foreign(&hands.first) => self.not_tls(hands.first),
            // A server sends no ClientHello but ours.
            Error::InappropriateHandshakeMessage {
                got_type: HandshakeType::ClientHello,
                ..
            } if self.name.is_some() => TlsError::Echoed,
            Error::NoApplicationProtocol => TlsError::NoProtocol {
                ours: ours(),
                theirs: hands.seen.offered,
            },
            Error::AlertReceived(AlertDescription::NoApplicationProtocol) => TlsError::NoProtocol {
                ours: ours(),
                theirs: Vec::new(),
            },
            error => after(error),
        }
    }

    fn not_tls(&self, first: Vec<u8>) -> TlsError {
        // Who connects knows whom it asks for.
        let who = match self.name {
            Some(_) => Peer::Server,
            None => Peer::Client,
        };
        TlsError::NotTls { first, who }
    }
}

/// Why a handshake ended.
enum Failed {
    Call(Call, io::Error),
    Ended,
    Tls(Error),
}

impl Hands {
    fn poll(
        &mut self,
        socket: &AsyncSocket,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Failed>> {
        let mut failed = None;
        loop {
            if failed.is_none()
                && let Err(error) = self.understand()
            {
                failed = Some(error);
            }
            let flushed = self.state.poll_flush(socket, context);
            if let Some(error) = failed {
                // The alert is sent if there is room for it at once, and there is.
                return Poll::Ready(Err(Failed::Tls(error)));
            }
            match ready!(flushed) {
                Ok(()) => {}
                // Who closes the connection may have said why before.
                Err(error) => return self.last_words(socket, context, error),
            }
            if !self.state.driver.facts().is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            match ready!(self.state.poll_fill(socket, context)) {
                Ok(0) => return Poll::Ready(Err(Failed::Ended)),
                Ok(_) => self.keep_first(),
                Err(error) => return Poll::Ready(Err(Failed::Call(Call::Recv, error))),
            }
        }
    }

    fn understand(&mut self) -> Result<(), Error> {
        let understood = self.state.driver.understand();
        let seen = Seen::take();
        if seen.name.is_some() || !seen.offered.is_empty() {
            (self.seen.name, self.seen.offered) = (seen.name, seen.offered);
        }
        self.seen.refused = seen.refused.or(self.seen.refused.take());
        understood
    }

    fn last_words(
        &mut self,
        socket: &AsyncSocket,
        context: &mut Context<'_>,
        error: io::Error,
    ) -> Poll<Result<(), Failed>> {
        if let Poll::Ready(Ok(1..)) = self.state.poll_fill(socket, context) {
            self.keep_first();
            if let Err(error) = self.understand() {
                return Poll::Ready(Err(Failed::Tls(error)));
            }
        }
        Poll::Ready(Err(Failed::Call(Call::Send, error)))
    }

    fn keep_first(&mut self) {
        if self.first.is_empty() {
            let came = self.state.driver.incoming.bytes();
            self.first.extend_from_slice(&came[..came.len().min(FIRST)]);
        }
    }
}

/// No record of TLS begins so (RFC 8446 section 5.1): its type is 20 to 23, and behind it stands a 3.
fn looks_foreign(first: &[u8]) -> bool {
    match first {
        [] => false,
        [kind] => !(20..=23).contains(kind),
        [kind, major, ..] => !(20..=23).contains(kind) || *major != 3,
    }
}

/// What an error of rustls means to whoever reads it.
pub(super) fn after(error: Error) -> TlsError {
    match error {
        Error::AlertReceived(alert) => TlsError::Alert(match alert {
            AlertDescription::UnknownCA => Alert::UnknownAuthority,
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown => Alert::BadCertificate(alert.into()),
            AlertDescription::CertificateRequired => Alert::CertificateRequired,
            AlertDescription::ProtocolVersion => Alert::Version,
            AlertDescription::HandshakeFailure => Alert::HandshakeFailure,
            AlertDescription::NoApplicationProtocol => Alert::NoProtocol,
            AlertDescription::UnrecognisedName => Alert::UnknownName,
            other => Alert::Other(other.into()),
        }),
        Error::NoCertificatesPresented => TlsError::NoClientCertificate,
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        )
        | Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => {
            TlsError::NothingInCommon(Common::Version)
        }
        Error::PeerIncompatible(
            PeerIncompatible::NoCipherSuitesInCommon
            | PeerIncompatible::NoKxGroupsInCommon
            | PeerIncompatible::NoSignatureSchemesInCommon,
        ) => TlsError::NothingInCommon(Common::Suite),
        Error::DecryptError => TlsError::Undecipherable,
        Error::InvalidMessage(how) => broken(&how),
        Error::PeerMisbehaved(how) => broken(&how),
        Error::PeerIncompatible(how) => broken(&how),
        Error::InappropriateMessage { got_type, .. } => unexpected(&got_type),
        Error::InappropriateHandshakeMessage { got_type, .. } => unexpected(&got_type),
        Error::PeerSentOversizedRecord => TlsError::Broken("a record that is too long".to_owned()),
        Error::InvalidCertificate(error) => {
            TlsError::Broken(format!("its certificate: {}", Flaw::of_certificate(&error)))
        }
        error => TlsError::Other(error.to_string()),
    }
}

fn broken(how: &dyn fmt::Debug) -> TlsError {
    TlsError::Broken(spaced(&format!("{how:?}")))
}

fn unexpected(message: &dyn fmt::Debug) -> TlsError {
    TlsError::Broken(format!("unexpected {}", spaced(&format!("{message:?}"))))
}

/// As many first bytes as tell a person what it is.
const FIRST: usize = 32;
