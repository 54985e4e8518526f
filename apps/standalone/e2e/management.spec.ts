import { type Answer } from '@keyward/testing';
import { ask, operations } from './support/management';
import { makeKey, makeOrganization, makeUser, manage, unique } from './support/operator';

let org: string;

beforeAll(async () => {
  org = await makeOrganization();
});

describe('every operation does what it is for', () => {
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const secret = expect.stringMatching(/^[A-Za-z0-9_-]{43}$/);
  const organization = { id: expect.any(String), state: 'active', passwordGrant: true, createdAt: time };
  const newUser = async () => (await makeUser(org)).username;
  const newApplication = async () =>
    (await manage('POST', `/${org}/applications`, { name: unique('app') })).name as string;
  const userOf = (username: string) => ({
    ...{ id: expect.any(String), organizationId: expect.any(String), username, state: 'active' },
    ...{ roles: [], lockedUntil: null, createdAt: time },
  });
  const applicationOf = (name: string) => ({
    ...{ id: expect.any(String), organizationId: expect.any(String), name, createdAt: time },
    ...{ multiOrganization: false, strictScopes: false },
  });
  const keyOf = (application: string) => ({
    ...{ consumerKey: expect.any(String), applicationId: expect.any(String), application, kind: 'production' },
    ...{ state: 'active', grantTypes: ['password', 'client_credentials', 'refresh_token'], tokenType: 'jwt' },
    ...{ tokenEndpointAuthMethod: 'client_secret_basic', jwks: null, jwksUri: null },
    ...{ public: false, rotateRefreshTokens: true, accessTokenLifetime: null, refreshTokenLifetime: null },
    ...{ passwordGrantSunset: null, applicationType: 'web', redirectUris: [], postLogoutRedirectUris: [] },
    createdAt: time,
    secrets: [{ id: expect.any(String), createdAt: time, expiresAt: null, lastUsedAt: null }],
  });
  const activeKey = { kid: expect.any(String), alg: 'ES256', state: 'active', publishedAt: time, activatesAt: time };

  /** By operation: a request, the status and the whole body of its answer. */
  const HAPPY: Record<string, () => Promise<[Answer, number, unknown]>> = {
    'GET /': async () => [
      await ask('GET', `?limit=1&after=${org.slice(0, -1)}`),
      200,
      { items: [{ ...organization, key: org, name: org }], next: expect.anything() },
    ],
    'POST /': async () => {
      const key = unique('new');
      return [
        await ask('POST', '', { key, name: 'A name \u{1f511}' }),
        201,
        { ...organization, key, name: 'A name \u{1f511}' },
      ];
    },
    'GET /{orgkey}': async () => [await ask('GET', `/${org}`), 200, { ...organization, key: org, name: org }],
    'PATCH /{orgkey}': async () => {
      const changed = await makeOrganization();
      const changes = { name: 'Renamed', passwordGrant: false, state: 'suspended' };
      return [await ask('PATCH', `/${changed}`, changes), 200, { ...organization, key: changed, ...changes }];
    },
    'GET /{orgkey}/users': async () => {
      const username = await newUser();
      return [
        await ask('GET', `/${org}/users?limit=200&after=${username.slice(0, -1)}`),
        200,
        containing(userOf(username)),
      ];
    },
    'POST /{orgkey}/users': async () => {
      const username = `${unique('ann')}@mail.example`;
      const answer = await ask('POST', `/${org}/users`, { username, state: 'pending', roles: ['a'] });
      const user = { ...userOf(username), state: 'pending', roles: ['a'] };
      return [answer, 201, { user, password: expect.stringMatching(/^.{20,}$/) }];
    },
    'GET /{orgkey}/users/{username}': async () => {
      const username = await newUser();
      return [await ask('GET', `/${org}/users/${username.toUpperCase()}`), 200, userOf(username)];
    },
    'PATCH /{orgkey}/users/{username}': async () => {
      const username = await newUser();
      const changes = { state: 'disabled', roles: ['b', 'c'] };
      return [await ask('PATCH', `/${org}/users/${username}`, changes), 200, { ...userOf(username), ...changes }];
    },
    'DELETE /{orgkey}/users/{username}': async () => [await ask('DELETE', `/${org}/users/${await newUser()}`), 204, ''],
    'POST /{orgkey}/users/{username}/unlock': async () => {
      const username = await newUser();
      return [await ask('POST', `/${org}/users/${username}/unlock`), 200, userOf(username)];
    },
    'POST /{orgkey}/users/{username}/reset-password': async () => {
      const username = await newUser();
      const password = 'correct horse battery staple';
      return [
        await ask('POST', `/${org}/users/${username}/reset-password`, { password }),
        200,
        { user: userOf(username) },
      ];
    },
    'GET /{orgkey}/applications': async () => {
      const name = await newApplication();
      return [await ask('GET', `/${org}/applications?limit=200`), 200, containing(applicationOf(name))];
    },
    'POST /{orgkey}/applications': async () => {
      const application = { name: `${unique('My app')}/1 & co`, multiOrganization: true, strictScopes: true };
      const answer = await ask('POST', `/${org}/applications`, application);
      return [answer, 201, { ...applicationOf(application.name), ...application }];
    },
    'GET /{orgkey}/applications/{application}': async () => {
      const name = `${unique('My app')}/1 & co`;
      await manage('POST', `/${org}/applications`, { name });
      return [await ask('GET', `/${org}/applications/${encodeURIComponent(name)}`), 200, applicationOf(name)];
    },
    'PATCH /{orgkey}/applications/{application}': async () => {
      const changes = { name: unique('renamed'), multiOrganization: true, strictScopes: true };
      const answer = await ask('PATCH', `/${org}/applications/${await newApplication()}`, changes);
      return [answer, 200, { ...applicationOf(changes.name), ...changes }];
    },
    'DELETE /{orgkey}/applications/{application}': async () => [
      await ask('DELETE', `/${org}/applications/${await newApplication()}`),
      204,
      '',
    ],
    'GET /{orgkey}/applications/{application}/keys': async () => {
      const { application } = await makeKey(org);
      return [await ask('GET', `/${org}/applications/${application}/keys`), 200, { items: [keyOf(application)] }];
    },
    'POST /{orgkey}/applications/{application}/keys': async () => {
      const application = await newApplication();
      const answer = await ask('POST', `/${org}/applications/${application}/keys`, { kind: 'production' });
      return [answer, 201, { key: keyOf(application), consumerSecret: secret }];
    },
    'GET /{orgkey}/keys': async () => {
      const { application } = await makeKey(org);
      return [await ask('GET', `/${org}/keys?application=${application}`), 200, { items: [keyOf(application)] }];
    },
    'GET /{orgkey}/keys/{consumerKey}': async () => {
      const { application, consumerKey } = await makeKey(org);
      return [await ask('GET', `/${org}/keys/${consumerKey}`), 200, { ...keyOf(application), consumerKey }];
    },
    'PATCH /{orgkey}/keys/{consumerKey}': async () => {
      const { application, consumerKey } = await makeKey(org);
      const changes = {
        ...{ state: 'disabled', grantTypes: ['password'], tokenType: 'opaque', rotateRefreshTokens: false },
        ...{ accessTokenLifetime: 60, refreshTokenLifetime: 3600, passwordGrantSunset: '2100-01-01T00:00:00.000Z' },
        ...{ applicationType: 'native', redirectUris: ['com.example.app:/callback'] },
        postLogoutRedirectUris: ['https://app.example/'],
      };
      const answer = await ask('PATCH', `/${org}/keys/${consumerKey}`, changes);
      return [answer, 200, { ...keyOf(application), consumerKey, ...changes }];
    },
    'DELETE /{orgkey}/keys/{consumerKey}': async () => {
      const { consumerKey } = await makeKey(org);
      return [await ask('DELETE', `/${org}/keys/${consumerKey}`), 204, ''];
    },
    'POST /{orgkey}/keys/{consumerKey}/rotate-secret': async () => {
      const { application, consumerKey } = await makeKey(org);
      const answer = await ask('POST', `/${org}/keys/${consumerKey}/rotate-secret`, { overlap: 0 });
      const key = keyOf(application);
      const secrets = [{ ...key.secrets[0], expiresAt: time }, key.secrets[0]];
      return [answer, 200, { key: { ...key, consumerKey, secrets }, consumerSecret: secret }];
    },
    'GET /{orgkey}/signing-keys': async () => [
      await ask('GET', `/${await makeOrganization()}/signing-keys`),
      200,
      { keys: [{ ...activeKey, expiresAt: null }] },
    ],
    'POST /{orgkey}/signing-keys/rotate': async () => {
      const rotating = await makeOrganization();
      const next = { ...activeKey, state: 'published', expiresAt: null };
      return [
        await ask('POST', `/${rotating}/signing-keys/rotate`),
        200,
        { keys: [next, { ...activeKey, expiresAt: time }] },
      ];
    },
  };
  const containing = (item: object) => expect.objectContaining({ items: expect.arrayContaining([item]) });

  it.each(operations)('$name', async ({ name }) => {
    const [answer, status, body] = (await HAPPY[name]?.()) ?? [];
    expect(answer).toMatchObject({ status, headers: { 'cache-control': 'no-store' } });
    expect(answer?.body).toEqual(body);
  });
});
