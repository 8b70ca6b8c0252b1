"""A server that reads to the end, and a client that never tells it."""
import os
import signal
import socket
import sys

signal.alarm(3)  # so that it ends at all
port = int(sys.argv[1])
server = socket.create_server(("127.0.0.1", port))
if os.fork() == 0:
    server.close()
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"hello\n")
        print(s.recv(1024))
    sys.exit()
conn, addr = server.accept()
text = b""
while data := conn.recv(1024):
    text += data
conn.sendall(text.upper())
conn.close()
server.close()
