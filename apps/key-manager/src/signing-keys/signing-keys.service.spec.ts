import {
  getJwks,
  listSigningKeys,
  revokeSigningKey,
  rotateSigningKey,
  signJwt,
  type PublicJwk,
} from '@keyward/contracts';
import { asAdmin } from '@keyward/testing';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import {
  aKey,
  anOrganization,
  call,
  codeOf,
  eventually,
  prepareInstances,
  type Instance,
  type Instances,
} from '../../test/instances';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let instances: Instances;
let one: Instance;
let other: Instance;
let organizationId: string;

beforeAll(async () => {
  instances = await prepareInstances();
  [one, other] = [await instances.start({ SIGNING_KEY_STOCK: '2' }), await instances.start()];
});
afterAll(() => instances.close());
beforeEach(() => (organizationId = anOrganization()));

const seconds = () => Math.floor(instances.clock.now() / 1000);
const jwks = async ({ bus }: Instance, organization = organizationId) =>
  (await bus.call(getJwks, { organizationId: organization }, call())).keys;
const sign = async ({ bus }: Instance, more = {}, organization = organizationId) => {
  const claims = { iss: 'https://keyward.example/t/a', sub: 'a', exp: seconds() + 3600, ...more };
  return (await bus.call(signJwt, { organizationId: organization, type: 'at+jwt', claims }, call())).jwt;
};
const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid;
const rotate = async (now = false) => {
  instances.clock.advance(1000);
  return (await one.bus.call(rotateSigningKey, { organizationId, now }, call())).keys;
};
const states = async ({ bus }: Instance) =>
  (await bus.call(listSigningKeys, { organizationId }, call())).keys.map(({ state }) => state);
const verifies = async (jwt: string, keys: PublicJwk[]) => {
  const currentDate = new Date(instances.clock.now());
  return jwtVerify(jwt, createLocalJWKSet({ keys }), { typ: 'at+jwt', algorithms: ['ES256'], currentDate }).then(
    () => true,
    () => false,
  );
};

describe('signing', () => {
  it('AT-01 signs the claims as they are, and every instance’s JWKS verifies them', async () => {
    const claims = {
      iss: 'https://keyward.example/t/a',
      sub: 'ü',
      exp: seconds() + 60,
      amr: ['pwd'],
      nested: { a: [1] },
    };
    const { jwt } = await one.bus.call(signJwt, { organizationId, type: 'at+jwt', claims }, call());
    expect(JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString())).toEqual(claims);
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
    for (const instance of [one, other]) expect(await verifies(jwt, await jwks(instance))).toBe(true);
  });

  it.each([
    ['without exp', { exp: undefined }],
    ['without iss', { iss: undefined }],
    ['alive for longer than a retired key is published', { exp: 10_000_000_000 }],
  ])('signs nothing %s', async (_, claims) => expect(await codeOf(sign(one, claims))).toBe('invalid_request'));

  it('JK-01 makes one key when several instances need it at once', async () => {
    const jwts = await Promise.all(Array.from({ length: 20 }, (_, i) => sign(i % 2 ? one : other)));
    const keys = await jwks(one);
    expect(keys).toHaveLength(1);
    expect(new Set(jwts.map(kidOf))).toEqual(new Set([keys[0]?.kid]));
  });
});

it('C-20 C-30 organizations that are to have an RS256 key some time get it, and another signs meanwhile', async () => {
  const many = Array.from({ length: 5 }, anOrganization);
  const prepared = async () => {
    const lists = await Promise.all(many.map((organization) => jwks(one, organization)));
    return lists.filter((keys) => keys.some(({ alg }) => alg === 'RS256')).length;
  };
  const asked = { redirectUris: ['https://app.example/callback'], grantTypes: ['authorization_code'] };
  for (const organization of many) await aKey(one.bus, organization, asked);
  const claims = { iss: 'https://keyward.example/t/a', sub: 'a', exp: seconds() + 60 };
  await one.bus.call(signJwt, { organizationId, alg: 'RS256', type: 'JWT', claims }, call());
  expect(await eventually(async () => (await prepared()) === many.length)).toBe(true);
});

describe('the JWKS', () => {
  it('JK-02 JK-03 has public keys only, each with kid, use and alg', async () => {
    await rotate(true);
    await rotate(true);
    const keys = await jwks(one);
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
      expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256' });
    }
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
  });

  it('JK-07 of one organization has no key of another', async () => {
    const another = anOrganization();
    const [own, theirs] = [await jwks(one), await jwks(one, another)];
    expect(own.map(({ kid }) => kid)).not.toEqual(theirs.map(({ kid }) => kid));
    expect(await verifies(await sign(one), theirs)).toBe(false);
    expect(await verifies(await sign(one, {}, another), own)).toBe(false);
  });
});

describe('rotation', () => {
  it('JK-05 publishes the next key a day ahead, switches, and keeps the old one until its tokens are dead', async () => {
    const old = await sign(one);
    expect((await rotate()).map(({ state }) => state)).toEqual(['published', 'active']);
    const [next, first] = await jwks(one);
    expect([kidOf(await sign(one)), kidOf(old)]).toEqual([first?.kid, first?.kid]);

    instances.clock.advance(DAY - 1);
    const last = await sign(one, { exp: seconds() + 86_400 });
    expect(kidOf(last)).toBe(first?.kid);
    instances.clock.advance(1);
    for (const instance of [one, other]) {
      const jwt = await sign(instance);
      expect(kidOf(jwt)).toBe(next?.kid);
      expect(await states(instance)).toEqual(['active', 'retiring']);
      for (const token of [jwt, last]) expect(await verifies(token, await jwks(instance))).toBe(true);
    }
    instances.clock.advance(2 * DAY - 1);
    expect(await jwks(one)).toHaveLength(2);
    instances.clock.advance(1);
    for (const instance of [one, other]) expect((await jwks(instance)).map(({ kid }) => kid)).toEqual([next?.kid]);
  });

  it('JK-04 at once, the other instances sign with the new key, and old tokens still verify', async () => {
    const [before] = [await sign(one), await sign(other)];
    const [next] = await rotate(true);
    expect(next?.kid).not.toBe(kidOf(before));
    expect(kidOf(await sign(one))).toBe(next?.kid);
    expect(await eventually(async () => kidOf(await sign(other)) === next?.kid)).toBe(true);
    for (const instance of [one, other])
      for (const jwt of [before, await sign(instance)]) expect(await verifies(jwt, await jwks(instance))).toBe(true);
  });

  it('begins no two keys at the same moment', async () => {
    const { bus } = one;
    for (let i = 0; i < 3; i++) await bus.call(rotateSigningKey, { organizationId, now: true }, call());
    const { keys } = await bus.call(listSigningKeys, { organizationId }, call());
    expect(new Set(keys.map(({ activatesAt }) => activatesAt)).size).toBe(keys.length);
  });

  it('asked for twice publishes one key, and at once begins the published one', async () => {
    await jwks(one);
    const [next] = await rotate();
    expect((await rotate()).map(({ kid }) => kid)[0]).toBe(next?.kid);
    const keys = await rotate(true);
    expect(keys.map(({ state }) => state)).toEqual(['active', 'retiring']);
    expect(keys[0]?.kid).toBe(next?.kid);
  });

  it('C-30 happens by itself in time, once, and forgets what is gone', async () => {
    const first = kidOf(await sign(one));
    // The schedule runs at the start: of two instances that start at once, one does the work.
    const startUntil = async (done: () => Promise<boolean>) => {
      const started = await Promise.all([instances.start(), instances.start()]);
      expect(await eventually(done)).toBe(true);
      await Promise.all(started.map((instance) => instance.close()));
    };
    instances.clock.advance(89 * DAY);
    await startUntil(async () => (await states(one)).length > 1);
    expect(await states(one)).toEqual(['published', 'active']);
    expect(kidOf(await sign(one))).toBe(first);
    instances.clock.advance(DAY);
    expect(await states(one)).toEqual(['active', 'retiring']);
    expect(kidOf(await sign(one))).not.toBe(first);
    instances.clock.advance(2 * DAY);
    await startUntil(async () => (await stored()) === 1);
  });
});

describe('C-30 JK-06 a key that is revoked', () => {
  const revoke = async (kid = '', organization = organizationId) =>
    (await one.bus.call(revokeSigningKey, { organizationId: organization, kid }, call())).keys;

  it('is followed by a new one where none is published, and an older one does not sign again', async () => {
    const oldest = kidOf(await sign(one));
    const [second] = await rotate(true);
    const keys = await revoke(second?.kid);
    expect(keys.map(({ kid, state }) => [kid === oldest, state])).toEqual([
      [false, 'active'],
      [true, 'retiring'],
    ]);
    expect(kidOf(await sign(one))).toBe(keys[0]?.kid);
    expect(await eventually(async () => kidOf(await sign(other)) === keys[0]?.kid)).toBe(true);
    for (const instance of [one, other])
      expect((await jwks(instance)).map(({ kid }) => kid)).not.toContain(second?.kid);
  });

  it('and was only published leaves the one that signs as it was', async () => {
    await sign(one);
    const [next, active] = await rotate();
    expect(await revoke(next?.kid)).toMatchObject([{ kid: active?.kid, state: 'active', expiresAt: null }]);
  });

  it('is one of this organization and still there', async () => {
    const kid = kidOf(await sign(one));
    expect(await codeOf(revoke(kid, anOrganization()))).toBe('not_found');
    await revoke(kid);
    expect(await codeOf(revoke(kid))).toBe('not_found');
    expect(await stored()).toBe(1);
  });
});

const stored = () =>
  asAdmin(instances.database.adminUrl, async (admin) => {
    const sql = 'SELECT FROM key_manager.signing_keys WHERE organization_id = $1';
    return (await admin.query(sql, [organizationId])).rowCount;
  });

describe('keys at rest', () => {
  it('C-31 are of no use to another organization', async () => {
    const another = anOrganization();
    for (const organization of [organizationId, another]) await jwks(one, organization);
    await asAdmin(instances.database.adminUrl, (admin) =>
      admin.query(
        `UPDATE key_manager.signing_keys AS mine SET wrapped_key = theirs.wrapped_key, ciphertext = theirs.ciphertext
           FROM key_manager.signing_keys AS theirs
           WHERE mine.organization_id = $1 AND theirs.organization_id = $2`,
        [organizationId, another],
      ),
    );
    expect(await codeOf(sign(other))).toBe('server_error');
    expect(await codeOf(sign(other, {}, another))).toBeUndefined();
  });

  it('C-31 are nowhere readable in the database', async () => {
    const jwt = await sign(one);
    const rows = await asAdmin(instances.database.adminUrl, async (admin) => {
      const sql = 'SELECT * FROM key_manager.signing_keys WHERE organization_id = $1';
      return (await admin.query<Record<string, unknown>>(sql, [organizationId])).rows;
    });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ kid: kidOf(jwt) });
    for (const value of Object.values(rows[0]!)) {
      const text = Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value);
      expect(text).not.toContain('"d":');
    }
  });
});
