"""Closes a listener under a thread that waits on it."""
import os
import socket
import sys
import threading
import time


def serve(server):
    try:
        conn, addr = server.accept()
        conn.close()
    except OSError as error:
        print(error)


server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
thread = threading.Thread(target=serve, args=(server,))
thread.start()
time.sleep(0.3)
server.close()
thread.join(1)
print("still waiting:", thread.is_alive())
os._exit(0)
