// The answer goes out before the end, and nothing after it.
const net = require('net');

const server = net.createServer(conn => {
  conn.on('data', data => conn.write(String(data).toUpperCase() + '\n'));
  conn.on('close', () => server.close());
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  const client = net.connect(Number(process.argv[2]), '127.0.0.1');
  client.write('hola');
  client.on('data', data => { console.log(String(data)); client.end(); });
});
