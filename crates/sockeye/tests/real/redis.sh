# redis-server with redis-cli
# needs: redis-server redis-cli ss
. "$begin"
serve tcp redis-server --bind 127.0.0.1 --port "$port" --save '' --dir "$dir"
ask sh -c 'redis-cli -p "$1" set river sockeye && redis-cli -p "$1" get river' - "$port"
says sockeye
stop
