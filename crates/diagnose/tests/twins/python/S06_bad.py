"""Connects to a group of hosts: TCP has no way there."""
import socket

s = socket.socket()
try:
    s.connect(("224.0.0.1", 5000))
    s.sendall(b"hello\n")
except OSError as error:
    print(error)
s.close()
