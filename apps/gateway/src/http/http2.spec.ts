import { once } from 'node:events';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { issueToken } from '@keyward/contracts';
import { certificate } from '../../test/certificate';
import { api, resource, startProxied, type Proxied } from '../../test/proxied';
import { testGateway } from '../../test/started-gateway';

const AT = '/t/johnsorg/pizza/1.0.0';

let proxied: Proxied;
let ca: string;
let session: ClientHttp2Session;
/** Says nothing while the others do. */
let silent: ClientHttp2Session;
let silentClosed: Promise<unknown>;
const open: ClientHttp2Session[] = [];

beforeAll(async () => {
  ca = (await certificate()).cert;
  proxied = await startProxied((upstream) => [
    api(upstream, {
      resources: [resource('GET', '/*'), resource('POST', '/*'), resource('GET', '/admin', { scopes: ['admin'] })],
    }),
  ]);
  session = speak();
  silent = speak();
  silentClosed = once(silent, 'close');
});
afterAll(async () => {
  for (const each of open) each.destroy();
  await proxied.close();
});
afterEach(() => proxied.upstream.on(undefined as never));

function speak(url = proxied.gateway.url): ClientHttp2Session {
  const made = connect(url, { ca, servername: 'localhost' });
  made.on('error', () => undefined);
  open.push(made);
  return made;
}

interface Answered {
  status: number;
  headers: Record<string, unknown>;
  text: string;
}

/** A request, and what becomes of it. */
async function ask(headers: OutgoingHttpHeaders, body?: string, by = session): Promise<Answered> {
  const stream = by.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerOf(stream);
}
async function answerOf(stream: ClientHttp2Stream): Promise<Answered> {
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  return { status: Number(headers[':status']), headers, text: await text(stream) };
}
const reached = () => proxied.upstream.reached.at(-1);

it('ALPN chooses HTTP/2 where the client speaks it, else HTTP/1.1', async () => {
  const { hostname, port } = new URL(proxied.gateway.url);
  for (const [ALPNProtocols, agreed] of [
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1', 'h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [undefined, false],
  ] as const) {
    const socket = connectTls({ host: hostname, port: Number(port), ca, servername: 'localhost', ALPNProtocols });
    await once(socket, 'secureConnect');
    expect([ALPNProtocols, socket.alpnProtocol]).toEqual([ALPNProtocols, agreed]);
    socket.destroy();
  }
  expect((await proxied.gateway.ask(`${AT}/x`, { headers: await proxied.bearer() })).status).toBe(200);
});

it('a request to an API goes on by HTTP/1.1, without what HTTP/2 has of its own, and is refused alike', async () => {
  const headers = { ...(await proxied.bearer()), 'x-own': 'kept', cookie: 'a=1' };
  const { status, headers: answered, text: body } = await ask({ ...headers, ':path': `${AT}/menu?x=1` });
  expect([status, JSON.parse(body)]).toEqual([200, { method: 'GET', url: '/menu?x=1', body: '' }]);
  expect(answered).toMatchObject({ 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' });
  expect(answered).not.toHaveProperty('connection');
  expect(reached()?.headers).toMatchObject({ 'x-own': 'kept', cookie: 'a=1', 'x-forwarded-proto': 'https' });
  expect(Object.keys(reached()?.headers ?? {}).filter((name) => name.startsWith(':'))).toEqual([]);
  expect(reached()?.headers).not.toHaveProperty('authorization');
  const none = await ask({ ':path': `${AT}/menu` });
  expect([none.status, JSON.parse(none.text).code, none.headers['www-authenticate']]).toEqual([
    ...[401, '900902', 'Bearer realm="keyward"'],
  ]);
  expect((await ask({ ':path': '/t/johnsorg/nothing' })).status).toBe(404);
  expect((await ask({ ':path': `${AT}/menu`, ':method': 'HEAD', ...headers })).text).toBe('');
});

it('bodies of a stated length and of none reach the upstream', async () => {
  const headers = { ...(await proxied.bearer()), ':method': 'POST', ':path': `${AT}/orders` };
  for (const more of [{ 'content-length': '5' }, {}]) {
    expect((await ask({ ...headers, ...more }, 'hello')).status).toBe(200);
    expect(reached()).toMatchObject({ method: 'POST', body: 'hello' });
  }
  expect((await ask(headers)).status).toBe(200);
  expect(reached()).toMatchObject({ method: 'POST', body: '' });
});

it('Keyward’s own endpoints answer as they do by HTTP/1.1', async () => {
  proxied.services.on(issueToken, ({ params }) => ({
    body: { access_token: JSON.stringify(params), scope: 'default', token_type: 'Bearer', expires_in: 1 } as never,
  }));
  const headers = { ':method': 'POST', ':path': '/token', 'content-type': 'application/x-www-form-urlencoded' };
  const { status, headers: answered, text: body } = await ask(headers, 'grant_type=password&username=a');
  expect([status, answered['cache-control']]).toEqual([200, 'no-store']);
  expect(JSON.parse(body).access_token).toContain('password');
  expect((await ask({ ':path': '/token' })).status).toBe(405);
  expect((await ask({ ':path': '/health/live' })).status).toBe(200);
  expect((await ask(headers, 'x'.repeat(70_000))).status).toBe(413);
});

it('a hundred requests share a connection, and one that is slow holds up no other', async () => {
  let release: () => void = () => undefined;
  proxied.upstream.on(({ url }, response) => {
    if (url === '/slow') release = () => response.end('slow');
    else response.end(url);
  });
  const headers = await proxied.bearer();
  const slow = ask({ ...headers, ':path': `${AT}/slow` });
  const paths = Array.from({ length: 90 }, (_, n) => `/${n}`);
  const answers = await Promise.all(paths.map((path) => ask({ ...headers, ':path': AT + path })));
  expect(answers.map((answer) => answer.text)).toEqual(paths);
  release();
  expect((await slow).text).toBe('slow');
});

it('RS-05 no pseudo-header changes which resource is meant', async () => {
  const headers = await proxied.bearer();
  for (const path of [`${AT}/x/../admin`, `${AT}/%2e%2e/admin`, `${AT}//admin`, `${AT}/admin;x`, `${AT}/ADMIN`])
    expect((await ask({ ...headers, ':path': path })).status).toBeGreaterThanOrEqual(400);
  for (const more of [
    { ':authority': 'evil.example' },
    { ':scheme': 'http' },
    { host: 'evil.example' },
    { 'x-http-method-override': 'DELETE' },
  ]) {
    const { status } = await ask({ ...headers, ...more, ':path': `${AT}/admin` });
    expect([more, status]).toEqual([more, 403]);
  }
  for (const method of ['CONNECT', 'TRACE', 'get']) {
    const asked = method === 'CONNECT' ? { ':authority': 'x:1' } : { ':path': `${AT}/menu` };
    const { status } = await ask({ ...headers, ...asked, ':method': method });
    expect([method, status === 404 || status === 405]).toEqual([method, true]);
  }
});

it('streams: parts are passed on as they come; a client that leaves ends the upstream’s work', async () => {
  let closed = false;
  proxied.upstream.on((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    response.on('close', () => (closed = true));
  });
  const stream = session.request({ ...(await proxied.bearer()), ':path': `${AT}/x`, accept: 'text/event-stream' });
  const [part] = (await once(stream, 'data')) as [Buffer];
  expect(String(part)).toBe('data: 1\n\n');
  stream.close(constants.NGHTTP2_CANCEL);
  while (!closed) await new Promise((done) => setTimeout(done, 10));
});

it('an upstream that dies in the middle of its answer cuts it', async () => {
  proxied.upstream.on((_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setTimeout(() => response.destroy(), 20);
  });
  const stream = session.request({ ...(await proxied.bearer()), ':path': `${AT}/x` });
  const closed = new Promise((done) => stream.once('close', done));
  stream.on('error', () => undefined).resume();
  await closed;
  expect(stream.rstCode).not.toBe(constants.NGHTTP2_NO_ERROR);
  expect((await proxied.gateway.ask('/health/live')).status).toBe(200);
});

it('a refusal does not wait for a body that has no end, and leaves the connection', async () => {
  const stream = session.request({ ':method': 'POST', ':path': `${AT}/x` }, { endStream: false });
  const closed = once(stream, 'close');
  stream.on('error', () => undefined).write(Buffer.alloc(1024));
  expect((await answerOf(stream)).status).toBe(401);
  await closed;
  expect((await ask({ ':path': '/health/live' })).status).toBe(200);
});

it('X-11 headers beyond what HTTP/1.1 takes are refused, and the next request is not', async () => {
  const by = speak();
  const large = by.request({ ':path': `${AT}/x`, 'x-large': 'x'.repeat(60_000) });
  large.on('error', () => undefined).resume();
  let status = 0;
  large.on('response', (headers) => (status = Number(headers[':status'])));
  await once(large, 'close');
  expect(status === 0 || status === 431).toBe(true);
  expect((await ask({ ':path': '/health/live' }, undefined, speak())).status).toBe(200);
});

/** RFC 9113 §4.1. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

it('X-11 CVE-2023-44487: streams that are begun and taken back without end lose their connection, and nobody else’s', async () => {
  const { hostname, port } = new URL(proxied.gateway.url);
  const socket = connectTls({ host: hostname, port: Number(port), ca, servername: 'localhost', ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  const closed = new Promise((done) => socket.once('close', done));
  socket.on('error', () => undefined).resume();
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0))]));
  // GET https / of the static table (RFC 7541), then RST_STREAM with CANCEL.
  const [begun, cancel] = [Buffer.from([0x82, 0x87, 0x84]), Buffer.from([0, 0, 0, 8])];
  const pairs = Array.from({ length: 5000 }, (_, n) => [frame(1, 5, 2 * n + 1, begun), frame(3, 0, 2 * n + 1, cancel)]);
  socket.write(Buffer.concat(pairs.flat()));
  await closed;
  expect((await ask({ ':path': '/health/live' })).status).toBe(200);
});

it('says what it takes at once, and offers no WebSocket: browsers ask for those by HTTP/1.1', async () => {
  const by = speak();
  await once(by, 'remoteSettings');
  expect(by.remoteSettings).toMatchObject({ maxConcurrentStreams: 100, maxHeaderListSize: 16 * 1024 });
  expect(by.remoteSettings.enableConnectProtocol).toBe(false);
});

it('a connection without a request is ended', async () => {
  await silentClosed;
  expect(silent.destroyed).toBe(true);
});

it('a gateway that stops finishes what is in hand', async () => {
  const gateway = await testGateway(proxied.services);
  const by = speak(gateway.url);
  let release: (() => void) | undefined;
  proxied.upstream.on((_, response) => (release = () => response.end('finished')));
  const asked = ask({ ...(await proxied.bearer()), ':path': `${AT}/x` }, undefined, by);
  while (!release) await new Promise(setImmediate);
  const closed = gateway.close();
  setTimeout(() => release?.(), 200);
  expect((await asked).text).toBe('finished');
  await closed;
});

it('is not offered where an operator says so', async () => {
  const gateway = await testGateway(proxied.services, { server: { http2: false } });
  const { hostname, port } = new URL(gateway.url);
  const ALPNProtocols = ['h2', 'http/1.1'];
  const socket = connectTls({ host: hostname, port: Number(port), ca, servername: 'localhost', ALPNProtocols });
  await once(socket, 'secureConnect');
  expect(socket.alpnProtocol).toBe('http/1.1');
  socket.destroy();
  await gateway.close();
});
