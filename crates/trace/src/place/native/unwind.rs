//! One frame of a stack to the next outer one, by the call frame information of `.eh_frame` or `.debug_frame`.

use gimli::{
    BaseAddresses, CfaRule, CieOrFde, DebugFrame, DebugFrameOffset, EhFrame, EndianSlice,
    FrameDescriptionEntry, NativeEndian, ParsedEhFrameHdr, RegisterRule, UnwindContext,
    UnwindSection,
};

use crate::place::elf::{Elf, Section};
use crate::place::memory::Memory;
use crate::place::registers::Registers;

/// The registers of one frame.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    numbered: [u64; Registers::COUNT],
    pc: u64,
    /// A signal interrupted the frame: its pc is the instruction itself, not the one behind a call.
    interrupted: bool,
}

impl Stack {
    /// The innermost frame.
    pub(crate) fn new(registers: &Registers) -> Self {
        Self {
            numbered: registers.numbered,
            pc: registers.pc,
            interrupted: false,
        }
    }

    /// An address within the instruction that the frame is at.
    pub(crate) fn inside(&self) -> u64 {
        if self.interrupted {
            self.pc
        } else {
            self.pc.wrapping_sub(1)
        }
    }
}

/// The tables of one file.
#[derive(Debug)]
pub(crate) struct Unwinding {
    /// What exceptions need, `.eh_frame`; almost every file has it.
    exceptions: Option<Exceptions>,
    /// What debuggers need, `.debug_frame`; a program in Go has only this.
    debugging: Option<Debugging>,
}

#[derive(Debug)]
struct Exceptions {
    frames: Section,
    index: Option<Section>,
    bases: BaseAddresses,
}

#[derive(Debug)]
struct Debugging {
    frames: Section,
    /// Where the entry of each function is, by address: the section has no index of its own.
    index: Vec<(std::ops::Range<u64>, usize)>,
}

type Reader<'a> = EndianSlice<'a, NativeEndian>;
type Entry<'a> = FrameDescriptionEntry<Reader<'a>>;

impl Unwinding {
    /// `None` where a file has neither.
    pub(crate) fn of(elf: &Elf) -> Option<Self> {
        let exceptions = elf.section(".eh_frame").map(|frames| {
            let index = elf.section(".eh_frame_hdr");
            let mut bases = BaseAddresses::default().set_eh_frame(frames.address);
            if let Some(index) = &index {
                bases = bases.set_eh_frame_hdr(index.address);
            }
            Exceptions {
                frames,
                index,
                bases,
            }
        });
        let debugging = elf.section(".debug_frame").map(Debugging::new);
        (exceptions.is_some() || debugging.is_some()).then_some(Self {
            exceptions,
            debugging,
        })
    }

    /// Goes to the caller of the function that has the file's own `address`; false at the end of the stack, and where the
    /// tables don't say how.
    pub(crate) fn step(&self, stack: &mut Stack, address: u64, memory: &Memory<'_>) -> bool {
        let by_exceptions = self.exceptions.as_ref().and_then(|exceptions| {
            let frames = EhFrame::new(&exceptions.frames.bytes, NativeEndian);
            let entry = exceptions.entry(&frames, address)?;
            Some(stack.outer(&frames, &exceptions.bases, &entry, address, memory))
        });
        let outer = by_exceptions.or_else(|| {
            let debugging = self.debugging.as_ref()?;
            let frames = DebugFrame::new(&debugging.frames.bytes, NativeEndian);
            let entry = debugging.entry(&frames, address)?;
            let bases = BaseAddresses::default();
            Some(stack.outer(&frames, &bases, &entry, address, memory))
        });
        outer.flatten().map(|outer| *stack = outer).is_some()
    }
}

impl Exceptions {
    fn entry<'a>(&'a self, frames: &EhFrame<Reader<'a>>, address: u64) -> Option<Entry<'a>> {
        let Some(index) = &self.index else {
            return frames
                .fde_for_address(&self.bases, address, EhFrame::cie_from_offset)
                .ok();
        };
        let parsed: ParsedEhFrameHdr<Reader<'a>> =
            gimli::EhFrameHdr::new(&index.bytes, NativeEndian)
                .parse(&self.bases, ADDRESS_SIZE)
                .ok()?;
        parsed
            .table()?
            .fde_for_address(frames, &self.bases, address, EhFrame::cie_from_offset)
            .ok()
    }
}

impl Debugging {
    fn new(frames: Section) -> Self {
        let mut index = Vec::new();
        let section = DebugFrame::new(&frames.bytes, NativeEndian);
        let bases = BaseAddresses::default();
        let mut entries = section.entries(&bases);
        while let Ok(Some(entry)) = entries.next() {
            if let CieOrFde::Fde(partial) = entry
                && let Ok(entry) = partial.parse(DebugFrame::cie_from_offset)
            {
                let range = entry.initial_address()..entry.end_address();
                index.push((range, entry.offset()));
            }
        }
        index.sort_by_key(|(range, _)| range.start);
        Self { frames, index }
    }

    fn entry<'a>(&'a self, frames: &DebugFrame<Reader<'a>>, address: u64) -> Option<Entry<'a>> {
        let after = self
            .index
            .partition_point(|(range, _)| range.start <= address);
        let (range, offset) = self.index.get(after.checked_sub(1)?)?;
        if !range.contains(&address) {
            return None;
        }
        frames
            .fde_from_offset(
                &BaseAddresses::default(),
                DebugFrameOffset(*offset),
                DebugFrame::cie_from_offset,
            )
            .ok()
    }
}

impl Stack {
    /// The frame that called this one.
    fn outer<'a, S: UnwindSection<Reader<'a>>>(
        &self,
        frames: &S,
        bases: &BaseAddresses,
        entry: &Entry<'a>,
        address: u64,
        memory: &Memory<'_>,
    ) -> Option<Self> {
        let mut context = UnwindContext::new();
        let row = entry
            .unwind_info_for_address(frames, bases, &mut context, address)
            .ok()?;
        let register = |number: u16| self.numbered.get(usize::from(number)).copied();
        let canonical = match row.cfa() {
            CfaRule::RegisterAndOffset {
                register: base,
                offset,
            } => register(base.0)?.wrapping_add_signed(*offset),
            CfaRule::Expression(_) => return None,
        };
        // The stack of a caller is never below that of what it called.
        if canonical < register(STACK)? {
            return None;
        }
        let mut numbered = self.numbered;
        let mut caller = None;
        let returns_to = entry.cie().return_address_register();
        for (number, rule) in row.registers() {
            let value = match rule {
                RegisterRule::Undefined => None,
                RegisterRule::SameValue => register(number.0),
                RegisterRule::Offset(offset) => {
                    Some(memory.word(canonical.wrapping_add_signed(*offset))?)
                }
                RegisterRule::ValOffset(offset) => Some(canonical.wrapping_add_signed(*offset)),
                RegisterRule::Register(other) => register(other.0),
                RegisterRule::Constant(value) => Some(*value),
                _ => return None,
            };
            if *number == returns_to {
                caller = Some(value);
            }
            if let Some(slot) = numbered.get_mut(usize::from(number.0)) {
                *slot = value.unwrap_or_default();
            }
        }
        // A machine with a link register needs no rule for it in a function that calls nothing.
        let pc = match caller {
            Some(value) => value?,
            None if usize::from(returns_to.0) < Registers::STACK => register(returns_to.0)?,
            None => return None,
        };
        numbered[Registers::STACK] = canonical;
        let same = pc == self.pc && canonical == register(STACK)?;
        (pc != 0 && !same).then_some(Self {
            numbered,
            pc,
            interrupted: entry.is_signal_trampoline(),
        })
    }
}

const ADDRESS_SIZE: u8 = 8;
/// Small: a register's number.
#[expect(clippy::cast_possible_truncation, reason = "below 33")]
const STACK: u16 = Registers::STACK as u16;
