"""A UDP server that has room for what comes."""
import socket
import sys

address = ("127.0.0.1", int(sys.argv[1]))
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(address)
server.settimeout(0.3)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(100):
    client.sendto(b"measured: %d\n" % number, address)
try:
    while True:
        print(server.recvfrom(1024))
except TimeoutError:
    print("that was all")
