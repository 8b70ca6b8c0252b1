# listen() was forgotten.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))

try:
    conn, address = server.accept()
except OSError as error:
    print(error)
server.close()
