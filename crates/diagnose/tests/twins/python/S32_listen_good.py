# listen(), then accept().
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, address = server.accept()
conn.sendall(b"hola\n")
conn.close()
print(client.recv(1024))
client.close()
server.close()
