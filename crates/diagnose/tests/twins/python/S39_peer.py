"""Two clients that come at once."""
import socket
import sys
import time

clients = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(2)]
time.sleep(0.2)
for number, s in enumerate(clients):
    try:
        s.sendall(b"number %d\n" % number)
        while data := s.recv(1024):
            print(data)
    except ConnectionError as error:
        print(error)
    s.close()
