# with: S37_peer.py
"""Closes in order."""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
conn, addr = server.accept()
conn.sendall(b"goodbye\n")
conn.close()
server.close()
