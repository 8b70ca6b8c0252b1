//! A program or library on disk: where it is loaded, its symbols and sections. Read as they are asked for, never mapped.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use object::read::elf::{ElfFile64, ProgramHeader};
use object::{
    CompressionFormat, Endianness, Object, ObjectSection, ObjectSymbol, ObjectSymbolTable,
    ReadCache,
};

use crate::place::maps::{FileId, Mapped};

/// An opened ELF file.
#[derive(Debug)]
pub(crate) struct Elf {
    file: File,
    loads: Vec<Load>,
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

type Parsed<'data> = ElfFile64<'data, Endianness, &'data ReadCache<&'data File>>;

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
        let mut elf = Self {
            file,
            loads: Vec::new(),
        };
        elf.loads = elf.parsed(|parsed| {
            let endian = parsed.endian();
            Some(
                parsed
                    .elf_program_headers()
                    .iter()
                    .filter(|header| header.p_type(endian) == object::elf::PT_LOAD)
                    .map(|header| Load {
                        offset: header.p_offset(endian),
                        address: header.p_vaddr(endian),
                        length: header.p_filesz(endian),
                    })
                    .collect(),
            )
        })?;
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
        let found = self.parsed(|parsed| {
            let mut found: Vec<(&'static str, u64)> = Vec::new();
            // What a library gives to others is in the smaller table; a program need not have put it there.
            for table in [parsed.dynamic_symbol_table(), parsed.symbol_table()] {
                let symbols = table.iter().flat_map(|table| table.symbols());
                for symbol in symbols.filter(|symbol| !symbol.is_undefined()) {
                    let known = symbol
                        .name_bytes()
                        .ok()
                        .and_then(|name| names.iter().find(|wanted| wanted.as_bytes() == name));
                    if let Some(name) = known {
                        found.push((name, symbol.address()));
                    }
                }
                if !found.is_empty() {
                    break;
                }
            }
            Some(found)
        });
        found.unwrap_or_default()
    }

    /// All functions that have a name, by the file's own addresses.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let all = self.parsed(|parsed| {
            Some(
                parsed
                    .symbols()
                    .chain(parsed.dynamic_symbols())
                    .filter(|symbol| symbol.kind() == object::SymbolKind::Text)
                    .filter(|symbol| symbol.is_definition() && symbol.size() > 0)
                    .filter_map(|symbol| {
                        Some(Function {
                            start: symbol.address(),
                            end: symbol.address().checked_add(symbol.size())?,
                            name: symbol.name().ok().filter(|name| !name.is_empty())?.into(),
                        })
                    })
                    .take(MOST_FUNCTIONS)
                    .collect::<Vec<_>>(),
            )
        });
        let mut all = all.unwrap_or_default();
        // A function with two names keeps the one that the static table has first.
        all.sort_by_key(|function| function.start);
        all.dedup_by_key(|function| function.start);
        all
    }

    /// A section by its name; of one that is too large, or packed in a way that is not known here, nothing.
    pub(crate) fn section(&self, name: &str) -> Option<Section> {
        self.parsed(|parsed| {
            let section = parsed.section_by_name(name)?;
            let packed = section.compressed_data().ok()?;
            if packed.uncompressed_size > LARGEST_SECTION {
                return None;
            }
            let length = usize::try_from(packed.uncompressed_size).ok()?;
            let bytes = match packed.format {
                CompressionFormat::None => packed.data.to_vec(),
                CompressionFormat::Zlib => {
                    let mut bytes = Vec::new();
                    flate2::read::ZlibDecoder::new(packed.data)
                        .take(packed.uncompressed_size)
                        .read_to_end(&mut bytes)
                        .ok()?;
                    bytes
                }
                _ => return None,
            };
            (bytes.len() == length).then_some(Section {
                address: section.address(),
                bytes,
            })
        })
    }

    fn parsed<T>(&self, ask: impl FnOnce(&Parsed<'_>) -> Option<T>) -> Option<T> {
        let cache = ReadCache::new(&self.file);
        ask(&ElfFile64::parse(&cache).ok()?)
    }
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
