//! PEM files (RFC 7468): certificates, and private keys as PKCS#8, PKCS#1 or SEC1.

use std::fs;
use std::path::Path;

use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::error::{FileProblem, TlsError};

/// What a PEM file has.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) key: Option<PrivateKeyDer<'static>>,
    encrypted: bool,
}

impl Contents {
    pub(super) fn read(path: &Path) -> Result<Self, TlsError> {
        let text = fs::read(path).map_err(|error| TlsError::file(path, FileProblem::Io(error)))?;
        Self::of(&text).map_err(|why| TlsError::file(path, why))
    }

    fn of(text: &[u8]) -> Result<Self, FileProblem> {
        let mut found = Self {
            // Neither kind of encrypted key is read; both are named.
            encrypted: has(text, b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
                || has(text, b"Proc-Type: 4,ENCRYPTED"),
            ..Self::default()
        };
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text) {
            match section {
                Ok((kind, der)) => found.add(kind, der),
                // The headers of an encrypted key are no base64.
                Err(_) if found.encrypted => break,
                Err(_) => return Err(FileProblem::BadPem),
            }
        }
        Ok(found)
    }

    fn add(&mut self, kind: SectionKind, der: Vec<u8>) {
        match kind {
            SectionKind::Certificate => self.certificates.push(der.into()),
            SectionKind::PrivateKey => self.key = Some(PrivateKeyDer::Pkcs8(der.into())),
            SectionKind::RsaPrivateKey => self.key = Some(PrivateKeyDer::Pkcs1(der.into())),
            SectionKind::EcPrivateKey => self.key = Some(PrivateKeyDer::Sec1(der.into())),
            _ => {}
        }
    }

    /// Its certificates, at least one.
    pub(super) fn into_certificates(
        self,
        path: &Path,
    ) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        if self.certificates.is_empty() {
            let has_key = self.key.is_some() || self.encrypted;
            return Err(TlsError::file(path, FileProblem::NoCertificate { has_key }));
        }
        Ok(self.certificates)
    }

    /// Its private key.
    pub(super) fn into_key(self, path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
        let has_certificate = !self.certificates.is_empty();
        match self.key {
            Some(key) => Ok(key),
            None if self.encrypted => Err(TlsError::file(path, FileProblem::Encrypted)),
            None => Err(TlsError::file(path, FileProblem::NoKey { has_certificate })),
        }
    }
}

fn has(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len()).any(|window| window == what)
}

/// A certificate chain with its key: `key` names the key's file, or the certificate's file has both.
pub(super) fn identity(
    certificate: &Path,
    key: Option<&Path>,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let own = Contents::read(certificate)?;
    let Some(key_path) = key else {
        let (chain, key, encrypted) = (own.certificates, own.key, own.encrypted);
        if chain.is_empty() && !encrypted {
            let has_key = key.is_some();
            let why = FileProblem::NoCertificate { has_key };
            return Err(TlsError::file(certificate, why));
        }
        let missing = if encrypted {
            FileProblem::Encrypted
        } else {
            FileProblem::KeyMissing
        };
        let key = key.ok_or_else(|| TlsError::file(certificate, missing))?;
        return Ok((chain, key));
    };
    let chain = own.into_certificates(certificate)?;
    let key = Contents::read(key_path)?.into_key(key_path)?;
    Ok((chain, key))
}
