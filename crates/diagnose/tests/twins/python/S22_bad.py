"""Asks in two small pieces and waits for the answer, again and again."""
import socket
import sys
import threading


def serve(server):
    conn, addr = server.accept()
    lines = conn.makefile("rb")
    while head := lines.readline():
        conn.sendall(head + lines.readline())
    conn.close()


server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
threading.Thread(target=serve, args=(server,)).start()
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
answers = s.makefile("rb")
for _ in range(30):
    s.sendall(b"length 5\n")
    s.sendall(b"hello\n")
    answers.readline()
    answers.readline()
s.close()
answers.close()
server.close()
