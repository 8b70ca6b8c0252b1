# with: reader_peer.py
"""Sets SO_REUSEADDR once it is too late."""
import socket
import sys

server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[1])))
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.listen()
conn, addr = server.accept()
conn.sendall(b"hello\n")
conn.close()
server.close()
