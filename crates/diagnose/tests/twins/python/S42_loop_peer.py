"""Four clients, one after the other, who think before they speak."""
import socket
import sys
import time

for _ in range(4):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
        time.sleep(0.2)
        s.sendall(b"hello\n")
        print(s.recv(1024))
