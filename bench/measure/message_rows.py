"""The rows that count messages of WebSocket: an echo of several sizes, and a relay to TCP."""

import subprocess

from .bench import Bench, answer, two_ports
from .children import Child, free_port
from .peers import BARE, SOCKEYE, Contestant
from .report import Column, Results, Target
from .request_rows import wait_line

FRUGAL = Column("frugal", "messages per CPU second", ",.0f")
RATE = Column("rate", "per second", ",.0f")
KIB, MIB = 1024, 1024 * 1024


def poised(bench: Bench, program: str, *arguments: str) -> Child:
    """A load whose connections are all open and served, and that waits for its start."""
    load = bench.load(program, *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    wait_line(load)
    return load


def go(load: Child) -> float:
    """The seconds that its work takes from now."""
    load.process.stdin.write(b"go\n")
    load.process.stdin.close()
    return answer(load)["seconds"][0]


def ws_echo(bench: Bench) -> None:
    # Connections, messages under way on each, bytes, messages a round, kind; the least ratio to websocat.
    for connections, window, size, messages, kind, bound in (
        (1, 1, 64, 60_000, "binary", 1.3),
        (64, 1, 64, 200_000, "binary", 1.3),
        (1, 32, 64, 400_000, "binary", 1.3),
        (1, 1, 64 * KIB, 6_000, "binary", 3.5),
        (1, 1, 64 * KIB, 6_000, "text", 3.5),
        (1, 1, MIB, 400, "binary", None),
    ):
        def measure(contestant: Contestant, connections=connections, window=window, size=size, messages=messages,
                    kind=kind) -> dict[str, float]:
            count = max(connections, int(bench.count(messages)))
            port = free_port()
            server = bench.serve(contestant, [port])
            load = poised(bench, "ws_load", "echo", port, str(connections), str(count), str(size), str(window), kind)
            started = server.cpu()
            seconds = go(load)
            return {"frugal": count / (server.finish() - started), "rate": count / seconds}

        long = f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB" if size >= KIB else f"{size} bytes"
        many = "1 connection" if connections == 1 else f"{connections} connections"
        name = f"WebSocket echo, {long}{' of text' if kind == 'text' else ''}, {many}"
        name += f", {window} under way" if window > 1 else ""
        results = bench.take_turns(
            Results(name,
                    f"{window} {'message' if window == 1 else 'messages'} under way on each connection, each checked "
                    "when it comes back; all connections are upgraded and served before the clock starts. bare: "
                    "tokio-tungstenite on one thread, which flushes when no further message has arrived; its read buffer "
                    "is 4 KiB for 64 bytes and else its default, 128 KiB, because it clears it before each read.",
                    [FRUGAL, RATE]),
            bench.peers.ws_echoes(kind, size), measure)
        for peer, least in ((BARE, 1.0), ("websocat", bound)):
            if least:
                bench.report.targets.append(
                    Target(f"{name}: messages per CPU second to "
                           f"{'bare tokio-tungstenite' if peer == BARE else peer}'s", least, False,
                           lambda r=results, p=peer: r.median(SOCKEYE, "frugal") / r.median(p, "frugal")))


def ws_relay(bench: Bench) -> None:
    for size, messages in ((KIB, 300_000), (64 * KIB, 8_000)):
        for peer in ("discard", "echo"):
            def measure(contestant: Contestant, size=size, messages=messages, peer=peer) -> dict[str, float]:
                count = bench.count(messages)
                ports = two_ports()
                server = bench.serve(contestant, ports)
                load = poised(bench, "ws_load", "relay", *ports, "1", count, str(size), peer)
                started = server.cpu()
                seconds = go(load)
                return {"frugal": int(count) / (server.finish() - started), "rate": int(count) / seconds,
                        "speed": int(count) * size / 1e9 / seconds}

            there = "that discards" if peer == "discard" else "that echoes"
            name = f"relay, WebSocket to TCP {there}, {size // KIB} KiB"
            results = bench.take_turns(
                Results(name,
                        "One connection, binary messages as fast as they are taken; the TCP peer checks their bytes"
                        + (", sends them back, and the client checks them again, in messages of any size."
                           if peer == "echo" else "."),
                        [FRUGAL, RATE, Column("speed", "GB/s", ".2f")]),
                bench.peers.ws_relays(size), measure)
            bench.report.targets.append(
                Target(f"{name}: messages per CPU second to websocat's", 2.0, False,
                       lambda r=results: r.median(SOCKEYE, "frugal") / r.median("websocat", "frugal")))
