//! A program or library on disk: where it is loaded, its symbols and sections. Read as they are asked for, never mapped.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt};

use object::read::elf::{CompressionHeader, FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{NativeEndian, ReadCache, elf, pod};

use crate::place::maps::{FileId, Mapped};

/// An opened ELF file.
#[derive(Debug)]
pub(crate) struct Elf {
    file: File,
    loads: Vec<Load>,
    heads: Vec<Head>,
}

/// What the table of sections says of one.
#[derive(Debug)]
struct Head {
    name: Box<str>,
    kind: elf::SectionType,
    /// The number of the section that has its strings.
    strings: usize,
    address: u64,
    offset: u64,
    length: u64,
    /// It is compressed: in which way, and how long it is otherwise.
    packed: Option<(elf::CompressionType, u64)>,
}

/// A file as it was at one time: a program that is built anew may have the number of the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Edition {
    file: FileId,
    changed: (i64, i64),
    size: u64,
}

/// A part of the file that is loaded: where it begins in the file, at which of the file's own addresses, and how long it is.
#[derive(Clone, Copy, Debug)]
struct Load {
    offset: u64,
    address: u64,
    length: u64,
}

/// A section and the file's own address of it.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) address: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Elf {
    /// Opens what a process has mapped, by the name that holds in the process' own root.
    pub(crate) fn open(pid: u32, mapped: &Mapped, is_program: bool) -> Option<(Edition, Self)> {
        let name = if is_program {
            format!("/proc/{pid}/exe").into()
        } else {
            let mut root = std::ffi::OsString::from(format!("/proc/{pid}/root"));
            root.push(&mapped.path);
            root
        };
        let file = File::open(name).ok()?;
        let about = file.metadata().ok()?;
        if !about.is_file() {
            return None;
        }
        let edition = Edition {
            file: mapped.file,
            changed: (about.mtime(), about.mtime_nsec()),
            size: about.len(),
        };
        let (loads, heads) = parse(&file)?;
        let elf = Self { file, loads, heads };
        Some((edition, elf))
    }

    /// The file's own address of what is at `address` in a process.
    pub(crate) fn own_address(&self, mapped: &Mapped, address: u64) -> Option<u64> {
        let offset = address
            .checked_sub(mapped.start)?
            .checked_add(mapped.offset)?;
        let load = self
            .loads
            .iter()
            .find(|load| load.offset <= offset && offset - load.offset < load.length)?;
        load.address.checked_add(offset - load.offset)
    }

    /// How far the file is from its own addresses in a process that has `mapped` of it.
    pub(crate) fn bias(&self, mapped: &Mapped) -> Option<u64> {
        // A mapping begins at the start of a page, which may lie before the part that is loaded.
        let load = self.loads.iter().find(|load| {
            load.offset / PAGE * PAGE <= mapped.offset && mapped.offset < load.offset + load.length
        })?;
        let own = load
            .address
            .wrapping_sub(load.offset)
            .wrapping_add(mapped.offset);
        Some(mapped.start.wrapping_sub(own))
    }

    /// Those of `names` that are defined, with the file's own addresses.
    pub(crate) fn named(&self, names: &'static [&'static str]) -> Vec<(&'static str, u64)> {
        let mut found: Vec<(&'static str, u64)> = Vec::new();
        // What a library gives to others is in the smaller table; a program need not have put it there.
        for kind in [elf::SHT_DYNSYM, elf::SHT_SYMTAB] {
            self.each_symbol(kind, |name, symbol| {
                if let Some(name) = names.iter().find(|wanted| wanted.as_bytes() == name) {
                    found.push((name, symbol.st_value(NativeEndian)));
                }
            });
            if !found.is_empty() {
                break;
            }
        }
        found
    }

    /// All functions that have a name, by the file's own addresses.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut all = Vec::new();
        for kind in [elf::SHT_SYMTAB, elf::SHT_DYNSYM] {
            self.each_symbol(kind, |name, symbol| {
                let start = symbol.st_value(NativeEndian);
                let length = symbol.st_size(NativeEndian);
                let is_code = matches!(symbol.st_type(), elf::STT_FUNC | elf::STT_GNU_IFUNC);
                if is_code
                    && length > 0
                    && all.len() < MOST_FUNCTIONS
                    && let Some(end) = start.checked_add(length)
                    && let Ok(name) = std::str::from_utf8(name)
                    && !name.is_empty()
                {
                    all.push(Function {
                        start,
                        end,
                        name: name.into(),
                    });
                }
            });
        }
        // A function with two names keeps the one that the static table has first.
        all.sort_by_key(|function| function.start);
        all.dedup_by_key(|function| function.start);
        all
    }

    /// Calls `visit` with the name of each symbol that is defined.
    fn each_symbol(
        &self,
        kind: elf::SectionType,
        mut visit: impl FnMut(&[u8], &elf::Sym64<NativeEndian>),
    ) -> Option<()> {
        let table = self.heads.iter().find(|head| head.kind == kind)?;
        let strings = self.bytes(self.heads.get(table.strings)?)?;
        let table = self.bytes(table)?;
        let symbols: &[elf::Sym64<NativeEndian>] = pod::slice_from_all_bytes(&table).ok()?;
        for symbol in symbols {
            if symbol.is_undefined(NativeEndian) {
                continue;
            }
            let name = usize::try_from(symbol.st_name(NativeEndian))
                .ok()
                .and_then(|start| strings.get(start..));
            if let Some(name) = name {
                let end = name.iter().position(|byte| *byte == 0);
                visit(&name[..end.unwrap_or(name.len())], symbol);
            }
        }
        Some(())
    }

    /// A section by its name; of one that is too large, or packed in a way that is not known here, nothing.
    pub(crate) fn section(&self, name: &str) -> Option<Section> {
        let head = self.heads.iter().find(|head| *head.name == *name)?;
        Some(Section {
            address: head.address,
            bytes: self.bytes(head)?,
        })
    }

    fn bytes(&self, head: &Head) -> Option<Vec<u8>> {
        let length = usize::try_from(head.length)
            .ok()
            .filter(|_| head.length <= LARGEST_SECTION && head.kind != elf::SHT_NOBITS)?;
        let mut stored = vec![0; length];
        self.file.read_exact_at(&mut stored, head.offset).ok()?;
        let Some((format, whole)) = head.packed else {
            return Some(stored);
        };
        if format != elf::ELFCOMPRESS_ZLIB || whole > LARGEST_SECTION {
            return None;
        }
        let packed = stored.get(size_of::<elf::CompressionHeader64<NativeEndian>>()..)?;
        let mut bytes = Vec::new();
        flate2::read::ZlibDecoder::new(packed)
            .take(whole)
            .read_to_end(&mut bytes)
            .ok()?;
        (bytes.len() as u64 == whole).then_some(bytes)
    }
}

/// The tables of the parts that are loaded, and of sections.
fn parse(file: &File) -> Option<(Vec<Load>, Vec<Head>)> {
    let endian = NativeEndian;
    let cache = ReadCache::new(file);
    let header = elf::FileHeader64::<NativeEndian>::parse(&cache).ok()?;
    let loads = header
        .program_headers(endian, &cache)
        .ok()?
        .iter()
        .filter(|part| part.p_type(endian) == elf::PT_LOAD)
        .map(|part| Load {
            offset: part.p_offset(endian),
            address: part.p_vaddr(endian),
            length: part.p_filesz(endian),
        })
        .collect();
    let sections = header.sections(endian, &cache).ok()?;
    let heads = sections
        .iter()
        .map(|section| {
            let name = sections.section_name(endian, section).unwrap_or_default();
            let packed = section.compression(endian, &cache).ok().flatten();
            Head {
                name: String::from_utf8_lossy(name).into(),
                kind: section.sh_type(endian),
                strings: section.link(endian).0,
                address: section.sh_addr(endian),
                offset: section.sh_offset(endian),
                length: section.sh_size(endian),
                packed: packed.map(|(head, _, _)| (head.ch_type(endian), head.ch_size(endian))),
            }
        })
        .collect();
    Some((loads, heads))
}

/// A function's name and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) name: Box<str>,
}

/// Symbols, and how far they are from their own addresses in a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Symbols<'a> {
    pub(crate) named: &'a [(&'static str, u64)],
    pub(crate) bias: u64,
}

impl Symbols<'_> {
    /// Where a symbol is in the process, if it is defined.
    pub(crate) fn address(self, name: &str) -> Option<u64> {
        let (_, address) = self.named.iter().find(|(known, _)| *known == name)?;
        Some(address.wrapping_add(self.bias))
    }
}

const PAGE: u64 = 4096;
const LARGEST_SECTION: u64 = 512 << 20;
const MOST_FUNCTIONS: usize = 1_000_000;
