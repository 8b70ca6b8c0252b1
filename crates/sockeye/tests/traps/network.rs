//! A network, and a hosts file, of a test's own: the test runs once more in namespaces that go with it.

use std::process::{Command, Stdio};

use crate::tool::{skipped, until};

/// Two interfaces that are joined, each with a link-local address that is valid at once.
pub(crate) const VETH: &[&str] = &[
    "link add left type veth peer name right",
    "link set left addrgenmode none",
    "link set right addrgenmode none",
    "link set left up",
    "link set right up",
    "-6 addr add fe80::1/64 dev left nodad",
    "-6 addr add fe80::2/64 dev right nodad",
];

/// Runs `test`, which is the test called `name`, in its own network: `lo` up, and `setup` done, commands of ip(8).
pub(crate) fn in_own_network(name: &str, setup: &[&str], test: impl FnOnce()) {
    const INSIDE: &str = "SOCKEYE_TEST_NETWORK";
    if std::env::var_os(INSIDE).is_some() {
        ip("link set lo up");
        setup.iter().for_each(|command| ip(command));
        // A new link carries nothing until the kernel has noticed that its other end is up.
        until("up", || {
            let links = shown(&["-o", "link", "show", "up"]);
            let routes = shown(&["-6", "route", "show", "table", "local"]);
            let wanted = setup
                .iter()
                .filter_map(|command| command.strip_prefix("-6 addr add ")?.split('/').next());
            !links.contains("DOWN")
                && !links.contains("NO-CARRIER")
                && wanted
                    .into_iter()
                    .all(|address| routes.contains(&format!("local {address} ")))
        });
        test();
        return;
    }
    let namespaces = ["--net", "--mount", "--propagation", "private"];
    let works = Command::new("unshare")
        .args(namespaces)
        .args([
            "ip", "link", "add", "left", "type", "veth", "peer", "name", "right",
        ])
        .stderr(Stdio::null())
        .status();
    if !works.is_ok_and(|status| status.success()) {
        skipped("no network namespace can be made here with unshare(1) and ip(8)");
        return;
    }
    let child = Command::new("unshare")
        .args(namespaces)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{output}{errors}");
    assert!(output.contains("1 passed"), "{output}{errors}");
}

/// Puts `hosts` in the place of /etc/hosts; only inside.
pub(crate) fn with_hosts(file: &str) {
    let done = Command::new("mount")
        .args(["--bind", file, "/etc/hosts"])
        .status()
        .unwrap();
    assert!(done.success());
}

fn ip(command: &str) {
    let done = Command::new("ip")
        .args(command.split(' '))
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "ip {command}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

fn shown(arguments: &[&str]) -> String {
    String::from_utf8(Command::new("ip").args(arguments).output().unwrap().stdout).unwrap()
}
