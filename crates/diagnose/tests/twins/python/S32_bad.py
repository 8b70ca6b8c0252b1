# The server talks on the socket that listens.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
client.sendall(b"hola\n")
try:
    print(server.recv(1024))
except OSError as error:
    print(error)
client.close()
