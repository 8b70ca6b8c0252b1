# bind() gives it one.
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.sendto(b"hola", ("127.0.0.1", int(sys.argv[1])))
data, address = server.recvfrom(1024)
print(data, "from", address)
