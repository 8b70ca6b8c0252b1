# A question by UDP to a port that nobody has; the error comes with the next call.
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
client.send(b"hola")
try:
    print(client.recv(1024))
except ConnectionRefusedError as error:
    print(error)
client.close()
