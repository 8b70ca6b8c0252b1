# a chat in which nobody says anything for four seconds: two readers that wait are no deadlock
# needs: python3 ss
. "$begin"
serve tcp "$sockeye" serve "chat=tcp://127.0.0.1:$port"
cat >"$dir/member.py" <<'END'
import select, socket, sys, time
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as sock:
    sock.recv(4096)
    sock.sendall(b"ann\n")
    until = time.monotonic() + 4
    while (left := until - time.monotonic()) > 0:
        if select.select([sock], [], [], left)[0] and not sock.recv(4096):
            break
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(4096):
        pass
print("over")
END
ask python3 "$dir/member.py" "$port"
says over
stop
