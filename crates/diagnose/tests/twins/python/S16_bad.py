# with: S16_peer.py
"""Answers after a slow look-up; asks for a short queue."""
import socket
import sys
import time

server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1)
for _ in range(4):
    conn, addr = server.accept()
    time.sleep(1.2)
    conn.sendall(b"done\n")
    conn.close()
server.close()
