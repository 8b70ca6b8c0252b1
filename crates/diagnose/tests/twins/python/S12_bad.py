# The server has read the end, and still sends.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, _ = server.accept()
client.sendall(b"hola\n")
client.close()
while data := conn.recv(1024):
    print(data)
try:
    conn.sendall(b"the first goes out\n")
    conn.sendall(b"the second can't\n")
except OSError as error:
    print(error)
conn.close()
