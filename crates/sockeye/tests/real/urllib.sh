# urllib asks for localhost where only IPv4 is served
# needs: python3 ss
. "$begin"
python3 -m http.server --bind 127.0.0.1 --directory "$dir" "$port" >/dev/null 2>&1 &
server=$!
listens tcp "$port"
ask python3 -c "import urllib.request, sys; print(urllib.request.urlopen('http://localhost:$port/').read())"
says 'Directory listing'
stop
