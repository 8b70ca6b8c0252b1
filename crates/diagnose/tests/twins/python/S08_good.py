# The message ends with its newline, however many receives that takes.
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
client.sendall(b"this message has 28 letters\n")
conn, _ = server.accept()
message = b""
while not message.endswith(b"\n"):
    message += conn.recv(10)
conn.sendall(message.upper())
conn.close()

while data := client.recv(1024):
    print(data)
client.close()
