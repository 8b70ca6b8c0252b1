"""Asks a server over UDP and believes whoever writes first."""
import socket
import sys

address = ("127.0.0.1", int(sys.argv[1]))
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(address)
stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.sendto(b"who?\n", address)
question, client = server.recvfrom(1024)
stranger.sendto(b"a lie\n", client)
server.sendto(b"the truth\n", client)
answer, addr = s.recvfrom(1024)
s.close()
print(answer)
