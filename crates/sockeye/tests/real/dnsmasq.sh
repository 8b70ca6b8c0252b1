# dnsmasq with dig
# needs: dnsmasq dig ss
. "$begin"
PATH=$PATH:/usr/sbin
serve udp dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces --listen-address=127.0.0.1 --port="$port" --address=/river.example/192.0.2.7 --pid-file
ask dig +short @127.0.0.1 -p "$port" shop.river.example A
says 192.0.2.7
stop
