//! `listen` for one conversation: what it says of who has come.

use crate::peers::tcp;
use crate::tool::Tool;

#[test]
fn who_has_come_is_said_once() {
    let (mut tool, address) = Tool::serve_one(&["listen", "-v", "127.0.0.1:0"]);
    let peer = tcp(&address);
    let name = peer.local_addr().unwrap().to_string();
    let expected = format!("{name} has connected to {address}");
    tool.stderr.wait_for(&expected);
    drop(peer);
    drop(tool.stdin.take());
    let ran = tool.ran();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let about_it: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| line.contains(&name))
        .collect();
    assert_eq!(about_it, [expected]);
}
