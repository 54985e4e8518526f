import { randomUUID } from 'node:crypto';
import { deployment, type Answer } from '@keyward/testing';
import { ask, askServer, operations } from './support/management';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  unique,
  type TestKey,
  type TestUser,
} from './support/operator';
import { codeFor, REDIRECT_URI } from './support/browser';
import { disc } from './support/picture';

const keyward = deployment();

let org: string;

beforeAll(async () => {
  org = await makeOrganization();
});

describe('every operation does what it is for', () => {
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const secret = expect.stringMatching(/^[A-Za-z0-9_-]{43}$/);
  const organization = {
    id: expect.any(String),
    state: 'active',
    passwordGrant: true,
    pkce: 'all',
    compatibilityProfile: 'rfc',
    highAssurance: false,
    clientRegistration: 'closed',
    dpopNonce: false,
    createdAt: time,
  };
  const newUser = async () => (await makeUser(org)).username;
  const signedIn = async (): Promise<[TestUser, TestKey]> => {
    const [user, key] = [await makeUser(org), await makeKey(org, { redirectUris: [REDIRECT_URI] })];
    await key.token(await codeFor(org, key, user));
    return [user, key];
  };
  /** Of a client whom nobody can tell anything. */
  const untold = async (): Promise<[TestUser, { sessionId: string; consumerKey: string }]> => {
    const backchannelLogoutUri = 'https://nowhere.invalid/logout';
    const [user, key] = [
      await makeUser(org),
      await makeKey(org, { redirectUris: [REDIRECT_URI], backchannelLogoutUri }),
    ];
    await key.token(await codeFor(org, key, user));
    await manage('DELETE', `/${org}/users/${user.username}/sessions`);
    const { items } = await manage('GET', `/${org}/logout-notices?consumerKey=${key.consumerKey}`);
    return [user, items[0]];
  };
  const newApplication = async () =>
    (await manage('POST', `/${org}/applications`, { name: unique('app') })).name as string;
  const userOf = (username: string) => ({
    ...{ id: expect.any(String), organizationId: expect.any(String), username, state: 'active' },
    ...{ roles: [], profile: {}, lockedUntil: null, createdAt: time },
  });
  const applicationOf = (name: string) => ({
    ...{ id: expect.any(String), organizationId: expect.any(String), name, createdAt: time },
    ...{ multiOrganization: false, strictScopes: false },
  });
  const keyOf = (application: string) => ({
    ...{ consumerKey: expect.any(String), applicationId: expect.any(String), application, kind: 'production' },
    ...{ state: 'active', grantTypes: ['password', 'client_credentials', 'refresh_token'], tokenType: 'jwt' },
    ...{ tokenEndpointAuthMethod: 'client_secret_basic', jwks: null, jwksUri: null, allowedOrigins: [] },
    ...{ certificateSubject: null, tokenBinding: 'none' },
    ...{
      public: false,
      rotateRefreshTokens: true,
      accessTokenPolicy: 'new',
      mayAct: null,
      accessTokenLifetime: null,
      refreshTokenLifetime: null,
    },
    ...{ passwordGrantSunset: null, applicationType: 'web', redirectUris: [], postLogoutRedirectUris: [] },
    ...{ backchannelLogoutUri: null, idTokenSignedResponseAlg: 'RS256', userinfoSignedResponseAlg: null },
    ...{ subjectType: 'public', sectorIdentifierUri: null, requirePushedAuthorizationRequests: false, trusted: true },
    createdAt: time,
    secrets: [{ id: expect.any(String), createdAt: time, expiresAt: null, lastUsedAt: null }],
  });
  const initialAccessToken = {
    ...{ id: expect.any(String), organizationId: expect.any(String), description: '', maxUses: 1, uses: 0 },
    ...{ expiresAt: time, createdAt: time },
  };
  const registration = {
    ...{ clientId: expect.any(String), applicationId: expect.any(String), by: 'open', tokenId: null },
    ...{ application: expect.stringMatching(/^Shop \(\w{8}\)$/), trusted: false, createdAt: time },
    about: { client_name: 'Shop' },
  };
  const newRegistered = async (): Promise<[string, string]> => {
    const fresh = await makeOrganization();
    await manage('PATCH', `/${fresh}`, { clientRegistration: 'open' });
    const json = { client_name: 'Shop', redirect_uris: [REDIRECT_URI] };
    const register = () => keyward.send(`/t/${fresh}/oauth2/register`, { json });
    await eventually(async () => (await register()).status === 201);
    const { items } = await manage('GET', `/${fresh}/registered-clients`);
    return [fresh, items[0].clientId as string];
  };
  const ofOrganization = { organizationId: expect.any(String), description: '', createdAt: time };
  const newRole = async () => (await manage('POST', `/${org}/roles`, { name: unique('role') })).name as string;
  const roleOf = (name: string) => ({ ...ofOrganization, name });
  const newScope = async () => (await manage('POST', `/${org}/scopes`, { name: unique('scope') })).name as string;
  const scopeOf = (name: string) => ({ ...ofOrganization, name, roles: [] });
  const newPlan = async () =>
    (await manage('POST', `/${org}/plans`, { name: unique('plan'), level: 'subscription', requests: 10 }))
      .name as string;
  const planOf = (name: string) => ({
    ...{ ...ofOrganization, name, level: 'subscription', requests: 10, kilobytes: null },
    ...{ every: 1, unit: 'minute', burst: null },
  });
  const apiBody = (name: string) => ({
    ...{ name, version: '1.0', context: `/${name}`, upstreams: { production: 'https://orders.example' } },
    resources: [{ verb: 'GET', template: '/orders/{id}', authentication: 'any', scopes: [] }],
  });
  const newApi = async () => (await manage('POST', `/${org}/apis`, apiBody(unique('api')))).name as string;
  const apiOf = (name: string) => ({
    ...{ ...ofOrganization, ...apiBody(name), id: expect.any(String), isDefault: false, state: 'CREATED' },
    ...{ visibility: 'organization', visibleTo: [], backendToken: false, approvalRequired: false },
    ...{ subscriptionRequired: true, updatedAt: time },
  });
  const newPublished = async () => {
    const name = await newApi();
    await manage('POST', `/${org}/apis/${name}/state`, { state: 'PUBLISHED' });
    return name;
  };
  const newSubscription = async () => {
    const [application, api] = [await newApplication(), await newPublished()];
    const { id } = await manage('POST', `/${org}/subscriptions`, { application, api });
    return { id: id as string, application, api };
  };
  const subscriptionOf = (api: string) => ({
    ...{ id: expect.any(String), organizationId: expect.any(String), applicationId: expect.any(String) },
    ...{ apiId: expect.any(String), state: 'UNBLOCKED', api, version: '1.0', context: `/${api}`, createdAt: time },
  });
  const apiKey = {
    ...{ id: expect.any(String), applicationId: expect.any(String), name: '', kind: 'production', state: 'active' },
    ...{ addresses: [], referrers: [], expiresAt: null, createdAt: time },
  };
  const newApiKey = async () => {
    const application = await newApplication();
    const { key } = await manage('POST', `/${org}/applications/${application}/api-keys`, {});
    return { application, key: { ...apiKey, id: key.id as string } };
  };
  const denyRule = { ...ofOrganization, active: true };
  const newDenyRule = async () => {
    const value = await newApplication();
    const { id, target } = await manage('POST', `/${org}/deny-rules`, { kind: 'application', value });
    return { ...denyRule, id: id as string, kind: 'application', value, target: target as string };
  };
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
    'GET /{orgkey}/branding': async () => [
      await ask('GET', `/${org}/branding`),
      200,
      { colour: null, logo: null, logoType: null },
    ],
    'PUT /{orgkey}/branding': async () => {
      const branding = { colour: '#0055aa', logo: disc(32, [0, 85, 170]).toString('base64') };
      return [
        await ask('PUT', `/${await makeOrganization()}/branding`, branding),
        200,
        { ...branding, logoType: 'image/png' },
      ];
    },
    'DELETE /{orgkey}/branding': async () => [await ask('DELETE', `/${await makeOrganization()}/branding`), 204, ''],
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
      const changes = { state: 'disabled', roles: ['b', 'c'], profile: { name: 'Ann', email: 'ann@mail.example' } };
      return [await ask('PATCH', `/${org}/users/${username}`, changes), 200, { ...userOf(username), ...changes }];
    },
    'DELETE /{orgkey}/users/{username}': async () => [await ask('DELETE', `/${org}/users/${await newUser()}`), 204, ''],
    'POST /{orgkey}/users/{username}/unlock': async () => {
      const username = await newUser();
      return [await ask('POST', `/${org}/users/${username}/unlock`), 200, userOf(username)];
    },
    'DELETE /{orgkey}/users/{username}/grants': async () => [
      await ask('DELETE', `/${org}/users/${await newUser()}/grants`),
      204,
      '',
    ],
    'POST /{orgkey}/users/{username}/reset-password': async () => {
      const username = await newUser();
      const password = 'correct horse battery staple';
      return [
        await ask('POST', `/${org}/users/${username}/reset-password`, { password }),
        200,
        { user: userOf(username) },
      ];
    },
    'GET /{orgkey}/users/{username}/sessions': async () => {
      const [{ id, username }, { consumerKey }] = await signedIn();
      const session = { id: expect.any(String), sub: id, signedInAt: time, usedAt: time, expiresAt: time };
      const items = [{ ...session, userAgent: null, clients: [consumerKey] }];
      return [await ask('GET', `/${org}/users/${username}/sessions`), 200, { items }];
    },
    'DELETE /{orgkey}/users/{username}/sessions': async () => {
      const [{ username }] = await signedIn();
      return [await ask('DELETE', `/${org}/users/${username}/sessions`), 204, ''];
    },
    'DELETE /{orgkey}/users/{username}/sessions/{session}': async () => {
      const [{ username }] = await signedIn();
      const { items } = await manage('GET', `/${org}/users/${username}/sessions`);
      return [await ask('DELETE', `/${org}/users/${username}/sessions/${items[0].id}`), 204, ''];
    },
    'GET /{orgkey}/logout-notices': async () => {
      const [{ id: sub }, { consumerKey }] = await untold();
      const notice = { sessionId: expect.any(String), consumerKey, sub, endedAt: time, nextAt: expect.any(String) };
      const answer = await ask('GET', `/${org}/logout-notices?consumerKey=${consumerKey}`);
      const sofar = { attempts: expect.any(Number), problem: answer.body.items[0].problem };
      return [answer, 200, { items: [{ ...notice, ...sofar }] }];
    },
    'POST /{orgkey}/logout-notices/{session}/{consumerKey}/retry': async () => {
      const [, { sessionId, consumerKey }] = await untold();
      return [await ask('POST', `/${org}/logout-notices/${sessionId}/${consumerKey}/retry`), 204, ''];
    },
    'DELETE /{orgkey}/logout-notices/{session}/{consumerKey}': async () => {
      const [, { sessionId, consumerKey }] = await untold();
      return [await ask('DELETE', `/${org}/logout-notices/${sessionId}/${consumerKey}`), 204, ''];
    },
    'GET /{orgkey}/users/{username}/consents': async () => {
      const [{ username }, { consumerKey, application }] = await signedIn();
      const items = [{ clientId: consumerKey, name: application, scopes: ['default'], grantedAt: time }];
      return [await ask('GET', `/${org}/users/${username}/consents`), 200, { items }];
    },
    'DELETE /{orgkey}/users/{username}/consents/{consumerKey}': async () => {
      const [{ username }, { consumerKey }] = await signedIn();
      return [await ask('DELETE', `/${org}/users/${username}/consents/${consumerKey}`), 204, ''];
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
    'GET /{orgkey}/applications/{application}/users': async () => [
      await ask('GET', `/${org}/applications/${await newApplication()}/users`),
      200,
      { items: [] },
    ],
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
    'GET /{orgkey}/initial-access-tokens': async () => {
      const fresh = await makeOrganization();
      await manage('POST', `/${fresh}/initial-access-tokens`, {});
      return [await ask('GET', `/${fresh}/initial-access-tokens`), 200, { items: [initialAccessToken] }];
    },
    'POST /{orgkey}/initial-access-tokens': async () => {
      const body = { description: 'the shop team', maxUses: 5, lifetime: 3600 };
      const token = { ...initialAccessToken, description: 'the shop team', maxUses: 5 };
      const answer = await ask('POST', `/${org}/initial-access-tokens`, body);
      return [answer, 201, { token, initialAccessToken: expect.stringMatching(/^kiat_[\w-]{43}$/) }];
    },
    'DELETE /{orgkey}/initial-access-tokens/{token}': async () => {
      const { token } = await manage('POST', `/${org}/initial-access-tokens`, {});
      return [await ask('DELETE', `/${org}/initial-access-tokens/${token.id}`), 204, ''];
    },
    'GET /{orgkey}/registered-clients': async () => {
      const [fresh, clientId] = await newRegistered();
      return [await ask('GET', `/${fresh}/registered-clients`), 200, { items: [{ ...registration, clientId }] }];
    },
    'GET /{orgkey}/registered-clients/{clientId}': async () => {
      const [fresh, clientId] = await newRegistered();
      return [await ask('GET', `/${fresh}/registered-clients/${clientId}`), 200, { ...registration, clientId }];
    },
    'DELETE /{orgkey}/registered-clients/{clientId}': async () => {
      const [fresh, clientId] = await newRegistered();
      return [await ask('DELETE', `/${fresh}/registered-clients/${clientId}`), 204, ''];
    },
    'GET /{orgkey}/roles': async () => {
      const name = await newRole();
      return [await ask('GET', `/${org}/roles?limit=200`), 200, containing(roleOf(name))];
    },
    'POST /{orgkey}/roles': async () => {
      const name = unique('role');
      const answer = await ask('POST', `/${org}/roles`, { name, description: 'May edit' });
      return [answer, 201, { ...roleOf(name), description: 'May edit' }];
    },
    'GET /{orgkey}/roles/{role}': async () => {
      const name = await newRole();
      return [await ask('GET', `/${org}/roles/${name}`), 200, roleOf(name)];
    },
    'PATCH /{orgkey}/roles/{role}': async () => {
      const name = await newRole();
      const description = 'Something else';
      return [await ask('PATCH', `/${org}/roles/${name}`, { description }), 200, { ...roleOf(name), description }];
    },
    'DELETE /{orgkey}/roles/{role}': async () => [await ask('DELETE', `/${org}/roles/${await newRole()}`), 204, ''],
    'GET /{orgkey}/roles/{role}/members': async () => {
      const [role, username] = [await newRole(), await newUser()];
      await manage('POST', `/${org}/roles/${role}/members`, { username });
      const answer = await ask('GET', `/${org}/roles/${role}/members`);
      return [answer, 200, { items: [{ ...userOf(username), roles: [role] }] }];
    },
    'POST /{orgkey}/roles/{role}/members': async () => {
      const [role, username] = [await newRole(), await newUser()];
      const answer = await ask('POST', `/${org}/roles/${role}/members`, { username });
      return [answer, 200, { ...userOf(username), roles: [role] }];
    },
    'DELETE /{orgkey}/roles/{role}/members/{username}': async () => {
      const [role, username] = [await newRole(), await newUser()];
      await manage('POST', `/${org}/roles/${role}/members`, { username });
      return [await ask('DELETE', `/${org}/roles/${role}/members/${username}`), 204, ''];
    },
    'GET /{orgkey}/apis': async () => {
      const name = await newApi();
      return [await ask('GET', `/${org}/apis?limit=200`), 200, containing(apiOf(name))];
    },
    'POST /{orgkey}/apis': async () => {
      const name = unique('api');
      const switches = { isDefault: true, backendToken: true, approvalRequired: true, subscriptionRequired: false };
      const body = { ...apiBody(name), ...switches, visibility: 'public', description: 'An API' };
      return [await ask('POST', `/${org}/apis`, body), 201, { ...apiOf(name), ...body }];
    },
    'POST /{orgkey}/apis/import': async () => {
      const name = unique('api');
      const paths = { '/orders/{id}': { get: { responses: { 200: { description: 'An order' } } } } };
      const info = { title: name, version: '1.0', description: 'An API' };
      const servers = [{ url: 'https://orders.example' }];
      const definition = JSON.stringify({ openapi: '3.1.0', info, servers, paths });
      const answer = await ask('POST', `/${org}/apis/import`, { definition });
      return [answer, 201, { ...apiOf(name), description: 'An API' }];
    },
    'GET /{orgkey}/apis/{api}': async () => {
      const name = await newApi();
      return [await ask('GET', `/${org}/apis/${name}:1.0`), 200, apiOf(name)];
    },
    'PATCH /{orgkey}/apis/{api}': async () => {
      const name = await newApi();
      const changes = { description: 'Changed', upstreams: { sandbox: 'https://sandbox.example' } };
      return [await ask('PATCH', `/${org}/apis/${name}`, changes), 200, { ...apiOf(name), ...changes }];
    },
    'DELETE /{orgkey}/apis/{api}': async () => [await ask('DELETE', `/${org}/apis/${await newApi()}`), 204, ''],
    'POST /{orgkey}/apis/{api}/state': async () => {
      const name = await newApi();
      const state = 'PUBLISHED';
      return [await ask('POST', `/${org}/apis/${name}/state`, { state }), 200, { ...apiOf(name), state }];
    },
    'POST /{orgkey}/apis/{api}/versions': async () => {
      const name = await newApi();
      const version = '2.0';
      return [await ask('POST', `/${org}/apis/${name}/versions`, { version }), 201, { ...apiOf(name), version }];
    },
    'GET /{orgkey}/scopes': async () => {
      const name = await newScope();
      return [await ask('GET', `/${org}/scopes?limit=200`), 200, containing(scopeOf(name))];
    },
    'POST /{orgkey}/scopes': async () => {
      const body = { name: unique('orders:read'), description: 'Read orders', roles: ['clerk'] };
      return [await ask('POST', `/${org}/scopes`, body), 201, { ...scopeOf(body.name), ...body }];
    },
    'GET /{orgkey}/scopes/{scope}': async () => {
      const name = await newScope();
      return [await ask('GET', `/${org}/scopes/${name}`), 200, scopeOf(name)];
    },
    'PATCH /{orgkey}/scopes/{scope}': async () => {
      const name = await newScope();
      const changes = { description: 'Changed', roles: ['clerk', 'boss'] };
      return [await ask('PATCH', `/${org}/scopes/${name}`, changes), 200, { ...scopeOf(name), ...changes }];
    },
    'DELETE /{orgkey}/scopes/{scope}': async () => [await ask('DELETE', `/${org}/scopes/${await newScope()}`), 204, ''],
    'GET /{orgkey}/plans': async () => {
      const name = await newPlan();
      return [await ask('GET', `/${org}/plans?limit=200`), 200, containing(planOf(name))];
    },
    'POST /{orgkey}/plans': async () => {
      const body = { name: unique('Gold'), level: 'api', kilobytes: 100, every: 2, unit: 'hour', burst: 5 };
      return [await ask('POST', `/${org}/plans`, body), 201, { ...planOf(body.name), requests: null, ...body }];
    },
    'GET /{orgkey}/plans/{level}/{plan}': async () => {
      const name = await newPlan();
      return [await ask('GET', `/${org}/plans/subscription/${name}`), 200, planOf(name)];
    },
    'PATCH /{orgkey}/plans/{level}/{plan}': async () => {
      const name = await newPlan();
      const changes = { requests: 7, unit: 'second', description: 'Few' };
      return [await ask('PATCH', `/${org}/plans/subscription/${name}`, changes), 200, { ...planOf(name), ...changes }];
    },
    'DELETE /{orgkey}/plans/{level}/{plan}': async () => [
      await ask('DELETE', `/${org}/plans/subscription/${await newPlan()}`),
      204,
      '',
    ],
    'GET /{orgkey}/subscriptions': async () => {
      const { id, application, api } = await newSubscription();
      const list = `/${org}/subscriptions?application=${application}&api=${api}`;
      return [await ask('GET', list), 200, { items: [{ ...subscriptionOf(api), id }] }];
    },
    'POST /{orgkey}/subscriptions': async () => {
      const [application, api, plan] = [await newApplication(), await newPublished(), await newPlan()];
      const answer = await ask('POST', `/${org}/subscriptions`, { application, api, plan });
      return [answer, 201, { ...subscriptionOf(api), plan }];
    },
    'GET /{orgkey}/subscriptions/{subscription}': async () => {
      const { id, api } = await newSubscription();
      return [await ask('GET', `/${org}/subscriptions/${id}`), 200, { ...subscriptionOf(api), id }];
    },
    'PATCH /{orgkey}/subscriptions/{subscription}': async () => {
      const { id, api } = await newSubscription();
      const state = 'PROD_ONLY_BLOCKED';
      const answer = await ask('PATCH', `/${org}/subscriptions/${id}`, { state });
      return [answer, 200, { ...subscriptionOf(api), id, state }];
    },
    'DELETE /{orgkey}/subscriptions/{subscription}': async () => [
      await ask('DELETE', `/${org}/subscriptions/${(await newSubscription()).id}`),
      204,
      '',
    ],
    'GET /{orgkey}/trusted-issuers': async () => {
      const trusted = await newTrust();
      return [await ask('GET', `/${org}/trusted-issuers?limit=200`), 200, containing(trusted)];
    },
    'POST /{orgkey}/trusted-issuers': async () => {
      const trusted = {
        name: unique('hr'),
        issuer: `https://${unique('hr')}.example`,
        jwksUri: 'https://hr.example/jwks',
      };
      const organizationId: unknown = expect.any(String);
      const answer = await ask('POST', `/${org}/trusted-issuers`, trusted);
      return [answer, 201, { ...trusted, organizationId, jwks: null, users: [], access: null, createdAt: time }];
    },
    'GET /{orgkey}/trusted-issuers/{name}': async () => {
      const trusted = await newTrust();
      return [await ask('GET', `/${org}/trusted-issuers/${trusted.name}`), 200, trusted];
    },
    'PATCH /{orgkey}/trusted-issuers/{name}': async () => {
      const trusted = await newTrust();
      const access = { audience: 'https://api.example', clients: [], scopes: [{ scope: 'theirs', as: 'ours' }] };
      const changes = { jwksUri: 'https://hr.example/others', users: [{ subject: '1', userId: randomUUID() }], access };
      return [await ask('PATCH', `/${org}/trusted-issuers/${trusted.name}`, changes), 200, { ...trusted, ...changes }];
    },
    'POST /{orgkey}/trusted-issuers/{name}/users': async () => {
      const [trusted, link] = [await newTrust(), { subject: '1', userId: randomUUID() }];
      const answer = await ask('POST', `/${org}/trusted-issuers/${trusted.name}/users`, link);
      return [answer, 200, { ...trusted, users: [link] }];
    },
    'DELETE /{orgkey}/trusted-issuers/{name}/users/{subject}': async () => {
      const trusted = await newTrust();
      await manage('POST', `/${org}/trusted-issuers/${trusted.name}/users`, { subject: 'a/1', userId: randomUUID() });
      return [await ask('DELETE', `/${org}/trusted-issuers/${trusted.name}/users/a%2F1`), 204, ''];
    },
    'DELETE /{orgkey}/trusted-issuers/{name}': async () => [
      await ask('DELETE', `/${org}/trusted-issuers/${(await newTrust()).name}`),
      204,
      '',
    ],
    'GET /{orgkey}/applications/{application}/plan': async () => [
      await ask('GET', `/${org}/applications/${await newApplication()}/plan`),
      200,
      { applicationId: expect.any(String), plan: null },
    ],
    'PATCH /{orgkey}/applications/{application}/plan': async () => {
      const plan = unique('plan');
      await manage('POST', `/${org}/plans`, { name: plan, level: 'application', requests: 10 });
      const answer = await ask('PATCH', `/${org}/applications/${await newApplication()}/plan`, { plan });
      return [answer, 200, { applicationId: expect.any(String), plan }];
    },
    'GET /{orgkey}/applications/{application}/api-keys': async () => {
      const { application, key } = await newApiKey();
      return [await ask('GET', `/${org}/applications/${application}/api-keys`), 200, { items: [key] }];
    },
    'POST /{orgkey}/applications/{application}/api-keys': async () => {
      const settings = { name: 'My site', addresses: ['192.0.2.0/24'], referrers: ['*.johns.org'] };
      const body = { ...settings, kind: 'sandbox', expiresAt: '2100-01-01T00:00:00.000Z' };
      const answer = await ask('POST', `/${org}/applications/${await newApplication()}/api-keys`, body);
      return [answer, 201, { key: { ...apiKey, ...body }, apiKey: expect.stringMatching(/^kak_[\w-]{43}$/) }];
    },
    'GET /{orgkey}/applications/{application}/api-keys/{apiKey}': async () => {
      const { application, key } = await newApiKey();
      return [await ask('GET', `/${org}/applications/${application}/api-keys/${key.id}`), 200, key];
    },
    'PATCH /{orgkey}/applications/{application}/api-keys/{apiKey}': async () => {
      const { application, key } = await newApiKey();
      const changes = { state: 'disabled', name: 'Renamed', addresses: ['::1'], referrers: ['johns.org/a/*'] };
      const answer = await ask('PATCH', `/${org}/applications/${application}/api-keys/${key.id}`, changes);
      return [answer, 200, { ...key, ...changes }];
    },
    'DELETE /{orgkey}/applications/{application}/api-keys/{apiKey}': async () => {
      const { application, key } = await newApiKey();
      return [await ask('DELETE', `/${org}/applications/${application}/api-keys/${key.id}`), 204, ''];
    },
    'GET /{orgkey}/usage': async () => [
      await ask('GET', `/${org}/usage?by=day&application=${await newApplication()}`),
      200,
      { from: time, to: time, by: 'day', sums: [] },
    ],
    'GET /{orgkey}/deny-rules': async () => {
      const rule = await newDenyRule();
      return [await ask('GET', `/${org}/deny-rules?limit=200`), 200, containing(rule)];
    },
    'POST /{orgkey}/deny-rules': async () => {
      const [value, target] = [await newUser(), expect.any(String)];
      const answer = await ask('POST', `/${org}/deny-rules`, { kind: 'user', value });
      return [answer, 201, { ...denyRule, id: expect.any(String), kind: 'user', value, target }];
    },
    'GET /{orgkey}/deny-rules/{rule}': async () => {
      const rule = await newDenyRule();
      return [await ask('GET', `/${org}/deny-rules/${rule.id}`), 200, rule];
    },
    'PATCH /{orgkey}/deny-rules/{rule}': async () => {
      const rule = await newDenyRule();
      const changes = { active: false, description: 'No more' };
      return [await ask('PATCH', `/${org}/deny-rules/${rule.id}`, changes), 200, { ...rule, ...changes }];
    },
    'DELETE /{orgkey}/deny-rules/{rule}': async () => [
      await ask('DELETE', `/${org}/deny-rules/${(await newDenyRule()).id}`),
      204,
      '',
    ],
    'GET /{orgkey}/signing-keys': async () => [
      await ask('GET', `/${await makeOrganization()}/signing-keys`),
      200,
      { keys: [{ ...activeKey, expiresAt: null }] },
    ],
    'GET /api/v1/key-encryption': async () => [
      await askServer('GET', 'key-encryption'),
      200,
      { keys: [{ id: expect.any(String), newest: true, configured: true, sealed: expect.any(Number) }] },
    ],
    'POST /api/v1/key-encryption/rewrap': async () => [
      await askServer('POST', 'key-encryption/rewrap'),
      200,
      { newest: expect.any(String), rewrapped: 0, failed: 0, remaining: 0 },
    ],
    'POST /{orgkey}/signing-keys/{kid}/revoke': async () => {
      const revoking = await makeOrganization();
      const [{ kid }] = (await manage('GET', `/${revoking}/signing-keys`)).keys;
      const keys = [{ ...activeKey, expiresAt: null }];
      return [await ask('POST', `/${revoking}/signing-keys/${kid}/revoke`), 200, { keys }];
    },
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
  const newTrust = async (): Promise<{ name: string }> =>
    (await manage('POST', `/${org}/trusted-issuers`, {
      ...{ name: unique('hr'), issuer: `https://${unique('hr')}.example`, jwksUri: 'https://hr.example/jwks' },
    })) as { name: string };
  const containing = (item: object) => expect.objectContaining({ items: expect.arrayContaining([item]) });

  it.each(operations)('$name', async ({ name }) => {
    const [answer, status, body] = (await HAPPY[name]?.()) ?? [];
    expect(answer).toMatchObject({ status, headers: { 'cache-control': 'no-store' } });
    expect(answer?.body).toEqual(body);
  });
});
