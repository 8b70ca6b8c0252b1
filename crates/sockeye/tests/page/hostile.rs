//! What a peer sends never becomes markup: neither what it says nor what it is called.

use std::io::{Read, Write};

use crate::server::{Server, tcp};
use crate::{opened, server_with_echo};

/// What would be seen if one of them worked.
const TRICKS: &str = "<img src=x onerror=document.title='got'><script>document.title='got'</script>\
     </span><svg onload=document.title='got'>&lt;b&gt;\u{202e}\u{1b}[2J";

#[test]
fn markup_in_what_a_peer_sends_stays_text() {
    let (_server, page, echo) = server_with_echo();
    let Some(browser) = opened(page) else { return };
    let mut client = tcp(echo);
    for trick in TRICKS.split_inclusive('>') {
        client.write_all(trick.as_bytes()).unwrap();
        let mut back = vec![0; trick.len()];
        client.read_exact(&mut back).unwrap();
    }
    browser.until("document.querySelector('#steps').textContent.includes('<svg onload')");
    browser.until("document.querySelector('#lines').textContent.includes('<img src=x onerror')");
    assert_eq!(
        browser
            .value("document.querySelectorAll('main img, main script, main svg, main b b').length"),
        0
    );
    assert_eq!(browser.value("document.title"), "sockeye");
    assert!(!browser.text("main").contains(['\u{202e}', '\u{1b}']));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn markup_in_the_name_of_a_socket_stays_text() {
    let directory = crate::server::scratch("page-names");
    let name = directory.join("<img src=x onerror=document.title=1>.sock");
    let echo = format!("echo=unix:{}", name.display());
    let server = Server::start(&["http=tcp://127.0.0.1:0", &echo]);
    let page = server.ready();
    server.line();
    let Some(browser) = opened(page) else { return };
    browser.until("document.querySelector('#rows').textContent.includes('<img src=x')");
    assert_eq!(
        browser.value("document.querySelectorAll('main img').length"),
        0
    );
    assert_eq!(browser.value("document.title"), "sockeye");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn even_a_script_on_the_page_can_neither_make_markup_nor_ask_elsewhere() {
    let (_server, page, _) = server_with_echo();
    let Some(browser) = opened(page) else { return };
    let refused = |attempt: &str| {
        let outcome = format!(
            "(() => {{ try {{ {attempt}; return 'done' }} catch (error) {{ return error.name }} }})()"
        );
        browser.value(&outcome)
    };
    assert_eq!(refused("document.body.innerHTML = '<b>x</b>'"), "TypeError");
    browser.value(
        "(() => { window.answered = ''; fetch('http://127.0.0.1:9/').catch(() => { document.body.dataset.fetch = 'refused' }) })()",
    );
    browser.until("document.body.dataset.fetch === 'refused'");
    let complaints = browser.complaints().join("\n");
    assert!(
        complaints.contains("Content Security Policy"),
        "{complaints}"
    );
}
