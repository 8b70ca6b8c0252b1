"""Answers the echo requests that this machine sends to itself, each in a way of its own, in the kernel's place."""
import socket
import struct


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def icmp(kind, code, rest):
    bare = bytes([kind, code, 0, 0]) + rest
    return bytes([kind, code]) + struct.pack("!H", checksum(bare)) + rest


def main():
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    print("ready", flush=True)
    held = None
    while True:
        packet, _ = s.recvfrom(65535)
        message = packet[20:]
        if len(message) < 8 or message[0] != 8:
            continue
        ident, sequence = struct.unpack("!HH", message[4:8])
        data = message[8:]

        def reply(ident=ident, sequence=sequence, data=data):
            return icmp(0, 0, struct.pack("!HH", ident, sequence) + data)

        def send(message):
            s.sendto(message, ("127.0.0.1", 0))

        if sequence == 1:  # twice
            send(reply())
            send(reply())
        elif sequence == 2:  # with other data
            send(reply(data=b"other"))
        elif sequence == 3:  # when the fifth is asked
            held = reply()
        elif sequence == 4:  # rubbish first: cut short, damaged, of others, of numbers never sent; then the right one
            for bad in (reply()[:2], reply()[:4], reply()[:7]):
                send(bad)
            damaged = bytearray(reply())
            damaged[-1] ^= 1
            send(bytes(damaged))
            send(reply(ident=ident ^ 0x5555))
            send(reply(sequence=40000))
            original = packet[:20] + icmp(8, 0, struct.pack("!HH", ident ^ 0x5555, 4))
            send(icmp(11, 0, b"\0\0\0\0" + original))
            send(icmp(11, 0, b"\0\0\0\0" + packet[:19]))
            send(icmp(3, 1, b""))
            send(icmp(3, 1, b"\0\0\0\0" + packet[:20] + b"\x08\0"))
            send(reply())
        elif sequence == 5:
            send(held)
            send(reply())
        elif sequence == 6:  # a flood of what is nobody's, and no answer
            for number in range(3000):
                send(reply(ident=ident ^ 0x0F0F, sequence=number))
        else:
            send(reply())


main()
