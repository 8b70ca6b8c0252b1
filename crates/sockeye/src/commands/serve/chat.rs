//! What `serve chat` leads to: one chat, however many addresses it has.

use std::fmt::Display;

use sockeye_model::{Address, Host, Port, Scheme, Target};
use sockeye_serve::chat::{Chat, ChatLimits, PORT};
use sockeye_view::catalogue::{self, Language};

use super::{Asked, Partner, words};
use crate::cli::ServeArgs;
use crate::cli::serve::ServiceAt;

/// The chat that all its addresses lead to.
pub(super) fn shared(args: &ServeArgs, language: Language) -> Chat {
    let wanted = args.server.max_conversations;
    let usual = ChatLimits::USUAL;
    let members = usual.members.max(usize::try_from(wanted).unwrap_or(0));
    Chat::new(language, ChatLimits { members, ..usual })
}

/// The addresses of one `chat`.
pub(super) fn asked(named: &ServiceAt, chat: &Chat) -> Vec<Asked> {
    match &named.address {
        None => own(chat),
        Some(address) => vec![Asked {
            partner: Partner::Chat(chat.clone()),
            address: address.clone(),
            with_next: false,
        }],
    }
}

/// Its own port, over TCP and UDP.
pub(super) fn own(chat: &Chat) -> Vec<Asked> {
    let on = |scheme| {
        let target = Target::Inet {
            host: Host::Empty,
            port: Port::Number(PORT),
        };
        Asked {
            partner: Partner::Chat(chat.clone()),
            address: Address::new(scheme, target),
            with_next: false,
        }
    };
    [Scheme::Tcp, Scheme::Udp].map(on).into()
}

/// What went on in it; `None` when nobody came in.
pub(super) fn summary(chat: &Chat, language: Language) -> Option<String> {
    let counts = chat.counts();
    if counts.members == 0 {
        return None;
    }
    let number = |count| catalogue::count(count, language);
    let (members, messages) = (number(counts.members), number(counts.messages));
    let (delivered, left_out) = (number(counts.delivered), number(counts.left_out));
    let dropped = number(counts.dropped);
    let places: [(&str, &dyn Display); 5] = [
        ("members", &members),
        ("messages", &messages),
        ("delivered", &delivered),
        ("left_out", &left_out),
        ("dropped", &dropped),
    ];
    let text = if counts.left_out + counts.dropped == 0 {
        words::CHAT
    } else {
        words::CHAT_BEHIND
    };
    Some(text.fill(language, &places))
}
