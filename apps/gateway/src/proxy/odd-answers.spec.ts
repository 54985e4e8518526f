import { once } from 'node:events';
import { connect, type ClientHttp2Session } from 'node:http2';
import { text } from 'node:stream/consumers';
import { certificate } from '../../test/certificate';
import { api, resource, startProxied, type Proxied } from '../../test/proxied';
import { raw } from '../../test/raw';
import { rawUpstream, type RawUpstream } from '../../test/raw-upstream';

const PATH = '/t/johnsorg/rough/x';

let answer = '';
let rough: RawUpstream;
let proxied: Proxied;
let http2: ClientHttp2Session;
beforeAll(async () => {
  rough = await rawUpstream((socket) => socket.write(answer));
  const resources = [resource('GET', '/*', { authentication: 'none' })];
  proxied = await startProxied(() => [api(rough.url, { id: 'rough', context: '/rough', resources })]);
  http2 = connect(proxied.gateway.url, { ca: (await certificate()).cert, servername: 'localhost' });
});
afterAll(async () => {
  http2.destroy();
  await proxied.close();
  rough.close();
});

interface Answered {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** Undici takes some of these answers for broken ones, so it does not ask here. */
async function askByHttp1(): Promise<Answered> {
  const all = await raw(proxied.gateway.url, `GET ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const [head = '', body = ''] = all.split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(lines.map((each) => each.toLowerCase().split(': ', 2) as [string, string]));
  return { status: Number(line.split(' ')[1]), headers, body };
}
async function askByHttp2(): Promise<Answered> {
  const stream = http2.request({ ':path': PATH });
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  return { status: Number(headers[':status']), headers, body: await text(stream) };
}
const versions = [
  ['HTTP/1.1', askByHttp1],
  ['HTTP/2', askByHttp2],
] as const;

describe.each(versions)('by %s', (version, ask) => {
  it('RFC 9110 §8.6: a 304 may say how long the answer would be, a 204 means none whatever it says', async () => {
    answer = 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 1234\r\n\r\n';
    const { status, headers, body } = await ask();
    expect([status, headers['etag'], headers['content-length'], body]).toEqual([304, '"a"', '1234', '']);
    answer = 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n';
    const none = await ask();
    expect([none.status, none.headers['content-length'], none.body]).toEqual([204, undefined, '']);
    answer = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext';
    expect((await ask()).body).toBe('next');
  });

  it.each(['ETag', 'Last-Modified', 'Content-Type', 'Location'])(
    '101506 RFC 9110 §5.3: two different %s are no answer, twice the same is one',
    async (name) => {
      const headers = (values: string[]) => values.map((value) => `${name}: ${value}\r\n`).join('');
      answer = `HTTP/1.1 200 OK\r\n${headers(['a', 'b'])}Content-Length: 2\r\n\r\nok`;
      const { status, headers: answered, body } = await ask();
      expect([status, JSON.parse(body).code]).toEqual([502, '101506']);
      if (name !== 'Content-Type') expect(answered).not.toHaveProperty(name.toLowerCase());
      answer = `HTTP/1.1 200 OK\r\n${headers(['a', 'a'])}Content-Length: 2\r\n\r\nok`;
      const same = await ask();
      expect([same.status, same.headers[name.toLowerCase()], same.body]).toEqual([200, 'a', 'ok']);
    },
  );

  it.each([
    ['Content-Language', 'it, de'],
    ['Content-Encoding', 'it, de'],
    ['Date', 'it'],
    ['Age', 'it'],
    ['Expires', 'it'],
    ['Retry-After', 'it'],
  ])('RFC 9110 §5.3: two different %s are %s', async (name, expected) => {
    answer = `HTTP/1.1 200 OK\r\n${name}: it\r\n${name}: de\r\nContent-Length: 2\r\n\r\nok`;
    const { status, headers, body } = await ask();
    expect([status, headers[name.toLowerCase()], body]).toEqual([200, expected, 'ok']);
  });

  it('RFC 9110 §7.6.1: HTTP2-Settings is of a connection', async () => {
    answer = 'HTTP/1.1 200 OK\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 2\r\n\r\nok';
    const { status, headers } = await ask();
    expect([status, headers['http2-settings']]).toEqual([200, undefined]);
  });

  it('101506 a status of no class is passed on where HTTP has a word for it', async () => {
    answer = 'HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok';
    const { status, headers } = await ask();
    expect(status).toBe(version === 'HTTP/2' ? 502 : 999);
    expect(headers['x-correlation-id']).toMatch(/^[0-9a-f]{32}$/);
  });
});
