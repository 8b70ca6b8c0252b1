# unbound with kdig, over UDP and TCP
# needs: unbound kdig ss
. "$begin"
PATH=$PATH:/usr/sbin
cat >"$dir/unbound.conf" <<END
server:
  interface: 127.0.0.1
  port: $port
  username: ""
  chroot: ""
  directory: "$dir"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  local-zone: "river.example." static
  local-data: "shop.river.example. A 192.0.2.7"
remote-control:
  control-enable: no
END
serve udp unbound -d -c "$dir/unbound.conf"
ask sh -c 'kdig +short @127.0.0.1 -p "$1" shop.river.example A; kdig +tcp +short @127.0.0.1 -p "$1" shop.river.example A' - "$port"
says 192.0.2.7
stop
