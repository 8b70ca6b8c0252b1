"""What was measured, as Markdown: first each target beside what came out, then every figure."""

from dataclasses import dataclass, field
from statistics import median
from typing import Callable


@dataclass
class Column:
    key: str
    title: str
    form: str


class Results:
    """The samples of one table: contestant -> measure -> one value a round."""

    def __init__(self, title: str, method: str, columns: list[Column]):
        self.title, self.method, self.columns = title, method, columns
        self.samples: dict[str, dict[str, list[float]]] = {}
        self.reasons: dict[str, str] = {}

    def add(self, name: str, sample: dict[str, float]) -> None:
        for key, value in sample.items():
            self.samples.setdefault(name, {}).setdefault(key, []).append(value)

    def skip(self, name: str, reason: str) -> None:
        self.samples.setdefault(name, {})
        self.reasons[name] = reason

    def median(self, name: str, key: str) -> float:
        """KeyError when it was not measured in every round that it was asked for."""
        if name in self.reasons:
            raise KeyError(self.reasons[name])
        return median(self.samples[name][key])

    def best(self, key: str, choose: Callable, *but: str) -> float:
        """The best peer's median; ours, the reference and those named are no peers."""
        others = set(self.samples) - {"sockeye", "bare", *but} - set(self.reasons)
        return choose(self.median(name, key) for name in others)

    def markdown(self) -> str:
        lines = [f"### {self.title}", "", self.method, ""]
        lines.append("| | " + " | ".join(c.title for c in self.columns) + " |")
        lines.append("|---|" + "---|" * len(self.columns))
        for name, measures in self.samples.items():
            cells = [self._cell(c, measures.get(c.key, [])) for c in self.columns]
            if name in self.reasons:
                cells[-1] = (cells[-1] + " " if cells[-1] != "–" else "") + f"skipped: {self.reasons[name]}"
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        return "\n".join(lines)

    @staticmethod
    def _cell(column: Column, values: list[float]) -> str:
        if not values:
            return "–"
        middle = format(median(values), column.form)
        low, high = (format(f(values), column.form) for f in (min, max))
        return middle if low == high else f"{middle} ({low}–{high})"


@dataclass
class Target:
    what: str
    bound: float
    at_most: bool
    value: Callable[[], float]
    form: str = ".2f"

    def line(self) -> str:
        wanted = f"{'≤' if self.at_most else '≥'} {self.bound:g}"
        try:
            value = self.value()
        except (KeyError, ValueError, ZeroDivisionError) as error:
            reason = error.args[0] if isinstance(error, KeyError) and error.args else "nothing to compare with"
            return f"| {self.what} | {wanted} | – | not measured: {reason} |"
        met = value <= self.bound if self.at_most else value >= self.bound
        return f"| {self.what} | {wanted} | {value:{self.form}} | {'met' if met else '**short**'} |"


@dataclass
class Report:
    command: str
    machine: str
    versions: list[str]
    rounds: int
    tables: list[Results] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        lines = [
            "# Results", "",
            f"Measured with `{self.command}` on {self.machine}, everything on loopback, nothing pinned, "
            f"{self.rounds} rounds with the programs in turn. {', '.join(self.versions)}.", "",
            "Each figure is the median of the rounds (least–most). The two ends of every test run on the same "
            "processors as what is measured, so ratios hold better than absolute figures, and processor time better "
            "than throughput.", "",
            "## Targets", "",
            "| ratio of medians | target | measured | |", "|---|---|---|---|",
            *(target.line() for target in self.targets), "",
            "## Everything measured", "",
        ]
        lines.append("\n\n".join(table.markdown() for table in self.tables))
        for note in self.notes:
            lines += ["", note]
        return "\n".join(lines) + "\n"
