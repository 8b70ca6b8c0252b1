"""Asks over UDP and asks again."""
import os
import socket
import sys
import time

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
if os.fork() == 0:
    question, addr = server.recvfrom(1024)
    time.sleep(2.4)
    server.sendto(b"at last\n", addr)
    sys.exit()
server.close()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
for _ in range(5):
    s.sendto(b"now?\n", ("127.0.0.1", int(sys.argv[1])))
    try:
        answer, addr = s.recvfrom(1024)
        print(answer)
        break
    except TimeoutError:
        print("asking again")
s.close()
