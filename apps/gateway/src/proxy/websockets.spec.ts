import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { apis, consumerKeyChanges, leaseQuota, plans, recordUsage, type RecordUsage } from '@keyward/contracts';
import { ProxySettings } from '@keyward/runtime';
import { certificate } from '../../test/certificate';
import { api, resource, startProxied, type Proxied } from '../../test/proxied';
import { JOHNSORG } from '../../test/started-gateway';
import { openUpstreams, type Upstreams } from './upstreams';
import { WebSockets } from './websockets';

let proxied: Proxied;
beforeEach(async () => {
  proxied = await startProxied((upstream) => [
    api(upstream, {
      resources: [
        resource('GET', '/socket'),
        resource('POST', '/socket'),
        resource('GET', '/scoped', { scopes: ['read'] }),
      ],
    }),
  ]);
});
afterEach(() => proxied.close());

/** A connection that has sent a request for a WebSocket, and what it reads. */
async function open(path: string, headers: Record<string, string> = {}, context = '/pizza/1.0.0') {
  const { cert } = await certificate();
  const { hostname, port } = new URL(proxied.gateway.url);
  const socket: TLSSocket = connect({ host: hostname, port: Number(port), ca: cert, servername: 'localhost' });
  let text = '';
  let closed = false;
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined).on('close', () => (closed = true));
  const all = {
    ...{ host: 'id.example', connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
    ...{ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers },
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /t/johnsorg${context}${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return {
    socket,
    reads: (expected: string) => until(() => text.includes(expected)),
    ends: () => until(() => closed),
    get text() {
      return text;
    },
  };
}
async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error('It did not come true.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
/** An upstream that agrees and says everything back. */
function echo(): { headers: NodeJS.Dict<string | string[]>; ended: boolean } {
  const seen = { headers: {}, ended: false };
  proxied.upstream.server.on('upgrade', (request, socket) => {
    seen.headers = request.headers;
    const key = `${String(request.headers['sec-websocket-key'])}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`);
    socket.write(`Sec-WebSocket-Accept: ${accept}\r\nSet-Cookie: a=b\r\n\r\n`);
    socket.on('error', () => undefined).on('close', () => (seen.ended = true));
    socket.pipe(socket);
  });
  return seen;
}

it('RFC 6455 §4: who may pass gets a connection to the upstream, both ways', async () => {
  const seen = echo();
  const { authorization } = await proxied.bearer();
  const client = await open('/socket', { authorization, 'x-user': 'made up', 'sec-websocket-protocol': 'chat' });
  await client.reads('\r\n\r\n');
  expect(client.text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
  expect(client.text).toContain('sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
  expect(client.text).toMatch(/x-correlation-id: [0-9a-f]{32}\r\n/);
  expect(client.text.toLowerCase()).not.toContain('set-cookie');
  expect(seen.headers).toMatchObject({ 'sec-websocket-protocol': 'chat', 'x-forwarded-proto': 'https' });
  expect(seen.headers).not.toHaveProperty('authorization');
  expect(seen.headers).not.toHaveProperty('x-user');
  client.socket.write('hello, upstream');
  await client.reads('hello, upstream');
  client.socket.destroy();
  await until(() => seen.ended);
});

it.each([
  ['/socket', 0, 401, '900902'],
  ['/scoped', 1, 403, '900910'],
  ['/none', 1, 404, '404'],
] as const)('is refused at %s like any other request: %s %i %s', async (path, authenticated, status, code) => {
  echo();
  const client = await open(path, authenticated ? await proxied.bearer() : {});
  await client.ends();
  expect(client.text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(client.text).toContain(`"code":"${code}"`);
});

it('502 when the upstream does not agree', async () => {
  const client = await open('/socket', await proxied.bearer());
  await client.ends();
  expect(client.text).toMatch(/^HTTP\/1\.1 502 /);
});

it('RS-07 ends when its caller may no longer call', async () => {
  const seen = echo();
  const client = await open('/socket', await proxied.bearer());
  await client.reads('101');
  const disabled = { organizationId: JOHNSORG.id, applicationId: 'shop', kind: 'production', active: false } as const;
  proxied.services.change(consumerKeyChanges, 'client', disabled);
  await client.ends();
  await until(() => seen.ended);
});

it('does not keep a gateway that stops, and is counted', async () => {
  const told: RecordUsage[] = [];
  proxied.services.on(recordUsage, (request) => (told.push(request), {}));
  echo();
  const client = await open('/socket', await proxied.bearer());
  await client.reads('101');
  client.socket.write('12345');
  await client.reads('12345');
  await proxied.gateway.close();
  await client.ends();
  expect(told[0]?.counts).toMatchObject([{ status: 101, requests: 1, bytes: 5, resource: 'GET /socket' }]);
});

it('900800 takes from a bandwidth what goes through it, both ways, and ends when that is used up', async () => {
  const { services, upstream } = proxied;
  const [quota, part] = [10_000, 4000];
  let left = quota;
  services.on(leaseQuota, ({ overdrawn }) => {
    left -= overdrawn;
    const granted = Math.max(0, Math.min(left, part));
    left -= granted;
    return { granted, quota, left: Math.max(0, left), since: 1, endsIn: 3_600_000 };
  });
  services.change(plans, 'bytes', {
    ...{ organizationId: JOHNSORG.id, name: 'Bytes', level: 'api', requests: null, kilobytes: 10 },
    ...{ every: 1, unit: 'hour', burst: null },
  });
  const resources = [resource('GET', '/socket')];
  services.change(
    apis,
    'few',
    api(upstream.url, { id: 'few', name: 'Few', context: '/few', plan: 'Bytes', resources }),
  );
  echo();
  const { authorization } = await proxied.bearer();
  const client = await open('/socket', { authorization }, '/few/1.0.0');
  await client.reads('101');
  let sent = 0;
  let ended = false;
  client.socket.on('close', () => (ended = true));
  await until(() => {
    if (sent < 4 * quota && client.text.length > sent) {
      client.socket.write('x'.repeat(1000));
      sent += 1000;
    }
    return ended;
  });
  const { status, json } = await proxied.gateway.ask('/t/johnsorg/few/1.0.0/socket', { headers: { authorization } });
  expect([status, json.code]).toEqual([429, '900800']);
});

describe('a client that leaves', () => {
  let upstreams: Upstreams;
  beforeEach(() => {
    const settings = { upstreamRequests: 1, upstreamPrivateAddresses: true };
    upstreams = openUpstreams(Object.assign(new ProxySettings(), settings));
  });
  const webSockets = new WebSockets();
  afterEach(async () => {
    webSockets.close();
    await upstreams.agent.destroy();
  });
  const lane = { lane: 'x', organizationId: JOHNSORG.id };
  const headers = ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='];
  const join = (client: Duplex) => {
    const socket = client as Socket;
    const response = new ServerResponse(new IncomingMessage(socket));
    response.assignSocket(socket);
    return webSockets.join(
      upstreams,
      response,
      { socket, head: Buffer.alloc(0) },
      {
        ...{ origin: proxied.upstream.url, lane, path: '/socket', headers, own: {}, meter: { bytes: 0 } },
        ...{ mayStay: () => Promise.resolve(true), charge: () => Promise.resolve(true), closed: () => undefined },
      },
    );
  };

  it('abuse 48: while it waits for its turn takes none, and is nothing to the upstream', async () => {
    const seen = echo();
    await upstreams.turns.take(lane);
    const client = new Socket();
    // No answer of the upstream, which would end its being left alone.
    const joined = expect(join(client)).rejects.toMatchObject({ name: 'connectionClosed' });
    await once(client.destroy(), 'close');
    upstreams.turns.leave(lane);
    await joined;
    expect([upstreams.turns.take(lane), seen.headers]).toEqual([undefined, {}]);
  });

  it('while the upstream agrees leaves no connection there', async () => {
    const seen = echo();
    let close = () => {};
    const client = new Duplex({ read: () => undefined, destroy: (_, done) => (close = () => done(null)) });
    proxied.upstream.server.prependListener('upgrade', () => client.destroy());
    await join(client);
    await until(() => seen.ended);
    close();
  });
});

it('RFC 9110 §7.8: another protocol is not spoken, and its requests are answered on one connection', async () => {
  const { authorization } = await proxied.bearer();
  const client = await open('/socket', { authorization, connection: 'Upgrade, keep-alive', upgrade: 'TLS/1.2' });
  await client.reads('"url":"/socket"');
  expect(client.text).toMatch(/^HTTP\/1\.1 200 OK/);
  const body = 'not lost';
  const headers = { host: 'id.example', connection: 'Upgrade, close', upgrade: 'TLS/1.2', authorization };
  const lines = Object.entries({ ...headers, 'content-length': body.length }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  client.socket.write(`POST /t/johnsorg/pizza/1.0.0/socket HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  await client.ends();
  expect(client.text).toContain('"body":"not lost"');
});
