# The client says that it has finished, and the server reads up to there.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, _ = server.accept()
client.sendall(b"hola\n")
conn.sendall(conn.recv(1024).upper())
client.sendall(b"adios\n")
client.shutdown(socket.SHUT_WR)
while data := conn.recv(1024):
    print(data)
conn.close()

while data := client.recv(1024):
    print(data)
client.close()
