# socketserver over TCP, in the form of its documentation
# needs: python3 ss
. "$begin"
cat >"$dir/server.py" <<'END'
import socketserver, sys
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        data = self.rfile.readline().strip()
        self.wfile.write(data.upper() + b"\n")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
    server.serve_forever()
END
cat >"$dir/client.py" <<'END'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as sock:
    sock.sendall(b"hello river\n")
    print(sock.makefile().readline())
END
serve tcp python3 "$dir/server.py" "$port"
ask python3 "$dir/client.py" "$port"
says 'HELLO RIVER'
stop
