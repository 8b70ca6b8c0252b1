# select() waits until there is something.
import select
import socket
import sys
import threading

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, _ = server.accept()
threading.Timer(0.2, conn.sendall, [b"hola\n"]).start()
client.setblocking(False)
select.select([client], [], [])
data = client.recv(1024)
print(data)
client.close()
