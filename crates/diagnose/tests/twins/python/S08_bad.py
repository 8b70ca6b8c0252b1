# One recv() of 10 bytes is taken for the whole message.
# expect: S08 S09
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
client.sendall(b"this message has 28 letters\n")
conn, _ = server.accept()
conn.sendall(conn.recv(10).upper())
conn.close()

try:
    while data := client.recv(1024):
        print(data)
except ConnectionResetError as error:
    print(error)
client.close()
