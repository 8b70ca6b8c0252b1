# node's fetch against python3 -m http.server
# needs: node ss python3
. "$begin"
python3 -m http.server --bind 127.0.0.1 --directory "$dir" "$port" >/dev/null 2>&1 &
server=$!
listens tcp "$port"
ask node -e "fetch('http://127.0.0.1:$port/').then(r => r.text()).then(t => console.log(t))"
says 'Directory listing'
stop
