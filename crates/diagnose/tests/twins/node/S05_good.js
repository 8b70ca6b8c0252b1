// The client connects once the server listens.
const net = require('net');

const server = net.createServer(conn => conn.end('hola\n'));
server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  const client = net.connect(Number(process.argv[2]), '127.0.0.1');
  client.on('data', data => console.log(String(data)));
  client.on('close', () => server.close());
});
