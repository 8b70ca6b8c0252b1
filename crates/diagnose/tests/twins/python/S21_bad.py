# A server that forgot bind(): its socket has no port. (An alarm ends the wait, which has no end.)
import signal
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.sendto(b"hola", ("127.0.0.1", int(sys.argv[1])))
signal.setitimer(signal.ITIMER_REAL, 0.5)
data, address = server.recvfrom(1024)
print(data, "from", address)
