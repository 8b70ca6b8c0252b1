//! What is mapped where in a process: /proc/PID/maps, from
//! [proc_pid_maps(5)](https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html).

use std::path::PathBuf;

/// A part of a file in a process' memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Whether code in it can run.
    pub(crate) executable: bool,
    /// Where in the file it begins.
    pub(crate) offset: u64,
    /// The file system and the file on it, so that another file with the name of a deleted one is not taken for it.
    pub(crate) file: FileId,
    pub(crate) path: PathBuf,
}

/// A file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileId {
    pub(crate) device: (u32, u32),
    pub(crate) inode: u64,
}

/// The mapped files of a process, by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Maps(Vec<Mapped>);

impl Maps {
    /// Those of a process that runs; none where it is gone.
    pub(crate) fn of(pid: u32) -> Self {
        std::fs::read(format!("/proc/{pid}/maps"))
            .map(|text| Self::parse(&String::from_utf8_lossy(&text)))
            .unwrap_or_default()
    }

    fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(Mapped::parse).collect())
    }

    /// The file whose code is at an address.
    pub(crate) fn code_at(&self, address: u64) -> Option<&Mapped> {
        let after = self.0.partition_point(|mapped| mapped.start <= address);
        let mapped = self.0.get(after.checked_sub(1)?)?;
        (address < mapped.end && mapped.executable).then_some(mapped)
    }

    /// All, by address.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Mapped> {
        self.0.iter()
    }
}

impl Mapped {
    fn parse(line: &str) -> Option<Self> {
        let mut rest = line;
        let mut word = || {
            let trimmed = rest.trim_start_matches(' ');
            let (word, after) = trimmed.split_once(' ')?;
            rest = after;
            Some(word)
        };
        let (start, end) = word()?.split_once('-')?;
        let permissions = word()?;
        let offset = word()?;
        let (major, minor) = word()?.split_once(':')?;
        let inode: u64 = word()?.parse().ok()?;
        let path = rest.trim_start_matches(' ');
        // Without a file: the heap, stacks, the vdso.
        if inode == 0 || !path.starts_with('/') {
            return None;
        }
        let hex = |digits| u64::from_str_radix(digits, 16).ok();
        let number = |digits| u32::from_str_radix(digits, 16).ok();
        Some(Self {
            start: hex(start)?,
            end: hex(end)?,
            executable: permissions.contains('x'),
            offset: hex(offset)?,
            file: FileId {
                device: (number(major)?, number(minor)?),
                inode,
            },
            // A line feed in a name is written as `\012`; nothing else is.
            path: PathBuf::from(path.replace("\\012", "\n")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
55d0c0a00000-55d0c0a01000 r--p 00000000 fe:01 131 /opt/a b/prog
55d0c0a01000-55d0c0a02000 r-xp 00001000 fe:01 131 /opt/a b/prog
55d0c1000000-55d0c1021000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000001000 rw-p 00000000 00:00 0 
7f0000001000-7f0000002000 r-xp 00028000 08:0a 77                         /usr/lib/libc.so.6 (deleted)
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]
";

    #[test]
    fn files_are_found_by_the_address_of_their_code() {
        let maps = Maps::parse(TEXT);
        assert_eq!(maps.iter().count(), 3);
        let code = maps.code_at(0x55d0_c0a0_1fff).unwrap();
        assert_eq!(code.path, PathBuf::from("/opt/a b/prog"));
        assert_eq!(code.offset, 0x1000);
        assert_eq!(code.file.device, (0xfe, 1));
        let library = maps.code_at(0x7f00_0000_1000).unwrap();
        assert_eq!(library.file.device, (8, 10));
    }

    #[test]
    fn what_is_not_code_of_a_file_is_none() {
        let maps = Maps::parse(TEXT);
        // Data, just behind, between, and the vdso.
        for address in [
            0x55d0_c0a0_0000,
            0x55d0_c0a0_2000,
            0x7f00_0000_0000,
            0x7ffd_0000_0000,
            0,
        ] {
            assert_eq!(maps.code_at(address), None, "{address:#x}");
        }
    }

    #[test]
    fn lines_that_make_no_sense_are_left_out() {
        assert_eq!(Maps::parse("\n-\nx-y r 0 0:0 1 /a\n1-2 r"), Maps::default());
    }

    #[test]
    fn the_own_program_is_mapped() {
        let maps = Maps::of(std::process::id());
        let exe = std::fs::read_link("/proc/self/exe").unwrap();
        assert!(maps.iter().any(|mapped| mapped.path == exe));
    }
}
