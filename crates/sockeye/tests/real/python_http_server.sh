# python3 -m http.server with curl
# needs: python3 curl ss
. "$begin"
serve tcp python3 -u -m http.server --bind 127.0.0.1 --directory "$dir" "$port"
ask curl -s "http://127.0.0.1:$port/"
says 'Directory listing'
stop
