//! What is said of the ends of connections and listeners is what the kernel does.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(dead_code, reason = "the scenes have more than these tests need")]

mod scenes;

use scenes::Scene;
use sockeye_model::{Call, End, Errno, Family, Kind, Sink, Timestamp, Totals, Type};
use sockeye_view::{Explain, ExplainOptions};

const HERE: &str = "127.0.0.1:5000";

fn narrated(scene: &Scene) -> String {
    let mut out = Vec::new();
    let options = ExplainOptions {
        width: 200,
        ..ExplainOptions::default()
    };
    scene.show(Explain::new(&mut out, options));
    String::from_utf8(out).unwrap()
}

fn failed(call: Call, errno: Errno) -> Kind<'static> {
    Kind::Failed {
        call,
        errno,
        address: None,
    }
}

#[test]
fn shutdown_of_a_listener_sends_no_fin_and_explains_the_accept_behind_it() {
    let mut scene = Scene::default();
    scene.created(0, 1, Family::Inet, Type::Stream);
    scene.bound(10, 1, HERE);
    scene.listening(20, 1, HERE);
    scene.at(30, 1, Kind::HalfClosed { end: End::Ours });
    scene.at(40, 1, failed(Call::Accept, Errno::EINVAL));
    let text = narrated(&scene);
    assert!(text.contains("nobody can connect any more"), "{text}");
    assert!(!text.contains("FIN"), "{text}");
    assert!(text.contains("shutdown() has ended it"), "{text}");
}

#[test]
fn a_send_without_a_connection_is_no_reset_of_one() {
    let mut scene = Scene::default();
    scene.created(0, 1, Family::Inet, Type::Stream);
    scene.at(10, 1, failed(Call::Send, Errno::EPIPE));
    let totals = Totals::default();
    let first = None;
    scene.at(20, 1, Kind::Closed { totals, first });
    let text = narrated(&scene);
    assert!(!text.contains("gone already"), "{text}");
}

#[test]
fn an_option_that_is_switched_off_has_the_reason_of_that() {
    let of_value = |value: &'static str| {
        let mut scene = Scene::default();
        scene.created(0, 1, Family::Inet6, Type::Stream);
        let option = "IPV6_V6ONLY".into();
        let value = value.into();
        scene.at(10, 1, Kind::Configured { option, value });
        narrated(&scene)
    };
    assert!(of_value("1").contains("IPv6 only"), "{}", of_value("1"));
    let off = of_value("0");
    assert!(off.contains("IPv4 comes to this socket too"), "{off}");
    assert!(!off.contains("IPv6 only"), "{off}");
}

#[test]
fn a_close_that_waits_is_no_send() {
    let mut scene = Scene::default();
    scene.created(0, 1, Family::Inet, Type::Stream);
    scene.at(10, 1, Kind::Waiting { call: Call::Close });
    let mut out = Vec::new();
    let mut live = Explain::new(&mut out, ExplainOptions::default());
    for event in &scene.events {
        live.event(event).unwrap();
    }
    // Such a wait is worth a line once it lasts.
    live.tick(Timestamp::from_nanos(4_100_000_000)).unwrap();
    drop(live);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("SO_LINGER: close"), "{text}");
    assert!(!text.contains("reader is slow"), "{text}");
}
