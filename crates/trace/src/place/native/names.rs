//! An address of a program to the function it is in, by symbols.

use crate::place::elf::{Elf, Function};

/// The functions of one file, by address.
#[derive(Debug)]
pub(crate) struct Names(Vec<Function>);

impl Names {
    pub(crate) fn of(elf: &Elf) -> Self {
        Self(elf.functions())
    }

    /// The function at an address, its name as a reader knows it.
    pub(crate) fn at(&self, address: u64) -> Option<String> {
        let after = self.0.partition_point(|function| function.start <= address);
        let function = self.0.get(after.checked_sub(1)?)?;
        (address < function.end).then(|| readable(&function.name))
    }
}

/// The name without what compilers put around it.
pub(crate) fn readable(name: &str) -> String {
    // What the linker adds for versions, and compilers for parts of functions: `main.cold`, `send@@GLIBC_2.2.5`.
    let plain = name.split('@').next().unwrap_or(name);
    let of_rust = addr2line::demangle(plain, gimli::DW_LANG_Rust);
    let plain = of_rust.or_else(|| nested(plain));
    plain.unwrap_or_else(|| {
        let name = name.split('@').next().unwrap_or(name);
        // Go and C++ have other dots in names.
        let part = PARTS.iter().filter_map(|part| name.find(part)).min();
        name[..part.unwrap_or(name.len())].to_owned()
    })
}

/// What compilers put behind the name of a part or a copy of a function.
const PARTS: [&str; 6] = [
    ".cold",
    ".constprop.",
    ".isra.",
    ".llvm.",
    ".lto_priv.",
    ".part.",
];

/// The plain names of C++: `_ZN6Server4sendEPKc` is `Server::send`, `_Z4talki` is `talk`. Templates, operators and
/// constructors are left as they are.
fn nested(name: &str) -> Option<String> {
    let mut rest = name.strip_prefix("_Z")?;
    let is_nested = rest.starts_with('N');
    if is_nested {
        rest = rest[1..].trim_start_matches(['K', 'V', 'r']);
    }
    let mut parts = Vec::new();
    loop {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let length: usize = rest[..digits].parse().ok()?;
        let part = rest.get(digits..digits.checked_add(length)?)?;
        parts.push(if part.starts_with("_GLOBAL__N_") {
            "(anonymous)"
        } else {
            part
        });
        rest = &rest[digits + length..];
        if !is_nested {
            break;
        }
        if rest.starts_with('E') {
            break;
        }
    }
    // Template arguments follow a name with an `I`.
    (!parts.is_empty() && !rest.starts_with('I')).then(|| parts.join("::"))
}

/// Whether a function is of Rust's standard library, which is compiled into each program.
pub(crate) fn is_built_in(name: &str) -> bool {
    let name = name.trim_start_matches(['<', '&']);
    ["std::", "core::", "alloc::"]
        .iter()
        .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_the_programmer_wrote_them() {
        for (symbol, name) in [
            ("main", "main"),
            ("talk.constprop.0", "talk"),
            ("talk.part.0.cold", "talk"),
            ("send@@GLIBC_2.2.5", "send"),
            ("main.(*server).talk", "main.(*server).talk"),
            ("_ZN6Server4sendEPKc", "Server::send"),
            ("_ZNK6Server4sizeEv", "Server::size"),
            ("_Z4talki", "talk"),
            ("_ZN12_GLOBAL__N_14talkEi", "(anonymous)::talk"),
            ("_ZN6server3run17h0123456789abcdefE", "server::run"),
            ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"),
        ] {
            assert_eq!(readable(symbol), name, "{symbol}");
        }
    }

    #[test]
    fn names_that_say_more_than_can_be_read_stay_as_they_are() {
        for symbol in [
            "_ZN6ServerC1Ev",
            "_ZN3FooIiE3barEv",
            "_Z",
            "_ZN",
            "_Z99x",
            "_ZN1aE9",
        ] {
            let name = readable(symbol);
            assert!(name == symbol || name == "a", "{symbol}: {name}");
        }
    }

    #[test]
    fn the_end_of_a_function_is_not_the_next_one() {
        let names = Names(vec![
            Function {
                start: 10,
                end: 20,
                name: "a".into(),
            },
            Function {
                start: 30,
                end: 40,
                name: "b".into(),
            },
        ]);
        assert_eq!(names.at(9), None);
        assert_eq!(names.at(10).as_deref(), Some("a"));
        assert_eq!(names.at(20), None);
        assert_eq!(names.at(39).as_deref(), Some("b"));
        assert_eq!(names.at(40), None);
    }
}
