# The server is not running.
import socket
import sys

try:
    client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    client.close()
except ConnectionRefusedError as error:
    print(error)
