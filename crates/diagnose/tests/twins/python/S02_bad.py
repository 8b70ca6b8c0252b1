# Two servers of one program want the same port.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

files = socket.socket()
files.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    files.bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    print("files:", error)
