"""Four clients; each reads to the end."""
import socket
import sys
import threading


def ask():
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
        while data := s.recv(1024):
            print(data)


for _ in range(4):
    threading.Thread(target=ask).start()
