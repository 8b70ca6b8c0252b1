# The socket says first that it means to broadcast.
import socket
import sys

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.sendto(b"who is there?", ("127.255.255.255", int(sys.argv[1])))
s.close()
