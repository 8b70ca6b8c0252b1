//! Chromium without a window, driven through its driver: [WebDriver](https://www.w3.org/TR/webdriver2/) by hand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::server::{PATIENCE, has};

/// One browser, with a profile of its own; it ends when dropped.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// A browser with a window of this size; `None` where there is none, which is said.
    pub(crate) fn start(width: u32, height: u32) -> Option<Self> {
        if !has("chromium") || !has("chromedriver") {
            return None;
        }
        // The port that the system gives it for IPv4 may be taken for IPv6; then it ends, and another is given.
        let (driver, port) = (0..10).find_map(|_| driver()).unwrap();
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
        };
        let size = format!("--window-size={width},{height}");
        // As root Chromium has no sandbox; in a container /dev/shm may be small.
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            &size,
        ];
        let mut chrome = json!({ "args": arguments, "binary": "chromium" });
        if width < 500 {
            // No window is that small: the page is told that it is on a phone.
            let metrics = json!({ "width": width, "height": height, "pixelRatio": 2 });
            chrome["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        chrome["binary"] = path_of("chromium").into();
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": chrome,
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "script": PATIENCE.as_millis() as u64 },
        } } });
        let session = browser.ask("POST", "/session", &wanted);
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
    }

    /// Opens the page of the server at this address, and waits until it is told something.
    pub(crate) fn open(&self, page: SocketAddr) {
        self.open_at(&format!("http://localhost:{}/", page.port()));
    }

    /// Opens any page, and waits until it is loaded.
    pub(crate) fn go(&self, url: &str) {
        self.of_session("POST", "/url", &json!({ "url": url }));
    }

    pub(crate) fn open_at(&self, url: &str) {
        self.go(url);
        self.until("document.querySelector('#link.live')");
    }

    /// The value of an expression in the page.
    pub(crate) fn value(&self, expression: &str) -> Value {
        let script = json!({ "script": format!("return {expression}"), "args": [] });
        self.of_session("POST", "/execute/sync", &script)
    }

    /// The text of what a selector finds first.
    pub(crate) fn text(&self, selector: &str) -> String {
        let text = self.value(&format!(
            "document.querySelector({}).textContent",
            json!(selector)
        ));
        text.as_str().unwrap().to_owned()
    }

    /// Waits until an expression is true of the page, looking again whenever the page has changed.
    pub(crate) fn until(&self, expression: &str) {
        let script = format!(
            "const done = arguments[0];
             const look = () => {{ if ({expression}) {{ seen.disconnect(); done(true); }} }};
             const seen = new MutationObserver(look);
             seen.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
             look();"
        );
        let script = json!({ "script": script, "args": [] });
        let (status, value) = self.exchange("POST", &self.path("/execute/async"), &script);
        assert_eq!(status, 200, "{expression}: {value}\n{}", self.text("body"));
    }

    pub(crate) fn click(&self, selector: &str) {
        self.value(&format!(
            "document.querySelector({}).click()",
            json!(selector)
        ));
    }

    /// Presses and lets go of these keys, one after the other; special keys are those of WebDriver.
    pub(crate) fn keys(&self, keys: &str) {
        let presses: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                [
                    json!({ "type": "keyDown", "value": key }),
                    json!({ "type": "keyUp", "value": key }),
                ]
            })
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": presses });
        self.of_session("POST", "/actions", &json!({ "actions": [keyboard] }));
    }

    /// What the browser had to say about the page: errors, and what the page was not allowed to do.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.of_session("POST", "/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().unwrap().iter();
        entries
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn reload(&self) {
        self.of_session("POST", "/refresh", &json!({}));
        self.until("document.querySelector('#link.live')");
    }

    fn path(&self, command: &str) -> String {
        format!("/session/{}{command}", self.session)
    }

    fn of_session(&self, method: &str, command: &str, body: &Value) -> Value {
        self.ask(method, &self.path(command), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, value) = self.exchange(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {value}");
        value
    }

    fn exchange(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE * 2)).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = BufReader::new(stream);
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut length = 0;
        loop {
            line.clear();
            answer.read_line(&mut line).unwrap();
            let field = line.trim_end().to_ascii_lowercase();
            if let Some(value) = field.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if field.is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        answer.read_exact(&mut text).unwrap();
        let mut answer: Value = serde_json::from_slice(&text).unwrap();
        (status, answer["value"].take())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            // The driver ends its browser.
            let _ = self.exchange("DELETE", &self.path(""), &json!({}));
        }
        let pid = rustix::process::Pid::from_child(&self.driver);
        // On this signal it ends its browsers too.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.driver.wait();
    }
}

/// A driver that runs, and its port.
fn driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(driver.stdout.take().unwrap());
    let port = said.lines().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    if port.is_none() {
        driver.wait().unwrap();
    }
    Some((driver, port?))
}

fn path_of(program: &str) -> String {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .output()
        .unwrap();
    String::from_utf8(found.stdout).unwrap().trim().to_owned()
}

/// Keys as WebDriver names them.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const SPACE: &str = " ";
