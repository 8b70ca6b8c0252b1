// The client has left, its end was read, and the server still writes.
const net = require('net');

const server = net.createServer({ allowHalfOpen: true }, conn => {
  conn.on('data', data => console.log(String(data)));
  conn.on('end', () => {
    conn.write('the first goes out\n');
    setTimeout(() => conn.write("the second can't\n"), 100);
  });
  conn.on('error', error => { console.log(error.message); server.close(); });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  const client = net.connect(Number(process.argv[2]), '127.0.0.1');
  client.write('hola\n', () => client.destroy());
});
