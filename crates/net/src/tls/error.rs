//! Why TLS failed, with the facts that a person needs to see what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sockeye_model::{Call, SocketAddress};

use super::certificate::{Certificate, Pin};
use super::flaw::Flaw;

/// Why a TLS handshake or conversation failed, or could not begin.
#[derive(Debug)]
pub enum TlsError {
    /// The other side's certificate is not accepted.
    Certificate(Box<Refused>),
    /// The key is another one than the one that is pinned.
    Pin {
        /// The one that would have been accepted.
        expected: Pin,
        /// What the other side presented.
        presented: Box<Certificate>,
    },
    /// What came is no TLS.
    NotTls {
        /// Its first bytes.
        first: Vec<u8>,
        /// Who does not speak it.
        who: Peer,
    },
    /// The other side sends back what it gets: it does not speak TLS either.
    Echoed,
    /// The other side ended the handshake with this alert.
    Alert(Alert),
    /// No version, suite or signature in common.
    NothingInCommon(Common),
    /// Neither side knows an application protocol of the other (ALPN).
    NoProtocol {
        /// What this side takes.
        ours: Vec<String>,
        /// What the other side offered, where that is known.
        theirs: Vec<String>,
    },
    /// A client that must show a certificate has shown none.
    NoClientCertificate,
    /// A client asks for another name than the only one that is served.
    OtherName {
        /// The name that it asks for, if any (SNI).
        asked: Option<String>,
        /// The name that is served.
        served: String,
    },
    /// The connection ended in the middle of the handshake.
    EndedEarly,
    /// The handshake was not over in time.
    TimedOut(Duration),
    /// A file with a certificate or key can't be used.
    File(FileError),
    /// The name can't be one of a certificate.
    NotAName(String),
    /// The system has no certificates that a server could be verified with.
    NoRoots,
    /// A call on the socket failed.
    Call(crate::Error),
    /// What came can't be decrypted: it was changed on its way, or the other side has another key.
    Undecipherable,
    /// The other side broke the protocol; how, in a few English words.
    Broken(String),
    /// Something else that has no remedy.
    Other(String),
}

/// The other side of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// We have connected to it.
    Server,
    /// It has connected to us.
    Client,
}

/// A certificate that is not accepted.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Why.
    pub why: Problem,
    /// What was presented, the peer's own first; at least one.
    pub chain: Vec<Certificate>,
    /// For whom a certificate was wanted; `None` where it was a client's.
    pub wanted: Option<String>,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nobody known has signed it but itself.
    SelfSigned,
    /// The last of the chain was signed by somebody who is not known.
    UnknownIssuer,
    /// The certificate itself or one above it has ended.
    Expired,
    /// It is not good yet.
    NotYetValid,
    /// It is for other names.
    WrongName,
    /// It is not for servers (or clients), but for something else.
    WrongPurpose,
    /// Anything else.
    Flawed(Flaw),
}

/// What two sides can fail to have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Common {
    /// A version of TLS.
    Version,
    /// A cipher suite, a group of keys or a kind of signature.
    Suite,
}

/// An alert of the other side that ends a handshake (RFC 8446 section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// It does not trust who signed our certificate (`unknown_ca`).
    UnknownAuthority,
    /// It does not accept our certificate for another reason, which has this number (`bad_certificate` and the like).
    BadCertificate(u8),
    /// It wants a certificate and we have shown none (`certificate_required`).
    CertificateRequired,
    /// It knows no version of ours (`protocol_version`).
    Version,
    /// It found nothing in common (`handshake_failure`).
    HandshakeFailure,
    /// It takes none of our application protocols (`no_application_protocol`).
    NoProtocol,
    /// It serves no such name (`unrecognized_name`).
    UnknownName,
    /// Another one, by its number.
    Other(u8),
}

/// A file that can't be used for what it was named for.
#[derive(Debug)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub why: FileProblem,
}

/// Why a file with a certificate or key can't be used.
#[derive(Debug)]
pub enum FileProblem {
    /// It can't be read, or not be written.
    Io(io::Error),
    /// It is no PEM file with certificates.
    NoCertificate {
        /// A private key was found instead.
        has_key: bool,
    },
    /// It is no PEM file with a private key.
    NoKey {
        /// Certificates were found instead.
        has_certificate: bool,
    },
    /// The key is encrypted with a passphrase.
    Encrypted,
    /// The key is not the one that the certificate is for.
    OtherKey {
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// `cert=` without `key=`, where the certificate's file has no key either.
    KeyMissing,
    /// `key=` without `cert=`.
    CertificateMissing,
    /// The certificate or key is of a kind that is not known.
    Unusable(Flaw),
    /// The file is no PEM: a section has no end, or is no base64.
    BadPem,
    /// None of its certificates can be read.
    NoneReadable,
}

/// The other side closed the connection without a close_notify: what came may not be all
/// (RFC 8446 section 6.1). It is the source of an [`io::ErrorKind::UnexpectedEof`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection ended without a close_notify: what came may not be all")]
pub struct EndedEarly;

impl TlsError {
    /// The TLS failure behind an error of a call on a [`crate::tls::TlsSocket`].
    pub fn behind(error: &io::Error) -> Option<&Self> {
        let shared: &Shared = error.get_ref()?.downcast_ref()?;
        Some(&shared.0)
    }

    /// It as the error of a call, which [`TlsError::behind`] finds it behind again.
    pub fn into_error(self, call: Call, address: Option<SocketAddress>) -> crate::Error {
        crate::Error {
            call,
            address,
            source: Self::into_io(&Arc::new(self)),
        }
    }

    pub(super) fn file(path: &Path, why: FileProblem) -> Self {
        Self::File(FileError {
            path: path.into(),
            why,
        })
    }

    /// What a call on the socket says of it.
    pub(super) fn into_io(error: &Arc<Self>) -> io::Error {
        match &**error {
            Self::Call(call) => match call.source.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => io::Error::new(call.source.kind(), call.source.to_string()),
            },
            _ => io::Error::new(io::ErrorKind::InvalidData, Shared(Arc::clone(error))),
        }
    }
}

/// Whether an error of a call is the end of a TLS conversation without a close_notify.
pub fn ended_early(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<EndedEarly>)
}

/// Every later call on the socket says the same.
#[derive(Debug)]
struct Shared(Arc<TlsError>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Shared {}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(refused) => refused.fmt(f),
            Self::Pin {
                expected,
                presented,
            } => write!(
                f,
                "another key: pinned is {expected}, presented was {}",
                presented.pin
            ),
            Self::NotTls { .. } => f.write_str("the other side does not speak TLS"),
            Self::Alert(alert) => write!(f, "the other side ended the handshake: {alert}"),
            Self::NothingInCommon(Common::Version) => f.write_str("no TLS version in common"),
            Self::NothingInCommon(Common::Suite) => f.write_str("no cipher suite in common"),
            Self::NoProtocol { ours, .. } => {
                write!(
                    f,
                    "no application protocol in common; ours: {}",
                    ours.join(", ")
                )
            }
            Self::NoClientCertificate => f.write_str("the client has shown no certificate"),
            Self::OtherName { asked, served } => {
                let asked = asked.as_deref().unwrap_or("no name");
                write!(f, "the client asks for {asked}; only {served} is served")
            }
            Self::EndedEarly => f.write_str("the connection ended during the TLS handshake"),
            Self::TimedOut(time) => write!(f, "no TLS handshake within {time:?}"),
            Self::File(error) => error.fmt(f),
            Self::NotAName(name) => write!(f, "{name:?} can't be the name of a certificate"),
            Self::NoRoots => f.write_str("the system has no certificates to verify a server with"),
            Self::Call(error) => error.fmt(f),
            Self::Echoed => f.write_str("the other side sends back what it gets"),
            Self::Undecipherable => f.write_str("what came cannot be decrypted"),
            Self::Broken(how) => write!(f, "the other side broke the protocol: {how}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => Some(&error.source),
            Self::File(FileError {
                why: FileProblem::Io(error),
                ..
            }) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leaf = self.chain.first();
        let subject = leaf.map_or("", |leaf| leaf.subject.as_str());
        write!(f, "the certificate of {subject} is not accepted: ")?;
        match &self.why {
            Problem::SelfSigned => f.write_str("it is self-signed"),
            Problem::UnknownIssuer => {
                let issuer = self.chain.last().map_or("", |last| last.issuer.as_str());
                write!(f, "signed by {issuer}, who is not known")
            }
            Problem::Expired => f.write_str("it has ended"),
            Problem::NotYetValid => f.write_str("it is not valid yet"),
            Problem::WrongName => {
                let names = leaf.map(|leaf| leaf.names.join(", ")).unwrap_or_default();
                write!(f, "it is for {names}")
            }
            Problem::WrongPurpose => f.write_str("it is for another purpose"),
            Problem::Flawed(flaw) => flaw.fmt(f),
        }
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownAuthority => "unknown_ca",
            Self::BadCertificate(number) | Self::Other(number) => match alert_name(*number) {
                Some(name) => name,
                None => return write!(f, "{number}"),
            },
            Self::CertificateRequired => "certificate_required",
            Self::Version => "protocol_version",
            Self::HandshakeFailure => "handshake_failure",
            Self::NoProtocol => "no_application_protocol",
            Self::UnknownName => "unrecognized_name",
        })
    }
}

/// An alert's name (RFC 8446 section 6, RFC 5246 section 7.2).
const fn alert_name(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => return None,
    })
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.why {
            FileProblem::Io(error) => error.fmt(f),
            FileProblem::NoCertificate { .. } => f.write_str("no PEM file with certificates"),
            FileProblem::NoKey { .. } => f.write_str("no PEM file with a private key"),
            FileProblem::Encrypted => f.write_str("the private key is encrypted"),
            FileProblem::OtherKey { certificate } => {
                write!(
                    f,
                    "not the key of the certificate in {}",
                    certificate.display()
                )
            }
            FileProblem::KeyMissing => f.write_str("there is no private key to it"),
            FileProblem::CertificateMissing => f.write_str("there is no certificate to it"),
            FileProblem::Unusable(flaw) => flaw.fmt(f),
            FileProblem::BadPem => f.write_str("not whole as a PEM file"),
            FileProblem::NoneReadable => f.write_str("no certificate in it can be read"),
        }
    }
}
