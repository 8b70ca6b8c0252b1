//! Errors of servers in words: the response code, and what RFC 8914 lets a server add to it.

use sockeye_names::{Answer, ResponseCode};
use sockeye_view::catalogue::{Language, Text};
use sockeye_view::escape::escape_name;
use sockeye_view::texts;

use super::words;

texts! {
    OTHER = "another error" | "otro error";
    UNSUPPORTED_KEY = "a DNSKEY algorithm it does not know" | "un algoritmo de DNSKEY que no conoce";
    UNSUPPORTED_DIGEST = "a DS digest it does not know" | "un resumen de DS que no conoce";
    STALE_ANSWER = "an answer that is too old, for lack of a new one" | "una respuesta demasiado vieja, a falta de otra";
    FORGED_ANSWER = "an answer that somebody has decided on" | "una respuesta que alguien ha decidido";
    INDETERMINATE = "the signatures can't be judged" | "no se pueden juzgar las firmas";
    BOGUS = "the signatures are wrong (DNSSEC bogus)" | "las firmas no valen (DNSSEC bogus)";
    EXPIRED = "a signature has expired" | "una firma ha caducado";
    NOT_YET = "a signature is not valid yet" | "una firma aún no vale";
    NO_KEY = "the DNSKEY is missing" | "falta el DNSKEY";
    NO_SIGNATURES = "the signatures are missing" | "faltan las firmas";
    NO_ZONE_KEY = "no key of the zone has its bit set" | "ninguna clave de la zona tiene su bit";
    NO_NSEC = "the proof that there is nothing is missing" | "falta la prueba de que no hay nada";
    CACHED_ERROR = "an error that it remembers" | "un error que recuerda";
    NOT_READY = "it is not ready yet" | "aún no está listo";
    BLOCKED = "the name is blocked by its operator" | "su operador bloquea el nombre";
    CENSORED = "the name is blocked by order from outside" | "el nombre está bloqueado por orden ajena";
    FILTERED = "the name is filtered, as the client asked for" | "el nombre está filtrado, como pidió el cliente";
    PROHIBITED = "this client may not ask" | "este cliente no puede preguntar";
    STALE_NXDOMAIN = "a \"does not exist\" that is too old, for lack of a new one" | "un \"no existe\" demasiado viejo, a falta de otro";
    NOT_AUTHORITATIVE = "it has no such zone" | "no tiene tal zona";
    NOT_SUPPORTED = "it does not do that" | "no hace eso";
    NO_REACHABLE = "none of the zone's servers could be reached" | "no se pudo llegar a ningún servidor de la zona";
    NETWORK_ERROR = "an error of the network on the way to the zone's servers" | "un error de red de camino a los servidores de la zona";
    INVALID_DATA = "its data of the zone is no good" | "sus datos de la zona no sirven";
    EXPIRED_BEFORE = "a signature expired before it was valid" | "una firma caducó antes de valer";
    TOO_EARLY = "it is too early to answer" | "es demasiado pronto para responder";
    NSEC3_ITERATIONS = "NSEC3 with more iterations than it takes" | "NSEC3 con más iteraciones de las que acepta";
    POLICY = "the zone breaks a rule it keeps to" | "la zona incumple una regla suya";
    SYNTHESIZED = "an answer made from other records" | "una respuesta hecha de otros registros";
}

/// The texts by the number of the error (<https://www.iana.org/assignments/dns-parameters>).
const BY_NUMBER: [Text; 30] = [
    OTHER,
    UNSUPPORTED_KEY,
    UNSUPPORTED_DIGEST,
    STALE_ANSWER,
    FORGED_ANSWER,
    INDETERMINATE,
    BOGUS,
    EXPIRED,
    NOT_YET,
    NO_KEY,
    NO_SIGNATURES,
    NO_ZONE_KEY,
    NO_NSEC,
    CACHED_ERROR,
    NOT_READY,
    BLOCKED,
    CENSORED,
    FILTERED,
    PROHIBITED,
    STALE_NXDOMAIN,
    NOT_AUTHORITATIVE,
    NOT_SUPPORTED,
    NO_REACHABLE,
    NETWORK_ERROR,
    INVALID_DATA,
    EXPIRED_BEFORE,
    TOO_EARLY,
    NSEC3_ITERATIONS,
    POLICY,
    SYNTHESIZED,
];

/// What a response code means.
pub(super) fn meaning(code: ResponseCode) -> Text {
    match u16::from(code) {
        1 => words::MEANING_FORMERR,
        2 => words::MEANING_SERVFAIL,
        4 => words::MEANING_NOTIMP,
        5 => words::MEANING_REFUSED,
        9 => words::MEANING_NOTAUTH,
        _ => words::MEANING_OTHER,
    }
}

/// What the server has added, behind a semicolon; nothing if it has added nothing.
pub(super) fn extended(answer: &Answer, language: Language) -> String {
    let each = answer.extended_errors().into_iter().map(|error| {
        let text = match error.text.as_str() {
            "" => String::new(),
            text => format!(": {}", escape_name(text)),
        };
        match BY_NUMBER.get(usize::from(error.code)) {
            Some(meaning) => words::EXTENDED.fill(
                language,
                &[
                    ("meaning", &meaning.say(language)),
                    ("number", &error.code),
                    ("text", &text),
                ],
            ),
            None => {
                words::EXTENDED_UNKNOWN.fill(language, &[("number", &error.code), ("text", &text)])
            }
        }
    });
    each.collect()
}
