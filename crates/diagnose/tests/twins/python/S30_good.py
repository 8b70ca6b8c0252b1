"""A UDP server that wants its port for itself."""
import socket
import sys

address = ("127.0.0.1", int(sys.argv[1]))
servers = []
for _ in range(1):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(address)
    server.settimeout(0.3)
    servers.append(server)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.sendto(b"hello\n", address)
for server in servers:
    try:
        print(server.recvfrom(1024))
    except TimeoutError:
        print("nothing for this one")
