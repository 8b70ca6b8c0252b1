# with: S37_peer.py
"""Closes with a reset."""
import socket
import struct
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
conn, addr = server.accept()
conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
conn.sendall(b"goodbye\n")
conn.close()
server.close()
