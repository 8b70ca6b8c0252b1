//! The flags of WebSocket, which `connect` and `listen` share: what messages are, how it ends, and what the upgrade says.

use std::path::PathBuf;

use clap::Args;
use sockeye_model::{Address, OptionName, SocketOption};
use sockeye_net::messages::Messages;
use sockeye_net::websocket::{Close, CloseCode, Marking, MessageType};
use sockeye_view::escape::escape_name;
use sockeye_view::texts;

use crate::cli::Usage;
use crate::cli::frame::Framing;
use crate::wording::Wording;

texts! {
    ONLY_WEBSOCKET = "{flag} is for ws and wss; {scheme} has no such thing" | "{flag} es para ws y wss; {scheme} no tiene eso";
    OPTION_TWICE = "{flag} is said twice: as a flag, and behind # in the address" | "{flag} está dos veces: como opción y tras # en la dirección";
    BAD_OPTION = "{flag} {value}: this cannot be sent" | "{flag} {value}: esto no se puede enviar";
    TYPED_FRAME = "--typed says where a message ends by itself: leave --frame out" | "--typed ya dice dónde acaba un mensaje: quita --frame";
    BAD_CLOSE = "a close is CODE or CODE:REASON: 1000–1003, 1007–1014 or 3000–4999, and at most 123 bytes" | "un cierre es CÓDIGO o CÓDIGO:MOTIVO: 1000–1003, 1007–1014 o 3000–4999, y a lo sumo 123 bytes";
}

/// As typed.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WebSocketFlags {
    /// WebSocket: send messages as text, which must be UTF-8; the default
    #[arg(long, conflicts_with = "binary")]
    text: bool,
    /// WebSocket: send messages as binary
    #[arg(long)]
    binary: bool,
    /// WebSocket: each line says its type, both ways: text hello\n or binary 00ff
    #[arg(long, conflicts_with_all = ["text", "binary"])]
    typed: bool,
    /// WebSocket: say this at the end instead of 1000: CODE or CODE:REASON
    #[arg(long, value_name = "CLOSE", value_parser = close)]
    close: Option<Close>,
    /// WebSocket: the Origin to send; listening: the only one to let in; same as #origin=
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// WebSocket: subprotocols to offer or accept, NAME+NAME; same as #subprotocol=
    #[arg(long, value_name = "NAMES")]
    subprotocol: Option<String>,
    /// WebSocket: more header lines for the upgrade, from a file; same as #header=
    #[arg(long, value_name = "FILE")]
    header: Option<PathBuf>,
    /// WebSocket: a file with user:password or Bearer TOKEN; else $SOCKEYE_AUTH; same as #auth=
    #[arg(long, value_name = "FILE")]
    auth: Option<PathBuf>,
}

/// As meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebSocketArgs {
    /// What a message is sent as.
    pub(crate) outgoing: MessageType,
    /// How a message stands on stdin and stdout.
    pub(crate) marking: Marking,
    /// The last word.
    pub(crate) goodbye: Close,
}

fn close(text: &str) -> Result<Close, Wording> {
    let (code, reason) = text.split_once(':').unwrap_or((text, ""));
    code.parse()
        .ok()
        .and_then(CloseCode::new)
        .filter(|_| reason.len() <= Close::REASON_MAX)
        .map(|code| Close::new(code, reason))
        .ok_or_else(|| BAD_CLOSE.into())
}

impl WebSocketFlags {
    /// What is meant at this address, whose options are filled in where it has none, or why it cannot be.
    pub(crate) fn meant(
        self,
        address: &mut Address,
        frame: Option<Framing>,
    ) -> Result<WebSocketArgs, Usage> {
        if let Some(flag) = self.first_flag()
            && !address.scheme.is_websocket()
        {
            return Err(Usage::of(
                ONLY_WEBSOCKET,
                &[("flag", &flag), ("scheme", &address.scheme)],
            ));
        }
        if self.typed && frame.is_some() {
            return Err(Usage::new(TYPED_FRAME));
        }
        let names = |names: String| names.split('+').map(str::to_owned).collect::<Vec<_>>();
        let options = [
            self.origin
                .map(|origin| ("--origin", SocketOption::Origin(vec![origin]))),
            self.subprotocol
                .map(|text| ("--subprotocol", SocketOption::Subprotocol(names(text)))),
            self.header
                .map(|path| ("--header", SocketOption::Header(path))),
            self.auth.map(|path| ("--auth", SocketOption::Auth(path))),
        ];
        for (flag, option) in options.into_iter().flatten() {
            add(address, flag, option)?;
        }
        Ok(WebSocketArgs {
            outgoing: if self.binary {
                MessageType::Binary
            } else {
                MessageType::Text
            },
            marking: match frame {
                _ if self.typed => Marking::Typed,
                None | Some(Framing::Line) => Marking::Line,
                Some(_) => Marking::Whole,
            },
            goodbye: self
                .close
                .unwrap_or_else(|| Close::new(CloseCode::NORMAL, "")),
        })
    }

    fn first_flag(&self) -> Option<&'static str> {
        let given = [
            ("--text", self.text),
            ("--binary", self.binary),
            ("--typed", self.typed),
            ("--close", self.close.is_some()),
            ("--origin", self.origin.is_some()),
            ("--subprotocol", self.subprotocol.is_some()),
            ("--header", self.header.is_some()),
            ("--auth", self.auth.is_some()),
        ];
        given
            .iter()
            .find(|(_, given)| *given)
            .map(|(flag, _)| *flag)
    }
}

/// Adds an option as if it stood in the address: what the address can't say, the flag can't either.
fn add(address: &mut Address, flag: &'static str, option: SocketOption) -> Result<(), Usage> {
    if address.options.contains(option.name()) {
        return Err(Usage::of(OPTION_TWICE, &[("flag", &flag)]));
    }
    let mut with = address.clone();
    with.options.insert(option.clone());
    match with.to_string().parse::<Address>() {
        Ok(parsed) if parsed == with => {
            *address = with;
            Ok(())
        }
        _ => {
            let value = match &option {
                SocketOption::Origin(names) | SocketOption::Subprotocol(names) => names.join("+"),
                SocketOption::Header(path) | SocketOption::Auth(path) => {
                    path.to_string_lossy().into_owned()
                }
                _ => String::new(),
            };
            let value = escape_name(&value).into_owned();
            Err(Usage::of(BAD_OPTION, &[("flag", &flag), ("value", &value)]))
        }
    }
}

impl WebSocketArgs {
    /// Makes a conversation keep to it.
    pub(crate) fn dress(&self, messages: &mut Messages) {
        if let Messages::WebSocket(websocket) = messages {
            websocket.set_outgoing(self.outgoing);
            websocket.set_marking(self.marking);
            websocket.set_goodbye(self.goodbye.clone());
        }
    }
}

/// The credentials of the environment, for addresses without `auth=`: `$SOCKEYE_AUTH`.
pub(crate) fn credentials(
    address: &Address,
) -> Option<sockeye_net::websocket::handshake::Credentials> {
    if !address.scheme.is_websocket() || address.options.contains(OptionName::Auth) {
        return None;
    }
    let line = std::env::var("SOCKEYE_AUTH").ok()?;
    let read = sockeye_net::websocket::handshake::Credentials::read(&line).ok()?;
    read.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command as Asked, tests::meant};

    fn connect(line: &str) -> Result<(Address, WebSocketArgs), String> {
        match meant(line)? {
            Asked::Connect(args) => Ok((args.address.clone(), args.websocket.clone())),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_flags_are_options_of_the_address() {
        let (address, args) = connect(
            "connect ws://localhost:7007/chat --origin http://localhost --subprotocol a+b --binary --close 4001:bye",
        )
        .unwrap();
        assert_eq!(
            address.to_string(),
            "ws://localhost:7007/chat#subprotocol=a+b,origin=http://localhost"
        );
        assert_eq!(args.outgoing, MessageType::Binary);
        assert_eq!(args.marking, Marking::Line);
        assert_eq!(args.goodbye.to_string(), "4001 \"bye\"");
    }

    #[test]
    fn what_can_not_be_meant_is_refused() {
        for line in [
            "connect :7 --binary",
            "connect :7 --close 1000",
            "connect ws://:7 --close 1005",
            "connect ws://:7 --close 999",
            "connect ws://:7 --typed --binary",
            "connect ws://:7 --typed --frame nul",
            "connect ws://:7#origin=http://a --origin http://b",
            "connect ws://:7 --origin nonsense",
            "connect ws://:7 --subprotocol a,b",
        ] {
            assert!(connect(line).is_err(), "{line}");
        }
    }
}
