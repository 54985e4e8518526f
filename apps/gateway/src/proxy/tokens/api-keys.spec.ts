import { createHash } from 'node:crypto';
import { apiKeys, type ApiKeyRecord } from '@keyward/contracts';
import { api, resource, startProxied, type Proxied } from '../../../test/proxied';
import { raw } from '../../../test/raw';
import { JOHNSORG, ROOT } from '../../../test/started-gateway';

let proxied: Proxied;
beforeAll(async () => {
  proxied = await startProxied(
    (upstream) => [
      api(upstream, {
        upstreams: { production: `${upstream}/production`, sandbox: `${upstream}/sandbox` },
        resources: [
          resource('GET', '/*'),
          resource('GET', '/scoped', { scopes: ['read'] }),
          resource('GET', '/users', { authentication: 'user' }),
          resource('GET', '/applications', { authentication: 'application' }),
        ],
      }),
      api(upstream, { id: 'tokens', name: 'Tokens', context: '/tokens', accepts: 'token' }),
      api(upstream, { id: 'keys', name: 'Keys', context: '/keys', accepts: 'api-key' }),
      api(upstream, { id: 'subscribed', name: 'Subscribed', context: '/subscribed', subscriptionRequired: true }),
    ],
    { subscriber: 'UNBLOCKED' },
  );
});
afterAll(() => proxied.close());

let made = 0;
/** Tells of a key, and answers it and its id. */
function aKey(more: Partial<ApiKeyRecord> = {}): [key: string, id: string] {
  const [key, id] = [`kak_key-${++made}`, `id-${made}`];
  proxied.services.change(apiKeys, id, {
    ...{ organizationId: JOHNSORG.id, applicationId: 'subscriber', kind: 'production', addresses: [], referrers: [] },
    ...{ hash: createHash('sha256').update(key).digest('base64'), ...more },
  });
  return [key, id];
}
const ask = (path: string, headers: Record<string, string>) => proxied.gateway.ask(`/t/johnsorg${path}`, { headers });
const codeOf = async (path: string, headers: Record<string, string>) => {
  const { status, json } = await ask(path, headers);
  return status === 200 ? 200 : `${status} ${json.code}`;
};

it('an API key opens what its application subscribes to, and the upstream does not get it', async () => {
  const [apikey] = aKey();
  expect(await codeOf('/subscribed/1.0.0/menu', { apikey })).toBe(200);
  expect(proxied.upstream.reached.at(-1)?.headers).not.toHaveProperty('apikey');
  const [stranger] = aKey({ applicationId: 'stranger' });
  expect(await codeOf('/subscribed/1.0.0/menu', { apikey: stranger })).toBe('403 900908');
});

it('goes to the upstream of its kind', async () => {
  const [apikey] = aKey({ kind: 'sandbox' });
  await ask('/pizza/1.0.0/menu', { ApiKey: apikey });
  expect(proxied.upstream.reached.at(-1)?.url).toBe('/sandbox/menu');
});

it('is the application’s: no user’s resource, and no scope', async () => {
  const [apikey] = aKey();
  expect(await codeOf('/pizza/1.0.0/users', { apikey })).toBe('401 900905');
  expect(await codeOf('/pizza/1.0.0/applications', { apikey })).toBe(200);
  expect(await codeOf('/pizza/1.0.0/scoped', { apikey })).toBe('403 900910');
});

it('900901 is unknown, changed, over, or of another organization', async () => {
  const [apikey, id] = aKey();
  for (const wrong of ['kak_none', `${apikey}x`, apikey.toUpperCase(), '', 'x'.repeat(500)])
    expect(await codeOf('/pizza/1.0.0/menu', { apikey: wrong })).toBe('401 900901');
  const [over] = aKey({ expiresAt: new Date(Date.now() - 1).toISOString() });
  const [elsewhere] = aKey({ organizationId: ROOT.id });
  for (const wrong of [over, elsewhere])
    expect(await codeOf('/pizza/1.0.0/menu', { apikey: wrong })).toBe('401 900901');
  expect(await codeOf('/pizza/1.0.0/menu', { apikey })).toBe(200);
  proxied.services.change(apiKeys, id, null);
  expect(await codeOf('/pizza/1.0.0/menu', { apikey })).toBe('401 900901');
});

it('900908 comes from where it may', async () => {
  for (const [addresses, expected] of [
    [['127.0.0.0/8'], 200],
    [['192.0.2.1', '127.0.0.1'], 200],
    [['192.0.2.0/24', '2001:db8::/32'], '403 900908'],
  ] as const) {
    const [apikey] = aKey({ addresses: [...addresses] });
    expect(await codeOf('/pizza/1.0.0/menu', { apikey })).toBe(expected);
  }
});

it.each<[string[], string | undefined, number | string]>([
  [['johns.org'], 'https://johns.org/any/page?query', 200],
  [['johns.org'], 'https://JOHNS.org/', 200],
  [['johns.org/shop/*'], 'https://johns.org/shop/cart', 200],
  [['*.johns.org'], 'https://www.johns.org/', 200],
  [['other.org', 'johns.org'], 'http://johns.org/', 200],
  [['johns.org/*/cart/*.html'], 'https://johns.org/shop/cart/cart/1.html', 200],
  [['*j*o*.org*:8443'], 'https://www.johns.org:8443/', 200],
  [['johns.org/*ab*ab'], 'https://johns.org/xab', '403 900908'],
  [['johns.org'], undefined, '403 900908'],
  [['johns.org'], 'johns.org', '403 900908'],
  [['johns.org'], 'https://johns.org.evil.example/', '403 900908'],
  [['johns.org'], 'https://evil.example/johns.org', '403 900908'],
  [['johns.org'], 'https://johns.org@evil.example/', '403 900908'],
  [['johns.org'], 'https://evil.example/?https://johns.org/', '403 900908'],
  [['*.johns.org'], 'https://evil.example/www.johns.org', '403 900908'],
  [['*.johns.org'], 'https://johnsXorg/', '403 900908'],
  [['johns.org/shop/*'], 'https://johns.org/shopping', '403 900908'],
  [['johns.org/shop/*'], 'https://johns.org/shop/../admin', '403 900908'],
  [['johns.org'], 'file://johns.org/x', '403 900908'],
])('900908 for %j a referrer %s: %s', async (referrers, referer, expected) => {
  const [apikey] = aKey({ referrers });
  expect(await codeOf('/pizza/1.0.0/menu', { apikey, ...(referer !== undefined && { referer }) })).toBe(expected);
});

it('abuse 48: no pattern of a referrer makes the gateway search for long', async () => {
  const [apikey] = aKey({ referrers: [`johns.org/${'*a'.repeat(20)}*b`, `${'*j'.repeat(20)}*x`] });
  const referer = `https://${'j'.repeat(60)}.org/${'a'.repeat(1000)}`;
  expect(await codeOf('/pizza/1.0.0/menu', { apikey, referer })).toBe('403 900908');
  expect(await codeOf('/pizza/1.0.0/menu', { apikey, referer: `https://johns.org/${'a'.repeat(1000)}` })).toBe(
    '403 900908',
  );
  expect(await codeOf('/pizza/1.0.0/menu', { apikey, referer: `https://johns.org/${'a'.repeat(1000)}b` })).toBe(200);
});

it('RS-03 RS-04 two keys, or a key beside a token, are refused', async () => {
  const [apikey] = aKey();
  const both = await ask('/pizza/1.0.0/menu', { apikey, ...(await proxied.bearer()) });
  expect(both.status).toBe(400);
  const answer = await raw(
    proxied.gateway.url,
    `GET /t/johnsorg/pizza/1.0.0/menu HTTP/1.1\r\nHost: x\r\napikey: ${apikey}\r\nApiKey: ${apikey}\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

it('RS-03 is not looked for in the query', async () => {
  const [apikey] = aKey();
  expect(await codeOf(`/pizza/1.0.0/menu?apikey=${apikey}`, {})).toBe('401 900902');
});

it('900902 an API takes what it says it takes: tokens, API keys, or either', async () => {
  const [[apikey], bearer] = [aKey(), await proxied.bearer()];
  for (const [context, byKey, byToken] of [
    ['/tokens', '401 900902', 200],
    ['/keys', 200, '401 900902'],
    ['/pizza', 200, 200],
  ] as const) {
    expect([context, await codeOf(`${context}/1.0.0/menu`, { apikey })]).toEqual([context, byKey]);
    expect([context, await codeOf(`${context}/1.0.0/menu`, bearer)]).toEqual([context, byToken]);
  }
});
