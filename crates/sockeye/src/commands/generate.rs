//! `generate`: the manual page and shell completions, made from the definition that parses the command line.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::offline::Generate;
use crate::cli::{GenerateArgs, definition};
use crate::commands::schemes;
use crate::exit::{ExitCode, TABLE};
use crate::{limits, stdio};

/// Writes what was asked for.
pub(crate) fn run(args: &GenerateArgs) -> ExitCode {
    let result = match &args.what {
        Generate::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut definition(), "sockeye", &mut text);
            return stdio::print(&String::from_utf8_lossy(&text));
        }
        Generate::Man { out_dir: None } => match page(definition(), "sockeye") {
            Ok(page) => return stdio::print(&page),
            Err(error) => Err(error),
        },
        Generate::Man {
            out_dir: Some(directory),
        } => pages(directory),
    };
    match result {
        Ok(()) => ExitCode::Clean,
        Err(error) => {
            stdio::say(&format!("sockeye: generate man: {error}"));
            ExitCode::OutputFailed
        }
    }
}

/// One page for the tool and one for each command.
fn pages(directory: &Path) -> io::Result<()> {
    let at = |path: &Path, error: io::Error| {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    };
    fs::create_dir_all(directory).map_err(|error| at(directory, error))?;
    let mut definition = definition();
    definition.build();
    for command in definition
        .get_subcommands()
        .filter(|command| command.get_name() != "help" && !command.is_hide_set())
    {
        let name = format!("sockeye-{}", command.get_name());
        write_page(directory, &name, page(command.clone(), &name)?)
            .map_err(|error| at(directory, error))?;
    }
    write_page(directory, "sockeye", page(definition, "sockeye")?)
        .map_err(|error| at(directory, error))
}

fn write_page(directory: &Path, name: &str, text: String) -> io::Result<()> {
    fs::write(directory.join(format!("{name}.1")), text)
}

/// A manual page with the sections that clap does not know.
fn page(command: Command, name: &str) -> io::Result<String> {
    let is_whole = name == "sockeye";
    let after = command.get_after_help().map(ToString::to_string);
    let man = Man::new(command.after_help("")).title(name.to_uppercase());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if is_whole {
        man.render_subcommands_section(&mut text)?;
        let codes: String = TABLE
            .iter()
            .map(|(code, meaning)| format!("{code:<6} {meaning}\n"))
            .collect();
        section(&mut text, "EXIT STATUS", &codes)?;
        section(&mut text, "ADDRESSES", &schemes::table())?;
        section(&mut text, "LIMITS", &limits::table())?;
    } else {
        for (heading, body) in sections(after.as_deref().unwrap_or_default()) {
            section(&mut text, &heading.to_uppercase(), &body)?;
        }
    }
    String::from_utf8(text).map_err(io::Error::other)
}

/// What stands behind the flags, cut at its headings: a word or two with a colon, first or behind an empty line.
fn sections(after: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for part in after.split("\n\n").filter(|part| !part.is_empty()) {
        let (first, rest) = part.split_once('\n').unwrap_or((part, ""));
        let heading = first
            .strip_suffix(':')
            .filter(|words| words.split(' ').count() <= 2);
        match (heading, sections.last_mut()) {
            (Some(heading), _) => sections.push((heading.to_owned(), rest.to_owned())),
            (None, Some((_, body))) => {
                body.push_str("\n\n");
                body.push_str(part);
            }
            (None, None) => sections.push(("Notes".to_owned(), part.to_owned())),
        }
    }
    sections
}

/// A section whose lines stay as they are.
fn section(text: &mut Vec<u8>, heading: &str, body: &str) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    roff.control("nf", []);
    roff.text([roman(body.trim_end())]);
    roff.control("fi", []);
    roff.to_writer(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_page_lists_commands_exit_codes_schemes_and_limits() {
        let page = page(definition(), "sockeye").unwrap();
        for word in [
            ".SH \"EXIT STATUS\"",
            ".SH ADDRESSES",
            ".SH LIMITS",
            "unix\\-seqpacket",
            "nobody listens there",
        ] {
            assert!(page.contains(word), "{word}\n{page}");
        }
        for (code, _) in TABLE {
            assert!(page.lines().any(|line| line.starts_with(code)), "{code}");
        }
    }

    #[test]
    fn the_page_of_a_command_has_its_flags_and_examples() {
        let mut definition = definition();
        definition.build();
        let command = definition.find_subcommand("connect").unwrap().clone();
        let page = page(command, "sockeye-connect").unwrap();
        for word in [
            ".SH EXAMPLES",
            "retry\\-delay",
            "sockeye connect udp://localhost:7007",
        ] {
            assert!(page.contains(word), "{word}\n{page}");
        }
    }

    #[test]
    fn what_stands_behind_the_flags_has_its_own_sections_and_no_sentence_becomes_a_heading() {
        let mut definition = definition();
        definition.build();
        let headings = |name: &str| -> Vec<String> {
            let command = definition.find_subcommand(name).unwrap().clone();
            let page = page(command, name).unwrap();
            let headings = page.lines().filter_map(|line| line.strip_prefix(".SH "));
            headings.map(str::to_owned).collect()
        };
        let trace = headings("trace");
        assert!(
            trace.ends_with(&["\"EXIT STATUS\"".into(), "EXAMPLES".into()]),
            "{trace:?}"
        );
        let listen = headings("listen");
        assert_eq!(listen.last().unwrap(), "EXAMPLES", "{listen:?}");
    }
}
