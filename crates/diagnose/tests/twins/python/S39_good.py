# with: S39_peer.py
"""Serves one client after the other."""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
for _ in range(2):
    conn, addr = server.accept()
    question = conn.recv(1024)
    conn.sendall(b"hello, " + question)
    conn.close()
server.close()
