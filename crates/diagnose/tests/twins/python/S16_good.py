# with: S16_peer.py
"""Answers after a slow look-up, beside accepting others."""
import socket
import sys
import threading
import time


def answer(conn):
    time.sleep(1.2)
    conn.sendall(b"done\n")
    conn.close()


server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1)
for _ in range(4):
    conn, addr = server.accept()
    threading.Thread(target=answer, args=(conn,)).start()
server.close()
