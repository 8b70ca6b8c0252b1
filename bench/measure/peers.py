"""The contestants: how each program is asked to do the same job."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .children import Failed

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
HAPROXY_TLS = """global
  maxconn 2000
  nbthread 1
  {tuning}
  ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen relay
  bind 127.0.0.1:{from_port} ssl crt {certificate}
  server to 127.0.0.1:{to_port}
"""
NGINX = """daemon off;
master_process off;
pid {build}/nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""
SPLICE = "option splice-request\n  option splice-response"

REFERENCE = Path(__file__).resolve().parent.parent / "reference"


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
        self.certified = False
        self.built: set[str] = set()

    def bare(self, program: str, *arguments: str) -> list[str]:
        return [str(self.build / program), *arguments]

    def ours(self, command: str, *arguments: str) -> list[str]:
        """Empty when there is no such binary."""
        return [str(self.sockeye), command, "-q", *arguments] if self.sockeye.is_file() else []

    def haproxy(self, from_port: str, to_port: str, splice: str = "", tuning: str = "") -> list[str]:
        config = self.build / "haproxy.cfg"
        config.write_text(HAPROXY.format(from_port=from_port, to_port=to_port, splice=splice, tuning=tuning))
        return ["haproxy", "-db", "-f", str(config)]

    def nginx(self, folder: Path, port: str) -> list[str]:
        config = self.build / "nginx.conf"
        config.write_text(NGINX.format(build=self.build, folder=folder, port=port))
        return ["nginx", "-e", "stderr", "-c", str(config)]

    def folders(self, folder: Path) -> list[Contestant]:
        """Who serves a folder over HTTP."""
        return [
            Contestant(SOCKEYE, lambda port: self.ours("serve", f"files=127.0.0.1:{port}", "--dir", str(folder))),
            Contestant("nginx", lambda port: self.nginx(folder, port)),
        ]

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

    def ws_echoes(self, kind: str, size: int) -> list[Contestant]:
        # Its default of 64 KiB is the longest message it keeps whole.
        room = ["-B", "2097152"]
        return [
            Contestant(SOCKEYE, lambda p: self.ours("serve", f"echo=ws://127.0.0.1:{p}")),
            Contestant(BARE, lambda p: [str(self.tungstenite()), p, "4096" if size < 4096 else "131072"]),
            Contestant("websocat", lambda p: ["websocat", "-E", "-t" if kind == "text" else "-b", *room,
                                              f"ws-l:127.0.0.1:{p}", "mirror:"]),
        ]

    def ws_relays(self, size: int) -> list[Contestant]:
        return [
            Contestant(SOCKEYE, lambda a, b: self.ours("relay", "--frame", f"chunk={size}", f"ws://127.0.0.1:{a}",
                                                       f"tcp://127.0.0.1:{b}")),
            Contestant("websocat", lambda a, b: ["websocat", "-E", "-b", "-B", "2097152", f"ws-l:127.0.0.1:{a}",
                                                 f"tcp:127.0.0.1:{b}"]),
        ]

    def tls_relays(self) -> list[Contestant]:
        return [
            Contestant(SOCKEYE, lambda a, b: self.ours("relay", self.tls_address(a), f"tcp://127.0.0.1:{b}")),
            *self.tls_haproxies(),
        ]

    def tls_echoes(self) -> list[Contestant]:
        return [
            Contestant(SOCKEYE, lambda a, _: self.ours("serve", f"echo={self.tls_address(a)}")),
            Contestant(BARE, lambda a, _: self.bare("tls_echo", a, *map(str, self.certificate()[:2]))),
            *self.tls_haproxies(),
        ]

    def tls_haproxies(self) -> list[Contestant]:
        """One thread, as sockeye has: with two it takes more processor time for the same work."""
        def haproxy(tuning: str):
            def command(from_port: str, to_port: str) -> list[str]:
                certificate = self.certificate()[2]
                config = self.build / "haproxy-tls.cfg"
                config.write_text(HAPROXY_TLS.format(from_port=from_port, to_port=to_port, tuning=tuning,
                                                     certificate=certificate))
                return ["haproxy", "-db", "-f", str(config)]
            return command

        return [Contestant("haproxy", haproxy("")),
                Contestant("haproxy, 64 KiB buffers", haproxy("tune.bufsize 65536"))]

    def tls_address(self, port: str) -> str:
        certificate, key, _ = self.certificate()
        return f"tls://127.0.0.1:{port}#cert={certificate},key={key}"

    def certificate(self) -> tuple[Path, Path, Path]:
        """For localhost, self-signed, ECDSA P-256: the certificate, its key, and both in one file. Made once a run."""
        files = tuple(self.build / f"{name}.pem" for name in ("localhost-cert", "localhost-key", "localhost-both"))
        if not self.certified:
            if not shutil.which("openssl"):
                raise Failed("openssl is not installed")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-keyout", files[1], "-out", files[0], "-days", "2", "-subj", "/CN=localhost", "-addext",
                            "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True, timeout=30)
            files[2].write_text(files[0].read_text() + files[1].read_text())
            self.certified = True
        return files

    def tungstenite(self) -> Path:
        return self.in_rust("ws_echo")

    def in_rust(self, name: str) -> Path:
        """A reference that is not C, built on first use."""
        target = self.build / name
        if name not in self.built:
            if not shutil.which("cargo"):
                raise Failed("cargo is not installed")
            built = subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", "--manifest-path",
                                    REFERENCE / name / "Cargo.toml", "--target-dir", target], capture_output=True,
                                   text=True)
            if built.returncode:
                words = built.stderr.strip().splitlines() or ["no reason given"]
                raise Failed(f"cargo build of {name}: {words[-1].strip()[:100]}")
            self.built.add(name)
        return target / "release" / name

    def chats(self) -> list[Contestant]:
        return [
            Contestant(SOCKEYE, lambda p: self.ours("serve", f"chat=tcp://127.0.0.1:{p}")),
            Contestant(BARE, lambda p: [str(self.in_rust("broadcast")), p]),
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
            ("websocat", ["websocat", "--version"], r"websocat (\S+)"),
            ("openssl", ["openssl", "version"], r"OpenSSL (\S+)"),
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
        locked = re.search(r'"tokio-tungstenite"\nversion = "(.+)"', (REFERENCE / "ws_echo/Cargo.lock").read_text())
        return [*lines, f"tokio-tungstenite {locked[1]}"]
