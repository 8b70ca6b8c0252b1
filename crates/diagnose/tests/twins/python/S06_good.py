"""Connects to one host."""
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
s = socket.socket()
s.connect(("127.0.0.1", int(sys.argv[1])))
conn, addr = server.accept()
s.sendall(b"hello\n")
s.close()
while data := conn.recv(1024):
    print(data)
conn.close()
server.close()
