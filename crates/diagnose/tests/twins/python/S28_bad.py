# A picture of 70 kB in one datagram.
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

picture = b"x" * 70_000
try:
    client.sendto(picture, server.getsockname())
except OSError as error:
    print(error)
