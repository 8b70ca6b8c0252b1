//! Where CPython keeps what leads to a line, in each version: offsets into its structures on a 64-bit machine.
//!
//! From 3.13 on the interpreter says so itself, in the table `_Py_DebugOffsets` at the start of `_PyRuntime`. Before, the
//! offsets are those of the headers, which stay the same within 3.8, 3.9 and so on.

use crate::place::memory::Memory;
use crate::place::python::lines::Table;

/// A version of CPython: 3 and this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Minor(pub(crate) u32);

/// Offsets in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) minor: Minor,
    /// `_PyRuntimeState.interpreters.head`.
    pub(crate) interpreters: u64,
    /// `PyInterpreterState.next`.
    pub(crate) next_interpreter: u64,
    /// `PyInterpreterState`: the first of its threads.
    pub(crate) threads: u64,
    pub(crate) thread: Thread,
    pub(crate) frame: Frame,
    pub(crate) code: Code,
    /// How long the head of a `str` of ASCII is, and of any other.
    pub(crate) text: Text,
}

/// `PyThreadState`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) previous: usize,
    pub(crate) next: usize,
    pub(crate) interpreter: usize,
    /// `thread_id`: what `pthread_self(3)` gave.
    pub(crate) id: usize,
    /// `native_thread_id`: what `gettid(2)` gave; from 3.11.
    pub(crate) native: Option<usize>,
    pub(crate) current: Current,
}

/// How a thread state leads to its innermost frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Current {
    /// It points to it.
    Frame(usize),
    /// It points to a `_PyCFrame`, and that to the frame.
    CFrame { at: usize, frame: u64 },
}

/// `PyFrameObject`, from 3.11 `_PyInterpreterFrame`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) previous: usize,
    pub(crate) code: usize,
    pub(crate) position: Position,
    /// `owner`, from 3.11: frames that no function of Python has are the C stack's.
    pub(crate) owner: Option<usize>,
}

/// How a frame says which instruction it is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// `f_lasti`, an `int` that counts bytes.
    Bytes(usize),
    /// `f_lasti`, an `int` that counts instructions of two bytes.
    Units(usize),
    /// A pointer into `co_code_adaptive`.
    Pointer(usize),
}

/// `PyCodeObject`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) filename: usize,
    pub(crate) name: usize,
    pub(crate) first_line: usize,
    pub(crate) lines: usize,
    pub(crate) table: Table,
    /// `co_code` (an object), from 3.11 `co_code_adaptive` (the instructions themselves).
    pub(crate) instructions: usize,
}

/// `PyASCIIObject` and `PyCompactUnicodeObject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) ascii_head: u64,
    pub(crate) other_head: u64,
}

impl Layout {
    /// The headers' offsets of a version that has no table of its own.
    pub(crate) fn of_headers(minor: Minor) -> Option<Self> {
        match minor.0 {
            8 | 9 => Some(Self::of_frame_objects(
                minor,
                Position::Bytes(104),
                Table::Notab,
            )),
            10 => Some(Self::of_frame_objects(
                minor,
                Position::Units(96),
                Table::Ranges,
            )),
            11 => Some(Self {
                minor,
                interpreters: 40,
                next_interpreter: 0,
                threads: 16,
                thread: Thread {
                    previous: 0,
                    next: 8,
                    interpreter: 16,
                    id: 152,
                    native: Some(160),
                    current: Current::CFrame { at: 56, frame: 8 },
                },
                frame: Frame {
                    previous: 48,
                    code: 32,
                    position: Position::Pointer(56),
                    owner: Some(69),
                },
                code: Code {
                    filename: 112,
                    name: 120,
                    first_line: 72,
                    lines: 136,
                    table: Table::Locations,
                    instructions: 184,
                },
                text: Text::WITH_WIDE_POINTER,
            }),
            12 => Some(Self {
                minor,
                interpreters: 40,
                next_interpreter: 0,
                threads: 72,
                thread: Thread {
                    previous: 0,
                    next: 8,
                    interpreter: 16,
                    id: 136,
                    native: Some(144),
                    current: Current::CFrame { at: 56, frame: 0 },
                },
                frame: Frame {
                    previous: 8,
                    code: 0,
                    position: Position::Pointer(56),
                    owner: Some(70),
                },
                code: Code {
                    filename: 112,
                    name: 120,
                    first_line: 68,
                    lines: 136,
                    table: Table::Locations,
                    instructions: 192,
                },
                text: Text::NARROW,
            }),
            _ => None,
        }
    }

    fn of_frame_objects(minor: Minor, position: Position, table: Table) -> Self {
        Self {
            minor,
            interpreters: 32,
            next_interpreter: 0,
            threads: 8,
            thread: Thread {
                previous: 0,
                next: 8,
                interpreter: 16,
                id: 176,
                native: None,
                current: Current::Frame(24),
            },
            frame: Frame {
                previous: 24,
                code: 32,
                position,
                owner: None,
            },
            code: Code {
                filename: 104,
                name: 112,
                first_line: 40,
                lines: 120,
                table,
                instructions: 48,
            },
            text: Text::WITH_WIDE_POINTER,
        }
    }

    /// What `_PyRuntime` says of itself; `None` before 3.13, and where it is not laid out as one of the versions known.
    pub(crate) fn of_debug_offsets(runtime: u64, memory: &Memory<'_>) -> Option<Self> {
        let table = memory.block::<{ WORDS * 8 }>(runtime)?;
        let at = |word: usize| table.word(word * 8);
        if at(0)? != u64::from_ne_bytes(*COOKIE) {
            return None;
        }
        let minor = minor_of(at(1)?)?;
        if is_free_threaded(runtime, memory) {
            return None;
        }
        let words = match minor.0 {
            13 => Words::PYTHON_3_13,
            14 => Words::PYTHON_3_14,
            15 => Words::PYTHON_3_15,
            _ => return None,
        };
        // Offsets that have been the same from 3.8 on: where one of them differs, this is another table than it seems.
        let known = at(words.object_type)? == 8
            && at(words.bytes_data)? == 32
            && at(words.text_length)? == 16
            && at(words.text_state)? == 32
            && at(words.ascii_head)? == Text::NARROW.ascii_head;
        if !known {
            return None;
        }
        let small = |word: usize| usize::try_from(at(word)?).ok().filter(|at| *at < 1024);
        Some(Self {
            minor,
            interpreters: at(5)?,
            next_interpreter: at(8)?,
            threads: at(9)?,
            thread: Thread {
                previous: small(words.thread + 1)?,
                next: small(words.thread + 2)?,
                interpreter: small(words.thread + 3)?,
                id: small(words.thread_id)?,
                native: Some(small(words.thread_id + 1)?),
                current: Current::Frame(small(words.thread + 4)?),
            },
            frame: Frame {
                previous: small(words.frame + 1)?,
                code: small(words.frame + 2)?,
                position: Position::Pointer(small(words.frame + 3)?),
                owner: Some(small(words.frame + 5)?),
            },
            code: Code {
                filename: small(words.code + 1)?,
                name: small(words.code + 2)?,
                first_line: small(words.code + 5)?,
                lines: small(words.code + 4)?,
                table: Table::Locations,
                instructions: small(words.code + 9)?,
            },
            text: Text::NARROW,
        })
    }
}

impl Text {
    /// To 3.11 each `str` had room for a pointer to `wchar_t`.
    const WITH_WIDE_POINTER: Self = Self {
        ascii_head: 48,
        other_head: 72,
    };
    const NARROW: Self = Self {
        ascii_head: 40,
        other_head: 56,
    };
}

/// Whether an interpreter of 3.13 or later is built without the global lock: strings and instructions are kept otherwise then.
pub(crate) fn is_free_threaded(runtime: u64, memory: &Memory<'_>) -> bool {
    memory.word(runtime + 16) != Some(0)
}

/// Of `PY_VERSION_HEX`, which `Py_Version` holds too.
pub(crate) fn minor_of(hex: u64) -> Option<Minor> {
    let major = hex >> 24;
    (major == 3).then_some(Minor(u32::try_from(hex >> 16 & 0xff).ok()?))
}

/// Where in the table a version has what: words of eight bytes, each group from its `size` on.
struct Words {
    thread: usize,
    thread_id: usize,
    frame: usize,
    code: usize,
    object_type: usize,
    bytes_data: usize,
    text_state: usize,
    text_length: usize,
    ascii_head: usize,
}

impl Words {
    const PYTHON_3_13: Self = Self {
        thread: 19,
        thread_id: 24,
        frame: 28,
        code: 34,
        object_type: 45,
        bytes_data: 66,
        text_state: 68,
        text_length: 69,
        ascii_head: 70,
    };
    const PYTHON_3_14: Self = Self {
        thread: 22,
        thread_id: 27,
        frame: 31,
        code: 39,
        object_type: 51,
        bytes_data: 76,
        text_state: 78,
        text_length: 79,
        ascii_head: 80,
    };
    const PYTHON_3_15: Self = Self {
        thread: 22,
        thread_id: 30,
        frame: 39,
        code: 47,
        object_type: 59,
        bytes_data: 88,
        text_state: 90,
        text_length: 91,
        ascii_head: 92,
    };
}

const COOKIE: &[u8; 8] = b"xdebugpy";
/// Words of the table that are read.
const WORDS: usize = 93;
