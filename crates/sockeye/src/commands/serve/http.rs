//! What `serve http` and `serve files` answer with: a site, made of what was asked for.

use std::fmt::Display;
use std::sync::Arc;

use sockeye_model::{Address, Host, Port, Scheme, SocketAddress, Target};
use sockeye_serve::chat::Chat;
use sockeye_serve::http::{Access, Folder, Hidden, Page, Site, rooms};
use sockeye_view::catalogue::{self, Language};
use sockeye_view::escape::escape_name;
use tokio::sync::mpsc;

use super::{Asked, Feed, Partner, words};
use crate::cli::ServeArgs;
use crate::cli::serve::{FolderAt, HTTP, ServiceAt};
use crate::exit::ExitCode;
use crate::report::{Failure, io_text};

/// The port of `serve http` and `serve files`: 7000 more than the RFC's.
const PORT: u16 = 7080;

/// Where `serve http` has the folder of `--dir`.
const FOLDER: &str = "/files";

/// One HTTP server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// `http` or `files`.
    pub(super) name: &'static str,
    pub(super) site: Arc<Site>,
}

/// The server of one `http` or `files`.
///
/// # Errors
/// When the folder can't be opened: a usage error, for nothing can be served then.
pub(super) fn asked(
    named: &ServiceAt,
    args: &ServeArgs,
    feed: Option<&Feed>,
    chat: &Chat,
    accesses: Option<&mpsc::Sender<Access>>,
    language: Language,
) -> Result<Asked, Failure> {
    let mut site = Site::new().language(language);
    if let Some(accesses) = accesses {
        site = site.accesses(accesses.clone());
    }
    let is_http = named.name == HTTP;
    if is_http && let Some(feed) = feed.cloned() {
        let page = Page::new(move || feed.subscribe()).folder(args.folder.is_some());
        site = site
            .routes(page.chat(true).routes())
            .routes(rooms(chat.clone()));
    }
    if let Some(folder) = &args.folder {
        let at = if is_http { FOLDER } else { "" };
        site = site.routes(open(folder, language)?.routes(at));
    }
    let address = named.address.clone().unwrap_or_else(|| {
        let target = Target::Inet {
            host: Host::Empty,
            port: Port::Number(PORT),
        };
        Address::new(Scheme::Tcp, target)
    });
    let server = Server {
        name: named.name,
        site: Arc::new(site),
    };
    Ok(Asked {
        partner: Partner::Http(server),
        address,
        with_next: false,
    })
}

fn open(folder: &FolderAt, language: Language) -> Result<Folder, Failure> {
    let hidden = if folder.hidden {
        Hidden::Served
    } else {
        Hidden::Left
    };
    Folder::open(&folder.path, hidden).map_err(|error| {
        let path = escape_name(&folder.path.to_string_lossy()).into_owned();
        let error = io_text(&error, language);
        let places: [(&str, &dyn Display); 2] = [("path", &path), ("error", &error)];
        Failure::new(ExitCode::Usage, words::FOLDER.fill(language, &places))
    })
}

/// What a browser, or curl, is given to get there.
pub(super) fn location(reached: &Address, bound: Option<&SocketAddress>) -> String {
    let secure = reached.scheme == Scheme::Tls;
    match (&reached.target, bound) {
        (Target::Inet { .. }, _) => {
            let scheme = if secure { "https" } else { "http" };
            let usual = if secure { ":443" } else { ":80" };
            let whole = reached.to_string();
            let place = whole
                .split_once("://")
                .map_or(whole.as_str(), |(_, place)| place);
            let place = place.split_once('#').map_or(place, |(place, _)| place);
            format!("{scheme}://{}/", place.strip_suffix(usual).unwrap_or(place))
        }
        (_, Some(SocketAddress::UnixPath(path))) => {
            let path = path.to_string_lossy();
            crate::cli::quote::line(["curl", "--unix-socket", &path, "http://localhost/"])
        }
        (_, Some(SocketAddress::UnixAbstract(name))) => {
            let name = String::from_utf8_lossy(name);
            crate::cli::quote::line(["curl", "--abstract-unix-socket", &name, "http://localhost/"])
        }
        _ => reached.to_string(),
    }
}

/// A line about one request, as `-v` shows it.
pub(super) fn access_line(access: &Access, language: Language) -> String {
    let len = access
        .len
        .map_or_else(|| "-".to_owned(), |len| catalogue::bytes(len, language));
    format!(
        "{} {} {} {} {len} {}",
        access.peer,
        escape_name(&access.method),
        escape_name(&access.target),
        access.status,
        catalogue::duration(access.took, language),
    )
}

/// Requests whose lines may wait to be shown; more are left out.
pub(super) const ACCESSES: usize = 1024;
