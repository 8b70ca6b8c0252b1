//! What is wrong with an address, in Spanish; in English the address says it itself.

use sockeye_model::address::Listens;
use sockeye_model::{AddressProblem, SCHEMES, Scheme};
use sockeye_view::escape::escape_name;

use crate::wording::Wording;

/// The problem in both languages.
pub(super) fn wording(problem: &AddressProblem) -> Wording {
    Wording {
        english: problem.to_string(),
        spanish: spanish(problem),
    }
}

#[expect(clippy::too_many_lines, reason = "one message a variant")]
fn spanish(problem: &AddressProblem) -> String {
    use AddressProblem as P;
    match problem {
        P::Empty => "falta una dirección; prueba localhost:7007".into(),
        P::Nul => "un byte NUL solo cabe en un nombre abstracto (unix:@NOMBRE)".into(),
        P::UnknownScheme {
            scheme,
            nearest: Some(nearest),
        } => format!("{} no es un esquema; ¿querías {nearest}?", shown(scheme)),
        P::UnknownScheme {
            scheme,
            nearest: None,
        } => format!(
            "{} no es un esquema; se conocen: {}",
            shown(scheme),
            schemes()
        ),
        P::WebPage {
            scheme,
            below,
            websocket,
        } => format!(
            "{scheme} no es un esquema aquí; para un WebSocket de allí {}; para los bytes de debajo prueba {}",
            shown(websocket),
            shown(below)
        ),
        P::Credentials { instead } => format!(
            "un nombre o una contraseña en una dirección los puede leer cualquier usuario de esta máquina; ponlos en \
             un fichero de modo 600 y prueba {}",
            shown(instead)
        ),
        P::BadUrlPath { character, at } => {
            let mut bytes = [0; 4];
            let text = character.encode_utf8(&mut bytes);
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!(
                "\"{}\", carácter {} de la ruta, no cabe en una URL; escribe {encoded}",
                shown(text),
                at + 1
            )
        }
        P::UnwantedPort { scheme, instead } => format!(
            "{scheme} no tiene puertos, los tienen TCP y UDP; prueba {}",
            shown(instead)
        ),
        P::MissingProtocol { example } => format!(
            "raw necesita el número de protocolo de la cabecera IP; prueba {}",
            shown(example)
        ),
        P::OtherTransport {
            option,
            scheme,
            transport,
        } => {
            let other = match transport {
                Scheme::Unix => Scheme::Tcp,
                _ => Scheme::Unix,
            };
            format!(
                "{option} es una opción de {other}, y este {scheme} va sobre {transport}; quítala"
            )
        }
        P::Foreign {
            tool,
            word,
            address,
            listens,
        } => {
            let address = shown(address);
            let line = match listens {
                Listens::No => String::new(),
                Listens::Once => format!(" (sockeye listen {address})"),
                Listens::Many => format!(" (sockeye listen --many {address})"),
            };
            format!(
                "{} es palabra de {tool}; aquí es {address}{line}",
                shown(word)
            )
        }
        P::Flag { instead } => format!("una dirección no lleva opciones con -; prueba {instead}"),
        P::Instead { address } => format!("no es una dirección; ¿querías {}?", shown(address)),
        P::MissingPort { example } => format!("hace falta un puerto; prueba {}", shown(example)),
        P::PortTooBig { port } => format!(
            "el puerto {} es demasiado grande; el mayor es 65535",
            shown(port)
        ),
        P::BadPort { port } => format!(
            "\"{}\" no es un puerto; prueba un número de 0 a 65535 o un servicio como http",
            shown(port)
        ),
        P::BareIpv6 { example } => format!(
            "una dirección IPv6 necesita corchetes; prueba {}",
            shown(example)
        ),
        P::EmptyBrackets => {
            "los corchetes están vacíos; prueba [::1]:7007, o :7007 para esta máquina".into()
        }
        P::UnclosedBracket => "el corchete no se cierra; prueba [::1]:7007".into(),
        P::NotIpv6 { host } => format!(
            "los corchetes son para direcciones IPv6, y \"{}\" no lo es; prueba [::1]:7007",
            shown(host)
        ),
        P::AfterBracket { rest } => format!(
            "tras el corchete van dos puntos y el puerto, no \"{}\"; prueba [::1]:7007",
            shown(rest)
        ),
        P::BadIpv4 { host } => format!(
            "{} no es una dirección IPv4: cuatro números de 0 a 255 sin ceros delante; prueba 127.0.0.1",
            shown(host)
        ),
        P::BadHost { host } => format!(
            "\"{}\" no es un host: un nombre se hace con letras, cifras, - y .; prueba localhost",
            shown(host)
        ),
        P::BadZone { zone } => format!(
            "\"{}\" no es una interfaz; prueba su nombre o su número, como en [fe80::1%eth0]",
            shown(zone)
        ),
        P::UnwantedPath { instead } => format!(
            "tras el puerto no puede ir una ruta; prueba {}",
            shown(instead)
        ),
        P::Comma { instead } => format!("las opciones van tras un #; prueba {}", shown(instead)),
        P::MissingTarget { scheme } => {
            let what = match scheme {
                Scheme::Unix | Scheme::UnixDgram | Scheme::UnixSeqpacket => "una ruta o @NOMBRE",
                Scheme::File => "una ruta",
                Scheme::Exec => "una orden",
                Scheme::Fd => "un número",
                Scheme::Tcp | Scheme::Udp => "un host y un puerto",
                Scheme::Tls | Scheme::Ws | Scheme::Wss => "un host y un puerto, una ruta o @NOMBRE",
                Scheme::Icmp | Scheme::Raw => "un host",
                Scheme::Stdio => "nada",
            };
            format!(
                "hace falta {what} tras {scheme}:; prueba {}",
                scheme.row().example
            )
        }
        P::UnwantedTarget { scheme } => {
            format!("tras {scheme} no puede ir nada; prueba {scheme} a secas")
        }
        P::AbstractTooLong { length } => format!(
            "el nombre abstracto tiene {length} bytes; caben {}, prueba uno más corto",
            sockeye_model::address::SUN_PATH_MAX
        ),
        P::ModeOnAbstract => {
            "un nombre abstracto no tiene permisos; quita mode=, o usa una ruta".into()
        }
        P::BadFd { fd } => format!(
            "\"{}\" no es un descriptor; prueba su número, como en fd:3",
            shown(fd)
        ),
        P::UnclosedQuote { quote } => format!(
            "la comilla {quote} no se cierra; ciérrala, o escribe \\{quote} para la comilla misma"
        ),
        P::TrailingBackslash => {
            "la orden acaba en una barra invertida; escribe \\\\ para ella misma".into()
        }
        P::ShellOperator { operator } => format!(
            "exec no arranca ninguna shell que conozca {operator}; entrecomíllalo, o prueba exec:sh -c '…'"
        ),
        P::EmptyOption { scheme } => {
            format!("falta una opción tras # o entre comas; {}", known(*scheme))
        }
        P::UnknownOption {
            option,
            scheme,
            nearest,
        } => {
            let meant = nearest.map_or_else(String::new, |nearest| format!("¿querías {nearest}? "));
            format!(
                "\"{}\" no es una opción de {scheme}; {meant}{}",
                shown(option),
                known(*scheme)
            )
        }
        P::RepeatedOption { option } => format!("{option} se da dos veces; con una basta"),
        P::MissingValue { option } => format!(
            "{option} necesita un valor; prueba {option}{}",
            option.row().value.placeholder()
        ),
        P::BadValue { option, value } => format!(
            "\"{}\" no vale para {option}; prueba {option}{}",
            shown(value),
            option.row().value.placeholder()
        ),
    }
}

fn schemes() -> String {
    let names: Vec<_> = SCHEMES.iter().map(|row| row.name).collect();
    names.join(", ")
}

fn known(scheme: Scheme) -> String {
    let row = scheme.row();
    if row.options.is_empty() {
        let hash = match scheme {
            Scheme::Exec => " (un # de la propia orden se escribe '#')",
            _ => "",
        };
        return format!("{scheme} no tiene ninguna{hash}");
    }
    let names: Vec<_> = row.options.iter().map(|option| option.name()).collect();
    let hash = if scheme.is_unix() || scheme == Scheme::File {
        " (un # de la ruta se escribe %23)"
    } else {
        ""
    };
    format!("se conocen: {}{hash}", names.join(", "))
}

/// A piece of what was typed, safe to print and not longer than a line.
fn shown(typed: &str) -> String {
    let mut text = escape_name(typed).into_owned();
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

const LONGEST: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_model::Address;

    #[test]
    fn each_problem_is_said_in_spanish_with_the_same_example() {
        for typed in [
            "",
            "unix:/a\0b",
            "gopher://x:1",
            "tpc://x:1",
            "https://x",
            "ws-l:80",
            "ws://me:secret@x",
            "ws://x/a b",
            "icmp://x:80",
            "icmp:",
            "tls:",
            "raw://x",
            "tls:/x#nodelay",
            "wss://x#ping=3",
            "wss://x#pin",
            "TCP-LISTEN:7,fork",
            "localhost",
            "localhost:70000",
            "localhost:x y",
            "::1:7",
            "[]:7",
            "[::1:7",
            "[x]:7",
            "[::1]x",
            "1.2.3.999:7",
            "a b:7",
            "tcp://x:7/path",
            "x:7,ttl=3",
            "unix:",
            "stdio:x",
            "fd:x",
            "exec:'cat",
            "exec:cat\\",
            "exec:a | b",
            "x:7#",
            "x:7#tll=3",
            "x:7#ttl=3,ttl=3",
            "x:7#ttl",
            "x:7#ttl=x",
            "unix:@a#mode=600",
        ] {
            let error = typed.parse::<Address>().unwrap_err();
            let said = wording(&error.problem);
            assert_ne!(said.english, said.spanish, "{typed}");
            // What to type instead is in no language.
            let last = said.english.rsplit(' ').next().unwrap_or_default();
            let example = last.trim_matches(|c| "?()".contains(c));
            if example.contains([':', '=', '#', '@']) && !example.contains("NAME") {
                assert!(said.spanish.contains(example), "{typed}: {said:?}");
            }
        }
    }
}
