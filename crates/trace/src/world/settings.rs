//! Options, flags, names and errors of a socket: what was set, and what was asked.

use sockeye_model::{Call, Errno, Kind};

use super::decode::{Syscall, int, read_int};
use super::sockets::Key;
use super::{Pending, World, failure, options};
use crate::made::Made;
use crate::tracee::Tracee;

impl World {
    pub(super) fn made_setting(&mut self, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let Some(key) = pending.key else {
            return;
        };
        let arguments = &pending.entry.arguments;
        if let Some(errno) = failure(made.returned) {
            // Whoever asks for the peer learns by this that there is none: an answer, not a failure.
            if pending.syscall == Syscall::GetPeerName && errno == Errno::ENOTCONN {
                let (call, result) = (pending.call, Err(errno));
                self.tell(key, &pending.came(made.at), Kind::Called { call, result });
            } else {
                self.tell_failure(pending, made);
            }
            return;
        }
        match pending.syscall {
            Syscall::SetSockOpt => {
                let (level, option) = (int(arguments[1]), int(arguments[2]));
                let len = arguments[4] & 0xffff_ffff;
                let value = options::value(level, option, tracee, arguments[3], len);
                if (level, option) == (libc::SOL_SOCKET, libc::SO_LINGER)
                    && let Some(open) = self.sockets.get_mut(key)
                {
                    let set = value.as_deref().and_then(|value| value.split_once(','));
                    open.resets = set.is_some_and(|(on, seconds)| on != "0" && seconds == "0");
                }
                let configured = Kind::Configured {
                    option: options::name(level, option),
                    value: value.unwrap_or_default(),
                };
                self.tell(key, &pending.came(made.at), configured);
            }
            Syscall::GetSockOpt => {
                let (level, option) = (int(arguments[1]), int(arguments[2]));
                if (level, option) == (libc::SOL_SOCKET, libc::SO_ERROR) {
                    self.read_error(key, pending, made, tracee);
                } else {
                    self.tell_called(key, pending, made, made.returned);
                }
            }
            Syscall::GetPeerName => {
                // Without a connection it fails.
                let origin = pending.came(made.at);
                self.known_as_connected(key, pending.descriptor(), &origin, tracee);
                self.tell_called(key, pending, made, made.returned);
            }
            Syscall::Fcntl => self.made_fcntl(key, pending, made),
            Syscall::Ioctl if int(arguments[1]) == FIONBIO => {
                let value = read_int(tracee, arguments[2]).unwrap_or(0);
                self.set_nonblocking(key, value != 0, pending, made);
            }
            _ => self.tell_called(key, pending, made, made.returned),
        }
    }

    /// `SO_ERROR`: how a connect that went on by itself has ended.
    fn read_error(&mut self, key: Key, pending: &Pending, made: &Made, tracee: &dyn Tracee) {
        let errno = read_int(tracee, pending.entry.arguments[3]).unwrap_or(0);
        let origin = pending.came(made.at);
        if errno == 0 {
            // It is 0 as well while the connection is still being made.
            if tracee.peer(pending.descriptor()).is_some() {
                self.known_as_connected(key, pending.descriptor(), &origin, tracee);
            }
            self.tell_called(key, pending, made, 0);
            return;
        }
        let errno = Errno(errno);
        let call = Call::GetSockOpt;
        let result = Err(errno);
        self.tell(key, &origin, Kind::Called { call, result });
        self.connect_failed(key, errno, None, &origin);
    }

    fn made_fcntl(&mut self, key: Key, pending: &Pending, made: &Made) {
        let arguments = &pending.entry.arguments;
        match int(arguments[1]) {
            libc::F_SETFL => {
                let on = int(arguments[2]) & libc::O_NONBLOCK != 0;
                self.set_nonblocking(key, on, pending, made);
            }
            libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => {
                let as_dup = Pending {
                    call: Call::Dup,
                    ..pending.clone()
                };
                self.made_dup(&as_dup, made);
            }
            libc::F_SETFD => {
                let on = int(arguments[2]) & libc::FD_CLOEXEC != 0;
                self.tell_switch(key, "FD_CLOEXEC", on, pending, made);
            }
            _ => self.tell_called(key, pending, made, made.returned),
        }
    }

    fn set_nonblocking(&mut self, key: Key, on: bool, pending: &Pending, made: &Made) {
        if let Some(open) = self.sockets.get_mut(key) {
            open.nonblocking = on;
        }
        self.tell_switch(key, "O_NONBLOCK", on, pending, made);
    }

    fn tell_switch(
        &mut self,
        key: Key,
        option: &'static str,
        on: bool,
        pending: &Pending,
        made: &Made,
    ) {
        let configured = Kind::Configured {
            option: option.into(),
            value: if on { "1" } else { "0" }.into(),
        };
        self.tell(key, &pending.came(made.at), configured);
    }
}

/// `FIONBIO` of ioctl_tty(2) and socket(7): sets `O_NONBLOCK`.
pub(super) const FIONBIO: i32 = 0x5421;
