"""Rows about names and ports: looking a name up, serving names, who holds a port, what a port means."""

import subprocess
import sys
from pathlib import Path

from .bench import Bench, percentile
from .children import Failed, free_port, kill_all
from .peers import SOCKEYE, Contestant
from .report import Column, Results, Target

NAMES = 1000
SOCKETS = 5_000
VERSION = "sockeye --version"

NSD = """server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  zonesdir: "{dir}"
  database: ""
  pidfile: "{dir}/nsd.pid"
  xfrdfile: "{dir}/xfrd.state"
  zonelistfile: "{dir}/zone.list"
  logfile: "{dir}/nsd.log"
  xfrdir: "{dir}"
  rrl-ratelimit: 0
  minimal-responses: yes
remote-control:
  control-enable: no
zone:
  name: bench.test
  zonefile: bench.zone
"""

# Holds listening sockets until its stdin ends.
HOLD = """
import resource, socket, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []
for _ in range(int(sys.argv[1])):
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.listen(1)
    held.append(one)
print("ready", flush=True)
sys.stdin.read()
"""


def zone(bench: Bench) -> Path:
    """A zone of many names, and a file of questions about them, one in ten of which nobody has."""
    text = ["$ORIGIN bench.test.", "$TTL 300", "@ SOA ns admin 1 3600 600 86400 60", "@ NS ns", "ns A 127.0.0.1"]
    text += [f"n{number} A 192.0.2.{number % 250 + 1}" for number in range(NAMES)]
    path = bench.build / "bench.zone"
    path.write_text("\n".join(text) + "\n")
    asked = [f"n{number}.bench.test A" if number % 10 else f"no{number}.bench.test A" for number in range(NAMES)]
    (bench.build / "questions").write_text("\n".join(asked) + "\n")
    return path


def servers(bench: Bench) -> list[Contestant]:
    path = zone(bench)

    def nsd(port: str) -> list[str]:
        config = bench.build / "nsd.conf"
        config.write_text(NSD.format(port=port, dir=bench.build))
        return ["nsd", "-d", "-c", str(config)]

    return [
        Contestant(SOCKEYE, lambda p: bench.peers.ours("serve", f"dns=udp://127.0.0.1:{p}", "--zone", str(path))),
        Contestant("nsd", nsd),
    ]


def dns(bench: Bench) -> None:
    count = bench.count(200_000, 20_000)

    def measure(contestant: Contestant) -> dict[str, float]:
        port = free_port()
        server = bench.serve(contestant, [port], "udp")
        before = server.cpu_below()
        load = ["dnsperf", "-s", "127.0.0.1", "-p", port, "-d", str(bench.build / "questions"), "-c", "4", "-q", "64",
                "-n", str(int(count) // NAMES), "-l", "60"]
        try:
            answer = subprocess.run(load, capture_output=True, text=True, timeout=120)
        except FileNotFoundError:
            raise Failed("dnsperf is not installed") from None
        words = {line.split(":")[0].strip(): line.split(":")[1].split()[0]
                 for line in answer.stdout.splitlines() if ":" in line and line.split(":")[1].split()}
        completed, lost = float(words["Queries completed"]), float(words["Queries lost"])
        if lost > completed / 1000:
            raise Failed(f"{lost:.0f} of {count} questions had no answer")
        return {"per_cpu": completed / (server.cpu_below() - before), "rate": float(words["Queries per second"])}

    results = bench.take_turns(
        Results("serving names", f"{count} questions from dnsperf over UDP about a zone of {NAMES} names, a tenth of "
                "them about names that are not there; answers a processor second of the server.",
                [Column("per_cpu", "answers / CPU s", ",.0f"), Column("rate", "answers / s", ",.0f")]),
        servers(bench), measure)
    bench.report.targets.append(
        Target("serve dns: answers a CPU second to nsd's", 0.5, False,
               lambda: results.median(SOCKEYE, "per_cpu") / results.median("nsd", "per_cpu")))


def resolve(bench: Bench) -> None:
    port = free_port()
    bench.serve(servers(bench)[1], [port], "udp")
    name = "n1.bench.test"
    commands = [
        Contestant(SOCKEYE, lambda: bench.peers.ours("resolve", "--short", "--server", f"127.0.0.1:{port}", name, "A")),
        Contestant("kdig", lambda: ["kdig", "+short", "@127.0.0.1", "-p", port, name, "A"]),
        Contestant("drill", lambda: ["drill", "-p", port, name, "@127.0.0.1", "A"]),
        Contestant("dig", lambda: ["dig", "+short", "@127.0.0.1", "-p", port, name, "A"]),
    ]
    results = whole(bench, "a whole process: one name looked up at a server on this machine", commands)
    for peer in ("kdig", "drill"):
        bench.report.targets.append(
            Target(f"resolve --short: time to {peer}'s", 1.0, True,
                   lambda peer=peer: results.median(SOCKEYE, "p50") / results.median(peer, "p50")))
    kill_all()


def who(bench: Bench) -> None:
    script = bench.build / "hold.py"  # a short command line: sockeye prints it with each socket, ss does not
    script.write_text(HOLD)
    holder = subprocess.Popen([sys.executable, str(script), str(SOCKETS)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        if holder.stdout.readline() != "ready\n":
            raise Failed("the sockets could not be opened")
        commands = [
            Contestant(SOCKEYE, lambda: [str(bench.peers.sockeye), "who"]),
            Contestant("ss -ltnp", lambda: ["ss", "-ltnp"]),
        ]
        results = whole(bench, f"a whole process: who holds {SOCKETS} listening sockets", commands)
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait(20)
    bench.report.targets.append(
        Target("who: time to that of ss -ltnp", 1.0, True,
               lambda: results.median(SOCKEYE, "p50") / results.median("ss -ltnp", "p50")))


def ports(bench: Bench) -> None:
    commands = [
        Contestant(SOCKEYE, lambda: [str(bench.peers.sockeye), "ports", "443"]),
        Contestant(VERSION, lambda: [str(bench.peers.sockeye), "--version"]),
    ]
    results = whole(bench, "a whole process: what port 443 means, beside a start that does nothing", commands)
    bench.report.targets.append(
        Target("ports 443: milliseconds beyond a start that does nothing (no ratio)", 1.0, True,
               lambda: results.median(SOCKEYE, "p50") - results.median(VERSION, "p50")))


def whole(bench: Bench, title: str, commands: list[Contestant]) -> Results:
    """Whole processes in turn, each to print something and to end with 0."""
    runs = bench.count(150, 40)
    results = Results(title, f"From the start of the process to its end, {runs} runs in turn, in milliseconds.",
                      [Column("p50", "median", ".2f"), Column("p95", "p95", ".2f")])
    bench.report.tables.append(results)
    there = [one for one in commands if one.command()]
    arguments = [word for one in there for word in ("--", *one.command())]
    load = bench.load("time_process", runs, "any", *arguments, stdout=subprocess.PIPE)
    text = load.process.stdout.read().decode()
    load.process.stdout.close()
    load.complete(300)
    times: dict[str, list[float]] = {}
    for line in text.splitlines():
        number, value = line.split()
        name = there[int(number)].name
        if value == "failed":
            results.skip(name, "not installed, or it failed")
        else:
            times.setdefault(name, []).append(float(value) / 1000)
    for one in commands:
        if one not in there:
            results.skip(one.name, "no sockeye binary")
        elif one.name in times and one.name not in results.reasons:
            results.add(one.name, {"p50": percentile(times[one.name], 0.5), "p95": percentile(times[one.name], 0.95)})
    return results
