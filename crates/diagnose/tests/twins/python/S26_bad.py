"""A UDP server that answers a port it made up."""
import socket
import sys

address = ("127.0.0.1", int(sys.argv[1]))
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(address)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(0.3)
client.sendto(b"hello\n", address)
data, addr = server.recvfrom(1024)
server.sendto(data.upper(), ("127.0.0.1", 5006))
try:
    print(client.recvfrom(1024))
except TimeoutError:
    print("no answer")
