# with: S15_peer.py
"""Echoes; serves one client at a time."""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
for _ in range(2):
    conn, addr = server.accept()
    with conn:
        while data := conn.recv(1024):
            conn.sendall(data)
server.close()
