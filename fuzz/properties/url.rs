//! What holds for any octets that may be the path of a URL; the fuzz target and the ordinary tests both check it.

use std::os::unix::ffi::OsStrExt;
use std::path::Component;

use sockeye_serve::http::{Hidden, encoded, wanted};

/// Panics if `octets`, as a URL's path, leads anywhere but down, or names something that can't be named again.
pub(crate) fn check(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    for hidden in [Hidden::Left, Hidden::Served] {
        let Ok(found) = wanted(text, hidden) else {
            continue;
        };
        let mut again = String::new();
        for part in found.path.components() {
            let Component::Normal(name) = part else {
                panic!("{text:?} leads to {part:?}");
            };
            let name = name.as_bytes();
            assert!(!name.contains(&0) && !name.is_empty(), "{text:?}");
            assert!(hidden == Hidden::Served || name[0] != b'.', "{text:?}");
            again.push('/');
            again.push_str(&encoded(name));
        }
        if found.is_folder {
            again.push('/');
        }
        assert!(
            again
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"<>\"'&:?#".contains(&byte)),
            "{again:?}"
        );
        assert_eq!(wanted(&again, hidden), Ok(found), "{text:?} {again:?}");
    }
}
