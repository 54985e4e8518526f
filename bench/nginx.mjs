// nginx as a plain reverse proxy with TLS, where it is installed: what a proxy that checks nothing costs.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Its origin and process; `undefined` where there is none. */
export async function startNginx(scratch, { certFile, keyFile, upstreamPort }) {
  if (spawnSync('nginx', ['-v']).status !== 0) return undefined;
  const directory = join(scratch, 'nginx');
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const config = join(directory, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/error.log;
     events { worker_connections 1024; }
     http {
       access_log off; client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
       fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
       upstream menu { server 127.0.0.1:${upstreamPort}; keepalive 64; }
       server {
         listen 127.0.0.1:${port} ssl; ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};
         keepalive_requests 1000000;
         location /pizza/1.0.0/ { proxy_pass http://menu/; proxy_http_version 1.1; proxy_set_header Connection ""; }
       }
     }`,
  );
  const child = spawn('nginx', ['-c', config, '-p', directory], { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { origin: `https://localhost:${port}`, child };
}
