//! `resolve --trace` through the offline Internet of `serve dns`, in a network of the tests' own.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::Write;
use std::process::{Command, Stdio};

/// What a command says on both streams, and its exit code: `CODE`, then stdout, then stderr.
fn walked(arguments: &str) -> Option<(i32, String, String)> {
    let sockeye = env!("CARGO_BIN_EXE_sockeye");
    let script = format!(
        r#"
        ip link set lo up || exit 99
        directory=$(mktemp -d); cd "$directory"; trap 'rm -r "$directory"' EXIT
        mkfifo ready
        {sockeye} serve dns -q --ready-fd 3 3>ready & server=$!
        exec 4<ready; read -r line <&4
        printf '.  3600 NS a.root.\na.root. 3600 A 127.0.0.2\n' >hints
        timeout 60 {sockeye} resolve {arguments} </dev/null >out 2>errors; code=$?
        kill -TERM $server; wait $server
        echo "$code"; cat out; echo "~~~"; cat errors
        "#
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-c", &script])
        .env("LC_ALL", "C")
        .env_remove("LANG")
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        return skipped("unshare(1) is not installed");
    };
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return skipped(&format!("no network namespace can be made here: {why}"));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (code, rest) = text.split_once('\n').unwrap();
    let (out, errors) = rest.split_once("~~~\n").unwrap();
    Some((code.parse().unwrap(), out.to_owned(), errors.to_owned()))
}

fn skipped<T>(why: &str) -> Option<T> {
    assert!(
        std::env::var_os("SOCKEYE_NO_SKIP").is_none(),
        "skipped: {why}"
    );
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
    None
}

/// The words of a text, each behind one space.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_walk_names_each_zone_each_server_and_what_it_said() {
    let Some((code, out, errors)) = walked("--trace --root 127.0.0.2:7053 shop.river.example A")
    else {
        return;
    };
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    let said = joined(&out);
    for piece in [
        ". the root 127.0.0.2",
        "→ example. is delegated: ns.example. 127.0.0.3 (TTL 86400)",
        "example. top-level domain 127.0.0.3 ns.example.",
        "river.example. second level 127.0.0.4 ns1.river.example.",
        "→ shop.river.example. is an alias of www.sea.example. (CNAME, TTL 3600)",
        "on to www.sea.example., from example. down",
        "sea.example. second level 127.0.0.5 ns.sea.example.",
        "= answers: A 192.0.2.31",
        "shop.river.example. 3600 CNAME www.sea.example. www.sea.example. 3600 A 192.0.2.31",
        "www.sea.example. is a name in the zone sea.example.: it is not delegated",
    ] {
        assert!(said.contains(piece), "{piece}\n{out}");
    }
}

#[test]
fn a_server_without_an_address_is_looked_for_further_in() {
    let Some((code, out, _)) = walked("--root 127.0.0.2:7053 www.lake.example A") else {
        return;
    };
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("\n  first, the IPv4 address of harbor.sea.example.\n    example."));
    assert!(out.contains("harbor.sea.example. (no address given)"));
}

#[test]
fn the_end_of_a_walk_has_its_code_and_its_reason() {
    for (arguments, expected, reason) in [
        ("nothing.sea.example A", 10, "no such name (NXDOMAIN)"),
        ("six.river.example A", 10, "no A record (NODATA)"),
        (
            "tick.river.example A",
            1,
            "SERVFAIL: the aliases go in a circle",
        ),
    ] {
        let Some((code, out, errors)) = walked(&format!("--root 127.0.0.2:7053 {arguments}"))
        else {
            return;
        };
        assert_eq!(code, expected, "{out}{errors}");
        assert!(errors.contains(reason), "{errors}");
    }
    // Nobody listens there.
    let Some((code, _, errors)) = walked("--root 127.0.0.9:7053 www.sea.example A") else {
        return;
    };
    assert_eq!(code, 11, "{errors}");
    assert!(errors.contains("no server of . can be reached"), "{errors}");
}

#[test]
fn short_and_json_say_the_same_and_nothing_else() {
    let Some((code, out, errors)) = walked("--short --root 127.0.0.2:7053 shop.river.example")
    else {
        return;
    };
    assert_eq!(
        (code, out.as_str(), errors.as_str()),
        (0, "192.0.2.31\n2001:db8::31\n", "")
    );
    let Some((code, out, _)) = walked("--json --root 127.0.0.2:7053 shop.river.example A") else {
        return;
    };
    assert_eq!(code, 0);
    let said = joined(&out);
    for piece in [
        r#""outcome": "answered", "rcode": "NOERROR""#,
        r#"{ "name": "www.sea.example.", "ttl": 3600, "type": "A", "data": "192.0.2.31" }"#,
        r#""zone": "sea.example.""#,
        r#""said": "referral", "to": "river.example.", "ttl": 3600"#,
        r#""step": "restart", "depth": 0, "name": "www.sea.example.""#,
    ] {
        assert!(said.contains(piece), "{piece}\n{out}");
    }
}

#[test]
fn a_walk_can_begin_at_the_servers_of_a_hints_file_and_says_what_is_wrong_with_one() {
    // Its servers are asked on port 53, where nobody is.
    let Some((code, _, errors)) = walked("--hints hints www.sea.example A") else {
        return;
    };
    assert_eq!(code, 11, "{errors}");
    let Some((code, _, errors)) = walked("--hints out www.sea.example A") else {
        return;
    };
    assert_eq!(code, 2, "{errors}");
    assert!(
        errors.contains("hints file out: it names no server of the root"),
        "{errors}"
    );
    let Some((code, _, errors)) = walked("--trace --server 127.0.0.2:7053 www.sea.example A")
    else {
        return;
    };
    assert_eq!(code, 2, "{errors}");
}

#[test]
fn a_walk_over_tcp_and_one_through_a_cut_answer_end_the_same() {
    let Some((code, out, _)) = walked("--tcp --root 127.0.0.2:7053 big.sea.example TXT") else {
        return;
    };
    assert_eq!(code, 0, "{out}");
    let Some((code, over_udp, _)) = walked("--root 127.0.0.2:7053 big.sea.example TXT") else {
        return;
    };
    assert_eq!(code, 0, "{over_udp}");
    assert!(joined(&over_udp).contains("too long for UDP, so it came over TCP"));
    let records = |text: &str| text.lines().filter(|line| line.starts_with("big.")).count();
    assert_eq!((records(&out), records(&over_udp)), (18 + 1, 18 + 1));
}
