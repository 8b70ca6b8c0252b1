# nginx, master and worker, with curl
# needs: nginx curl ss
. "$begin"
mkdir "$dir/www"
head -c 300000 /dev/zero >"$dir/www/zero"
cat >"$dir/nginx.conf" <<END
daemon off;
user root;
pid $dir/nginx.pid;
error_log $dir/error.log;
events { worker_connections 64; }
http {
  access_log off;
  sendfile on;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  server { listen 127.0.0.1:$port; root $dir/www; }
}
END
PATH=$PATH:/usr/sbin
serve tcp nginx -e "$dir/error.log" -c "$dir/nginx.conf"
ask curl -s -o "$dir/got" -w '%{http_code} %{size_download}' "http://127.0.0.1:$port/zero"
says '200 300000'
stop
