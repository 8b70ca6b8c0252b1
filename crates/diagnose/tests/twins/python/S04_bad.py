# with: reader_peer.py
"""A server on every interface."""
import socket
import sys

server = socket.create_server(("0.0.0.0", int(sys.argv[1])))
conn, addr = server.accept()
with conn:
    conn.sendall(b"hello\n")
server.close()
