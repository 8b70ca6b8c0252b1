"""The contestants: how each program is asked to do the same job."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

SOCKEYE, BARE = "sockeye", "bare"

HAPROXY = """global
  maxconn 2000
  {tuning}
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen relay
  bind 127.0.0.1:{from_port}
  {splice}
  server to 127.0.0.1:{to_port}
"""
SPLICE = "option splice-request\n  option splice-response"


@dataclass(frozen=True)
class Contestant:
    """A program's name in the tables and its command line, made from a row's ports."""

    name: str
    command: Callable[..., list[str]]
    share: float = 1.0  # of the row's work: the slow ones prove their figure with less


class Peers:
    def __init__(self, build: Path, sockeye: Path):
        self.build = build
        self.sockeye = sockeye

    def bare(self, program: str, *arguments: str) -> list[str]:
        return [str(self.build / program), *arguments]

    def ours(self, command: str, *arguments: str) -> list[str]:
        """Empty when there is no such binary."""
        return [str(self.sockeye), command, "-q", *arguments] if self.sockeye.is_file() else []

    def haproxy(self, from_port: str, to_port: str, splice: str = "", tuning: str = "") -> list[str]:
        config = self.build / "haproxy.cfg"
        config.write_text(HAPROXY.format(from_port=from_port, to_port=to_port, splice=splice, tuning=tuning))
        return ["haproxy", "-db", "-f", str(config)]

    def relays(self) -> list[Contestant]:
        def socat(*size):
            return lambda a, b: ["socat", *size, f"TCP-LISTEN:{a},bind=127.0.0.1,fork,reuseaddr,backlog=128",
                                 f"TCP:127.0.0.1:{b}"]

        wide = "maxpipes 200\n  tune.pipesize 1048576"
        return [
            Contestant(SOCKEYE, lambda a, b: self.ours("relay", f"tcp://127.0.0.1:{a}", f"tcp://127.0.0.1:{b}")),
            Contestant(BARE, lambda a, b: self.bare("relay_splice", a, b)),
            Contestant("haproxy, splice, 1 MiB pipes", lambda a, b: self.haproxy(a, b, SPLICE, wide)),
            Contestant("haproxy, splice", lambda a, b: self.haproxy(a, b, SPLICE, "maxpipes 200"), 0.5),
            Contestant("haproxy", self.haproxy, 0.5),
            Contestant("socat -b 262144", socat("-b", "262144"), 0.5),
            Contestant("socat", socat(), 0.25),
            Contestant("ncat", lambda a, b: ["ncat", "-l", "-k", "127.0.0.1", a, "--sh-exec",
                                             f"exec ncat 127.0.0.1 {b}"], 0.25),
        ]

    def views(self, recording: Path) -> list[Contestant]:
        def ours(*view):
            return lambda a, b: self.ours("relay", *view, f"tcp://127.0.0.1:{a}", f"tcp://127.0.0.1:{b}")

        return [
            Contestant("sockeye --hex", ours("--hex")),
            Contestant("sockeye --record", ours("--record", str(recording))),
            Contestant("bare copy", lambda a, b: self.bare("relay_copy", a, b)),
            Contestant("bare copy, plain hex", lambda a, b: self.bare("relay_copy", a, b, "hex")),
        ]

    def senders(self) -> list[Contestant]:
        return [
            Contestant(SOCKEYE, lambda p: self.ours("connect", f"tcp://127.0.0.1:{p}")),
            Contestant(BARE, lambda p: self.bare("ends", "send", p)),
            Contestant("nc", lambda p: ["nc", "-N", "127.0.0.1", p]),
            Contestant("ncat", lambda p: ["ncat", "--send-only", "127.0.0.1", p]),
            Contestant("socat", lambda p: ["socat", "-u", "-", f"TCP:127.0.0.1:{p}"]),
            Contestant("socat -b 262144", lambda p: ["socat", "-u", "-b", "262144", "-", f"TCP:127.0.0.1:{p}"]),
        ]

    def receivers(self) -> list[Contestant]:
        def socat(*size):
            return lambda p: ["socat", "-u", *size, f"TCP-LISTEN:{p},bind=127.0.0.1,reuseaddr", "-"]

        return [
            Contestant(SOCKEYE, lambda p: self.ours("listen", f"tcp://127.0.0.1:{p}")),
            Contestant(BARE, lambda p: self.bare("ends", "receive", p)),
            Contestant("nc", lambda p: ["nc", "-l", "127.0.0.1", p]),
            Contestant("ncat", lambda p: ["ncat", "-l", "--recv-only", "127.0.0.1", p]),
            Contestant("socat", socat()),
            Contestant("socat -b 262144", socat("-b", "262144")),
        ]

    def echoes(self, wanted: tuple[str, ...]) -> list[Contestant]:
        servers = [
            Contestant(SOCKEYE, lambda p: self.ours("serve", f"echo=tcp://127.0.0.1:{p}")),
            Contestant(BARE, lambda p: self.bare("echo_epoll", p)),
            Contestant("socat", lambda p: ["socat", f"TCP-LISTEN:{p},bind=127.0.0.1,fork,reuseaddr,backlog=128",
                                           "PIPE"], 0.1),
            Contestant("ncat", lambda p: ["ncat", "-l", "-k", "-m", "2000", "127.0.0.1", p, "--exec", "/bin/cat"],
                       0.05),
        ]
        return [server for server in servers if server.name in wanted]

    def udp_echoes(self) -> list[Contestant]:
        return [
            Contestant(SOCKEYE, lambda p: self.ours("serve", f"echo=udp://127.0.0.1:{p}")),
            Contestant(BARE, lambda p: self.bare("echo_udp", p)),
            Contestant("socat", lambda p: ["socat", f"UDP-LISTEN:{p},bind=127.0.0.1,fork,reuseaddr", "PIPE"], 0.1),
            Contestant("ncat", lambda p: ["ncat", "-u", "-l", "-k", "127.0.0.1", p, "--exec", "/bin/cat"], 0.1),
        ]

    def byte_clients(self) -> list[Contestant]:
        return [
            Contestant(SOCKEYE, lambda p: self.ours("connect", f"tcp://127.0.0.1:{p}")),
            Contestant("bare C client", lambda p: self.bare("byte_client", p)),
            Contestant("nc -N", lambda p: ["nc", "-N", "127.0.0.1", p]),
            Contestant("socat", lambda p: ["socat", "-", f"TCP:127.0.0.1:{p}"]),
            Contestant("ncat", lambda p: ["ncat", "127.0.0.1", p]),
        ]

    def versions(self) -> list[str]:
        """One line a program, as it names itself; what is not installed is said."""
        asked = [
            ("sockeye", [str(self.sockeye), "--version"], r"(\d+\.\S+)"),
            ("haproxy", ["haproxy", "-v"], r"version (\S+)"),
            ("socat", ["socat", "-V"], r"socat version (\S+)"),
            ("ncat", ["ncat", "--version"], r"Version (\S+)"),
            ("nc", ["nc", "-h"], r"(OpenBSD netcat.*\))"),
            ("nsd", ["nsd", "-v"], r"NSD version (\S+)"),
            ("kdig", ["kdig", "--version"], r"Knot DNS\D*(\S+)"),
            ("drill", ["drill", "-v"], r"drill version (\S+)"),
            ("dig", ["dig", "-v"], r"DiG (\S+)"),
            ("ss", ["ss", "--version"], r"iproute2-(\S+)"),
            ("gcc", ["gcc", "--version"], r"(\d+\.\d+\.\d+)"),
        ]
        lines = []
        for name, argv, pattern in asked:
            version = "not there"
            if shutil.which(argv[0]):
                answer = subprocess.run(argv, capture_output=True, text=True, timeout=10)
                if found := re.search(pattern, answer.stdout + answer.stderr):
                    version = found[1]
            lines.append(f"{name} {version}")
        return lines
