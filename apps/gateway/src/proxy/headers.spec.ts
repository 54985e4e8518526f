import { IDENTITY_HEADERS, PLAIN_HEADERS } from '../../test/hostile';
import { api, resource, startProxied, type Proxied } from '../../test/proxied';
import { raw } from '../../test/raw';

const AT = '/t/johnsorg/pizza/1.0.0';

let proxied: Proxied;
beforeAll(async () => {
  proxied = await startProxied((upstream) => [
    api(upstream, { resources: [resource('GET', '/*'), resource('GET', '/open', { authentication: 'none' })] }),
  ]);
});
afterAll(() => proxied.close());
beforeEach(() => proxied.upstream.reached.splice(0));

/** The headers with which a request reaches the upstream. */
async function reachedWith(headers: Record<string, string | string[]>, path = '/x'): Promise<Record<string, unknown>> {
  const { status } = await proxied.gateway.ask(AT + path, { headers: { ...(await proxied.bearer()), ...headers } });
  expect(status).toBe(200);
  return proxied.upstream.reached[0]!.headers;
}

describe('what an upstream is told', () => {
  it('is what the client said, and what the gateway adds', async () => {
    const said = {
      accept: 'text/x',
      'content-language': 'it',
      'if-none-match': '"1"',
      'x-request-id': 'r',
      'x-api': '1',
    };
    expect(await reachedWith(said)).toEqual({
      ...said,
      ...{ host: `127.0.0.1:${proxied.upstream.port}`, connection: 'keep-alive', via: '1.1 keyward' },
      ...{ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'id.example' },
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-\d\d$/),
    });
  });

  it.each(IDENTITY_HEADERS)('RS-05 RS-06 abuse 44: not what a client says in %s, in any spelling', async (name) => {
    const spellings = [name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_'), name.replace('-', '_')];
    const dotted = name.replaceAll('-', '.');
    const said = Object.fromEntries([...spellings, dotted].map((spelling) => [spelling, 'spoofed']));
    expect(JSON.stringify(await reachedWith(said))).not.toContain('spoofed');
  });

  it('what is nobody’s identity', async () => {
    const said = Object.fromEntries(PLAIN_HEADERS.map((name) => [name, `a ${name}`]));
    expect(await reachedWith(said)).toMatchObject(said);
  });

  it('X-Forwarded-For is the address that the gateway believes', async () => {
    const headers = await reachedWith({
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-host': 'evil',
      'x-forwarded-proto': 'x',
    });
    expect(headers).toMatchObject({
      ...{ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'id.example', 'x-forwarded-proto': 'https' },
    });
  });

  it('not the access token, nor other credentials where a token was needed', async () => {
    expect(await reachedWith({})).not.toHaveProperty('authorization');
    const open = async (authorization: string) => {
      proxied.upstream.reached.splice(0);
      await proxied.gateway.ask(`${AT}/open`, { headers: { authorization } });
      return proxied.upstream.reached[0]!.headers.authorization;
    };
    expect(await open('Basic abc')).toBe('Basic abc');
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      expect(await open(`${scheme} ${await proxied.johnsorg.token()}`)).toBeUndefined();
  });

  it('not Keyward’s cookies', async () => {
    const cookie = 'a=1; __Host-keyward-session=x; b=2; keyward=y; __Secure-Keyward_sid=z; KEYWARD.x=w';
    expect((await reachedWith({ cookie }))['cookie']).toBe('a=1; b=2');
    proxied.upstream.reached.splice(0);
    expect(await reachedWith({ cookie: '__Host-keyward-session=x' })).not.toHaveProperty('cookie');
  });

  it('nothing of the connection, nor what it names, and nothing of the gateway’s that it names', async () => {
    const headers = [
      ...['Connection: keep-alive, x-hop, Via, X-Forwarded-For, traceparent', 'X-Hop: 1', 'Keep-Alive: timeout=5'],
      ...['TE: trailers', 'Proxy-Connection: x', 'Trailer: x'],
    ];
    const { authorization } = await proxied.bearer();
    const lines = [`GET ${AT}/x HTTP/1.1`, 'Host: localhost', `Authorization: ${authorization}`, ...headers, '', ''];
    expect(await raw(proxied.gateway.url, lines.join('\r\n'))).toContain('200 OK');
    const reached = proxied.upstream.reached[0]!.headers;
    for (const name of ['x-hop', 'te', 'proxy-connection', 'trailer', 'keep-alive'])
      expect(reached).not.toHaveProperty(name);
    expect(reached).toMatchObject({ via: '1.1 keyward', 'x-forwarded-for': '127.0.0.1' });
    expect(reached).toHaveProperty('traceparent');
  });

  it('not for ever: what leads back here is a loop', async () => {
    const via = Array.from({ length: 5 }, () => '1.1 keyward').join(', ');
    const { status, json } = await proxied.gateway.ask(`${AT}/x`, { headers: { ...(await proxied.bearer()), via } });
    expect([status, json.code]).toEqual([508, '508']);
  });
});

describe('what a client is told', () => {
  const answered = async (headers: Record<string, string | string[]>, path = '/x') => {
    proxied.upstream.on((_, response) => response.writeHead(200, headers).end('x'));
    return (await proxied.gateway.ask(AT + path, { headers: await proxied.bearer() })).headers;
  };

  it('what the upstream says, under a correlation id and a sandbox of its own', async () => {
    const headers = await answered({
      'content-type': 'text/html',
      etag: '"1"',
      'x-custom': ['a', 'b'],
      vary: 'Accept',
    });
    expect(headers).toMatchObject({
      ...{ 'content-type': 'text/html', etag: '"1"', 'x-custom': ['a', 'b'], vary: 'Accept' },
      ...{ 'content-security-policy': 'sandbox', 'x-content-type-options': 'nosniff' },
      'x-correlation-id': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect((await answered({ 'content-security-policy': "default-src 'self'" }))['content-security-policy']).toBe(
      "default-src 'self', sandbox",
    );
  });

  it('nothing that would change the gateway’s origin', async () => {
    const dropped = {
      ...{ 'set-cookie': ['a=1', '__Host-keyward-session=x'], 'strict-transport-security': 'max-age=0' },
      ...{
        'clear-site-data': '"*"',
        'service-worker-allowed': '/',
        'alt-svc': 'h3=":1"',
        'x-correlation-id': 'spoofed',
      },
      ...{ 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true', 'proxy-authenticate': 'x' },
      ...{ connection: 'close, x-hop', 'x-hop': '1', 'public-key-pins': 'x', nel: '{}' },
    };
    const headers = await answered(dropped);
    for (const name of Object.keys(dropped).filter((name) => name !== 'connection' && name !== 'x-correlation-id'))
      expect(headers).not.toHaveProperty(name);
    expect(headers['x-correlation-id']).not.toBe('spoofed');
  });

  it.each<[string | undefined, string]>([
    [undefined, 'private'],
    ['max-age=60', 'private, max-age=60'],
    ['public, max-age=60', 'private, max-age=60'],
    ['PUBLIC, s-maxage=60, max-age=1', 'private, max-age=1'],
    ['s-maxage=60', 'private'],
    ['no-store', 'no-store'],
    ['private, max-age=5', 'private, max-age=5'],
  ])('RS-08 of an answer to a token, Cache-Control %j is %j', async (said, told) => {
    const headers = await answered(said === undefined ? {} : { 'cache-control': said });
    expect(headers['cache-control']).toBe(told);
  });

  it('RS-08 of an answer that needs no token, what the upstream says', async () => {
    expect((await answered({ 'cache-control': 'public, max-age=60' }, '/open'))['cache-control']).toBe(
      'public, max-age=60',
    );
    expect(await answered({}, '/open')).not.toHaveProperty('cache-control');
  });
});
