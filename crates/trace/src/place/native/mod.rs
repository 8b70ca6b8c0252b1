//! The line of a native program: from the system call outwards to the first function of the program itself.
//!
//! The stack is unwound by the tables that are there for exceptions (`.eh_frame`), so frame pointers are not needed. Lines
//! are DWARF's; without, the symbol's function is what is known.

mod lines;
mod names;
mod unwind;

use std::borrow::Cow;

use sockeye_model::Place;

use self::lines::Lines;
use self::names::Names;
use self::unwind::{Stack, Unwinding};
use crate::place::elf::{Elf, Symbols};
use crate::place::maps::Mapped;
use crate::place::memory::Memory;
use crate::place::registers::Registers;

/// A program or library, with what has been read of it.
#[derive(Debug)]
pub(crate) struct Binary {
    pub(crate) elf: Elf,
    /// What an interpreter of Python would have in it.
    python: Option<Vec<(&'static str, u64)>>,
    unwinding: Option<Option<Unwinding>>,
    names: Option<Names>,
    lines: Option<Option<Lines>>,
}

/// What stands in the way of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// Code was met that belongs to no file that is known.
    Unmapped,
    /// The program has neither lines nor names.
    Stripped,
    /// The stack could not be followed to the program's own code.
    Lost,
}

impl Binary {
    pub(crate) fn new(elf: Elf) -> Self {
        Self {
            elf,
            python: None,
            unwinding: None,
            names: None,
            lines: None,
        }
    }

    /// The symbols that an interpreter of Python is known by, for a process that has `mapped` of the file.
    pub(crate) fn python(&mut self, mapped: &Mapped) -> Option<Symbols<'_>> {
        let bias = self.elf.bias(mapped)?;
        let elf = &self.elf;
        let named = self
            .python
            .get_or_insert_with(|| elf.named(&crate::place::python::SYMBOLS));
        Some(Symbols { named, bias })
    }
}

/// Gives what is mapped at an address, and the binary it is of.
pub(crate) trait Code {
    /// `None` where no file's code is.
    fn at(&mut self, address: u64) -> Option<(Mapped, &mut Binary)>;
}

/// The place in `program` that the call was made from.
pub(crate) fn place_of(
    registers: &Registers,
    memory: &Memory<'_>,
    program: &Mapped,
    code: &mut dyn Code,
) -> Result<Place<'static>, Missed> {
    let mut stack = Stack::new(registers);
    let mut frames = Frames::default();
    let mut missed = Missed::Lost;
    for depth in 0..MOST_FRAMES {
        // What a function returns to may be the line, or even the function, behind the call.
        let at = stack.inside();
        let Some((mapped, binary)) = code.at(at) else {
            if missed == Missed::Lost {
                missed = Missed::Unmapped;
            }
            break;
        };
        let Some(address) = binary.elf.own_address(&mapped, at) else {
            break;
        };
        if mapped.file == program.file {
            if let Some(own) = frames.line(binary, address) {
                return Ok(own);
            }
            // In a program that has its C library within, the instruction is in the library's wrapper.
            if depth > 0 {
                frames.unnamed.push(at);
            }
            missed = Missed::Stripped;
        }
        let unwinding = binary
            .unwinding
            .get_or_insert_with(|| Unwinding::of(&binary.elf));
        let goes_on = unwinding
            .as_ref()
            .is_some_and(|unwinding| unwinding.step(&mut stack, address, memory));
        if !goes_on {
            break;
        }
    }
    let function = frames.unnamed.iter().find_map(|at| function(*at, code));
    let place = function.map(|function| Place {
        file: Cow::Owned(program.path.to_string_lossy().into_owned()),
        line: 0,
        function: Some(Cow::Owned(function)),
    });
    place.or(frames.built_in).ok_or(missed)
}

/// What is known of the frames that are the program's.
#[derive(Debug, Default)]
struct Frames {
    /// The innermost line, of a library that is built into the program.
    built_in: Option<Place<'static>>,
    /// Where in memory those are that have no line of the program's own, the innermost first.
    unnamed: Vec<u64>,
}

impl Frames {
    /// The program's own line at an address, where it has one.
    fn line(&mut self, binary: &mut Binary, address: u64) -> Option<Place<'static>> {
        let lines = binary.lines.get_or_insert_with(|| Lines::of(&binary.elf));
        for place in lines.as_ref()?.at(address) {
            if !lines::is_built_in(&place.file) {
                return Some(place);
            }
            self.built_in.get_or_insert(place);
        }
        None
    }
}

/// The function there, if it has a name and is the program's own.
fn function(at: u64, code: &mut dyn Code) -> Option<String> {
    let (mapped, binary) = code.at(at)?;
    let address = binary.elf.own_address(&mapped, at)?;
    let names = binary.names.get_or_insert_with(|| Names::of(&binary.elf));
    names.at(address).filter(|name| !names::is_built_in(name))
}

/// C++ programs nest deep; a stack that goes on for longer is followed no further.
const MOST_FRAMES: usize = 256;
