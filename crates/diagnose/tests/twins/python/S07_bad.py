# A broadcast, from a socket that was not made for it.
import socket
import sys

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    s.sendto(b"who is there?", ("127.255.255.255", int(sys.argv[1])))
except PermissionError as error:
    print(error)
s.close()
