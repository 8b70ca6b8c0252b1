# iperf3 over UDP
# needs: iperf3 ss
. "$begin"
serve tcp iperf3 -s -1 -B 127.0.0.1 -p "$port"
ask iperf3 -c 127.0.0.1 -p "$port" -u -b 10M -t 1
says 'iperf Done'
wait "$server"
