# Each receive is answered as if it were a whole message.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, _ = server.accept()
for name in [b"ana", b"luis", b"marta"]:
    client.sendall(name)
    conn.sendall(b"hello, " + conn.recv(1024))
    print(client.recv(1024))
client.close()
conn.close()
