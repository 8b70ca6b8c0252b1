"""A client that connects from a port of its own."""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    mine = probe.getsockname()
clients = []
for _ in range(2):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(mine)
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
