# with: S42_loop_peer.py
"""An event loop that waits for one client while others may be ready."""
import selectors
import socket
import sys

selector = selectors.EpollSelector()
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
selector.register(server, selectors.EVENT_READ)
served = 0
while served < 4:
    for key, _ in selector.select():
        conn, addr = server.accept()
        with conn:
            conn.sendall(conn.recv(1024))
        served += 1
server.close()
