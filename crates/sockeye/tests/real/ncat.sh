# ncat at both ends
# needs: ncat ss
. "$begin"
serve tcp ncat -l 127.0.0.1 "$port"
echo hola >"$dir/line"
ask sh -c 'exec ncat 127.0.0.1 "$1" <"$2"' - "$port" "$dir/line"
wait "$server"
grep -q hola "$dir/server.out"
