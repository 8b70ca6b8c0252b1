//! The line of a program that makes a call: from the interpreter of CPython, or from the symbols of a native program.
//!
//! All of it is read while the thread is stopped at its call: files on disk, /proc/PID/maps and the process' memory. Nothing
//! is added to the program. A line that is in doubt is not told.

mod elf;
mod maps;
mod memory;
mod native;
mod python;
mod registers;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sockeye_model::Place;

use self::elf::{Edition, Elf};
use self::maps::{FileId, Mapped, Maps};
use self::memory::Memory;
use self::native::{Binary, Code, Missed};
use self::python::Python;
pub(crate) use self::registers::Registers;

/// Why a program's lines can't be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lacking {
    /// The program was built without symbols, or they were taken out (`strip(1)`).
    Symbols,
    /// A Python whose frames are not known here: before 3.8, newer than 3.15, or built without the global lock.
    Python {
        /// Such as `3.7`, or `3.14t` for one without the global lock, where it is known.
        version: Option<String>,
    },
    /// A runtime that shows its lines to nobody outside: Node.js, Java, Ruby and others.
    Runtime {
        /// Such as `Node.js`.
        name: &'static str,
    },
    /// The stack could not be followed from the call to the program's own code.
    Stack,
}

/// What was read of programs and libraries, for all processes of one trace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Binaries(Arc<Mutex<HashMap<Edition, Binary>>>);

/// The lines of one process. After an `execve` it is another program: make another.
#[derive(Debug)]
pub(crate) struct Places {
    pid: u32,
    binaries: Binaries,
    /// Read with the first question, and again where code is met that is not in them.
    seen: Option<Seen>,
    readings: u32,
    has_told: bool,
    lacking: Option<Lacking>,
}

/// What a process has mapped, and what kind of program that makes it.
#[derive(Debug)]
struct Seen {
    maps: Maps,
    program: Option<Mapped>,
    kind: Program,
    editions: HashMap<FileId, Option<Edition>>,
}

/// How lines are found.
#[derive(Debug)]
enum Program {
    /// Python itself: nothing but its frames.
    Python(Box<Python>),
    /// A program that has Python within.
    WithPython(Box<Python>),
    Native,
    /// Not at all.
    Opaque(Lacking),
}

impl Places {
    /// For a process that is traced.
    pub(crate) fn new(pid: u32, binaries: &Binaries) -> Self {
        Self {
            pid,
            binaries: binaries.clone(),
            seen: None,
            readings: 0,
            has_told: false,
            lacking: None,
        }
    }

    /// The line that made the call at which `thread` is stopped. `read` reads the process' memory and says how much of it was
    /// there.
    pub(crate) fn place_of(
        &mut self,
        thread: u32,
        registers: &Registers,
        read: &dyn Fn(u64, &mut [u8]) -> usize,
    ) -> Option<Place<'static>> {
        let memory = Memory::new(read);
        let place = loop {
            let mut seen = match self.seen.take() {
                Some(seen) => seen,
                None => self.look(&memory),
            };
            let answer = self.ask(&mut seen, thread, registers, &memory);
            // A library that was loaded since. Code that is made while the program runs is never in a file.
            if answer == Err(Lookup::Unmapped) && self.readings < MOST_READINGS {
                continue;
            }
            self.seen = Some(seen);
            break answer;
        };
        match place {
            Ok(place) => {
                self.has_told = true;
                Some(place)
            }
            Err(Lookup::Lacking(lacking)) => {
                self.lacking = Some(lacking);
                None
            }
            Err(Lookup::Unmapped) => {
                self.lacking = Some(Lacking::Stack);
                None
            }
            Err(Lookup::Nowhere) => None,
        }
    }

    /// Why there has been no line so far; `None` once one was told, and before the first question.
    pub(crate) fn reason_without(&self) -> Option<Lacking> {
        if self.has_told {
            return None;
        }
        self.lacking.clone()
    }

    fn look(&mut self, memory: &Memory<'_>) -> Seen {
        self.readings += 1;
        let maps = Maps::of(self.pid);
        let exe = std::fs::read_link(format!("/proc/{}/exe", self.pid)).ok();
        let program = exe.and_then(|exe| maps.iter().find(|mapped| mapped.path == exe).cloned());
        let mut seen = Seen {
            maps,
            program,
            kind: Program::Native,
            editions: HashMap::new(),
        };
        seen.kind = self.kind(&mut seen, memory);
        seen
    }

    fn kind(&self, seen: &mut Seen, memory: &Memory<'_>) -> Program {
        let Some(program) = &seen.program else {
            return Program::Opaque(Lacking::Stack);
        };
        let name = file_name(&program.path);
        if let Some(runtime) = runtime(&name) {
            return Program::Opaque(Lacking::Runtime { name: runtime });
        }
        let is_python = name.starts_with("python");
        let candidates: Vec<Mapped> = {
            let mut candidates = vec![program.clone()];
            candidates.extend(
                seen.maps
                    .iter()
                    .filter(|mapped| file_name(&mapped.path).starts_with("libpython"))
                    .cloned(),
            );
            candidates.dedup_by_key(|mapped| mapped.file);
            candidates
        };
        for mapped in candidates {
            let found = self.with(seen, &mapped, |binary| {
                let symbols = binary.python(&mapped)?;
                symbols.address(python::RUNTIME)?;
                Some(Python::new(symbols, memory))
            });
            return match found.flatten() {
                None => continue,
                Some(Ok(python)) if is_python => Program::Python(Box::new(python)),
                Some(Ok(python)) => Program::WithPython(Box::new(python)),
                Some(Err(Lacking::Python { version })) if is_python => {
                    let version = version.or_else(|| named_version(&name));
                    Program::Opaque(Lacking::Python { version })
                }
                Some(Err(_)) => Program::Native,
            };
        }
        if is_python {
            let version = named_version(&name);
            return Program::Opaque(Lacking::Python { version });
        }
        Program::Native
    }

    fn ask(
        &self,
        seen: &mut Seen,
        thread: u32,
        registers: &Registers,
        memory: &Memory<'_>,
    ) -> Result<Place<'static>, Lookup> {
        match &mut seen.kind {
            Program::Opaque(lacking) => return Err(Lookup::Lacking(lacking.clone())),
            Program::Python(python) => {
                return python
                    .place_of(thread, registers, memory)
                    .ok_or(Lookup::Nowhere);
            }
            Program::WithPython(python) => {
                if let Some(place) = python.place_of(thread, registers, memory) {
                    return Ok(place);
                }
            }
            Program::Native => {}
        }
        let Some(program) = seen.program.clone() else {
            return Err(Lookup::Nowhere);
        };
        let mut binaries = self
            .binaries
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut code = Opened {
            pid: self.pid,
            seen,
            binaries: &mut binaries,
        };
        native::place_of(registers, memory, &program, &mut code).map_err(|missed| match missed {
            Missed::Unmapped => Lookup::Unmapped,
            Missed::Stripped => Lookup::Lacking(Lacking::Symbols),
            Missed::Lost => Lookup::Lacking(Lacking::Stack),
        })
    }

    fn with<T>(
        &self,
        seen: &mut Seen,
        mapped: &Mapped,
        ask: impl FnOnce(&mut Binary) -> T,
    ) -> Option<T> {
        let mut binaries = self
            .binaries
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut code = Opened {
            pid: self.pid,
            seen,
            binaries: &mut binaries,
        };
        code.of(mapped).map(ask)
    }
}

/// Why one question had no answer.
#[derive(Debug, PartialEq, Eq)]
enum Lookup {
    /// There is code that was not mapped when the maps were read.
    Unmapped,
    /// None of this program's questions will have.
    Lacking(Lacking),
    /// This time.
    Nowhere,
}

/// The binaries of one process.
struct Opened<'a> {
    pid: u32,
    seen: &'a mut Seen,
    binaries: &'a mut HashMap<Edition, Binary>,
}

impl Opened<'_> {
    fn of(&mut self, mapped: &Mapped) -> Option<&mut Binary> {
        if !self.seen.editions.contains_key(&mapped.file) {
            let is_program =
                self.seen.program.as_ref().map(|program| program.file) == Some(mapped.file);
            let opened = Elf::open(self.pid, mapped, is_program);
            let edition = opened.map(|(edition, elf)| {
                if self.binaries.len() >= MOST_BINARIES {
                    self.binaries.clear();
                }
                self.binaries
                    .entry(edition)
                    .or_insert_with(|| Binary::new(elf));
                edition
            });
            self.seen.editions.insert(mapped.file, edition);
        }
        let edition = (*self.seen.editions.get(&mapped.file)?)?;
        if !self.binaries.contains_key(&edition) {
            // Others took its place meanwhile: it is opened again with the next question.
            self.seen.editions.remove(&mapped.file);
        }
        self.binaries.get_mut(&edition)
    }
}

impl Code for Opened<'_> {
    fn at(&mut self, address: u64) -> Option<(Mapped, &mut Binary)> {
        let mapped = self.seen.maps.code_at(address)?.clone();
        let binary = self.of(&mapped)?;
        Some((mapped, binary))
    }
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The version in the name of a Python, such as `python3.7`.
fn named_version(program: &str) -> Option<String> {
    let version = program.strip_prefix("python")?;
    (!version.is_empty()).then(|| version.to_owned())
}

/// The runtimes whose own functions say nothing about the line that is asked for, by the names of their programs.
fn runtime(program: &str) -> Option<&'static str> {
    let name = program
        .trim_end_matches(" (deleted)")
        .trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    Some(match name {
        "node" | "nodejs" => "Node.js",
        "bun" => "Bun",
        "deno" => "Deno",
        "java" => "Java",
        "ruby" => "Ruby",
        "perl" => "Perl",
        "php" | "php-fpm" => "PHP",
        "lua" | "luajit" => "Lua",
        "pypy" => "PyPy",
        "dotnet" | "mono" | "mono-sgen" => ".NET",
        "beam.smp" => "Erlang",
        "tclsh" => "Tcl",
        _ => return None,
    })
}

/// How often the maps of a process are read at most.
const MOST_READINGS: u32 = 64;
/// How many binaries are kept open.
const MOST_BINARIES: usize = 128;
