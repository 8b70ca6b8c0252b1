//! Which program a traced process is of, by a name short enough to stand beside a line.

use std::collections::{HashMap, VecDeque};

use rustc_hash::FxHashMap;
use sockeye_model::{Event, Kind, SocketId, quote};

use crate::escape::escape_name;
use crate::finding::place_text;
use crate::layout::shorten;

/// The traced processes, and the programs that were started. Bounded by how many processes live at once, and [`ENDED`].
#[derive(Debug, Default)]
pub(crate) struct Programs {
    processes: FxHashMap<u32, Process>,
    /// Processes that have ended, the oldest first: events of theirs may be drawn after their end.
    ended: VecDeque<u32>,
    /// The names of the programs so far, and whose each is: `None` where it is of several.
    names: HashMap<String, Option<u32>>,
    started: usize,
    /// Of each program the file that its heading names, once a line of it was seen.
    files: HashMap<usize, String>,
    /// So many processes have had sockets.
    met: usize,
}

/// One traced process.
#[derive(Clone, Debug, Default)]
struct Process {
    /// Which of the programs that were started it belongs to, from 0.
    program: usize,
    /// Who made it.
    parent: Option<u32>,
    /// It was started, and is not one that another made.
    first: bool,
    name: String,
    /// What its program was started as, through forks and execs: a start script in between says nothing to a reader.
    started_as: String,
    /// What stands beside its lines, once it did.
    label: Option<String>,
    /// It runs what its parent runs.
    copy: bool,
    /// It has, or had, sockets.
    sockets: bool,
    ended: bool,
}

/// How many processes that have ended are remembered.
const ENDED: usize = 4_096;

/// How many names are remembered; programs of later names are known by their ids.
const NAMES: usize = 4_096;

/// Columns a name may take.
pub(crate) const NAME: usize = 10;

impl Programs {
    /// Remembers processes that begin and end.
    pub(crate) fn after(&mut self, event: &Event<'_>) {
        match &event.kind {
            Kind::Started { pid, command } if event.by.is_some() => {
                self.call(*pid, program_name(command));
                let process = Process {
                    program: self.started,
                    first: true,
                    name: program_name(command),
                    started_as: program_name(command),
                    ..Process::default()
                };
                self.begin(*pid, process);
                self.started += 1;
            }
            Kind::Replaced { pid, command } => {
                self.call(*pid, program_name(command));
                if let Some(process) = self.processes.get_mut(pid) {
                    process.name = program_name(command);
                    process.copy = false;
                }
            }
            Kind::Forked { parent, child } => {
                let mut process = self.processes.get(parent).cloned().unwrap_or_default();
                process.first = false;
                process.parent = Some(*parent);
                process.copy = true;
                process.ended = false;
                process.label = None;
                self.met += usize::from(process.sockets);
                self.begin(*child, process);
            }
            Kind::Exited { pid, .. } => {
                self.end(*pid);
            }
            // Told of a process that may have ended.
            Kind::Diagnosed(_) | Kind::Noted(_) => {}
            _ if event.socket != SocketId::NONE => {
                if let Some(by) = event.by {
                    let process = self.processes.entry(by.process).or_default();
                    self.met += usize::from(!process.sockets);
                    process.sockets = true;
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, pid: u32, process: Process) {
        let before = self.processes.insert(pid, process);
        if before.is_some_and(|before| before.ended) {
            self.ended.retain(|ended| *ended != pid);
        }
    }

    fn end(&mut self, pid: u32) {
        let Some(process) = self.processes.get_mut(&pid).filter(|one| !one.ended) else {
            return;
        };
        process.ended = true;
        self.ended.push_back(pid);
        if self.ended.len() > ENDED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.processes.remove(&oldest);
        }
    }

    /// Which program made this call, counted from 0.
    pub(crate) fn of(&self, event: &Event<'_>) -> Option<usize> {
        let process = self.processes.get(&event.by?.process)?;
        Some(process.program)
    }

    /// A process runs a program of this name.
    fn call(&mut self, pid: u32, name: String) {
        if let Some(of) = self.names.get_mut(&name) {
            // Who only prepared a program and waits for it leaves it the name.
            let parent = self.processes.get(&pid).and_then(|process| process.parent);
            let prepared = of.filter(|of| parent == Some(*of));
            let prepared = prepared.and_then(|of| self.processes.get(&of));
            if prepared.is_some_and(|of| !of.sockets && of.label.is_none()) {
                *of = Some(pid);
            }
            *of = of.filter(|of| *of == pid);
        } else if self.names.len() < NAMES {
            self.names.insert(name, Some(pid));
        }
    }

    /// Who made this call, where there are several to tell apart: a program by its name, if no other had it so far; else the
    /// process by its id. A process keeps what it was called first.
    pub(crate) fn who(&mut self, event: &Event<'_>) -> Option<String> {
        let pid = event.by.filter(|_| self.are_several())?.process;
        // Told before it is known what runs there.
        let begins = matches!(event.kind, Kind::Started { .. } | Kind::Replaced { .. });
        let process = self.processes.get_mut(&pid);
        let Some(process) = process.filter(|process| !begins || process.label.is_some()) else {
            return Some(pid.to_string());
        };
        let label = process.label.get_or_insert_with(|| {
            let is_its_own = self.names.get(&process.name) == Some(&Some(pid));
            if process.copy || process.name.is_empty() || !is_its_own {
                return pid.to_string();
            }
            shorten(&process.name, NAME)
        });
        Some(label.clone())
    }

    /// The name of a program that was started, and the id of its first process.
    pub(crate) fn title(&self, program: usize) -> Option<String> {
        let started = |process: &&Process| process.first && process.program == program;
        let (pid, process) = self
            .processes
            .iter()
            .find(|(_, process)| started(process))?;
        Some(format!("{}, pid {pid}", process.name))
    }

    /// Whether the line that made this call is in the file that the heading of its program names, and so needs no more than its
    /// number.
    pub(crate) fn is_of_heading(&mut self, event: &Event<'_>) -> bool {
        let process = event.by.and_then(|by| self.processes.get(&by.process));
        let (Some(process), Some(place)) = (process, &event.place) else {
            return false;
        };
        if place.line == 0 || !is_script(&process.started_as, &place.file) {
            return false;
        }
        let file = || place.file.clone().into_owned();
        // Another file of that name is not meant.
        *self.files.entry(process.program).or_insert_with(file) == place.file
    }

    /// The line that made this call: `:7` in the file that the heading names, else `lib.py:7`.
    pub(crate) fn place_of(&mut self, event: &Event<'_>) -> Option<String> {
        let is_of_heading = self.is_of_heading(event);
        let place = event.place.as_ref().filter(|place| place.line > 0)?;
        Some(match is_of_heading {
            true => format!(":{}", place.line),
            false => place_text(place),
        })
    }

    /// Whether a process is traced.
    pub(crate) fn knows(&self, pid: u32) -> bool {
        self.processes.contains_key(&pid)
    }

    /// Whether a process is worth telling of: it has sockets.
    pub(crate) fn has_sockets(&self, pid: u32) -> bool {
        self.processes
            .get(&pid)
            .is_some_and(|process| process.sockets)
    }

    /// Whether it was started, rather than made by another.
    pub(crate) fn is_first(&self, pid: u32) -> bool {
        self.processes
            .get(&pid)
            .is_some_and(|process| process.first)
    }

    /// Whether exactly two programs were started.
    pub(crate) fn are_two(&self) -> bool {
        self.started == 2
    }

    /// Whether there is somebody to tell apart.
    pub(crate) fn are_several(&self) -> bool {
        self.started > 1 || self.met > 1
    }
}

/// Whether a file is what a program's name says: `server.py`, the module `http.server` in `http/server.py`, `server.c` of the
/// program `server`, and the text behind `python3 -c`.
fn is_script(name: &str, file: &str) -> bool {
    let own = file.rsplit('/').next().unwrap_or(file);
    let (stem, ending) = own.rsplit_once('.').unwrap_or((own, ""));
    let module = || format!("/{}", name.replace('.', "/"));
    own == name
        || (stem == name && !ending.is_empty())
        || (own == "<string>" && name.starts_with("python"))
        || (name.contains('.')
            && file
                .strip_suffix(".py")
                .is_some_and(|it| it.ends_with(&module())))
}

/// What a person calls a program: its script where an interpreter runs it, else the program, without the folder. What only
/// prepares another program gives way to that.
pub(crate) fn program_name(command: &str) -> String {
    let words = quote::words(command);
    escape_name(name_of(&words, 0)).into_owned()
}

fn name_of(words: &[String], depth: usize) -> &str {
    let Some((program, rest)) = words.split_first() else {
        return "";
    };
    let program = base(program);
    let prepared = prepared_by(program, rest).filter(|rest| !rest.is_empty() && depth < WRAPPED);
    if let Some(rest) = prepared {
        return name_of(rest, depth + 1);
    }
    let is = |names: &[&str]| names.iter().any(|name| program.starts_with(name));
    if !is(&[
        "python", "pypy", "node", "ruby", "perl", "sh", "bash", "dash",
    ]) {
        return program;
    }
    // To a shell -e and -m are options without a value.
    let shell = is(&["sh", "bash", "dash"]);
    let mut rest = rest.iter().map(String::as_str);
    let script = rest.by_ref().find(|word| {
        !word.starts_with('-') || *word == "-c" || (!shell && matches!(*word, "-e" | "-m"))
    });
    match script {
        // What follows is no file but the program itself; a shell may give way to another.
        Some("-c") if shell => match rest.next().and_then(gives_way_to) {
            Some(words) => base(words),
            None => program,
        },
        Some("-c" | "-e") => program,
        // Of an interpreter of modules; of others it is an option without a value.
        Some("-m") => rest
            .find(|word| !word.starts_with('-'))
            .map_or(program, base),
        script => script.map_or(program, base),
    }
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// The words of the program that this one prepares and then runs, if that is all it does.
fn prepared_by<'a>(program: &str, words: &'a [String]) -> Option<&'a [String]> {
    // Options whose value is a word of its own, and words before the program.
    let (with_value, before): (&[&str], usize) = match program {
        "env" => (&["-u", "-C", "--unset", "--chdir"], 0),
        "nice" => (&["-n", "--adjustment"], 0),
        "timeout" => (&["-k", "-s", "--kill-after", "--signal"], 1),
        "stdbuf" => (&["-i", "-o", "-e", "--input", "--output", "--error"], 0),
        "ionice" => (&["-c", "-n", "--class", "--classdata"], 0),
        "nohup" | "setsid" => (&[], 0),
        _ => return None,
    };
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            at += 1;
            break;
        }
        let is_variable = program == "env" && word.contains('=');
        if !word.starts_with('-') && !is_variable {
            break;
        }
        at += 1 + usize::from(with_value.contains(&word.as_str()));
    }
    words.get(at + before..)
}

/// The script or program that a shell's text ends in with `exec`.
fn gives_way_to(text: &str) -> Option<&str> {
    let last = text
        .rsplit([';', '&', '\n'])
        .find(|part| !part.trim().is_empty())?;
    let words: Vec<&str> = last
        .trim()
        .strip_prefix("exec ")?
        .split_whitespace()
        .collect();
    if words
        .iter()
        .any(|word| word.contains(['$', '`', '|', '(', '"', '\'']))
    {
        return None;
    }
    let owned: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let name = name_of(&owned, 1).to_owned();
    words.into_iter().find(|word| base(word) == name)
}

/// So many programs may stand before the one that is meant.
const WRAPPED: usize = 8;

#[cfg(test)]
mod tests {
    use sockeye_model::{Caller, Timestamp};

    use super::*;

    fn event(process: u32, kind: Kind<'static>) -> Event<'static> {
        Event {
            at: Timestamp::default(),
            took: None,
            socket: SocketId::NONE,
            parent: None,
            by: Some(Caller {
                process,
                thread: process,
            }),
            place: None,
            kind,
        }
    }

    fn started(pid: u32, command: &'static str) -> Event<'static> {
        let command = command.into();
        event(pid, Kind::Started { pid, command })
    }

    fn exited(pid: u32) -> Event<'static> {
        event(pid, Kind::Exited { pid, status: Ok(0) })
    }

    #[test]
    fn a_process_that_has_ended_is_still_of_its_program_and_not_remembered_for_ever() {
        let mut programs = Programs::default();
        programs.after(&started(1, "server"));
        programs.after(&started(2, "client"));
        programs.after(&exited(2));
        assert_eq!(programs.of(&exited(2)), Some(1));
        for child in 10..20_000 {
            programs.after(&event(1, Kind::Forked { parent: 1, child }));
            programs.after(&exited(child));
        }
        assert_eq!(programs.processes.len(), ENDED + 1);
        assert_eq!(programs.of(&exited(1)), Some(0));
        programs.after(&started(19_999, "again"));
        assert_eq!(programs.ended.len(), ENDED - 1);
        assert_eq!(programs.of(&exited(19_999)), Some(2));
    }

    #[test]
    fn a_process_keeps_the_label_it_was_given_first() {
        let mut programs = Programs::default();
        programs.after(&started(1, "python3 server.py"));
        assert_eq!(programs.who(&exited(1)), None, "nobody to tell it from");
        programs.after(&started(2, "nc 127.0.0.1 5000"));
        assert_eq!(programs.who(&exited(2)).as_deref(), Some("nc"));
        programs.after(&started(3, "nc 127.0.0.1 5001"));
        assert_eq!(programs.who(&exited(2)).as_deref(), Some("nc"));
        assert_eq!(programs.who(&exited(3)).as_deref(), Some("3"));
        programs.after(&exited(2));
        assert_eq!(programs.who(&exited(3)).as_deref(), Some("3"));

        let (parent, child) = (1, 4);
        programs.after(&event(1, Kind::Forked { parent, child }));
        let command = "python3 worker.py".into();
        let replaced = event(4, Kind::Replaced { pid: 4, command });
        assert_eq!(programs.who(&replaced).as_deref(), Some("4"));
        programs.after(&replaced);
        assert_eq!(programs.who(&exited(4)).as_deref(), Some("worker.py"));
        let (parent, child) = (1, 5);
        programs.after(&event(1, Kind::Forked { parent, child }));
        assert_eq!(programs.who(&exited(5)).as_deref(), Some("5"));
        assert_eq!(programs.who(&exited(1)).as_deref(), Some("server.py"));
    }

    #[test]
    fn the_file_of_the_heading_is_known_by_its_name() {
        for (name, file, is) in [
            ("server.py", "/srv/server.py", true),
            ("server.py", "/srv/lib.py", false),
            ("server.py", "/srv/my_server.py", false),
            ("server", "src/server.c", true),
            ("http.server", "/usr/lib/python3.11/http/server.py", true),
            ("http.server", "/usr/lib/python3.11/socketserver.py", false),
            ("python3", "<string>", true),
            ("server.py", "<string>", false),
        ] {
            assert_eq!(is_script(name, file), is, "{name} {file}");
        }
        let mut programs = Programs::default();
        programs.after(&started(1, "python3 server.py"));
        let command = "bash /opt/shims/python3 server.py".into();
        programs.after(&event(1, Kind::Replaced { pid: 1, command }));
        let (parent, child) = (1, 2);
        programs.after(&event(1, Kind::Forked { parent, child }));
        let at = |pid, file: &'static str| {
            let mut event = exited(pid);
            event.place = Some(sockeye_model::Place {
                file: file.into(),
                line: 7,
                function: None,
            });
            event
        };
        for pid in [1, 2] {
            let place = |file, programs: &mut Programs| programs.place_of(&at(pid, file));
            assert_eq!(place("server.py", &mut programs).as_deref(), Some(":7"));
            let other = place("other/server.py", &mut programs);
            assert_eq!(other.as_deref(), Some("server.py:7"));
            assert_eq!(place("bash", &mut programs).as_deref(), Some("bash:7"));
        }
        assert!(!programs.is_of_heading(&at(3, "server.py")));
        assert_eq!(programs.place_of(&exited(1)), None);
    }

    #[test]
    fn a_script_gives_its_name_and_not_its_interpreter() {
        for (command, name) in [
            ("python3 -u /tmp/x/server.py 5000", "server.py"),
            ("/usr/bin/nc -l 5000", "nc"),
            ("node app.js", "app.js"),
            ("python3", "python3"),
            ("python3 -c 'import socket; socket.socket()'", "python3"),
            ("perl -w -e 'print 1'", "perl"),
            ("python3 -u -m http.server 8000", "http.server"),
            ("sh -e start.sh", "start.sh"),
            ("bash -c 'nc -l 5000'", "bash"),
            ("env -i ./client", "client"),
            ("/usr/bin/env python3 server.py", "server.py"),
            ("env -u HOME LANG=C python3 -u server.py", "server.py"),
            ("/usr/bin/env -S python3 -u server.py", "server.py"),
            ("nice -n 5 python3 server.py", "server.py"),
            ("timeout 5 python3 client.py", "client.py"),
            ("timeout -k 1 --signal=INT 5 env nice ./client", "client"),
            ("nohup stdbuf -oL nc -l 5000", "nc"),
            ("env", "env"),
            ("sh -c 'echo hi; exec python3 server.py'", "server.py"),
            ("sh -c 'python3 server.py; echo'", "sh"),
            ("python3 'my server.py'", "my server.py"),
            ("/bin/a-very-long-program", "a-very-long-program"),
        ] {
            assert_eq!(program_name(command), name);
        }
    }
}
