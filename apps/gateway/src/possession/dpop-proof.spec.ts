import { issueToken, type TokenRequest } from '@keyward/contracts';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { proofKey, type ProofKey } from '../../test/proof';
import { Services, testGateway, type TestGateway } from '../../test/started-gateway';
import { DPOP_ALGORITHMS } from './dpop-proof';

const URL = 'https://id.example/token';
const FORM = { grant_type: 'client_credentials' };
const now = () => Math.floor(Date.now() / 1000);

let gateway: TestGateway;
let asked: TokenRequest[];
let key: ProofKey;

beforeAll(async () => {
  const services = new Services();
  services.on(issueToken, (request) => {
    asked.push(request);
    return { body: { access_token: 'x', scope: '', token_type: 'Bearer', expires_in: 1 } };
  });
  [gateway, key] = await Promise.all([testGateway(services), proofKey()]);
});
afterAll(() => gateway.close());
beforeEach(() => (asked = []));

const send = (proof: string | string[], path = '/token') =>
  gateway.ask(path, {
    method: 'POST',
    body: new URLSearchParams(FORM).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', dpop: proof },
  });

it('DP-01 a proof of the right form tells the token service its key', async () => {
  expect((await send(await key.proof('POST', URL, { jti: 'one', iat: 7.5 + now() }))).status).toBe(200);
  expect(asked.map(({ possession }) => possession)).toEqual([
    { dpop: { jkt: key.jkt, jti: 'one', iat: expect.any(Number) } },
  ]);
  expect(Number.isInteger(asked[0]?.possession?.dpop?.iat)).toBe(true);
});

it.each(DPOP_ALGORITHMS)('DP-01 %s may sign', async (alg) => {
  expect((await send(await (await proofKey(alg)).proof('POST', URL))).status).toBe(200);
});

it.each([
  URL,
  'HTTPS://ID.example:443/token',
  `${URL}?query`,
  `${URL}#fragment`,
  'https://id.example/%74oken',
  'https://id.example/x/../token',
])('DP-01 htu %s is the same URL', async (htu) => {
  expect((await send(await key.proof('POST', htu))).status).toBe(200);
});

it('DP-01 the URL is the one it was sent to, of those that mean the same', async () => {
  const path = '/t/johnsorg/oauth2/token?x=y';
  expect((await send(await key.proof('POST', 'https://id.example/t/johnsorg/oauth2/token'), path)).status).toBe(200);
  expect((await send(await key.proof('POST', URL), path)).status).toBe(400);
});

const wrong: Record<string, () => Promise<string | string[]> | string | string[]> = {
  nothing: () => '',
  'no JWT': () => 'proof',
  'another method': () => key.proof('GET', URL),
  'a method in another case': () => key.proof('post', URL),
  'no method': () => key.proof('POST', URL, { htm: undefined }),
  'another path': () => key.proof('POST', 'https://id.example/tokens'),
  'a slash at the end': () => key.proof('POST', `${URL}/`),
  'another host': () => key.proof('POST', 'https://evil.example/token'),
  'plain HTTP': () => key.proof('POST', 'http://id.example/token'),
  'a user in the URL': () => key.proof('POST', 'https://a@id.example/token'),
  'a relative URL': () => key.proof('POST', '/token'),
  'no URL': () => key.proof('POST', URL, { htu: undefined }),
  'a list of URLs': () => key.proof('POST', URL, { htu: [URL] }),
  'no jti': () => key.proof('POST', URL, { jti: undefined }),
  'an empty jti': () => key.proof('POST', URL, { jti: '' }),
  'a jti of 257 characters': () => key.proof('POST', URL, { jti: 'x'.repeat(257) }),
  'a jti that is no text': () => key.proof('POST', URL, { jti: 7 }),
  'no iat': () => key.proof('POST', URL, { iat: undefined }),
  'an iat that is a text': () => key.proof('POST', URL, { iat: String(now()) }),
  'an iat of 61 s ago': () => key.proof('POST', URL, { iat: now() - 61 }),
  'an iat in 62 s': () => key.proof('POST', URL, { iat: now() + 62 }),
  'an exp that is past': () => key.proof('POST', URL, { exp: now() - 1 }),
  'no type': () => key.proof('POST', URL, {}, { typ: undefined }),
  'the type of an access token': () => key.proof('POST', URL, {}, { typ: 'at+jwt' }),
  'no key': () => key.proof('POST', URL, {}, { jwk: undefined }),
  'the name of a key instead': () => key.proof('POST', URL, {}, { jwk: undefined, kid: 'x' }),
  'another key': async () => key.proof('POST', URL, {}, { jwk: (await proofKey()).jwk }),
  'the private key': async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(privateKey);
    const claims = { jti: 'x', htm: 'POST', htu: URL, iat: now() };
    return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk }).sign(privateKey);
  },
  'a secret as key': async () => {
    const jwk = { kty: 'oct', k: Buffer.alloc(32).toString('base64url') };
    const claims = { jti: 'x', htm: 'POST', htu: URL, iat: now() };
    return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk }).sign(Buffer.alloc(32));
  },
  'no signature': () => new UnsecuredJWT({ jti: 'x', htm: 'POST', htu: URL, iat: now() }).encode(),
  'a critical header that is unknown': () =>
    new SignJWT({ jti: 'x', htm: 'POST', htu: URL, iat: now() })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: key.jwk, crit: ['x'], x: 1 })
      .sign(key.privateKey, { crit: { x: true } }),
  'a changed signature': async () => (await key.proof('POST', URL)).replace(/.{4}$/, 'AAAA'),
  'two proofs in two headers': async () => [await key.proof('POST', URL), await key.proof('POST', URL)],
  'two proofs in one header': async () => `${await key.proof('POST', URL)}, ${await key.proof('POST', URL)}`,
  'more than 8 KiB': () => key.proof('POST', URL, { more: 'x'.repeat(8192) }),
};
it.each(Object.keys(wrong))('DP-01 %s is invalid_dpop_proof, and nobody is asked', async (cause) => {
  const { status, json, headers } = await send((await wrong[cause]?.()) ?? '');
  expect([status, json.error, headers['cache-control']]).toEqual([400, 'invalid_dpop_proof', 'no-store']);
  expect(asked).toEqual([]);
});

it('DP-01 X-08 what a proxy says of the host does not move the URL', async () => {
  const dpop = await key.proof('POST', 'https://evil.example/token');
  const headers = { dpop, 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
  expect((await gateway.post('/token', FORM, headers)).status).toBe(400);
});
