//! What makes a certificate unfit for whoever reads it, and rustls' names for it turned into words.

use std::fmt;

use rustls::CertificateError;

/// What is wrong with a certificate that is not a matter of trust, names or dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is of version 1, which has no extensions and so no names (RFC 5280 section 4.1.2.1); version 3 is wanted.
    Version1,
    /// It is no certificate, or a damaged one.
    Encoding,
    /// It is an authority's, and is shown as a server's or client's own.
    Authority,
    /// It signed another one without being an authority's.
    NotAnAuthority,
    /// It was revoked.
    Revoked,
    /// It demands an extension that is not known here.
    Extension,
    /// What signed it does not fit, or is of a kind that is not known here.
    Signature,
    /// Something else, in a few English words.
    Other(String),
}

impl Flaw {
    pub(super) fn of(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(error) => Self::of_certificate(error),
            other => Self::Other(spaced(&format!("{other:?}"))),
        }
    }

    pub(super) fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::BadEncoding => Self::Encoding,
            CertificateError::Revoked => Self::Revoked,
            CertificateError::UnhandledCriticalExtension => Self::Extension,
            CertificateError::BadSignature
            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                Self::Signature
            }
            CertificateError::Other(inner) => Self::named(&inner.0.to_string()),
            other => Self::named(&format!("{other:?}")),
        }
    }

    /// By the name that the reader of certificates has for it.
    fn named(name: &str) -> Self {
        match name {
            "UnsupportedCertVersion" => Self::Version1,
            "BadDer" | "BadDerTime" | "TrailingData" => Self::Encoding,
            "CaUsedAsEndEntity" => Self::Authority,
            "EndEntityUsedAsCa" => Self::NotAnAuthority,
            "UnsupportedCriticalExtension" => Self::Extension,
            "SignatureAlgorithmMismatch" => Self::Signature,
            other => Self::Other(spaced(other)),
        }
    }
}

/// A name in camel case as words, without whatever it has in brackets: `MissingKeyShare(…)` is "missing key share".
pub(super) fn spaced(name: &str) -> String {
    let end = name.find(['(', '{', ' ']).unwrap_or(name.len());
    let mut words = String::new();
    let mut before = ' ';
    for letter in name[..end].chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
        before = letter;
    }
    words
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version1 => "it is of version 1, and version 3 is wanted",
            Self::Encoding => "it is damaged",
            Self::Authority => "it is an authority's",
            Self::NotAnAuthority => "one that is no authority's signed it",
            Self::Revoked => "it was revoked",
            Self::Extension => "it demands an extension that is not known",
            Self::Signature => "its signature does not fit or is of an unknown kind",
            Self::Other(text) => text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_library_is_said_in_words() {
        assert_eq!(
            Flaw::named("PathLenConstraintViolated"),
            Flaw::Other("path len constraint violated".to_owned())
        );
        assert_eq!(spaced("TrailingData(\"ClientHello\")"), "trailing data");
        assert_eq!(Flaw::named("UnsupportedCertVersion"), Flaw::Version1);
    }
}
