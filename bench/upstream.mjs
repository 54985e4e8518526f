// A bare HTTP server: what is behind the proxies of the benchmark. Prints its port.
import { createServer } from 'node:http';

const body = JSON.stringify({
  items: Array.from({ length: 20 }, (_, n) => ({ id: n, name: `pizza ${n}`, price: 10 + n })),
});
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
const server = createServer((_, response) => response.writeHead(200, headers).end(body));
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
