# The server talks on the socket that accept() returned.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, address = server.accept()
conn.sendall(f"hello, {address}\n".encode())
conn.close()

while data := client.recv(1024):
    print(data)
client.close()
