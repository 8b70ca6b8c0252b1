// Asks a server over UDP and believes nobody else.
const dgram = require('dgram');
const port = Number(process.argv[2]);
const server = dgram.createSocket('udp4');
const stranger = dgram.createSocket('udp4');
const client = dgram.createSocket('udp4');

server.on('message', (question, from) => {
  stranger.send('a lie\n', from.port, from.address, () => {
    stranger.close();
    server.send('the truth\n', from.port, from.address, () => server.close());
  });
});
client.on('message', (answer, from) => {
  if (from.port !== port || from.address !== '127.0.0.1') return;
  client.close();
  console.log(String(answer));
});
server.bind(port, '127.0.0.1', () => client.send('who?\n', port, '127.0.0.1'));
