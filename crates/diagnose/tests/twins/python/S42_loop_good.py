# with: S42_loop_peer.py
"""An event loop that comes back to a client when it is ready."""
import selectors
import socket
import sys

selector = selectors.EpollSelector()
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
selector.register(server, selectors.EVENT_READ)
served = 0
while served < 4:
    for key, _ in selector.select():
        if key.fileobj is server:
            conn, addr = server.accept()
            conn.setblocking(False)
            selector.register(conn, selectors.EVENT_READ)
        else:
            selector.unregister(key.fileobj)
            with key.fileobj as conn:
                conn.sendall(conn.recv(1024))
            served += 1
server.close()
