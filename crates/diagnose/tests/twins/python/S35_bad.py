"""A server on IPv4 only, and a client that tries IPv6 first."""
import socket
import sys

port = int(sys.argv[1])
server = socket.create_server(("127.0.0.1", port))
for host in "::1", "127.0.0.1":  # what "localhost" means
    try:
        s = socket.create_connection((host, port))
        break
    except ConnectionRefusedError as error:
        print(host, error)
conn, addr = server.accept()
s.sendall(b"hello\n")
s.close()
while data := conn.recv(1024):
    print(data)
conn.close()
server.close()
