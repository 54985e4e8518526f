import {
  createInitialAccessToken,
  endRegistration,
  findKey,
  listApplications,
  listInitialAccessTokens,
  listRegistrations,
  readRegistration,
  registerClient,
  replaceRegistration,
  revokeInitialAccessToken,
  updateKey,
  type ClientInformation,
  type RegisterClient,
} from '@keyward/contracts';
import { asAdmin } from '@keyward/testing';
import {
  anOrganization,
  authenticate,
  call,
  codeOf,
  errorOf,
  prepareInstances,
  type Instances,
} from '../../test/instances';

let instances: Instances;
let organizationId: string;

beforeAll(async () => {
  instances = await prepareInstances();
  const limits = { REGISTERED_CLIENTS: '4', OPEN_REGISTRATIONS: '2' };
  await instances.start(limits);
  await instances.start(limits);
});
afterAll(() => instances.close());
beforeEach(() => (organizationId = anOrganization()));

const metadata = { redirect_uris: ['https://app.example/callback'], client_name: 'Shop' };
const register = (more: Partial<RegisterClient> = {}) =>
  instances.bus.call(
    registerClient,
    { organizationId, metadata, highAssurance: false, open: false, ip: '192.0.2.1', ...more },
    call(),
  );
const newToken = async (more: { maxUses?: number; lifetime?: number } = {}) => {
  const { initialAccessToken } = await instances.bus.call(
    createInitialAccessToken,
    { organizationId, ...more },
    call(),
  );
  return initialAccessToken;
};
const registered = async (asked: object = metadata) =>
  register({ accessToken: await newToken(), metadata: asked as Record<string, unknown> });
const its = ({ clientId, accessToken }: ClientInformation) => ({ organizationId, clientId, accessToken });
const replace = (client: ClientInformation, asked: object) =>
  instances.bus.call(
    replaceRegistration,
    { ...its(client), highAssurance: false, metadata: asked as Record<string, unknown> },
    call(),
  );

describe('initial access tokens', () => {
  it('DR-01 DR-07 let in who has one, and nobody else', async () => {
    expect(await codeOf(register())).toBe('invalid_token');
    expect(await codeOf(register({ accessToken: 'kiat_unknown' }))).toBe('invalid_token');
    expect(await codeOf(register({ accessToken: 'kiat_unknown', open: true }))).toBe('invalid_token');
    const accessToken = await newToken();
    organizationId = anOrganization();
    expect(await codeOf(register({ accessToken }))).toBe('invalid_token');
  });

  it('DR-07 register as many clients as they may, also when all come at once', async () => {
    const accessToken = await newToken({ maxUses: 3 });
    const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(register({ accessToken }))));
    expect(codes.filter((code) => code === undefined)).toHaveLength(3);
    expect(new Set(codes)).toEqual(new Set([undefined, 'invalid_token']));
    const { items } = await instances.bus.call(listInitialAccessTokens, { organizationId, limit: 10 }, call());
    expect(items).toMatchObject([{ uses: 3, maxUses: 3 }]);
  });

  it('DR-07 are not used up by what is refused', async () => {
    const accessToken = await newToken();
    expect(await codeOf(register({ accessToken, metadata: {} }))).toBe('invalid_redirect_uri');
    expect(await codeOf(register({ accessToken }))).toBeUndefined();
  });

  it('DR-07 end when their time is over, or they are revoked', async () => {
    const accessToken = await newToken({ lifetime: 60 });
    instances.clock.advance(61_000);
    expect(await codeOf(register({ accessToken }))).toBe('invalid_token');
    const other = await newToken({ maxUses: 2 });
    const client = await register({ accessToken: other });
    const { items } = await instances.bus.call(listInitialAccessTokens, { organizationId, limit: 10 }, call());
    for (const { id } of items) await instances.bus.call(revokeInitialAccessToken, { organizationId, id }, call());
    expect(await codeOf(register({ accessToken: other }))).toBe('invalid_token');
    expect(await codeOf(instances.bus.call(readRegistration, its(client), call()))).toBeUndefined();
    const gone = { organizationId, id: items[0]?.id ?? '' };
    expect(await codeOf(instances.bus.call(revokeInitialAccessToken, gone, call()))).toBe('not_found');
  });
});

describe('a client that registers itself', () => {
  it('DR-02 gets an id, a secret and all that is registered of it', async () => {
    const client = await registered({ ...metadata, x: 'unknown', contacts: ['ops@app.example'] });
    expect(client).toEqual({
      clientId: expect.stringMatching(/^\w{28}$/),
      clientSecret: expect.stringMatching(/^[\w-]{43}$/),
      accessToken: expect.stringMatching(/^kcrt_[\w-]{43}$/),
      issuedAt: Math.floor(instances.clock.now() / 1000),
      metadata: {
        ...{ ...metadata, contacts: ['ops@app.example'], token_endpoint_auth_method: 'client_secret_basic' },
        ...{ grant_types: ['authorization_code'], response_types: ['code'], application_type: 'web' },
        ...{ id_token_signed_response_alg: 'RS256', subject_type: 'public' },
      },
    });
    const { clientId, clientSecret } = client;
    expect(await authenticate(instances.bus, clientId, clientSecret)).toMatchObject({
      ...{ clientId, organizationId, multiOrganization: false, grantTypes: ['authorization_code'] },
    });
  });

  it('DR-02 belongs to an application, which its name cannot pass off as another', async () => {
    const { clientId } = await registered();
    const { items } = await instances.bus.call(listApplications, { organizationId, limit: 10 }, call());
    expect(items.map(({ name }) => name)).toEqual([`Shop (${clientId.slice(0, 8)})`]);
    const list = await instances.bus.call(listRegistrations, { organizationId, limit: 10 }, call());
    expect(list.items).toMatchObject([
      { clientId, applicationId: items[0]?.id, by: 'token', tokenId: expect.any(String), trusted: true },
    ]);
  });

  it('DR-08 neither token is stored, but a hash of it', async () => {
    const accessToken = await newToken();
    const client = await register({ accessToken });
    const rows = await asAdmin(instances.database.adminUrl, (admin) =>
      admin.query(
        `SELECT t::text FROM key_manager.initial_access_tokens t UNION ALL SELECT r::text FROM key_manager.client_registrations r`,
      ),
    );
    const stored = JSON.stringify(rows.rows);
    expect(stored).toContain(client.clientId);
    for (const token of [accessToken, client.accessToken, client.clientSecret ?? ''])
      for (const form of [token, Buffer.from(token).toString('hex'), token.slice(5)])
        expect(stored).not.toContain(form);
  });

  it('DR-03 refuses keys that nothing can be verified by, and changes nothing', async () => {
    const asked = { ...metadata, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'RSA' }] } };
    expect(await codeOf(registered(asked))).toBe('invalid_client_metadata');
    expect(await codeOf(registered({ ...asked, jwks: undefined }))).toBe('invalid_client_metadata');
    expect(await codeOf(registered({ ...asked, jwks: undefined, jwks_uri: 'http://a.example/' }))).toBe(
      'invalid_client_metadata',
    );
    const { items } = await instances.bus.call(listApplications, { organizationId, limit: 10 }, call());
    expect(items).toEqual([]);
  });

  it('DR-06 reads, replaces and ends itself with its token, which each change replaces', async () => {
    const client = await registered({ ...metadata, contacts: ['a@app.example'] });
    const { clientId } = client;
    expect(await instances.bus.call(readRegistration, its(client), call())).toEqual({
      ...client,
      clientSecret: undefined,
      applicationId: expect.any(String),
    });
    const changed = await replace(client, { client_id: clientId, redirect_uris: ['https://b.example/'] });
    expect(changed.accessToken).not.toBe(client.accessToken);
    expect(changed.clientSecret).toBeUndefined();
    expect(changed.metadata).toMatchObject({ redirect_uris: ['https://b.example/'] });
    expect(changed.metadata).not.toHaveProperty('contacts');
    expect(await codeOf(instances.bus.call(readRegistration, its(client), call()))).toBe('invalid_token');
    const { applicationId } = await instances.bus.call(endRegistration, its(changed), call());
    expect(applicationId).toEqual(expect.any(String));
    expect(await codeOf(instances.bus.call(readRegistration, its(changed), call()))).toBe('invalid_token');
    expect(await codeOf(authenticate(instances.bus, clientId, client.clientSecret))).toBe('invalid_client');
    const { items } = await instances.bus.call(listApplications, { organizationId, limit: 10 }, call());
    expect(items).toEqual([]);
  });

  it('DR-06 of many changes at once with one token one is made', async () => {
    const client = await registered();
    const asked = { client_id: client.clientId, ...metadata };
    const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(replace(client, asked))));
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === 'invalid_token')).toHaveLength(4);
  });

  it('DR-06 names itself in what it replaces, and no other secret', async () => {
    const client = await registered();
    const { clientId: client_id, clientSecret: client_secret } = client;
    for (const wrong of [{}, { client_id: 'another' }, { client_id, client_secret: 'another' }])
      expect(await codeOf(replace(client, { ...metadata, ...wrong }))).toBe('invalid_client_metadata');
    expect(await codeOf(replace(client, { ...metadata, client_id, client_secret }))).toBeUndefined();
  });

  it('DR-06 stays public or confidential, and gets a secret where it had none', async () => {
    const client = await registered();
    const asked = { ...metadata, client_id: client.clientId };
    expect(await codeOf(replace(client, { ...asked, token_endpoint_auth_method: 'none' }))).toBe(
      'invalid_client_metadata',
    );
    const uri = 'https://app.example/jwks';
    const withKeys = { ...asked, token_endpoint_auth_method: 'private_key_jwt', jwks_uri: uri };
    const asymmetric = await replace(client, withKeys);
    expect(asymmetric.metadata).toMatchObject({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: uri });
    const symmetric = await replace(asymmetric, asked);
    expect(symmetric.clientSecret).toMatch(/^[\w-]{43}$/);
    const { clientId, clientSecret } = symmetric;
    expect(await codeOf(authenticate(instances.bus, clientId, clientSecret))).toBeUndefined();
    expect(await codeOf(authenticate(instances.bus, clientId, client.clientSecret))).toBe('invalid_client');
  });

  it('DR-06 what an administrator has set beside stays', async () => {
    const client = await registered();
    const { clientId: consumerKey } = client;
    const own = { tokenType: 'opaque', accessTokenLifetime: 60, tokenBinding: 'dpop' } as const;
    await instances.bus.call(updateKey, { organizationId, consumerKey, ...own }, call());
    await replace(client, { ...metadata, client_id: consumerKey });
    expect(await instances.bus.call(findKey, { organizationId, consumerKey }, call())).toMatchObject(own);
  });

  it('DR-06 has no token for another client, or for one that is disabled', async () => {
    const [client, other] = [await registered(), await registered()];
    const crossed = { ...its(client), clientId: other.clientId };
    expect(await codeOf(instances.bus.call(readRegistration, crossed, call()))).toBe('invalid_token');
    const elsewhere = { ...its(client), organizationId: anOrganization() };
    expect(await codeOf(instances.bus.call(readRegistration, elsewhere, call()))).toBe('invalid_token');
    const consumerKey = client.clientId;
    await instances.bus.call(updateKey, { organizationId, consumerKey, state: 'disabled' }, call());
    expect(await codeOf(instances.bus.call(readRegistration, its(client), call()))).toBe('invalid_token');
  });
});

describe('where anyone may register', () => {
  it('DR-01 clients are trusted by nobody, until an administrator says otherwise or they change', async () => {
    const client = await register({ open: true });
    const find = async () =>
      (await instances.bus.call(listRegistrations, { organizationId, limit: 10 }, call())).items[0];
    expect(await find()).toMatchObject({ by: 'open', tokenId: null, trusted: false });
    const { clientId } = client;
    await instances.bus.call(updateKey, { organizationId, consumerKey: clientId, trusted: true }, call());
    expect(await find()).toMatchObject({ trusted: true });
    await replace(client, { ...metadata, client_id: clientId });
    expect(await find()).toMatchObject({ trusted: false });
  });

  it('DR-01 one address registers so many in an hour, and others may still', async () => {
    await register({ open: true });
    await register({ open: true });
    expect(await errorOf(register({ open: true }))).toMatchObject({ code: 'too_many_requests', retryAfter: 3600 });
    expect(await codeOf(register({ open: true, ip: '198.51.100.7' }))).toBeUndefined();
    expect(await codeOf(register({ accessToken: await newToken() }))).toBeUndefined();
  });

  it('DR-01 an organization has so many of them and no more, also when all come at once', async () => {
    const accessToken = await newToken({ maxUses: 10 });
    const codes = await Promise.all(Array.from({ length: 6 }, () => codeOf(register({ accessToken }))));
    expect(codes.filter((code) => code === undefined)).toHaveLength(4);
    expect(codes.filter((code) => code === 'too_many_requests')).toHaveLength(2);
    const { items } = await instances.bus.call(listInitialAccessTokens, { organizationId, limit: 10 }, call());
    expect(items).toMatchObject([{ uses: 4 }]);
  });
});
