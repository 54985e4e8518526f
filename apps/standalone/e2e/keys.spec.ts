import { deployment } from '@keyward/testing';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  jwtVerify,
  type JSONWebKeySet,
  type JWK,
} from 'jose';
import { eventually, makeKey, makeOrganization, makeUser, manage, type TestKey } from './support/operator';
import { isActive } from './support/tokens';

const keyward = deployment();

let org: string;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  key = await makeKey(org);
});

const paths = (orgkey: string) => ['/jwks', '/oauth2/jwks'].map((path) => `/t/${orgkey}${path}`);
const jwksOf = async (orgkey: string): Promise<JSONWebKeySet> =>
  (await keyward.send(`/t/${orgkey}/jwks`)).body as JSONWebKeySet;
const kidsOf = async (orgkey: string) => (await jwksOf(orgkey)).keys.map(({ kid }) => kid);
const tokenOf = async ({ token }: TestKey) =>
  (await token({ grant_type: 'client_credentials' })).body.access_token as string;
const kidOf = (token: string) => decodeProtectedHeader(token).kid;

/** The keys, newest first, after the operator has rotated them by the command. */
const rotate = (orgkey: string, ...how: string[]) =>
  keyward.cliJson('signing-keys', 'rotate', '--org', orgkey, ...how) as Promise<{ kid: string; state: string }[]>;

describe('a JWKS', () => {
  it('JK-01 is served at the root and for each organization, and may be kept for a while', async () => {
    for (const path of ['/jwks', '/oauth2/jwks', ...paths(org), ...paths(org.toUpperCase())]) {
      const { status, headers, body } = await keyward.send(path);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': expect.stringMatching(/^application\/(jwk-set\+)?json/),
        'cache-control': expect.stringMatching(/^public, max-age=([3-8]\d\d|900)$/),
        'x-content-type-options': 'nosniff',
      });
      expect(headers['pragma']).toBeUndefined();
      expect(body.keys).not.toHaveLength(0);
    }
    expect((await keyward.send('/jwks')).body).toEqual(await jwksOf('root'));
  });

  it('JK-01 is not there for an organization that is unknown or suspended', async () => {
    const suspended = await makeOrganization();
    await manage('PATCH', `/${suspended}`, { state: 'suspended' });
    await eventually(async () => (await keyward.send(`/t/${suspended}/jwks`)).status !== 200);
    const [gone, unknown] = await Promise.all(
      [suspended, 'no-such-one'].map((each) => keyward.send(`/t/${each}/jwks`)),
    );
    expect([gone?.status, gone?.text]).toEqual([404, unknown?.text]);
  });

  it('JK-02 JK-03 has public keys for signatures alone, each with its thumbprint for a name', async () => {
    await rotate(org);
    const { keys } = await jwksOf(org);
    expect(keys.length).toBeGreaterThan(1);
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
    const unpadded = expect.stringMatching(/^[A-Za-z0-9_-]{43}$/);
    for (const jwk of keys) {
      // No `d` nor any other private member is among these.
      const publicMembers = { kty: 'EC', crv: 'P-256', x: unpadded, y: unpadded };
      expect(jwk).toEqual({ ...publicMembers, kid: await calculateJwkThumbprint(jwk), use: 'sig', alg: 'ES256' });
    }
  });

  it('JK-07 MT-03 has no key of another organization, which verifies nothing of this one', async () => {
    const other = await makeOrganization();
    const [mine, foreign, root] = await Promise.all([org, other, 'root'].map(kidsOf));
    expect(new Set([...(mine ?? []), ...(foreign ?? []), ...(root ?? [])]).size).toBe(
      (mine?.length ?? 0) + (foreign?.length ?? 0) + (root?.length ?? 0),
    );
    const token = await tokenOf(key);
    await expect(jwtVerify(token, createLocalJWKSet(await jwksOf(other)))).rejects.toThrow('no applicable key');
    await expect(jwtVerify(token, createLocalJWKSet(await jwksOf(org)))).resolves.toBeDefined();
  });
});

describe('rotation', () => {
  /** A resource server that keeps a JWKS, and looks again for a key it does not know; how often it has looked. */
  function verifier(orgkey: string) {
    let looked = 0;
    const keys = createRemoteJWKSet(new URL(`/t/${orgkey}/jwks`, keyward.baseUrl), {
      cooldownDuration: 0,
      [customFetch]: async (url) => {
        looked += 1;
        return new Response((await keyward.send(url)).text);
      },
    });
    const options = { algorithms: ['ES256'], typ: 'at+jwt' };
    return { verify: (token: string) => jwtVerify(token, keys, options), looked: () => looked };
  }

  it('JK-04 JK-05 publishes the next key before it signs, and no verifier ever refuses a token', async () => {
    const own = await makeOrganization();
    const client = await makeKey(own);
    const early = verifier(own);
    const first = await tokenOf(client);
    await early.verify(first);

    const announced = await rotate(own);
    expect(announced).toMatchObject([{ state: 'published' }, { state: 'active', kid: kidOf(first) }]);
    const next = announced[0]?.kid ?? '';
    await eventually(async () => (await kidsOf(own)).includes(next));
    const second = await tokenOf(client);
    expect(kidOf(second)).toBe(kidOf(first)); // A day's notice: verifiers may have kept the JWKS.
    await early.verify(second);
    expect(early.looked()).toBe(1);
    const informed = verifier(own);
    await informed.verify(second);

    expect(await rotate(own, '--now')).toMatchObject([
      { kid: next, state: 'active' },
      { kid: kidOf(first), state: 'retiring' },
    ]);
    await eventually(async () => kidOf(await tokenOf(client)) === next);
    const third = await tokenOf(client);
    for (const token of [first, second, third]) {
      await informed.verify(token);
      expect(await isActive(token, client)).toBe(true);
    }
    expect(informed.looked()).toBe(1); // It knew the key before it was used.
    await early.verify(third);
    expect(early.looked()).toBe(2);
    await early.verify(first);
  });

  it('JK-04 JK-05 at once signs with a new key, and keeps every key that a living token may need', async () => {
    const own = await makeOrganization();
    const client = await makeKey(own);
    const tokens = [await tokenOf(client)];
    for (let round = 0; round < 3; round++) {
      const before = kidOf(tokens.at(-1) ?? '');
      await manage('POST', `/${own}/signing-keys/rotate`, { now: true });
      await eventually(async () => kidOf(await tokenOf(client)) !== before);
      tokens.push(await tokenOf(client));
      expect(await kidsOf(own)).toEqual(expect.arrayContaining(tokens.map(kidOf)));
    }
    const keys: JWK[] = (await jwksOf(own)).keys;
    for (const token of tokens) await jwtVerify(token, createLocalJWKSet({ keys }));
    expect(new Set(tokens.map(kidOf)).size).toBe(4);
  });

  it('JK-05 tells when a key will be gone: not before the last token of it and every cache', async () => {
    const own = await makeOrganization();
    await tokenOf(await makeKey(own));
    const { keys } = await manage('POST', `/${own}/signing-keys/rotate`, { now: true });
    const [active, retiring] = keys as { state: string; activatesAt: string; expiresAt: string | null }[];
    expect([active?.state, active?.expiresAt, retiring?.state]).toEqual(['active', null, 'retiring']);
    const left = Date.parse(retiring?.expiresAt ?? '') - Date.parse(active?.activatesAt ?? '');
    expect(left).toBeGreaterThanOrEqual((3600 + 900) * 1000);
  });

  it('JK-07 of one organization leaves the others alone', async () => {
    const before = await kidsOf(org);
    await manage('POST', `/${await makeOrganization()}/signing-keys/rotate`, { now: true });
    expect(await kidsOf(org)).toEqual(before);
  });
});

describe('a key that somebody else may have', () => {
  const revoke = (orgkey: string, ...which: string[]) =>
    keyward.cliJson('signing-keys', 'revoke', '--org', orgkey, ...which) as Promise<{ kid: string; state: string }[]>;

  it('JK-06 leaves the JWKS at once, and no token of it is taken any more; new ones are', async () => {
    const own = await makeOrganization();
    const client = await makeKey(own);
    const { username, password } = await makeUser(own);
    const { body } = await client.token({ grant_type: 'password', username: `${username}@${own}`, password });
    const [old, refresh] = [body.access_token as string, body.refresh_token as string];
    expect(await isActive(old, client)).toBe(true);

    const keys = await revoke(own, kidOf(old) ?? '');
    expect(keys).toMatchObject([{ state: 'active' }]);
    expect(keys[0]?.kid).not.toBe(kidOf(old));
    await eventually(async () => !(await kidsOf(own)).includes(kidOf(old) ?? ''));
    await eventually(async () => !(await isActive(old, client)));
    await eventually(async () => kidOf(await tokenOf(client)) === keys[0]?.kid);
    const next = await tokenOf(client);
    await eventually(() => isActive(next, client));
    await expect(jwtVerify(next, createLocalJWKSet(await jwksOf(own)))).resolves.toBeDefined();
    await expect(jwtVerify(old, createLocalJWKSet(await jwksOf(own)))).rejects.toThrow('no applicable key');
    // Who signed in is still signed in: refresh tokens are not signed.
    expect((await client.token({ grant_type: 'refresh_token', refresh_token: refresh })).status).toBe(200);
  });

  it('JK-06 can take every refresh token of the organization with it, and none of another', async () => {
    const [own, other] = [await makeOrganization(), await makeOrganization()];
    const signIn = async (orgkey: string) => {
      const [client, { username, password }] = [await makeKey(orgkey, { tokenType: 'opaque' }), await makeUser(orgkey)];
      const again = () => client.token({ grant_type: 'password', username: `${username}@${orgkey}`, password });
      const { body } = await again();
      const refresh = () => client.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token as string });
      return { client, again, refresh, access: body.access_token as string };
    };
    const [ended, going] = [await signIn(own), await signIn(other)];
    const [key] = (await manage('GET', `/${own}/signing-keys`)).keys as { kid: string }[];
    await revoke(own, key?.kid ?? '', '--end-grants');
    expect((await ended.refresh()).body.error).toBe('invalid_grant');
    // An opaque one is of no key: it ends with the grants.
    await eventually(async () => !(await isActive(ended.access, ended.client)));
    expect((await going.refresh()).status).toBe(200);
    expect(await isActive(going.access, going.client)).toBe(true);
    await eventually(async () => {
      const { status, body } = await ended.again();
      return status === 200 && (await isActive(body.access_token as string, ended.client));
    });
  });

  it('JK-06 C-30 is followed by the published one; all can go at once', async () => {
    const own = await makeOrganization();
    const [next, first] = await rotate(own);
    expect(await revoke(own, first?.kid ?? '')).toMatchObject([{ kid: next?.kid, state: 'active' }]);
    await rotate(own);
    const after = await revoke(own, '--all');
    expect(after).toMatchObject([{ state: 'active' }]);
    expect([next?.kid, first?.kid]).not.toContain(after[0]?.kid);
    expect(await keyward.cli(['signing-keys', 'revoke', first?.kid ?? '', '--org', own])).toMatchObject({ code: 1 });
    expect(await keyward.cli(['signing-keys', 'revoke', '--org', own])).toMatchObject({ code: 2 });
  });
});
