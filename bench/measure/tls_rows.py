"""The rows of TLS 1.3: a relay that terminates it, an echo over it, and its handshakes."""

from .bench import Bench, two_ports
from .bulk_rows import CPU, SPEED
from .children import Failed
from .message_rows import go, poised
from .peers import BARE, SOCKEYE, Contestant
from .report import Column, Results, Target

AES_128, AES_256 = "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"
AT_ONCE = 8


def run_load(bench: Bench, contestant: Contestant, mode: str, count: int, other: int, suite: str) -> tuple[float, float]:
    """The server's CPU seconds and the load's seconds, both from the moment when all connections are there."""
    if not (bench.build / "tls_load").exists():
        raise Failed("the load needs libssl-dev")
    ports = two_ports()
    server = bench.serve(contestant, ports)
    load = poised(bench, "tls_load", mode, *ports, str(count), str(other), suite, str(bench.peers.certificate()[0]))
    started = server.cpu()
    seconds = go(load)
    return server.finish() - started, seconds


def bulk(bench: Bench, title: str, how: str, contestants: list[Contestant], mode: str, streams: int, suite: str,
         share: float) -> Results:
    def measure(contestant: Contestant) -> dict[str, float]:
        each = bench.bytes(share) // streams
        used, seconds = run_load(bench, contestant, mode, streams, each, suite)
        gigabytes = each * streams / 1e9
        return {"cpu": used / gigabytes, "speed": gigabytes / seconds}

    name = f"{title}, {streams} {'stream' if streams == 1 else 'streams'}, {suite}"
    results = bench.take_turns(Results(name, how, [CPU, SPEED]), contestants, measure)
    bench.report.targets.append(
        Target(f"{name}: CPU per GB to the better haproxy's", 1.0, True,
               lambda: results.median(SOCKEYE, "cpu") / results.best("cpu", min)))
    return results


CASES = ((1, AES_128), (8, AES_128), (1, AES_256))


def tls_relay(bench: Bench) -> None:
    for mode, title in (("up", "relay, TLS to TCP"), ("down", "relay, TCP to TLS")):
        for streams, suite in CASES:
            bulk(bench, title,
                 "One relay process that terminates TLS 1.3 (X25519, an ECDSA P-256 certificate); the client is "
                 "libssl, the peer plain TCP, and who receives compares each byte. Its own CPU, without the handshake.",
                 bench.peers.tls_relays(), mode, streams, suite, 0.3)


def tls_echo(bench: Bench) -> None:
    for streams, suite in CASES:
        results = bulk(
            bench, "echo over TLS",
            "Bulk there and back, a GB being a GB sent and received. sockeye is the echo itself; haproxy, which is none, "
            "terminates TLS before a plain echo in the load, and only haproxy's own CPU is counted: it moves each byte "
            "twice as often. bare: an echo of one thread with epoll and libssl.",
            bench.peers.tls_echoes(), "echo", streams, suite, 0.15)
        bench.report.targets.append(
            Target(f"{results.title}: CPU per GB to bare libssl's", 1.0, True,
                   lambda r=results: r.median(SOCKEYE, "cpu") / r.median(BARE, "cpu")))


def tls_handshakes(bench: Bench) -> None:
    for mode, title in (("full", "full"), ("resumed", "resumed with a ticket")):
        def measure(contestant: Contestant, mode=mode) -> dict[str, float]:
            count = int(bench.count(3_000))
            used, seconds = run_load(bench, contestant, mode, count, AT_ONCE, AES_128)
            return {"frugal": count / used, "rate": count / seconds}

        results = bench.take_turns(
            Results(f"new TLS connections, {title}",
                    f"A relay that terminates TLS 1.3, {AT_ONCE} at once: connect, handshake (X25519, ECDSA P-256), one "
                    "byte there and back through the relay's new connection to a plain echo, close. The load fails if "
                    "a session is resumed that should not be, or the other way round.",
                    [Column("frugal", "connections per CPU second", ",.0f"), Column("rate", "per second", ",.0f")]),
            bench.peers.tls_relays(), measure)
        bench.report.targets.append(
            Target(f"new TLS connections, {title}: per CPU second to the better haproxy's", 1.0, False,
                   lambda r=results: r.median(SOCKEYE, "frugal") / r.best("frugal", max)))
