//! From the path of a URL to the path of a file: any bytes in names, and no way up.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// A path below the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Relative, of plain names alone; empty is the folder itself.
    pub path: PathBuf,
    /// Whether it was written with a slash at its end, as a folder is.
    pub is_folder: bool,
}

/// Why a path names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPath {
    /// A `%` without two hexadecimal digits behind it.
    Malformed,
    /// No file can have this name, or it is not shown: `.`, `..`, an empty name, one with a `/` or a NUL byte in it, one
    /// that begins with a dot.
    Nothing,
}

/// Which names may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// Those that begin with a dot are not there.
    Left,
    /// They are served as any other.
    Served,
}

impl Hidden {
    pub(super) fn shows(self, name: &[u8]) -> bool {
        self == Self::Served || !name.starts_with(b".")
    }
}

/// Reads the path of a URL, as it was sent: percent-encoding is undone once, within each name.
///
/// ```
/// use sockeye_serve::http::{Hidden, NoPath, wanted};
///
/// assert_eq!(wanted("/a%20b/c", Hidden::Left).unwrap().path.to_str(), Some("a b/c"));
/// assert_eq!(wanted("/%2e%2e/secret", Hidden::Served), Err(NoPath::Nothing));
/// ```
///
/// # Errors
/// See [`NoPath`].
pub fn wanted(path: &str, hidden: Hidden) -> Result<Wanted, NoPath> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut found = PathBuf::new();
    let mut names = path.split('/').peekable();
    let mut is_folder = false;
    while let Some(name) = names.next() {
        if name.is_empty() {
            // An empty name is the slash at the end, and nothing in between.
            if names.peek().is_some() {
                return Err(NoPath::Nothing);
            }
            is_folder = true;
            break;
        }
        let name = decoded(name)?;
        let impossible = matches!(&name[..], b"." | b"..") || name.contains(&b'/');
        if impossible || name.contains(&0) || !hidden.shows(&name) {
            return Err(NoPath::Nothing);
        }
        found.push(OsString::from_vec(name));
    }
    Ok(Wanted {
        path: found,
        is_folder,
    })
}

fn decoded(name: &str) -> Result<Vec<u8>, NoPath> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        if first == b'%' {
            let digits = behind.get(..2).ok_or(NoPath::Malformed)?;
            let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(NoPath::Malformed);
            let value = digit(digits[0])? * 16 + digit(digits[1])?;
            bytes.push(u8::try_from(value).map_err(|_| NoPath::Malformed)?);
            rest = &behind[2..];
        } else {
            bytes.push(first);
            rest = behind;
        }
    }
    Ok(bytes)
}

/// A name as it stands in a URL: everything but letters, digits and `-._~` is encoded.
pub fn encoded(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for &byte in name {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn plain(path: &str) -> Result<Vec<u8>, NoPath> {
        let wanted = wanted(path, Hidden::Left)?;
        Ok(wanted.path.as_os_str().as_bytes().to_vec())
    }

    #[test]
    fn a_name_may_hold_any_bytes() {
        assert_eq!(plain("/a/b%20c").unwrap(), b"a/b c");
        assert_eq!(plain("/%ff%C3%B1").unwrap(), b"\xff\xc3\xb1");
        assert_eq!(plain("/%2541").unwrap(), b"%41");
        assert_eq!(plain("/a+b").unwrap(), b"a+b");
        assert_eq!(plain("/").unwrap(), b"");
        assert!(wanted("/a/", Hidden::Left).unwrap().is_folder);
        assert!(!wanted("/a", Hidden::Left).unwrap().is_folder);
    }

    #[test]
    fn no_path_leads_up() {
        for path in [
            "/..",
            "/../x",
            "/a/../b",
            "/%2e%2e/x",
            "/.%2E/x",
            "/a/%2e%2e/%2e%2e/x",
            "/.",
            "/a/./b",
            "/..%2fx",
            "/a%2f..%2fb",
            "/a%00",
            "//x",
            "/a//b",
            "/%2e%2e%2f",
        ] {
            assert_eq!(wanted(path, Hidden::Served), Err(NoPath::Nothing), "{path}");
        }
        for path in ["/%", "/%2", "/%zz", "/a%"] {
            assert_eq!(plain(path), Err(NoPath::Malformed), "{path}");
        }
    }

    #[test]
    fn hidden_names_are_there_only_when_asked_for() {
        for path in ["/.git/config", "/a/.b", "/%2egit"] {
            assert_eq!(plain(path), Err(NoPath::Nothing), "{path}");
            assert!(wanted(path, Hidden::Served).is_ok(), "{path}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let all: Vec<u8> = (1..=255).filter(|byte| *byte != b'/').collect();
        assert_eq!(
            plain(&format!("/x{}", encoded(&all))).unwrap()[1..],
            all[..]
        );
    }
}
