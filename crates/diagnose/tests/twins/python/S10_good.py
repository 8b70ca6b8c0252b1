# sendall() goes on until everything is taken.
import socket
import sys
import threading

def read_all(conn):
    total = 0
    while data := conn.recv(1 << 20):
        total += len(data)
    conn.close()
    print("received", total)

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()

client = socket.create_connection(server.getsockname())
conn, _ = server.accept()
reader = threading.Thread(target=read_all, args=(conn,))
reader.start()
client.settimeout(10)
client.sendall(b"x" * 20_000_000)
client.close()
reader.join()
