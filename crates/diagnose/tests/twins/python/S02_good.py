# Each server has a port of its own.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

files = socket.socket()
files.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
files.bind(("127.0.0.1", 0))
files.listen()
print("files on", files.getsockname())
