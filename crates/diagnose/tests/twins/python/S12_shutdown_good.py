# Everything, then "I will send no more".
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, address = server.accept()
client.sendall(b"hola\n")
client.sendall(b"adios\n")
client.shutdown(socket.SHUT_WR)
while data := conn.recv(1024):
    print(data)
conn.close()
print(client.recv(1024))
client.close()
server.close()
