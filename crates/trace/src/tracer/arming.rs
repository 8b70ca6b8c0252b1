//! Filters for sockets that have come alive: the traced thread is made to install them itself, between two calls of its own.

use std::io;
use std::ops::RangeInclusive;

use super::Tracer;
use super::filter::{self, Instruction};
use crate::sys::memory;
use crate::sys::ptrace::{self, CallStop, Resume};
use crate::sys::registers::{CALL, Registers};
use crate::sys::wait::{self, CALL_STOP, Status};

/// Descriptors that get a filter each; later ones share filters over ranges that double in length.
const SINGLE: u32 = 64;
/// Length of the first range.
const FIRST_RANGE: u32 = 16;
/// Ranges in one filter at most: a jump reaches 255 instructions.
pub(super) const AT_ONCE: u32 = 16;

/// What is watched of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Watch {
    /// That it is made, doubled and closed: all that a listener does by calls that files have too.
    Life,
    /// That data moves as well.
    Data,
}

/// Which descriptors of a process have filters. A filter is never taken off, so this only grows.
#[derive(Clone, Debug, Default)]
pub(super) struct Armed {
    ranges: Vec<(RangeInclusive<u32>, Watch)>,
    singles: u32,
    length: u32,
}

impl Armed {
    fn covers(&self, descriptor: u32, watch: Watch) -> bool {
        self.ranges
            .iter()
            .any(|(range, has)| *has >= watch && range.contains(&descriptor))
    }

    /// Adds what is needed for `descriptor`.
    fn add(&mut self, descriptor: u32, watch: Watch) {
        if self.covers(descriptor, watch) {
            return;
        }
        let last = if self.singles < SINGLE {
            self.singles += 1;
            descriptor
        } else {
            self.length = (self.length * 2).max(FIRST_RANGE);
            descriptor.saturating_add(self.length - 1)
        };
        self.ranges.push((descriptor..=last, watch));
    }

    /// The filters for what was added behind the first `had`.
    fn filters(&self, had: usize, read_write: bool) -> Vec<Vec<Instruction>> {
        let mut filters = Vec::new();
        for watch in [Watch::Life, Watch::Data] {
            let ranges: Vec<_> = self.ranges[had..]
                .iter()
                .filter(|(_, of)| *of == watch)
                .map(|(range, _)| range.clone())
                .collect();
            for some in ranges.chunks(AT_ONCE as usize) {
                let data = read_write && watch == Watch::Data;
                filters.push(filter::on_descriptors(some, data));
            }
        }
        filters
    }
}

/// Why a call could not be made in a thread's place.
enum Uninjected {
    /// Something else has happened to it, which is dealt with next.
    Interrupted,
    /// The system does not let us.
    Refused,
}

impl From<io::Error> for Uninjected {
    fn from(_: io::Error) -> Self {
        Self::Refused
    }
}

impl Tracer {
    /// Installs the filters that the process of `thread`, which is at the end of a call, is to have by now.
    pub(super) fn arm(&mut self, thread: u32) {
        let Some(pid) = self.process_of(thread) else {
            return;
        };
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        if process.wanted.is_empty() {
            return;
        }
        if process.every_call {
            process.wanted.clear();
            return;
        }
        if process.own_filter {
            // Its own filter may kill it for a call that it does not make itself.
            process.watch_every_call();
            return;
        }
        let mut armed = process.armed.clone();
        let had = armed.ranges.len();
        for &(descriptor, watch) in &process.wanted {
            armed.add(descriptor, watch);
        }
        let scratch = process.scratch;
        let mut outcome = Ok(scratch);
        for filter in armed.filters(had, self.options.read_write) {
            outcome = match outcome {
                Ok(scratch) => self.install(thread, scratch, &filter).map(Some),
                failed => failed,
            };
        }
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        match outcome {
            Ok(scratch) => {
                process.armed = armed;
                process.scratch = scratch;
                process.wanted.clear();
            }
            // Tried again at the end of its next call.
            Err(Uninjected::Interrupted) => {}
            Err(Uninjected::Refused) => process.watch_every_call(),
        }
    }

    /// Makes `thread` install one filter; gives where in its memory filters can be laid.
    fn install(
        &mut self,
        thread: u32,
        scratch: Option<u64>,
        filter: &[Instruction],
    ) -> Result<u64, Uninjected> {
        let before = Registers::of(thread)?;
        let blocked = ptrace::blocked(thread)?;
        ptrace::set_blocked(thread, u64::MAX)?;
        let Ok(instruction) = CallInstruction::place(thread, &before) else {
            ptrace::set_blocked(thread, blocked)?;
            return Err(Uninjected::Refused);
        };
        let result = self.install_with(thread, &before, instruction.at, scratch, filter);
        if !matches!(result, Err(Uninjected::Interrupted)) || self.is_stopped(thread) {
            instruction.take_back(thread);
            before.put(thread)?;
            ptrace::set_blocked(thread, blocked)?;
        }
        result
    }

    fn install_with(
        &mut self,
        thread: u32,
        before: &Registers,
        at: u64,
        scratch: Option<u64>,
        filter: &[Instruction],
    ) -> Result<u64, Uninjected> {
        let mut call = |number, arguments| self.inject(thread, before, at, number, arguments);
        let scratch = match scratch {
            Some(scratch) => scratch,
            None => page(&mut call)?,
        };
        memory::write(thread, scratch, &laid_out(scratch, filter))?;
        let seccomp = [
            u64::from(libc::SECCOMP_SET_MODE_FILTER),
            libc::SECCOMP_FILTER_FLAG_TSYNC,
            scratch,
            0,
            0,
            0,
        ];
        let mut installed = call(libc::SYS_seccomp, seccomp)?;
        if installed == -i64::from(libc::EACCES) {
            // It has given up being root since it was started.
            let no_new_privileges = [38, 1, 0, 0, 0, 0];
            call(libc::SYS_prctl, no_new_privileges)?;
            installed = call(libc::SYS_seccomp, seccomp)?;
        }
        if installed == 0 {
            Ok(scratch)
        } else {
            Err(Uninjected::Refused)
        }
    }

    /// One call in the thread's place, from one stop to the next but one.
    fn inject(
        &mut self,
        thread: u32,
        before: &Registers,
        at: u64,
        number: i64,
        arguments: [u64; 6],
    ) -> Result<i64, Uninjected> {
        let mut registers = *before;
        registers.set_call(at, number, arguments);
        registers.put(thread)?;
        // Its entry and its return.
        let mut left = 2;
        while left > 0 {
            ptrace::resume(thread, Resume::ToCall, 0)?;
            let status = loop {
                match wait::wait(Some(thread)) {
                    Ok((_, status)) => break status,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error.into()),
                }
            };
            match status {
                Status::Stopped {
                    signal: CALL_STOP,
                    event: 0,
                } => left -= 1,
                // Our first filter stops at whoever installs one.
                Status::Stopped {
                    event: libc::PTRACE_EVENT_SECCOMP,
                    ..
                } => {}
                _ => {
                    self.deferred.push_back((thread, status));
                    return Err(Uninjected::Interrupted);
                }
            }
        }
        match ptrace::call_stop(thread)? {
            CallStop::Exit { returned } => Ok(returned),
            _ => Err(Uninjected::Refused),
        }
    }

    /// Whether what has happened to `thread` last is a stop, in which it can be written to.
    fn is_stopped(&self, thread: u32) -> bool {
        self.deferred
            .iter()
            .any(|&(of, status)| of == thread && matches!(status, Status::Stopped { .. }))
    }
}

/// A page of the process' own, where filters are laid: below its stack there may be somebody else's memory.
fn page(
    call: &mut impl FnMut(i64, [u64; 6]) -> Result<i64, Uninjected>,
) -> Result<u64, Uninjected> {
    let arguments = [
        0,
        PAGE,
        (libc::PROT_READ | libc::PROT_WRITE) as u64,
        (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64,
        u64::MAX,
        0,
    ];
    match u64::try_from(call(libc::SYS_mmap, arguments)?) {
        Ok(page) if page != 0 => Ok(page),
        _ => Err(Uninjected::Refused),
    }
}

/// Room for the longest filter.
const PAGE: u64 = 4 * 4096;

/// `struct sock_fprog` and the instructions it points to, as they are to lie at `at`.
fn laid_out(at: u64, filter: &[Instruction]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + filter.len() * 8);
    bytes.extend((filter.len() as u64).to_ne_bytes());
    bytes.extend((at + 16).to_ne_bytes());
    for instruction in filter {
        bytes.extend(instruction.to_bytes());
    }
    bytes
}

/// The instruction by which an injected call is made.
struct CallInstruction {
    at: u64,
    /// What stood there before, where it had to be written.
    over: Option<u64>,
}

impl CallInstruction {
    /// The one just used, where the thread is at the end of a call it made itself; else one is written where it goes on.
    fn place(thread: u32, registers: &Registers) -> io::Result<Self> {
        let here = registers.instruction();
        let used = here.wrapping_sub(CALL.len() as u64);
        let mut found = [0; CALL.len()];
        if memory::read(thread, used, &mut found) == CALL.len() && found == CALL {
            return Ok(Self {
                at: used,
                over: None,
            });
        }
        let word = ptrace::peek(thread, here)?;
        let mut bytes = word.to_ne_bytes();
        bytes[..CALL.len()].copy_from_slice(CALL);
        ptrace::poke(thread, here, u64::from_ne_bytes(bytes))?;
        Ok(Self {
            at: here,
            over: Some(word),
        })
    }

    fn take_back(&self, thread: u32) {
        if let Some(word) = self.over {
            // It fails only when the thread is gone.
            let _gone = ptrace::poke(thread, self.at, word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_thousand_descriptors_need_some_seventy_filters() {
        let mut armed = Armed::default();
        for descriptor in 3..2003 {
            armed.add(descriptor, Watch::Data);
            assert!(armed.covers(descriptor, Watch::Data));
        }
        assert!(armed.ranges.len() <= 72, "{}", armed.ranges.len());
    }

    #[test]
    fn a_few_descriptors_are_armed_each_alone() {
        let mut armed = Armed::default();
        for descriptor in [3, 7, 3, 900] {
            armed.add(descriptor, Watch::Data);
        }
        let ranges = [3..=3, 7..=7, 900..=900].map(|range| (range, Watch::Data));
        assert_eq!(armed.ranges, ranges);
        assert!(!armed.covers(4, Watch::Life));
    }

    #[test]
    fn a_listener_that_gives_its_number_to_a_connection_gets_a_second_filter() {
        let mut armed = Armed::default();
        armed.add(3, Watch::Life);
        assert!(armed.covers(3, Watch::Life) && !armed.covers(3, Watch::Data));
        assert_eq!(
            armed.filters(0, true),
            [filter::on_descriptors(&[3..=3], false)]
        );
        armed.add(3, Watch::Data);
        armed.add(3, Watch::Life);
        assert_eq!(
            armed.filters(1, true),
            [filter::on_descriptors(&[3..=3], true)]
        );
    }

    #[test]
    fn a_filter_lies_behind_the_header_that_points_to_it() {
        let filter = filter::on_descriptors(&[5..=5], true);
        let bytes = laid_out(0x1000, &filter);
        assert_eq!(bytes.len(), 16 + filter.len() * 8);
        assert_eq!(bytes[..8], (filter.len() as u64).to_ne_bytes());
        assert_eq!(bytes[8..16], 0x1010_u64.to_ne_bytes());
        assert!(bytes.len() as u64 <= PAGE);
    }
}
