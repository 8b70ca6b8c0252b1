//! What the demo says by itself, and what its client and server say to each other.

use sockeye_view::texts;

texts! {
    INTRO = "A server and a client, each a thread of this process with a socket of its own.\n\
             Every line is a call that one of them has really made; times are in seconds.\n\n"
          | "Un servidor y un cliente, cada uno en un hilo de este proceso y con su socket.\n\
             Todo lo que se ve son llamadas que han hecho de verdad; el tiempo, en segundos.\n\n";
    SERVER_FIRST = "1. TCP: the server speaks first (daytime)" | "1. TCP: el servidor habla primero (daytime)";
    CLIENT_FIRST = "2. TCP: the client speaks first (echo)" | "2. TCP: el cliente habla primero (echo)";
    UDP = "3. UDP: one socket, two peers, no connection" | "3. UDP: un socket, dos interlocutores, ninguna conexión";

    ONE = "one" | "uno";
    TWO = "two" | "dos";
    GOODBYE = "bye" | "fin";
    FROM_A = "I am A\n" | "soy A\n";
    FROM_B = "I am B\n" | "soy B\n";

    NEXT = "\nNext, to type yourself:\n  \
            sockeye serve                             five servers: echo and more\n  \
            sockeye connect --explain localhost:7007  in another terminal: talk to echo\n  \
            sockeye listen --many --explain :7000     a server you type into\n"
         | "\nAhora, para teclear:\n  \
            sockeye serve                             cinco servidores: echo y otros\n  \
            sockeye connect --explain localhost:7007  en otra terminal: habla con echo\n  \
            sockeye listen --many --explain :7000     un servidor en el que escribes\n";
}

#[cfg(test)]
mod tests {
    use super::{ALL, NEXT};
    use crate::cli::{Command, tests::meant};
    use sockeye_view::catalogue::Language;

    #[test]
    fn what_it_says_fits_a_terminal_of_80_columns_and_needs_no_accents_below() {
        for (name, text) in ALL {
            for language in Language::ALL {
                for line in text.say(*language).lines() {
                    assert!(line.chars().count() <= 80, "{name}: {line}");
                }
            }
        }
        for language in Language::ALL {
            assert!(NEXT.say(*language).is_ascii() && super::INTRO.say(*language).is_ascii());
        }
    }

    #[test]
    fn the_commands_it_names_are_commands() {
        for language in Language::ALL {
            let commands: Vec<Command> = NEXT
                .say(*language)
                .lines()
                .filter_map(|line| line.strip_prefix("  sockeye "))
                .map(|line| meant(line.split("  ").next().unwrap_or(line)).unwrap())
                .collect();
            assert!(
                matches!(
                    commands[..],
                    [Command::Serve(_), Command::Connect(_), Command::Listen(_)]
                ),
                "{commands:?}"
            );
        }
    }
}
