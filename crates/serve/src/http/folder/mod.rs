//! A folder over HTTP: its files, its folders as pages, and nothing outside of it.

mod file;
mod kind;
mod listing;
mod page;
mod path;
mod range;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;
use sockeye_model::text::Language;

pub use listing::MOST as MAX_NAMES;
pub use path::{Hidden, NoPath, Wanted, encoded, wanted};
pub use range::MOST as MAX_RANGES;

use super::problem::Problem;
use super::words;

/// A folder that is served. Cheap to clone.
///
/// It is held open, and whatever is asked for is opened below it by the kernel's own rule
/// (`RESOLVE_BENEATH` of [openat2(2)](https://man7.org/linux/man-pages/man2/openat2.2.html)): a link that leads out of it
/// leads nowhere, whenever it was made.
#[derive(Clone, Debug)]
pub struct Folder(Arc<Held>);

#[derive(Debug)]
struct Held {
    dir: Dir,
    /// What its page is called.
    name: String,
    hidden: Hidden,
}

/// What a path leads to.
enum Found {
    File(File),
    Folder(Dir),
}

impl Folder {
    /// Opens it. It stays this folder, even if another gets its name.
    ///
    /// # Errors
    /// Why it can't be opened.
    pub fn open(path: &Path, hidden: Hidden) -> io::Result<Self> {
        let dir = Dir::open_ambient_dir(path, ambient_authority())?;
        let whole = path.canonicalize()?;
        let name = whole.file_name().unwrap_or(OsStr::new("/"));
        let name = sockeye_model::escape::escape_line(name.as_bytes());
        Ok(Self(Arc::new(Held { dir, name, hidden })))
    }

    /// The routes that serve it at a path such as `/files`, or at the root where `at` is empty.
    ///
    /// Where it shares its host with other pages, a browser gets its files as another origin's (`sandbox` of
    /// [CSP](https://www.w3.org/TR/CSP3/#directive-sandbox)), so that no file in it can act as those pages.
    ///
    /// # Panics
    /// When `at` is no path that begins with a slash and ends without one.
    pub fn routes(&self, at: &'static str) -> Router {
        let folder = self.clone();
        let answer = get(move |request: Request| folder.answer(at, request));
        let routes = Router::new()
            .route(&format!("{at}/"), answer.clone())
            .route(&format!("{at}/{{*path}}"), answer);
        if at.is_empty() {
            return routes;
        }
        routes.route(at, get(async move || redirect(&format!("{at}/"))))
    }

    async fn answer(self, at: &'static str, request: Request) -> Response {
        let path = request.uri().path();
        let wanted = match wanted(path.strip_prefix(at).unwrap_or(path), self.0.hidden) {
            Ok(wanted) => wanted,
            Err(NoPath::Malformed) => return Problem::of(StatusCode::BAD_REQUEST).into_response(),
            Err(NoPath::Nothing) => return Problem::of(StatusCode::NOT_FOUND).into_response(),
        };
        let found = match self.0.find(&wanted.path) {
            Ok(found) => found,
            Err(error) => return problem(&error).into_response(),
        };
        let mut response = match found {
            Found::File(_) if wanted.is_folder => {
                return Problem::of(StatusCode::NOT_FOUND).into_response();
            }
            Found::File(file) => file::answer(&request, file, &wanted.path),
            Found::Folder(_) if !wanted.is_folder && !wanted.path.as_os_str().is_empty() => {
                let query = request.uri().query();
                let query = query.map_or_else(String::new, |query| format!("?{query}"));
                // It begins with one slash: a path with two was refused, so it names no other host.
                return redirect(&format!("{path}/{query}"));
            }
            Found::Folder(dir) => match below(&dir, Path::new(INDEX)) {
                Ok(Found::File(file)) => file::answer(&request, file, Path::new(INDEX)),
                _ => {
                    let language = request.extensions().get::<Language>();
                    let language = language.copied().unwrap_or_default();
                    let order = listing::Order::of(request.uri().query());
                    drop(request);
                    let place = if at.is_empty() {
                        page::Place::Alone
                    } else {
                        page::Place::BesideOthers
                    };
                    return self.page(dir, place, wanted.path, order, language).await;
                }
            },
        };
        if !at.is_empty() {
            let policy = HeaderValue::from_static(SANDBOX);
            response
                .headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    async fn page(
        self,
        dir: Dir,
        place: page::Place,
        path: PathBuf,
        order: listing::Order,
        language: Language,
    ) -> Response {
        // Reading a large folder takes a while, and the event loop has others to serve.
        let made = tokio::task::spawn_blocking(move || {
            let listing = listing::Listing::read(&dir, self.0.hidden, order)?;
            io::Result::Ok(page::page(
                &self.0.name,
                place,
                &path,
                &listing,
                order,
                language,
            ))
        });
        match made.await {
            Ok(Ok(page)) => page::response(page),
            Ok(Err(error)) => problem(&error).into_response(),
            Err(_) => Problem::of(StatusCode::INTERNAL_SERVER_ERROR).into_response(),
        }
    }
}

impl Held {
    fn find(&self, path: &Path) -> io::Result<Found> {
        if path.as_os_str().is_empty() {
            return self.dir.try_clone().map(Found::Folder);
        }
        below(&self.dir, path)
    }
}

/// Opens what is below a folder, if it is a file or a folder: opening a device may do something, and a pipe waits.
fn below(dir: &Dir, path: &Path) -> io::Result<Found> {
    let nothing = || io::Error::from(io::ErrorKind::NotFound);
    let found = dir.metadata(path)?;
    if !found.is_file() && !found.is_dir() {
        return Err(nothing());
    }
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    let file = dir.open_with(path, &options)?.into_std();
    // It may be another by now.
    let opened = file.metadata()?;
    if opened.is_dir() {
        Ok(Found::Folder(Dir::from_std_file(file)))
    } else if opened.is_file() {
        Ok(Found::File(file))
    } else {
        Err(nothing())
    }
}

fn problem(error: &io::Error) -> Problem {
    match error
        .raw_os_error()
        .map(rustix::io::Errno::from_raw_os_error)
    {
        // A link that leads out of the folder is refused without a number of the kernel's.
        Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => {
            Problem::because(StatusCode::FORBIDDEN, words::UNREADABLE)
        }
        Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE | rustix::io::Errno::NOMEM) => {
            Problem::of(StatusCode::SERVICE_UNAVAILABLE)
        }
        Some(rustix::io::Errno::IO) => Problem::of(StatusCode::INTERNAL_SERVER_ERROR),
        _ => Problem::of(StatusCode::NOT_FOUND),
    }
}

fn redirect(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
        Err(_) => Problem::of(StatusCode::BAD_REQUEST).into_response(),
    }
}

/// Shown in place of a folder that has it.
const INDEX: &str = "index.html";
/// Its scripts may run, as nobody's.
const SANDBOX: &str = "sandbox allow-scripts allow-forms allow-popups allow-downloads allow-modals";
