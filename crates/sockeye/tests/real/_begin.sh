# What each script begins with. It is run with $sockeye, the program; $dir, an empty directory; $port and $other, free ports.
# What is traced leaves its findings as $dir/*.json.
set -eu

# serve PROTOCOL COMMAND…: starts a server under trace, and waits until its port is there without connecting to it.
serve() {
    protocol=$1
    shift
    "$sockeye" trace --json -o "$dir/server.json" -- "$@" >"$dir/server.out" 2>"$dir/server.err" </dev/null &
    server=$!
    listens "$protocol" "$port"
}

# listens PROTOCOL PORT: until something is bound there, for ten seconds at most.
listens() {
    case $1 in udp) sockets=-Hlun ;; *) sockets=-Hltn ;; esac
    tries=0
    until [ -n "$(ss $sockets "sport = :$2")" ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || { echo "nothing listens on $2" >&2; cat "$dir"/*.err >&2; exit 1; }
        sleep 0.05
    done
}

# ask COMMAND…: runs a client under trace; its output is kept.
ask() {
    "$sockeye" trace --json -o "$dir/client.json" -- "$@" >"$dir/client.out" 2>"$dir/client.err"
}

# Ends the server as its owner would.
stop() {
    kill -TERM "$server"
    wait "$server" || true
}

# says WORDS: the client printed them.
says() {
    grep -qF -- "$1" "$dir/client.out" || { echo "the client did not say $1" >&2; cat "$dir"/client.* >&2; exit 1; }
}
