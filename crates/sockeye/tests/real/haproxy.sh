# haproxy before python3 -m http.server
# needs: haproxy curl python3 ss
. "$begin"
PATH=$PATH:/usr/sbin
python3 -m http.server --bind 127.0.0.1 --directory "$dir" "$other" >/dev/null 2>&1 &
behind=$!
listens tcp "$other"
cat >"$dir/haproxy.cfg" <<END
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
listen web
  bind 127.0.0.1:$port
  server python 127.0.0.1:$other
END
serve tcp haproxy -q -db -f "$dir/haproxy.cfg"
ask curl -s "http://127.0.0.1:$port/"
says 'Directory listing'
stop
kill "$behind"
