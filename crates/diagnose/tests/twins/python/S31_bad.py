# with: S31_peer.py
"""A child for each client; the parent keeps every connection."""
import os
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
for _ in range(2):
    conn, addr = server.accept()
    if os.fork() == 0:
        server.close()
        conn.sendall(conn.recv(1024).upper())
        conn.close()
        os._exit(0)
    kept.append(conn)
for _ in kept:
    os.wait()
