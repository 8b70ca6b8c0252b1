// The server is not running.
const net = require('net');

const client = net.connect(Number(process.argv[2]), '127.0.0.1');
client.on('error', error => console.log(error.message));
