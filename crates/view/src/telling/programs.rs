//! Which program a traced process is of, by a name short enough to stand beside a line.

use std::collections::HashMap;

use sockeye_model::{Event, Kind};

use crate::escape::escape_name;
use crate::layout::shorten;

/// The traced processes, and the programs that were started. Bounded by how many processes live at once.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    /// Of each process: which program, and its name.
    of: HashMap<u32, (usize, String)>,
    started: usize,
    several_processes: bool,
}

/// Columns a name may take.
pub(crate) const NAME: usize = 10;

impl Programs {
    /// Remembers processes that begin and end.
    pub(crate) fn after(&mut self, event: &Event<'_>) {
        match &event.kind {
            Kind::Started { pid, command } if event.by.is_some() => {
                self.of.insert(*pid, (self.started, short_name(command)));
                self.started += 1;
            }
            Kind::Replaced { pid, command } => {
                if let Some((_, name)) = self.of.get_mut(pid) {
                    *name = short_name(command);
                }
            }
            Kind::Forked { parent, child } => {
                self.several_processes = true;
                if let Some(program) = self.of.get(parent).cloned() {
                    self.of.insert(*child, program);
                }
            }
            Kind::Exited { pid, .. } => {
                self.of.remove(pid);
            }
            _ => {}
        }
    }

    /// Which program made this call, counted from 0.
    pub(crate) fn of(&self, event: &Event<'_>) -> Option<usize> {
        let by = event.by?;
        self.of.get(&by.process).map(|(program, _)| *program)
    }

    /// Who made this call, where there are several to tell apart: the program by its name, or the process by its id.
    pub(crate) fn who(&self, event: &Event<'_>) -> Option<String> {
        let by = event.by?;
        match (self.started, self.several_processes) {
            (0 | 1, false) => None,
            (0 | 1, true) => Some(by.process.to_string()),
            _ => self.of.get(&by.process).map(|(_, name)| name.clone()),
        }
    }

    /// Whether exactly two programs were started.
    pub(crate) fn are_two(&self) -> bool {
        self.started == 2
    }

    /// Whether there is somebody to tell apart.
    pub(crate) fn are_several(&self) -> bool {
        self.started > 1 || self.several_processes
    }
}

/// What a person calls a program: its script where an interpreter runs it, else the program, without the folder.
pub(crate) fn short_name(command: &str) -> String {
    let base = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    let mut words = command.split_whitespace();
    let first = words.next().map(base).unwrap_or_default();
    let interprets = [
        "python", "pypy", "node", "ruby", "perl", "sh", "bash", "env",
    ]
    .iter()
    .any(|name| first.starts_with(name));
    let script = words
        .find(|word| !word.starts_with('-'))
        .filter(|_| interprets);
    let name = match script {
        Some(script) => base(script),
        None => first,
    };
    shorten(&escape_name(&name), NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_gives_its_name_and_not_its_interpreter() {
        for (command, name) in [
            ("python3 -u /tmp/x/server.py 5000", "server.py"),
            ("/usr/bin/nc -l 5000", "nc"),
            ("node app.js", "app.js"),
            ("python3", "python3"),
            ("/bin/a-very-long-program", "a-very-lo…"),
        ] {
            assert_eq!(short_name(command), name);
        }
    }
}
