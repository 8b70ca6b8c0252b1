# The file goes before bind().
import os
import pathlib
import socket
import sys

path = os.path.join(sys.argv[2], "chat.sock")
before = socket.socket(socket.AF_UNIX)
before.bind(path)
before.close()

server = socket.socket(socket.AF_UNIX)
pathlib.Path(path).unlink(missing_ok=True)
server.bind(path)
server.listen()
