# A connect() that does not wait, and data right behind it.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.socket()
client.setblocking(False)
client.connect_ex(server.getsockname())
client.send(b"hola\n")
conn, _ = server.accept()
print(conn.recv(1024))
client.close()
conn.close()
