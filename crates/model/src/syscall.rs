//! The kernel's own call behind what a program wrote: `sendto` behind `send`, `ppoll` before `recv`.

use std::borrow::Cow;
use std::fmt;

use crate::Errno;

/// A system call of a traced program, as the kernel got it and answered it.
///
/// Its name and its number are those of [syscalls(2)](https://man7.org/linux/man-pages/man2/syscalls.2.html), on the
/// architecture that it was made on. Its `Display` is a line in the manner of strace(1), with what the kernel really returned:
///
/// ```
/// use sockeye_model::{Errno, Syscall};
///
/// let mut call = Syscall {
///     name: "sendto".into(),
///     number: 44,
///     arguments: ["4", "\"hola\\n\"", "5", "MSG_NOSIGNAL", "NULL", "0"].map(String::from).into(),
///     result: Ok(5),
/// };
/// assert_eq!(call.to_string(), r#"sendto(4, "hola\n", 5, MSG_NOSIGNAL, NULL, 0) = 5"#);
/// call.result = Err(Errno::EPIPE);
/// assert!(call.to_string().ends_with(" = -EPIPE"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syscall {
    /// The kernel's name for it: `sendto`, also where the program wrote `send`.
    pub name: Cow<'static, str>,
    /// Its number, on the architecture that it was made on.
    pub number: u32,
    /// Its arguments in their order, as text: numbers, flags by their names, the beginning of data in quotes, escaped;
    /// a pointer that can't be read, or that the kernel has not filled, as an address of the program.
    pub arguments: Vec<String>,
    /// What it returned.
    pub result: Result<i64, Errno>,
}

impl Syscall {
    /// Whether it only waits for descriptors to be ready: `poll`, `select`, `epoll_wait` and their kin.
    pub fn waits_for_descriptors(&self) -> bool {
        matches!(
            &*self.name,
            "poll"
                | "ppoll"
                | "select"
                | "pselect6"
                | "epoll_wait"
                | "epoll_pwait"
                | "epoll_pwait2"
        )
    }
}

impl fmt::Display for Syscall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}) = ", self.name, self.arguments.join(", "))?;
        match self.result {
            Ok(returned) => write!(f, "{returned}"),
            Err(errno) if errno.name().is_some() => write!(f, "-{errno}"),
            Err(errno) => write!(f, "-{}", errno.0),
        }
    }
}
