# The file of the run before is still there.
import os
import socket
import sys

path = os.path.join(sys.argv[2], "chat.sock")
before = socket.socket(socket.AF_UNIX)
before.bind(path)
before.close()

server = socket.socket(socket.AF_UNIX)
try:
    server.bind(path)
    server.listen()
except OSError as error:
    print(error)
