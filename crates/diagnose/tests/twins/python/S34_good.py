# Writable, and no error: now there is a connection.
import select
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.socket()
client.setblocking(False)
client.connect_ex(server.getsockname())
select.select([], [client], [])
if client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
    client.send(b"hola\n")
    conn, _ = server.accept()
    print(conn.recv(1024))
    conn.close()
client.close()
