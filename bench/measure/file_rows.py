"""The row of a large file over HTTP: one client that takes it as fast as it comes, and compares each byte."""

import mmap
import socket
import time

from .bench import Bench
from .bulk_rows import CPU, SPEED
from .children import Failed, free_port
from .peers import SOCKEYE, Contestant
from .report import Results, Target

AT_ONCE = 1 << 20
PATIENCE_S = 30


def fetch(port: str, file: str, whole: mmap.mmap) -> None:
    with socket.create_connection(("127.0.0.1", int(port)), timeout=PATIENCE_S) as client:
        client.sendall(f"GET /{file} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        came = b""
        while b"\r\n\r\n" not in came:
            more = client.recv(AT_ONCE)
            if not more:
                raise Failed("no response")
            came += more
        head, rest = came.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 200"):
            raise Failed(head.split(b"\r\n")[0].decode(errors="replace"))
        expected, at = memoryview(whole), len(rest)
        same = expected[:at] == rest
        buffer = bytearray(AT_ONCE)
        view = memoryview(buffer)
        while size := client.recv_into(buffer):
            same = same and expected[at:at + size] == view[:size]
            at += size
        expected.release()
        if not same or at != len(whole):
            raise Failed(f"{at} of {len(whole)} bytes arrived" if same else "other bytes arrived")


def files(bench: Bench) -> None:
    folder = bench.memory / "sockeye-bench-folder"
    folder.mkdir(exist_ok=True)
    file = folder / "large.bin"
    size = bench.bytes(1 / 3)
    with open(file, "wb") as out:
        block = bytes(range(251)) * 4180
        for _ in range(size // len(block) + 1):
            out.write(block)
        out.truncate(size)

    def measure(contestant: Contestant) -> dict[str, float]:
        port = free_port()
        server = bench.serve(contestant, [port])
        begin = time.monotonic()
        with open(file, "rb") as source, mmap.mmap(source.fileno(), 0, prot=mmap.PROT_READ) as whole:
            fetch(port, file.name, whole)
        seconds = time.monotonic() - begin
        return {"cpu": server.finish() / size * 1e9, "speed": size / seconds / 1e9}

    try:
        results = bench.take_turns(
            Results("a large file over HTTP/1.1",
                    "A file in memory, whole, to one client on a new connection. CPU is the server's own, from ready to "
                    "the end after SIGTERM. nginx: one worker, sendfile, tcp_nopush.", [CPU, SPEED]),
            bench.peers.folders(folder), measure)
    finally:
        file.unlink(missing_ok=True)
        folder.rmdir()
    bench.report.targets.append(
        Target("a large file over HTTP: CPU per GB to nginx's", 1.5, True,
               lambda: results.median(SOCKEYE, "cpu") / results.median("nginx", "cpu")))
