# node's http, in the form of its documentation, with curl
# needs: node curl ss
. "$begin"
cat >"$dir/server.js" <<'END'
const http = require('node:http');
const server = http.createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ data: 'Hello World!' }));
});
server.listen(Number(process.argv[2]), '127.0.0.1');
END
serve tcp node "$dir/server.js" "$port"
ask curl -s "http://127.0.0.1:$port/"
says 'Hello World'
stop
