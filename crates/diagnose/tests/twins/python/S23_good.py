# with: reader_peer.py
"""Sends a text at once."""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
conn, addr = server.accept()
text = "all work and no play makes a dull server\n" * 10
conn.sendall(text.encode())
conn.close()
server.close()
