//! A failure of TLS as the user reads it: the reason, what the certificate says, and what would accept it.

use std::fmt::Display;

use sockeye_net::tls::{
    Alert, Certificate, Common, FileError, FileProblem, Flaw, Moment, Peer, Problem, Refused,
    TlsError,
};
use sockeye_view::catalogue::{Language, Text};
use sockeye_view::escape::escape_name;
use sockeye_view::texts;

use super::io_text;
use crate::cli::quantity::duration_text;
use crate::exit::ExitCode;

texts! {
    CERTIFICATE = "{subject}, for {names}, from {from} to {to}" | "{subject}, para {names}, del {from} al {to}";
    NO_NAMES = "no name" | "ningún nombre";
    NO_SUBJECT = "no subject" | "sin titular";
    SELF_SIGNED = "its certificate is signed by nobody but itself ({certificate}); pin={pin} accepts exactly this key, ca=FILE the certificate in a file" | "su certificado solo está firmado por él mismo ({certificate}); pin={pin} acepta exactamente esta clave, ca=FICHERO el certificado de un fichero";
    UNKNOWN_ISSUER = "nobody who is trusted here has signed its certificate ({certificate}): it was signed by {issuer}, whose own certificate did not come with it; if it is an authority of your own, ca=FILE trusts it; if it is one in between, the server must send it; pin={pin} accepts exactly this key" | "nadie de confianza aquí ha firmado su certificado ({certificate}): lo firmó {issuer}, cuyo certificado no vino con él; si es una autoridad propia, ca=FICHERO confía en ella; si es una intermedia, debe enviarla el servidor; pin={pin} acepta exactamente esta clave";
    UNKNOWN_CLIENT = "nobody in client-ca= has signed the client's certificate ({certificate}): it was signed by {issuer}" | "nadie de client-ca= ha firmado el certificado del cliente ({certificate}): lo firmó {issuer}";
    EXPIRED = "its certificate has ended on {to}, {days} {days:day|days} ago ({certificate}); pin={pin} accepts this key all the same" | "su certificado terminó el {to}, hace {days} {days:día|días} ({certificate}); pin={pin} acepta esta clave de todos modos";
    ABOVE_EXPIRED = "a certificate above its own has ended on {to} ({certificate}); pin={pin} accepts the server's key all the same" | "un certificado por encima del suyo terminó el {to} ({certificate}); pin={pin} acepta la clave del servidor de todos modos";
    NOT_YET = "its certificate begins only on {from}, or this machine's clock is behind ({certificate}); pin={pin} accepts this key all the same" | "su certificado no empieza hasta el {from}, o el reloj de esta máquina va atrasado ({certificate}); pin={pin} acepta esta clave de todos modos";
    WRONG_NAME = "its certificate is not for {wanted} but for {names} ({certificate}); sni=NAME asks for one of these, pin={pin} accepts exactly this key" | "su certificado no es para {wanted} sino para {names} ({certificate}); sni=NOMBRE pide uno de estos, pin={pin} acepta exactamente esta clave";
    WRONG_PURPOSE = "its certificate is not for this side of a conversation ({certificate})" | "su certificado no es para este lado de una conversación ({certificate})";
    BAD_CERTIFICATE = "its certificate is not accepted: {reason} ({certificate}); pin={pin} accepts exactly this key" | "su certificado no se acepta: {reason} ({certificate}); pin={pin} acepta exactamente esta clave";
    OTHER_KEY = "its key is not the pinned one: pinned is {expected}, presented was {presented} ({certificate}); either somebody is in between, or the server has a new key" | "su clave no es la fijada: fijada está {expected}, presentó {presented} ({certificate}); o hay alguien en medio, o el servidor tiene otra clave";
    NOT_TLS = "the other side does not speak TLS: it began with {first}; the same address with tcp:// speaks plainly" | "el otro lado no habla TLS: empezó con {first}; la misma dirección con tcp:// habla en claro";
    NOT_TLS_CLIENT = "the client does not speak TLS: it began with {first}" | "el cliente no habla TLS: empezó con {first}";
    ECHOED = "the other side does not speak TLS: it sends back what it gets; the same address with tcp:// speaks plainly" | "el otro lado no habla TLS: devuelve lo que recibe; la misma dirección con tcp:// habla en claro";
    UNDECIPHERABLE = "what came cannot be decrypted: it was changed on the way, or the other side has another key" | "lo que llegó no se puede descifrar: fue alterado en el camino, o el otro lado tiene otra clave";
    BROKEN = "the other side does not keep to TLS ({how})" | "el otro lado no respeta TLS ({how})";
    FLAW_VERSION_1 = "it is of version 1, which has no names; version 3 is wanted: openssl x509 -req with -extfile makes one" | "es de versión 1, que no tiene nombres; hace falta la versión 3: openssl x509 -req con -extfile hace uno";
    FLAW_ENCODING = "it is damaged, or no certificate" | "está dañado o no es un certificado";
    FLAW_AUTHORITY = "it is an authority's (CA:TRUE), not one's own to show" | "es de una autoridad (CA:TRUE), no uno propio que mostrar";
    FLAW_NOT_AN_AUTHORITY = "it was signed by one that is no authority's" | "lo firmó uno que no es de una autoridad";
    FLAW_REVOKED = "it was revoked" | "fue revocado";
    FLAW_EXTENSION = "it demands an extension that is not known here" | "exige una extensión que aquí no se conoce";
    FLAW_SIGNATURE = "its signature does not fit, or is of a kind that is not known here" | "su firma no encaja, o es de un tipo que aquí no se conoce";
    ALERT_UNKNOWN_CA = "the other side does not know who signed our certificate (alert unknown_ca)" | "el otro lado no conoce a quien firmó nuestro certificado (alerta unknown_ca)";
    ALERT_CERTIFICATE = "the other side does not accept our certificate (alert {alert})" | "el otro lado no acepta nuestro certificado (alerta {alert})";
    ALERT_REQUIRED = "the other side demands a certificate of ours (alert certificate_required): cert=FILE and key=FILE show one" | "el otro lado exige un certificado nuestro (alerta certificate_required): cert=FICHERO y key=FICHERO muestran uno";
    ALERT_FAILURE = "the other side found nothing it could agree on (alert handshake_failure): a suite, a version, or a certificate of ours (cert=FILE)" | "el otro lado no encontró nada en común (alerta handshake_failure): una suite, una versión o un certificado nuestro (cert=FICHERO)";
    ALERT_NAME = "the other side serves no such name (alert unrecognized_name): sni=NAME asks for another" | "el otro lado no sirve ese nombre (alerta unrecognized_name): sni=NOMBRE pide otro";
    ALERT_OTHER = "the other side ended the handshake (alert {alert})" | "el otro lado terminó el saludo (alerta {alert})";
    NO_VERSION = "no version in common: this side speaks TLS 1.2 and 1.3, or the one that tls= names" | "ninguna versión en común: este lado habla TLS 1.2 y 1.3, o la que diga tls=";
    NO_SUITE = "no cipher suite, group or signature in common" | "ninguna suite, grupo ni firma en común";
    NO_PROTOCOL = "no application protocol in common: alpn= has {ours}" | "ningún protocolo de aplicación en común: alpn= tiene {ours}";
    NO_PROTOCOL_OFFERED = "no application protocol in common: alpn= has {ours}, the other side offered {theirs}" | "ningún protocolo de aplicación en común: alpn= tiene {ours}, el otro lado ofreció {theirs}";
    NO_CLIENT_CERTIFICATE = "the client has shown no certificate, and client-ca= demands one" | "el cliente no ha mostrado certificado, y client-ca= lo exige";
    OTHER_NAME = "the client asks for {asked}, and sni= serves only {served}" | "el cliente pide {asked}, y sni= solo sirve {served}";
    ENDED = "the connection ended in the middle of the handshake, without a word why" | "la conexión terminó a mitad del saludo, sin decir por qué";
    TIMED_OUT = "no handshake within {time}: the other side is silent, slow, or waits for something else than TLS" | "sin saludo en {time}: el otro lado calla, va lento o espera otra cosa que TLS";
    EARLY = "the connection ended without a close_notify: what came may not be all" | "la conexión terminó sin close_notify: lo que llegó puede no ser todo";
    NOT_A_NAME = "{name} cannot be the name of a certificate: sni=NAME gives another" | "{name} no puede ser el nombre de un certificado: sni=NOMBRE da otro";
    NO_ROOTS = "this system has no certificates to verify a server with (ca-certificates): ca=FILE or pin= say whom to trust" | "este sistema no tiene certificados con que verificar un servidor (ca-certificates): ca=FICHERO o pin= dicen en quién confiar";
    FILE_IO = "{path}: {error}" | "{path}: {error}";
    FILE_NO_CERTIFICATE = "{path} has no certificate in PEM" | "{path} no tiene ningún certificado en PEM";
    FILE_ONLY_KEY = "{path} has a private key and no certificate: is it the file for key=?" | "{path} tiene una clave privada y ningún certificado: ¿es el fichero de key=?";
    FILE_NO_KEY = "{path} has no private key in PEM" | "{path} no tiene ninguna clave privada en PEM";
    FILE_ONLY_CERTIFICATE = "{path} has a certificate and no private key: is it the file for cert=?" | "{path} tiene un certificado y ninguna clave privada: ¿es el fichero de cert=?";
    FILE_ENCRYPTED = "the private key in {path} is encrypted; openssl pkey -in {path} -out FILE writes it without a passphrase" | "la clave privada de {path} está cifrada; openssl pkey -in {path} -out FICHERO la escribe sin contraseña";
    FILE_OTHER_KEY = "the key in {path} is not that of the certificate in {certificate}" | "la clave de {path} no es la del certificado de {certificate}";
    FILE_KEY_MISSING = "{path} has no private key: key=FILE names it" | "{path} no tiene clave privada: key=FICHERO la nombra";
    FILE_CERTIFICATE_MISSING = "the key in {path} is of no use without its certificate: cert=FILE names it" | "la clave de {path} no sirve sin su certificado: cert=FICHERO lo nombra";
    FILE_UNUSABLE = "the certificate or key in {path} cannot be used: {reason}" | "el certificado o la clave de {path} no se puede usar: {reason}";
    FILE_BAD_PEM = "{path} is no whole PEM file: a section has no end, or is not in base64" | "{path} no es un fichero PEM entero: una sección no termina o no está en base64";
    FILE_NONE_READABLE = "no certificate in {path} can be read" | "ningún certificado de {path} se puede leer";
}

/// How a command ends for it.
pub(crate) fn exit(error: &TlsError) -> ExitCode {
    match error {
        TlsError::TimedOut(_) => ExitCode::TimedOut,
        TlsError::Call(error) => ExitCode::of_call(error.call, error.errno()),
        _ => ExitCode::Tls,
    }
}

/// It in words, without the address that it was about.
pub(crate) fn text(error: &TlsError, language: Language) -> String {
    let fill = |text: Text, places: &[(&str, &dyn Display)]| text.fill(language, places);
    match error {
        TlsError::Certificate(refused) => refused_text(refused, language),
        TlsError::Pin {
            expected,
            presented,
        } => fill(
            OTHER_KEY,
            &[
                ("expected", expected),
                ("presented", &presented.pin),
                ("certificate", &certificate(presented, language)),
            ],
        ),
        TlsError::NotTls { first, who } => {
            let first = String::from_utf8_lossy(first);
            let first = format!("\"{}\"", escape_name(&first));
            let text = match who {
                Peer::Server => NOT_TLS,
                Peer::Client => NOT_TLS_CLIENT,
            };
            fill(text, &[("first", &first)])
        }
        TlsError::Echoed => fill(ECHOED, &[]),
        TlsError::Undecipherable => fill(UNDECIPHERABLE, &[]),
        TlsError::Broken(how) => fill(BROKEN, &[("how", &escape_name(how))]),
        TlsError::Alert(alert) => match alert {
            Alert::UnknownAuthority => fill(ALERT_UNKNOWN_CA, &[]),
            Alert::BadCertificate(_) => fill(ALERT_CERTIFICATE, &[("alert", alert)]),
            Alert::CertificateRequired => fill(ALERT_REQUIRED, &[]),
            Alert::Version => fill(NO_VERSION, &[]),
            Alert::HandshakeFailure => fill(ALERT_FAILURE, &[]),
            Alert::UnknownName => fill(ALERT_NAME, &[]),
            other => fill(ALERT_OTHER, &[("alert", other)]),
        },
        TlsError::NothingInCommon(Common::Version) => fill(NO_VERSION, &[]),
        TlsError::NothingInCommon(Common::Suite) => fill(NO_SUITE, &[]),
        TlsError::NoProtocol { ours, theirs } => {
            let (ours, theirs) = (ours.join("+"), theirs.join("+"));
            let places: [(&str, &dyn Display); 2] =
                [("ours", &ours), ("theirs", &escape_name(&theirs))];
            match theirs.is_empty() {
                true => fill(NO_PROTOCOL, &places[..1]),
                false => fill(NO_PROTOCOL_OFFERED, &places),
            }
        }
        TlsError::NoClientCertificate => fill(NO_CLIENT_CERTIFICATE, &[]),
        TlsError::OtherName { asked, served } => {
            let asked = match asked {
                Some(name) => escape_name(name).into_owned(),
                None => NO_NAMES.say(language).to_owned(),
            };
            fill(
                OTHER_NAME,
                &[("asked", &asked), ("served", &escape_name(served))],
            )
        }
        TlsError::EndedEarly => fill(ENDED, &[]),
        TlsError::TimedOut(time) => fill(TIMED_OUT, &[("time", &duration_text(*time))]),
        TlsError::File(error) => file_text(error, language),
        TlsError::NotAName(name) => fill(NOT_A_NAME, &[("name", &escape_name(name))]),
        TlsError::NoRoots => fill(NO_ROOTS, &[]),
        TlsError::Call(error) => format!("{}: {}", error.call, io_text(&error.source, language)),
        TlsError::Other(text) => escape_name(text).into_owned(),
    }
}

/// The end of a conversation without a close_notify.
pub(super) fn early(language: Language) -> &'static str {
    EARLY.say(language)
}

fn refused_text(refused: &Refused, language: Language) -> String {
    let Some(leaf) = refused.chain.first() else {
        return String::new();
    };
    let last = refused.chain.last().unwrap_or(leaf);
    let now = Moment::now();
    let above = refused
        .chain
        .iter()
        .skip(1)
        .find(|above| above.not_after < now)
        .filter(|_| leaf.not_after >= now);
    let (text, dated) = match (&refused.why, above) {
        (Problem::SelfSigned, _) => (SELF_SIGNED, leaf),
        (Problem::UnknownIssuer, _) if refused.wanted.is_none() => (UNKNOWN_CLIENT, leaf),
        (Problem::UnknownIssuer, _) => (UNKNOWN_ISSUER, leaf),
        (Problem::Expired, Some(above)) => (ABOVE_EXPIRED, above),
        (Problem::Expired, None) => (EXPIRED, leaf),
        (Problem::NotYetValid, _) => (NOT_YET, leaf),
        (Problem::WrongName, _) => (WRONG_NAME, leaf),
        (Problem::WrongPurpose, _) => (WRONG_PURPOSE, leaf),
        (Problem::Flawed(_), _) => (BAD_CERTIFICATE, leaf),
    };
    let reason = match &refused.why {
        Problem::Flawed(flaw) => flaw_text(flaw, language),
        _ => String::new(),
    };
    let wanted = refused.wanted.as_deref().unwrap_or_default();
    text.fill(
        language,
        &[
            ("certificate", &certificate(dated, language)),
            ("issuer", &escape_name(&last.issuer)),
            ("names", &names(leaf, language)),
            ("from", &dated.not_before),
            ("to", &dated.not_after),
            ("days", &-dated.days_left(now)),
            ("wanted", &escape_name(wanted)),
            ("reason", &reason),
            ("pin", &leaf.pin),
        ],
    )
}

fn flaw_text(flaw: &Flaw, language: Language) -> String {
    let text = match flaw {
        Flaw::Version1 => FLAW_VERSION_1,
        Flaw::Encoding => FLAW_ENCODING,
        Flaw::Authority => FLAW_AUTHORITY,
        Flaw::NotAnAuthority => FLAW_NOT_AN_AUTHORITY,
        Flaw::Revoked => FLAW_REVOKED,
        Flaw::Extension => FLAW_EXTENSION,
        Flaw::Signature => FLAW_SIGNATURE,
        Flaw::Other(words) => return escape_name(words).into_owned(),
    };
    text.say(language).to_owned()
}

fn certificate(of: &Certificate, language: Language) -> String {
    let subject = match of.subject.is_empty() {
        true => NO_SUBJECT.say(language).to_owned(),
        false => escape_name(&of.subject).into_owned(),
    };
    let places: [(&str, &dyn Display); 4] = [
        ("subject", &subject),
        ("names", &names(of, language)),
        ("from", &of.not_before),
        ("to", &of.not_after),
    ];
    CERTIFICATE.fill(language, &places)
}

fn names(of: &Certificate, language: Language) -> String {
    if of.names.is_empty() {
        return NO_NAMES.say(language).to_owned();
    }
    let names: Vec<_> = of.names.iter().map(|name| escape_name(name)).collect();
    names.join(", ")
}

fn file_text(error: &FileError, language: Language) -> String {
    let path = error.path.to_string_lossy();
    let path = escape_name(&path);
    let fill = |text: Text, places: &[(&str, &dyn Display)]| {
        let mut all: Vec<(&str, &dyn Display)> = vec![("path", &path)];
        all.extend_from_slice(places);
        text.fill(language, &all)
    };
    match &error.why {
        FileProblem::Io(error) => fill(FILE_IO, &[("error", &io_text(error, language))]),
        FileProblem::NoCertificate { has_key: false } => fill(FILE_NO_CERTIFICATE, &[]),
        FileProblem::NoCertificate { has_key: true } => fill(FILE_ONLY_KEY, &[]),
        FileProblem::NoKey {
            has_certificate: false,
        } => fill(FILE_NO_KEY, &[]),
        FileProblem::NoKey {
            has_certificate: true,
        } => fill(FILE_ONLY_CERTIFICATE, &[]),
        FileProblem::Encrypted => fill(FILE_ENCRYPTED, &[]),
        FileProblem::OtherKey { certificate } => {
            let certificate = certificate.to_string_lossy();
            fill(
                FILE_OTHER_KEY,
                &[("certificate", &escape_name(&certificate))],
            )
        }
        FileProblem::KeyMissing => fill(FILE_KEY_MISSING, &[]),
        FileProblem::CertificateMissing => fill(FILE_CERTIFICATE_MISSING, &[]),
        FileProblem::Unusable(flaw) => {
            fill(FILE_UNUSABLE, &[("reason", &flaw_text(flaw, language))])
        }
        FileProblem::BadPem => fill(FILE_BAD_PEM, &[]),
        FileProblem::NoneReadable => fill(FILE_NONE_READABLE, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_net::tls::Pin;

    fn certificate(subject: &str) -> Certificate {
        Certificate {
            subject: subject.to_owned(),
            issuer: "CN=Own\u{1b}[31m CA".to_owned(),
            names: vec!["localhost".to_owned()],
            not_before: Moment(1_700_000_000),
            not_after: Moment(1_710_000_000),
            pin: Pin([7; 32]),
            self_issued: false,
        }
    }

    fn refused(why: Problem) -> TlsError {
        TlsError::Certificate(Box::new(Refused {
            why,
            chain: vec![certificate("CN=A Leaf"), certificate("CN=Own Middle")],
            wanted: Some("example.org".to_owned()),
        }))
    }

    fn all() -> Vec<TlsError> {
        let file = |why| {
            TlsError::File(FileError {
                path: "a.pem".into(),
                why,
            })
        };
        vec![
            refused(Problem::SelfSigned),
            refused(Problem::UnknownIssuer),
            refused(Problem::Expired),
            refused(Problem::NotYetValid),
            refused(Problem::WrongName),
            refused(Problem::WrongPurpose),
            refused(Problem::Flawed(Flaw::Authority)),
            TlsError::Pin {
                expected: Pin([1; 32]),
                presented: Box::new(certificate("")),
            },
            TlsError::NotTls {
                first: b"\x1b[2J".to_vec(),
                who: Peer::Client,
            },
            TlsError::Echoed,
            TlsError::Undecipherable,
            TlsError::Broken("\u{7}".to_owned()),
            TlsError::Alert(Alert::UnknownAuthority),
            TlsError::Alert(Alert::BadCertificate(45)),
            TlsError::Alert(Alert::CertificateRequired),
            TlsError::Alert(Alert::HandshakeFailure),
            TlsError::Alert(Alert::UnknownName),
            TlsError::Alert(Alert::Other(80)),
            TlsError::NothingInCommon(Common::Version),
            TlsError::NothingInCommon(Common::Suite),
            TlsError::NoProtocol {
                ours: vec!["h2".to_owned()],
                theirs: vec!["\u{202e}x".to_owned()],
            },
            TlsError::NoClientCertificate,
            TlsError::OtherName {
                asked: None,
                served: "h".to_owned(),
            },
            TlsError::EndedEarly,
            TlsError::NotAName("a b".to_owned()),
            TlsError::NoRoots,
            file(FileProblem::NoCertificate { has_key: true }),
            file(FileProblem::NoKey {
                has_certificate: true,
            }),
            file(FileProblem::Encrypted),
            file(FileProblem::OtherKey {
                certificate: "b.pem".into(),
            }),
            file(FileProblem::KeyMissing),
            file(FileProblem::CertificateMissing),
            file(FileProblem::Unusable(Flaw::Version1)),
            file(FileProblem::BadPem),
            file(FileProblem::NoneReadable),
            TlsError::Other("\u{7}".to_owned()),
        ]
    }

    #[test]
    fn every_failure_is_code_14_has_words_in_both_languages_and_no_bytes_of_the_peers_own() {
        for error in all() {
            assert_eq!(exit(&error), ExitCode::Tls, "{error}");
            let [english, spanish] =
                [Language::English, Language::Spanish].map(|language| text(&error, language));
            for said in [&english, &spanish] {
                let filled = said.replace("\\u{202e}", "");
                assert!(!filled.is_empty() && !filled.contains('{'), "{said}");
                let harms = |c: char| c.is_control() || c == '\u{202e}';
                assert!(!said.contains(harms), "{said:?}");
            }
            let is_other = matches!(error, TlsError::Other(_));
            assert!(is_other || english != spanish, "{english}");
        }
        let late = TlsError::TimedOut(std::time::Duration::from_secs(10));
        assert_eq!(exit(&late), ExitCode::TimedOut);
        assert!(text(&late, Language::Spanish).contains("10s"));
    }

    #[test]
    fn the_certificate_that_has_ended_is_the_one_that_is_dated() {
        let said = |leaf_ends, above_ends| {
            let mut leaf = certificate("CN=A Leaf");
            let mut above = certificate("CN=Above");
            (leaf.not_after, above.not_after) = (Moment(leaf_ends), Moment(above_ends));
            let refused = Refused {
                why: Problem::Expired,
                chain: vec![leaf, above],
                wanted: Some("localhost".to_owned()),
            };
            text(&TlsError::Certificate(Box::new(refused)), Language::English)
        };
        let far = Moment::now().0 + 1_000_000;
        let own = said(1_710_000_000, far);
        assert!(
            own.contains("its certificate has ended on 2024-03-09") && own.contains("CN=A Leaf"),
            "{own}"
        );
        let other = said(far, 1_710_000_000);
        assert!(
            other.contains("above its own has ended on 2024-03-09") && other.contains("CN=Above"),
            "{other}"
        );
    }
}
