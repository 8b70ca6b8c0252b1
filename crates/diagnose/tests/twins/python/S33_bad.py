# A loop that asks and asks until something comes.
import socket
import sys
import threading

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, _ = server.accept()
threading.Timer(0.4, conn.sendall, [b"hola\n"]).start()
client.setblocking(False)
while True:
    try:
        data = client.recv(1024)
        break
    except BlockingIOError:
        pass
print(data)
client.close()
