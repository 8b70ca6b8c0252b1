"""The rows that count requests, conversations and datagrams, and what waiting ones cost."""

import subprocess

from .bench import Bench, answer, percentile, two_ports
from .children import Failed, free_port
from .peers import BARE, SOCKEYE, Contestant
from .report import Column, Results, Target

RATE = Column("rate", "per second", ",.0f")


def echo(bench: Bench) -> None:
    for connections, wanted in ((64, (SOCKEYE, BARE, "socat")), (1000, (SOCKEYE, BARE))):
        def measure(contestant: Contestant, connections=connections) -> dict[str, float]:
            requests = int(bench.count(200_000))
            requests = max(connections, int(requests * contestant.share))
            port = free_port()
            server = bench.serve(contestant, [port])
            load = bench.load("echo_load", port, str(connections), str(requests), "64",
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            wait_line(load)
            started = server.cpu()
            load.process.stdin.write(b"go\n")
            load.process.stdin.close()
            seconds = answer(load)["seconds"][0]
            used = server.finish() - started
            return {"cpu": used / requests * 1e6, "rate": requests / seconds}

        results = bench.take_turns(
            Results(f"echo over TCP, {connections} connections, 64 bytes",
                    "One request in flight on each connection, all connections open and served before the clock "
                    "starts. CPU is the server's, its children's included. bare: one thread with epoll.",
                    [Column("cpu", "CPU us/request", ".2f"), RATE]),
            bench.peers.echoes(wanted), measure)
        bench.report.targets.append(
            Target(f"echo, {connections} connections: CPU per request to bare epoll's", 1.1, True,
                   lambda r=results: r.median(SOCKEYE, "cpu") / r.median(BARE, "cpu")))


def accept(bench: Bench) -> None:
    def measure(contestant: Contestant) -> dict[str, float]:
        total = max(100, int(int(bench.count(20_000)) * contestant.share))
        port = free_port()
        server = bench.serve(contestant, [port])
        started = server.cpu()
        seconds = bench.ask("accept_load", port, str(total), "32")["seconds"][0]
        return {"cpu": (server.finish() - started) / total * 1e6, "rate": total / seconds}

    results = bench.take_turns(
        Results("new connections", "Connect, one byte there and back, close; 32 at once. CPU is the server's and its "
                "children's. bare: one thread with epoll.", [Column("cpu", "CPU us/connection", ".1f"), RATE]),
        bench.peers.echoes((SOCKEYE, BARE, "socat", "ncat")), measure)
    bench.report.targets += [
        Target("new connections: rate to bare epoll's", 0.95, False,
               lambda: results.median(SOCKEYE, "rate") / results.median(BARE, "rate")),
        Target("new connections: CPU to socat's", 0.1, True,
               lambda: results.median(SOCKEYE, "cpu") / results.median("socat", "cpu"), ".3f"),
    ]


def udp(bench: Bench) -> None:
    def measure(contestant: Contestant) -> dict[str, float]:
        packets = max(2000, int(int(bench.count(300_000)) * contestant.share))
        port = free_port()
        server = bench.serve(contestant, [port], "udp")
        started = server.cpu()
        found = bench.ask("udp_load", port, str(packets), "64", "64")
        good = found["good"][0]
        sample = {"lost": found["lost"][0], "damaged": found["damaged"][0], "rate": 0.0}
        if good:
            sample |= {"rate": good / found["seconds"][0], "cpu": (server.cpu() - started) / good * 1e6}
        return sample

    results = bench.take_turns(
        Results("echo over UDP",
                "64 bytes, 64 in flight from one socket; a packet is lost after 250 ms of silence, damaged if "
                "it came back joined, cut or twice. A run ends early when a server stalls. CPU is the server's. "
                "bare: recvmmsg and sendmmsg.",
                [RATE, Column("cpu", "CPU us/packet", ".2f"), Column("lost", "lost", ".0f"),
                 Column("damaged", "damaged", ".0f")]),
        bench.peers.udp_echoes(), measure)
    bench.report.targets += [
        Target("UDP echo: packets per second to bare recvmmsg's", 0.9, False,
               lambda: results.median(SOCKEYE, "rate") / results.median(BARE, "rate")),
        Target("UDP echo: packets lost or damaged in the worst round (a count)", 0, True,
               lambda: worst(results), ".0f"),
    ]


def worst(results: Results) -> float:
    if SOCKEYE in results.reasons:
        raise KeyError(results.reasons[SOCKEYE])
    measures = results.samples[SOCKEYE]
    return max(map(sum, zip(measures["lost"], measures["damaged"])))


def idle(bench: Bench) -> None:
    connections = bench.count(5_000, 1_000)

    def measure(contestant: Contestant) -> dict[str, float]:
        port = free_port()
        server = bench.serve(contestant, [port])
        before = server.rss()
        load = bench.load("echo_load", port, connections, "0", "64", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        wait_line(load)
        return {"each": (server.rss() - before) / int(connections), "start": before / 1024}

    results = bench.take_turns(
        Results("idle connections",
                f"{connections} connections that have exchanged one byte and wait: growth of the server's "
                "resident memory since it was ready, a connection; the kernel's own is not in it.",
                [Column("each", "bytes each", ",.0f"), Column("start", "KiB at the start", ",.0f")]),
        bench.peers.echoes((SOCKEYE, BARE)), measure)
    bench.report.targets.append(
        Target("idle connections: resident bytes each (no ratio)", 1024, True,
               lambda: results.median(SOCKEYE, "each"), ".0f"))


def start(bench: Bench) -> None:
    runs = bench.count(150, 100)
    server = Contestant(BARE, lambda p: bench.peers.bare("echo_epoll", p))
    port = free_port()
    bench.serve(server, [port])
    clients = bench.peers.byte_clients()
    commands = {c.name: c.command(port) for c in clients}
    results = Results("a whole process: connect, one byte there and back, close",
                      f"From the start of the process to its end, {runs} runs in turn, in milliseconds.",
                      [Column("p50", "median", ".2f"), Column("p95", "p95", ".2f")])
    bench.report.tables.append(results)
    there = [name for name, argv in commands.items() if argv]
    arguments = [word for name in there for word in ("--", *commands[name])]
    load = bench.load("time_process", runs, *arguments, stdout=subprocess.PIPE)
    text = load.process.stdout.read().decode()
    load.process.stdout.close()
    load.complete(300)
    server_times: dict[str, list[float]] = {}
    for line in text.splitlines():
        number, value = line.split()
        name = there[int(number)]
        if value == "failed":
            results.skip(name, "did not answer the byte and exit with 0")
        else:
            server_times.setdefault(name, []).append(float(value) / 1000)
    for client in clients:
        if client.name not in there:
            results.skip(client.name, "no sockeye binary")
        elif client.name in server_times:
            times = server_times[client.name]
            results.add(client.name, {"p50": percentile(times, 0.5), "p95": percentile(times, 0.95)})
    bench.report.targets.append(
        Target("whole process: time to nc's", 1.5, True,
               lambda: results.median(SOCKEYE, "p50") / results.median("nc -N", "p50")))


def wait_line(load) -> None:
    if load.process.stdout.readline() != b"ready\n":
        load.complete(5)
        raise Failed("the load never became ready")
