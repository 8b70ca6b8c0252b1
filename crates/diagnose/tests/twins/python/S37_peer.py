"""Reads to the end, or to the reset."""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
    try:
        while data := s.recv(1024):
            print(data)
    except ConnectionResetError as error:
        print(error)
