# The server is there.
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

client.connect(("127.0.0.1", int(sys.argv[1])))
client.send(b"hola")
data, address = server.recvfrom(1024)
server.sendto(data.upper(), address)
print(client.recv(1024))
client.close()
