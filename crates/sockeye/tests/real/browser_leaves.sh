# a web server whose visitor leaves in the middle of a large page
# needs: python3 curl ss
. "$begin"
head -c 8000000 /dev/zero >"$dir/zero"
serve tcp python3 -u -m http.server --bind 127.0.0.1 --directory "$dir" "$port"
ask sh -c 'curl -s "http://127.0.0.1:$1/zero" | head -c 1000 | wc -c' - "$port"
says 1000
stop
