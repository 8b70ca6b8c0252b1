//! The page of a session, made by the tool and looked at in a browser without a window.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "a skip says why")]

#[allow(dead_code, reason = "the page of serve http needs more of it")]
#[path = "../page/browser.rs"]
mod browser;
#[allow(dead_code, reason = "each group of tests takes its part")]
#[path = "../serve/server.rs"]
mod server;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use browser::{Browser, SPACE, TAB};
use server::{scratch, sockeye};

/// A folder with the page of a session in it; it goes when dropped.
struct Pages {
    folder: PathBuf,
}

impl Pages {
    fn new(name: &str) -> Self {
        Self {
            folder: scratch(&format!("pictures-{name}")),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn open(&self, browser: &Browser, name: &str) {
        browser.go(&format!("file://{}", self.path(name).display()));
        // The page has no script of its own; what the browser runs is the test's.
        assert_eq!(browser.value("document.scripts.length"), 0);
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // Nothing is lost if it stays.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The page of `sockeye demo`.
fn demo(page: &Path, language: &str) {
    let status = sockeye()
        .args(["demo", "--lang", language, "--html"])
        .arg(page)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

/// A conversation with a peer that sends these bytes and ends, recorded and written as a page.
fn told(pages: &Pages, bytes: &'static [u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    });
    let status = sockeye()
        .args(["connect", "--no-stdin", "--record"])
        .arg(pages.path("talk.ndjson"))
        .arg("--html")
        .arg(pages.path("talk.html"))
        .arg(&address)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    peer.join().unwrap();
}

const OVERFLOW: &str =
    "document.scrollingElement.scrollWidth - document.documentElement.clientWidth";

#[test]
fn a_page_fits_a_wide_window_and_its_arrows_meet_the_lifelines() {
    let Some(browser) = Browser::start(1280, 900) else {
        return;
    };
    let pages = Pages::new("wide");
    for (language, title) in [("en", "What happened"), ("es", "Qué pasó")] {
        demo(&pages.path("demo.html"), language);
        pages.open(&browser, "demo.html");
        assert_eq!(browser.text("#story"), title);
        assert_eq!(browser.value(OVERFLOW), 0);
        assert_eq!(
            browser.value("document.querySelectorAll('li.title').length"),
            3
        );
        // The arrow of each row begins at one lifeline and ends at the other; the row's words are at its sides.
        let strays = "[...document.querySelectorAll('.step:has(.arrow)')].filter((row) => {
            const [arrow, lanes] = ['.arrow line', '.lifelines'].map((part) => row.querySelector(part).getBoundingClientRect());
            const [left, right] = ['.left', '.right'].map((part) => row.querySelector(part)?.getBoundingClientRect());
            return Math.abs(arrow.left - lanes.left) > 3 || Math.abs(arrow.right - lanes.right) > 3
                || left?.right > lanes.left + 1 || right?.left < lanes.right - 1;
        }).length";
        assert_eq!(browser.value(strays), 0);
        let arrows = browser.value("document.querySelectorAll('.arrow').length");
        assert!(arrows.as_u64().unwrap() > 12, "{arrows}");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_page_fits_a_phone() {
    let Some(browser) = Browser::start(390, 800) else {
        return;
    };
    let pages = Pages::new("phone");
    demo(&pages.path("demo.html"), "es");
    pages.open(&browser, "demo.html");
    assert_eq!(browser.value(OVERFLOW), 0);
    // The words stand above their arrow.
    let covered = "[...document.querySelectorAll('.step:has(.arrow)')].filter((row) => {
        const arrow = row.querySelector('.arrow line').getBoundingClientRect();
        return [...row.querySelectorAll('.cell')].some((cell) => cell.getBoundingClientRect().bottom > arrow.top);
    }).length";
    assert_eq!(browser.value(covered), 0);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_opens_and_changes_does_so_by_the_keyboard_and_without_a_script() {
    let Some(browser) = Browser::start(1280, 900) else {
        return;
    };
    let pages = Pages::new("keys");
    demo(&pages.path("demo.html"), "en");
    pages.open(&browser, "demo.html");
    let paper = "getComputedStyle(document.body).backgroundColor";
    // The first stop of the keyboard leads past the head of the page; the second is the choice of looks.
    browser.keys(TAB);
    assert_eq!(browser.value("document.activeElement.className"), "skip");
    for (look, colour) in [("dark", "rgb(21, 20, 19)"), ("light", "rgb(246, 244, 241)")] {
        browser.value(&format!("document.querySelector('#look-{look}').focus()"));
        browser.keys(SPACE);
        assert_eq!(browser.value(paper), colour);
    }
    let hidden = "getComputedStyle(document.querySelector('.why')).display";
    assert_eq!(browser.value(hidden), "block");
    browser.value("document.querySelector('#reasons').focus()");
    browser.keys(SPACE);
    assert_eq!(browser.value(hidden), "none");

    browser.value("document.querySelector('summary').focus()");
    let bytes = "document.querySelector('details').open";
    assert_eq!(browser.value(bytes), false);
    browser.keys(SPACE);
    assert_eq!(browser.value(bytes), true);
    assert!(browser.text("details pre").contains("UTC"));

    let width = "document.querySelector('.tracks').getBoundingClientRect().width";
    let narrow = browser.value(width).as_f64().unwrap();
    browser.value("document.querySelector('#zoom-5').focus()");
    browser.keys(SPACE);
    let wide = browser.value(width).as_f64().unwrap();
    assert!(wide > narrow * 3.0, "{narrow} {wide}");
    assert_eq!(browser.value(OVERFLOW), 0);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn markup_that_a_peer_sends_stays_text_in_the_page() {
    let Some(browser) = Browser::start(1280, 900) else {
        return;
    };
    let pages = Pages::new("hostile");
    told(
        &pages,
        b"</pre></details><script>document.title='got'</script><img src=x onerror=document.title='got'>\
          <svg onload=document.title='got'><style>*{display:none}</style>\xe2\x80\xae\x1b[2J&lt;b&gt;",
    );
    let shown = sockeye()
        .args(["show", "--as", "html"])
        .arg(pages.path("talk.ndjson"))
        .output()
        .unwrap();
    assert!(shown.status.success());
    std::fs::write(pages.path("shown.html"), &shown.stdout).unwrap();
    for page in ["talk.html", "shown.html"] {
        pages.open(&browser, page);
        assert_eq!(
            browser.value("document.querySelectorAll('script, img, pre *').length"),
            0
        );
        assert_eq!(
            browser.value("document.querySelectorAll('style').length"),
            1
        );
        let title = browser.value("document.title");
        assert!(title.as_str().unwrap().ends_with("sockeye"), "{title}");
        let text = browser.text("details pre");
        assert!(
            text.contains("<script>document.title='got'</script>"),
            "{text}"
        );
        assert!(text.contains("&lt;b&gt;"), "{text}");
        assert!(!browser.text("body").contains(['\u{202e}', '\u{1b}']));
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
}

#[test]
fn a_page_is_for_its_owner_only_and_one_that_cannot_be_made_is_code_24() {
    use std::os::unix::fs::PermissionsExt;
    let pages = Pages::new("owner");
    demo(&pages.path("demo.html"), "en");
    let mode = std::fs::metadata(pages.path("demo.html"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    for page in ["/nonexistent/page.html", "/dev/full"] {
        let ended = sockeye().args(["demo", "--html", page]).output().unwrap();
        assert_eq!(ended.status.code(), Some(24), "{page}");
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.contains(page), "{said}");
    }
}

#[test]
fn a_recording_is_drawn_as_mermaid() {
    let pages = Pages::new("mermaid");
    told(&pages, b"good morning\n");
    let shown = sockeye()
        .args(["show", "--as", "mermaid"])
        .arg(pages.path("talk.ndjson"))
        .output()
        .unwrap();
    assert!(shown.status.success());
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.starts_with("sequenceDiagram\n"), "{text}");
    assert!(
        text.contains("->>P0: #35;1 recv 13 B #34;good morning"),
        "{text}"
    );
}
