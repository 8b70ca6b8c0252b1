# Room for the longest datagram there is.
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

client.sendto(b"x" * 1800, server.getsockname())
data, address = server.recvfrom(65536)
print(len(data), "bytes from", address)
