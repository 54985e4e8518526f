// The peer of the API proxy: @fastify/http-proxy and nothing else, over TLS. Prints its port.
import { readFileSync } from 'node:fs';
import httpProxy from '@fastify/http-proxy';
import fastify from 'fastify';

const [certFile, keyFile, upstream] = process.argv.slice(2);
const server = fastify({
  https: { cert: readFileSync(certFile), key: readFileSync(keyFile) },
  keepAliveTimeout: 75_000,
});
await server.register(httpProxy, { upstream, prefix: '/pizza/1.0.0' });
await server.listen({ port: 0, host: 'localhost' });
console.log(JSON.stringify({ port: server.server.address().port }));
