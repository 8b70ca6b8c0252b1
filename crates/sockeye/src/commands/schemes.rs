//! `schemes`: the table of address schemes and their options.

use sockeye_model::option::OptionValue;
use sockeye_model::{Carries, OPTIONS, SCHEMES};

use crate::exit::ExitCode;
use crate::stdio;

/// Prints the table.
pub(crate) fn run() -> ExitCode {
    stdio::print(&table())
}

/// The table: each scheme, then each option with its value, its name in the headers and its manual page.
pub(crate) fn table() -> String {
    let mut text = String::from("SCHEME          CARRIES   LISTENS  EXAMPLE\n");
    for row in SCHEMES {
        let carries = match row.carries {
            Carries::Stream => "stream",
            Carries::Messages => "messages",
        };
        let listens = if row.can_listen { "yes" } else { "-" };
        text.push_str(&format!(
            "{:<15} {carries:<9} {listens:<8} {}\n",
            row.name, row.example
        ));
        text.push_str(&format!("                {}\n", row.help));
        let options: Vec<&str> = row.options.iter().map(|option| option.name()).collect();
        if !options.is_empty() {
            text.push_str(&format!(
                "                options: {}\n",
                options.join(", ")
            ));
        }
    }
    text.push_str(
        "\nOPTION, behind # and separated by commas: tcp://localhost:7007#nodelay,ttl=5\n",
    );
    for row in OPTIONS {
        let word = match row.value {
            OptionValue::None => row.name.to_owned(),
            value => format!("{}{}", row.name, value.placeholder()),
        };
        let constants = if row.constants.is_empty() {
            String::new()
        } else {
            format!("; {}", row.constants.join(", "))
        };
        text.push_str(&format!(
            "{word:<22} {}{constants} ({})\n",
            row.help, row.page
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_scheme_and_every_option() {
        let table = table();
        for row in SCHEMES {
            assert!(
                table
                    .lines()
                    .any(|line| line.starts_with(row.name) && line.ends_with(row.example)),
                "{}",
                row.name
            );
        }
        for row in OPTIONS {
            assert!(
                table
                    .lines()
                    .any(|line| line.starts_with(row.name) && line.contains(row.help)),
                "{}",
                row.name
            );
        }
    }
}
