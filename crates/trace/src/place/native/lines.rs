//! An address of a program to its line, by DWARF.

use std::borrow::Cow;
use std::sync::Arc;

use gimli::{EndianArcSlice, NativeEndian};
use sockeye_model::Place;

use crate::place::elf::Elf;

type Reader = EndianArcSlice<NativeEndian>;

/// The lines of one file.
pub(crate) struct Lines(addr2line::Context<Reader>);

impl std::fmt::Debug for Lines {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Lines")
    }
}

impl Lines {
    /// `None` where a file has no lines.
    pub(crate) fn of(elf: &Elf) -> Option<Self> {
        elf.section(".debug_line")?;
        let dwarf = gimli::Dwarf::load(|id| {
            let bytes = elf.section(id.name()).map(|section| section.bytes);
            Ok::<_, gimli::Error>(Reader::new(
                Arc::from(bytes.unwrap_or_default()),
                NativeEndian,
            ))
        })
        .ok()?;
        addr2line::Context::from_dwarf(dwarf).ok().map(Self)
    }

    /// The lines at an address: more than one where functions were inlined, the innermost first.
    pub(crate) fn at(&self, address: u64) -> Vec<Place<'static>> {
        let mut places = Vec::new();
        let Ok(mut frames) = self.0.find_frames(address).skip_all_loads() else {
            return places;
        };
        while let Ok(Some(frame)) = frames.next() {
            let place = || {
                let location = frame.location.as_ref()?;
                Some(Place {
                    file: Cow::Owned(location.file?.to_owned()),
                    line: location.line.filter(|line| *line > 0)?,
                    function: frame
                        .function
                        .as_ref()
                        .and_then(|name| name.demangle().ok())
                        .map(|name| Cow::Owned(super::names::readable(&name))),
                })
            };
            places.extend(place());
            if places.len() >= MOST_INLINED {
                break;
            }
        }
        places
    }
}

/// Whether a file is of a library that is compiled into programs: the standard libraries of Rust and C++, crates, and what
/// C++ has in headers.
pub(crate) fn is_built_in(file: &str) -> bool {
    ["/rustc/", "/usr/include/", "/usr/lib/gcc/"]
        .iter()
        .any(|start| file.starts_with(start))
        || ["/.cargo/registry/", "/rustlib/src/rust/library/"]
            .iter()
            .any(|part| file.contains(part))
}

const MOST_INLINED: usize = 64;
