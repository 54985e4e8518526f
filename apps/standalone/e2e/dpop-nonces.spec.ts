import { deployment, type Answer } from '@keyward/testing';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { expectError } from './support/answers';
import { answerOf, authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { dpopKey, type DpopKey } from './support/dpop';
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

const keyward = deployment();
const FORM = { grant_type: 'client_credentials' };
const page = `https://${unique('page')}.example`;

let org: string;
let issuer: URL;
let key: TestKey;
let mine: DpopKey;

const ask = async (nonce?: string, by = key, holder = mine): Promise<Answer> => {
  const dpop = await holder.proof('POST', '/token', { claims: { nonce } });
  return holder.send('/token', { form: FORM, basic: by.basic, headers: { dpop, origin: page } });
};
const nonceOf = ({ headers }: Answer): string => headers['dpop-nonce'] ?? '';

/** An organization that wants nonces, and a client of it. */
async function wanting(): Promise<[string, TestKey]> {
  const wants = await makeOrganization();
  const its = await makeKey(wants, { allowedOrigins: [page], redirectUris: [REDIRECT_URI] });
  await manage('PATCH', `/${wants}`, { dpopNonce: true });
  await eventually(async () => (await ask(undefined, its)).status === 400);
  return [wants, its];
}

beforeAll(async () => {
  mine = await dpopKey();
  [org, key] = await wanting();
  issuer = new URL((await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string);
});

describe('where an organization wants nonces in DPoP proofs', () => {
  it('DP-01 X-09 a proof without one is told one, which then is taken', async () => {
    const refused = await ask();
    expectError(refused, 'use_dpop_nonce');
    expect(nonceOf(refused)).toMatch(/^[\w-]{32}$/);
    expect(refused.headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-expose-headers': expect.stringContaining('DPoP-Nonce'),
    });
    const { status, body, headers } = await ask(nonceOf(refused));
    expect([status, body.token_type, headers['dpop-nonce']]).toEqual([200, 'DPoP', undefined]);
    expect((await ask(nonceOf(refused))).status).toBe(200);
  });

  it('DP-01 nothing else is: one of another organization, one made up, one of a wrong client', async () => {
    const [, other] = await wanting();
    expectError(await ask(nonceOf(await ask(undefined, other))), 'use_dpop_nonce');
    expectError(await ask('A'.repeat(32)), 'use_dpop_nonce');
    expectError(await ask('A'.repeat(257)), 'invalid_dpop_proof');
    const wrong = { ...key, basic: [key.consumerKey, 'wrong'] as [string, string] };
    const stranger = await ask(undefined, wrong);
    expectError(stranger, 'invalid_client');
    expect(stranger.headers['dpop-nonce']).toBeUndefined();
  });

  it('DP-01 a proof that is sent twice is still refused, and requests without one need none', async () => {
    const dpop = await mine.proof('POST', '/token', { claims: { nonce: nonceOf(await ask()) } });
    const send = () => mine.send('/token', { form: FORM, basic: key.basic, headers: { dpop } });
    expect((await send()).status).toBe(200);
    expectError(await send(), 'invalid_dpop_proof');
    expect((await key.token(FORM)).body.token_type).toBe('Bearer');
  });

  it('DP-01 openid-client and oauth4webapi ask again with it', async () => {
    const dispatcher = new Agent({ connect: { ca: keyward.ca } });
    const trusting = (url: string, options: object): Promise<Response> => undiciFetch(url, { ...options, dispatcher });
    const { consumerKey, consumerSecret } = key;
    const secret = openid.ClientSecretBasic(consumerSecret);
    const options = { [openid.customFetch]: trusting };
    const config = await openid.discovery(issuer, consumerKey, consumerSecret, secret, options);
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    expect((await openid.clientCredentialsGrant(config, {}, { DPoP })).token_type).toBe('dpop');

    const http = { [oauth.customFetch]: trusting };
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http));
    const client: oauth.Client = { client_id: consumerKey };
    const by = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
    const request = () =>
      oauth.clientCredentialsGrantRequest(
        server,
        client,
        oauth.ClientSecretBasic(consumerSecret),
        {},
        {
          ...{ DPoP: by, ...http },
        },
      );
    const first = await oauth
      .processClientCredentialsResponse(server, client, await request())
      .catch((e: unknown) => e);
    expect(oauth.isDPoPNonceError(first)).toBe(true);
    const second = await oauth.processClientCredentialsResponse(server, client, await request());
    expect(second.token_type).toBe('dpop');
    await dispatcher.close();
  });
});

describe('DP-03 dpop_jkt', () => {
  let app: TestKey;
  let home: string;
  let owner: TestUser;
  beforeAll(async () => {
    home = await makeOrganization();
    [app, owner] = await Promise.all([makeKey(home, { redirectUris: [REDIRECT_URI] }), makeUser(home)]);
  });
  const redeem = (form: Record<string, string>, holder?: DpopKey) =>
    holder ? holder.send('/token', { form, basic: app.basic }) : app.token(form);

  it('binds a code to a key: no other, and none, gets anything for it', async () => {
    const code = () => codeFor(home, app, owner, { dpop_jkt: mine.jkt });
    expect((await redeem(await code(), mine)).body.token_type).toBe('DPoP');
    expectError(await redeem(await code()), 'invalid_grant');
    expectError(await redeem(await code(), await dpopKey()), 'invalid_grant');
    expect((await redeem(await codeFor(home, app, owner), await dpopKey())).status).toBe(200);
  });

  it('is refused when it is no thumbprint', async () => {
    const params = { client_id: app.consumerKey, code_challenge: pkce().challenge, dpop_jkt: 'x' };
    const answer = answerOf(await new Visitor().get(authorizationUrl(home, params)));
    expect(answer).toMatchObject({ error: 'invalid_request' });
  });

  it('is what a proof at the pushed request endpoint says, and must not differ from it', async () => {
    const { verifier, challenge } = pkce();
    const path = `/t/${home}/oauth2/par`;
    const request = {
      ...{ response_type: 'code', redirect_uri: REDIRECT_URI },
      ...{ code_challenge: challenge, code_challenge_method: 'S256' },
    };
    const push = (more: Record<string, string>) => mine.send(path, { form: { ...request, ...more }, basic: app.basic });
    expectError(await push({ dpop_jkt: (await dpopKey()).jkt }), 'invalid_dpop_proof');
    const { status, body } = await push({ dpop_jkt: mine.jkt });
    expect(status).toBe(201);
    const query = new URLSearchParams({ client_id: app.consumerKey, request_uri: body.request_uri as string });
    const visitor = new Visitor();
    const { code = '' } = answerOf(
      await visitor.signIn(await visitor.get(`/t/${home}/authorize?${query.toString()}`), owner),
    );
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT_URI };
    expectError(await redeem(form, await dpopKey()), 'invalid_grant');
  });
});
