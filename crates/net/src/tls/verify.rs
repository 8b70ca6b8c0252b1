//! Which certificates are accepted: those that lead to a known root, exactly one key, or any.
//!
//! What is checked is rustls' doing. This says with it why one was not accepted, and what it says of itself.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::certificate::{Certificate, Moment, Pin};
use super::crypto;
use super::error::{Problem, Refused, TlsError};
use super::flaw::Flaw;

/// What a step of a handshake brought to light that rustls' own answers leave out.
///
/// A handshake's step calls verifiers and resolvers on its own thread, before it returns.
#[derive(Default)]
pub(super) struct Seen {
    /// Why a certificate was not accepted.
    pub(super) refused: Option<TlsError>,
    /// The name that a client asked for (SNI).
    pub(super) name: Option<String>,
    /// The application protocols that a client offered.
    pub(super) offered: Vec<String>,
}

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::default();
}

impl Seen {
    /// What has been seen since it was last taken.
    pub(super) fn take() -> Self {
        SEEN.take()
    }

    fn refused(error: TlsError) {
        SEEN.with_borrow_mut(|seen| seen.refused = Some(error));
    }
}

/// Whose server certificates are accepted.
#[derive(Debug)]
pub(super) enum Trust {
    /// Those that lead to one of these roots, and are for the name.
    Roots {
        checks: Arc<WebPkiServerVerifier>,
        /// What was named by hand: a certificate that is one of these need not be an authority's, nor may it not be one.
        named: Vec<CertificateDer<'static>>,
    },
    /// This key, whatever else the certificate says.
    Pin(Pin),
    /// Any.
    Anyone,
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self {
            Self::Anyone => Ok(ServerCertVerified::assertion()),
            Self::Pin(pin) => {
                let presented = Certificate::read(leaf).ok_or(CertificateError::BadEncoding)?;
                if presented.pin == *pin {
                    return Ok(ServerCertVerified::assertion());
                }
                Seen::refused(TlsError::Pin {
                    expected: *pin,
                    presented: Box::new(presented),
                });
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            Self::Roots { checks, named } => {
                let checked = match checks.verify_server_cert(leaf, others, name, ocsp, now) {
                    Err(_) if named.iter().any(|one| **one == **leaf) => named_itself(leaf, name),
                    checked => checked,
                };
                checked.inspect_err(|error| {
                    refuse(error, leaf, others, Some(name.to_str().into_owned()));
                })
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &crypto::provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &crypto::provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        crypto::provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A certificate that was itself named as trusted: no chain is to be found, but its dates and names count.
fn named_itself(
    leaf: &CertificateDer<'_>,
    name: &ServerName<'_>,
) -> Result<ServerCertVerified, Error> {
    let read = Certificate::read(leaf).ok_or(CertificateError::BadEncoding)?;
    let now = Moment::now();
    if now > read.not_after {
        return Err(CertificateError::Expired.into());
    }
    if now < read.not_before {
        return Err(CertificateError::NotValidYet.into());
    }
    let parsed = rustls::server::ParsedCertificate::try_from(leaf)?;
    rustls::client::verify_server_name(&parsed, name)?;
    Ok(ServerCertVerified::assertion())
}

/// Which clients are let in.
#[derive(Debug)]
pub(super) struct Demand(pub(super) Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Demand {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.0
            .verify_client_cert(leaf, others, now)
            .inspect_err(|error| refuse(error, leaf, others, None))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// A server's one certificate, for whatever name a client asks, or for the one name that is served.
#[derive(Debug)]
pub(super) struct Presents {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) only: Option<String>,
}

impl ResolvesServerCert for Presents {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        SEEN.with_borrow_mut(|seen| {
            seen.name = hello.server_name().map(str::to_owned);
            let offered = hello.alpn().into_iter().flatten();
            seen.offered = offered
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect();
        });
        if let Some(served) = &self.only
            && !hello
                .server_name()
                .is_some_and(|asked| same_name(asked, served))
        {
            Seen::refused(TlsError::OtherName {
                asked: hello.server_name().map(str::to_owned),
                served: served.clone(),
            });
            return None;
        }
        Some(Arc::clone(&self.key))
    }
}

/// Whether two names are the same: their case and the root's dot are of no matter (RFC 4343, RFC 6066 section 3).
fn same_name(one: &str, other: &str) -> bool {
    let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    bare(one) == bare(other)
}

fn refuse(
    error: &Error,
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    wanted: Option<String>,
) {
    let chain: Vec<Certificate> = std::iter::once(leaf)
        .chain(others)
        .filter_map(|der| Certificate::read(der))
        .collect();
    let Some(first) = chain.first() else { return };
    let why = match error {
        Error::InvalidCertificate(why) => problem(why, first),
        other => Problem::Flawed(Flaw::of(other)),
    };
    Seen::refused(TlsError::Certificate(Box::new(Refused {
        why,
        chain,
        wanted,
    })));
}

fn problem(error: &CertificateError, leaf: &Certificate) -> Problem {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Problem::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Problem::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Problem::WrongName
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Problem::WrongPurpose
        }
        // Some root has the issuer's name and another key: it is not the issuer. Debian's snakeoil is "localhost" too.
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            if leaf.self_issued {
                Problem::SelfSigned
            } else {
                Problem::UnknownIssuer
            }
        }
        // "An authority's certificate is used as a server's" has no name of its own here, and is what openssl req makes.
        CertificateError::Other(_) if leaf.self_issued => Problem::SelfSigned,
        other => Problem::Flawed(Flaw::of_certificate(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::throwaway;

    #[test]
    fn a_root_that_only_has_the_same_name_vouches_for_nobody() {
        let (chain, _) = throwaway::make(&["localhost".to_owned()]).unwrap();
        let leaf = Certificate::read(&chain[0]).unwrap();
        let other_kind_of_key =
            CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: vec![6],
                public_key_algorithm_id: vec![6],
            };
        for error in [CertificateError::BadSignature, other_kind_of_key] {
            assert_eq!(problem(&error, &leaf), Problem::SelfSigned);
        }
    }
}
