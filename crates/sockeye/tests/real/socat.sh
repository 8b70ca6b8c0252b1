# socat, a process a connection, and socat
# needs: socat ss
. "$begin"
serve tcp socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" EXEC:cat
echo hola >"$dir/line"
ask sh -c 'exec socat - "TCP:127.0.0.1:$1" <"$2"' - "$port" "$dir/line"
says hola
stop
