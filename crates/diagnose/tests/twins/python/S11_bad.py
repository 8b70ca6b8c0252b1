# The loop does not look for the end. (After 100 rounds it is stopped; a real one would go on.)
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
rounds = 0
while rounds < 100:
    data = conn.recv(1024)
    print(data)
    rounds += 1
conn.close()
