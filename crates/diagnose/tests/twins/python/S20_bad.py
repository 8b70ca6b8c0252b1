# A datagram of 1800 bytes, and room for 1024.
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

client.sendto(b"x" * 1800, server.getsockname())
data, address = server.recvfrom(1024)
print(len(data), "bytes from", address)
