# a protocol with a length before each message, read to the byte
# needs: python3 ss
. "$begin"
cat >"$dir/server.py" <<'END'
import socket, struct, sys
def exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            return None
        data += piece
    return data
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    for _ in range(2):
        sock, _ = listener.accept()
        with sock:
            while head := exactly(sock, 4):
                body = exactly(sock, struct.unpack("!I", head)[0])
                sock.sendall(head + body.upper())
END
cat >"$dir/client.py" <<'END'
import socket, struct, sys
def exactly(sock, count):
    data = b""
    while len(data) < count:
        data += sock.recv(count - len(data))
    return data
for _ in range(2):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as sock:
        for word in (b"hello", b"river"):
            sock.sendall(struct.pack("!I", len(word)) + word)
            print(exactly(sock, struct.unpack("!I", exactly(sock, 4))[0]))
END
serve tcp python3 "$dir/server.py" "$port"
ask python3 "$dir/client.py" "$port"
says RIVER
wait "$server"
