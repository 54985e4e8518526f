import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { consumerKeyChanges, getJwks, readAccessToken, ServiceError } from '@keyward/contracts';
import { EncryptJWT, exportSPKI, importJWK, SignJWT } from 'jose';
import { api, startProxied, type Proxied } from '../../../test/proxied';
import { JOHNSORG } from '../../../test/started-gateway';

const AT = '/t/johnsorg/pizza/1.0.0/x';

let proxied: Proxied;
beforeAll(async () => {
  proxied = await startProxied((upstream) => [api(upstream)]);
});
afterAll(() => proxied.close());

const answerTo = async (token: string) => {
  const { status, json, headers } = await proxied.gateway.ask(AT, { headers: { authorization: `Bearer ${token}` } });
  return [status, json?.code, String(headers['www-authenticate']).includes('error="invalid_token"')];
};
const PASSED = [200, undefined, false];
const REFUSED = [401, '900901', true];
/** Whether it is genuine cannot be told now. */
const UNKNOWN = [503, '900900', false];

const base64 = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
/** A token of whatever header and payload, signed with the right key. */
function signed(header: object | string, payload: object | string, key = proxied.johnsorg.privateKey): string {
  const input = `${base64(header)}.${base64(payload)}`;
  const signature = sign('sha256', Buffer.from(input), { key: key as never, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}
const header = (more = {}) => ({ alg: 'ES256', typ: 'at+jwt', kid: proxied.johnsorg.kid, ...more });

describe('AT-02 a JWT access token', () => {
  const now = Math.floor(Date.now() / 1000);

  it('passes, again and again, and its signature is verified once', async () => {
    const token = await proxied.johnsorg.token();
    let asked = 0;
    const { jwk } = proxied.johnsorg;
    proxied.services.on(getJwks, ({ organizationId }) => {
      asked++;
      return { keys: organizationId === JOHNSORG.id ? [jwk] : [proxied.root.jwk] };
    });
    for (let n = 0; n < 4; n++) expect(await answerTo(token)).toEqual(PASSED);
    expect(asked).toBeLessThanOrEqual(1);
    expect(await answerTo(await proxied.johnsorg.token({}, { typ: 'application/at+jwt' }))).toEqual(PASSED);
  });

  it('RS-02 of a key that was never heard of is not called invalid while nobody can say so; known keys go on', async () => {
    const { johnsorg } = proxied;
    const { jwk } = johnsorg;
    const fresh = await johnsorg.token();
    const unheard = await johnsorg.token({}, { kid: 'unheard-of' });
    let asked: (() => void) | undefined;
    try {
      proxied.services.on(getJwks, () => {
        asked?.();
        throw new ServiceError('temporarily_unavailable');
      });
      // Its keys count as fresh until then.
      while ((await answerTo(unheard))[0] !== 503);
      expect(await answerTo(unheard)).toEqual(UNKNOWN);
      // Who does not answer any more is not waited for again.
      proxied.services.on(getJwks, () => new Promise((resolve) => (asked = () => resolve({ keys: [jwk] }))));
      expect(await answerTo(fresh)).toEqual(PASSED);
      expect(await answerTo(await johnsorg.token())).toEqual(PASSED);
      asked?.();
    } finally {
      proxied.services.on(getJwks, ({ organizationId }) => ({
        keys: [organizationId === JOHNSORG.id ? jwk : proxied.root.jwk],
      }));
    }
    expect(await answerTo(unheard)).toEqual(REFUSED);
  });

  it('RS-02 of a client that was never heard of is not called invalid while nobody can say so', async () => {
    const { services, johnsorg } = proxied;
    const token = await johnsorg.token({ client_id: 'unheard-of' });
    services.on(consumerKeyChanges.since, () => {
      throw new ServiceError('temporarily_unavailable');
    });
    expect(await answerTo(token)).toEqual(UNKNOWN);
    expect(await answerTo(token)).toEqual(UNKNOWN);
    services.on(consumerKeyChanges.since, () => ({ changes: [], more: false, gone: false }));
    while ((await answerTo(token))[0] === 503);
    expect(await answerTo(token)).toEqual(REFUSED);
  });

  it.each<[string, object]>([
    ['iss of another organization', { iss: 'https://id.example/t/root' }],
    ['iss of another server', { iss: 'https://evil.example/t/johnsorg' }],
    ['iss with a slash', { iss: 'https://id.example/t/johnsorg/' }],
    ['iss in another case', { iss: 'https://id.example/t/JOHNSORG' }],
    ['no iss', { iss: undefined }],
    ['aud of another organization', { aud: 'https://id.example/t/root/api' }],
    ['aud of the issuer itself', { aud: 'https://id.example/t/johnsorg' }],
    ['an empty aud', { aud: [] }],
    ['abuse 45: no aud', { aud: undefined }],
    ['an exp in the past', { exp: now - 31 }],
    ['no exp', { exp: undefined }],
    ['an exp that is a text', { exp: String(now + 3600) }],
    ['an nbf in the future', { nbf: now + 300 }],
    ['no client_id', { client_id: undefined }],
    ['a client_id that is none', { client_id: ['client'] }],
    ['no sub', { sub: undefined }],
    ['no jti', { jti: undefined }],
    ['no iat', { iat: undefined }],
    ['no scope', { scope: undefined }],
    ['scopes in a list', { scope: ['default'] }],
    ['no org', { org: undefined }],
    ['an org that is suspended', { org: 'suspended' }],
    ['an org that is unknown', { org: 'unknown' }],
  ])('is refused with %s', async (_, claims) => {
    expect(await answerTo(await proxied.johnsorg.token(claims as never))).toEqual(REFUSED);
  });

  it.each<[string, object]>([
    ['the type of an ID token', { typ: 'JWT' }],
    ['the type of a logout token', { typ: 'logout+jwt' }],
    ['the type of a client assertion', { typ: 'client-authentication+jwt' }],
    ['no type', { typ: undefined }],
    ['a kid that is unknown', { kid: 'unknown' }],
    ['no kid', { kid: undefined }],
  ])('is refused with %s', async (_, more) => {
    expect(await answerTo(signed(header(more), proxied.johnsorg.claims()))).toEqual(REFUSED);
  });

  it('abuse 23: is refused by the APIs of every organization but its issuer’s, known or not', async () => {
    const token = await proxied.root.token({ client_id: 'root-client' });
    for (let n = 0; n < 2; n++) expect(await answerTo(token)).toEqual(REFUSED);
  });
});

describe('AT-03 abuse 18, 45: a forged JWT is refused', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', ''])('alg %j', async (alg) => {
    const unsigned = `${base64(header({ alg }))}.${base64(proxied.johnsorg.claims())}`;
    for (const signature of ['', '.', '.AA', `.${'A'.repeat(86)}`])
      expect((await answerTo(unsigned + signature))[0]).toBe(401);
  });

  it('HS256 with the public key for a secret', async () => {
    const { jwk } = proxied.johnsorg;
    const { x = '' } = jwk;
    const pem = await exportSPKI(await importJWK(jwk, 'ES256', { extractable: true }));
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), x, Buffer.from(x, 'base64url')])
      for (const alg of ['HS256', 'HS512']) {
        const input = `${base64(header({ alg }))}.${base64(proxied.johnsorg.claims())}`;
        const mac = createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url');
        expect(await answerTo(`${input}.${mac}`)).toEqual(REFUSED);
      }
  });

  it.each(['RS256', 'PS256', 'ES384', 'ES512', 'EdDSA', 'ES256K', 'es256'])(
    'alg %s in place of the key’s',
    async (alg) => {
      expect(await answerTo(signed(header({ alg }), proxied.johnsorg.claims()))).toEqual(REFUSED);
    },
  );

  it('a key that the token brings along', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = publicKey.export({ format: 'jwk' });
    const url = 'https://evil.example/jwks';
    for (const more of [
      { jwk },
      { jku: url },
      { x5u: url },
      { x5c: ['AAAA'] },
      { jwk, kid: undefined },
      { jku: url, kid: 'x' },
    ])
      expect(await answerTo(signed(header(more), proxied.johnsorg.claims(), privateKey as never))).toEqual(REFUSED);
  });

  it.each([
    '../../etc/passwd',
    "' OR 1=1 --",
    '/dev/null',
    '\0',
    '__proto__',
    'constructor',
    '%2e%2e',
    'a'.repeat(2000),
  ])('kid %.20j', async (kid) => {
    expect(await answerTo(signed(header({ kid }), proxied.johnsorg.claims()))).toEqual(REFUSED);
  });

  it('an extension that must be understood', async () => {
    for (const more of [{ crit: ['x'], x: 1 }, { crit: [] }, { crit: ['b64'], b64: false }, { crit: ['exp'], exp: 1 }])
      expect(await answerTo(signed(header(more), proxied.johnsorg.claims()))).toEqual(REFUSED);
  });

  it('signatures that are empty, zero, cut, doubled or of something else', async () => {
    const token = await proxied.johnsorg.token();
    const [head = '', payload = '', signature = ''] = token.split('.');
    const other = (await proxied.johnsorg.token({ scope: 'read' })).split('.')[2] ?? '';
    const zero = Buffer.alloc(64).toString('base64url');
    for (const bad of [
      '',
      zero,
      signature.slice(0, -2),
      signature + signature,
      other,
      'A'.repeat(86),
      `${signature}==`,
    ])
      expect((await answerTo(`${head}.${payload}.${bad}`))[0]).toBe(401);
    for (const bad of [`${token}.`, `${token}.x`, `.${token}`, `${head}.${payload}`, head, `${token}=`, '..', '...'])
      expect((await answerTo(bad))[0]).toBe(401);
  });

  it('abuse 17: other spellings of the same bytes', async () => {
    const token = await proxied.johnsorg.token();
    expect(await answerTo(token)).toEqual(PASSED);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const lastBit = token.replace(/.$/, (last) => alphabet[alphabet.indexOf(last) ^ 1] ?? last);
    for (const spelling of [
      lastBit,
      token.slice(0, -1),
      token.slice(0, 80),
      `${token}A`,
      token.toLowerCase(),
      ` ${token}`,
    ])
      expect((await answerTo(spelling))[0]).not.toBe(200);
  });

  it('payloads that are no claims', async () => {
    for (const payload of ['', '[]', 'null', '1', '"x"', '{', '{}', '\u00ff'])
      expect(await answerTo(signed(header(), payload))).toEqual(REFUSED);
    for (const head of ['', '[]', 'null', '{', '{}', '{"alg":"ES256"}'])
      expect(await answerTo(signed(head, proxied.johnsorg.claims()))).toEqual(REFUSED);
  });

  it('one that is encrypted, nested or too long', async () => {
    const jwe = await new EncryptJWT(proxied.johnsorg.claims())
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: 'at+jwt', kid: proxied.johnsorg.kid })
      .encrypt(new Uint8Array(32));
    const nested = await new SignJWT({ jwt: await proxied.johnsorg.token() })
      .setProtectedHeader(header())
      .sign(proxied.johnsorg.privateKey);
    const long = await proxied.johnsorg.token({ filler: 'x'.repeat(7000) });
    for (const token of [jwe, nested, long]) expect(await answerTo(token)).toEqual(REFUSED);
    expect((await answerTo(`a.${'b'.repeat(100_000)}.c`))[0]).toBe(431);
  });
});

describe('an opaque access token', () => {
  const opaque = (letter: string) => `kat_${letter.repeat(72)}`;
  const granting = (scope = 'default') => ({ claims: { ...proxied.johnsorg.claims(), scope } });

  it('is asked for once, for all who come with it', async () => {
    let asked = 0;
    proxied.services.on(readAccessToken, ({ organizationId, token }) => {
      asked++;
      return organizationId === JOHNSORG.id && token === opaque('a') ? granting() : {};
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => answerTo(opaque('a'))));
    expect(answers).toEqual(Array.from({ length: 20 }, () => PASSED));
    expect(await answerTo(opaque('a'))).toEqual(PASSED);
    expect(asked).toBe(1);
  });

  it('abuse 17: is refused in any other spelling, most of them without asking', async () => {
    let asked = 0;
    proxied.services.on(readAccessToken, () => (asked++, {}));
    for (const token of [
      opaque('b').slice(0, -1),
      `${opaque('b')}b`,
      `${opaque('b')}=`,
      `KAT${opaque('b').slice(3)}`,
      'kat_',
    ])
      expect(await answerTo(token)).toEqual(REFUSED);
    expect(asked).toBe(0);
    for (let n = 0; n < 3; n++) expect(await answerTo(opaque('b'))).toEqual(REFUSED);
    expect(asked).toBe(1);
  });

  it('900900 is neither passed nor called invalid while nobody can tell', async () => {
    proxied.services.on(readAccessToken, () => {
      throw new ServiceError('temporarily_unavailable');
    });
    const { status, json, headers } = await proxied.gateway.ask(AT, {
      headers: { authorization: `Bearer ${opaque('c')}` },
    });
    expect([status, json.code, headers['retry-after']]).toEqual([503, '900900', '1']);
    expect(await answerTo(opaque('a'))).toEqual(PASSED);
    expect(await answerTo(await proxied.johnsorg.token())).toEqual(PASSED);
  });
});
