# busybox httpd with busybox wget
# needs: busybox ss
. "$begin"
echo hola >"$dir/index.html"
serve tcp busybox httpd -f -p "127.0.0.1:$port" -h "$dir"
ask busybox wget -q -O - "http://127.0.0.1:$port/"
says hola
stop
