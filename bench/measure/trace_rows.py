"""Rows about tracing: what it costs a program to be traced, and its tracer to trace it, beside strace."""

import os
import subprocess
import time
from pathlib import Path

from .bench import Bench
from .children import Failed
from .peers import SOCKEYE, Contestant
from .report import Column, Results, Target

UNTRACED, STRACE = "untraced", "strace"
FILTERED = ["strace", "-f", "--seccomp-bpf", "-e", "trace=network", "-o", os.devnull]
TIMES = 10  # one tree is over before a start is paid for
SOURCES = Path(__file__).resolve().parents[2] / "crates"


def contestants(bench: Bench, *program: str) -> list[Contestant]:
    ours = bench.peers.ours("trace", "-o", os.devnull, "--")
    return [
        Contestant(UNTRACED, lambda: list(program)),
        Contestant(SOCKEYE, lambda: [*ours, *program] if ours else []),
        Contestant(STRACE, lambda: [*FILTERED, *program]),
    ]


def run(bench: Bench, contestant: Contestant) -> tuple[float, float, str]:
    """Wall-clock and processor seconds of the whole, tracer and traced, and what it printed."""
    argv = contestant.command()
    if not argv:
        raise Failed("no sockeye binary")
    begin = time.monotonic()
    try:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except FileNotFoundError:
        raise Failed(f"{argv[0]} is not installed") from None
    printed = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"ended with {process.returncode}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, printed


def microseconds(printed: str) -> float:
    word, value = printed.split()
    if word != "us":
        raise Failed("printed something else")
    return float(value)


def trace_echo(bench: Bench) -> None:
    rounds = bench.count(20_000, 2_000)

    def measure(contestant: Contestant) -> dict[str, float]:
        _, processor, printed = run(bench, contestant)
        return {"cpu": processor * 1e6 / int(rounds), "wall": microseconds(printed)}

    results = bench.take_turns(
        Results("tracing: send, recv, send, recv", f"{rounds} rounds over one TCP connection within one process, a "
                "round being two sends and two receives of 64 bytes. Processor time is that of tracer and traced "
                f"together; strace is `{' '.join(FILTERED[:-2])}`. sockeye narrates (into /dev/null) and looks for mistakes.",
                [Column("cpu", "CPU µs a round", ".1f"), Column("wall", "wall µs a round", ".1f")]),
        contestants(bench, str(bench.build / "traced"), "rounds", rounds), measure)
    bench.report.targets.append(
        Target("trace: CPU a round of two sends and two receives to strace's", 1.0, True,
               lambda: results.median(SOCKEYE, "cpu") / results.median(STRACE, "cpu")))


def trace_beside(bench: Bench) -> None:
    count = bench.count(200_000, 50_000)
    unrelated = ("unrelated system calls beside a socket", "unrelated", [count], 1.05,
                 "stat, open, fstat, getppid and close, none of them on a socket")
    reads = ("file reads beside 3 sockets", "reads", [count, "1"], 3.0, "reads of 4 KiB from a file beside a listener and both ends of a connection")
    for what, mode, arguments, bound, method in (unrelated, reads):
        def measure(contestant: Contestant) -> dict[str, float]:
            return {"wall": microseconds(run(bench, contestant)[2])}

        results = bench.take_turns(
            Results(f"tracing: {what}", f"{count} times {method}.", [Column("wall", "µs each", ".3f")]),
            contestants(bench, str(bench.build / "traced"), mode, *arguments), measure)
        bench.report.targets.append(
            Target(f"trace: {what}, time to untraced", bound, True,
                   lambda results=results: results.median(SOCKEYE, "wall") / results.median(UNTRACED, "wall")))


def trace_tar(bench: Bench) -> None:
    def measure(contestant: Contestant) -> dict[str, float]:
        return {"wall": run(bench, contestant)[0] * 1e3}

    program = ["tar", "-cf", str(bench.build / "sources.tar"), "-C", str(SOURCES), *(["."] * TIMES)]
    results = bench.take_turns(
        Results(f"tracing: tar of the source tree, {TIMES} times over", "A whole process that reads files and opens no socket of its own.",
                [Column("wall", "ms", ".1f")]),
        contestants(bench, *program), measure)
    bench.report.targets.append(
        Target("trace: tar of the source tree, time to untraced", 1.1, True,
               lambda: results.median(SOCKEYE, "wall") / results.median(UNTRACED, "wall")))
