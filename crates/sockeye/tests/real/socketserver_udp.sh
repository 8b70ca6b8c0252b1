# socketserver over UDP, in the form of its documentation, and a client with a timeout
# needs: python3 ss
. "$begin"
cat >"$dir/server.py" <<'END'
import socketserver, sys
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(data.strip().upper(), self.client_address)
with socketserver.UDPServer(("127.0.0.1", int(sys.argv[1])), Handler) as server:
    server.serve_forever()
END
cat >"$dir/client.py" <<'END'
import socket, sys
server = ("127.0.0.1", int(sys.argv[1]))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.settimeout(5)
    sock.sendto(b"hello river\n", server)
    data, sender = sock.recvfrom(2048)
    assert sender == server
    print(data.decode())
END
serve udp python3 "$dir/server.py" "$port"
ask python3 "$dir/client.py" "$port"
says 'HELLO RIVER'
stop
