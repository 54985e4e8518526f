import {
  createApplication,
  deleteApplication,
  deleteKey,
  findApplication,
  findKey,
  findRelyingParty,
  generateKey,
  listApplications,
  listKeys,
  rotateSecret,
  updateApplication,
  updateKey,
  type GenerateKey,
} from '@keyward/contracts';
import {
  aKey,
  anOrganization,
  authenticate,
  call,
  codeOf,
  errorOf,
  prepareInstances,
  type Instance,
  type Instances,
} from '../../test/instances';

let instances: Instances;
let one: Instance;
let organizationId: string;
const IMPORTED = { consumerKey: 'wU62DjlyDBnq87GlBwplfqvmAbAa', consumerSecret: 'ksdSdoefDDP7wpaElfqvmjDue' };

beforeAll(async () => {
  instances = await prepareInstances();
  one = await instances.start();
});
afterAll(() => instances.close());
beforeEach(() => (organizationId = anOrganization()));

const anApplication = (name: string, more = {}) =>
  one.bus.call(createApplication, { organizationId, name, ...more }, call());
const generate = (application: string, more: Partial<GenerateKey> = {}) =>
  one.bus.call(generateKey, { organizationId, application, kind: 'production', ...more }, call());

describe('applications', () => {
  it('are found by name and by id, changed and deleted', async () => {
    const created = await anApplication('shop', { strictScopes: true });
    expect(created).toMatchObject({ organizationId, name: 'shop', multiOrganization: false, strictScopes: true });
    for (const application of ['shop', created.id])
      expect(await one.bus.call(findApplication, { organizationId, application }, call())).toEqual(created);
    const changes = { organizationId, application: 'shop', name: 'store', strictScopes: false };
    const changed = await one.bus.call(updateApplication, changes, call());
    expect(changed).toEqual({ ...created, name: 'store', strictScopes: false });
    await one.bus.call(deleteApplication, { organizationId, application: 'store' }, call());
    for (const application of ['shop', 'store', created.id])
      expect(await codeOf(one.bus.call(findApplication, { organizationId, application }, call()))).toBe('not_found');
  });

  it('answer conflict for a name that is taken in the organization, and only there', async () => {
    await anApplication('shop');
    await anApplication('store');
    expect(await codeOf(anApplication('shop'))).toBe('conflict');
    const renamed = { organizationId, application: 'store', name: 'shop' };
    expect(await codeOf(one.bus.call(updateApplication, renamed, call()))).toBe('conflict');
    const elsewhere = { organizationId: anOrganization(), name: 'shop' };
    expect(await codeOf(one.bus.call(createApplication, elsewhere, call()))).toBeUndefined();
  });

  it.each(['', 'a\0b', 'a\nb', 'a\ud800b', '019a0000-0000-7000-8000-00000000000a', 'x'.repeat(101)])(
    'take no name %j',
    async (name) => expect(await codeOf(anApplication(name))).toBe('invalid_request'),
  );

  it('are listed page by page in the order of their names', async () => {
    for (const name of ['b', 'a', 'C', 'ä', 'd']) await anApplication(name);
    const names: string[] = [];
    for (let after: string | undefined, more = true; more;) {
      const page = await one.bus.call(listApplications, { organizationId, after, limit: 2 }, call());
      names.push(...page.items.map(({ name }) => name));
      after = page.next;
      more = after !== undefined;
    }
    expect(names).toEqual(['C', 'a', 'b', 'd', 'ä']);
    const cursor = { organizationId, after: 'a\0', limit: 2 };
    expect(await codeOf(one.bus.call(listApplications, cursor, call()))).toBe('invalid_request');
  });
});

describe('consumer keys', () => {
  it('are generated with the three grants, and their secret is shown once', async () => {
    const { id } = await anApplication('shop');
    const { key, consumerSecret = '' } = await generate('shop');
    expect(key).toMatchObject({
      applicationId: id,
      application: 'shop',
      kind: 'production',
      state: 'active',
      grantTypes: ['password', 'client_credentials', 'refresh_token'],
      tokenType: 'jwt',
      public: false,
      rotateRefreshTokens: true,
      accessTokenLifetime: null,
      refreshTokenLifetime: null,
      passwordGrantSunset: null,
    });
    expect(key.consumerKey).toMatch(/^\w{28}$/);
    expect(Buffer.from(consumerSecret, 'base64url')).toHaveLength(32);
    const found = await one.bus.call(findKey, { organizationId, consumerKey: key.consumerKey }, call());
    expect(found).toEqual(key);
    expect(JSON.stringify(found)).not.toContain(consumerSecret);
    expect(found.secrets).toEqual([
      { id: expect.any(String), createdAt: key.createdAt, expiresAt: null, lastUsedAt: null },
    ]);
  });

  it('C-40 are imported as another server made them', async () => {
    const { key, consumerSecret } = await aKey(one.bus, organizationId, { ...IMPORTED, kind: 'sandbox' });
    expect(key).toMatchObject({ consumerKey: IMPORTED.consumerKey, kind: 'sandbox' });
    expect(consumerSecret).toBe(IMPORTED.consumerSecret);
    expect(await authenticate(one.bus, IMPORTED.consumerKey, IMPORTED.consumerSecret)).toMatchObject({
      organizationId,
    });
    await one.bus.call(deleteKey, { organizationId, consumerKey: IMPORTED.consumerKey }, call());
  });

  it('D.4 5 of another organization are answered conflict to an import and not_found to all else', async () => {
    await aKey(one.bus, anOrganization(), IMPORTED);
    await anApplication('shop');
    expect(await codeOf(generate('shop', IMPORTED))).toBe('conflict');
    const name = { organizationId, consumerKey: IMPORTED.consumerKey };
    const nobody = await errorOf(one.bus.call(findKey, { ...name, consumerKey: 'nobody' }, call()));
    const answers = [
      errorOf(one.bus.call(findKey, name, call())),
      errorOf(one.bus.call(updateKey, { ...name, state: 'disabled' }, call())),
      errorOf(one.bus.call(rotateSecret, name, call())),
      errorOf(one.bus.call(deleteKey, name, call())),
    ];
    expect(await Promise.all(answers)).toEqual(Array(4).fill(nobody));
    expect(nobody).toMatchObject({ code: 'not_found' });
  });

  it.each<[string, Partial<GenerateKey>]>([
    ['a weak secret', { ...IMPORTED, consumerSecret: 'password-password-password' }],
    ['a secret without its key', { consumerSecret: IMPORTED.consumerSecret }],
    ['a key without its secret', { consumerKey: IMPORTED.consumerKey }],
    ['CC-03 a key of the form of a user’s id', { ...IMPORTED, consumerKey: '019a0000-0000-7000-8000-00000000000a' }],
    ['a key of Keyward’s own', { ...IMPORTED, consumerKey: 'keyward-tool' }],
    ['a public client with a secret', { ...IMPORTED, public: true }],
    ['RT-14 a public client that keeps its refresh tokens', { public: true, rotateRefreshTokens: false }],
    ['CC-01 a public client with client_credentials', { public: true, grantTypes: ['client_credentials'] }],
    ['a sunset that is no date', { passwordGrantSunset: '2026-W40' }],
    ['abuse 36: a redirect URI that runs script', { redirectUris: ['JavaScript:alert(1)'] }],
    ['AZ-02 a scheme of its own for a web application', { redirectUris: ['com.example.app:/callback'] }],
  ])('are not made: %s', async (_, asked) => {
    await anApplication('shop');
    expect(await codeOf(generate('shop', asked))).toBe('invalid_request');
    expect((await one.bus.call(listKeys, { organizationId, limit: 1 }, call())).items).toEqual([]);
  });

  it('AZ-02 have redirect URIs, and then the grant that needs them', async () => {
    const redirectUris = ['com.example.app:/callback', 'http://127.0.0.1/'];
    const { key } = await aKey(one.bus, organizationId, { public: true, applicationType: 'native', redirectUris });
    expect(key).toMatchObject({ applicationType: 'native', redirectUris, postLogoutRedirectUris: [] });
    expect(key.grantTypes).toContain('authorization_code');
    const name = { organizationId, consumerKey: key.consumerKey };
    const found = await one.bus.call(findRelyingParty, { clientId: key.consumerKey, organizationId }, call());
    expect(found).toMatchObject({
      name: key.application,
      applicationType: 'native',
      redirectUris,
      client: { organizationId },
    });
    // What was taken as a native application's must not stay when it is none any more (abuse 40).
    expect(await codeOf(one.bus.call(updateKey, { ...name, applicationType: 'web' }, call()))).toBe('invalid_request');
    const changed = await one.bus.call(updateKey, { ...name, redirectUris: ['http://127.0.0.1/'] }, call());
    expect(changed.redirectUris).toEqual(['http://127.0.0.1/']);
    expect(await one.bus.call(findRelyingParty, { clientId: key.consumerKey }, call())).toMatchObject({
      redirectUris: ['http://127.0.0.1/'],
    });
  });

  it('MT-08 are no relying party elsewhere, disabled or unknown', async () => {
    const { key } = await aKey(one.bus, organizationId);
    const ask = (clientId: string, of?: string) =>
      codeOf(one.bus.call(findRelyingParty, { clientId, organizationId: of }, call()));
    expect(await ask(key.consumerKey, organizationId)).toBeUndefined();
    expect(await ask(key.consumerKey, anOrganization())).toBe('invalid_client');
    expect(await ask('nobody')).toBe('invalid_client');
    const disabled = { organizationId, consumerKey: key.consumerKey, state: 'disabled' } as const;
    await one.bus.call(updateKey, disabled, call());
    expect(await ask(key.consumerKey)).toBe('invalid_client');
  });

  it('RT-14 keep their refresh tokens only as confidential clients', async () => {
    const { key } = await aKey(one.bus, organizationId);
    const isPublic = await aKey(one.bus, organizationId, { public: true });
    const keeping = { organizationId, rotateRefreshTokens: false };
    const confidential = { ...keeping, consumerKey: key.consumerKey };
    expect((await one.bus.call(updateKey, confidential, call())).rotateRefreshTokens).toBe(false);
    const refused = { ...keeping, consumerKey: isPublic.key.consumerKey };
    expect(await codeOf(one.bus.call(updateKey, refused, call()))).toBe('invalid_request');
  });

  it('are changed where something is said, and null takes a setting back', async () => {
    const { key } = await aKey(one.bus, organizationId, {
      accessTokenLifetime: 120,
      passwordGrantSunset: '2030-01-01',
    });
    const name = { organizationId, consumerKey: key.consumerKey };
    const opaque = await one.bus.call(updateKey, { ...name, tokenType: 'opaque', grantTypes: ['password'] }, call());
    expect(opaque).toEqual({ ...key, tokenType: 'opaque', grantTypes: ['password'] });
    const back = await one.bus.call(
      updateKey,
      { ...name, accessTokenLifetime: null, passwordGrantSunset: null },
      call(),
    );
    expect(back).toEqual({ ...opaque, accessTokenLifetime: null, passwordGrantSunset: null });
  });

  it('CA-12 keep the secrets before valid for the overlap of the first rotation, and are fifty at most', async () => {
    const { key } = await aKey(one.bus, organizationId);
    const name = { organizationId, consumerKey: key.consumerKey };
    const valid = async () => {
      const { secrets } = await one.bus.call(findKey, name, call());
      return secrets.filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > instances.clock.now());
    };
    const start = instances.clock.now();
    for (let i = 0; i < 2; i++) {
      await one.bus.call(rotateSecret, name, call());
      instances.clock.advance(1000);
    }
    const dayAfter = (seconds: number) => new Date(start + 86_400_000 + seconds * 1000).toISOString();
    expect((await valid()).map(({ expiresAt }) => expiresAt)).toEqual([dayAfter(0), dayAfter(1), null]);
    const rotate = () => codeOf(one.bus.call(rotateSecret, { ...name, overlap: 60 }, call()));
    for (let n = 0; n < 43; n++) expect(await rotate()).toBeUndefined();
    const codes = await Promise.all(Array.from({ length: 6 }, rotate));
    expect(codes.filter((code) => code === undefined)).toHaveLength(4);
    expect(codes.filter((code) => code === 'conflict')).toHaveLength(2);
    expect(await valid()).toHaveLength(50);
    instances.clock.advance(1000);
    await one.bus.call(rotateSecret, { ...name, overlap: 0 }, call());
    expect(await valid()).toHaveLength(1);
  });

  it('of a public client have no secret to rotate', async () => {
    const { key } = await aKey(one.bus, organizationId, { public: true });
    const name = { organizationId, consumerKey: key.consumerKey };
    expect(await codeOf(one.bus.call(rotateSecret, name, call()))).toBe('invalid_request');
  });

  it('are fifty of an application at most, also when they are generated at once', async () => {
    await anApplication('shop');
    for (let n = 0; n < 46; n++) await generate('shop');
    const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(generate('shop'))));
    expect(codes.filter((code) => code === undefined)).toHaveLength(4);
    expect(codes.filter((code) => code === 'conflict')).toHaveLength(4);
  });

  it('are listed page by page, of one application or of all', async () => {
    for (const name of ['shop', 'store']) await anApplication(name);
    for (const name of ['shop', 'store', 'shop']) await generate(name);
    const list = async (application?: string) => {
      const keys: string[] = [];
      for (let after: string | undefined, more = true; more;) {
        const page = await one.bus.call(listKeys, { organizationId, application, after, limit: 1 }, call());
        keys.push(...page.items.map((key) => `${key.application} ${key.consumerKey}`));
        after = page.next;
        more = after !== undefined;
      }
      return keys;
    };
    const all = await list();
    expect(all).toHaveLength(3);
    expect(await list('shop')).toEqual(all.filter((key) => key.startsWith('shop')));
    expect(await codeOf(list('nobody'))).toBe('not_found');
  });
});
