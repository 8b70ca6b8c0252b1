# A message of 200 bytes through a pair of UNIX sockets, and room for 100.
import socket

ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
ours.send(b"x" * 200)
print(len(theirs.recv(100)), "bytes")
ours.close()
theirs.close()
