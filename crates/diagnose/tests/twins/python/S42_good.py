"""Listens on a port that it says."""
import socket
import threading
import time

server = socket.socket()
server.listen()
print("port", server.getsockname()[1])


def find_it():
    time.sleep(0.2)
    with socket.create_connection(("127.0.0.1", server.getsockname()[1])) as s:
        s.sendall(b"found you\n")


threading.Thread(target=find_it).start()
conn, addr = server.accept()
while data := conn.recv(1024):
    print(data)
conn.close()
server.close()
