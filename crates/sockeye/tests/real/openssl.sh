# openssl s_server, and s_client that says something and leaves
# needs: openssl ss
. "$begin"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" -days 2 -subj /CN=localhost 2>/dev/null
serve tcp openssl s_server -quiet -naccept 1 -accept "127.0.0.1:$port" -key "$dir/key.pem" -cert "$dir/cert.pem"
printf 'hola\n' >"$dir/line"
ask sh -c 'exec openssl s_client -connect "127.0.0.1:$1" <"$2"' - "$port" "$dir/line"
says 'CN = localhost'
wait "$server" || true
