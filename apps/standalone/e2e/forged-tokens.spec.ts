import { deployment } from '@keyward/testing';
import {
  base64url,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type JWTPayload,
} from 'jose';
import { createHmac } from 'node:crypto';
import { makeKey, makeOrganization, makeUser, operator, type TestKey } from './support/operator';
import { introspect, isActive } from './support/tokens';

const keyward = deployment();

/** RFC 7662 §2.2: this and nothing else. */
const INACTIVE = { status: 200, text: '{"active":false}' };

let org: string;
let issuer: string;
let key: TestKey;
let stranger: TestKey;

beforeAll(async () => {
  const elsewhere = await makeOrganization();
  org = await makeOrganization();
  [key, stranger] = await Promise.all([makeKey(org), makeKey(elsewhere)]);
  issuer = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
});

const ownToken = async (client: TestKey) =>
  (await client.token({ grant_type: 'client_credentials' })).body.access_token as string;

describe('abuse 19: a JWT is active only with a signature of its issuer', () => {
  let genuine: string;
  let header: ReturnType<typeof decodeProtectedHeader>;
  let claims: JWTPayload;
  const encode = (value: object) => base64url.encode(JSON.stringify(value));
  const part = (at: number) => genuine.split('.')[at] ?? '';

  beforeAll(async () => {
    genuine = (await key.signIn(await makeUser(org))).body.access_token as string;
    header = decodeProtectedHeader(genuine);
    claims = decodeJwt(genuine);
  });

  it('and with no claim that was changed', async () => {
    expect(await isActive(`${part(0)}.${encode(claims)}.${part(2)}`, key)).toBe(true); // Written as it was.
    const changes = [
      { scope: 'keyward:manage' },
      { sub: 'admin' },
      { exp: 2 ** 33 },
      { client_id: 'x' },
      { org: 'root' },
    ];
    for (const change of changes)
      expect(await introspect(`${part(0)}.${encode({ ...claims, ...change })}.${part(2)}`, key)).toMatchObject(
        INACTIVE,
      );
  });

  it('AT-03 and with no header that was changed', async () => {
    const other = await makeOrganization();
    const [foreign] = (await keyward.send(`/t/${other}/jwks`)).body.keys;
    for (const change of [
      { alg: 'none' },
      { alg: 'HS256' },
      { typ: 'JWT' },
      { kid: foreign.kid },
      { kid: '../../etc/passwd' },
      { crit: ['x'], x: 1 },
    ])
      expect(await introspect(`${encode({ ...header, ...change })}.${part(1)}.${part(2)}`, key)).toMatchObject(
        INACTIVE,
      );
  });

  it('AT-03 and not without one, nor with an empty or zero one', async () => {
    const zeros = base64url.encode(new Uint8Array(64));
    for (const token of [
      `${part(0)}.${part(1)}.`,
      `${part(0)}.${part(1)}`,
      `${part(0)}.${part(1)}.${zeros}`,
      `${encode({ ...header, alg: 'none' })}.${part(1)}.`,
    ])
      expect(await introspect(token, key)).toMatchObject(INACTIVE);
  });

  it('AT-03 and not with one of a key that the token brings, or of the public key as a secret', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const sign = (more: object) => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...more }).sign(privateKey);
    expect(await introspect(await sign(header), key)).toMatchObject(INACTIVE);
    const brought = { typ: 'at+jwt', jwk, jku: 'https://evil.example/jwks' };
    for (const more of [brought, { ...brought, kid: header.kid }])
      expect(await introspect(await sign(more), key)).toMatchObject(INACTIVE);

    const [published] = (await keyward.send(`/t/${org}/jwks`)).body.keys;
    const input = `${encode({ ...header, alg: 'HS256' })}.${part(1)}`;
    const mac = createHmac('sha256', JSON.stringify(published)).update(input).digest('base64url');
    expect(await introspect(`${input}.${mac}`, key)).toMatchObject(INACTIVE);
  });

  it('MT-03 and a token of another issuer is none, whatever it says', async () => {
    const token = await ownToken(stranger);
    expect(await isActive(token, stranger)).toBe(true);
    const [first = '', , signature = ''] = token.split('.');
    const forged = `${first}.${encode({ ...decodeJwt(token), iss: issuer, aud: `${issuer}/api` })}.${signature}`;
    for (const each of [token, forged, await operator()]) expect(await introspect(each, key)).toMatchObject(INACTIVE);
  });
});
