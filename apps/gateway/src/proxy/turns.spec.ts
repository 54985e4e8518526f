import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { certificate } from '../../test/certificate';
import { holdTime } from '../../test/held-time';
import { api, resource, startProxied, type Proxied } from '../../test/proxied';
import { raw } from '../../test/raw';
import { ROOT } from '../../test/started-gateway';

/** Of one API at once: four times as many of an organization. */
const MOST = 2;
const resources = [
  resource('GET', '/*', { authentication: 'none' }),
  resource('POST', '/*', { authentication: 'none' }),
];

let proxied: Proxied;
let held: ServerResponse[] = [];
beforeAll(async () => {
  holdTime();
  proxied = await startProxied(
    (upstream) => [
      ...['a', 'b', 'c', 'd', 'e'].map((id) => api(upstream, { id, name: id, context: `/${id}`, resources })),
      api(upstream, { id: 'tools', name: 'Tools', context: '/tools', organizationId: ROOT.id, resources }),
    ],
    {},
    { proxy: { upstreamRequests: MOST } },
  );
  proxied.upstream.on(({ url = '' }, response) => {
    if (url.startsWith('/hang')) held.push(response);
    else if (url.startsWith('/break')) response.destroy();
    else if (url.startsWith('/half'))
      response.writeHead(200, { 'content-length': '9' }).write('half', () => response.destroy());
    else if (url.startsWith('/same')) response.writeHead(304, { 'content-length': '9' }).end();
    else if (url.startsWith('/big')) response.end(Buffer.alloc(64 * 1024 * 1024));
    else response.end('ok');
  });
});
afterAll(async () => {
  jest.useRealTimers();
  await proxied.close();
});
afterEach(async () => {
  for (const response of held) response.end();
  held = [];
  await until(async () => (await ask('/t/johnsorg/a/x')).status === 200);
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('It did not come true.');
    await pause(20);
  }
}
const ask = (path: string) => proxied.gateway.ask(path);
/** As many as there may be, that wait for their upstream. */
const hang = async (context: string) => {
  const before = held.length;
  const all = Array.from({ length: MOST }, () => ask(`/t/johnsorg/${context}/hang`));
  await until(() => held.length === before + MOST);
  return () => Promise.all(all);
};
const codeOf = async (asked: ReturnType<typeof ask>) => {
  const { status, json } = await asked;
  return [status, json?.code];
};

it('303001 abuse 48: what hangs is refused to its own callers soon, and to nobody else at the same origin', async () => {
  const hung = await hang('a');
  const more = Array.from({ length: 3 * MOST }, () => ask('/t/johnsorg/a/x'));
  expect(await codeOf(ask('/t/johnsorg/b/x'))).toEqual([200, undefined]);
  expect(await codeOf(ask('/tools/x'))).toEqual([200, undefined]);
  for (const { status, json, headers } of await Promise.all(more))
    expect([status, json.code, headers['retry-after']]).toEqual([503, '303001', '1']);
  expect(held).toHaveLength(MOST);
  const waiting = ask('/t/johnsorg/a/x');
  held[0]?.end();
  expect((await waiting).status).toBe(200);
  for (const response of held) response.end();
  for (const { status } of await hung()) expect(status).toBe(200);
});

it('303001 abuse 48: what hangs in many APIs of an organization leaves the others theirs', async () => {
  for (const context of ['a', 'b', 'c', 'd']) await hang(context);
  expect(await codeOf(ask('/t/johnsorg/e/x'))).toEqual([503, '303001']);
  expect(await codeOf(ask('/tools/x'))).toEqual([200, undefined]);
});

it('a turn ends with what became of it: an answer, half of one, none, or a client that is gone', async () => {
  for (const path of ['x', 'break', 'half', 'x', 'same'])
    for (let n = 0; n <= MOST; n++) {
      const answer = raw(
        proxied.gateway.url,
        `GET /t/johnsorg/a/${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      expect([path, (await answer.catch(() => '')).includes('303001')]).toEqual([path, false]);
    }
  for (let n = 0; n <= MOST; n++) {
    const socket = await send('GET /t/johnsorg/a/hang HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => held.length > n);
    socket.destroy();
    await until(() => held[n]?.destroyed === true);
  }
  const session = connectHttp2(proxied.gateway.url, { ca: (await certificate()).cert, servername: 'localhost' });
  held = [];
  for (let n = 0; n <= MOST; n++) {
    const stream = session.request({ ':path': '/t/johnsorg/a/hang' }).on('error', () => undefined);
    await until(() => held.length > n);
    stream.close();
    await until(() => held[n]?.destroyed === true);
  }
  session.destroy();
});

/** A connection that has sent something and reads nothing. */
async function send(text: string) {
  const { cert } = await certificate();
  const { hostname, port } = new URL(proxied.gateway.url);
  const socket = connect({ host: hostname, port: Number(port), ca: cert, servername: 'localhost' });
  socket.on('error', () => undefined).pause();
  await new Promise((resolve) => socket.write(text, resolve));
  return socket;
}

/** Waits for a turn while seconds go by for those that hold it. */
const waits = async () => {
  const asked = ask('/t/johnsorg/a/x');
  for (let seconds = 0; seconds < 10; seconds++) {
    await pause(20);
    jest.advanceTimersByTime(1000);
  }
  return (await asked).status;
};

it('X-11 slow-loris: bodies that do not come make room for others', async () => {
  const slow = raw(
    proxied.gateway.url,
    'POST /t/johnsorg/a/hang HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nslow',
  );
  const session = connectHttp2(proxied.gateway.url, { ca: (await certificate()).cert, servername: 'localhost' });
  const stream = session.request({ ':method': 'POST', ':path': '/t/johnsorg/a/hang' });
  stream.on('error', () => undefined).write('slow');
  const answered = once(stream, 'response');
  await until(async () => (await ask('/t/johnsorg/a/x')).status === 503);
  await until(async () => (await waits()) === 200);
  expect(await slow).toMatch(/^HTTP\/1\.1 408 [^]*\r\nconnection: close\r\n/i);
  const [headers] = (await answered) as [object];
  expect(headers).toMatchObject({ ':status': 408 });
  session.destroy();
});

it('X-11 slow-loris: answers that nobody takes make room for others', async () => {
  const sockets = await Promise.all(
    Array.from({ length: MOST }, () => send('GET /t/johnsorg/a/big HTTP/1.1\r\nHost: x\r\n\r\n')),
  );
  await until(async () => (await ask('/t/johnsorg/a/x')).status === 503);
  await until(async () => (await waits()) === 200);
  for (const socket of sockets) socket.destroy();
});
