//! What the page shows of the server's sockets: the table, the conversation, the narration.

use std::io::Write;
use std::net::Shutdown;

use crate::server::{echo_byte, tcp};
use crate::{opened, server_with_echo};

#[test]
fn a_socket_appears_and_ends_on_the_page() {
    let (_server, page, echo) = server_with_echo();
    let Some(browser) = opened(page) else { return };
    browser.until("document.querySelector('#rows .state.listening')");
    assert!(browser.text("#rows tr").contains(&echo.to_string()));

    let mut client = tcp(echo);
    let peer = client.local_addr().unwrap().to_string();
    echo_byte(&mut client);
    browser.until(&format!(
        "[...document.querySelectorAll('#rows tr')].some((row) => row.textContent.includes('{peer}') \
         && row.querySelector('.state.open') && row.textContent.includes('1 B'))"
    ));
    // Nobody has chosen: the newest conversation is drawn, and told.
    browser.until("document.querySelectorAll('#steps .arrow').length === 3");
    assert_eq!(browser.text("#theirs"), peer);
    assert!(browser.text("#steps .in").contains("recv 1 B “x”"));
    assert!(browser.text("#steps .out").contains("send 1 B “x”"));
    browser.until(&format!(
        "document.querySelector('#lines').textContent.includes('is born: {peer}')"
    ));

    client.shutdown(Shutdown::Write).unwrap();
    browser.until("document.querySelector('#rows tr.gone .state.closed')");
    browser.until("document.querySelector('#steps').textContent.includes('I will send no more')");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_carries_the_page_is_shown_only_on_demand() {
    let (_server, page, echo) = server_with_echo();
    let Some(browser) = opened(page) else { return };
    echo_byte(&mut tcp(echo));
    browser.until("document.querySelector('#rows tr.gone')");
    browser.until("!document.querySelector('#text').disabled");
    // Of the page there is only the WebSocket of its chat.
    let of_page = "[...document.querySelectorAll('#rows tr')].filter((row) => row.textContent.includes('http')";
    let chat = format!("{of_page} && row.textContent.includes('WebSocket')).length === 1");
    let others = format!("{of_page} && !row.textContent.includes('WebSocket')).length > 0");
    browser.until(&chat);
    assert_eq!(browser.value(&others), false);
    assert_eq!(browser.text("#lines").matches("is born").count(), 2);
    browser.click("#own");
    browser.until(&others);
}

#[test]
fn a_page_that_comes_late_is_told_what_there_is_and_what_was() {
    let (_server, page, echo) = server_with_echo();
    let mut client = tcp(echo);
    echo_byte(&mut client);
    let Some(browser) = opened(page) else { return };
    let peer = client.local_addr().unwrap();
    browser.until(&format!(
        "[...document.querySelectorAll('#rows tr')].some((row) => row.textContent.includes('{peer}'))"
    ));
    browser.until("document.querySelector('#steps .both')");
    browser.until("document.querySelector('#lines').textContent.includes('is born')");
    client.write_all(b"y").unwrap();
    browser.until("document.querySelector('#steps').textContent.includes('“y”')");
}

#[test]
fn when_the_server_comes_back_the_page_does_too() {
    let (server, page, _) = server_with_echo();
    let Some(browser) = opened(page) else { return };
    server.stop();
    browser.until("!document.querySelector('#link.live')");
    assert_eq!(browser.text("#link"), "connection lost, trying again");
    let again =
        crate::server::Server::start(&[&format!("http=tcp://{page}"), "discard=tcp://127.0.0.1:0"]);
    assert_eq!(again.ready(), page);
    browser.until("document.querySelector('#link.live')");
    browser.until("document.querySelector('#rows').textContent.includes('discard')");
    assert!(!browser.text("#rows").contains("echo"));
}
