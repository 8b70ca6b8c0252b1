# with: reader_peer.py
"""Tells the time; a restart within a minute may fail."""
import socket
import sys
import time

server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
conn, addr = server.accept()
with conn:
    conn.sendall(time.ctime().encode() + b"\n")
server.close()
