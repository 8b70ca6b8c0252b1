//! A certificate for one run: a new key, signed by itself, kept in memory and nowhere else.

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::certificate::Moment;
use super::error::TlsError;

/// A certificate for these names and addresses, with its key.
pub(super) fn make(
    names: &[String],
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let failed = |error: rcgen::Error| TlsError::Other(error.to_string());
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = CertificateParams::new(names).map_err(failed)?;
    let mut subject = DistinguishedName::new();
    let first = names.first().map_or("localhost", String::as_str);
    subject.push(DnType::CommonName, first);
    params.distinguished_name = subject;
    // A clock that is a little behind accepts it too.
    let day = |moment: Moment| {
        let (year, month, day) = moment.date();
        rcgen::date_time_ymd(i32::try_from(year).unwrap_or(9999), month, day)
    };
    let now = Moment::now();
    params.not_before = day(Moment(now.0 - DAY));
    params.not_after = day(Moment(now.0 + DAYS * DAY));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key).map_err(failed)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    Ok((vec![certificate.der().clone()], key))
}

const DAY: i64 = 86_400;
/// Longer than such a server runs.
const DAYS: i64 = 365;
