# The length goes before each message, and exactly that much is received.
import socket
import sys

def send(s, message):
    s.sendall(bytes([len(message)]) + message)

def receive(s):
    length = s.recv(1)[0]
    return s.recv(length, socket.MSG_WAITALL)

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, _ = server.accept()
for name in [b"ana", b"luis", b"marta"]:
    send(client, name)
    send(conn, b"hello, " + receive(conn))
    print(receive(client))
client.close()
conn.close()
