# expect: S09 S12 S19
"""Two that send a lot to each other, both first."""
import os
import signal
import socket
import sys

signal.alarm(3)  # so that it ends at all
port = int(sys.argv[1])
server = socket.create_server(("127.0.0.1", port))
child = os.fork()
if child == 0:
    server.close()
    s = socket.create_connection(("127.0.0.1", port))
else:
    s, addr = server.accept()
with s:
    s.sendall(bytes(20_000_000))
    left = 20_000_000
    while left and (data := s.recv(1 << 20)):
        left -= len(data)
