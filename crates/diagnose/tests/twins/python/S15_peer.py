"""Two clients; the first takes its time."""
import socket
import sys
import time

first = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
second = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
time.sleep(1.6)
for s in first, second:
    s.sendall(b"hello\n")
    print(s.recv(1024))
    s.close()
