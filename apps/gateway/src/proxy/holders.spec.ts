import { readAccessToken, ServiceError, useDpopProof, type UseDpopProof } from '@keyward/contracts';
import { athOf, proofKey, type ProofKey } from '../../test/proof';
import { api, resource, startProxied, type Proxied } from '../../test/proxied';

const PAGE = 'https://app.example';
const CORS = {
  ...{ allowOrigins: [PAGE], allowCredentials: false, allowHeaders: ['DPoP'], exposeHeaders: ['X-Own'], maxAge: 1 },
};
const AT = '/t/johnsorg/pizza/1.0.0/x';
const URL = `https://id.example${AT}`;

let proxied: Proxied;
let key: ProofKey;
let bound: string;
let used: UseDpopProof[];

beforeAll(async () => {
  const open = resource('GET', '/open', { authentication: 'none' });
  const resources = [open, resource('GET', '/*'), resource('POST', '/*')];
  proxied = await startProxied((upstream) => [
    api(upstream, { resources }),
    api(upstream, { id: 'cors', context: '/cors', resources, cors: CORS }),
  ]);
  proxied.services.on(useDpopProof, (proof) => {
    const first = !used.some(({ jti }) => jti === proof.jti);
    used.push(proof);
    return { first };
  });
  key = await proofKey();
  bound = await proxied.johnsorg.token({ cnf: { jkt: key.jkt } });
});
afterAll(() => proxied.close());
beforeEach(() => (used = []));

const get = async (headers: Record<string, string | string[]>, path = AT) => {
  const { status, json, headers: answered } = await proxied.gateway.ask(path, { headers });
  return { status, code: json?.code, challenge: String(answered['www-authenticate']) };
};
const proofFor = (token: string, claims = {}, by = key) => by.proof('GET', URL, { ath: athOf(token), ...claims });
const dpop = async (token: string, proof?: string) =>
  get({ authorization: `DPoP ${token}`, dpop: proof ?? (await proofFor(token)) });

it('DP-01 a bound token passes with a proof by its key, and a new one each time', async () => {
  for (let n = 0; n < 3; n++) expect((await dpop(bound)).status).toBe(200);
  expect(used).toHaveLength(3);
  expect(used[0]).toMatchObject({ jkt: key.jkt, organizationId: expect.any(String) });
  expect((await get({ authorization: `dpop ${bound}`, dpop: await proofFor(bound) })).status).toBe(200);
  expect((await get({ authorization: `DPoP ${bound}`, dpop: await proofFor(bound) }, `${AT}?a=b`)).status).toBe(200);
});

it('DP-02 a bound token is refused as a bearer’s, known or not, with its proof or without', async () => {
  const fresh = await proxied.johnsorg.token({ cnf: { jkt: key.jkt } });
  for (const token of [bound, fresh, bound]) {
    const authorization = `Bearer ${token}`;
    const headers: Record<string, string>[] = [{}, { dpop: await proofFor(token) }];
    for (const more of headers) {
      const { status, code, challenge } = await get({ authorization, ...more });
      expect([status, code, challenge]).toEqual([401, '900901', expect.stringContaining('error="invalid_token"')]);
    }
  }
  expect(used).toEqual([]);
});

it('DP-01 a proof by another key, or for another token, opens nothing', async () => {
  const other = await proofKey();
  const refused = await dpop(bound, await proofFor(bound, {}, other));
  expect(refused).toMatchObject({ status: 401, challenge: expect.stringMatching(/^DPoP .*error="invalid_token"/) });
  const others = await proxied.johnsorg.token({ cnf: { jkt: other.jkt } });
  expect((await dpop(others)).status).toBe(401);
  expect((await dpop(bound, await proofFor(others))).challenge).toMatch(
    /^DPoP .*error="invalid_dpop_proof".*algs="ES256/,
  );
  expect(used).toEqual([]);
});

const wrong: Record<string, () => Promise<Record<string, string | string[]>>> = {
  'no proof': () => Promise.resolve({}),
  'two proofs': async () => ({ dpop: [await proofFor(bound), await proofFor(bound)] }),
  'no ath': async () => ({ dpop: await key.proof('GET', URL) }),
  'another method': async () => ({ dpop: await key.proof('POST', URL, { ath: athOf(bound) }) }),
  'another path': async () => ({ dpop: await key.proof('GET', `${URL}/y`, { ath: athOf(bound) }) }),
  'an old proof': async () => ({ dpop: await proofFor(bound, { iat: Math.floor(Date.now() / 1000) - 61 }) }),
};
it.each(Object.keys(wrong))('DP-01 %s is refused', async (cause) => {
  const { status, code, challenge } = await get({ authorization: `DPoP ${bound}`, ...(await wrong[cause]?.()) });
  expect([status, code]).toEqual([401, '900901']);
  expect(challenge).toMatch(/^DPoP realm="keyward", error="invalid_dpop_proof", error_description="[^"]+", algs="/);
  expect(used).toEqual([]);
});

it('DP-01 a proof is used once, and not when it cannot be told', async () => {
  const proof = await proofFor(bound);
  expect((await dpop(bound, proof)).status).toBe(200);
  expect((await dpop(bound, proof)).challenge).toMatch(/error="invalid_dpop_proof"/);
  const { services } = proxied;
  services.on(useDpopProof, () => {
    throw new ServiceError('temporarily_unavailable');
  });
  expect((await dpop(bound)).status).toBe(503);
  services.on(useDpopProof, () => ({ first: true }));
  expect((await dpop(bound)).status).toBe(200);
});

it('DP-02 a token that is not bound is not taken as if it were, and one by Bearer needs no proof', async () => {
  const { authorization } = await proxied.bearer();
  const token = authorization.slice('Bearer '.length);
  expect(await dpop(token)).toMatchObject({ status: 401, challenge: expect.stringContaining('error="invalid_token"') });
  expect((await get({ authorization, dpop: 'nonsense' })).status).toBe(200);
  expect((await dpop('nonsense')).challenge).toMatch(/^DPoP .*error="invalid_token"/);
});

it.each([[{}], [{ kid: 'x' }], ['x'], [{ jkt: 7 }], [{ jkt: 'short' }], [{ jkt: 'x'.repeat(43), jwe: 'x' }]])(
  'DP-02 a token bound to what nobody knows, %j, is of no use',
  async (cnf) => {
    const token = await proxied.johnsorg.token({ cnf });
    expect((await get({ authorization: `Bearer ${token}` })).status).toBe(401);
    expect((await dpop(token)).status).toBe(401);
  },
);

it('DP-02 opaque tokens are bound as well', async () => {
  const token = `kat_${'A'.repeat(72)}`;
  proxied.services.on(readAccessToken, () => ({ claims: proxied.johnsorg.claims({ cnf: { jkt: key.jkt } }) }));
  expect((await get({ authorization: `Bearer ${token}` })).status).toBe(401);
  expect((await dpop(token)).status).toBe(200);
});

it('RS-04 RS-06 credentials are one, and neither token nor proof goes on to the upstream', async () => {
  const proof = await proofFor(bound);
  for (const authorization of [`DPoP  ${bound}`, `DPoP ${bound},${bound}`, [`DPoP ${bound}`, `Bearer ${bound}`]])
    expect((await get({ authorization, dpop: proof })).status).toBe(400);
  await dpop(bound, proof);
  expect(proxied.upstream.reached.at(-1)?.headers).not.toHaveProperty('dpop');
  expect(proxied.upstream.reached.at(-1)?.headers).not.toHaveProperty('authorization');
  await get({ authorization: `DPoP ${bound}`, dpop: proof }, '/t/johnsorg/pizza/1.0.0/open');
  expect(proxied.upstream.reached.at(-1)?.headers).not.toHaveProperty('dpop');
  expect(proxied.upstream.reached.at(-1)?.headers).not.toHaveProperty('authorization');
});

describe('DP-01 RFC 9449 §9 a nonce', () => {
  const NONCE = 'n'.repeat(32);
  const wanting = (nonce?: string, wanted = NONCE) =>
    proxied.services.on(useDpopProof, (proof) => {
      used.push(proof);
      return proof.nonce === wanted ? { first: true, nonce } : { first: false, nonce: wanted };
    });
  afterAll(() => proxied.services.on(useDpopProof, () => ({ first: true })));
  const send = async (claims: object, context = 'pizza') => {
    const path = AT.replace('pizza', context);
    const proof = await key.proof('GET', `https://id.example${path}`, { ath: athOf(bound), ...claims });
    return proxied.gateway.ask(path, { headers: { authorization: `DPoP ${bound}`, dpop: proof, origin: PAGE } });
  };

  it('that is wanted is asked for, and nothing reaches the upstream without it', async () => {
    wanting();
    const before = proxied.upstream.reached.length;
    for (const claims of [{}, { nonce: 'x' }]) {
      const { status, json, headers } = await send(claims);
      expect([status, json.code, headers['dpop-nonce'], headers['cache-control']]).toEqual([
        ...[401, '900901', NONCE, 'no-store'],
      ]);
      expect(headers['www-authenticate']).toMatch(/^DPoP realm="keyward", error="use_dpop_nonce", .*algs="ES256/);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(proxied.upstream.reached).toHaveLength(before);
    const { status, headers } = await send({ nonce: NONCE });
    expect([status, headers['dpop-nonce']]).toEqual([200, undefined]);
    expect(used.map(({ nonce }) => nonce)).toEqual([undefined, 'x', NONCE]);
  });

  it('X-09 can be read by a script that may read the answer', async () => {
    wanting('next');
    for (const claims of [{}, { nonce: NONCE }]) {
      const { headers } = await send(claims, 'cors');
      expect(headers).toMatchObject({
        ...{ 'dpop-nonce': expect.any(String), 'access-control-allow-origin': PAGE },
        'access-control-expose-headers': 'X-Own, WWW-Authenticate, DPoP-Nonce',
      });
    }
  });

  it('of 257 characters is no proof', async () => {
    wanting();
    expect((await send({ nonce: 'x'.repeat(257) })).headers['www-authenticate']).toMatch(/error="invalid_dpop_proof"/);
    expect(used).toEqual([]);
  });

  it('that will soon be over is followed by the next one, which no upstream can say', async () => {
    wanting('next');
    proxied.upstream.on((_, response) => response.setHeader('dpop-nonce', 'of the upstream').end('{}'));
    expect((await send({ nonce: NONCE })).headers['dpop-nonce']).toBe('next');
    wanting();
    expect((await send({ nonce: NONCE })).headers['dpop-nonce']).toBeUndefined();
  });
});
