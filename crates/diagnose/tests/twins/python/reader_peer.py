"""Connects and reads to the end."""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
    while data := s.recv(1024):
        print(data)
