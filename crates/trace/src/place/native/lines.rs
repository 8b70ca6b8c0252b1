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

/// Whether a file is of a library that is compiled into programs: the standard libraries of Rust, Go and C++, crates and
/// modules, and what C++ has in headers.
pub(crate) fn is_built_in(file: &str) -> bool {
    ["/rustc/", "/usr/include/", "/usr/lib/gcc/"]
        .iter()
        .any(|start| file.starts_with(start))
        || [
            "/.cargo/registry/",
            "/rustlib/src/rust/library/",
            "/pkg/mod/",
        ]
        .iter()
        .any(|part| file.contains(part))
        || is_of_go(file)
}

/// `/usr/local/go/src/net/net.go`, but not `/home/ann/go/src/example.org/server/main.go`: packages that are not Go's own have
/// a domain before them.
fn is_of_go(file: &str) -> bool {
    let Some((root, package)) = file.split_once("/src/") else {
        return false;
    };
    let root = root.rsplit('/').next().unwrap_or_default();
    let package = package.split('/').next().unwrap_or_default();
    (root == "go" || root.starts_with("go-") || root.starts_with("go1") || root == "golang")
        && [".go", ".s"].iter().any(|kind| file.ends_with(kind))
        && !package.contains('.')
}

const MOST_INLINED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_are_compiled_in_are_known_by_their_files() {
        for file in [
            "/rustc/59807616e1fa/library/std/src/io/mod.rs",
            "/home/ann/.cargo/registry/src/index/tokio-1.54.1/src/net/tcp.rs",
            "/usr/include/c++/12/bits/std_function.h",
            "/usr/local/go/src/net/net.go",
            "/usr/lib/go-1.19/src/syscall/asm_linux_amd64.s",
            "/home/ann/go/pkg/mod/example.org/lib@v1.0.0/lib.go",
        ] {
            assert!(is_built_in(file), "{file}");
        }
        for file in [
            "/home/ann/server.c",
            "/home/ann/go/src/example.org/server/main.go",
            "/home/ann/src/main.rs",
            "/home/ann/go/src/server.rs",
            "server.c",
        ] {
            assert!(!is_built_in(file), "{file}");
        }
    }
}
