# The answer goes out before the end, and nothing after it.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, _ = server.accept()
client.sendall(b"hola\n")
print(conn.recv(1024))
conn.sendall(b"the answer\n")
print(client.recv(1024))
client.close()
while data := conn.recv(1024):
    print(data)
conn.close()
