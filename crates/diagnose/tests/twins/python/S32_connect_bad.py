# Data before connect().
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.socket()
try:
    client.sendall(b"hola\n")
except OSError as error:
    print(error)
client.close()
server.close()
