# with: S15_peer.py
"""Echoes; a thread for each client."""
import socket
import sys
import threading


def serve(conn):
    with conn:
        while data := conn.recv(1024):
            conn.sendall(data)


server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
threads = []
for _ in range(2):
    conn, addr = server.accept()
    threads.append(threading.Thread(target=serve, args=(conn,)))
    threads[-1].start()
for thread in threads:
    thread.join()
server.close()
