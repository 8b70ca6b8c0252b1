//! Three hosts in a row: the test's own, a router, and one behind it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::network::in_own_network;
use crate::ran::Ran;
use crate::tool::until;

/// A network namespace of its own, and a process that keeps it.
pub(crate) struct Host(Child);

impl Host {
    fn new() -> Self {
        let mut keeper = Command::new("unshare");
        keeper.args(["--net", "sleep", "100"]);
        let host = Self(keeper.stdin(Stdio::null()).spawn().unwrap());
        let own = std::fs::read_link("/proc/self/ns/net").unwrap();
        until("in a network of its own", || {
            std::fs::read_link(host.namespace()).is_ok_and(|network| network != own)
        });
        host
    }

    fn namespace(&self) -> String {
        format!("/proc/{}/ns/net", self.0.id())
    }

    /// A command that runs there.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net={}", self.namespace()))
            .args(words)
            .env("LC_ALL", "C")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a line of sh there.
    pub(crate) fn sh(&self, line: &str) {
        done(&mut self.command(&["sh", "-ec", line]));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The hosts beyond ours.
pub(crate) struct World {
    pub(crate) router: Host,
    pub(crate) far: Host,
}

/// The host behind the router.
pub(crate) const FAR: &str = "10.9.1.2";
pub(crate) const FAR6: &str = "fd09:1::2";
/// The router's end on our side.
pub(crate) const ROUTER: &str = "10.9.0.2";
pub(crate) const ROUTER6: &str = "fd09::2";

/// How echo requests are sent.
pub(crate) const SOCKETS: [&str; 2] = ["raw", "datagram"];

/// Everybody's group may have datagram sockets of ICMP, or nobody's.
pub(crate) fn allow(socket: &str) {
    let range = match socket {
        "datagram" => "0 2147483647",
        _ => "1 0",
    };
    std::fs::write("/proc/sys/net/ipv4/ping_group_range", range).unwrap();
}

/// Runs the test called `name` with that world around it. Errors of ICMP are not rationed there, and networks of the
/// documentation's kind are refused by the router: 10.9.7.0/24 as unreachable, 10.9.8.0/24 as prohibited.
pub(crate) fn in_a_world(name: &str, test: impl FnOnce(&World)) {
    in_own_network(name, &[], || {
        let world = World {
            router: Host::new(),
            far: Host::new(),
        };
        let (router, far) = (world.router.0.id(), world.far.0.id());
        sh(&format!(
            "echo 0 >/proc/sys/net/ipv4/icmp_ratemask
             echo 0 >/proc/sys/net/ipv6/icmp/ratelimit
             ip link add near type veth peer name in
             ip link add out type veth peer name there
             ip link set in netns {router}
             ip link set out netns {router}
             ip link set there netns {far}
             ip addr add 10.9.0.1/24 dev near
             ip link set near addrgenmode none
             ip link set near up
             ip -6 addr add fe80::1/64 dev near nodad
             ip -6 addr add fd09::1/64 dev near nodad
             ip route add default via {ROUTER}
             ip -6 route add default via {ROUTER6}"
        ));
        let host = "echo 0 >/proc/sys/net/ipv4/icmp_ratemask
             echo 0 >/proc/sys/net/ipv6/icmp/ratelimit
             ip link set lo up";
        world.router.sh(&format!(
            "{host}
             echo 1 >/proc/sys/net/ipv4/ip_forward
             echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
             for link in in out; do ip link set $link addrgenmode none; ip link set $link up; done
             ip addr add {ROUTER}/24 dev in
             ip addr add 10.9.1.1/24 dev out
             for link in in out; do ip -6 addr add fe80::2/64 dev $link nodad; done
             ip -6 addr add {ROUTER6}/64 dev in nodad
             ip -6 addr add fd09:1::1/64 dev out nodad
             nft add table ip t
             nft 'add chain ip t on {{ type filter hook forward priority 0; }}'
             nft add rule ip t on ip daddr 10.9.7.0/24 reject with icmp type host-unreachable
             nft add rule ip t on ip daddr 10.9.8.0/24 reject with icmp type admin-prohibited
             ip route add 10.9.0.0/16 via {FAR}
             ip -6 route add unreachable fd09:7::/64
             ip -6 route add prohibit fd09:8::/64"
        ));
        world.far.sh(&format!(
            "{host}
             ip link set there addrgenmode none
             ip link set there up
             ip addr add {FAR}/24 dev there
             ip -6 addr add fe80::3/64 dev there nodad
             ip -6 addr add {FAR6}/64 dev there nodad
             ip route add default via 10.9.1.1
             ip -6 route add default via fd09:1::1"
        ));
        // A new link carries nothing until the kernel has noticed that its other end is up.
        for address in [FAR, FAR6] {
            until("reachable", || {
                let mut ping = Command::new("ping");
                ping.args(["-c", "1", "-W", "1", address]);
                ping.stdout(Stdio::null()).status().unwrap().success()
            });
        }
        test(&world);
    });
}

/// Runs a line of sh in our own network.
pub(crate) fn sh(line: &str) {
    done(Command::new("sh").args(["-ec", line]));
}

fn done(command: &mut Command) {
    let ran: Ran = command.output().unwrap().into();
    assert_eq!(ran.code, Some(0), "{command:?}: {ran:?}");
}

/// A directory that everybody can enter, gone when the test is over.
pub(crate) struct Folder(std::path::PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("sockeye-ping-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(Path::new(&self.0));
    }
}
