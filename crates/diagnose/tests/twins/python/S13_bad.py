# Clients come and go, and their connections are kept.
import socket
import sys

import time

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

conns = []
for _ in range(4):
    client = socket.create_connection(server.getsockname())
    conn, _ = server.accept()
    conns.append(conn)
    client.sendall(b"hola\n")
    client.close()
    while data := conn.recv(1024):
        print(data)
time.sleep(5.5)
print(len(conns), "clients")
server.close()
