"""The rows that move bulk: relays, the ends of a stream, and relays with a view."""

import subprocess
from time import monotonic as clock

from .bench import Bench, answer, percentile, two_ports
from .children import Failed, free_port
from .peers import BARE, SOCKEYE, Contestant
from .report import Column, Results, Target

TUNED = "haproxy, splice, 1 MiB pipes"
CPU = Column("cpu", "CPU s/GB", ".3f")
SPEED = Column("speed", "GB/s", ".2f")


def run_relay(bench: Bench, contestant: Contestant, streams: int, total: int, **outputs) -> dict[str, float]:
    """Start it, send `total` bytes through it, end it. What its start cost is not counted."""
    ports = two_ports()
    relay = bench.serve(contestant, ports, **outputs)
    started = relay.cpu()
    each = max(1, total // streams)
    seconds = bench.ask("relay_load", *ports, str(streams), str(each))["seconds"][0]
    gigabytes = each * streams / 1e9
    return {"cpu": (relay.finish() - started) / gigabytes, "speed": gigabytes / seconds}


def relay(bench: Bench) -> None:
    for streams, speed_bound in ((1, 2.0), (8, 1.75)):
        results = bench.take_turns(
            Results(f"relay, TCP to TCP, {streams} {'stream' if streams == 1 else 'streams'}",
                    "Bulk through one relay process. CPU is the relay's own, its children's included, from ready to "
                    "the end after SIGTERM. bare: two blocking threads a conversation, splice through 1 MiB pipes.",
                    [CPU, SPEED]),
            [c for c in bench.peers.relays() if streams == 1 or c.name != "ncat"],
            lambda c, streams=streams: run_relay(bench, c, streams, bench.bytes(c.share)))
        name = f"relay, {streams} {'stream' if streams == 1 else 'streams'}"
        cpu = lambda of, r=results: r.median(of, "cpu")
        bench.report.targets += [
            Target(f"{name}: CPU per GB to bare splice's", 1.15, True, lambda f=cpu: f(SOCKEYE) / f(BARE)),
            Target(f"{name}: CPU per GB to socat's", 0.1, True, lambda f=cpu: f(SOCKEYE) / f("socat"), ".3f"),
            Target(f"{name}: GB/s to the best peer's, haproxy with its own pipe size", speed_bound, False,
                   lambda r=results: r.median(SOCKEYE, "speed") / r.best("speed", max, TUNED)),
            Target(f"{name}: GB/s to {TUNED}", speed_bound, False,
                   lambda r=results: r.median(SOCKEYE, "speed") / r.median(TUNED, "speed")),
        ]


def beside(bench: Bench) -> None:
    count = bench.count(200, 50)
    situations = {"alone": ("0", ""), "beside": ("4", "nice"), "crowded": ("4", "")}

    def measure(contestant: Contestant) -> dict[str, float]:
        sample = {}
        for situation, (streams, priority) in situations.items():
            ports = two_ports()
            relay = bench.serve(contestant, ports)
            found = bench.ask("relay_load", *ports, streams, "0", count, priority)
            # Killed, not ended: its bulk conversations have lost both their ends in the middle.
            relay.kill()
            sample |= {f"{situation} p50": percentile(found["relayed"], 0.5),
                       f"{situation} p95": percentile(found["relayed"], 0.95),
                       f"{situation} direct": percentile(found["direct"], 0.5),
                       f"{situation} bulk": found["bulk"][0]}
        return sample

    columns = []
    for situation in situations:
        columns += [Column(f"{situation} p50", f"{situation}: median", ".0f"),
                    Column(f"{situation} p95", "p95", ".0f"), Column(f"{situation} direct", "direct", ".0f")]
        columns += [Column(f"{situation} bulk", "bulk GB/s", ".2f")] if situation != "alone" else []
    wanted = (SOCKEYE, BARE, "haproxy, splice", "socat -b 262144")
    results = bench.take_turns(
        Results("a small new conversation beside four bulk streams",
                f"Connect, 64 bytes there and back through the relay; {count} of them one after the other, 2 ms apart, "
                "in microseconds. “direct” is the same without the relay, while the relay carries the bulk: what the "
                "busy machine costs by itself. beside: the bulk's sources and sinks run at nice 19, so that it is the relay "
                "that is measured and not its load's hold on the processors; crowded: at the same priority.",
                columns),
        [c for c in bench.peers.relays() if c.name in wanted], measure)
    bench.report.targets += [
        Target(f"small conversation, {situation} to alone, median{note}", 2.0, True,
               lambda s=situation, n=name: results.median(n, f"{s} p50") / results.median(n, "alone p50"))
        for situation in ("beside", "crowded")
        for name, note in ((SOCKEYE, ""), (BARE, " (the bare relay, for comparison)"))
    ]


def ends(bench: Bench) -> None:
    total = bench.bytes(0.358)  # 1 GiB of the default 3 GB
    gigabytes = total / 1e9
    source = bench.memory / "bench-source"
    bench.load("write_out", str(source), str(total)).complete()

    def elapsed(cpu: float, begin: float) -> dict[str, float]:
        return {"cpu": cpu / gigabytes, "speed": gigabytes / (clock() - begin)}

    def check(load: dict[str, list[float]]) -> None:
        if load["bytes"][0] != total:
            raise Failed(f"{load['bytes'][0]:.0f} of {total} bytes arrived")

    def send_file(contestant: Contestant) -> dict[str, float]:
        port = free_port()
        sink = bench.load("ends_load", "sink", port, stdout=subprocess.PIPE)
        sink.wait_ready(port)
        with open(source, "rb") as file:
            begin = clock()
            cpu = bench.child(contestant, [port], stdin=file).complete()
        check(answer(sink))
        return elapsed(cpu, begin)

    def receive(contestant: Contestant) -> dict[str, float]:
        port = free_port()
        server = bench.serve(contestant, [port])
        begin = clock()
        bench.load("ends_load", "source", port, str(total)).complete()
        return elapsed(server.complete(), begin)

    def pipes(pair: Contestant) -> dict[str, float]:
        sender, receiver = pair.command()
        port = free_port()
        server = bench.serve(receiver, [port], stdout=subprocess.PIPE)
        drain = bench.load("ends_load", "drain", stdin=server.process.stdout, stdout=subprocess.PIPE)
        server.process.stdout.close()
        generator = bench.load("ends_load", "generate", str(total), stdout=subprocess.PIPE)
        begin = clock()
        client = bench.child(sender, [port], stdin=generator.process.stdout)
        generator.process.stdout.close()
        cpu = client.complete() + server.complete()
        check(answer(drain))
        return elapsed(cpu, begin)

    senders, receivers = bench.peers.senders(), bench.peers.receivers()
    pairs = [Contestant(s.name, lambda s=s, r=r: (s, r)) for s, r in zip(senders, receivers)]
    try:
        for title, how, contestants, measure in (
            ("connect < file", "A file in memory to a sink that discards. bare: sendfile.", senders, send_file),
            ("listen > /dev/null", "A bulk source to /dev/null. bare: splice.", receivers, receive),
            ("pipe to pipe", "A generator's pipe to connect, over TCP to listen, to a pipe that is drained; the "
             "processor time of both. bare: splice.", pairs, pipes),
        ):
            results = bench.take_turns(
                Results(title, f"{how} {gigabytes:.2f} GB; CPU is the whole process's.", [CPU, SPEED]),
                contestants, measure)
            bench.report.targets.append(
                Target(f"{title}: CPU per GB to bare", 1.3, True,
                       lambda r=results: r.median(SOCKEYE, "cpu") / r.median(BARE, "cpu")))
    finally:
        source.unlink(missing_ok=True)


def views(bench: Bench) -> None:
    recording, sample_text = bench.memory / "bench-recording", bench.memory / "bench-text"
    sample_bytes = int(16e6)

    def measure(contestant: Contestant) -> dict[str, float]:
        total = bench.bytes(0.1)
        sample = run_relay(bench, contestant, 1, total, stderr=subprocess.DEVNULL)
        if "record" in contestant.name:
            return sample | out(recording.stat().st_size / total, recording, total)
        if "hex" in contestant.name:
            with open(sample_text, "wb") as text:
                run_relay(bench, contestant, 1, sample_bytes, stderr=text)
            return sample | out(sample_text.stat().st_size / sample_bytes, "/dev/null", total)
        return sample

    def out(ratio: float, place, total: int) -> dict[str, float]:
        if ratio < 1:
            raise Failed(f"the view wrote only {ratio:.3f} bytes for each that was relayed")
        cost = bench.load("write_out", str(place), str(int(ratio * total))).complete()
        return {"out": ratio, "writing": cost / (total / 1e9)}

    try:
        results = bench.take_turns(
            Results("relay with a view that wants bytes, 1 stream",
                    "As the relay rows; --hex to /dev/null, --record to a file in memory. “Bytes out” is how much the "
                    "view writes for a byte relayed, “writing” what a program that only writes as many bytes, 64 KiB "
                    "at a time, to the same place costs. bare copy: read and write with 64 KiB; the target adds "
                    "“writing” to it. bare copy, plain hex also turns the bytes into text, from a table, and nothing "
                    "more: what plain formatting costs.",
                    [CPU, SPEED, Column("out", "bytes out", ".2f"), Column("writing", "writing, CPU s/GB", ".3f")]),
            bench.peers.views(recording), measure)
    finally:
        recording.unlink(missing_ok=True)
        sample_text.unlink(missing_ok=True)
    for name in ("sockeye --hex", "sockeye --record"):
        bench.report.targets.append(
            Target(f"{name}: CPU per GB to bare copy's and the writing's", 1.5, True,
                   lambda n=name: results.median(n, "cpu")
                   / (results.median("bare copy", "cpu") + results.median(n, "writing"))))
    bench.report.targets.append(
        Target("sockeye --hex: CPU per GB to bare copy's that formats plain hex (for comparison)", 1.5, True,
               lambda: results.median("sockeye --hex", "cpu") / results.median("bare copy, plain hex", "cpu")))
