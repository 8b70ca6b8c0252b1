//! What goes wrong with a WebSocket, in words, and the code that each ends with.

use std::fmt::Display;

use sockeye_model::Address;
use sockeye_net::websocket::handshake::{BadHead, Denial, HandshakeError, Refusal};
use sockeye_net::websocket::{BadFile, Fault, NotOpened, Violation};
use sockeye_view::catalogue::{Language, Text};
use sockeye_view::escape::escape_name;
use sockeye_view::texts;

use crate::cli::quantity::duration_text;
use crate::exit::ExitCode;
use crate::report::io_text;

texts! {
    CLOSED = "the other side closed with code {close}" | "el otro lado cerró con el código {close}";
    ENDED_EARLY = "the connection ended without a close frame: what came before is whole, and more may be missing" | "la conexión terminó sin trama de cierre: lo que llegó está entero, y puede faltar más";
    NO_PONG = "nothing came for {time}, not even the answer to a ping" | "no llegó nada en {time}, ni la respuesta a un ping";
    NOT_TEXT = "this message is not UTF-8 and was not sent: text must be; --binary sends bytes" | "este mensaje no es UTF-8 y no se envió: el texto debe serlo; --binary envía bytes";
    NOT_TYPED = "a line here is `text …` (with \\n, \\r, \\t, \\\\, \\xNN) or `binary HEX`: not sent" | "una línea aquí es `text …` (con \\n, \\r, \\t, \\\\, \\xNN) o `binary HEX`: no se envió";
    UNSENDABLE = "message {number} of the input, {message}: {why}" | "mensaje {number} de la entrada, {message}: {why}";
    AFTER_CLOSE = "the conversation is closed: the message was not sent" | "la conversación está cerrada: el mensaje no se envió";
    UNFINISHED = "an earlier message was left half sent, so that no other can follow" | "un mensaje anterior quedó a medio enviar, así que no puede seguir otro";
    VIOLATION = "the other side broke the protocol and was told so (code {code}): {what}" | "el otro lado rompió el protocolo y se le dijo (código {code}): {what}";
    RESERVED_BITS = "a frame with reserved bits set" | "una trama con bits reservados a 1";
    RESERVED_OPCODE = "a frame with the reserved opcode {code}" | "una trama con el opcode reservado {code}";
    FRAGMENTED_CONTROL = "a fragmented control frame" | "una trama de control fragmentada";
    LONG_CONTROL = "a control frame of more than 125 bytes" | "una trama de control de más de 125 bytes";
    LONG_LENGTH = "a length that is not in its shortest form" | "una longitud que no está en su forma más corta";
    HUGE_LENGTH = "a length of 2^63 or more" | "una longitud de 2^63 o más";
    NOT_MASKED = "a client's frame without a mask" | "una trama de cliente sin máscara";
    MASKED = "a server's frame with a mask" | "una trama de servidor con máscara";
    NOTHING_TO_CONTINUE = "a continuation of no message" | "una continuación de ningún mensaje";
    INSIDE_MESSAGE = "a new message inside an unfinished one" | "un mensaje nuevo dentro de otro sin terminar";
    HALF_CODE = "a close frame with half a code" | "una trama de cierre con medio código";
    BAD_CODE = "the close code {code}, which may not be sent" | "el código de cierre {code}, que no se puede enviar";
    BAD_TEXT = "text that is not UTF-8" | "texto que no es UTF-8";
    TOO_LONG = "a message of more than {max} bytes (#max-message= allows more)" | "un mensaje de más de {max} bytes (#max-message= permite más)";
    BAD_DEFLATE = "a compressed message that is broken" | "un mensaje comprimido que está roto";
    REFUSED = "{address} refused the upgrade to WebSocket: {status}{hint}" | "{address} rechazó el paso a WebSocket: {status}{hint}";
    HINT_AUTH = "; send a name and password or a token with --auth FILE" | "; envía nombre y contraseña o un token con --auth FILE";
    HINT_MOVED = "; it points to {location}" | "; remite a {location}";
    HINT_FIELDS = "; {fields}" | "; {fields}";
    HINT_BODY = "; it says: {body}" | "; dice: {body}";
    WRONG_ANSWER = "{address}: the server's answer does not fit the request: its {field} is missing or wrong" | "{address}: la respuesta del servidor no encaja con la petición: falta su {field} o es incorrecto";
    NO_HTTP = "{address}: what answered is no HTTP server: {what}" | "{address}: lo que respondió no es un servidor HTTP: {what}";
    ANSWER_ENDED = "{address}: the connection ended before the answer to the upgrade was whole" | "{address}: la conexión terminó antes de que la respuesta estuviera entera";
    TIMED_OUT = "{address}: no answer to the upgrade within {time}" | "{address}: sin respuesta a la petición de paso a WebSocket en {time}";
    DENIED = "{address}: the client was refused with {status}: {why}" | "{address}: se rechazó al cliente con {status}: {why}";
    UNREADABLE = "open {path}: {error}" | "abrir {path}: {error}";
    BAD_HEADER = "{path}, line {line}: no `Name: value` that may be sent" | "{path}, línea {line}: no es un `Nombre: valor` que se pueda enviar";
    BAD_AUTH = "{path}, line {line}: neither name:password nor Bearer TOKEN" | "{path}, línea {line}: ni nombre:contraseña ni Bearer TOKEN";
    HEAD_TOO_LONG = "a head longer than 16 KiB" | "una cabecera de más de 16 KiB";
    HEAD_TOO_MANY = "a head with more than 100 fields" | "una cabecera con más de 100 campos";
    HEAD_NO_HTTP = "this is not HTTP/1.1" | "esto no es HTTP/1.1";
    WHY_METHOD = "its method is not GET" | "su método no es GET";
    WHY_HTTP = "it speaks HTTP/1.0" | "habla HTTP/1.0";
    WHY_PATH = "nothing is served at that path" | "no se sirve nada en esa ruta";
    WHY_NO_UPGRADE = "it asked for no WebSocket" | "no pidió WebSocket";
    WHY_VERSION = "it wants another version than 13" | "quiere otra versión que la 13";
    WHY_FIELD = "its {field} is missing or wrong" | "falta su {field} o es incorrecto";
    WHY_CREDENTIALS = "it showed no credentials that are let in" | "no mostró credenciales que se admitan";
    WHY_ORIGIN = "it is a web page of elsewhere (#origin= lets pages in)" | "es una página web de otro sitio (#origin= las deja entrar)";
}

/// What went wrong inside of a conversation.
pub(crate) fn fault_text(fault: &Fault, language: Language) -> String {
    match fault {
        Fault::Violation(violation) => VIOLATION.fill(
            language,
            &[
                ("code", &violation.code()),
                ("what", &violation_text(*violation, language)),
            ],
        ),
        Fault::Closed(close) => {
            let mut said = close
                .code
                .map_or_else(String::new, |code| code.number().to_string());
            if let Some(name) = close.code.and_then(|code| code.name()) {
                said.push_str(&format!(" ({name})"));
            }
            if !close.reason.is_empty() {
                said.push_str(&format!(": {}", escape_name(&close.reason)));
            }
            CLOSED.fill(language, &[("close", &said)])
        }
        Fault::EndedEarly => ENDED_EARLY.say(language).to_owned(),
        Fault::NoPong(limit) => NO_PONG.fill(language, &[("time", &duration_text(*limit))]),
        Fault::NotText => NOT_TEXT.say(language).to_owned(),
        Fault::NotTyped => NOT_TYPED.say(language).to_owned(),
        Fault::AfterClose => AFTER_CLOSE.say(language).to_owned(),
        Fault::Unfinished => UNFINISHED.say(language).to_owned(),
    }
}

/// A message that was typed and can't be sent: which one, how it begins, and why.
pub(crate) fn unsendable_text(
    fault: &Fault,
    number: u64,
    message: &[u8],
    language: Language,
) -> String {
    let message = message.strip_suffix(b"\n").unwrap_or(message);
    let (begins, more) = match message.get(..MESSAGE_SHOWN) {
        Some(begins) if begins.len() < message.len() => (begins, "…"),
        _ => (message, ""),
    };
    let message = format!("\"{}{more}\"", begins.escape_ascii());
    let why = fault_text(fault, language);
    let places: [(&str, &dyn Display); 3] =
        [("number", &number), ("message", &message), ("why", &why)];
    UNSENDABLE.fill(language, &places)
}

/// The code of a conversation that ended so.
pub(crate) fn fault_exit(fault: &Fault) -> ExitCode {
    match fault {
        Fault::EndedEarly => ExitCode::EndedEarly,
        Fault::NoPong(_) => ExitCode::TimedOut,
        Fault::Violation(_)
        | Fault::Closed(_)
        | Fault::NotText
        | Fault::NotTyped
        | Fault::AfterClose
        | Fault::Unfinished => ExitCode::Failure,
    }
}

fn violation_text(violation: Violation, language: Language) -> String {
    let say = |text: Text| text.say(language).to_owned();
    match violation {
        Violation::ReservedBits => say(RESERVED_BITS),
        Violation::ReservedOpcode(code) => RESERVED_OPCODE.fill(language, &[("code", &code)]),
        Violation::FragmentedControl => say(FRAGMENTED_CONTROL),
        Violation::LongControl => say(LONG_CONTROL),
        Violation::LongLength => say(LONG_LENGTH),
        Violation::HugeLength => say(HUGE_LENGTH),
        Violation::NotMasked => say(NOT_MASKED),
        Violation::Masked => say(MASKED),
        Violation::NothingToContinue => say(NOTHING_TO_CONTINUE),
        Violation::InsideMessage => say(INSIDE_MESSAGE),
        Violation::HalfCode => say(HALF_CODE),
        Violation::BadCode(code) => BAD_CODE.fill(language, &[("code", &code)]),
        Violation::NotUtf8 => say(BAD_TEXT),
        Violation::TooLong(max) => TOO_LONG.fill(language, &[("max", &max)]),
        Violation::BadDeflate => say(BAD_DEFLATE),
    }
}

/// Why there is no conversation.
pub(crate) fn not_opened_text(error: &NotOpened, typed: &Address, language: Language) -> String {
    let fill = |text: Text, places: &[(&str, &dyn Display)]| text.fill(language, places);
    match error {
        NotOpened::Call(error) => error.to_string(),
        NotOpened::Handshake(HandshakeError::Refused(refusal)) => {
            refused_text(refusal, typed, language)
        }
        NotOpened::Handshake(HandshakeError::Wrong(field)) => {
            fill(WRONG_ANSWER, &[("address", typed), ("field", field)])
        }
        NotOpened::Handshake(HandshakeError::Head(bad)) => {
            let what = head_text(*bad, language);
            fill(NO_HTTP, &[("address", typed), ("what", &what)])
        }
        NotOpened::Handshake(HandshakeError::Ended) => fill(ANSWER_ENDED, &[("address", typed)]),
        NotOpened::TimedOut(limit) => {
            let time = duration_text(*limit);
            fill(TIMED_OUT, &[("address", typed), ("time", &time)])
        }
        NotOpened::Denied(denied) => {
            let (number, words) = denied.status();
            let status = format!("{number} {words}");
            let why = denial_text(denied.why, language);
            fill(
                DENIED,
                &[("address", typed), ("status", &status), ("why", &why)],
            )
        }
        NotOpened::File(BadFile::Unreadable { path, why }) => {
            let path = escape_name(&path.to_string_lossy()).into_owned();
            fill(
                UNREADABLE,
                &[("path", &path), ("error", &io_text(why, language))],
            )
        }
        NotOpened::File(BadFile::Header { path, line }) => {
            let path = escape_name(&path.to_string_lossy()).into_owned();
            fill(BAD_HEADER, &[("path", &path), ("line", line)])
        }
        NotOpened::File(BadFile::Auth { path, line }) => {
            let path = escape_name(&path.to_string_lossy()).into_owned();
            fill(BAD_AUTH, &[("path", &path), ("line", line)])
        }
    }
}

/// The code of a conversation that did not begin; a call that failed has its own.
pub(crate) fn not_opened_exit(error: &NotOpened) -> ExitCode {
    match error {
        NotOpened::File(BadFile::Unreadable { .. }) | NotOpened::Call(_) => ExitCode::Failure,
        NotOpened::File(_) => ExitCode::Usage,
        NotOpened::TimedOut(_) => ExitCode::TimedOut,
        NotOpened::Handshake(_) | NotOpened::Denied(_) => ExitCode::UpgradeRefused,
    }
}

/// The status, the fields that say what to do instead, and the first line of a body that is for people to read here and
/// not in a browser, on one line.
fn refused_text(refusal: &Refusal, typed: &Address, language: Language) -> String {
    let status = format!("{} {}", refusal.status, escape_name(&refusal.reason));
    let mut hint = String::new();
    if refusal.status == 401 {
        hint.push_str(HINT_AUTH.say(language));
    }
    if let Some(location) = refusal.field("Location") {
        let location = escape_name(location).into_owned();
        hint.push_str(&HINT_MOVED.fill(language, &[("location", &location)]));
    }
    let fields: Vec<String> = refusal
        .fields
        .iter()
        .filter(|(name, _)| {
            FIELDS_SHOWN
                .iter()
                .any(|shown| name.eq_ignore_ascii_case(shown))
        })
        .map(|(name, value)| format!("{}: {}", escape_name(name), escape_name(value)))
        .collect();
    if !fields.is_empty() {
        hint.push_str(&HINT_FIELDS.fill(language, &[("fields", &fields.join(", "))]));
    }
    let body = String::from_utf8_lossy(&refusal.body);
    let first = body.trim().lines().next().unwrap_or_default();
    let body: String = first.chars().take(BODY_SHOWN).collect();
    let is_page = refusal
        .field("Content-Type")
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
        || body.starts_with('<');
    if !body.is_empty() && !is_page {
        let body = escape_name(&body).into_owned();
        hint.push_str(&HINT_BODY.fill(language, &[("body", &body)]));
    }
    let places: [(&str, &dyn Display); 3] =
        [("address", typed), ("status", &status), ("hint", &hint)];
    REFUSED.fill(language, &places)
}

fn head_text(bad: BadHead, language: Language) -> &'static str {
    match bad {
        BadHead::TooLong => HEAD_TOO_LONG,
        BadHead::TooMany => HEAD_TOO_MANY,
        BadHead::NotHttp => HEAD_NO_HTTP,
    }
    .say(language)
}

fn denial_text(why: Denial, language: Language) -> String {
    let text = match why {
        Denial::Head(bad) => return head_text(bad, language).to_owned(),
        Denial::Field(field) => return WHY_FIELD.fill(language, &[("field", &field)]),
        Denial::Method => WHY_METHOD,
        Denial::Http => WHY_HTTP,
        Denial::Path => WHY_PATH,
        Denial::NoUpgrade => WHY_NO_UPGRADE,
        Denial::Version => WHY_VERSION,
        Denial::Credentials => WHY_CREDENTIALS,
        Denial::Origin => WHY_ORIGIN,
    };
    text.say(language).to_owned()
}

/// Bytes of a message that are said where it can't be sent.
const MESSAGE_SHOWN: usize = 40;
/// Fields of a refusal that are said: what is asked for instead.
const FIELDS_SHOWN: [&str; 3] = ["WWW-Authenticate", "Sec-WebSocket-Version", "Retry-After"];
/// Characters of a refusal's body that are said.
const BODY_SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_net::websocket::{Close, CloseCode};

    #[test]
    fn a_refusal_says_status_what_is_asked_for_and_the_first_line_of_the_body() {
        let mut refusal = Refusal {
            status: 404,
            reason: "Not Found".to_owned(),
            fields: vec![
                ("Server".to_owned(), "here".to_owned()),
                ("Sec-WebSocket-Version".to_owned(), "8\x1b[2J".to_owned()),
            ],
            body: b"no such\x07 page\nor any".to_vec(),
        };
        let typed = "ws://localhost:7007/x".parse().unwrap();
        let error = NotOpened::Handshake(HandshakeError::Refused(Box::new(refusal.clone())));
        let line = not_opened_text(&error, &typed, Language::English);
        assert!(
            line.contains("404 Not Found") && line.contains("Sec-WebSocket-Version: 8"),
            "{line}"
        );
        assert!(
            line.contains("no such") && !line.contains(['\n', '\x1b', '\x07']),
            "{line}"
        );
        assert!(
            !line.contains("Server: ") && !line.contains("or any"),
            "{line}"
        );
        assert_eq!(not_opened_exit(&error), ExitCode::UpgradeRefused);
        refusal.body = b"<!doctype html><h1>no such page".to_vec();
        let error = NotOpened::Handshake(HandshakeError::Refused(Box::new(refusal)));
        let line = not_opened_text(&error, &typed, Language::English);
        assert!(
            !line.contains("such page"),
            "a page is not for here: {line}"
        );
    }

    #[test]
    fn a_close_code_is_said_with_its_name_and_its_reason() {
        let close = Close::new(CloseCode::TOO_BIG, "a\nb");
        let line = fault_text(&Fault::Closed(close), Language::Spanish);
        assert!(
            line.contains("1009 (message too big)") && !line.contains('\n'),
            "{line}"
        );
    }
}
