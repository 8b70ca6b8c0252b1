# connect(), then data.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.socket()
client.connect(server.getsockname())
client.sendall(b"hola\n")
conn, address = server.accept()
print(conn.recv(1024))
client.close()
conn.close()
server.close()
