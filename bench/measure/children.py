"""Children of the benchmark: started in their own process group, measured exactly, always ended."""

import os
import random
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

READY_S = 5.0
END_S = 5.0
LOAD_S = 130.0
POLL_S = 0.001
LISTEN, UDP_BOUND = "0A", "07"

alive: set["Child"] = set()


class Failed(Exception):
    """A contestant could not do a row; the text says why, for the table."""


def free_port() -> str:
    """A port nobody holds, below the range from which the kernel takes the clients' ports."""
    for _ in range(1000):
        port = random.randrange(20000, 32000)
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
            return str(port)
        except OSError:
            continue
    raise Failed("no free port")


def _held(port: str, protocol: str) -> bool:
    state = LISTEN if protocol == "tcp" else UDP_BOUND
    tail = f":{int(port):04X}"
    for table in (protocol, protocol + "6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for fields in map(str.split, lines):
            if fields[1].endswith(tail) and fields[3] == state:
                return True
    return False


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


class Child:
    """One process, with its descendants in its group."""

    def __init__(self, argv, log: Path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=None):
        self.log = log
        self.name = Path(argv[0]).name
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                argv, stdin=stdin, stdout=stdout, stderr=stderr or errors, start_new_session=True
            )
        self.pid = self.process.pid
        self._end = os.pidfd_open(self.pid)
        alive.add(self)

    def cpu(self) -> float:
        """Seconds of processor time so far: all its threads, the ended ones too, and the children it has now."""
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in (self.pid, *_children(self.pid)))

    def cpu_below(self) -> float:
        """The same of all its descendants that live, for servers that fork their workers from a child."""
        pids, seconds = [self.pid], 0.0
        while pids:
            pid = pids.pop()
            seconds += time.clock_gettime((~pid << 3) | 2)
            pids += _children(pid)
        return seconds

    def rss(self) -> int:
        """Resident bytes: from smaps_rollup, because VmRSS lags by up to a batch a processor."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
        raise Failed("no Rss")

    def wait_ready(self, port: str, protocol: str = "tcp") -> None:
        """Until the port is served; by polling the kernel's table, so no connection is spent."""
        deadline = time.monotonic() + READY_S
        while not _held(port, protocol):
            if self._ended(POLL_S):
                raise Failed(self._last_words(self.reap()[0]))
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} served nothing within {READY_S:.0f} s")

    def wait_descendants(self) -> None:
        """Until a forking server has reaped its children, whose time counts as its own from then on."""
        deadline = time.monotonic() + END_S
        while _children(self.pid):
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} kept children after the last conversation")
            time.sleep(POLL_S)

    def finish(self) -> float:
        """End a server with SIGTERM; all its processor time and its reaped children's."""
        self.wait_descendants()
        self.process.send_signal(signal.SIGTERM)
        if not self._ended(END_S):
            raise Failed(f"{self.name} did not end within {END_S:.0f} s of SIGTERM")
        return self.reap()[1]

    def complete(self, limit: float = LOAD_S) -> float:
        """Wait for a program that ends by itself, with success; its processor time."""
        if not self._ended(limit):
            raise Failed(f"{self.name} did not end within {limit:.0f} s")
        status, seconds = self.reap()
        if status:
            raise Failed(self._last_words(status))
        return seconds

    def reap(self) -> tuple[int, float]:
        _, status, usage = os.wait4(self.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self._forget()
        return self.process.returncode, usage.ru_utime + usage.ru_stime

    def kill(self) -> None:
        """The end of every child, whatever has happened before."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if self in alive:
            os.waitpid(self.pid, 0)
            self.process.returncode = -signal.SIGKILL
            self._forget()

    def _forget(self) -> None:
        alive.discard(self)
        os.close(self._end)
        # Descendants that outlived it share its group.
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def _ended(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _last_words(self, status: int) -> str:
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        how = f"exit {status}" if status >= 0 else f"signal {-status}"
        return f"{self.name}: {how}" + (f", “{lines[-1].strip()[:100]}”" if lines else "")


def kill_all() -> None:
    for child in list(alive):
        child.kill()
