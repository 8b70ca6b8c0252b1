# nc (OpenBSD) at both ends
# needs: nc.openbsd ss
. "$begin"
serve tcp nc.openbsd -l -N 127.0.0.1 "$port"
echo hola >"$dir/line"
ask sh -c 'exec nc.openbsd -N 127.0.0.1 "$1" <"$2"' - "$port" "$dir/line"
wait "$server"
grep -q hola "$dir/server.out"
