"""One run of the benchmark: its sizes, its contestants, and the turn-taking that all rows share."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .children import Child, Failed, free_port, kill_all
from .peers import Contestant, Peers
from .report import Report, Results


@dataclass
class Bench:
    build: Path
    memory: Path  # a directory whose files never wait for a disk
    peers: Peers
    report: Report
    rounds: int
    scale: float  # of every count; a quick run is smaller
    gigabytes: float

    def count(self, number: int, least: int = 1) -> str:
        return str(max(least, int(number * self.scale)))

    def bytes(self, share: float = 1.0) -> int:
        return int(self.gigabytes * 1e9 * self.scale * share)

    def load(self, program: str, *arguments: str, **streams) -> Child:
        return Child([str(self.build / program), *arguments], self.build / f"{program}.log", **streams)

    def ask(self, program: str, *arguments: str) -> dict[str, list[float]]:
        """Run a load to its end and read its "word number" lines."""
        child = self.load(program, *arguments, stdout=subprocess.PIPE)
        return answer(child)

    def serve(self, contestant: Contestant, ports: list[str], protocol: str = "tcp", **streams) -> Child:
        child = self.child(contestant, ports, **streams)
        child.wait_ready(ports[0], protocol)
        return child

    def child(self, contestant: Contestant, ports: list[str], **streams) -> Child:
        argv = contestant.command(*ports)
        if not argv:
            raise Failed("no sockeye binary")
        try:
            return Child(argv, self.build / "contestant.log", **streams)
        except FileNotFoundError:
            raise Failed(f"{argv[0]} is not installed") from None

    def take_turns(self, results: Results, contestants: list[Contestant],
                   measure: Callable[[Contestant], dict[str, float]]) -> Results:
        """A B C, A B C …; who fails once is out of this table, with the reason."""
        self.report.tables.append(results)
        for turn in range(self.rounds):
            for contestant in contestants:
                if contestant.name in results.reasons:
                    continue
                progress(f"{results.title}: round {turn + 1} of {self.rounds}: {contestant.name}")
                try:
                    results.add(contestant.name, measure(contestant))
                except Failed as reason:
                    results.skip(contestant.name, str(reason))
                finally:
                    kill_all()
        return results


def answer(child: Child) -> dict[str, list[float]]:
    text = child.process.stdout.read().decode()
    child.process.stdout.close()
    child.complete()
    found: dict[str, list[float]] = {}
    for line in text.splitlines():
        word, value = line.split()
        found.setdefault(word, []).append(float(value))
    return found


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def two_ports() -> list[str]:
    first = free_port()
    while (second := free_port()) == first:
        pass
    return [first, second]
