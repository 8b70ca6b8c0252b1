"""The row on the chat: what its deliveries and its members cost, beside a server that broadcasts and does nothing else."""

from .bench import Bench, answer
from .children import free_port
from .message_rows import poised
from .peers import BARE, SOCKEYE, Contestant
from .report import Column, Results, Target

FRUGAL = Column("frugal", "deliveries per CPU second", ",.0f")
RATE = Column("rate", "per second", ",.0f")
EACH = Column("each", "bytes a member", ",.0f")
MEMBERS, ROOMS = 5_000, 50


def chat(bench: Bench) -> None:
    members = MEMBERS if bench.scale == 1.0 else 1_000
    for burst, turns in ((1, 60), (16, 8)):
        def measure(contestant: Contestant, burst=burst, turns=turns) -> dict[str, float]:
            port = free_port()
            server = bench.serve(contestant, [port])
            before = server.rss()
            come_in = "room" if contestant.name == BARE else "/join room"
            load = poised(bench, "chat_load", port, str(members), str(ROOMS), bench.count(turns, 2), str(burst), come_in)
            each = (server.rss() - before) / members
            started = server.cpu()
            load.process.stdin.write(b"go\n")
            load.process.stdin.close()
            found = answer(load)
            count = found["deliveries"][0]
            return {"frugal": count / (server.cpu() - started), "rate": count / found["seconds"][0], "each": each}

        lines = "a line" if burst == 1 else f"{burst} lines"
        results = bench.take_turns(
            Results(f"chat, {members} members in {ROOMS} rooms, {lines} at a time",
                    f"In each turn one member of every room says {lines} of 64 bytes, and the turn is over when all "
                    "others there have got them; all are in before the clock starts. Memory is the growth of the "
                    "server's resident memory, a member, when all are in and nobody has spoken. bare: tokio on one "
                    "thread, a task a member and a broadcast channel a room, no names, no history, no limits.",
                    [FRUGAL, RATE, EACH]),
            bench.peers.chats(), measure)
        bench.report.targets.append(
            Target(f"chat, {lines} at a time: deliveries a CPU second to bare broadcast's", 1.0, False,
                   lambda r=results: r.median(SOCKEYE, "frugal") / r.median(BARE, "frugal")))
        if burst == 1:
            bench.report.targets.append(
                Target("chat: resident bytes a member to bare broadcast's", 1.0, True,
                       lambda r=results: r.median(SOCKEYE, "each") / r.median(BARE, "each")))
