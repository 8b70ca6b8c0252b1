# memcached, with nc as its client
# needs: memcached nc.openbsd ss
. "$begin"
serve tcp memcached -l 127.0.0.1 -p "$port" -U 0 -u nobody
printf 'set river 0 0 7\r\nsockeye\r\nget river\r\nquit\r\n' >"$dir/lines"
ask sh -c 'exec nc.openbsd 127.0.0.1 "$1" <"$2"' - "$port" "$dir/lines"
says sockeye
stop
