# b'' is the end.
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
while True:
    data = conn.recv(1024)
    if data == b"":
        break
    print(data)
conn.close()
