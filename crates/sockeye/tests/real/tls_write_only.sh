# a TLS client of Python's ssl that only writes: it leaves session tickets unread, and that is right
# needs: openssl python3 ss
. "$begin"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" -days 2 -subj /CN=localhost 2>/dev/null
cat >"$dir/client.py" <<'END'
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as plain:
    with context.wrap_socket(plain, server_hostname="localhost") as secure:
        secure.sendall(b"one line for the log\n")
print("sent")
END
openssl s_server -quiet -naccept 1 -accept "127.0.0.1:$port" -key "$dir/key.pem" -cert "$dir/cert.pem" >"$dir/server.out" 2>/dev/null </dev/null &
server=$!
listens tcp "$port"
ask python3 "$dir/client.py" "$port" "$dir/cert.pem"
says sent
wait "$server" || true
