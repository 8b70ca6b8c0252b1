//! Who reads the page: in which language, with the keyboard alone, on a phone, with a screen reader.

use crate::browser::{Browser, ENTER, SPACE, TAB};
use crate::server::{echo_byte, tcp};
use crate::{opened, server_with_echo};

#[test]
fn the_page_speaks_spanish_when_it_is_asked_to_and_remembers_it() {
    let (_server, page, echo) = server_with_echo();
    let Some(browser) = opened(page) else { return };
    let mut client = tcp(echo);
    echo_byte(&mut client);
    browser.until("document.querySelector('#lines').textContent.includes('is born')");
    assert_eq!(browser.text("#narration-title"), "What happens");
    assert_eq!(browser.value("document.documentElement.lang"), "en");

    browser.click("[data-language=es]");
    assert_eq!(browser.text("#narration-title"), "Lo que pasa");
    assert_eq!(browser.value("document.documentElement.lang"), "es");
    assert_eq!(
        browser.value("document.querySelector('[data-language=es]').ariaPressed"),
        "true"
    );
    let lines = browser.text("#lines");
    assert!(
        lines.contains("nace #") && !lines.contains("is born"),
        "{lines}"
    );
    browser.until("document.querySelector('#rows .state.open').textContent === 'abierto'");
    assert!(browser.text("#steps").contains("conexión"));

    browser.reload();
    assert_eq!(browser.text("#narration-title"), "Lo que pasa");
    browser.click("[data-language=en]");
    assert_eq!(browser.text("#narration-title"), "What happens");
}

#[test]
fn a_conversation_is_chosen_with_the_keyboard_alone() {
    let (_server, page, echo) = server_with_echo();
    let Some(browser) = opened(page) else { return };
    let (mut first, mut second) = (tcp(echo), tcp(echo));
    echo_byte(&mut first);
    echo_byte(&mut second);
    browser.until(
        "[...document.querySelectorAll('#rows tr')].filter((row) => row.textContent.includes('echo') \
         && row.querySelector('.state.open')).length === 2",
    );
    let focused = |browser: &Browser| {
        browser
            .value("document.activeElement.textContent + ' ' + document.activeElement.id")
            .as_str()
            .unwrap()
            .to_owned()
    };
    // The language, by Tab and Enter.
    tab_to(&browser, "Español");
    browser.keys(ENTER);
    assert_eq!(browser.text("#sockets-title"), "Sockets");
    assert_eq!(browser.value("document.documentElement.lang"), "es");
    // A check box, by Space.
    tab_to(&browser, " own");
    browser.keys(SPACE);
    browser.until("document.querySelector('#own').checked");
    browser.keys(SPACE);
    browser.until("!document.querySelector('#own').checked");
    // One of the conversations: the one that is not drawn yet.
    let other = browser.value(
        "[...document.querySelectorAll('#rows tr:not(.chosen)')].find((row) => row.textContent.includes('echo') && row.querySelector('.open')).querySelector('button').textContent",
    );
    let other = other.as_str().unwrap().to_owned();
    tab_to(&browser, &format!("{other} "));
    browser.keys(ENTER);
    browser.until(&format!(
        "document.querySelector('#diagram-of').textContent.startsWith('{other},')"
    ));
    // The focus is where it was: the next key goes to the next socket.
    assert_eq!(focused(&browser), format!("{other} "));
    assert_eq!(browser.value("document.activeElement.ariaPressed"), "true");
    assert_eq!(
        browser.value("getComputedStyle(document.activeElement).outlineStyle"),
        "solid"
    );
}

/// Presses Tab until the element with this text (and identifier) has the focus.
fn tab_to(browser: &Browser, wanted: &str) {
    for _ in 0..60 {
        let here =
            browser.value("document.activeElement.textContent + ' ' + document.activeElement.id");
        let here = here.as_str().unwrap();
        if here == wanted || here.trim() == wanted {
            return;
        }
        browser.keys(TAB);
    }
    panic!("Tab does not lead to {wanted}");
}

#[test]
fn everything_that_takes_the_focus_has_a_name_and_every_region_a_title() {
    let (_server, page, echo) = server_with_echo();
    let Some(browser) = opened(page) else { return };
    let mut client = tcp(echo);
    echo_byte(&mut client);
    browser.until("document.querySelector('#rows .state.open')");
    let nameless = browser.value(
        "[...document.querySelectorAll('button, input, a, [tabindex=\"0\"], section')].filter((node) => {
            const by = node.getAttribute('aria-labelledby');
            const name = node.ariaLabel ?? (by ? document.getElementById(by)?.textContent : null)
                ?? node.labels?.[0]?.textContent ?? node.textContent;
            return !name.trim();
         }).map((node) => node.outerHTML)",
    );
    assert_eq!(nameless, serde_json::json!([]));
    assert_eq!(
        browser.value("document.querySelectorAll('main, header, footer').length"),
        3
    );
    assert_eq!(
        browser.value("document.querySelector('#talk').ariaLive"),
        "polite"
    );
    // What comes is said to who can't see it.
    browser.until("document.querySelector('#spoken').textContent.includes('opened')");
}

#[test]
fn on_a_phone_nothing_is_wider_than_the_screen() {
    let (_server, page, echo) = server_with_echo();
    let Some(browser) = Browser::start(360, 740) else {
        return;
    };
    browser.open(page);
    let mut client = tcp(echo);
    echo_byte(&mut client);
    browser.until(
        "document.querySelector('#rows .state.open') && document.querySelector('#steps .out')",
    );
    assert_eq!(
        browser.value("[innerWidth, document.documentElement.scrollWidth]"),
        serde_json::json!([360, 360])
    );
    let too_wide = browser.value(
        "[...document.querySelectorAll('main *')].filter((node) => node.getBoundingClientRect().right > 360.5)
            .map((node) => node.className + ' ' + node.textContent.slice(0, 40))",
    );
    assert_eq!(too_wide, serde_json::json!([]));
}
