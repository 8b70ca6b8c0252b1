"""Name servers that send garbage: each mode on an address of its own, in the order of MODES from 127.0.66.1 on; and on
127.0.66.200 an honest root that delegates mN. to the server with the number N.

Prints the names of the modes, one a line in order, once all of them can be asked.
"""

import os
import random
import socket
import struct
import sys
import threading
import time

# What must not reach a terminal as it is: colours, a title, a line of its own, text that runs backwards.
NASTY = (
    b"\x1b[31mred\x1b]0;title\x07\r\nFAKE: line\x00\x08\x7f \x9b31m "
    + "\u202egnp.exe\u2066\u0085\u009b31m\u200f".encode()
    + b"\xff\xfe\"\\'"
)
IN, A, NS, CNAME, SOA, TXT, OPT = 1, 1, 2, 5, 6, 16, 41
QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080


def name(*labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(kind, data, owner=b"\xc0\x0c", ttl=60, rclass=IN):
    return owner + struct.pack("!HHIH", kind, rclass, ttl, len(data)) + data


def text(data):
    return bytes([len(data)]) + data


def soa(owner, label):
    return record(SOA, name(label) + name(label, b"x") + struct.pack("!IIIII", 1, 2, 3, 4, 5), owner)


class Query:
    """A question as it came; what is behind it (EDNS) is left out."""

    def __init__(self, message):
        self.message = message
        self.id = message[:2]
        end = 12
        while message[end]:
            end += message[end] + 1
        self.name = message[12 : end + 1]
        self.question = message[12 : end + 5]
        (self.kind,) = struct.unpack("!H", message[end + 1 : end + 3])

    def header(self, flags=AA, code=0, counts=(1, 0, 0, 0), id=None):
        return (id or self.id) + struct.pack("!HHHHH", QR | flags | code, *counts)

    def answer(self, answers=(), authority=(), additional=(), flags=AA, code=0, id=None, question=None):
        counts = (1, len(answers), len(authority), len(additional))
        question = self.question if question is None else question
        parts = b"".join([*answers, *authority, *additional])
        return self.header(flags, code, counts, id) + question + parts

    def good(self, **how):
        return self.answer([record(TXT, text(b"good")), record(A, b"\xc0\0\2\1")], **how)

    def cut(self):
        return self.answer(flags=AA | TC)


def opt(options=b"", owner=b"\0", length=None):
    data = struct.pack("!H", len(options) if length is None else length) + options
    return owner + struct.pack("!HHI", OPT, 1232, 0) + data


def option(number, data):
    return struct.pack("!HH", number, len(data)) + data


def big(query, limit):
    """As many records as fit."""
    one = record(TXT, text(NASTY * 2))
    count = (limit - len(query.answer())) // len(one)
    message = query.answer([one] * count)
    rest = limit - len(message)
    # The last one fills what is left.
    if rest > 13:
        message = query.answer([one] * count + [record(65280, bytes(rest - 12))])
    return message


def chain(query, length):
    """Aliases one behind the other, in one message."""
    owner, answers = query.name, []
    for number in range(length):
        target = name(b"%d" % number)
        answers.append(record(CNAME, target, owner))
        owner = target
    return query.answer(answers)


def referral(query, to, servers, glue=()):
    return query.answer([], [record(NS, server, to) for server in servers], glue, flags=0)


def below(query):
    """The last two labels of what was asked: a zone below the root, always."""
    labels, rest = [], query.name
    while rest[0]:
        labels.append(rest[1 : rest[0] + 1])
        rest = rest[rest[0] + 1 :]
    return name(*labels[-2:])


def stranger(query, send):
    """From another port."""
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind((send.address, 0))
    other.sendto(query.good(), send.peer)
    other.close()


def flood(message):
    def endless(query, send):
        end = time.monotonic() + 4
        while time.monotonic() < end:
            for _ in range(50):
                send(message(query))

    return endless


def once(message):
    return lambda query, send: send(message(query))


def many(*messages):
    def each(query, send):
        for message in messages:
            send(message(query))

    return each


def framed(message):
    return struct.pack("!H", len(message)) + message


def stream(message):
    return lambda query, connection: connection.sendall(framed(message(query)))


def slowly(query, connection):
    for octet in framed(query.good()):
        connection.sendall(bytes([octet]))
        time.sleep(1)


def endless_octets(query, connection):
    connection.sendall(struct.pack("!H", 65535) + query.header())
    for _ in range(2000):
        connection.sendall(os.urandom(65536))


def empty_messages(query, connection):
    for _ in range(1000):
        connection.sendall(bytes(65536))


def half_stream(query, connection):
    connection.sendall(framed(query.good())[:20])


def reset(query, connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait(query, connection):
    time.sleep(20)


def nothing(query, connection):
    pass


def noise(query):
    return os.urandom(random.randint(0, 1400))


def many_servers(query):
    zone = below(query)
    return referral(query, zone, [name(b"ns%d" % n, b"nowhere", b"test") for n in range(600)])


def many_glue(query):
    zone = below(query)
    server = name(b"ns")[:-1] + zone
    glue = [record(A, bytes([127, 0, 67, n % 256]), server) for n in range(1000)]
    return referral(query, zone, [server], glue)


def nasty_referral(query):
    zone = below(query)
    server = name(NASTY[:60])[:-1] + zone
    return referral(query, zone, [server], [record(A, b"\x7f\0\x43\1", server)])


cut = once(Query.cut)

# Mode: what a datagram is answered with, and what a connection is; None is nobody there.
MODES = {
    "good": (once(Query.good), stream(Query.good)),
    "silent": (nothing, wait),
    "noise": (many(noise, noise, noise), lambda q, c: c.sendall(os.urandom(4000))),
    "noise-with-id": (once(lambda q: q.id + os.urandom(400)), stream(lambda q: q.id + os.urandom(400))),
    "half": (once(lambda q: q.good()[:-9]), stream(lambda q: q.good()[:-9])),
    "header": (once(lambda q: q.header(counts=(0, 0, 0, 0))), stream(lambda q: q.header(counts=(0, 0, 0, 0)))),
    "one-octet": (many(lambda q: b"", lambda q: b"x"), stream(lambda q: b"x")),
    "pointer-to-itself": (
        once(lambda q: q.header(counts=(1, 1, 0, 0)) + q.question + struct.pack("!H", 0xC000 | (12 + len(q.question)))),
        stream(lambda q: q.header(counts=(1, 1, 0, 0)) + q.question + struct.pack("!H", 0xC000 | (12 + len(q.question)))),
    ),
    "pointer-in-question": (once(lambda q: q.header() + b"\xc0\x0c\0\x10\0\1"), stream(lambda q: q.header() + b"\xc0\x0c\0\x10\0\1")),
    "lying-counts": (
        once(lambda q: q.header(counts=(1, 65535, 65535, 65535)) + q.question),
        stream(lambda q: q.header(counts=(1, 65535, 65535, 65535)) + q.question),
    ),
    "other-id": (many(*[lambda q: q.good(id=os.urandom(2))] * 50), stream(lambda q: q.good(id=b"\0\0"))),
    "other-name": (
        once(lambda q: q.answer([record(A, b"\xc0\0\2\1")], question=name(b"bank", b"test") + b"\0\1\0\1")),
        stream(lambda q: q.answer([record(A, b"\xc0\0\2\1")], question=name(b"bank", b"test") + b"\0\1\0\1")),
    ),
    "other-type": (once(lambda q: q.good(question=q.name + b"\0\2\0\1")), stream(lambda q: q.good(question=q.name + b"\0\2\0\1"))),
    "two-questions": (
        once(lambda q: q.header(counts=(2, 0, 0, 0)) + q.question + q.question),
        stream(lambda q: q.header(counts=(2, 0, 0, 0)) + q.question + q.question),
    ),
    "echo": (once(lambda q: q.message), stream(lambda q: q.message)),
    "other-opcode": (once(lambda q: q.good(flags=AA | 5 << 11)), stream(lambda q: q.good(flags=AA | 5 << 11))),
    "stranger": (stranger, nothing),
    "flood-of-noise": (flood(lambda q: b"\0\0" + bytes(10)), nothing),
    "flood-with-id": (flood(lambda q: q.good(question=name(b"bank", b"test") + b"\0\1\0\1")), nothing),
    "cut-for-ever": (cut, stream(Query.cut)),
    "cut-and-slow": (cut, slowly),
    "cut-and-silent": (cut, wait),
    "cut-and-closed": (cut, nothing),
    "cut-and-reset": (cut, reset),
    "cut-and-refused": (cut, None),
    "cut-and-half": (cut, half_stream),
    "cut-and-empty": (cut, empty_messages),
    "cut-and-endless": (cut, endless_octets),
    "cut-in-a-record": (once(lambda q: q.good(flags=AA | TC)[:-7]), stream(Query.good)),
    "large": (once(lambda q: big(q, 65507)), stream(lambda q: big(q, 65535))),
    "large-stream": (cut, stream(lambda q: big(q, 65535))),
    "aliases": (cut, stream(lambda q: chain(q, 3000))),
    "alias-of-itself": (once(lambda q: q.answer([record(CNAME, b"\xc0\x0c")])), nothing),
    "nasty-text": (
        once(lambda q: q.answer([record(TXT, text(NASTY)), record(A, b"\xc0\0\2\1")], additional=[opt(option(15, b"\0\x0f" + NASTY))])),
        nothing,
    ),
    "nasty-alias": (
        once(lambda q: q.answer([record(CNAME, name(NASTY[:63]))], code=3)),
        nothing,
    ),
    "nasty-nxdomain": (once(lambda q: q.answer(authority=[soa(b"\0", NASTY[:63])], code=3)), nothing),
    "nasty-error": (
        once(lambda q: q.answer(additional=[opt(option(15, b"\0\x0f" + NASTY) + option(15, b"\xff\xff" + NASTY))], code=2)),
        nothing,
    ),
    "nasty-type": (once(lambda q: q.answer([record(16, NASTY), record(q.kind, NASTY)])), stream(lambda q: q.answer([record(q.kind, NASTY)]))),
    "servfail": (once(lambda q: q.answer(code=2)), nothing),
    "formerr": (once(lambda q: q.header(code=1, counts=(0, 0, 0, 0))), nothing),
    "strange-code": (once(lambda q: q.answer(code=12)), nothing),
    "broken-edns": (once(lambda q: q.answer(additional=[opt(b"\0\x0f\xff\xff", length=4)])), nothing),
    "two-edns": (once(lambda q: q.answer(additional=[opt(), opt(owner=b"\1x\0")])), nothing),
    "other-class": (once(lambda q: q.answer([record(TXT, text(b"x"), rclass=3), record(A, b"\xc0\0\2\1", rclass=3)])), nothing),
    "upward": (once(lambda q: referral(q, b"\0", [name(b"a", b"root")])), nothing),
    "sideways": (once(lambda q: referral(q, name(b"other"), [name(b"ns", b"other")])), nothing),
    "many-servers": (cut, stream(many_servers)),
    "much-glue": (cut, stream(many_glue)),
    "nasty-referral": (once(nasty_referral), nothing),
    "empty": (once(lambda q: q.answer()), nothing),
}


def delegation(query, send):
    """The root's answer: the last label says to whom."""
    label = query.name[:-1].rsplit(b"m", 1)[-1]
    if not label.isdigit():
        return send(query.answer(code=3))
    zone = name(b"m" + label)
    server = name(b"ns")[:-1] + zone
    send(referral(query, zone, [server], [record(A, bytes([127, 0, 66, int(label)]), server)]))


class Sender:
    def __init__(self, udp, address, peer):
        self.udp, self.address, self.peer = udp, address, peer

    def __call__(self, message):
        try:
            self.udp.sendto(message, self.peer)
        except OSError:
            # The other end may have gone.
            pass


def datagrams(udp, address, handler):
    while True:
        message, peer = udp.recvfrom(65535)
        start(safely, handler, message, Sender(udp, address, peer))


def connections(tcp, handler):
    while True:
        start(conversation, tcp.accept()[0], handler)


def conversation(connection, handler):
    with connection:
        try:
            message = connection.recv(65535)
        except OSError:
            return
        safely(handler, message[2:], connection)


def safely(handler, message, to):
    try:
        handler(Query(message), to)
    except OSError:
        pass


def start(what, *arguments):
    threading.Thread(target=what, args=arguments, daemon=True).start()


def main():
    root = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    root.bind(("127.0.66.200", 53))
    start(datagrams, root, "127.0.66.200", delegation)
    for number, (udp_handler, tcp_handler) in enumerate(MODES.values(), 1):
        address = f"127.0.66.{number}"
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((address, 53))
        start(datagrams, udp, address, udp_handler)
        if tcp_handler:
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((address, 53))
            tcp.listen(64)
            start(connections, tcp, tcp_handler)
    print("\n".join(MODES), flush=True)
    # The test that has started this ends it by closing its stdin.
    sys.stdin.read()


main()
