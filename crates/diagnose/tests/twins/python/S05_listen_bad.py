# The server has its address, and does not listen.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))

client = socket.socket()
try:
    client.connect(server.getsockname())
except ConnectionRefusedError as error:
    print(error)
client.close()
server.close()
