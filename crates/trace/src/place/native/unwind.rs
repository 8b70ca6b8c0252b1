//! One frame of a stack to the next outer one, by the call frame information of `.eh_frame`.

use gimli::{
    BaseAddresses, CfaRule, EhFrame, EndianSlice, NativeEndian, ParsedEhFrameHdr, RegisterRule,
    UnwindContext, UnwindSection,
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
    frames: Section,
    index: Option<Section>,
    bases: BaseAddresses,
}

type Reader<'a> = EndianSlice<'a, NativeEndian>;

impl Unwinding {
    /// `None` where a file has no `.eh_frame`.
    pub(crate) fn of(elf: &Elf) -> Option<Self> {
        let frames = elf.section(".eh_frame")?;
        let index = elf.section(".eh_frame_hdr");
        let mut bases = BaseAddresses::default().set_eh_frame(frames.address);
        if let Some(index) = &index {
            bases = bases.set_eh_frame_hdr(index.address);
        }
        Some(Self {
            frames,
            index,
            bases,
        })
    }

    /// Goes to the caller of the function that has the file's own `address`; false at the end of the stack, and where the
    /// tables don't say how.
    pub(crate) fn step(&self, stack: &mut Stack, address: u64, memory: &Memory<'_>) -> bool {
        self.outer(stack, address, memory)
            .map(|outer| *stack = outer)
            .is_some()
    }

    fn outer(&self, stack: &Stack, address: u64, memory: &Memory<'_>) -> Option<Stack> {
        let frames = EhFrame::new(&self.frames.bytes, NativeEndian);
        let entry = match self.indexed(&frames, address) {
            Some(entry) => entry,
            None if self.index.is_none() => frames
                .fde_for_address(&self.bases, address, EhFrame::cie_from_offset)
                .ok()?,
            None => return None,
        };
        let mut context = UnwindContext::new();
        let row = entry
            .unwind_info_for_address(&frames, &self.bases, &mut context, address)
            .ok()?;
        let register = |number: u16| stack.numbered.get(usize::from(number)).copied();
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
        let mut numbered = stack.numbered;
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
        let same = pc == stack.pc && canonical == register(STACK)?;
        (pc != 0 && !same).then_some(Stack {
            numbered,
            pc,
            interrupted: entry.is_signal_trampoline(),
        })
    }

    fn indexed<'a>(
        &'a self,
        frames: &EhFrame<Reader<'a>>,
        address: u64,
    ) -> Option<gimli::FrameDescriptionEntry<Reader<'a>>> {
        let index = self.index.as_ref()?;
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

const ADDRESS_SIZE: u8 = 8;
/// Small: a register's number.
#[expect(clippy::cast_possible_truncation, reason = "below 33")]
const STACK: u16 = Registers::STACK as u16;
