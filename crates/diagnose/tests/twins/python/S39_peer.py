"""Two clients that come at once."""
import socket
import sys
import time

clients = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(2)]
time.sleep(0.2)
for s in reversed(clients):
    s.sendall(b"it's me\n")
for s in clients:
    try:
        while data := s.recv(1024):
            print(data)
    except ConnectionError as error:
        print(error)
    s.close()
