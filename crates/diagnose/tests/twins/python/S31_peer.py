"""Two clients, one after the other; each waits a while for the end."""
import socket
import sys

for _ in range(2):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
        s.settimeout(0.5)
        s.sendall(b"hello\n")
        try:
            while data := s.recv(1024):
                print(data)
        except TimeoutError:
            print("the end does not come")
