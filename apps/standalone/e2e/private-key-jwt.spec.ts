import { deployment, type Answer } from '@keyward/testing';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { SignJWT, UnsecuredJWT, type JWK } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { appearanceOf, expectError } from './support/answers';
import { now, pairOf, signed, type Pair } from './support/assertion';
import { foreignServer, type ForeignServer } from './support/foreign-server';
import { ask } from './support/management';
import { makeKey, makeOrganization, manage, unique, type TestKey } from './support/operator';
import { isActive } from './support/tokens';

const keyward = deployment();
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ENDPOINTS = ['/token', '/introspect', '/revoke'];
let org: string;
let issuer: string;
let pair: Pair;
let client: TestKey;
/** With a secret, to see that tokens are there. */
let other: TestKey;

const withKeys = (jwks: object) => ({ tokenEndpointAuthMethod: 'private_key_jwt', jwks });

beforeAll(async () => {
  org = await makeOrganization();
  issuer = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
  pair = await pairOf();
  [client, other] = await Promise.all([makeKey(org, withKeys({ keys: [pair.jwk] })), makeKey(org)]);
});

/** What an assertion says when nothing is wrong with it. */
const claims = (more: object = {}, { consumerKey } = client): Record<string, unknown> => ({
  ...{ iss: consumerKey, sub: consumerKey, aud: issuer, jti: randomUUID(), iat: now(), exp: now() + 60 },
  ...more,
});
const sign = (payload: object, by = pair, header: object = {}) => signed(payload, by, header);
const send = (client_assertion: string, more: Record<string, string> = {}, path = '/token'): Promise<Answer> =>
  keyward.send(path, {
    form: { grant_type: 'client_credentials', client_assertion_type: TYPE, client_assertion, ...more },
  });

describe('an assertion', () => {
  // Failures are counted for each client.
  beforeEach(async () => (client = await makeKey(org, withKeys({ keys: [pair.jwk] }))));

  it('CA-20 CA-21 proves the client, with and without its identifier beside it', async () => {
    const { status, body } = await send(await sign(claims()));
    expect(status).toBe(200);
    expect(await isActive(body.access_token as string, other)).toBe(true);
    expect((await send(await sign(claims()), { client_id: client.consumerKey })).status).toBe(200);
    expect((await send(await sign(claims()), {}, `/t/${org}/oauth2/token`)).status).toBe(200);
  });

  it.each(ENDPOINTS)('CA-20 is taken at %s', async (path) => {
    expect((await send(await sign(claims()), { token: 'x' }, path)).status).toBe(200);
  });

  it.each(['PS256', 'RS256', 'ES384', 'Ed25519', 'EdDSA'])('CA-21 is signed with %s', async (alg) => {
    const its = await pairOf(alg);
    const own = await makeKey(org, withKeys({ keys: [its.jwk] }));
    expect((await send(await sign(claims({}, own), its))).status).toBe(200);
  });

  it.each([undefined, 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer', TYPE.toUpperCase()])(
    'CA-20 of type %s is none',
    async (client_assertion_type) => {
      const form = { grant_type: 'client_credentials', client_assertion: await sign(claims()) };
      const typed = client_assertion_type ? { ...form, client_assertion_type } : form;
      expectError(await keyward.send('/token', { form: typed }), 'invalid_request');
    },
  );

  const wrong: Record<string, () => Promise<string> | string> = {
    'another issuer': () => sign(claims({ iss: other.consumerKey })),
    'another subject': () => sign(claims({ sub: other.consumerKey })),
    'no issuer': () => sign(claims({ iss: undefined })),
    'no subject': () => sign(claims({ sub: undefined })),
    'a client that is not there': () => sign(claims({}, { ...client, consumerKey: unique('nobody') })),
    'no exp': () => sign(claims({ exp: undefined })),
    'an exp that is past': () => sign(claims({ iat: now() - 120, exp: now() - 60 })),
    'no audience': () => sign(claims({ aud: undefined })),
    'another audience': () => sign(claims({ aud: 'https://example.com' })),
    'CA-22 the token endpoint as audience': () => sign(claims({ aud: `${issuer}/oauth2/token` })),
    'CA-22 an array as audience': () => sign(claims({ aud: [issuer] })),
    'CA-22 an issuer with a slash': () => sign(claims({ aud: `${issuer}/` })),
    'CA-22 the issuer of root': () => sign(claims({ aud: issuer.replace(/[^/]+$/, 'root') })),
    'CA-23 no jti': () => sign(claims({ jti: undefined })),
    'CA-23 a jti that is no text': () => sign(claims({ jti: 7 })),
    'CA-23 a life of more than 300 s': () => sign(claims({ exp: now() + 600 })),
    'CA-23 a long life that does not say when it began': () => sign(claims({ iat: undefined, exp: now() + 600 })),
    'CA-23 an iat of the future': () => sign(claims({ iat: now() + 120, exp: now() + 180 })),
    'CA-23 an nbf of the future': () => sign(claims({ nbf: now() + 120 })),
    'another key': async () => sign(claims(), { ...(await pairOf()), jwk: pair.jwk }),
    'a key of its own in the header': async () => {
      const own = await pairOf();
      return sign(claims(), own, { jwk: own.jwk, kid: undefined });
    },
    'an unknown kid': () => sign(claims(), pair, { kid: 'unknown' }),
    'the type of an access token': () => sign(claims(), pair, { typ: 'at+jwt' }),
    'no signature': () => new UnsecuredJWT(claims()).encode(),
    'a MAC made with the public key': () =>
      new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(JSON.stringify(pair.jwk))),
    'a signature of zeros': async () => {
      const [header, payload] = (await sign(claims())).split('.');
      return `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`;
    },
    'no form at all': () => 'x.y.z',
  };
  it.each(Object.keys(wrong))('CA-21 CA-07 with %s is refused as a wrong secret is', async (name) => {
    const unknown = appearanceOf(
      await keyward.send('/token', { form: { client_id: unique('nobody'), client_secret: 'x' } }),
    );
    const answer = await send((await wrong[name]?.()) ?? '');
    expect(appearanceOf(answer)).toEqual(unknown);
    expectError(answer, 'invalid_client');
  });

  it('MT-05 CA-22 for one organization proves nothing in another', async () => {
    const there = await makeOrganization();
    expectError(await send(await sign(claims()), {}, `/t/${there}/oauth2/token`), 'invalid_client');
    const aud = issuer.replace(/[^/]+$/, there);
    expectError(await send(await sign(claims({ aud })), {}, `/t/${there}/oauth2/token`), 'invalid_client');
    expectError(await send(await sign(claims({ aud }))), 'invalid_client');
  });

  it('CA-24 of another client than the body says is refused', async () => {
    expectError(await send(await sign(claims()), { client_id: other.consumerKey }), 'invalid_client');
  });

  it('CA-23 abuse 22 is used once: of eight at the same time, one passes', async () => {
    const assertion = await sign(claims());
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(assertion)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(401)]);
    const own = await makeKey(org, withKeys({ keys: [pair.jwk] }));
    const { jti } = claims() as { jti: string };
    expect((await send(await sign(claims({ jti }, own)))).status).toBe(200);
    // Another one of the same name, too; but it is the client's own name for it.
    expectError(await send(await sign(claims({ jti, exp: now() + 61 }, own))), 'invalid_client');
    expect((await send(await sign(claims({ jti }, await makeKey(org, withKeys({ keys: [pair.jwk] })))))).status).toBe(
      200,
    );
  });

  it('CA-11 BF-20 that fails too often is told to wait', async () => {
    const own = await makeKey(org, withKeys({ keys: [pair.jwk] }));
    for (let i = 0; i < 10; i++)
      expectError(await send(await sign(claims({ aud: issuer, jti: 7 }, own))), 'invalid_client');
    expectError(await send(await sign(claims({}, own))), 'temporarily_unavailable', 429);
  });
});

describe('a client with keys', () => {
  it('CA-21 has no secret, and one with a secret no keys', async () => {
    expect(client.consumerSecret).toBe('');
    const own = await makeKey(org);
    expectError(await send(await sign(claims({}, own))), 'invalid_client');
    await manage('PATCH', `/${org}/keys/${own.consumerKey}`, withKeys({ keys: [pair.jwk] }));
    expect((await send(await sign(claims({}, own)))).status).toBe(200);
    expectError(await own.token({ grant_type: 'client_credentials' }), 'invalid_client');
    const rotated = await ask('POST', `/${org}/keys/${own.consumerKey}/rotate-secret`, {});
    expect([rotated.status, rotated.body.code]).toEqual([400, 'invalid_request']);
    await manage('PATCH', `/${org}/keys/${own.consumerKey}`, { tokenEndpointAuthMethod: 'client_secret_basic' });
    expect((await own.token({ grant_type: 'client_credentials' })).status).toBe(200);
    expectError(await send(await sign(claims({}, own))), 'invalid_client');
  });

  const notTaken: [string, (symmetric: JWK) => object][] = [
    ['neither jwks nor jwksUri', () => ({})],
    ['both', () => ({ jwks: { keys: [pair.jwk] }, jwksUri: 'https://example.com/jwks' })],
    ['no keys', () => ({ jwks: { keys: [] } })],
    ['a private key', () => ({ jwks: { keys: [{ ...pair.jwk, d: 'AAAA' }] } })],
    ['a symmetric key', () => ({ jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } })],
    ['what is no key', () => ({ jwks: { keys: ['x'] } })],
    ['an RSA key of 1024 bits', () => ({ jwks: { keys: [{ kty: 'RSA', e: 'AQAB', n: 'x'.repeat(171) }] } })],
    ['a plain URL', () => ({ jwksUri: 'http://example.com/jwks' })],
    ['a URL with a user', () => ({ jwksUri: 'https://a:b@example.com/jwks' })],
    ['a file', () => ({ jwksUri: 'file:///etc/passwd' })],
  ];
  it.each(notTaken)('CA-21 DR-09 is not made with %s', async (_, keys) => {
    const body = { kind: 'production', tokenEndpointAuthMethod: 'private_key_jwt', ...keys({}) };
    const { status, body: problem } = await ask('POST', `/${org}/applications/${other.application}/keys`, body);
    expect([status, problem.code]).toEqual([400, 'invalid_request']);
  });

  it('CA-09 stays public or confidential', async () => {
    const open = await makeKey(org, { public: true });
    for (const [key, method] of [
      [open, 'client_secret_basic'],
      [other, 'none'],
    ] as const) {
      const path = `/${org}/keys/${key.consumerKey}`;
      expect((await ask('PATCH', path, { tokenEndpointAuthMethod: method })).body.code).toBe('invalid_request');
    }
  });

  it('CA-21 is made and shown by the command line', async () => {
    const file = `${keyward.access.directory ?? '/tmp'}/${unique('keys')}.json`;
    await writeFile(file, JSON.stringify({ keys: [pair.jwk] }));
    const options = ['--token-endpoint-auth-method', 'private_key_jwt', '--jwks-file', file, '--org', org];
    const { key, consumerSecret } = await keyward.cliJson('keys', 'generate', other.application, ...options);
    expect([key.tokenEndpointAuthMethod, key.jwks, consumerSecret]).toEqual([
      'private_key_jwt',
      { keys: [pair.jwk] },
      undefined,
    ]);
    const made = { ...client, consumerKey: key.consumerKey as string };
    expect((await send(await sign(claims({}, made)))).status).toBe(200);
    const jwksUri = 'https://client.example/jwks';
    await keyward.cliJson('keys', 'update', made.consumerKey, '--jwks-uri', jwksUri, '--org', org);
    expect(await keyward.cliJson('keys', 'show', made.consumerKey, '--org', org)).toMatchObject({
      jwks: null,
      jwksUri,
    });
  });
});

describe('a client that publishes its keys', () => {
  let server: ForeignServer;
  let at = 0;
  beforeAll(async () => (server = await foreignServer()));
  afterAll(() => server.close());
  const publish = (path: string, ...keys: JWK[]) => (server.answers[path] = { body: JSON.stringify({ keys }) });
  const countOf = (path: string) => server.asked.filter((asked) => asked === path).length;
  const published = async (...keys: JWK[]) => {
    const path = `/jwks-${++at}`;
    publish(path, ...keys);
    const key = await makeKey(org, { tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: server.url + path });
    return { key, path };
  };

  it('CA-24 JK-09 has them fetched once, and again for a new one, once in a minute', async () => {
    const { key, path } = await published(pair.jwk);
    for (let i = 0; i < 5; i++) expect((await send(await sign(claims({}, key)))).status).toBe(200);
    const fetched = countOf(path);
    expect(fetched).toBe(1);
    const next = await pairOf();
    publish(path, next.jwk);
    for (let i = 0; i < 5; i++) expectError(await send(await sign(claims({}, key), next)), 'invalid_client');
    expect(countOf(path)).toBe(fetched);
    expect((await send(await sign(claims({}, key)))).status).toBe(200);
  });

  const failing: Record<string, ForeignServer['answers'][string]> = {
    'is away': { status: 503 },
    redirects: { status: 302, headers: { location: '/jwks-real' } },
    'answers no JSON': { body: '<html>' },
    'answers private keys': { body: JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA' }] }) },
    'answers more than 1 MB': { body: ' '.repeat(1024 * 1024 + 1) },
  };
  it.each(Object.keys(failing))('CA-24 DR-09 is not proven while its server %s', async (name) => {
    publish('/jwks-real', pair.jwk);
    const { key, path } = await published(pair.jwk);
    server.answers[path] = failing[name] ?? {};
    expectError(await send(await sign(claims({}, key))), 'invalid_client');
    expectError(await send(await sign(claims({}, key))), 'invalid_client');
    expect(countOf(path)).toBe(1);
    expect(server.asked).not.toContain('/jwks-real');
  });
});

describe('foreign clients', () => {
  const dispatcher = new Agent({ connect: { ca: keyward.ca } });
  const trusting = (url: string, options: object): Promise<Response> => undiciFetch(url, { ...options, dispatcher });
  afterAll(() => dispatcher.close());

  it('CA-20 CA-22 openid-client proves itself by private_key_jwt', async () => {
    const authenticate = openid.PrivateKeyJwt({ key: pair.privateKey, kid: pair.jwk.kid });
    const config = await openid.discovery(new URL(issuer), client.consumerKey, undefined, authenticate, {
      [openid.customFetch]: trusting,
    });
    const { access_token: token } = await openid.clientCredentialsGrant(config);
    expect(await openid.tokenIntrospection(config, token)).toMatchObject({ active: true });
    await openid.tokenRevocation(config, token);
    expect(await openid.tokenIntrospection(config, token)).toEqual({ active: false });
  });

  it('CA-20 CA-22 oauth4webapi does so too', async () => {
    const http = { [oauth.customFetch]: trusting };
    const url = new URL(issuer);
    const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, http));
    const its: oauth.Client = { client_id: client.consumerKey };
    const auth = oauth.PrivateKeyJwt({ key: pair.privateKey, kid: pair.jwk.kid });
    const answer = await oauth.clientCredentialsGrantRequest(server, its, auth, {}, http);
    const { access_token: token } = await oauth.processClientCredentialsResponse(server, its, answer);
    expect(await isActive(token, other)).toBe(true);
  });
});
