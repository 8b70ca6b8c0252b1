# Room for the longest message that both agree on.
import socket

ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
ours.send(b"x" * 200)
print(len(theirs.recv(4096)), "bytes")
ours.close()
theirs.close()
