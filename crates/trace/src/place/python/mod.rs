//! The line of a Python program: the frames of CPython, read from its memory while the thread is stopped.
//!
//! Nothing runs in the program for it and nothing in it is changed. Every object on the way is asked for its type, so that a
//! pointer read at a bad moment, or in an interpreter built otherwise, ends in no line and never in a wrong one.

mod layout;
mod lines;
mod whose;

use std::borrow::Cow;
use std::collections::HashMap;

use sockeye_model::Place;

use self::layout::{Current, Layout, Minor, Position, Text};
pub(crate) use self::lines::Table;
use self::whose::{Whose, whose};
use crate::place::Lacking;
use crate::place::elf::Symbols;
use crate::place::memory::{Block, Memory};
use crate::place::registers::Registers;

/// A CPython in a process.
#[derive(Clone, Debug)]
pub(crate) struct Python {
    layout: Layout,
    /// Where `_PyRuntime` is.
    runtime: u64,
    types: Types,
    /// Where the state of a thread was the last time: the list of a thousand threads is long.
    states: HashMap<u32, u64>,
}

/// Where the types are that the objects on the way have.
#[derive(Clone, Copy, Debug)]
struct Types {
    code: u64,
    text: u64,
    bytes: u64,
}

/// The symbols of an interpreter that [`Python::new`] looks at.
pub(crate) const SYMBOLS: [&str; 8] = [
    RUNTIME,
    VERSION,
    "PyCode_Type",
    "PyUnicode_Type",
    "PyBytes_Type",
    SINCE_3_8,
    SINCE_3_9,
    SINCE_3_10,
];
/// What says that a program or library is CPython, of 3.7 or later.
pub(crate) const RUNTIME: &str = "_PyRuntime";
/// `PY_VERSION_HEX`, since 3.11.
const VERSION: &str = "Py_Version";
const SINCE_3_8: &str = "PyCode_NewWithPosOnlyArgs";
const SINCE_3_9: &str = "PyObject_CallNoArgs";
const SINCE_3_10: &str = "PyIter_Send";

impl Python {
    /// The interpreter that has these symbols, each at its address in the process.
    ///
    /// # Errors
    /// Its version is not known here, or it is built without the global lock.
    pub(crate) fn new(symbols: Symbols<'_>, memory: &Memory<'_>) -> Result<Self, Lacking> {
        let unknown = |version: Option<Minor>| Lacking::Python {
            version: version.map(|minor| {
                let runtime = symbols.address(RUNTIME).unwrap_or_default();
                let is_free =
                    minor >= FIRST_WITH_OFFSETS && layout::is_free_threaded(runtime, memory);
                format!("3.{}{}", minor.0, if is_free { "t" } else { "" })
            }),
        };
        let runtime = symbols.address(RUNTIME).ok_or_else(|| unknown(None))?;
        let minor = minor(symbols, memory);
        let layout = match minor {
            Some(minor) if minor >= FIRST_WITH_OFFSETS => {
                Layout::of_debug_offsets(runtime, memory).filter(|layout| layout.minor == minor)
            }
            Some(minor) => Layout::of_headers(minor),
            None => None,
        };
        let all = || {
            Some(Self {
                layout: layout?,
                runtime,
                types: Types {
                    code: symbols.address("PyCode_Type")?,
                    text: symbols.address("PyUnicode_Type")?,
                    bytes: symbols.address("PyBytes_Type")?,
                },
                states: HashMap::new(),
            })
        };
        all().ok_or_else(|| unknown(minor))
    }

    /// The line that `thread` is at: the innermost of the programmer's own.
    pub(crate) fn place_of(
        &mut self,
        thread: u32,
        registers: &Registers,
        memory: &Memory<'_>,
    ) -> Option<Place<'static>> {
        let state = self.thread_state(thread, registers, memory)?;
        let mut best: Option<(Whose, Place<'static>)> = None;
        let mut prefix = None;
        let mut frame = self.innermost(&state, memory)?;
        for _ in 0..MOST_FRAMES {
            if frame == 0 {
                break;
            }
            let block = memory.block::<FRAME>(frame)?;
            if let Some(code) = self.code_of(&block, memory)? {
                let file = self.text(code.word(self.layout.code.filename)?, memory)?;
                let whose = whose(&file, &mut prefix);
                if best.as_ref().is_none_or(|(before, _)| whose < *before)
                    && let Some(line) = self.line(&block, &code, memory)?
                {
                    best = Some((whose, self.place(&code, file, line, memory)?));
                }
            }
            if matches!(best, Some((Whose::Own, _))) {
                break;
            }
            frame = block.word(self.layout.frame.previous)?;
        }
        best.map(|(_, place)| place)
    }

    /// The state of the thread that is stopped.
    fn thread_state(
        &mut self,
        thread: u32,
        registers: &Registers,
        memory: &Memory<'_>,
    ) -> Option<Block<THREAD>> {
        if let Some(at) = self.states.get(&thread)
            && let Some(state) = self.listed(*at, memory)
            && self.is_of(&state, thread, registers) == Some(true)
        {
            return Some(state);
        }
        let (at, state) = self.find_state(thread, registers, memory)?;
        if self.states.len() >= MOST_THREADS {
            self.states.clear();
        }
        self.states.insert(thread, at);
        Some(state)
    }

    /// The state at an address, if it is still in the list of its interpreter's threads.
    fn listed(&self, at: u64, memory: &Memory<'_>) -> Option<Block<THREAD>> {
        let layout = &self.layout.thread;
        let state = memory.block::<THREAD>(at)?;
        let link = match state.word(layout.previous)? {
            0 => state
                .word(layout.interpreter)?
                .checked_add(self.layout.threads)?,
            previous => previous.checked_add(layout.next as u64)?,
        };
        (memory.word(link)? == at).then_some(state)
    }

    fn is_of(&self, state: &Block<THREAD>, thread: u32, registers: &Registers) -> Option<bool> {
        let layout = &self.layout.thread;
        Some(match (registers.thread_pointer, layout.native) {
            (Some(pointer), _) => state.word(layout.id)? == pointer,
            (None, Some(native)) => state.word(native)? == u64::from(thread),
            (None, None) => false,
        })
    }

    /// Goes through all threads of all interpreters. A thread that is in more than one interpreter has several states: which
    /// of them runs can't be told.
    fn find_state(
        &self,
        thread: u32,
        registers: &Registers,
        memory: &Memory<'_>,
    ) -> Option<(u64, Block<THREAD>)> {
        let layout = &self.layout;
        let mut found = None;
        let mut interpreter = memory.word(self.runtime + layout.interpreters)?;
        for _ in 0..MOST_INTERPRETERS {
            if interpreter == 0 {
                break;
            }
            let mut at = memory.word(interpreter.checked_add(layout.threads)?)?;
            for _ in 0..MOST_THREADS {
                if at == 0 {
                    break;
                }
                let state = memory.block::<THREAD>(at)?;
                if state.word(layout.thread.interpreter)? != interpreter {
                    return None;
                }
                let next = state.word(layout.thread.next)?;
                if self.is_of(&state, thread, registers)? && found.replace((at, state)).is_some() {
                    return None;
                }
                at = next;
            }
            interpreter = memory.word(interpreter.checked_add(layout.next_interpreter)?)?;
        }
        found
    }

    fn innermost(&self, state: &Block<THREAD>, memory: &Memory<'_>) -> Option<u64> {
        match self.layout.thread.current {
            Current::Frame(at) => state.word(at),
            Current::CFrame { at, frame } => memory.word(state.word(at)?.checked_add(frame)?),
        }
    }

    /// The code that a frame runs; `Some(None)` where it is one that the interpreter makes for itself.
    #[expect(
        clippy::option_option,
        reason = "no frame of a function is not the same as nothing that could be read"
    )]
    fn code_of(&self, frame: &Block<FRAME>, memory: &Memory<'_>) -> Option<Option<Code>> {
        let layout = &self.layout.frame;
        if let Some(owner) = layout.owner
            && frame.byte(owner)? >= OWNED_BY_INTERPRETER
        {
            return Some(None);
        }
        // From 3.14 on the lowest bits say who counts the reference.
        let at = frame.word(layout.code)? & !7;
        let block = memory.block::<CODE>(at)?;
        (block.word(OBJECT_TYPE)? == self.types.code).then_some(Some(Code { at, block }))
    }

    fn place(
        &self,
        code: &Code,
        file: String,
        line: u32,
        memory: &Memory<'_>,
    ) -> Option<Place<'static>> {
        let function = self.text(code.word(self.layout.code.name)?, memory)?;
        Some(Place {
            file: Cow::Owned(file),
            line,
            function: (function != "<module>").then_some(Cow::Owned(function)),
        })
    }

    /// The line that a frame is at; `Some(None)` where it is at an instruction that the compiler added.
    #[expect(
        clippy::option_option,
        reason = "no line is not the same as nothing that could be read"
    )]
    fn line(&self, frame: &Block<FRAME>, code: &Code, memory: &Memory<'_>) -> Option<Option<u32>> {
        let offset = self.offset(frame, code, memory)?;
        let first = code.block.int(self.layout.code.first_line)?;
        let table = self.table(code.word(self.layout.code.lines)?, memory)?;
        Some(self.layout.code.table.line(&table, first, offset))
    }

    /// How many bytes of instructions are before the one the frame is at.
    fn offset(&self, frame: &Block<FRAME>, code: &Code, memory: &Memory<'_>) -> Option<u32> {
        let instructions = self.layout.code.instructions;
        let offset = match self.layout.frame.position {
            Position::Bytes(at) => u32::try_from(frame.int(at)?).ok()?,
            Position::Units(at) => u32::try_from(frame.int(at)?).ok()?.checked_mul(2)?,
            Position::Pointer(at) => {
                let start = code.at.checked_add(instructions as u64)?;
                u32::try_from(frame.word(at)?.checked_sub(start)?).ok()?
            }
        };
        let length = match self.layout.code.table {
            Table::Notab | Table::Ranges => {
                let object = memory.block::<BYTES>(code.word(instructions)?)?;
                (object.word(OBJECT_TYPE)? == self.types.bytes).then_some(())?;
                object.word(OBJECT_SIZE)?
            }
            Table::Locations => code.word(OBJECT_SIZE)?.checked_mul(2)?,
        };
        (u64::from(offset) < length && offset % 2 == 0).then_some(offset)
    }

    /// The bytes of a `bytes` object.
    fn table(&self, at: u64, memory: &Memory<'_>) -> Option<Vec<u8>> {
        let object = memory.block::<BYTES>(at)?;
        if object.word(OBJECT_TYPE)? != self.types.bytes {
            return None;
        }
        memory.bytes(at + BYTES as u64, object.word(OBJECT_SIZE)?, LONGEST_TABLE)
    }

    /// The text of a `str` object.
    fn text(&self, at: u64, memory: &Memory<'_>) -> Option<String> {
        let object = memory.block::<TEXT>(at)?;
        if object.word(OBJECT_TYPE)? != self.types.text {
            return None;
        }
        let state = object.int(32)?;
        let (width, compact, ascii) = (state >> 2 & 7, state >> 5 & 1 == 1, state >> 6 & 1 == 1);
        if !compact {
            return None;
        }
        let Text {
            ascii_head,
            other_head,
        } = self.layout.text;
        let data = at + if ascii { ascii_head } else { other_head };
        let width = u64::try_from(width).ok()?;
        let length = object.word(OBJECT_SIZE)?.checked_mul(width)?;
        let bytes = memory.bytes(data, length, LONGEST_NAME)?;
        let characters = |of: &[u32]| -> String {
            of.iter()
                .map(|code| char::from_u32(*code).unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        };
        Some(match width {
            1 => bytes.iter().copied().map(char::from).collect(),
            2 => characters(
                &bytes
                    .chunks_exact(2)
                    .map(|two| u32::from(u16::from_ne_bytes([two[0], two[1]])))
                    .collect::<Vec<_>>(),
            ),
            4 => characters(
                &bytes
                    .chunks_exact(4)
                    .map(|four| u32::from_ne_bytes([four[0], four[1], four[2], four[3]]))
                    .collect::<Vec<_>>(),
            ),
            _ => return None,
        })
    }
}

/// A code object.
struct Code {
    at: u64,
    block: Block<CODE>,
}

impl Code {
    fn word(&self, offset: usize) -> Option<u64> {
        self.block.word(offset)
    }
}

fn minor(symbols: Symbols<'_>, memory: &Memory<'_>) -> Option<Minor> {
    if let Some(at) = symbols.address(VERSION) {
        return layout::minor_of(memory.word(at)?);
    }
    [(SINCE_3_10, 10), (SINCE_3_9, 9), (SINCE_3_8, 8)]
        .into_iter()
        .find(|(symbol, _)| symbols.address(symbol).is_some())
        .map(|(_, minor)| Minor(minor))
}

const FIRST_WITH_OFFSETS: Minor = Minor(13);
/// `PyObject.ob_type` and `PyVarObject.ob_size`; the length of a `str` is at the same place.
const OBJECT_TYPE: usize = 8;
const OBJECT_SIZE: usize = 16;
/// `FRAME_OWNED_BY_CSTACK` of 3.12, and what came at its place later.
const OWNED_BY_INTERPRETER: u8 = 3;

/// How much of each structure is read: up to the last member that is looked at.
const THREAD: usize = 184;
const FRAME: usize = 112;
const CODE: usize = 144;
const BYTES: usize = 32;
const TEXT: usize = 40;

/// Python's own limit on recursion is 1,000 frames; who raises it has the lines of the innermost frames.
const MOST_FRAMES: usize = 2_000;
const MOST_THREADS: usize = 20_000;
const MOST_INTERPRETERS: usize = 64;
const LONGEST_NAME: usize = 16 * 1024;
const LONGEST_TABLE: usize = 4 * 1024 * 1024;
