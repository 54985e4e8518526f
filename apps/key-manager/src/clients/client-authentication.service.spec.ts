import {
  deleteApplication,
  deleteKey,
  findKey,
  rotateSecret,
  signJwt,
  updateApplication,
  updateKey,
  authenticateClient,
  checkClient,
  type ServiceError,
} from '@keyward/contracts';
import { asAdmin } from '@keyward/testing';
import {
  aKey,
  anAddress,
  anOrganization,
  authenticate,
  call,
  codeOf,
  errorOf,
  eventually,
  prepareInstances,
  type Instance,
  type Instances,
} from '../../test/instances';
import { readClient, type ClientRow } from './client-cache';

const DAY = 86_400_000;
let instances: Instances;
let one: Instance;
let other: Instance;
const organizationId = anOrganization();

beforeAll(async () => {
  instances = await prepareInstances();
  [one, other] = [await instances.start(), await instances.start()];
});
afterAll(() => instances.close());

describe('client authentication', () => {
  it('CA-01 proves a client by its secret', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId, { accessTokenLifetime: 120 });
    expect(await authenticate(one.bus, key.consumerKey, consumerSecret, { organizationId })).toEqual({
      clientId: key.consumerKey,
      organizationId,
      applicationId: key.applicationId,
      kind: 'production',
      grantTypes: ['password', 'client_credentials', 'refresh_token'],
      tokenType: 'jwt',
      public: false,
      method: 'client_secret_basic',
      tokenBinding: 'none',
      multiOrganization: false,
      strictScopes: false,
      rotateRefreshTokens: true,
      accessTokenPolicy: 'new',
      subjectType: 'public',
      accessTokenLifetime: 120,
      tokensFrom: Math.floor(Date.parse(key.createdAt) / 1000),
    });
  });

  it('CA-02 takes the second reading when the first is wrong', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const clientId = key.consumerKey;
    const credentials = [
      { clientId, clientSecret: 'decoded' },
      { clientId, clientSecret: consumerSecret },
    ];
    const client = await one.bus.call(authenticateClient, { credentials, ip: anAddress() }, call());
    expect(client.clientId).toBe(clientId);
  });

  it('CA-02 counts two readings as one attempt', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const clientId = key.consumerKey;
    const ip = anAddress();
    const credentials = ['one', 'other'].map((clientSecret) => ({ clientId, clientSecret }));
    for (let attempt = 0; attempt < 9; attempt++)
      expect(await codeOf(one.bus.call(authenticateClient, { credentials, ip }, call()))).toBe('invalid_client');
    expect(await codeOf(authenticate(one.bus, clientId, consumerSecret, { ip }))).toBeUndefined();
  });

  it('CA-07 TE-10 gives every failure one answer', async () => {
    const good = await aKey(one.bus, organizationId);
    const disabled = await aKey(one.bus, organizationId);
    const name = { organizationId, consumerKey: disabled.key.consumerKey };
    await one.bus.call(updateKey, { ...name, state: 'disabled' }, call());
    const deleted = await aKey(one.bus, organizationId);
    await one.bus.call(deleteKey, { organizationId, consumerKey: deleted.key.consumerKey }, call());
    const isPublic = await aKey(one.bus, organizationId, { public: true });
    const { consumerKey } = good.key;

    const failures = await Promise.all([
      errorOf(authenticate(one.bus, consumerKey, 'wrong')),
      errorOf(authenticate(one.bus, consumerKey)),
      errorOf(authenticate(one.bus, 'nobody', good.consumerSecret)),
      errorOf(authenticate(one.bus, 'no\0body', good.consumerSecret)),
      errorOf(authenticate(one.bus, disabled.key.consumerKey, disabled.consumerSecret)),
      errorOf(authenticate(one.bus, deleted.key.consumerKey, deleted.consumerSecret)),
      errorOf(authenticate(one.bus, consumerKey, good.consumerSecret, { organizationId: anOrganization() })),
      errorOf(authenticate(one.bus, isPublic.key.consumerKey, 'a secret')),
      errorOf(authenticate(one.bus, isPublic.key.consumerKey, '')),
    ]);
    for (const failure of failures)
      expect(failure).toMatchObject({ code: 'invalid_client', description: 'client authentication failed' });
    // Which profiles may tell; of another organization's client they are told no more than of one that does not exist.
    expect(failures.map((failure) => (failure as ServiceError).reason)).toEqual([
      ...['client_refused', 'client_refused', 'client_unknown', 'client_unknown', 'client_disabled', 'client_unknown'],
      ...['client_unknown', 'client_refused', 'client_refused'],
    ]);
  });

  it('CA-08 refuses a confidential client that sends no secret', async () => {
    const { key } = await aKey(one.bus, organizationId);
    expect(await codeOf(authenticate(one.bus, key.consumerKey))).toBe('invalid_client');
  });

  it('CA-09 takes a public client without a secret, and refuses it with one', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId, { public: true });
    expect(consumerSecret).toBe('');
    expect(await authenticate(one.bus, key.consumerKey)).toMatchObject({ public: true });
    expect(await codeOf(authenticate(one.bus, key.consumerKey, 'a secret'))).toBe('invalid_client');
  });

  it('CA-12 takes two secrets until the older one expires', async () => {
    const { key, consumerSecret: old } = await aKey(one.bus, organizationId);
    const name = { organizationId, consumerKey: key.consumerKey };
    const { consumerSecret: next } = await one.bus.call(rotateSecret, name, call());
    for (const secret of [old, next])
      expect(await codeOf(authenticate(one.bus, key.consumerKey, secret))).toBeUndefined();
    instances.clock.advance(DAY - 1);
    expect(await codeOf(authenticate(one.bus, key.consumerKey, old))).toBeUndefined();
    instances.clock.advance(1);
    expect(await codeOf(authenticate(one.bus, key.consumerKey, old))).toBe('invalid_client');
    expect(await codeOf(authenticate(one.bus, key.consumerKey, next))).toBeUndefined();
  });

  it('CA-12 shows when a secret was used last', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId);
    const name = { organizationId, consumerKey: key.consumerKey };
    const third = await instances.start();
    await authenticate(third.bus, key.consumerKey, consumerSecret);
    await third.close();
    const { secrets } = await one.bus.call(findKey, name, call());
    expect(secrets.map(({ lastUsedAt }) => lastUsedAt)).toEqual([new Date(instances.clock.now()).toISOString()]);
  });
});

describe('C-62 abuse 14 whose tokens are still good', () => {
  const check = (consumerKey: string, of = organizationId, { bus } = one) =>
    codeOf(bus.call(checkClient, { organizationId: of, clientId: consumerKey }, call()));

  it('C-62 those of a client of the organization, public or not', async () => {
    for (const settings of [{}, { public: true }]) {
      const { key } = await aKey(one.bus, organizationId, settings);
      expect(await check(key.consumerKey)).toBeUndefined();
      expect(await check(key.consumerKey, anOrganization())).toBe('invalid_client');
    }
    for (const none of ['nobody', 'no\0body', '']) expect(await check(none)).toBe('invalid_client');
  });

  it('C-62 not while it is disabled, nor when it is deleted, at any instance', async () => {
    const { key } = await aKey(one.bus, organizationId);
    const { consumerKey } = key;
    const everywhere = (code?: string) =>
      eventually(
        async () => (await check(consumerKey)) === code && (await check(consumerKey, organizationId, other)) === code,
      );
    const name = { organizationId, consumerKey };
    expect(await everywhere()).toBe(true);
    await one.bus.call(updateKey, { ...name, state: 'disabled' }, call());
    expect(await check(consumerKey)).toBe('invalid_client');
    expect(await everywhere('invalid_client')).toBe(true);
    await one.bus.call(updateKey, { ...name, state: 'active' }, call());
    expect(await everywhere()).toBe(true);
    await one.bus.call(deleteKey, name, call());
    expect(await everywhere('invalid_client')).toBe(true);
  });
});

describe('what an instance remembers', () => {
  const forgotten = async (consumerKey: string, secret: string, expected = 'invalid_client') =>
    eventually(async () => (await codeOf(authenticate(other.bus, consumerKey, secret))) === expected);
  const remembered = async () => {
    const generated = await aKey(one.bus, organizationId);
    await authenticate(one.bus, generated.key.consumerKey, generated.consumerSecret);
    await authenticate(other.bus, generated.key.consumerKey, generated.consumerSecret);
    return { ...generated, name: { organizationId, consumerKey: generated.key.consumerKey } };
  };

  it('changes everywhere when a key is disabled and enabled', async () => {
    const { key, consumerSecret, name } = await remembered();
    await one.bus.call(updateKey, { ...name, state: 'disabled' }, call());
    expect(await codeOf(authenticate(one.bus, key.consumerKey, consumerSecret))).toBe('invalid_client');
    expect(await forgotten(key.consumerKey, consumerSecret)).toBe(true);
    await one.bus.call(updateKey, { ...name, state: 'active' }, call());
    expect(await codeOf(authenticate(one.bus, key.consumerKey, consumerSecret))).toBeUndefined();
  });

  it('changes everywhere when a secret is replaced at once', async () => {
    const { key, consumerSecret, name } = await remembered();
    await one.bus.call(rotateSecret, { ...name, overlap: 0 }, call());
    expect(await codeOf(authenticate(one.bus, key.consumerKey, consumerSecret))).toBe('invalid_client');
    expect(await forgotten(key.consumerKey, consumerSecret)).toBe(true);
  });

  it('changes everywhere when the application is deleted', async () => {
    const { key, consumerSecret } = await remembered();
    await one.bus.call(deleteApplication, { organizationId, application: key.applicationId }, call());
    expect(await codeOf(authenticate(one.bus, key.consumerKey, consumerSecret))).toBe('invalid_client');
    expect(await forgotten(key.consumerKey, consumerSecret)).toBe(true);
  });

  it('changes everywhere with the application', async () => {
    const { key, consumerSecret } = await remembered();
    const application = { organizationId, application: key.applicationId };
    await one.bus.call(updateApplication, { ...application, strictScopes: true }, call());
    const isStrict = async () => (await authenticate(other.bus, key.consumerKey, consumerSecret)).strictScopes;
    expect(await eventually(isStrict)).toBe(true);
  });

  it('ends when a key that was asked for in vain is imported', async () => {
    const pair = { consumerKey: 'wU62DjlyDBnq87GlBwplfqvmAbAa', consumerSecret: 'ksdSdoefDDP7wpaElfqvmjDue' };
    for (const { bus } of [one, other])
      expect(await codeOf(authenticate(bus, pair.consumerKey, pair.consumerSecret))).toBe('invalid_client');
    await aKey(one.bus, organizationId, pair);
    expect(await codeOf(authenticate(one.bus, pair.consumerKey, pair.consumerSecret))).toBeUndefined();
    const isThere = async () =>
      (await codeOf(authenticate(other.bus, pair.consumerKey, pair.consumerSecret))) === undefined;
    expect(await eventually(isThere)).toBe(true);
  });

  it('is all that a success reads: without the database clients are authenticated and tokens signed', async () => {
    const { key, consumerSecret } = await remembered();
    const claims = { iss: 'https://a.example', sub: 'a', exp: Math.floor(instances.clock.now() / 1000) + 60 };
    const token = { organizationId, type: 'at+jwt', claims } as const;
    await one.bus.call(signJwt, token, call());
    // A change makes each instance forget the key once more when it is heard: until the last one is.
    const last = { organizationId, application: key.applicationId, strictScopes: true };
    await other.bus.call(updateApplication, last, call());
    const isHeard = async () => (await authenticate(one.bus, key.consumerKey, consumerSecret)).strictScopes;
    expect(await eventually(isHeard)).toBe(true);
    await withoutDatabase(async () => {
      for (let i = 0; i < 20; i++)
        expect(await authenticate(one.bus, key.consumerKey, consumerSecret)).toMatchObject({ organizationId });
      expect((await one.bus.call(signJwt, token, call())).jwt).toMatch(/^ey/);
      // BF-23: a wrong secret is counted by the instance itself.
      const ip = anAddress();
      for (let i = 0; i < 10; i++)
        expect(await codeOf(authenticate(one.bus, key.consumerKey, 'wrong', { ip }))).toBe('invalid_client');
      expect(await codeOf(authenticate(one.bus, key.consumerKey, consumerSecret, { ip }))).toBe('too_many_requests');
      // What cannot be read is not said to be unknown.
      expect(await codeOf(authenticate(one.bus, 'notReadYet', 'wrong'))).not.toBe('invalid_client');
    });
    const isBack = async () => (await codeOf(authenticate(one.bus, 'notReadYet', 'wrong'))) === 'invalid_client';
    expect(await eventually(isBack)).toBe(true);
  });
});

it('find_client, which every migration defines anew, returns the columns that are read, and no other', async () => {
  const { key } = await aKey(one.bus, organizationId);
  const [row] = await asAdmin(
    instances.database.adminUrl,
    async (admin) =>
      (await admin.query<ClientRow>('SELECT * FROM key_manager.find_client($1)', [key.consumerKey])).rows,
  );
  const read = new Set<string | symbol>();
  const noting = <T extends object>(object: T): T =>
    new Proxy(object, { get: (target, name) => (read.add(name), Reflect.get(target, name)) });
  expect(readClient(key.consumerKey, [noting({ ...row!, key: noting(row!.key) })])?.active).toBe(true);
  expect([...read].sort()).toEqual([...Object.keys(row!), ...Object.keys(row!.key)].sort());
});

/** Cuts every connection to the database of this spec and lets nobody in while `work` runs. */
async function withoutDatabase(work: () => Promise<void>): Promise<void> {
  const { adminUrl } = instances.database;
  const name = new URL(adminUrl).pathname.slice(1);
  const server = new URL('/postgres', adminUrl).href;
  await asAdmin(server, async (admin) => {
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, [name]);
    try {
      await work();
    } finally {
      await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    }
  });
}
