"""A client that connects from whatever port is free."""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
clients = []
for _ in range(2):
    s = socket.socket()
    try:
        s.connect(("127.0.0.1", int(sys.argv[1])))
        clients.append((s, server.accept()[0]))
    except OSError as error:
        print(error)
for s, conn in clients:
    s.sendall(b"hello\n")
    s.close()
    while data := conn.recv(1024):
        print(data)
    conn.close()
server.close()
