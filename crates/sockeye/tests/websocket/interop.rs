//! The programs that everyone has, in both roles: Python's websockets, Node's ws, curl.

use std::process::{Command, Stdio};

use crate::peer::{port, served};
use crate::ran::{Ran, sockeye_with};
use crate::tool::{Tool, skipped};

/// The first of these programs that can be run so; says why the test is skipped if none can.
fn one_of(programs: &[&'static str], arguments: &[&str], what: &str) -> Option<&'static str> {
    let there = programs.iter().find(|program| {
        Command::new(program)
            .args(arguments)
            .env("NODE_PATH", node_path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    });
    if there.is_none() {
        skipped(&format!("{what} is not installed here"));
    }
    there.copied()
}

/// Where Debian keeps Node's packages, beside what is set.
fn node_path() -> String {
    let set = std::env::var("NODE_PATH").unwrap_or_default();
    format!("{set}:/usr/share/nodejs")
}

fn python() -> Option<&'static str> {
    let programs = ["python3", "/usr/bin/python3"];
    one_of(
        &programs,
        &["-c", "import websockets"],
        "Python's websockets",
    )
}

fn run(program: &str, arguments: &[&str]) -> Ran {
    Command::new(program)
        .args(arguments)
        .env("NODE_PATH", node_path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .into()
}

const PYTHON_CLIENT: &str = r#"
import asyncio, os, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1], max_size=None, compression=sys.argv[2] or None) as peer:
        for message in ["", "h\u00e9", b"", b"\x00\xff", os.urandom(300000), "x" * 2000000, "\u00e9" * 70000]:
            await peer.send(message)
            back = await peer.recv()
            assert back == message and type(back) == type(message), len(message)
        async def pieces():
            for piece in ["one ", "two ", "three"]:
                yield piece
        await peer.send(pieces())
        assert await peer.recv() == "one two three"
        await (await peer.ping(b"there?"))
    print("closed", peer.close_code)
asyncio.run(main())
"#;

const PYTHON_SERVER: &str = r#"
import asyncio, sys, websockets
async def converse(peer):
    async for message in peer:
        await peer.send(message)
async def main():
    server = await websockets.serve(converse, "127.0.0.1", 0, max_size=None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Future()
asyncio.run(main())
"#;

#[test]
fn pythons_websockets_is_understood_as_a_client_plain_and_compressed() {
    let Some(python3) = python() else { return };
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0#deflate"]);
    let address = format!("ws://127.0.0.1:{}/", port(&address));
    for compression in ["", "deflate"] {
        let ran = run(python3, &["-c", PYTHON_CLIENT, &address, compression]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "closed 1000\n"),
            "{ran:?}"
        );
    }
    drop(tool);
}

#[test]
fn pythons_websockets_is_understood_as_a_server_plain_and_compressed() {
    let Some(python3) = python() else { return };
    let mut python = Tool::spawn(
        Command::new(python3)
            .args(["-c", PYTHON_SERVER])
            .stdin(Stdio::null())
            .stdout(Stdio::piped()),
    );
    python.stdout.wait_for("\n");
    let port = python.stdout.text().trim().to_owned();
    let lines = format!("text {}\nbinary 00ff\ntext \n", "ñ".repeat(100_000));
    for deflate in ["", "#deflate"] {
        let address = format!("ws://127.0.0.1:{port}/{deflate}");
        let ran = sockeye_with(&["connect", "--typed", &address], lines.as_bytes());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stdout == lines, "{} B came", ran.stdout.len());
    }
    assert!(python.runs());
}

const NODE_CLIENT: &str = r#"
const { WebSocket } = require('ws');
const peer = new WebSocket(process.argv[1], { perMessageDeflate: process.argv[2] === 'deflate' });
const messages = ['', 'hé', Buffer.alloc(0), Buffer.alloc(300000, 7), 'x'.repeat(2000000)];
let next = 0;
peer.on('open', () => peer.send(messages[0]));
peer.on('message', (data, binary) => {
  const sent = messages[next];
  if (binary !== Buffer.isBuffer(sent) || !Buffer.from(sent).equals(data)) process.exit(1);
  next += 1;
  if (next < messages.length) peer.send(messages[next]); else peer.close(4001, 'done');
});
peer.on('close', (code) => { console.log('closed', code); });
"#;

#[test]
fn nodes_ws_is_understood_as_a_client_plain_and_compressed() {
    let programs = ["node", "/usr/bin/node", "nodejs"];
    let Some(node) = one_of(&programs, &["-e", "require('ws')"], "Node's ws") else {
        return;
    };
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0#deflate"]);
    let address = format!("ws://127.0.0.1:{}/", port(&address));
    for compression in ["", "deflate"] {
        let ran = run(node, &["-e", NODE_CLIENT, &address, compression]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "closed 4001\n"),
            "{ran:?}"
        );
    }
    drop(tool);
}

#[test]
fn curl_is_told_in_words_what_this_address_speaks() {
    let Some(curl) = one_of(&["curl"], &["--version"], "curl") else {
        return;
    };
    let (tool, address) = served(&["serve", "echo=ws://127.0.0.1:0"]);
    let url = format!("http://127.0.0.1:{}/", port(&address));
    let ran = run(curl, &["--silent", "--include", &url]);
    assert!(ran.stdout.starts_with("HTTP/1.1 426 "), "{ran:?}");
    assert!(ran.stdout.contains("Upgrade: websocket"), "{ran:?}");
    drop(tool);
}
