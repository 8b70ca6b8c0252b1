//! A process of this machine: what it is called, whose it is, since when it runs.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A process on this machine; proc_pid_status(5), proc_pid_cmdline(5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Process {
    /// Its number in the PID namespace of `/proc`.
    pub pid: u32,
    /// The kernel's short name for it, at most 15 bytes; the program may have chosen it.
    pub name: String,
    /// The words it was started with, as it shows them now; empty for a kernel thread or a zombie.
    pub command_line: Vec<String>,
    /// Its effective user.
    pub user_id: u32,
    /// When it was started, as time since the machine was, in steps of 10 ms; it may have opened its sockets much later.
    pub started: Duration,
}

impl Process {
    /// How long ago it was started.
    #[must_use]
    pub fn age(&self) -> Duration {
        since_boot().saturating_sub(self.started)
    }
}

/// The process with number `pid`; `None` if there is none or it may not be seen.
#[must_use]
pub fn process(pid: u32) -> Option<Process> {
    process_in(&Path::new("/proc").join(pid.to_string()), pid)
}

pub(crate) fn process_in(directory: &Path, pid: u32) -> Option<Process> {
    let mut bytes = Vec::with_capacity(4096);
    let mut read = |name| {
        bytes.clear();
        // A file of /proc has no length to ask for.
        File::open(directory.join(name))
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let user_id = effective_user(&read("status")?)?;
    let (name, started) = name_and_start(&read("stat")?)?;
    let words = read("cmdline").unwrap_or_default();
    Some(Process {
        pid,
        name,
        command_line: command_line(&words),
        user_id,
        started,
    })
}

/// The time since the machine was started, time asleep included: what processes' start times are counted in.
fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap_or(0),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// `812 (a name) S 1 …`: the second field, which may contain anything, and the twenty-second; proc_pid_stat(5).
fn name_and_start(stat: &str) -> Option<(String, Duration)> {
    let (_pid, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let ticks: u64 = rest.split_ascii_whitespace().nth(19)?.parse().ok()?;
    Some((
        name.to_owned(),
        Duration::from_millis(ticks.saturating_mul(TICK_MILLISECONDS)),
    ))
}

/// The second number of the line `Uid:`.
fn effective_user(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn command_line(words: &str) -> Vec<String> {
    if words.is_empty() {
        return Vec::new();
    }
    words
        .strip_suffix('\0')
        .unwrap_or(words)
        .split('\0')
        .map(str::to_owned)
        .collect()
}

/// The kernel tells times to programs in clock_t, a hundredth of a second on every common architecture; times(2).
const TICK_MILLISECONDS: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_user_is_the_second_number() {
        let status = "Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\t1\t1\n";
        assert_eq!(effective_user(status), Some(0));
        assert_eq!(effective_user("Uid:\t1000\n"), None);
        assert_eq!(effective_user(""), None);
    }

    #[test]
    fn a_command_line_keeps_its_empty_words() {
        assert_eq!(command_line("nc\0\0-l\0"), ["nc", "", "-l"]);
        assert_eq!(command_line("rewritten title"), ["rewritten title"]);
        assert_eq!(command_line(""), Vec::<String>::new());
    }

    #[test]
    fn a_name_may_look_like_the_fields_behind_it() {
        let fields: Vec<String> = (3..=52).map(|field| field.to_string()).collect();
        let stat = format!("812 (a) S 1 (b)) {}\n", fields.join(" "));
        let (name, started) = name_and_start(&stat).unwrap();
        assert_eq!(
            (name.as_str(), started),
            ("a) S 1 (b)", Duration::from_millis(220))
        );
        assert_eq!(name_and_start("812 (a) S 1"), None);
        assert_eq!(name_and_start(""), None);
    }

    #[test]
    fn this_process_can_be_named() {
        let me = process(std::process::id()).unwrap();
        assert_eq!(me.pid, std::process::id());
        assert!(me.command_line[0].contains("sockeye_local"), "{me:?}");
        assert!(!me.name.is_empty() && !me.name.ends_with('\n'));
        assert!(
            me.age() < Duration::from_secs(3600) && me.started > Duration::ZERO,
            "{me:?}"
        );
        assert_eq!(process(u32::MAX), None);
    }
}
