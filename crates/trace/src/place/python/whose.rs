//! Whose file a frame of Python is in: the programmer's own, an installed package's, or the standard library's.

/// The nearer to the programmer, the less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    /// Neither installed nor part of Python.
    Own,
    /// In `site-packages`, or a script that came with a package.
    Installed,
    /// The standard library.
    Library,
    /// Its modules that only hand calls on, and the import system.
    Plumbing,
}

/// Judges by the path, as the code object has it. `prefix` is kept from frame to frame of one stack: the directory that
/// Python's `lib` is in, whose `bin` has the scripts of packages.
pub(crate) fn whose(file: &str, prefix: &mut Option<String>) -> Whose {
    if file.starts_with("<frozen ") {
        return Whose::Plumbing;
    }
    if let Some((root, inside)) = library(file) {
        prefix.get_or_insert_with(|| root.to_owned());
        let packages = inside.split('/').next().unwrap_or_default();
        if matches!(packages, "site-packages" | "dist-packages") {
            return Whose::Installed;
        }
        return match inside {
            "socket.py" | "ssl.py" | "selectors.py" => Whose::Plumbing,
            _ => Whose::Library,
        };
    }
    let is_script = prefix
        .as_deref()
        .and_then(|root| file.strip_prefix(root)?.strip_prefix("/bin/"))
        .is_some_and(|name| !name.contains('/'));
    if is_script {
        Whose::Installed
    } else {
        Whose::Own
    }
}

/// Splits `/usr/lib/python3.11/asyncio/tasks.py` into `/usr` and `asyncio/tasks.py`.
fn library(file: &str) -> Option<(&str, &str)> {
    let (at, name) = ["/lib/python", "/lib64/python"]
        .into_iter()
        .find_map(|name| Some((file.find(name)?, name)))?;
    let (version, inside) = file[at + name.len()..].split_once('/')?;
    // `3`, `3.11`, `3.13t`; `311.zip` where the library is packed.
    let is_version = version.starts_with('3')
        && version
            .trim_end_matches(".zip")
            .trim_end_matches('t')
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_version.then_some((&file[..at], inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(file: &str) -> Whose {
        whose(file, &mut None)
    }

    #[test]
    fn the_standard_library_is_not_the_programmers_own() {
        assert_eq!(alone("/usr/lib/python3.11/socketserver.py"), Whose::Library);
        assert_eq!(
            alone("/opt/py/lib64/python3.13t/asyncio/tasks.py"),
            Whose::Library
        );
        assert_eq!(
            alone("/usr/lib/python311.zip/http/server.py"),
            Whose::Library
        );
        assert_eq!(alone("/usr/lib/python3.11/socket.py"), Whose::Plumbing);
        assert_eq!(alone("<frozen runpy>"), Whose::Plumbing);
    }

    #[test]
    fn packages_lie_between() {
        let file = "/home/ann/venv/lib/python3.12/site-packages/urllib3/connection.py";
        assert_eq!(alone(file), Whose::Installed);
        assert_eq!(
            alone("/usr/lib/python3/dist-packages/apt.py"),
            Whose::Installed
        );
        assert!(Whose::Own < Whose::Installed && Whose::Installed < Whose::Library);
    }

    #[test]
    fn everything_else_is_own() {
        for file in [
            "server.py",
            "/home/ann/lib/server.py",
            "/home/ann/lib/pythonic/server.py",
            "/home/ann/site-packages.py",
            "<string>",
            "<stdin>",
            "/usr/bin/server.py",
        ] {
            assert_eq!(alone(file), Whose::Own, "{file}");
        }
    }

    #[test]
    fn a_script_beside_the_packages_that_it_calls_came_with_them() {
        let mut prefix = None;
        whose(
            "/srv/venv/lib/python3.11/site-packages/gunicorn/sock.py",
            &mut prefix,
        );
        assert_eq!(
            whose("/srv/venv/bin/gunicorn", &mut prefix),
            Whose::Installed
        );
        assert_eq!(whose("/srv/bin/gunicorn", &mut prefix), Whose::Own);
        assert_eq!(
            whose("/srv/venv/bin/own/server.py", &mut prefix),
            Whose::Own
        );
    }
}
