import { OAuth2Client } from '@badgateway/oauth2-client';
import { deployment } from '@keyward/testing';
import { Agent as HttpsAgent } from 'node:https';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { ClientCredentials, ResourceOwnerPassword } from 'simple-oauth2';
import { Agent, fetch as undiciFetch } from 'undici';
import { makeKey, makeOrganization, makeUser, type TestKey, type TestUser } from './support/operator';
import { isActive } from './support/tokens';

const keyward = deployment();
const dispatcher = new Agent({ connect: { ca: keyward.ca } });
/** `fetch` that trusts the deployment's certificate. */
const trusting = (url: string, options: object): Promise<Response> => undiciFetch(url, { ...options, dispatcher });

let issuer: URL;
let user: TestUser;
const keys = {} as Record<'jwt' | 'opaque', TestKey>;

beforeAll(async () => {
  const org = await makeOrganization();
  [user, keys.jwt, keys.opaque] = await Promise.all([
    makeUser(org),
    makeKey(org),
    makeKey(org, { tokenType: 'opaque' }),
  ]);
  const { body } = await keyward.send(`/t/${org}/.well-known/openid-configuration`);
  issuer = new URL(body.issuer as string);
});
afterAll(() => dispatcher.close());

const TYPES = ['jwt', 'opaque'] as const;

describe.each(TYPES)('openid-client, %s tokens', (type) => {
  const { ClientSecretBasic, ClientSecretPost } = openid;

  it.each([
    ['oidc', 'basic', ClientSecretBasic],
    ['oauth2', 'post', ClientSecretPost],
  ] as const)('discovers by %s, authenticates by %s, gets, refreshes, introspects and revokes', async (...how) => {
    const [algorithm, , authenticate] = how;
    const { consumerKey, consumerSecret } = keys[type];
    const config = await openid.discovery(issuer, consumerKey, undefined, authenticate(consumerSecret), {
      algorithm,
      [openid.customFetch]: trusting,
    });
    expect(config.serverMetadata().issuer).toBe(issuer.href);

    const { loginName: username, password } = user;
    const first = await openid.genericGrantRequest(config, 'password', { username, password });
    expect([first.token_type, first.expires_in]).toEqual(['bearer', 3600]);
    const second = await openid.refreshTokenGrant(config, first.refresh_token ?? '');
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const told = await openid.tokenIntrospection(config, second.access_token);
    expect(told).toMatchObject({ active: true, username: user.username, client_id: consumerKey });

    await openid.tokenRevocation(config, second.refresh_token ?? '', { token_type_hint: 'refresh_token' });
    expect(await openid.tokenIntrospection(config, second.access_token)).toEqual({ active: false });
    await expect(openid.refreshTokenGrant(config, second.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 400,
    });

    const own = await openid.clientCredentialsGrant(config, { scope: 'default' });
    expect([own.scope, own.refresh_token]).toEqual(['default', undefined]);
    await openid.tokenRevocation(config, own.access_token);
    expect(await isActive(own.access_token, keys[type])).toBe(false);
  });

  it('tells its user what was wrong', async () => {
    const { consumerKey } = keys[type];
    const config = await openid.discovery(issuer, consumerKey, 'wrong', ClientSecretBasic('wrong'), {
      [openid.customFetch]: trusting,
    });
    // 401 comes with a challenge, which this library reads first (RFC 6749 §5.2).
    await expect(openid.clientCredentialsGrant(config)).rejects.toMatchObject({
      status: 401,
      cause: [{ scheme: 'basic', parameters: { realm: 'keyward' } }],
    });
  });
});

describe.each(TYPES)('oauth4webapi, %s tokens', (type) => {
  const http = { [oauth.customFetch]: trusting };
  const { ClientSecretBasic, ClientSecretPost } = oauth;

  it.each([
    ['oidc', 'basic', ClientSecretBasic],
    ['oauth2', 'post', ClientSecretPost],
  ] as const)('discovers by %s, authenticates by %s, gets, refreshes, introspects and revokes', async (...how) => {
    const [algorithm, , authenticate] = how;
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm, ...http }),
    );
    const { consumerKey, consumerSecret } = keys[type];
    const client: oauth.Client = { client_id: consumerKey };
    const auth = authenticate(consumerSecret);
    const introspect = async (token: string) =>
      oauth.processIntrospectionResponse(
        server,
        client,
        await oauth.introspectionRequest(server, client, auth, token, http),
      );
    const revoke = async (token: string) =>
      oauth.processRevocationResponse(await oauth.revocationRequest(server, client, auth, token, http));
    const refresh = async (token: string) =>
      oauth.processRefreshTokenResponse(
        server,
        client,
        await oauth.refreshTokenGrantRequest(server, client, auth, token, http),
      );

    const form = new URLSearchParams({ username: user.loginName, password: user.password });
    const first = await oauth.processGenericTokenEndpointResponse(
      server,
      client,
      await oauth.genericTokenEndpointRequest(server, client, auth, 'password', form, http),
    );
    const second = await refresh(first.refresh_token ?? '');
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await introspect(second.access_token)).toMatchObject({ active: true, sub: user.id, iss: issuer.href });
    await revoke(second.refresh_token ?? '');
    expect(await introspect(second.access_token)).toEqual({ active: false });
    await expect(refresh(second.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });

    const own = await oauth.processClientCredentialsResponse(
      server,
      client,
      await oauth.clientCredentialsGrantRequest(server, client, auth, { scope: 'default' }, http),
    );
    expect(await introspect(own.access_token)).toMatchObject({ active: true, client_id: consumerKey });
    await revoke(own.access_token);
    expect(await introspect(own.access_token)).toEqual({ active: false });
  });
});

it('AT-01 oauth4webapi takes the access token for one of RFC 9068', async () => {
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { [oauth.customFetch]: trusting }),
  );
  const { access_token: token } = (await keys.jwt.signIn(user)).body as { access_token: string };
  const request = new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } });
  const audience = `${issuer.href}/api`;
  const options = { [oauth.customFetch]: trusting, signingAlgorithms: ['ES256'] };
  expect(await oauth.validateJwtAccessToken(server, request, audience, options)).toMatchObject({
    sub: user.id,
    client_id: keys.jwt.consumerKey,
  });
});

describe.each(TYPES)('simple-oauth2, %s tokens', (type) => {
  const agent = new HttpsAgent({ ca: keyward.ca });
  const configFor = (authorizationMethod: 'header' | 'body') => ({
    client: { id: keys[type].consumerKey, secret: keys[type].consumerSecret },
    auth: { tokenHost: keyward.baseUrl, tokenPath: '/token', revokePath: '/revoke' },
    http: { agent },
    options: { authorizationMethod },
  });
  afterAll(() => agent.destroy());

  it.each(['header', 'body'] as const)('authenticates by %s, gets, refreshes and revokes', async (method) => {
    const client = new ResourceOwnerPassword(configFor(method));
    const first = await client.getToken({ username: user.loginName, password: user.password });
    const second = await first.refresh();
    expect(second.token.refresh_token).not.toBe(first.token.refresh_token);
    expect(await isActive(second.token.access_token, keys[type])).toBe(true);
    await second.revoke('access_token'); // It throws on an answer without a body (RV-09).
    expect(await isActive(second.token.access_token, keys[type])).toBe(false);
    const third = await second.refresh();
    await third.revokeAll();
    expect(await isActive(third.token.access_token, keys[type])).toBe(false);
    await expect(third.refresh()).rejects.toMatchObject({
      output: { statusCode: 400 },
      data: { payload: { error: 'invalid_grant' } },
    });
  });

  it('gets a token of its own', async () => {
    const { token } = await new ClientCredentials(configFor('header')).getToken({ scope: 'default' });
    expect(await isActive(token.access_token, keys[type])).toBe(true);
  });
});

describe.each(TYPES)('@badgateway/oauth2-client, %s tokens', (type) => {
  it.each(['client_secret_basic', 'client_secret_basic_interop', 'client_secret_post'] as const)(
    'authenticates by %s, discovers, gets, refreshes, introspects and revokes',
    async (authenticationMethod) => {
      const { consumerKey: clientId, consumerSecret: clientSecret } = keys[type];
      const client = new OAuth2Client({
        ...{ server: issuer.href, discoveryEndpoint: `${issuer.href}/.well-known/oauth-authorization-server` },
        ...{ clientId, clientSecret, authenticationMethod },
        fetch: trusting as unknown as typeof fetch,
      });
      const first = await client.password({ username: user.loginName, password: user.password });
      const second = await client.refreshToken(first);
      expect(second.refreshToken).not.toBe(first.refreshToken);
      expect(await client.introspect(second)).toMatchObject({ active: true, client_id: clientId });
      await client.revoke(second, 'refresh_token');
      expect(await client.introspect(second)).toEqual({ active: false });
      await expect(client.refreshToken(second)).rejects.toMatchObject({ oauth2Code: 'invalid_grant' });
      const own = await client.clientCredentials({ scope: ['default'] });
      expect(await isActive(own.accessToken, keys[type])).toBe(true);
    },
  );
});
