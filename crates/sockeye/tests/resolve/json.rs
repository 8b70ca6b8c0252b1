//! The shape of --json, as docs/resolve.md describes it.

use serde_json::Value;

use crate::asked::{Scripted, Zone, error, resolve};

fn json(words: &[&str]) -> (Value, Option<i32>) {
    let ran = resolve(&[&["--json"][..], words].concat());
    let value = serde_json::from_str(&ran.stdout).unwrap_or_else(|why| panic!("{why}: {ran:?}"));
    (value, ran.code)
}

#[test]
fn an_answer_has_every_member() {
    let zone = Zone::with("xn--espaol-zwa 60 CNAME web\nweb A 192.0.2.80");
    let (value, code) = json(&["--server", &zone.at, "español.test", "A", "MX"]);
    assert_eq!(code, Some(0));
    let mut value = value;
    // What no two runs have in common.
    for response in value["responses"].as_array_mut().unwrap() {
        assert!(response["took_ms"].as_f64().unwrap() > 0.0);
        assert!(response["size"].as_u64().unwrap() > 12);
        response["took_ms"] = Value::Null;
        response["size"] = Value::Null;
    }
    let response = |kind: &str, status: &str| {
        serde_json::json!({
            "name": "xn--espaol-zwa.test.", "type": kind, "source": "dns", "status": status, "rcode": "NOERROR",
            "flags": ["qr", "aa", "rd"], "server": format!("udp://{}", zone.at), "transport": "udp",
            "took_ms": null, "tries": 1, "size": null, "truncated": false, "strays": 0, "extended_errors": [],
            "error": null,
        })
    };
    let expected = serde_json::json!({
        "question": {
            "typed": "español.test", "name": "xn--espaol-zwa.test.", "unicode": "español.test", "types": ["A", "MX"],
        },
        "server": format!("udp://{}", zone.at),
        "steps": [],
        "answers": [
            {"name": "xn--espaol-zwa.test.", "ttl": 60, "type": "CNAME", "data": "web.test."},
            {"name": "web.test.", "ttl": 300, "type": "A", "data": "192.0.2.80"},
        ],
        "responses": [response("A", "answered"), response("MX", "no-data")],
    });
    assert_eq!(value, expected);
}

#[test]
fn what_fails_is_json_too_with_its_exit_code() {
    let zone = Zone::with("");
    let (value, code) = json(&["--server", &zone.at, "nope.test", "A"]);
    assert_eq!(
        (code, &value["responses"][0]["status"]),
        (Some(10), &"no-name".into())
    );
    let failing = Scripted::new(|question| {
        Some(error(
            question,
            2,
            b"\0\0\x29\x04\xd0\0\0\0\0\0\x06\0\x0f\0\x02\0\x16",
        ))
    });
    let (value, code) = json(&["--server", &failing.at.to_string(), "nope.test", "A"]);
    assert_eq!(code, Some(1));
    assert_eq!(value["responses"][0]["rcode"], "SERVFAIL");
    assert_eq!(
        value["responses"][0]["extended_errors"],
        serde_json::json!([{"code": 22, "text": ""}])
    );
    let silent = Scripted::new(|_| None);
    let (value, code) = json(&[
        "--timeout",
        "100ms",
        "--server",
        &silent.at.to_string(),
        "nope.test",
        "A",
    ]);
    assert_eq!(
        (code, &value["responses"][0]["status"]),
        (Some(13), &"timed-out".into())
    );
    assert!(value["responses"][0]["error"].is_string());
}

#[test]
fn several_servers_are_an_array_in_their_order() {
    let one = Zone::with("www A 192.0.2.1");
    let two = Zone::with("www A 192.0.2.2");
    let (value, _) = json(&[
        "--server",
        &format!("{},{}", one.at, two.at),
        "www.test",
        "A",
    ]);
    let of = |at: usize| {
        (
            value[at]["server"].clone(),
            value[at]["answers"][0]["data"].clone(),
        )
    };
    assert_eq!(
        of(0),
        (format!("udp://{}", one.at).into(), "192.0.2.1".into())
    );
    assert_eq!(
        of(1),
        (format!("udp://{}", two.at).into(), "192.0.2.2".into())
    );
}
