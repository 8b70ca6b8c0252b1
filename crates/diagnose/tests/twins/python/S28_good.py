# In pieces, each with its number.
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

picture = b"x" * 70_000
for number, start in enumerate(range(0, len(picture), 1000)):
    piece = number.to_bytes(2, "big") + picture[start:start + 1000]
    client.sendto(piece, server.getsockname())
    print(len(server.recvfrom(65536)[0]))
