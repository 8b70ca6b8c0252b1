# an RFC 868 client, which reads its four bytes and no more
# needs: python3 ss
. "$begin"
"$sockeye" serve -q "time=tcp://127.0.0.1:$port" &
server=$!
listens tcp "$port"
cat >"$dir/client.py" <<'END'
import socket, struct, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as sock:
    data = b""
    while len(data) < 4:
        data += sock.recv(4 - len(data))
    print("seconds", struct.unpack("!I", data)[0])
END
ask python3 "$dir/client.py" "$port"
says seconds
stop
