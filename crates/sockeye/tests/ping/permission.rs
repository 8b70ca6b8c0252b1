//! An ordinary user, who may open a datagram socket of ICMP where the system allows that to its group, and no raw one.

use std::process::{Command, Stdio};

use crate::network::in_own_network;
use crate::ran::Ran;
use crate::routes::objects;
use crate::tool::{copy_program, skipped};
use crate::world::{Folder, allow};

fn as_nobody(program: &str, words: &[&str]) -> Ran {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", program])
        .args(words)
        .env("LC_ALL", "C")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command.output().unwrap().into()
}

#[test]
fn an_ordinary_user_is_told_the_ways_out_and_the_group_s_range_is_one() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can become another user");
        return;
    }
    in_own_network(
        "permission::an_ordinary_user_is_told_the_ways_out_and_the_group_s_range_is_one",
        &[],
        || {
            let folder = Folder::new("nobody");
            let program = folder.path("sockeye");
            copy_program(&program);
            allow("raw");
            for (language, ways) in [
                (
                    "en",
                    [
                        "ways out:",
                        "sysctl net.ipv4.ping_group_range",
                        "cap_net_raw",
                        "sudo",
                    ],
                ),
                (
                    "es",
                    [
                        "salidas:",
                        "sysctl net.ipv4.ping_group_range",
                        "cap_net_raw",
                        "sudo",
                    ],
                ),
            ] {
                for target in ["127.0.0.1", "::1"] {
                    let ran = as_nobody(&program, &["ping", "-c", "1", target, "--lang", language]);
                    assert_eq!(ran.code, Some(1), "{ran:?}");
                    assert_eq!(ran.stdout, "", "{ran:?}");
                    for way in ways {
                        assert!(ran.last_line().contains(way), "{way}: {ran:?}");
                    }
                }
            }
            let raw = as_nobody(&program, &["connect", "raw://127.0.0.1#protocol=253"]);
            assert_eq!(raw.code, Some(1), "{raw:?}");
            assert!(raw.last_line().contains("CAP_NET_RAW"), "{raw:?}");

            allow("datagram");
            let ran = as_nobody(&program, &["ping", "--json", "-c", "1", "127.0.0.1", "::1"]);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert!(
                objects(&ran)[2..]
                    .iter()
                    .all(|one| one["socket"] == "datagram"),
                "{ran:?}"
            );
        },
    );
}
