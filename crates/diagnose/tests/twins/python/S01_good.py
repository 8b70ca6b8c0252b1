# with: reader_peer.py
"""Tells the time; can be restarted at once."""
import socket
import sys
import time

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
conn, addr = server.accept()
with conn:
    conn.sendall(time.ctime().encode() + b"\n")
server.close()
