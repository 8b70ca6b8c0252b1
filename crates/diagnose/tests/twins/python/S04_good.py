# with: reader_peer.py
"""A server for this computer."""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
conn, addr = server.accept()
with conn:
    conn.sendall(b"hello\n")
server.close()
