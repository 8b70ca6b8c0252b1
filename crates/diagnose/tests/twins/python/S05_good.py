# The server is started first; and a client that comes too early tries again.
import socket
import sys
import threading
import time

def serve():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", int(sys.argv[1])))
    server.listen()
    conn, _ = server.accept()
    conn.sendall(b"hola\n")
    conn.close()
    server.close()

threading.Timer(0.1, serve).start()
while True:
    client = socket.socket()
    if client.connect_ex(("127.0.0.1", int(sys.argv[1]))) == 0:
        break
    client.close()
    time.sleep(0.05)
while data := client.recv(1024):
    print(data)
client.close()
