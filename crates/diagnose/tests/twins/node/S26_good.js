// A UDP server that answers who has asked.
const dgram = require('dgram');
const port = Number(process.argv[2]);
const server = dgram.createSocket('udp4');
const client = dgram.createSocket('udp4');

server.on('message', (data, from) => {
  server.send(String(data).toUpperCase(), from.port, from.address, () => server.close());
});
client.on('message', (answer) => console.log(String(answer)));
setTimeout(() => client.close(), 500);
server.bind(port, '127.0.0.1', () => client.send('hello\n', port, '127.0.0.1'));
