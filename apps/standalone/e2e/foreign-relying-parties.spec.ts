import { deployment } from '@keyward/testing';
import * as oauth from 'oauth4webapi';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as openid from 'openid-client';
import passport from 'passport';
import { Strategy, type Profile } from 'passport-openidconnect';
import { Agent, fetch as undiciFetch } from 'undici';
import { Visitor, REDIRECT_URI } from './support/browser';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type TestKey,
  type TestUser,
} from './support/operator';

const keyward = deployment();
const agent = new Agent({ connect: { ca: keyward.ca } });
const trusting = ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher: agent })) as never;
const GOODBYE = 'https://app.example/goodbye';

let issuer: URL;
let user: TestUser;
let keys: Record<'confidential' | 'public', TestKey>;

beforeAll(async () => {
  const org = await makeOrganization();
  issuer = new URL((await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string);
  user = await makeUser(org);
  const settings = { redirectUris: [REDIRECT_URI], postLogoutRedirectUris: [GOODBYE] };
  keys = { confidential: await makeKey(org, settings), public: await makeKey(org, { ...settings, public: true }) };
});
afterAll(() => agent.close());

/** A user's way through the pages; where the browser is sent in the end. */
async function signedIn(url: URL, visitor: Visitor, as = user): Promise<URL> {
  const first = await visitor.get(`${url.pathname}${url.search}`);
  const last = first.status === 200 ? await visitor.signIn(first, as) : first;
  return new URL(last.headers['location'] ?? '');
}

const SCOPE = 'openid profile email offline_access';

describe.each(['confidential', 'public'] as const)('openid-client as a %s client', (kind) => {
  it('AC-01 OC-01 OC-05 LO-02 discovers, signs in, reads, refreshes and signs out', async () => {
    const { consumerKey, consumerSecret } = keys[kind];
    const auth = kind === 'public' ? openid.None() : openid.ClientSecretBasic(consumerSecret);
    const config = await openid.discovery(issuer, consumerKey, undefined, auth, { [openid.customFetch]: trusting });
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
    const url = openid.buildAuthorizationUrl(config, {
      ...{ redirect_uri: REDIRECT_URI, scope: SCOPE, state: expectedState, nonce: expectedNonce, max_age: '600' },
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    });
    const visitor = new Visitor();
    const checks = { pkceCodeVerifier, expectedState, expectedNonce, maxAge: 600, idTokenExpected: true };
    const tokens = await openid.authorizationCodeGrant(config, await signedIn(url, visitor), checks);
    expect(tokens.claims()).toMatchObject({ sub: user.id, aud: consumerKey });
    const { sub = '' } = tokens.claims() ?? {};
    const info = await openid.fetchUserInfo(config, tokens.access_token, sub);
    expect(info.preferred_username).toBe(user.username);
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(refreshed.claims()?.sub).toBe(sub);
    const end = openid.buildEndSessionUrl(config, {
      ...{ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: GOODBYE, state: 'bye' },
    });
    const { headers } = await visitor.get(`${end.pathname}${end.search}`);
    expect(headers['location']).toBe(`${GOODBYE}?state=bye`);
  });
});

describe.each(['confidential', 'public'] as const)('oauth4webapi as a %s client', (kind) => {
  it('AC-01 OC-01 OC-05 MT-06 signs in, with the issuer of the answer checked', async () => {
    const http = { [oauth.customFetch]: trusting };
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http));
    const { consumerKey, consumerSecret } = keys[kind];
    const client: oauth.Client = { client_id: consumerKey };
    const auth = kind === 'public' ? oauth.None() : oauth.ClientSecretPost(consumerSecret);
    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
    const url = new URL(server.authorization_endpoint ?? '');
    url.search = new URLSearchParams({
      ...{ client_id: consumerKey, redirect_uri: REDIRECT_URI, response_type: 'code', scope: SCOPE, state, nonce },
      ...{ code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
    }).toString();
    const callback = oauth.validateAuthResponse(server, client, await signedIn(url, new Visitor()), state);
    const answer = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      auth,
      callback,
      REDIRECT_URI,
      verifier,
      http,
    );
    const expected = { expectedNonce: nonce, requireIdToken: true };
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, expected);
    const { sub = '' } = oauth.getValidatedIdTokenClaims(tokens) ?? {};
    const info = await oauth.userInfoRequest(server, client, tokens.access_token, http);
    expect(await oauth.processUserInfoResponse(server, client, sub, info)).toMatchObject({ sub: user.id });
  });
});

describe('passport-openidconnect', () => {
  /** What passport needs of a request, which frameworks put there. */
  type Request = IncomingMessage & { query: Record<string, string>; session: object };

  it('PK-03 OC-01 OC-05 signs in where the organization requires PKCE of public clients alone', async () => {
    const org = await makeOrganization();
    const someone = await makeUser(org);
    await manage('PATCH', `/${org}`, { pkce: 'public' });
    const session = {};
    let profile: Profile | undefined;
    const server = createServer((request, response) => {
      const query = Object.fromEntries(new URL(request.url ?? '/', 'http://localhost').searchParams);
      const next = (error?: Error) => response.writeHead(error ? 500 : 200).end(error?.message);
      const middleware = relyingParty.authenticate('openidconnect', { session: false }) as unknown as (
        ...args: [Request, typeof response, typeof next]
      ) => void;
      middleware(Object.assign(request, { query, session }), response, next);
    });
    const { port } = (await once(server.listen(0, 'localhost'), 'listening')) && (server.address() as AddressInfo);
    const callbackURL = `http://localhost:${port}/callback`;
    const { consumerKey, consumerSecret } = await makeKey(org, { redirectUris: [callbackURL] });
    const { body } = await keyward.send(`/t/${org}/.well-known/openid-configuration`);
    const options = {
      ...{ issuer: body.issuer, authorizationURL: body.authorization_endpoint, tokenURL: body.token_endpoint },
      ...{ userInfoURL: body.userinfo_endpoint, clientID: consumerKey, clientSecret: consumerSecret, callbackURL },
      ...{ scope: ['profile'], nonce: true, skipUserProfile: false, agent: new TlsAgent({ ca: keyward.ca }) },
    };
    const relyingParty = new passport.Passport();
    relyingParty.use(
      new Strategy(
        options as never,
        (_issuer: string, signedIn: Profile, done: (error: null, user: object) => void) => {
          profile = signedIn;
          done(null, signedIn);
        },
      ),
    );
    try {
      const begin = await undiciFetch(`http://localhost:${port}/`, { redirect: 'manual' });
      const callback = async () => signedIn(new URL(begin.headers.get('location') ?? ''), new Visitor(), someone);
      await eventually(async () => (await callback()).searchParams.has('code'));
      const url = await callback();
      const { status } = await undiciFetch(url);
      expect([status, profile]).toEqual([200, expect.objectContaining({ id: someone.id, username: someone.username })]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
