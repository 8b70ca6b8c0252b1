//! The kernel's own call behind an event, in the manner of strace(1): what the program gave, and what came back.
//!
//! What the kernel reads is written down when the call is entered, what it fills in when it has returned. Garbage behind a
//! pointer gives the pointer.

mod flags;
mod rows;
mod structures;
#[cfg(test)]
mod tests;

use sockeye_model::{Errno, Kind, Note, SocketId};

use super::addresses::filled_in;
use super::decode::{Message, Syscall, int, read_bytes, read_int, room};
use super::{Pending, World, failure, options};
use crate::made::{Entry, Made};
use crate::tracee::Tracee;
use rows::{Shape, row};
use structures::pointer;

/// What a program gave to the kernel.
#[derive(Clone, Debug)]
pub(super) struct Gave {
    name: &'static str,
    arguments: Vec<String>,
    /// Descriptors that a wait is for.
    waits_for: Vec<i32>,
}

impl Gave {
    /// A call that is about to be made.
    pub(super) fn of(entry: &Entry, tracee: &dyn Tracee) -> Option<Self> {
        let (name, shapes) = row(entry.number)?;
        let ask = Ask { entry, tracee };
        let shapes = shapes.iter().enumerate();
        Some(Self {
            name,
            arguments: shapes
                .filter_map(|(index, shape)| ask.given(index, *shape))
                .collect(),
            waits_for: ask.waits_for(),
        })
    }

    /// Puts in what the kernel has filled in.
    fn fill(&mut self, entry: &Entry, returned: i64, tracee: &dyn Tracee) {
        let Some((_, shapes)) = row(entry.number) else {
            return;
        };
        let ask = Ask { entry, tracee };
        for (index, (text, shape)) in self.arguments.iter_mut().zip(shapes).enumerate() {
            if let Some(filled) = ask.filled(index, *shape, text, returned) {
                *text = filled;
            }
        }
    }
}

/// A call whose arguments are looked at.
struct Ask<'a> {
    entry: &'a Entry,
    tracee: &'a dyn Tracee,
}

impl Ask<'_> {
    fn argument(&self, index: usize) -> u64 {
        self.entry.arguments.get(index).copied().unwrap_or_default()
    }

    fn int(&self, index: usize) -> i32 {
        int(self.argument(index))
    }

    /// A length as the kernel takes it: an `int` that is not below 0.
    fn len(&self, index: usize) -> u64 {
        u64::try_from(self.int(index)).unwrap_or(0)
    }

    /// An argument as it was given; `None`: this call has none.
    fn given(&self, index: usize, shape: Shape) -> Option<String> {
        let (value, tracee) = (self.argument(index), self.tracee);
        Some(match shape {
            Shape::Int => int(value).to_string(),
            Shape::Size => value.to_string(),
            Shape::Name(names) => flags::name(int(value), names),
            Shape::Flags(names) => flags::joined(int(value), names),
            Shape::SocketType => {
                const TYPE: i32 = 0xf;
                let name = flags::name(int(value) & TYPE, flags::TYPE);
                flags::with(name, int(value) & !TYPE, flags::SOCKET)
            }
            Shape::Protocol => match self.int(0) {
                libc::AF_INET | libc::AF_INET6 => flags::name(int(value), flags::PROTOCOL),
                _ => int(value).to_string(),
            },
            Shape::Address(len) => structures::address(tracee, value, self.len(len)),
            Shape::Length => self.pointed(value),
            Shape::Data(len) => structures::data(tracee, value, self.argument(len)),
            Shape::Stretches(count) => {
                structures::iovec(tracee, value, self.len(count), Some(u64::MAX))
            }
            Shape::RoomStretches(count) => structures::iovec(tracee, value, self.len(count), None),
            Shape::Message => structures::message(tracee, value, Some(u64::MAX)),
            Shape::RoomMessage => structures::message(tracee, value, None),
            Shape::Messages(count) | Shape::RoomMessages(count) => {
                structures::messages(tracee, value, self.len(count), false)
            }
            Shape::OptionName => {
                let (level, option) = (self.int(1), int(value));
                options::known_name(level, option).map_or_else(|| option.to_string(), str::to_owned)
            }
            Shape::Value(len) => self.option_value(value, self.len(len)),
            Shape::CommandArgument => return self.command_argument(int(value)),
            Shape::RequestArgument | Shape::Offset => self.pointed(value),
            Shape::Polled(count) => structures::pollfds(tracee, value, self.len(count), false),
            Shape::Set => structures::fd_set(tracee, value, self.int(0)),
            Shape::Timeval => structures::time(tracee, value, "tv_usec"),
            Shape::Timespec => structures::time(tracee, value, "tv_nsec"),
            Shape::Pointer
            | Shape::AddressOut(_)
            | Shape::Room(_)
            | Shape::Pair
            | Shape::ValueOut(_)
            | Shape::Ready => pointer(value),
        })
    }

    /// What an argument has become by the call, where that is something else.
    fn filled(&self, index: usize, shape: Shape, given: &str, returned: i64) -> Option<String> {
        let (value, tracee) = (self.argument(index), self.tracee);
        let returned = u64::try_from(returned).ok().filter(|_| value != 0)?;
        Some(match shape {
            Shape::AddressOut(len) => {
                let address = filled_in(tracee, value, self.argument(len))?;
                structures::of_address(&address)
            }
            Shape::Length => {
                let now = self.pointed(value);
                match (given.strip_suffix(']'), now.strip_prefix('[')) {
                    (Some(before), Some(after)) if given != now => format!("{before} => {after}"),
                    _ => return None,
                }
            }
            Shape::Room(len) => structures::data(tracee, value, returned.min(self.argument(len))),
            Shape::RoomStretches(count) => {
                structures::iovec(tracee, value, self.len(count), Some(returned))
            }
            Shape::RoomMessage => structures::message(tracee, value, Some(returned)),
            Shape::Messages(_) | Shape::RoomMessages(_) => {
                structures::messages(tracee, value, returned, true)
            }
            Shape::Pair => {
                let second = read_int(tracee, value.wrapping_add(4))?;
                format!("[{}, {second}]", read_int(tracee, value)?)
            }
            Shape::ValueOut(len) => {
                let len = read_int(tracee, self.argument(len))?;
                self.option_value(value, u64::try_from(len).ok()?)
            }
            Shape::RequestArgument | Shape::Offset => {
                let now = self.pointed(value);
                if now == given {
                    return None;
                }
                let (before, after) = (given.strip_suffix(']')?, now.strip_prefix('[')?);
                format!("{before} => {after}")
            }
            Shape::Polled(count) => structures::pollfds(tracee, value, self.len(count), true),
            Shape::Set => {
                let now = structures::fd_set(tracee, value, self.int(0));
                match now == given {
                    true => return None,
                    false => format!("{given} => {now}"),
                }
            }
            Shape::Ready => structures::ready(tracee, value, returned),
            _ => return None,
        })
    }

    /// The `int` that a pointer leads to.
    fn pointed(&self, at: u64) -> String {
        match read_int(self.tracee, at) {
            Some(value) => format!("[{value}]"),
            None => pointer(at),
        }
    }

    fn option_value(&self, at: u64, len: u64) -> String {
        let (level, option) = (self.int(1), self.int(2));
        if (level, len) == (libc::SOL_SOCKET, 16)
            && matches!(option, libc::SO_RCVTIMEO | libc::SO_SNDTIMEO)
        {
            return structures::time(self.tracee, at, "tv_usec");
        }
        if (level, option, len) == (libc::SOL_SOCKET, libc::SO_LINGER, 8)
            && let Some(on) = read_int(self.tracee, at)
            && let Some(seconds) = read_int(self.tracee, at.wrapping_add(4))
        {
            return format!("{{l_onoff={on}, l_linger={seconds}}}");
        }
        let known = options::known_name(level, option).is_some();
        let value = match at {
            0 => None,
            _ if known || len == 4 => options::value(level, option, self.tracee, at, len),
            _ => None,
        };
        match value {
            Some(value) => format!("[{value}]"),
            None if read_bytes(self.tracee, at, len.min(64)).is_some() => {
                structures::data(self.tracee, at, len)
            }
            None => pointer(at),
        }
    }

    fn command_argument(&self, value: i32) -> Option<String> {
        match self.int(1) {
            libc::F_GETFD | libc::F_GETFL => None,
            libc::F_SETFD => Some(flags::joined(value, flags::DESCRIPTOR)),
            libc::F_SETFL => {
                let access = flags::name(value & libc::O_ACCMODE, flags::ACCESS);
                Some(flags::with(access, value & !libc::O_ACCMODE, flags::OPEN))
            }
            _ => Some(value.to_string()),
        }
    }

    fn waits_for(&self) -> Vec<i32> {
        match Syscall::of(self.entry.number) {
            Some(Syscall::Poll) => {
                let polled = structures::polled(self.tracee, self.argument(0), self.len(1));
                polled
                    .into_iter()
                    .map(|(descriptor, ..)| descriptor)
                    .collect()
            }
            Some(Syscall::Select) => self.in_sets(),
            _ => Vec::new(),
        }
    }

    /// Descriptors that a wait has shown to be ready.
    fn ready(&self) -> Vec<i32> {
        match Syscall::of(self.entry.number) {
            Some(Syscall::Poll) => {
                let polled = structures::polled(self.tracee, self.argument(0), self.len(1));
                let ready = polled.into_iter().filter(|(_, _, there)| *there != 0);
                ready.map(|(descriptor, ..)| descriptor).collect()
            }
            Some(Syscall::Select) => self.in_sets(),
            _ => Vec::new(),
        }
    }

    fn in_sets(&self) -> Vec<i32> {
        (1..=3)
            .flat_map(|index| structures::set(self.tracee, self.argument(index), self.int(0)))
            .collect()
    }
}

impl World {
    /// From here on the kernel's own calls are told behind what they did.
    pub(crate) fn tell_syscalls(&mut self) {
        self.syscalls = true;
    }

    /// The kernel's call behind the events that were just told of it; nothing, where there are none.
    pub(super) fn tell_syscall(&mut self, pending: &mut Pending, made: &Made, tracee: &dyn Tracee) {
        let by = pending.entry.by;
        // Without it the tracer came while the thread was in the call.
        let gave = pending.gave.take().map(|gave| *gave);
        let Some(mut gave) = gave.or_else(|| Gave::of(&pending.entry, tracee)) else {
            return;
        };
        let returned = as_seen(&pending.entry, made.returned, tracee);
        let socket = match pending.syscall {
            Syscall::Poll | Syscall::Select | Syscall::EpollWait => {
                let ready = Ask {
                    entry: &pending.entry,
                    tracee,
                }
                .ready();
                let both = ready.iter().chain(&gave.waits_for);
                let key = both
                    .filter_map(|&descriptor| self.descriptors.get(by.process, descriptor))
                    .next();
                match key {
                    Some(key) if self.sockets.get(key).is_none_or(|it| it.folded.is_some()) => {
                        return;
                    }
                    Some(key) => SocketId(key.0),
                    None if pending.syscall == Syscall::EpollWait => SocketId::NONE,
                    // Of pipes and files.
                    None => return,
                }
            }
            _ => match self.outbox.last() {
                // Of what is folded nothing is told.
                Some(last) if matches!(last.kind, Kind::Noted(Note::Runtime { .. })) => return,
                Some(last) if (last.at, last.by) == (made.at, Some(by)) => match pending.key {
                    Some(key) if self.sockets.get(key).is_some() => SocketId(key.0),
                    _ => last.socket,
                },
                _ => return,
            },
        };
        gave.fill(&pending.entry, returned, tracee);
        let syscall = sockeye_model::Syscall {
            name: gave.name.into(),
            number: u32::try_from(pending.entry.number).unwrap_or_default(),
            arguments: gave.arguments,
            result: failure(returned).map_or(Ok(returned), Err::<i64, Errno>),
        };
        let mut origin = pending.came(made.at);
        if !syscall.waits_for_descriptors() {
            // Its event has it.
            origin.place = None;
        }
        self.push(
            socket,
            None,
            &origin,
            Kind::Noted(Note::Syscall(Box::new(syscall))),
        );
    }
}

/// What the program sees as the result: where the tracer asked for a message's whole length, it is told of no more than it had
/// room for.
fn as_seen(entry: &Entry, returned: i64, tracee: &dyn Tracee) -> i64 {
    let arguments = &entry.arguments;
    let (flags, room) = match Syscall::of(entry.number) {
        Some(Syscall::RecvFrom) => (arguments[3], Some(arguments[2])),
        Some(Syscall::RecvMsg) => {
            let stretches =
                Message::read(tracee, arguments[1]).and_then(|message| message.stretches(tracee));
            (arguments[2], stretches.map(|stretches| room(&stretches)))
        }
        _ => return returned,
    };
    match room.and_then(|room| i64::try_from(room).ok()) {
        Some(room) if int(flags) & libc::MSG_TRUNC == 0 => returned.min(room),
        _ => returned,
    }
}
