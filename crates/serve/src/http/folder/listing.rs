//! What is in a folder, in the order that was asked for.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::SystemTime;

use cap_std::fs::Dir;

use super::path::Hidden;

/// One name in a folder.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its bytes, which need be no text.
    pub(super) name: Vec<u8>,
    /// `None` for a folder.
    pub(super) size: Option<u64>,
    pub(super) modified: Option<SystemTime>,
    /// To sort by: the letters alike, large or small.
    key: String,
}

/// What a folder's page shows.
#[derive(Debug)]
pub(super) struct Listing {
    /// Folders first.
    pub(super) entries: Vec<Entry>,
    /// How many names there are that may be shown; more than `entries` where they are too many.
    pub(super) all: usize,
}

/// The order of a page: `?sort=size&order=desc`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) by: By,
    pub(super) descending: bool,
}

/// What a page is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum By {
    #[default]
    Name,
    Size,
    Date,
}

impl By {
    pub(super) const ALL: [Self; 3] = [Self::Name, Self::Size, Self::Date];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Date => "date",
        }
    }
}

impl Order {
    /// As the query says it; whatever it says else is passed over.
    pub(super) fn of(query: Option<&str>) -> Self {
        let mut order = Self::default();
        for pair in query.unwrap_or_default().split('&') {
            match pair.split_once('=') {
                Some(("sort", word)) => {
                    let by = By::ALL.into_iter().find(|by| by.word() == word);
                    order.by = by.unwrap_or_default();
                }
                Some(("order", word)) => order.descending = word == "desc",
                _ => {}
            }
        }
        order
    }
}

impl Listing {
    pub(super) fn read(dir: &Dir, hidden: Hidden, order: Order) -> io::Result<Self> {
        let mut entries = Vec::new();
        let mut all = 0;
        for entry in dir.entries()? {
            let name = entry?.file_name();
            if !hidden.shows(name.as_bytes()) {
                continue;
            }
            all += 1;
            if all > MOST {
                continue;
            }
            // By its name, so that a link is what it leads to; one that leads nowhere, or out of here, is left out.
            let Ok(metadata) = dir.metadata(&name) else {
                all -= 1;
                continue;
            };
            if !metadata.is_file() && !metadata.is_dir() {
                all -= 1;
                continue;
            }
            entries.push(Entry {
                key: String::from_utf8_lossy(name.as_bytes()).to_lowercase(),
                name: name.as_bytes().to_vec(),
                size: metadata.is_file().then(|| metadata.len()),
                modified: metadata.modified().ok().map(|time| time.into_std()),
            });
        }
        entries.sort_by(|a, b| {
            let by_name = || (&a.key, &a.name).cmp(&(&b.key, &b.name));
            let ordered = match order.by {
                By::Name => by_name(),
                By::Size => a.size.cmp(&b.size).then_with(by_name),
                By::Date => a.modified.cmp(&b.modified).then_with(by_name),
            };
            let ordered = if order.descending {
                ordered.reverse()
            } else {
                ordered
            };
            a.size.is_some().cmp(&b.size.is_some()).then(ordered)
        });
        Ok(Self { entries, all })
    }
}

/// Names on one page of a folder.
pub const MOST: usize = 5_000;
