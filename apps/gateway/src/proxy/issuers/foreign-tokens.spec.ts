import { randomUUID } from 'node:crypto';
import {
  getIssuerKeys,
  nameUsers,
  ServiceError,
  signBackendToken,
  trustedIssuers,
  type IssuerAccess,
  type SignBackendToken,
} from '@keyward/contracts';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { api, resource, startProxied, type Proxied } from '../../../test/proxied';
import { JOHNSORG, ROOT } from '../../../test/started-gateway';

const ISSUER = 'https://id.partner.example/';
const ACCESS: IssuerAccess = {
  audience: 'https://api.johns.org',
  clients: [
    { client: 'partner-app', consumerKey: 'client' },
    { client: 'partner-test', consumerKey: 'sandbox-client' },
    { client: 'of-nobody', consumerKey: 'client-of-nobody' },
    { client: 'disabled-app', consumerKey: 'disabled' },
    { client: 'of-root', consumerKey: 'root-client' },
  ],
  scopes: [
    { scope: 'menu:write', as: 'update' },
    { scope: 'menu:read', as: 'read' },
  ],
};

let proxied: Proxied;
let privateKey: CryptoKey;
let jwk: JWK;
let keys: JWK[];
const asked: { id: string; newer?: boolean }[] = [];

beforeAll(async () => {
  proxied = await startProxied((upstream) => [
    api(upstream, {
      upstreams: { production: `${upstream}/production`, sandbox: `${upstream}/sandbox` },
      resources: [
        resource('GET', '/*'),
        resource('PUT', '/*', { scopes: ['update'] }),
        resource('GET', '/users', { authentication: 'user' }),
        resource('GET', '/applications', { authentication: 'application' }),
      ],
    }),
    api(upstream, { id: 'told', name: 'Told', context: '/told', backendToken: true }),
    api(upstream, { id: 'rooted', name: 'Rooted', context: '/rooted', organizationId: ROOT.id }),
  ]);
  const pair = await generateKeyPair('RS256', { extractable: true });
  privateKey = pair.privateKey;
  jwk = { ...(await exportJWK(pair.publicKey)), kid: 'first', alg: 'RS256', use: 'sig' };
  keys = [jwk];
  proxied.services.on(getIssuerKeys, ({ id, newer }) => {
    asked.push({ id, newer });
    return { keys } as never;
  });
  trust({});
});
afterAll(() => proxied.close());
beforeEach(() => asked.splice(0));

const ID = randomUUID();
const trust = (access: Partial<IssuerAccess>, { id = ID, organizationId = JOHNSORG.id, issuer = ISSUER } = {}) =>
  proxied.services.change(trustedIssuers, id, {
    ...{ organizationId, name: 'partner', issuer, access: { ...ACCESS, ...access } },
  });
const claimsOf = (claims: JWTPayload = {}): JWTPayload => {
  const now = Math.floor(Date.now() / 1000);
  return {
    ...{ iss: ISSUER, aud: ['https://else.example', 'https://api.johns.org'], sub: 'ann', client_id: 'partner-app' },
    ...{ scope: 'menu:read menu:write other', iat: now, exp: now + 300, jti: randomUUID(), ...claims },
  };
};
const tokenOf = (claims: JWTPayload = {}, header: object = {}, key = privateKey): Promise<string> =>
  new SignJWT(claimsOf(claims)).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'first', ...header }).sign(key);
const ask = (token: string, path = '/pizza/1.0.0/menu', method = 'GET', org = '/t/johnsorg') =>
  proxied.gateway.ask(`${org}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
const codeOf = async (...args: Parameters<typeof ask>) => {
  const { status, json } = await ask(...args);
  return status === 200 ? 200 : `${status} ${json.code}`;
};

it('AT-02 a token of an issuer that the organization trusts passes, by the scopes and the consumer key it stands for', async () => {
  const token = await tokenOf();
  for (let n = 0; n < 3; n++) expect(await codeOf(token)).toBe(200);
  expect(proxied.upstream.reached.at(-1)).toMatchObject({ url: '/production/menu' });
  expect(proxied.upstream.reached.at(-1)?.headers).not.toHaveProperty('authorization');
  expect(await codeOf(token, undefined, 'PUT')).toBe(200);
  expect(asked.length).toBeLessThanOrEqual(1);
  await ask(await tokenOf({ client_id: 'partner-test' }));
  expect(proxied.upstream.reached.at(-1)).toMatchObject({ url: '/sandbox/menu' });
});

it.each<[string, JWTPayload]>([
  ['900901 iss of nobody who is trusted', { iss: 'https://evil.example/' }],
  ['900901 iss in another spelling', { iss: 'https://id.partner.example' }],
  ['900901 iss of the organization itself', { iss: 'https://id.example/t/johnsorg' }],
  ['900901 no iss', { iss: undefined }],
  ['900901 another audience', { aud: 'https://api.johns.org.evil.example' }],
  ['900901 the audience of tokens of ours', { aud: 'https://id.example/t/johnsorg/api' }],
  ['900901 no audience', { aud: undefined }],
  ['900901 no client', { client_id: undefined }],
  ['900901 a client that is not mapped', { client_id: 'another-app' }],
  ['900901 our own consumer key for a client', { client_id: 'client' }],
  ['900901 a list of clients', { client_id: ['partner-app'] }],
  ['900901 a client whose consumer key is unknown', { client_id: 'of-nobody' }],
  ['900901 a client whose consumer key is disabled', { client_id: 'disabled-app' }],
  ['900901 a client whose consumer key is another organization’s', { client_id: 'of-root' }],
  ['900901 no subject', { sub: undefined }],
  ['900901 a subject of 256 letters', { sub: 'x'.repeat(256) }],
  ['900901 no exp', { exp: undefined }],
  ['900901 an exp that is past', { exp: Math.floor(Date.now() / 1000) - 60 }],
  ['900901 an nbf of the future', { nbf: Math.floor(Date.now() / 1000) + 120 }],
  ['900901 an iat of the future', { iat: Math.floor(Date.now() / 1000) + 120 }],
  ['900901 no iat', { iat: undefined }],
  ['900901 a life of more than a day', { exp: Math.floor(Date.now() / 1000) + 90_000 }],
  ['900901 the nonce of an ID token', { nonce: 'n' }],
  ['900901 the events of a logout token', { events: {} }],
  ['900901 a confirmation that is none', { cnf: { jkt: 1 } }],
])('%s is refused', async (_, claims) => {
  expect(await codeOf(await tokenOf(claims))).toBe('401 900901');
});

it('AT-02 AT-03 a token of another type, key or algorithm is refused', async () => {
  const [, payload = ''] = (await tokenOf()).split('.');
  const other = await generateKeyPair('RS256');
  const mac = new TextEncoder().encode(jwk.n);
  const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`;
  for (const token of [
    ...[
      await tokenOf({}, { typ: 'JWT' }),
      await tokenOf({}, { typ: undefined }),
      await tokenOf({}, { typ: 'dpop+jwt' }),
    ],
    ...[await tokenOf({}, {}, other.privateKey), await tokenOf({}, { alg: 'HS256' }, mac as never), unsigned],
  ])
    expect(await codeOf(token)).toBe('401 900901');
});

it('900910 only scopes that are mapped count, whatever they are called', async () => {
  for (const scope of ['menu:read', 'update', '', undefined, 'MENU:WRITE', ['update']]) {
    const answer = await ask(await tokenOf({ scope }), undefined, 'PUT');
    expect([answer.status, answer.json.code]).toEqual([403, '900910']);
  }
});

it('900905 a token whose client is its own subject is an application’s', async () => {
  const [users, applications] = [await tokenOf(), await tokenOf({ sub: 'partner-app' })];
  expect(await codeOf(users, '/pizza/1.0.0/users')).toBe(200);
  expect(await codeOf(users, '/pizza/1.0.0/applications')).toBe('401 900905');
  expect(await codeOf(applications, '/pizza/1.0.0/users')).toBe('401 900905');
  expect(await codeOf(applications, '/pizza/1.0.0/applications')).toBe(200);
});

it('DR-09 nobody is asked for keys of an issuer that is not trusted', async () => {
  for (let n = 0; n < 20; n++) await codeOf(await tokenOf({ iss: `https://evil-${n}.example/`, jti: String(n) }));
  expect(asked).toEqual([]);
});

it('DR-09 made-up names of keys ask once a second, not each', async () => {
  await codeOf(await tokenOf());
  asked.splice(0);
  const startedAt = performance.now();
  for (let n = 0; n < 20; n++) expect(await codeOf(await tokenOf({}, { kid: `made-up-${n}` }))).toBe('401 900901');
  const seconds = Math.floor((performance.now() - startedAt) / 1000);
  expect(asked.length).toBeLessThanOrEqual(1 + seconds);
});

it('a key that its issuer has begun to use is found', async () => {
  const id = randomUUID();
  const issuer = 'https://rotating.example/';
  trust({}, { id, issuer });
  expect(await codeOf(await tokenOf({ iss: issuer }))).toBe(200);
  const next = await generateKeyPair('RS256', { extractable: true });
  keys = [jwk, { ...(await exportJWK(next.publicKey)), kid: 'second', alg: 'RS256', use: 'sig' }];
  const token = await tokenOf({ iss: issuer }, { kid: 'second' }, next.privateKey);
  const deadline = Date.now() + 20_000;
  while ((await codeOf(token)) !== 200 && Date.now() < deadline) await new Promise((done) => setTimeout(done, 100));
  expect(await codeOf(token)).toBe(200);
  expect(asked).toContainEqual({ id, newer: true });
  keys = [jwk];
});

it('MT-05 abuse 23: whom one organization trusts, another does not; two that do each decide what it opens', async () => {
  const token = await tokenOf();
  expect(await codeOf(token)).toBe(200);
  expect(await codeOf(token, '/rooted/1.0.0/menu', 'GET', '')).toBe('401 900901');
  trust(
    { clients: [{ client: 'partner-app', consumerKey: 'root-client' }] },
    { id: randomUUID(), organizationId: ROOT.id },
  );
  for (let n = 0; n < 2; n++) {
    expect(await codeOf(token, '/rooted/1.0.0/menu', 'GET', '')).toBe(200);
    expect(await codeOf(token)).toBe(200);
  }
});

it('what it opens changes, and ends, with the trust', async () => {
  const [id, issuer] = [randomUUID(), 'https://brief.example/'];
  trust({}, { id, issuer });
  const token = await tokenOf({ iss: issuer });
  expect(await codeOf(token, undefined, 'PUT')).toBe(200);
  trust({ scopes: [] }, { id, issuer });
  expect(await codeOf(token, undefined, 'PUT')).toBe('403 900910');
  trust({ audience: 'https://else' }, { id, issuer });
  expect(await codeOf(token)).toBe('401 900901');
  trust({}, { id, issuer });
  expect(await codeOf(token)).toBe(200);
  proxied.services.change(trustedIssuers, id, null);
  expect(await codeOf(token)).toBe('401 900901');
});

it('claims may have other names, and tokens the type JWT, where that is said', async () => {
  const [id, issuer] = [randomUUID(), 'https://other.example/'];
  trust({ clientClaim: 'azp', scopeClaim: 'scp', anyType: true }, { id, issuer });
  const claims = { iss: issuer, client_id: undefined, scope: undefined, azp: 'partner-app', scp: ['menu:write', 1] };
  for (const typ of ['JWT', undefined, 'at+jwt'])
    expect(await codeOf(await tokenOf(claims, { typ }), undefined, 'PUT')).toBe(200);
  for (const typ of ['logout+jwt', 'dpop+jwt', 'client-authentication+jwt'])
    expect(await codeOf(await tokenOf(claims, { typ }))).toBe('401 900901');
  expect(await codeOf(await tokenOf({ ...claims, nonce: 'n' }))).toBe('401 900901');
});

it('900900 is neither passed nor called invalid while its keys cannot be had', async () => {
  const [id, issuer] = [randomUUID(), 'https://away.example/'];
  trust({}, { id, issuer });
  proxied.services.on(getIssuerKeys, () => {
    throw new ServiceError('temporarily_unavailable');
  });
  expect(await codeOf(await tokenOf({ iss: issuer }))).toBe('503 900900');
  proxied.services.on(getIssuerKeys, () => ({ keys }) as never);
  expect(await codeOf(await tokenOf({ iss: issuer }))).toBe(200);
});

it('its subject is told to upstreams as the issuer’s, never as a user of ours', async () => {
  const signed: SignBackendToken[] = [];
  proxied.services.on(nameUsers, () => ({ names: { ann: 'somebody of ours' } }));
  proxied.services.on(signBackendToken, (request) => {
    signed.push(request);
    return { jwt: 'signed' };
  });
  expect(await codeOf(await tokenOf(), '/told/1.0.0/menu')).toBe(200);
  expect(signed[0]).toMatchObject({ subject: 'partner:ann', claims: { enduser: 'partner:ann' } });
});
